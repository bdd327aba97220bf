//! One-node Kubernetes clusters, each in pid, mount, network, uts and ipc namespaces of its own.
//!
//! The host keeps a bridge, a cable for each cluster, and routes. Killing a cluster's pid 1 takes all the rest with it.
//! There is no default route in a cluster: nothing of it leaves the machine.

pub(crate) mod containerd;
mod files;
mod start;
mod wire;

use crate::cache::Cache;
use crate::command::Run;
use crate::network::{Cidr, Link};
use crate::state::{self, Member, Part};
use anyhow::{Context, Result, bail};
use std::net::Ipv4Addr;
use std::path::PathBuf;

pub(crate) use start::start;

/// How a cluster is to be.
#[derive(Clone, Debug, Default)]
pub struct ClusterOptions {
    /// Its name, which is its node's and its kubeconfig context's too.
    pub name: String,
    /// The network of its pods; by default one of its own, 10.101.0.0/16 and up.
    pub pods: Option<Cidr>,
    /// The network of its Services; by default one of its own, 10.11.0.0/16 and up.
    pub services: Option<Cidr>,
    /// Only etcd and the API server: no node, no controllers.
    pub api_only: bool,
    /// A network apart: its pods reach the others' nodes by NAT, and nobody reaches its pods.
    pub isolated: bool,
}

impl ClusterOptions {
    /// A cluster with a node, on the flat network.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }
}

/// What is decided before anything starts.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) link: Link,
    pub(crate) member: Member,
}

impl Plan {
    pub(crate) fn node(&self) -> Ipv4Addr {
        self.link.member(self.member.number)
    }
}

/// A running cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    cache: Cache,
    name: String,
    node: Ipv4Addr,
}

impl Cluster {
    /// The running cluster of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(cache: &Cache, name: &str) -> Result<Self> {
        let part = state::find(cache, name)?;
        Self::from_part(cache, &part)
    }

    pub(crate) fn from_part(cache: &Cache, part: &Part) -> Result<Self> {
        let (Some(member), Some(link)) = (part.member(), part.link) else {
            bail!("{} is no cluster; see: lab status", part.name);
        };
        let node = link.member(member.number);
        Ok(Self {
            cache: cache.clone(),
            name: part.name.clone(),
            node,
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address of its node, where `LoadBalancer` Services are reached as well.
    #[must_use]
    pub fn node(&self) -> Ipv4Addr {
        self.node
    }

    /// The administrator's kubeconfig; reachable from the host and from every other cluster of the lab.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.dir().join("pki/admin.kubeconfig")
    }

    /// Where the logs of its parts are.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.dir().join("log")
    }

    fn dir(&self) -> PathBuf {
        self.cache.lab().join(&self.name)
    }

    /// Runs kubectl and returns what it printed.
    ///
    /// # Errors
    /// When kubectl fails; the error holds what it said.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        self.kubectl_from(arguments, "")
    }

    /// Runs kubectl with something on its stdin.
    ///
    /// # Errors
    /// When kubectl fails; the error holds what it said.
    pub fn kubectl_from(&self, arguments: &[&str], stdin: &str) -> Result<String> {
        Run::new(self.cache.bin("kubectl"))
            .args(["--kubeconfig"])
            .args([self.kubeconfig()])
            .args(arguments)
            .hint(format!("lab status; logs are in {}", self.logs().display()))
            .stdout_from(stdin)
    }

    /// Applies manifests, server-side.
    ///
    /// # Errors
    /// When the API server refuses them.
    pub fn apply(&self, manifests: &str) -> Result<String> {
        self.kubectl_from(
            &["apply", "--server-side", "--force-conflicts", "-f", "-"],
            manifests,
        )
    }

    /// Runs a program as on the node: in all namespaces of the cluster.
    ///
    /// # Errors
    /// When the cluster is gone or the program fails.
    pub fn exec(&self, command: &[&str]) -> Result<String> {
        let pid = self.init()?;
        Run::new("nsenter").args(enter(pid)).args(command).stdout()
    }

    /// Becomes that program, as on the node, with our own stdin and stdout.
    ///
    /// # Errors
    /// When the cluster is gone or nsenter cannot be run; otherwise it does not return.
    pub fn exec_in_place(&self, command: &[String]) -> Result<()> {
        use std::os::unix::process::CommandExt;
        let error = std::process::Command::new("nsenter")
            .args(enter(self.init()?))
            .args(command)
            .exec();
        Err(error).context("cannot run nsenter; install it with: apt-get install -y util-linux")
    }

    pub(crate) fn init(&self) -> Result<i32> {
        let part = state::find(&self.cache, &self.name)?;
        let init = part.processes.first().filter(|id| id.is_alive());
        let init = init.with_context(|| {
            format!(
                "cluster {0} has died; see {1}, then: lab down {0}",
                self.name,
                self.logs().display()
            )
        })?;
        Ok(init.pid())
    }

    /// Plays the cloud: gives a `LoadBalancer` Service an address, by default the node's.
    ///
    /// # Errors
    /// When there is no such Service.
    pub fn load_balancer(
        &self,
        namespace: &str,
        service: &str,
        address: Option<Ipv4Addr>,
    ) -> Result<Ipv4Addr> {
        let address = address.unwrap_or(self.node);
        let patch =
            serde_json::json!({ "status": { "loadBalancer": { "ingress": [{ "ip": address }] } } });
        let patch = patch.to_string();
        self.kubectl(&[
            "-n",
            namespace,
            "patch",
            "service",
            service,
            "--subresource=status",
            "--type=merge",
            "-p",
            &patch,
        ])?;
        Ok(address)
    }
}

/// The arguments of nsenter for everything of a cluster.
pub(crate) fn enter(pid: i32) -> Vec<String> {
    let fixed = ["-m", "-n", "-p", "-u", "-i", "--"].map(str::to_owned);
    ["-t".to_owned(), pid.to_string()]
        .into_iter()
        .chain(fixed)
        .collect()
}
