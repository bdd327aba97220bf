//! A network filter before a TCP proxy.

use crate::alone;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;
use wasm_tests::envoy::{Filter, Proxy, Setup, Version};
use wasm_tests::modules;

/// A server of one connection, which does with it as `serve` says.
fn server(serve: impl FnOnce(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || serve(listener.accept().unwrap().0));
    address
}

fn proxy(version: Version, configuration: &str, upstream: SocketAddr) -> (Proxy, TcpStream) {
    let lines = modules::lines().unwrap();
    let filter = Filter::network_wasm("lines", &lines.module, configuration);
    let setup = Setup::new(upstream).tcp("main", &[filter]);
    let proxy = Proxy::start(version, &setup).unwrap();
    let client = TcpStream::connect(proxy.address("main").unwrap()).unwrap();
    client.set_nodelay(true).unwrap();
    client
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    (proxy, client)
}

fn byte_by_byte(stream: &mut TcpStream, text: &[u8]) {
    stream.set_nodelay(true).unwrap();
    for byte in text {
        stream.write_all(&[*byte]).unwrap();
        thread::sleep(Duration::from_millis(3));
    }
}

fn rest(stream: &mut TcpStream) -> String {
    let mut all = String::new();
    stream.read_to_string(&mut all).unwrap();
    all
}

#[test]
fn lines_pass_when_they_are_whole_also_byte_by_byte_and_when_one_side_has_ended() {
    let _alone = alone();
    for version in Version::ALL {
        // Answers when the client has ended, byte by byte, with what it got.
        let upstream = server(|mut stream| {
            let got = rest(&mut stream);
            byte_by_byte(&mut stream, format!("got {got}and\nbye").as_bytes());
        });
        let (proxy, mut client) = proxy(version, r#"{"lenient": true}"#, upstream);
        byte_by_byte(&mut client, b"one\ntwo\n");
        client.write_all(b"three\nfour\nfi").unwrap();
        thread::sleep(Duration::from_millis(20));
        client.write_all(b"ve\n").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let wanted = "1:GOT 1:ONE\n2:2:TWO\n3:3:THREE\n4:4:FOUR\n5:5:FIVE\n6:AND\n7:BYE";
        assert_eq!(rest(&mut client), wanted, "{version:?}");
        assert_eq!(proxy.counter("wasmcustom.lines.lines").unwrap(), 12);
        assert_eq!(proxy.traps(), Vec::<String>::new());
    }
}

#[test]
fn a_connection_that_ends_within_a_frame_or_is_closed_by_the_plugin_passes_nothing_of_it() {
    let _alone = alone();
    for version in Version::ALL {
        for text in [&b"one\nquit\nthree\n"[..], b"on"] {
            let (sender, receiver) = std::sync::mpsc::channel();
            let upstream = server(move |mut stream| sender.send(rest(&mut stream)).unwrap());
            let (proxy, mut client) = proxy(version, "", upstream);
            client.write_all(text).unwrap();
            thread::sleep(Duration::from_millis(50));
            // It may be closed already.
            drop(client.shutdown(Shutdown::Write));
            let mut left = Vec::new();
            drop(client.read_to_end(&mut left));
            assert_eq!(left, b"", "{version:?}");
            let got = receiver.recv_timeout(Duration::from_secs(10)).unwrap();
            assert_eq!(got, "", "{version:?}");
            assert_eq!(proxy.traps(), Vec::<String>::new());
        }
    }
}
