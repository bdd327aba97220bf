//! What waits for somebody at a terminal can be interrupted there.

use crate::support::{command, eventually};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

const PLUGIN: &str = r#"{"apiVersion":"extensions.istio.io/v1alpha1","kind":"WasmPlugin",
"metadata":{"name":"limit","namespace":"shop"},"spec":{"url":"oci://r.example/limit:1"}}"#;

/// Both ends of a terminal; whoever holds the first is the person before it.
fn terminal() -> (OwnedFd, File) {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&person).unwrap();
    unlockpt(&person).unwrap();
    let name = ptsname(&person, Vec::new()).unwrap();
    let program = File::options()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap());
    (person, program.unwrap())
}

/// An API server that knows one plugin and answers every question with it. Its kubeconfig is put into the folder.
fn api_server(folder: &Path) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let kubeconfig = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{{name: c, context: {{cluster: c, user: u, namespace: shop}}}}]\n\
         clusters: [{{name: c, cluster: {{server: 'http://{address}'}}}}]\nusers: [{{name: u, user: {{}}}}]\n"
    );
    std::fs::write(folder.join("kubeconfig"), kubeconfig).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            drop(stream.read(&mut request));
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{PLUGIN}",
                PLUGIN.len()
            );
            drop(stream.write_all(answer.as_bytes()));
        }
    });
}

/// Runs weft at a terminal, sends it Ctrl-C's signal once it has said `prompt`, and gives how it exits.
fn interrupted(folder: &Path, arguments: &[&str], prompt: &str) -> Option<i32> {
    let (_person, program) = terminal();
    let mut child = command(folder, arguments)
        .stdin(Stdio::from(program))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = Arc::new(Mutex::new(String::new()));
    let (heard, mut stderr) = (said.clone(), child.stderr.take().unwrap());
    std::thread::spawn(move || {
        let mut byte = [0];
        while stderr.read(&mut byte).is_ok_and(|read| read > 0) {
            heard.lock().unwrap().push(char::from(byte[0]));
        }
    });
    eventually("the prompt", || said.lock().unwrap().contains(prompt));
    // It may say nothing before it reads; without a handler for the signal it would not end, but be killed.
    eventually("a handler", || catches(child.id(), Signal::INT));
    let pid = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let mut code = None;
    let start = std::time::Instant::now();
    while code.is_none() && start.elapsed() < std::time::Duration::from_secs(10) {
        code = child.try_wait().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    drop(child.kill());
    drop(child.wait());
    code?.code()
}

/// Whether a process has a handler for a signal, as the kernel says.
fn catches(process: u32, signal: Signal) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = u64::from_str_radix(caught.unwrap().trim(), 16).unwrap();
    caught & (1 << (signal.as_raw() - 1)) != 0
}

#[test]
fn ctrl_c_ends_a_question() {
    let folder = tempfile::tempdir().unwrap();
    api_server(folder.path());
    let line = ["plugin", "remove", "limit", "--kubeconfig", "kubeconfig"];
    assert_eq!(interrupted(folder.path(), &line, "[y/N]"), Some(130));
}

#[test]
fn ctrl_c_ends_a_file_that_is_typed() {
    let folder = tempfile::tempdir().unwrap();
    for verb in ["deploy", "render"] {
        let line = [
            "plugin",
            verb,
            "limit",
            "--image",
            "r.example/limit:1",
            "-f",
            "-",
        ];
        assert_eq!(interrupted(folder.path(), &line, ""), Some(130), "{verb}");
    }
}
