//! Both Envoys serve, and die with the process that started them, however it dies.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests: what goes wrong is the test's result"
)]

use lab::envoy::{Envoy, EnvoyOptions};
use lab::{Cache, Tool};
use std::process::Command;
use std::time::Duration;

const BOOTSTRAP: &str = r#"
static_resources:
  listeners:
  - name: main
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: main
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: {prefix: "/"}
                direct_response: {status: 200, body: {inline_string: "hello"}}
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
"#;

/// Loud when it does not run.
fn skipped(test: &str) -> bool {
    let skip = std::env::var_os("WEFT_LADDER").is_none();
    if skip {
        lab::output::say(&format!("SKIPPED {test}: WEFT_LADDER=1 is not set"));
    }
    skip
}

fn start(tool: Tool, bootstrap: &str) -> anyhow::Result<Envoy> {
    let program = lab::tools::ensure(&Cache::from_env().unwrap(), tool).unwrap();
    Envoy::start(&EnvoyOptions::new(program, bootstrap).arguments(["--concurrency", "1"]))
}

fn runs(pid: u32) -> bool {
    lab::ProcId::of(i32::try_from(pid).unwrap()).is_some()
}

#[test]
fn both_lines_serve_and_end_when_dropped() {
    if skipped("both_lines_serve_and_end_when_dropped") {
        return;
    }
    for tool in [Tool::Envoy, Tool::EnvoyOldest] {
        let mut envoy = start(tool, BOOTSTRAP).unwrap();
        let address = envoy.listener("main").unwrap();
        let output = Command::new("curl")
            .args(["-sS", &format!("http://{address}/")])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "hello");
        assert!(envoy.admin("/server_info").unwrap().contains("LIVE"));
        assert!(envoy.is_running());
        let pid = envoy.pid();
        drop(envoy);
        assert!(!runs(pid), "{tool} runs on");
    }
}

#[test]
fn a_wrong_configuration_is_told_with_envoys_words() {
    if skipped("a_wrong_configuration_is_told_with_envoys_words") {
        return;
    }
    let error = start(Tool::Envoy, "no_such_field: 1")
        .unwrap_err()
        .to_string();
    assert!(error.contains("no_such_field"), "{error}");
}

/// Not a test of its own: the process that is killed below.
#[test]
fn victim() {
    if std::env::var_os("WEFT_LAB_VICTIM").is_none() {
        return;
    }
    let envoy = start(Tool::Envoy, BOOTSTRAP).unwrap();
    lab::output::data(&format!("pid={}\n", envoy.pid())).unwrap();
    std::thread::sleep(Duration::from_mins(1));
}

#[test]
fn a_killed_process_takes_its_envoy_along() {
    use std::io::{BufRead, BufReader};
    if skipped("a_killed_process_takes_its_envoy_along") {
        return;
    }
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "victim", "--nocapture", "--test-threads", "1"])
        .env("WEFT_LAB_VICTIM", "1")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let pid = lines
        .map(Result::unwrap)
        .find_map(|line| line.split_once("pid=")?.1.parse::<u32>().ok())
        .unwrap();
    assert!(runs(pid));
    process.kill().unwrap();
    process.wait().unwrap();
    for _ in 0..100 {
        if !runs(pid) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("Envoy {pid} survived its starter");
}
