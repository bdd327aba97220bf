//! `weft mesh create | plan | diff | apply`.

mod session;

use clap::Args;

use super::flags::MeshFlags;
use crate::cli::connection::{ProgressArgs, RehearseArgs, ServerArgs, WaitArgs};
use crate::cli::plugin::RegistryArgs;
use crate::cli::{Context, runtime, stopped};
use crate::cluster::engine::Manner;
use crate::cluster::mode::Mode;
use crate::cluster::plan::Action;
use crate::cluster::report::{changes, show as show_plan};
use crate::failure::{Exit, Failure, Outcome};
use crate::mesh::install::{Prepared, installable};
use session::Session;

const INTERRUPTED: &str =
    "interrupted; what was written stays, and the same command goes on from there";

/// What all of them take.
#[derive(Args, Debug)]
pub(super) struct Common {
    #[command(flatten)]
    mesh: MeshFlags,
    /// Take over fields that somebody else owns
    #[arg(long)]
    force_conflicts: bool,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// How to write.
#[derive(Args, Debug)]
pub(super) struct Writing {
    #[command(flatten)]
    rehearse: RehearseArgs,
    /// Do not look whether the mesh can work before anything is written
    #[arg(long)]
    skip_preflight: bool,
    /// Do not ask before objects are removed
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    progress: ProgressArgs,
}

#[derive(Args, Debug)]
#[command(
    after_help = "The cluster is looked at first (as `weft preflight` does), then everything is written in Istio's own order, each stage once the one before it is ready. The mesh file is kept in the cluster, in ConfigMap weft-mesh-NAME of the root namespace. Ctrl-C leaves what is written; the same command goes on from there, and on a mesh that is as described it changes nothing.

Examples:
  weft mesh create shop --istio-version 1.31.0
  weft mesh create -f mesh.yaml
  weft mesh create -f mesh.yaml --dry-run=client
  weft mesh create shop --istio-version 1.31.0 --charts mesh.tar --hub registry.example/istio"
)]
pub(super) struct CreateArgs {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    writing: Writing,
}

#[derive(Args, Debug)]
#[command(
    after_help = "What a mesh has and its file does not say any more is removed, after a question. Another minor version or revision is an upgrade: see `weft mesh upgrade`.

Examples:
  weft mesh apply -f mesh.yaml
  weft mesh apply -f mesh.yaml --diff
  weft mesh apply -f mesh.yaml --yes --timeout 10m --progress json"
)]
pub(super) struct ApplyArgs {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    writing: Writing,
}

#[derive(Args, Debug)]
#[command(after_help = "Nothing is written.

Examples:
  weft mesh plan -f mesh.yaml
  weft mesh plan -f mesh.yaml -o json")]
pub(super) struct PlanArgs {
    #[command(flatten)]
    common: Common,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Nothing is written. Exits 5 when something differs: a file that changed, or a mesh that somebody changed.

Examples:
  weft mesh diff -f mesh.yaml
  weft mesh diff -f mesh.yaml -o json"
)]
pub(super) struct DiffArgs {
    #[command(flatten)]
    common: Common,
}

pub(super) fn create(args: &CreateArgs, context: &Context) -> Outcome {
    write(&args.common, &args.writing, "mesh create", true, context)
}

pub(super) fn apply(args: &ApplyArgs, context: &Context) -> Outcome {
    write(&args.common, &args.writing, "mesh apply", false, context)
}

pub(super) fn plan(args: &PlanArgs, context: &Context) -> Outcome {
    show(&args.common, context, |prepared| {
        show_plan(&context.output, &prepared.shown()?)?;
        Ok(Exit::Ok)
    })
}

pub(super) fn diff(args: &DiffArgs, context: &Context) -> Outcome {
    show(&args.common, context, |prepared| {
        differences(prepared, context)
    })
}

fn show(common: &Common, context: &Context, tell: impl FnOnce(&Prepared) -> Outcome) -> Outcome {
    let mesh = installable(common.registry.kept(common.mesh.read(context)??))?;
    interruptible(async {
        let session = Session::open(common, context).await?;
        let prepared = session
            .installer(ProgressArgs::default(), context)
            .prepare(mesh, common.manner(true))
            .await?;
        tell(&prepared)
    })
}

fn differences(prepared: &Prepared, context: &Context) -> Outcome {
    let plan = prepared.shown()?;
    context.output.report(&changes(&plan))?;
    Ok(if plan.changes_nothing() {
        Exit::Ok
    } else {
        Exit::Drift
    })
}

fn write(
    common: &Common,
    writing: &Writing,
    verb: &str,
    is_new: bool,
    context: &Context,
) -> Outcome {
    let mesh = installable(common.registry.kept(common.mesh.read(context)??))?;
    interruptible(async {
        let session = Session::open(common, context).await?;
        let mode = writing.rehearse.mode();
        if !writing.skip_preflight && mode.rehearses() {
            session.preflight(&mesh, context).await?;
        }
        let installer = session.installer(writing.progress, context);
        let manner = common.manner(mode.rehearses());
        let prepared = installer.prepare(mesh, manner).await?;
        if is_new {
            refuse_another(&prepared)?;
        }
        match mode {
            Mode::Diff => return differences(&prepared, context),
            Mode::Client | Mode::Server => {
                show_plan(&context.output, &prepared.shown()?)?;
                return Ok(Exit::Ok);
            }
            Mode::Act => {}
        }
        if !may_prune(&prepared, writing.yes, context).await? {
            return Err(Failure::text(Exit::Failure, "nothing was written"));
        }
        let name = &prepared.mesh.metadata.name;
        installer
            .install(&prepared, &format!("{verb} {name}"), writing.wait.timeout())
            .await?;
        let words = if prepared.changes_nothing() {
            "is as it is described: nothing was written"
        } else {
            "is as it is described"
        };
        context.output.say(format!("mesh {name} {words}"));
        show_plan(&context.output, &prepared.shown()?)?;
        Ok(Exit::Ok)
    })
}

/// `create` brings a mesh into being; one that is there and is to be another is changed knowingly.
fn refuse_another(prepared: &Prepared) -> Result<(), Failure> {
    let Some(record) = &prepared.record else {
        return Ok(());
    };
    if prepared.differs.is_empty() {
        return Ok(());
    }
    let fields: Vec<_> = prepared
        .differs
        .iter()
        .map(|change| change.path.as_str())
        .collect();
    let text = format!(
        "mesh {} exists and is described differently ({}): `weft mesh diff` shows how, `weft mesh apply` changes it",
        record.name,
        fields.join(", ")
    );
    Err(Failure::text(Exit::Failure, text))
}

async fn may_prune(prepared: &Prepared, yes: bool, context: &Context) -> Result<bool, Failure> {
    let gone: Vec<_> = prepared
        .plan
        .steps
        .iter()
        .filter(|step| step.action == Action::Prune)
        .collect();
    if gone.is_empty() {
        return Ok(true);
    }
    for step in &gone {
        context
            .output
            .say(format!("{} is not wanted any more", step.id));
    }
    context
        .output
        .confirm(
            &format!(
                "Remove what is not wanted any more ({} in all)?",
                gone.len()
            ),
            yes,
        )
        .await
}

impl Common {
    fn manner(&self, rehearse: bool) -> Manner {
        Manner {
            force: self.force_conflicts,
            prune: true,
            rehearse,
        }
    }
}

fn interruptible(verb: impl Future<Output = Outcome>) -> Outcome {
    runtime()?.block_on(async {
        tokio::select! {
            outcome = verb => outcome,
            () = stopped() => Err(Failure::text(Exit::Interrupted, INTERRUPTED)),
        }
    })
}
