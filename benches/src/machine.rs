//! What the figures were measured on: without it they say nothing.

use anyhow::{Context, Result};
use serde::Serialize;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::available_parallelism;

/// The machine and the Envoy.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) kernel: String,
    pub(crate) envoy: String,
}

/// Describes this machine and this Envoy.
pub(crate) fn describe(envoy: &Path) -> Result<Machine> {
    let output = Command::new(envoy).arg("--version").output();
    let output = output.with_context(|| format!("cannot run {}", envoy.display()))?;
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    Ok(Machine {
        processor: processor(&read("/proc/cpuinfo"))
            .unwrap_or("unknown")
            .to_owned(),
        cores: available_parallelism().map_or(0, usize::from),
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        envoy: version(&String::from_utf8_lossy(&output.stdout))
            .unwrap_or("unknown")
            .to_owned(),
    })
}

fn processor(text: &str) -> Option<&str> {
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim())
}

/// The number in `envoy  version: COMMIT/NUMBER/Clean/RELEASE/BoringSSL`.
fn version(text: &str) -> Option<&str> {
    text.split_once("version: ")?.1.split('/').nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_read() {
        assert_eq!(
            processor("a : b\nmodel name\t: Fast 9000\n"),
            Some("Fast 9000")
        );
        assert_eq!(
            version("envoy  version: abc/1.2.3/Clean/RELEASE/BoringSSL\n"),
            Some("1.2.3")
        );
        assert_eq!((processor(""), version("")), (None, None));
    }
}
