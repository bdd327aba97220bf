//! `weft plugin render | deploy | status | list | rollback | remove`: the verbs that touch a mesh.

mod args;

use std::io::Read as _;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use super::plugin::RegistryArgs;
use super::{Context, runtime};
use crate::failure::{Exit, ExitWith as _, Failure, Outcome};
use crate::plugin::configuration;
use crate::plugin::deliver::Patience;
use crate::plugin::desired::{Desired, Mistake, Written};
use crate::plugin::mesh::{self, Manner, Mesh, Mode};
use crate::plugin::preflight::Resolved;
use args::{ClusterArgs, FailArg, PhaseArg, TypeArg, WaitArgs};

#[derive(Debug, Subcommand)]
pub(super) enum DeployVerb {
    /// Print the WasmPlugin that deploy would write
    Render(RenderArgs),
    /// Put a plugin on a mesh and wait until every selected proxy runs it
    Deploy(DeployArgs),
    /// Show what each proxy does with the plugins on a mesh
    Status(StatusArgs),
    /// List the plugins on a mesh
    List(ListArgs),
    /// Go back to an earlier version and wait until every selected proxy runs it
    Rollback(RollbackArgs),
    /// Take a plugin off a mesh and wait until no proxy uses it
    Remove(RemoveArgs),
}

/// What a plugin should be.
#[derive(Args, Debug)]
struct WishArgs {
    /// The name of the WasmPlugin; may be left out when the file is one
    name: Option<String>,
    /// The image; a tag is resolved to its digest
    #[arg(long, value_name = "REF")]
    image: Option<String>,
    /// The plugin's configuration, or a whole WasmPlugin, which flags override; - reads standard input
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: Option<String>,
    /// Only workloads with these labels
    #[arg(short = 'l', long, value_name = "KEY=VALUE")]
    selector: Vec<String>,
    /// Only this gateway, or the waypoint of this Service
    #[arg(long, value_name = "KIND/NAME", conflicts_with = "selector")]
    target_ref: Vec<String>,
    /// Only this traffic: mode=client|server|both, port=NUMBER
    #[arg(long = "match", value_name = "WORDS")]
    matches: Vec<String>,
    /// Where in the chain of filters
    #[arg(long, value_enum)]
    phase: Option<PhaseArg>,
    /// Within a phase, higher runs first
    #[arg(long, allow_negative_numbers = true)]
    priority: Option<i32>,
    /// What a proxy does without a working module [default: close]
    #[arg(long, value_enum)]
    fail_strategy: Option<FailArg>,
    /// What the module filters [default: http]
    #[arg(long = "type", value_enum)]
    kind: Option<TypeArg>,
    /// The Secret with the registry's credentials for the proxies, in the plugin's namespace
    #[arg(long, value_name = "NAME")]
    image_pull_secret: Option<String>,
    #[command(flatten)]
    registry: RegistryArgs,
}

#[derive(Args, Debug)]
#[command(
    after_help = "No cluster is asked. The registry is, unless the image has a digest.

