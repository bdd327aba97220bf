//! The load: h2load over HTTP/1.1, on the same machine.

use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

/// The load generator.
#[derive(Debug)]
pub(crate) struct Load {
    program: PathBuf,
}

impl Load {
    pub(crate) const fn new(program: PathBuf) -> Self {
        Self { program }
    }

    /// Sends `requests` requests to `address`. All must be answered with a 2xx: what refuses is cheaper than what serves.
    pub(crate) fn send(
        &self,
        address: &str,
        headers: &BTreeMap<String, String>,
        requests: u32,
        connections: u32,
    ) -> Result<()> {
        let mut command = Command::new(&self.program);
        command.args([
            "--h1",
            "-t",
            "1",
            "-n",
            &requests.to_string(),
            "-c",
            &connections.to_string(),
        ]);
        for (name, value) in headers {
            command.arg("-H").arg(format!("{name}: {value}"));
        }
        let output = command.arg(format!("http://{address}/")).output();
        let output = output.with_context(|| format!("cannot run {}", self.program.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        if succeeded(&text) != Some(requests) {
            let said = text.lines().find(|line| line.starts_with("status codes"));
            bail!(
                "not every request was answered with 2xx: {}",
                said.unwrap_or(&text)
            );
        }
        Ok(())
    }
}

/// The number of 2xx answers in h2load's summary.
fn succeeded(text: &str) -> Option<u32> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("status codes: "))?;
    line.split_once(" 2xx")?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_read() {
        let text = "requests: 9 total\nstatus codes: 8 2xx, 0 3xx, 1 4xx, 0 5xx\n";
        assert_eq!(succeeded(text), Some(8));
        assert_eq!(succeeded("nonsense"), None);
    }
}
