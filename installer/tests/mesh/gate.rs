//! A way to the registry that can be closed to the cluster while it stays open to this machine: for what fails only for
//! proxies, after everything that can be checked beforehand was well.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the gate does with connections from the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Lets them through.
    Open,
    /// Ends them.
    Closed,
    /// Takes them and says nothing.
    Silent,
}

/// A gate before a registry.
#[derive(Debug)]
pub(crate) struct Gate {
    address: SocketAddr,
    mode: Arc<Mutex<Mode>>,
}

impl Gate {
    /// Opens one at the registry's address, on a port of its own.
    pub(crate) fn before(registry: &str) -> Self {
        let registry: SocketAddr = registry.parse().unwrap();
        let listener = TcpListener::bind((registry.ip(), 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let mode = Arc::new(Mutex::new(Mode::Open));
        let shared = Arc::clone(&mode);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mode = Arc::clone(&shared);
                std::thread::spawn(move || serve(&stream, registry, &mode));
            }
        });
        Self { address, mode }
    }

    /// `HOST:PORT`, for image names.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// From now on, for connections that are open, too: agents keep theirs.
    pub(crate) fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }
}

fn serve(stream: &TcpStream, registry: SocketAddr, mode: &Mutex<Mode>) {
    // This machine's own connections come from the address that they go to.
    let is_ours = stream.peer_addr().unwrap().ip() == registry.ip();
    let upstream = TcpStream::connect(registry).unwrap();
    let (back_from, back_to) = (upstream.try_clone().unwrap(), stream.try_clone().unwrap());
    std::thread::spawn(move || copy(&back_from, &back_to, || Mode::Open));
    copy(stream, &upstream, || {
        if is_ours {
            Mode::Open
        } else {
            *mode.lock().unwrap()
        }
    });
}

fn copy(mut from: &TcpStream, mut to: &TcpStream, mode: impl Fn() -> Mode) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count) = from.read(&mut buffer) {
        match mode() {
            Mode::Open => {}
            Mode::Closed => break,
            Mode::Silent => {
                std::thread::sleep(Duration::from_mins(1));
                break;
            }
        }
        if count == 0 || to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    // Whoever has gone needs no farewell.
    for stream in [from, to] {
        drop(stream.shutdown(Shutdown::Both));
    }
}
