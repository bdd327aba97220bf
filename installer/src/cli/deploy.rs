//! `weft plugin render | deploy | status | list | rollback | remove`: the verbs that touch a mesh.

mod args;
mod verbs;

use anyhow::Context as _;
use serde_json::Value;

use super::connection::{ClusterArgs, DryRun};
use super::{Context, runtime, stopped};
use crate::failure::{Exit, ExitWith as _, Failure, Outcome};
use crate::input;
use crate::plugin::configuration;
use crate::plugin::deliver::Patience;
use crate::plugin::desired::{Desired, Mistake, Written};
use crate::plugin::mesh::{self, Manner, Mesh, Mode, Rehearsal};
use crate::plugin::preflight::Resolved;
pub(super) use verbs::DeployVerb;

use args::{FailArg, PhaseArg, TypeArg};
use verbs::{DeployArgs, RenderArgs, WishArgs};

pub(super) fn run(verb: DeployVerb, context: &Context) -> Outcome {
    runtime()?.block_on(async {
        let resumable = matches!(verb, DeployVerb::Deploy(_) | DeployVerb::Rollback(_));
        tokio::select! {
            // Listens before the verb does anything.
            biased;
            () = stopped() => {
                let rest = if resumable { "; what was written stays, and the same command goes on from there" } else { "" };
                Err(Failure::text(Exit::Interrupted, format!("interrupted{rest}")))
            }
            outcome = dispatch(verb, context) => outcome,
        }
    })
}

async fn dispatch(verb: DeployVerb, context: &Context) -> Outcome {
    match verb {
        DeployVerb::Render(args) => render(args, context).await,
        DeployVerb::Deploy(args) => deploy(args, context).await,
        DeployVerb::Status(args) => {
            let mesh = connect(&args.cluster, context).await?;
            let named = namespace(&args.cluster, &mesh);
            mesh.status(
                args.name.as_deref(),
                (!args.all_namespaces).then_some(named),
            )
            .await
        }
        DeployVerb::List(args) => {
            let mesh = connect(&args.cluster, context).await?;
            let named = namespace(&args.cluster, &mesh);
            mesh.list((!args.all_namespaces).then_some(named)).await
        }
        DeployVerb::Rollback(args) => {
            let mesh = connect(&args.cluster, context).await?;
            let namespace = namespace(&args.cluster, &mesh);
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
            let registry = args.registry.registry(context);
            mesh.rollback((&args.name, args.to), namespace, &registry, manner)
                .await
        }
        DeployVerb::Remove(args) => {
            let mesh = connect(&args.cluster, context).await?;
            let namespace = namespace(&args.cluster, &mesh);
            mesh.remove(&args.name, namespace, args.yes, args.wait.timeout())
                .await
        }
    }
}

/// The namespace that was asked for, or that of the context.
fn namespace<'a>(args: &'a ClusterArgs, mesh: &'a Mesh) -> &'a str {
    args.namespace.as_deref().unwrap_or(mesh.namespace())
}

async fn render(args: RenderArgs, context: &Context) -> Outcome {
    let registry = args.wish.registry.registry(context);
    let mut desired = wish(args.wish, args.namespace, context).await?;
    let resolved = Resolved::of_wish(&desired, &registry).await?;
    place(&resolved, &mut desired, context);
    mesh::show(&context.output, &mesh::rendered(&desired, &resolved.url))
}

async fn deploy(args: DeployArgs, context: &Context) -> Outcome {
    let registry = args.wish.registry.registry(context);
    let mut desired = wish(args.wish, args.cluster.namespace.clone(), context).await?;
    let mesh = connect(&args.cluster, context).await?;
    let resolved = Resolved::checked(&desired, &registry).await?;
    place(&resolved, &mut desired, context);
    let namespace = desired.namespace.as_deref().unwrap_or(mesh.namespace());
    let mode = match (args.diff, args.dry_run) {
        (true, None) => Mode::Diff(Rehearsal::Try),
        (true, Some(DryRun::Client)) => Mode::Diff(Rehearsal::Skip),
        (true, Some(DryRun::Server)) => Mode::Diff(Rehearsal::Must),
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
        force: args.write.force_conflicts,
        allow_empty: args.write.allow_empty,
    };
    mesh.deploy(&desired, &resolved, namespace, manner).await
}

/// Says where the plugin goes when it is the plugin that said so.
fn place(resolved: &Resolved, desired: &mut Desired, context: &Context) {
    if let Some(phase) = resolved.place(desired) {
        let text = format!("phase {phase}, as the plugin asks for; --phase says otherwise");
        context.output.say(text);
    }
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
async fn wish(
    args: WishArgs,
    namespace: Option<String>,
    context: &Context,
) -> Result<Desired, Failure> {
    let document = match args.file.as_deref() {
        Some(file) => document(file, context).await?,
        None => None,
    };
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
    Desired::read(&written).map_err(|mistakes| {
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
async fn document(file: &str, context: &Context) -> Result<Option<Value>, Failure> {
    let text = input::read_aside(context.environment.directory(), file)
        .await
        .with_context(|| format!("cannot read {file}"))
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
