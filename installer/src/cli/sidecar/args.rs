//! The flags that several verbs of `weft sidecar` share.

use std::time::Duration;

use clap::Args;

use crate::cli::connection::{ClusterArgs, RehearseArgs, duration, pause};
use crate::failure::Failure;
use crate::sidecar::restart::Pace;
use crate::sidecar::target::Named;
use crate::sidecar::verbs::Manner;

/// Which cluster, and which mesh on it.
#[derive(Args, Clone, Debug)]
pub(super) struct MeshArgs {
    #[command(flatten)]
    pub(super) cluster: ClusterArgs,
    /// The mesh, by the record that weft keeps of it; its root namespace is taken from there
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with = "root_namespace",
        help_heading = "Cluster"
    )]
    pub(super) mesh: Option<String>,
}

/// How to write.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct WriteArgs {
    #[command(flatten)]
    rehearse: RehearseArgs,
    /// Take over labels and annotations that somebody else owns
    #[arg(long)]
    force_conflicts: bool,
}

impl WriteArgs {
    /// The same as a value.
    pub(super) fn manner(self) -> Manner {
        Manner {
            mode: self.rehearse.mode(),
            force_conflicts: self.force_conflicts,
        }
    }
}

/// How to go about restarts.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct PaceArgs {
    /// How many workloads are restarted at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..), help_heading = "Restarting")]
    batch: u16,
    /// How long the new pods must have been ready before the next batch begins
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = pause, help_heading = "Restarting")]
    wait_per_pod: Duration,
    /// How long one workload may take to be ready, waiting for its disruption budget included
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration, help_heading = "Restarting")]
    timeout: Duration,
    /// Return once the restarts have begun
    #[arg(long, conflicts_with_all = ["timeout", "wait_per_pod"], help_heading = "Restarting")]
    no_wait: bool,
    /// Go on with the next batch after a failure
    #[arg(long, help_heading = "Restarting")]
    keep_going: bool,
}

impl PaceArgs {
    /// The same as a value, if its times go together.
    pub(super) fn pace(self) -> Result<Pace, Failure> {
        let pace = Pace {
            batch: usize::from(self.batch),
            settle: self.wait_per_pod,
            timeout: (!self.no_wait).then_some(self.timeout),
            keep_going: self.keep_going,
        };
        pace.checked("--timeout")
    }
}

/// `KEY=VALUE`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("{text:?}: write KEY=VALUE")),
    }
}

/// A namespace, a workload or a pod.
pub(super) fn target(text: &str) -> Result<Named, String> {
    Named::parse(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_may_be_none() {
        assert_eq!(pause("0s"), Ok(Duration::ZERO));
        assert_eq!(pause("7s"), Ok(Duration::from_secs(7)));
        assert!(pause("-1s").is_err());
    }
}
