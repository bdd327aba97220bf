//! `weft mesh`: the verbs about meshes.

mod adopt;
mod check;
mod export;
pub(in crate::cli) mod flags;
mod init;
mod install;
mod life;
mod schema;
mod upgrade;
mod values;

use super::Context;
use crate::failure::Outcome;
use clap::{Args, Subcommand};

#[derive(Args, Debug)]
pub(super) struct MeshArgs {
    #[command(subcommand)]
    verb: MeshVerb,
}

#[derive(Debug, Subcommand)]
enum MeshVerb {
    /// Write a mesh file to start from, with every field explained
    Init(init::InitArgs),
    /// Print the JSON Schema of mesh files
    #[command(after_help = "Examples:
  weft mesh schema > mesh.schema.json
  # in an editor that knows YAML schemas, as the first line of a mesh file:
  # yaml-language-server: $schema=mesh.schema.json")]
    Schema,
    /// Read a mesh file, and hold its versions against those that you name
    Check(Box<check::CheckArgs>),
    /// Print the Helm values that a mesh file means
    Values(Box<values::ValuesArgs>),
    /// Write a mesh down for another tool: kubectl, Helm, istioctl or the Sail operator
    Export(export::ExportArgs),
    /// Get a mesh to another version of Istio, in place or with a second control plane
    Upgrade(Box<upgrade::UpgradeArgs>),
    /// Install Istio as a mesh file or flags describe it, and wait until it works
    Create(Box<install::CreateArgs>),
    /// Show what would be done, object by object
    Plan(Box<install::PlanArgs>),
    /// Show what differs, field by field
    Diff(Box<install::DiffArgs>),
    /// Make a mesh be as its file describes it, and wait until it works
    Apply(Box<install::ApplyArgs>),
    /// Show how a mesh is, component by component, with the first thing that is in its way
    Status(life::StatusArgs),
    /// Wait until a mesh works
    Wait(life::WaitArgs),
    /// Keep a mesh from being deleted, or let it be
    Protect(life::ProtectArgs),
    /// Delete a mesh that nothing needs any more; forget one that somebody else runs
    Delete(life::DeleteArgs),
    /// Record an Istio that somebody else runs, so that the rest of weft works on it
    Adopt(adopt::AdoptArgs),
    /// List the meshes that are recorded, and every Istio that is not
    List(adopt::ListArgs),
    /// Take the record of an adopted mesh away; the mesh stays as it is
    Forget(adopt::ForgetArgs),
}

pub(super) fn run(args: MeshArgs, context: &Context) -> Outcome {
    match args.verb {
        MeshVerb::Init(args) => init::run(args, context),
        MeshVerb::Schema => schema::run(context),
        MeshVerb::Check(args) => check::run(*args, context),
        MeshVerb::Values(args) => values::run(*args, context),
        MeshVerb::Export(args) => export::run(&args, context),
        MeshVerb::Upgrade(args) => upgrade::run(*args, context),
        MeshVerb::Create(args) => install::create(&args, context),
        MeshVerb::Plan(args) => install::plan(&args, context),
        MeshVerb::Diff(args) => install::diff(&args, context),
        MeshVerb::Apply(args) => install::apply(&args, context),
        MeshVerb::Status(args) => life::status(&args, context),
        MeshVerb::Wait(args) => life::wait(&args, context),
        MeshVerb::Protect(args) => life::protect(&args, context),
        MeshVerb::Delete(args) => life::delete(&args, context),
        MeshVerb::Adopt(args) => adopt::adopt(args, context),
        MeshVerb::List(args) => adopt::list(args, context),
        MeshVerb::Forget(args) => adopt::forget(args, context),
    }
}
