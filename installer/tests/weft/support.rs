//! Running `weft`, finding tools, a tiny module, an HTTP client that keeps its connection.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use weft::environment::Environment;

/// Shows its configuration in the header `x-weft`, and refuses one that is longer than 20 bytes.
const TINY: &str = r#"(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_buffer_bytes" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "x-weft")
  (data (i32.const 32) "/: is too long, at most 20 bytes")
  (data (i32.const 64) "ready")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 4096)
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) i32.const 1)
  (func (export "proxy_on_configure") (param $context i32) (param $size i32) (result i32)
    (drop (call $get (i32.const 7) (i32.const 0) (local.get $size) (i32.const 0) (i32.const 4)))
    (if (result i32) (i32.gt_u (local.get $size) (i32.const 20))
      (then (drop (call $log (i32.const 4) (i32.const 32) (i32.const 32))) (i32.const 0))
      (else (drop (call $log (i32.const 3) (i32.const 64) (i32.const 5))) (i32.const 1))))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (drop (call $add (i32.const 2) (i32.const 16) (i32.const 6) (i32.load (i32.const 0)) (i32.load (i32.const 4))))
    (i32.const 0)))"#;

/// A folder for one test, with the tiny module in it.
pub(crate) fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("tiny.wasm"),
        wat::parse_str(TINY).unwrap(),
    )
    .unwrap();
    folder
}

/// `weft` in a folder; its temporary files go below it, its Docker configuration is not the user's.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let temporary = folder.join("tmp");
    std::fs::create_dir_all(&temporary).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
    command
        .args(arguments)
        .current_dir(folder)
        .env("TMPDIR", temporary)
        .env("DOCKER_CONFIG", folder);
    command
}

/// Runs `weft` to its end.
pub(crate) fn weft(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

/// How `weft` exits, and what it says on standard error.
pub(crate) fn ended(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = weft(folder, arguments);
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// What `weft` reports; it must have gone well.
pub(crate) fn json(folder: &Path, arguments: &[&str]) -> serde_json::Value {
    let output = weft(folder, arguments);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A tool, from the cache or PATH. In the ladder it must be there.
pub(crate) fn tool(names: &[&str]) -> Option<PathBuf> {
    let environment = Environment::read();
    let places = names.iter().flat_map(|name| {
        environment
            .cached_tool(name)
            .into_iter()
            .chain(environment.on_path(name))
    });
    let found = places.into_iter().find(|path| path.is_file());
    // The ladder says itself what it leaves out because this machine cannot have it.
    let without = environment.text("WEFT_LADDER_WITHOUT");
    if found.is_none() && !names.iter().any(|name| without == Some(name)) {
        leave_out(
            &environment,
            &format!("there is no {}", names.join(" and no ")),
        );
    }
    found
}

/// Whether this run is the ladder; elsewhere, what is slow is left out, loudly.
pub(crate) fn ladder(what: &str) -> bool {
    let environment = Environment::read();
    let is_ladder = environment.text("WEFT_LADDER") == Some("1");
    if !is_ladder {
        leave_out(&environment, &format!("{what}: WEFT_LADDER=1 is not set"));
    }
    is_ladder
}

/// Past the capture of the test harness, which would hide it when the test passes.
fn leave_out(environment: &Environment, why: &str) {
    assert_ne!(
        environment.text("WEFT_LADDER"),
        Some("1"),
        "the ladder leaves nothing out, and {why}"
    );
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    writeln!(std::io::stderr(), "LEFT OUT {test}: {why}").unwrap();
}

/// Waits until something holds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{what} did not come"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A running `weft plugin run`.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) ready: serde_json::Value,
    log: PathBuf,
}

impl Running {
    /// Starts it and waits for the line that says it is ready.
    pub(crate) fn start(folder: &Path, envoy: &Path, arguments: &[&str]) -> Self {
        let log = folder.join("weft.log");
        // With the test, should that be killed.
        let parent = std::process::id().to_string();
        let mut child = command(
            folder,
            &["exec-with-parent", &parent, env!("CARGO_BIN_EXE_weft")],
        )
        .args(["plugin", "run", "--listen", "127.0.0.1:0", "-o", "json"])
        .args(arguments)
        .arg("--envoy")
        .arg(envoy)
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let Ok(ready) = serde_json::from_str(&line) else {
            panic!("{}", std::fs::read_to_string(&log).unwrap());
        };
        Self { child, ready, log }
    }

    pub(crate) fn address(&self) -> &str {
        self.ready["listen"].as_str().unwrap()
    }

    pub(crate) fn envoy(&self) -> PathBuf {
        Path::new("/proc").join(self.ready["envoy"].to_string())
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Sends a signal and waits for the end.
    pub(crate) fn stop(mut self, signal: rustix::process::Signal) -> Option<i32> {
        self.signal(signal);
        self.child.wait().unwrap().code()
    }
}

/// A test that fails leaves nothing running; of one that passes, it has ended already.
impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A connection that is kept.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

/// A response.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }
}

impl Client {
    pub(crate) fn to(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// One request on the connection; the response has a content length.
    pub(crate) fn get(&mut self, path: &str) -> Response {
        write!(
            self.stream.get_mut(),
            "GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n"
        )
        .unwrap();
        let mut line = || {
            let mut line = String::new();
            self.stream.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        };
        let status = line()
            .split(' ')
            .nth(1)
            .expect("the connection was closed")
            .parse()
            .unwrap();
        let headers: Vec<(String, String)> = std::iter::from_fn(|| {
            line()
                .split_once(": ")
                .map(|(name, value)| (name.into(), value.into()))
        })
        .collect();
        let mut response = Response {
            status,
            headers,
            body: Vec::new(),
        };
        let length = response
            .header("content-length")
            .first()
            .map_or(0, |length| length.parse().unwrap());
        response.body = vec![0; length];
        self.stream.read_exact(&mut response.body).unwrap();
        response
    }
}
