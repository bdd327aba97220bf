//! What this machine can run, told before anything is tried: a test ladder says in one line what it leaves out and why.

use crate::cache::Cache;
use crate::command::which;
use anyhow::{Result, bail};
use serde::Serialize;
use std::fs;

const CAP_NET_ADMIN: u32 = 12;
const CAP_SYS_ADMIN: u32 = 21;

/// What can run here. `None` means yes; otherwise why not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Capabilities {
    /// Why no cluster can run here.
    pub cluster: Option<String>,
    /// Why images cannot be read by a program that is not ours here.
    pub reader: Option<String>,
}

/// Looks at this machine.
#[must_use]
pub fn of(_cache: &Cache) -> Capabilities {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let can_install = which("apt-get").is_some();
    Capabilities {
        cluster: no_cluster(
            std::env::consts::OS,
            &status,
            can_install || which("etcd").is_some(),
        ),
        reader: no_reader(
            which("skopeo").is_some(),
            can_install && rustix::process::geteuid().is_root(),
        ),
    }
}

impl Capabilities {
    /// Fails, in one line, where no cluster can run.
    ///
    /// # Errors
    /// Says what is left out, and why.
    pub fn require_cluster(&self) -> Result<()> {
        match &self.cluster {
            Some(reason) => bail!("{reason}"),
            None => Ok(()),
        }
    }
}

fn no_reader(is_there: bool, can_install: bool) -> Option<String> {
    (!is_there && !can_install)
        .then(|| "there is no skopeo; as root on Debian: apt-get install -y skopeo".to_owned())
}

fn no_cluster(os: &str, status: &str, has_packages: bool) -> Option<String> {
    let why = if os != "linux" {
        format!("this is {os}, and it needs Linux namespaces")
    } else if !has(status, CAP_SYS_ADMIN) || !has(status, CAP_NET_ADMIN) {
        "it needs root (CAP_SYS_ADMIN and CAP_NET_ADMIN); run as root".to_owned()
    } else if !has_packages {
        "its servers come from Debian packages, and there is neither apt-get nor etcd".to_owned()
    } else {
        return None;
    };
    Some(format!(
        "Kubernetes and Istio are left out: {why}. Everything up to a real Envoy works"
    ))
}

/// Whether the effective capabilities in `/proc/self/status` have that one.
fn has(status: &str, capability: u32) -> bool {
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let bits = line.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok());
    bits.is_some_and(|bits| bits.checked_shr(capability).unwrap_or(0) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_says_what_is_left_out_and_why() {
        let root = "Name:\tx\nCapEff:\t000001fffeffffff\n";
        let user = "CapEff:\t0000000000000000\n";
        let table = [
            ("linux", root, true, None),
            ("macos", "", true, Some("Linux namespaces")),
            ("linux", user, true, Some("needs root")),
            ("linux", root, false, Some("neither apt-get")),
        ];
        for (os, status, packages, expected) in table {
            let got = no_cluster(os, status, packages);
            assert_eq!(got.is_some(), expected.is_some(), "{os}");
            let text = got.unwrap_or_default();
            assert!(text.contains(expected.unwrap_or_default()), "{text}");
            assert!(!text.contains('\n'));
        }
    }
}
