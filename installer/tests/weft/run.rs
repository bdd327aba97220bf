//! `weft plugin run` with a real Envoy.

use crate::support::{Client, Running, ended, eventually, folder, tool};
use rustix::process::Signal;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The newest Envoy that is supported, and the oldest.
fn envoys() -> Vec<PathBuf> {
    [tool(&["envoy"]), tool(&["envoy-1.36"])]
        .into_iter()
        .flatten()
        .collect()
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

#[test]
fn a_plugin_serves_and_its_configuration_changes_under_an_open_connection() {
    for envoy in envoys() {
        let folder = folder();
        write(folder.path(), "c.yaml", "a: 1");
        let running = Running::start(folder.path(), &envoy, &["tiny.wasm", "-f", "c.yaml"]);
        let mut client = Client::to(running.address());
        let first = client.get("/hello?x=1");
        assert_eq!(
            (first.status, first.header("x-weft")),
            (200, vec![r#"{"a":1}"#])
        );
        let seen: serde_json::Value = serde_json::from_slice(&first.body).unwrap();
        assert_eq!(
            (seen["method"].as_str(), seen["path"].as_str()),
            (Some("GET"), Some("/hello?x=1"))
        );

        write(folder.path(), "c.yaml", "a: 2");
        eventually("the new configuration", || {
            client.get("/").header("x-weft") == [r#"{"a":2}"#]
        });

        write(
            folder.path(),
            "c.yaml",
            "field: much longer than twenty bytes",
        );
        eventually("the refusal", || {
            running.log().contains("tiny serves on as before")
        });
        assert!(
            running.log().contains("/: is too long, at most 20 bytes"),
            "{}",
            running.log()
        );
        write(folder.path(), "c.yaml", "a: [");
        eventually("the second refusal", || {
            running.log().contains("it is no YAML")
        });
        assert_eq!(client.get("/").header("x-weft"), [r#"{"a":2}"#]);

        write(folder.path(), "c.yaml", "a: 3");
        eventually("a good one again", || {
            client.get("/").header("x-weft") == [r#"{"a":3}"#]
        });
        let log = running.log();
        assert_eq!(
            log.matches("[tiny] warn: ready").count(),
            3,
            "once for each configuration, not for each worker: {log}"
        );
        let (process, temporary) = (running.envoy(), folder.path().join("tmp"));
        assert!(process.exists() && !is_empty(&temporary));
        assert_eq!(running.stop(Signal::INT), Some(130));
        assert!(!process.exists() && is_empty(&temporary));
    }
}

/// Another module, which uses the header `y-weft`.
fn other(folder: &Path) -> PathBuf {
    let code = fs::read(folder.join("tiny.wasm")).unwrap();
    let path = folder.join("other.wasm");
    let text = code
        .iter()
        .map(|byte| char::from(*byte))
        .collect::<String>()
        .replace("x-weft", "y-weft");
    fs::write(
        &path,
        text.chars()
            .map(|byte| u8::try_from(byte).unwrap())
            .collect::<Vec<_>>(),
    )
    .unwrap();
    path
}

#[test]
fn a_module_that_is_built_again_is_taken_over() {
    let Some(envoy) = tool(&["envoy"]) else {
        return;
    };
    let folder = folder();
    let running = Running::start(folder.path(), &envoy, &["./tiny.wasm"]);
    let mut client = Client::to(running.address());
    assert_eq!(client.get("/").header("x-weft"), ["{}"]);
    fs::rename(other(folder.path()), folder.path().join("tiny.wasm")).unwrap();
    eventually("the new module", || {
        client.get("/").header("y-weft") == ["{}"]
    });
    assert_eq!(running.stop(Signal::TERM), Some(0));
}

#[test]
fn several_plugins_stand_in_order_before_an_upstream_of_ones_own() {
    let Some(envoy) = tool(&["envoy"]) else {
        return;
    };
    let folder = folder();
    write(folder.path(), "a.yaml", "a: 1");
    write(folder.path(), "b.json", r#"{"b": 2}"#);
    other(folder.path());
    let back = Running::start(folder.path(), &envoy, &["tiny.wasm"]);
    let upstream = format!("http://{}", back.address());
    let chain = [
        "tiny.wasm=a.yaml",
        "other.wasm=b.json",
        "--upstream",
        &upstream,
    ];
    let front = Running::start(folder.path(), &envoy, &chain);
    let response = Client::to(front.address()).get("/");
    let names: Vec<_> = response
        .headers
        .iter()
        .filter(|(name, _)| name.ends_with("-weft"))
        .collect();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    // A response passes the plugins backwards: the upstream's, the second, the first.
    assert_eq!(
        names,
        [
            &pair("x-weft", "{}"),
            &pair("y-weft", r#"{"b":2}"#),
            &pair("x-weft", r#"{"a":1}"#)
        ]
    );
    assert_eq!(front.stop(Signal::TERM), Some(0));
    assert_eq!(back.stop(Signal::HUP), Some(0));
}

#[test]
fn envoy_dies_with_a_killed_weft_and_the_next_run_cleans_up() {
    let Some(envoy) = tool(&["envoy"]) else {
        return;
    };
    let folder = folder();
    let mut running = Running::start(folder.path(), &envoy, &["tiny.wasm"]);
    let (process, temporary) = (running.envoy(), folder.path().join("tmp"));
    running.signal(Signal::KILL);
    running.child.wait().unwrap();
    eventually("the end of Envoy", || {
        !process.exists() || is_zombie(&process)
    });
    assert!(!is_empty(&temporary), "a killed process cleans nothing up");
    let next = Running::start(folder.path(), &envoy, &["tiny.wasm"]);
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 1);
    assert_eq!(next.stop(Signal::TERM), Some(0));
    assert!(is_empty(&temporary));
}

/// Ended, and only waiting for whoever adopted it to notice.
fn is_zombie(process: &Path) -> bool {
    fs::read_to_string(process.join("stat")).is_ok_and(|stat| stat.contains(") Z "))
}

#[test]
fn what_is_refused_never_starts() {
    let Some(envoy) = tool(&["envoy"]) else {
        return;
    };
    let folder = folder();
    write(
        folder.path(),
        "c.yaml",
        "field: much longer than twenty bytes",
    );
    let envoy = envoy.to_str().unwrap();
    let (code, said) = ended(
        folder.path(),
        &["plugin", "run", "tiny.wasm=c.yaml", "--envoy", envoy],
    );
    assert_eq!(code, 65, "{said}");
    assert!(
        said.contains("tiny does not take") && said.contains("/: is too long"),
        "{said}"
    );
    assert!(is_empty(&folder.path().join("tmp")));
}

#[test]
fn an_envoy_that_ends_is_a_failure_with_its_words() {
    let folder = folder();
    let envoy = folder.path().join("envoy");
    let mut script = fs::File::create(&envoy).unwrap();
    writeln!(script, "#!/bin/sh\necho out of luck >&2\nexit 3").unwrap();
    drop(script);
    fs::set_permissions(&envoy, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let envoy = envoy.to_str().unwrap();
    let listen = [
        "plugin",
        "run",
        "tiny.wasm",
        "--listen",
        "127.0.0.1:0",
        "--envoy",
        envoy,
    ];
    let (code, said) = ended(folder.path(), &listen);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("[envoy] error: out of luck") && said.contains("exit status: 3"),
        "{said}"
    );
}