Examples:
  weft plugin render rate-limit --image registry.example/weft/rate-limit:1 -f limits.yaml -n shop
  weft plugin render -f wasmplugin.yaml --image registry.example/weft/rate-limit:2 | kubectl apply -f -"
)]
pub(super) struct RenderArgs {
    #[command(flatten)]
    wish: WishArgs,
    /// The namespace
    #[arg(short, long, value_name = "NAME")]
    namespace: Option<String>,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Before anything is written, the image is pulled and its own code is asked whether it takes the configuration.
A version that does not come to run everywhere is undone: the one before serves again, or, when there was none, the
plugin is removed. Ctrl-C leaves what is written; the same command goes on from there.

Examples:
  weft plugin deploy rate-limit --image registry.example/weft/rate-limit:1 -f limits.yaml -l app=shop -n shop
  weft plugin deploy -f wasmplugin.yaml
  weft plugin deploy rate-limit --image registry.example/weft/rate-limit:2 -f limits.yaml --diff
  weft plugin deploy edge-limit --image registry.example/weft/rate-limit:1 -f edge.yaml --target-ref Gateway/public"
)]
pub(super) struct DeployArgs {
    #[command(flatten)]
    wish: WishArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    wait: WaitArgs,
    /// Leave a version that does not work where it is
    #[arg(long, help_heading = "Waiting")]
    no_rollback: bool,
    /// Only print what would be written: as weft knows it, or as the API server answers
    #[arg(long, value_enum, value_name = "WHERE", conflicts_with = "diff")]
    dry_run: Option<DryRun>,
    /// Only show what differs, field by field; exits 5 when something does
    #[arg(long)]
    diff: bool,
    /// Take over fields that somebody else owns
    #[arg(long)]
    force_conflicts: bool,
    /// Write it even when no proxy is concerned
    #[arg(long)]
    allow_empty: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DryRun {
    /// Ask the API server nothing but what is there
    Client,
    /// Let the API server check it without keeping it
    Server,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Exits 0 only when every proxy runs every plugin shown, else 2. -o wide shows each proxy.

Examples:
  weft plugin status rate-limit -n shop
  weft plugin status -A
  weft plugin status rate-limit -n shop -o wide"
)]
pub(super) struct StatusArgs {
    /// One plugin; all of the namespace when left out
    name: Option<String>,
    /// All namespaces
    #[arg(short = 'A', long, conflicts_with_all = ["namespace", "name"])]
    all_namespaces: bool,
    #[command(flatten)]
    cluster: ClusterArgs,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weft plugin list -n shop
  weft plugin list -A -o wide")]
pub(super) struct ListArgs {
    /// All namespaces
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    all_namespaces: bool,
    #[command(flatten)]
    cluster: ClusterArgs,
}

#[derive(Args, Debug)]
#[command(
    after_help = "The versions that are kept are in the column KEPT of `weft plugin list -o wide`.

Examples:
  weft plugin rollback rate-limit -n shop
  weft plugin rollback rate-limit -n shop --to 3"
)]
pub(super) struct RollbackArgs {
    /// The plugin
    name: String,
    /// The version [default: the one before]
    #[arg(long, value_name = "REVISION")]
    to: Option<u64>,
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    wait: WaitArgs,
    /// Take over fields that somebody else owns
    #[arg(long)]
    force_conflicts: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weft plugin remove rate-limit -n shop
  weft plugin remove rate-limit -n shop --yes --no-wait")]
pub(super) struct RemoveArgs {
    /// The plugin
    name: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    wait: WaitArgs,
}

pub(super) fn run(verb: DeployVerb, context: &Context) -> Outcome {
    runtime()?.block_on(async {
        let resumable = matches!(verb, DeployVerb::Deploy(_) | DeployVerb::Rollback(_));
        tokio::select! {
            outcome = dispatch(verb, context) => outcome,
            _ = tokio::signal::ctrl_c() => {
                let rest = if resumable { "; what was written stays, and the same command goes on from there" } else { "" };
                Err(Failure::text(Exit::Interrupted, format!("interrupted{rest}")))
            }
        }
    })
}

async fn dispatch(verb: DeployVerb, context: &Context) -> Outcome {
    match verb {
        DeployVerb::Render(args) => render(args, context).await,
        DeployVerb::Deploy(args) => deploy(args, context).await,
        DeployVerb::Status(args) => {
            let mesh = connect(&args.cluster, context).await?;
            let named = args
                .cluster
                .namespace
                .as_deref()
                .unwrap_or(mesh.namespace());
            mesh.status(
                args.name.as_deref(),
                (!args.all_namespaces).then_some(named),
            )
            .await
        }
        DeployVerb::List(args) => {
            let mesh = connect(&args.cluster, context).await?;
            let named = args
                .cluster
                .namespace
                .as_deref()
                .unwrap_or(mesh.namespace());
            mesh.list((!args.all_namespaces).then_some(named)).await
        }
        DeployVerb::Rollback(args) => {
            let mesh = connect(&args.cluster, context).await?;
            let namespace = args
                .cluster
                .namespace
                .as_deref()
                .unwrap_or(mesh.namespace());
            let patience = Patience {
                timeout: args.wait.timeout(),
                undo: true,
            };
            let manner = Manner {
                mode: Mode::Act,
                patience,
                force: args.force_conflicts,
                allow_empty: true,
            };
            mesh.rollback(&args.name, namespace, args.to, manner).await
        }
        DeployVerb::Remove(args) => {
            let mesh = connect(&args.cluster, context).await?;
            let namespace = args
                .cluster
                .namespace
                .as_deref()
                .unwrap_or(mesh.namespace());
            mesh.remove(&args.name, namespace, args.yes, args.wait.timeout())
                .await
        }
    }
}

async fn render(args: RenderArgs, context: &Context) -> Outcome {
    let registry = args.wish.registry.registry(context);
    let desired = wish(args.wish, args.namespace, context)?;
    let resolved = Resolved::of_wish(&desired, &registry).await?;
    let namespace = desired.namespace.as_deref().unwrap_or("default");
    mesh::show(
        &context.output,
        &mesh::rendered(&desired, &resolved.url, namespace),
    )
}

async fn deploy(args: DeployArgs, context: &Context) -> Outcome {
    let registry = args.wish.registry.registry(context);
    let desired = wish(args.wish, args.cluster.namespace.clone(), context)?;
    let mesh = connect(&args.cluster, context).await?;
    let resolved = Resolved::checked(&desired, &registry).await?;
    let namespace = desired.namespace.as_deref().unwrap_or(mesh.namespace());
    let mode = match (args.diff, args.dry_run) {
        (true, _) => Mode::Diff,
        (false, Some(DryRun::Client)) => Mode::Client,
        (false, Some(DryRun::Server)) => Mode::Server,
        (false, None) => Mode::Act,
    };
    let patience = Patience {
        timeout: args.wait.timeout(),
        undo: !args.no_rollback,
    };
    let manner = Manner {
        mode,
        patience,
        force: args.force_conflicts,
        allow_empty: args.allow_empty,
    };
    mesh.deploy(&desired, &resolved, namespace, manner).await
}

async fn connect(args: &ClusterArgs, context: &Context) -> Result<Mesh, Failure> {
    let cluster = args.access().connect(&context.environment).await?;
    Ok(Mesh::new(
        cluster,
        args.root_namespace.clone(),
        context.output.clone(),
    ))
}

/// Flags and file as one wish. A mistake in the file alone exits as a bad file.
fn wish(args: WishArgs, namespace: Option<String>, context: &Context) -> Result<Desired, Failure> {
    let document = args
        .file
        .as_deref()
        .map(|file| document(file, context))
        .transpose()?
        .flatten();
    let written = Written {
        name: args.name,
        namespace,
        image: args.image,
        document,
        selector: args.selector,
        targets: args.target_ref,
        matches: args.matches,
        phase: args.phase.map(PhaseArg::word),
        priority: args.priority,
        fail_strategy: args.fail_strategy.map(FailArg::word),
        kind: args.kind.map(TypeArg::word),
        pull_secret: args.image_pull_secret,
    };
    Desired::read(written).map_err(|mistakes| {
        let exit = if mistakes.iter().all(Mistake::is_in_file) {
            Exit::BadInput
        } else {
            Exit::Usage
        };
        let lines: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
        Failure::text(exit, lines.join("\n  "))
    })
}

/// The one document of a file.
fn document(file: &str, context: &Context) -> Result<Option<Value>, Failure> {
    let mut text = Vec::new();
    let read = if file == "-" {
        std::io::stdin().read_to_end(&mut text).map(drop)
    } else {
        std::fs::read(context.environment.directory().join(file)).map(|bytes| text = bytes)
    };
    read.with_context(|| format!("cannot read {file}"))
        .exit_with(Exit::BadInput)?;
    let mut documents =
        configuration::documents(&text).map_err(|error| Failure::from(error).context(file))?;
    documents.retain(|document| !document.is_null());
    match documents.len() {
        0 | 1 => Ok(documents.pop()),
        more => {
            let text = format!(
                "{file} holds {more} documents: give the configuration or the WasmPlugin alone"
            );
            Err(Failure::text(Exit::BadInput, text))
        }
    }
}
