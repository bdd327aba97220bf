//! The command line of `lab`, and which part of the library answers it.

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use lab::tools::{self, Tool};
use lab::{Cache, Cidr, Cluster, ClusterOptions, IstioOptions, ProcId, Session, output};
use std::net::Ipv4Addr;

/// Installs, starts and stops the real servers that tests and demos need.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Install what is missing, and print where it is
    Install {
        /// What: wasm-target, wasm-bindgen, wasm-opt, envoy, envoy@1.36, registry, cluster, …
        #[arg(required = true)]
        what: Vec<Tool>,
    },
    /// Start things: a registry, a cluster, istiod on it
    Up(Up),
    /// Stop things by name, or all of them; what dead runs left goes in any case
    Down {
        /// The names
        names: Vec<String>,
        /// Everything in this cache, also what others started: see lab status first
        #[arg(long, conflicts_with = "names", required_unless_present = "names")]
        all: bool,
    },
    /// Remove what dead runs left; nothing that lives is touched
    Clean,
    /// What runs
    Status {
        /// How to print it
        #[arg(short, long, value_enum, default_value_t = Format::Table)]
        output: Format,
    },
    /// What is installed and running, as export lines for a shell
    Env,
    /// What cannot run on this machine, and why
    Capabilities,
    /// The path of a cluster's kubeconfig
    Kubeconfig {
        /// The cluster
        name: String,
    },
    /// Give a `LoadBalancer` Service an address, as a cloud would
    Lb {
        /// The cluster
        name: String,
        /// The Service's namespace
        namespace: String,
        /// The Service
        service: String,
        /// The address; by default the node's
        address: Option<Ipv4Addr>,
    },
    /// Run a program as on a cluster's node
    Exec {
        /// The cluster
        name: String,
        /// The program and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
}

#[derive(Debug, Args)]
struct Up {
    /// What to start
    #[arg(required = true, value_enum)]
    parts: Vec<PartName>,
    /// The name of the cluster
    #[arg(long, default_value = "lab")]
    name: String,
    /// The name of the registry
    #[arg(long, default_value = "registry")]
    registry_name: String,
    /// The network of its pods; by default one of its own
    #[arg(long)]
    pod_cidr: Option<Cidr>,
    /// The network of its Services; by default one of its own
    #[arg(long)]
    svc_cidr: Option<Cidr>,
    /// Only etcd and the API server
    #[arg(long)]
    api_only: bool,
    /// A network apart: its pods are not reached from other clusters
    #[arg(long)]
    isolated: bool,
    /// Settings for istiod, as istioctl's --set
    #[arg(long)]
    set: Vec<String>,
    /// A process to go with: what is started is removed by the next lab command after it has ended
    #[arg(long, value_name = "PID", env = "WEFT_LAB_OWNER")]
    owner: Option<i32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PartName {
    /// An OCI registry
    Registry,
    /// A Kubernetes cluster
    Cluster,
    /// istiod, on the cluster of that name
    Istio,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Columns
    Table,
    /// A list of objects
    Json,
}

/// Does what was asked.
pub(crate) fn run(cli: &Cli) -> Result<()> {
    let cache = Cache::from_env()?;
    match &cli.verb {
        Verb::Install { what } => install(&cache, what),
        Verb::Up(up) => start(cache, up),
        Verb::Down { names, all } => lab::down(&cache, names, *all),
        Verb::Clean => lab::down(&cache, &[], false),
        Verb::Status { output } => status(&cache, *output),
        Verb::Env => data(&lab::exports(&cache)),
        Verb::Capabilities => data(&json(&lab::capabilities::of(&cache))?),
        Verb::Kubeconfig { name } => {
            let path = Cluster::find(&cache, name)?.kubeconfig();
            data(&format!("{}\n", path.display()))
        }
        Verb::Lb {
            name,
            namespace,
            service,
            address,
        } => {
            let cluster = Cluster::find(&cache, name)?;
            data(&format!(
                "{}\n",
                cluster.load_balancer(namespace, service, *address)?
            ))
        }
        Verb::Exec { name, command } => Cluster::find(&cache, name)?.exec_in_place(command),
    }
}

fn install(cache: &Cache, what: &[Tool]) -> Result<()> {
    for tool in what {
        let path = tools::ensure(cache, *tool)?;
        data(&format!("{}\n", path.display()))?;
    }
    Ok(())
}

fn start(cache: Cache, up: &Up) -> Result<()> {
    let owner = match up.owner {
        Some(pid) => Some(ProcId::of(pid).with_context(|| format!("no process {pid} runs here"))?),
        None => None,
    };
    let session = Session::in_cache(cache)?.detached(owner);
    if up.parts.contains(&PartName::Registry) {
        data(&format!(
            "{}\n",
            session.registry(&up.registry_name)?.address()
        ))?;
    }
    if up.parts.contains(&PartName::Cluster) {
        let cluster = session.cluster(&cluster_options(up))?;
        data(&format!("{}\n", cluster.kubeconfig().display()))?;
    }
    if up.parts.contains(&PartName::Istio) {
        if up.api_only {
            bail!("istiod needs a node to run on; leave --api-only out");
        }
        let cluster = Cluster::find(session.cache(), &up.name)?;
        session.istio(
            &cluster,
            &IstioOptions {
                set: up.set.clone(),
            },
        )?;
    }
    Ok(())
}

fn cluster_options(up: &Up) -> ClusterOptions {
    ClusterOptions {
        name: up.name.clone(),
        pods: up.pod_cidr,
        services: up.svc_cidr,
        api_only: up.api_only,
        isolated: up.isolated,
    }
}

fn status(cache: &Cache, format: Format) -> Result<()> {
    let rows = lab::overview(cache);
    match format {
        Format::Table => data(&lab::table(&rows)),
        Format::Json => data(&json(&rows)?),
    }
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    let mut text = serde_json::to_string_pretty(value).context("cannot be written as JSON")?;
    text.push('\n');
    Ok(text)
}

fn data(text: &str) -> Result<()> {
    output::data(text).context("cannot write to stdout")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_of_a_cluster_are_read() {
        let cli = Cli::try_parse_from([
            "lab",
            "up",
            "cluster",
            "istio",
            "--name",
            "a",
            "--pod-cidr",
            "10.9.0.0/16",
            "--isolated",
        ]);
        let Verb::Up(up) = cli.unwrap().verb else {
            panic!("not up")
        };
        let options = cluster_options(&up);
        assert_eq!(
            (options.name.as_str(), options.isolated, options.api_only),
            ("a", true, false)
        );
        assert_eq!(options.pods.unwrap().to_string(), "10.9.0.0/16");
        assert!(Cli::try_parse_from(["lab", "up"]).is_err());
    }
}
