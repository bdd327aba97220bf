//! The flags that every verb on a cluster shares, and what they mean as values.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cluster::access::{Access, Cluster};
use crate::cluster::mode::Mode;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::mesh::record::find;
use crate::output::ProgressChoice;

/// Which API server, and as whom.
#[derive(Args, Clone, Debug)]
pub(crate) struct ServerArgs {
    /// The kubeconfig [default: $KUBECONFIG, then ~/.kube/config, then the pod that weft runs in]
    #[arg(long, value_name = "FILE", help_heading = "Cluster")]
    kubeconfig: Option<PathBuf>,
    /// The context in it
    #[arg(long, value_name = "NAME", help_heading = "Cluster")]
    context: Option<String>,
    /// Act as this user
    #[arg(long = "as", value_name = "USER", help_heading = "Cluster")]
    user: Option<String>,
    /// Act as a member of this group; repeatable
    #[arg(long = "as-group", value_name = "GROUP", help_heading = "Cluster")]
    groups: Vec<String>,
    /// How long one request may take
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = duration, help_heading = "Cluster")]
    request_timeout: Duration,
}

/// Which mesh of which cluster.
#[derive(Args, Clone, Debug)]
pub(crate) struct MeshArgs {
    /// The mesh [default: the only one that is recorded]
    #[arg(long, value_name = "NAME", help_heading = "Cluster")]
    pub(crate) mesh: Option<String>,
    /// The mesh's root namespace [default: that of its record, else istio-system]
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with = "mesh",
        help_heading = "Cluster"
    )]
    pub(crate) root_namespace: Option<String>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Which cluster, as whom, and where in it.
#[derive(Args, Clone, Debug)]
pub(crate) struct ClusterArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// The namespace [default: that of the context]
    #[arg(short, long, value_name = "NAME", help_heading = "Cluster")]
    pub(crate) namespace: Option<String>,
    /// The mesh's root namespace: where istiod is, and what concerns the whole mesh
    #[arg(
        long,
        value_name = "NAME",
        default_value = "istio-system",
        help_heading = "Cluster"
    )]
    pub(crate) root_namespace: String,
}

impl ClusterArgs {
    /// The same as a value.
    pub(crate) fn access(&self) -> Access {
        self.server.access()
    }
}

impl MeshArgs {
    /// Connects, and finds the root namespace that is meant.
    pub(crate) async fn find(
        &self,
        environment: &Environment,
    ) -> Result<(Cluster, String), Failure> {
        let cluster = self.server.access().connect(environment).await?;
        let (mesh, root) = (self.mesh.as_deref(), self.root_namespace.as_deref());
        let home = find::home(&cluster, mesh, root).await?;
        Ok((cluster, home))
    }
}

impl ServerArgs {
    /// The same as a value.
    pub(crate) fn access(&self) -> Access {
        Access {
            kubeconfig: self.kubeconfig.clone(),
            context: self.context.clone(),
            user: self.user.clone(),
            groups: self.groups.clone(),
            timeout: self.request_timeout,
        }
    }
}

/// How long to wait.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct WaitArgs {
    /// How long to wait until all of it works
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration, help_heading = "Waiting")]
    timeout: Duration,
    /// Return once it is written
    #[arg(long, conflicts_with = "timeout", help_heading = "Waiting")]
    no_wait: bool,
}

impl WaitArgs {
    /// How long; nothing for not at all.
    pub(crate) fn timeout(self) -> Option<Duration> {
        (!self.no_wait).then_some(self.timeout)
    }
}

/// Whether to act, or only to show what would be done.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct RehearseArgs {
    /// Only show what would be done: as weft knows it, or as the API server answers [without WHERE: server]
    #[arg(
        long,
        value_enum,
        value_name = "WHERE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "server",
        conflicts_with = "diff"
    )]
    dry_run: Option<DryRun>,
    /// Only show what differs; exits 5 when something does
    #[arg(long)]
    diff: bool,
}

impl RehearseArgs {
    /// What may be done.
    pub(crate) fn mode(self) -> Mode {
        match (self.diff, self.dry_run) {
            (true, _) => Mode::Diff,
            (false, Some(DryRun::Client)) => Mode::Client,
            (false, Some(DryRun::Server)) => Mode::Server,
            (false, None) => Mode::Act,
        }
    }
}

/// `--dry-run`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DryRun {
    /// Ask the API server nothing but what is there
    Client,
    /// Let the API server check it without keeping it
    Server,
}

/// How to say what happens.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct ProgressArgs {
    /// How to say what happens while it happens: auto is a live list on a terminal, else one line for each change
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "FORM",
        help_heading = "Output"
    )]
    pub(crate) progress: ProgressChoice,
}

/// A time that may be none at all: `0s`.
pub(crate) fn pause(text: &str) -> Result<Duration, String> {
    match text {
        "0" | "0s" => Ok(Duration::ZERO),
        text => duration(text),
    }
}

/// `30s`, `5m`, `1h`, or a number of seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no time: write for example 30s, 5m or 1h");
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, 's')) => (text.get(..at), 1),
        Some((at, 'm')) => (text.get(..at), 60),
        Some((at, 'h')) => (text.get(..at), 3600),
        _ => (Some(text), 1_u64),
    };
    let number: u64 = number
        .and_then(|number| number.parse().ok())
        .ok_or_else(wrong)?;
    let seconds = number.checked_mul(unit).ok_or_else(wrong)?;
    if seconds == 0 {
        return Err(format!(
            "{text:?} is no time at all: write at least 1s, for example 30s, 5m or 1h"
        ));
    }
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, seconds) in [("30s", 30), ("5m", 300), ("1h", 3600), ("7", 7)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in ["", "s", "0s", "1d", "-1s", "1.5m", "99999999999999999999h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        assert!(duration("0s").is_err_and(|text| text.contains("at least 1s")));
        for (text, wanted) in [
            ("0s", Some(0)),
            ("0", Some(0)),
            ("2m", Some(120)),
            ("-1s", None),
        ] {
            assert_eq!(pause(text).ok(), wanted.map(Duration::from_secs), "{text}");
        }
    }
}
