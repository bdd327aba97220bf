//! `weft objects apply | status`: objects of any kind, given as manifests, by the engine that makes meshes.
//!
//! It is hidden: whoever looks for a mesh needs the verbs on meshes. It shows what the engine does, whatever the objects.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::connection::{ClusterArgs, ProgressArgs, RehearseArgs, WaitArgs};
use super::{Context, block_on, runtime, stopped};
use crate::cluster::access::Cluster;
use crate::cluster::engine::{self, Manner};
use crate::cluster::inventory::Parent;
use crate::cluster::mode::Mode;
use crate::cluster::report::{PlanReport, StatusReport, changes, show};
use crate::cluster::told::Told;
use crate::cluster::wanted::{Stage, Wanted};
use crate::failure::{Exit, ExitWith as _, Failure, Outcome};
use crate::input;
use crate::output::ProgressChoice;
use crate::plugin::configuration;

#[derive(Args, Debug)]
pub(super) struct ObjectsArgs {
    #[command(subcommand)]
    verb: ObjectsVerb,
}

#[derive(Debug, Subcommand)]
enum ObjectsVerb {
    /// Make the objects of files be, and wait until they are ready
    Apply(Box<ApplyArgs>),
    /// Show how far the objects of a set are, and what is in the way of those that are not ready
    Status(StatusArgs),
}

#[derive(Args, Debug)]
#[command(after_help = "Exits 2 when something is not ready.

Examples:
  weft objects status --set-name app -n shop
  weft objects status --set-name app -n shop -o json")]
struct StatusArgs {
    /// The name of the set
    #[arg(long, value_name = "NAME")]
    set_name: String,
    #[command(flatten)]
    cluster: ClusterArgs,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Each file is a stage: it is written once what is in the one before is ready. The set is kept by the ApplySet convention of Kubernetes, in a ConfigMap of that name. Ctrl-C leaves what is written; the same command goes on from there.

Examples:
  weft objects apply -f base.yaml -f app.yaml --set-name app -n shop
  weft objects apply -f app.yaml --set-name app -n shop --prune
  weft objects apply -f app.yaml --set-name app -n shop --diff"
)]
struct ApplyArgs {
    /// The manifests, a stage each; - reads standard input; repeatable
    #[arg(short = 'f', long = "file", value_name = "FILE", required = true)]
    files: Vec<String>,
    /// The name of the set, and of the object that says what belongs to it
    #[arg(long, value_name = "NAME")]
    set_name: String,
    /// Remove what belongs to the set and is in no file
    #[arg(long)]
    prune: bool,
    #[command(flatten)]
    rehearse: RehearseArgs,
    /// Take over fields that somebody else owns
    #[arg(long)]
    force_conflicts: bool,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    progress: ProgressArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(super) fn run(args: ObjectsArgs, context: &Context) -> Outcome {
    let args = match args.verb {
        ObjectsVerb::Apply(args) => args,
        ObjectsVerb::Status(args) => return block_on(status(args, context)),
    };
    runtime()?.block_on(async {
        tokio::select! {
            outcome = apply(&args, context) => outcome,
            () = stopped() => Err(Failure::text(
                Exit::Interrupted,
                "interrupted; what was written stays, and the same command goes on from there",
            )),
        }
    })
}

async fn status(args: StatusArgs, context: &Context) -> Outcome {
    let cluster = args.cluster.access().connect(&context.environment).await?;
    let parent = Parent {
        namespace: namespace(&args.cluster, &cluster),
        name: args.set_name,
    };
    let report = StatusReport::of(engine::assess(&cluster, &parent).await?);
    context.output.report(&report)?;
    Ok(if report.is_ready() {
        Exit::Ok
    } else {
        Exit::Findings
    })
}

/// The namespace that was asked for, or that of the context.
fn namespace(args: &ClusterArgs, cluster: &Cluster) -> String {
    let asked = args.namespace.clone();
    asked.unwrap_or_else(|| cluster.namespace.clone())
}

async fn apply(args: &ApplyArgs, context: &Context) -> Outcome {
    let stages = args
        .files
        .iter()
        .map(|file| stage(file, context))
        .collect::<Result<Vec<_>, _>>()?;
    let cluster = args.cluster.access().connect(&context.environment).await?;
    let namespace = namespace(&args.cluster, &cluster);
    let wanted = Wanted {
        parent: Parent {
            namespace: namespace.clone(),
            name: args.set_name.clone(),
        },
        mesh: None,
        namespace,
        stages,
    };
    let mode = args.rehearse.mode();
    let manner = Manner {
        force: args.force_conflicts,
        prune: args.prune,
        rehearse: mode.rehearses(),
    };
    let plan = engine::plan(&cluster, &wanted, manner).await?;
    if mode == Mode::Diff {
        context.output.report(&changes(&plan))?;
        let drifts = !plan.changes_nothing();
        return Ok(if drifts { Exit::Drift } else { Exit::Ok });
    }
    if mode == Mode::Act {
        let told = Told::new(&context.output, args.progress.progress);
        engine::carry_out(&cluster, &told, &plan, args.wait.timeout())
            .await
            .end?;
    }
    // Programs read events, line by line.
    if args.progress.progress == ProgressChoice::Json {
        context.output.report(&PlanReport(&plan))?;
    } else {
        show(&context.output, &plan)?;
    }
    Ok(Exit::Ok)
}

/// The objects of a file, as a stage of its name. Lists are what is in them.
fn stage(file: &str, context: &Context) -> Result<Stage, Failure> {
    let text = input::read(context.environment.directory(), file)
        .with_context(|| format!("cannot read {file}"))
        .exit_with(Exit::BadInput)?;
    let documents =
        configuration::documents(&text).map_err(|error| Failure::from(error).context(file))?;
    let objects = documents
        .into_iter()
        .filter(|document| !document.is_null())
        .flat_map(items);
    Ok(Stage {
        component: file.to_owned(),
        objects: objects.collect(),
    })
}

fn items(mut document: Value) -> Vec<Value> {
    let is_list = document.get("kind").and_then(Value::as_str) == Some("List");
    match document.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) if is_list => items,
        Some(other) => {
            if let Some(fields) = document.as_object_mut() {
                fields.insert("items".to_owned(), other);
            }
            vec![document]
        }
        None => vec![document],
    }
}
