//! The command line: what can be asked, a file per noun below, and the way from a verb to what it does.

mod bundle;
mod charts;
mod completion;
mod connection;
mod deploy;
mod gateway;
mod guard;
mod history;
mod mesh;
mod objects;
mod overwrite;
mod plugin;
mod preflight;
mod sidecar;
mod undo;
mod version;

pub(crate) use connection::duration;

use crate::environment::Environment;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{ColorChoice, Format, Output, ProgressChoice, Settings};
use anyhow::Context as _;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::ffi::OsString;
use std::future::Future;

/// Builds plugins, ships them to meshes, and tells whether every proxy really runs them.
#[derive(Debug, Parser)]
#[command(
    name = "weft",
    version,
    propagate_version = false,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    noun: Noun,
    /// `--progress json` of whichever verb: all that is said on standard error is JSON then.
    #[arg(skip)]
    json_talk: bool,
}

/// What every verb takes.
#[derive(Args, Clone, Copy, Debug)]
struct Common {
    /// Form of the data on standard output
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value_t,
        hide_possible_values = false,
        help_heading = "Output"
    )]
    output: Format,
    /// Tables without their first line
    #[arg(long, global = true, help_heading = "Output")]
    no_headers: bool,
    /// No talk on standard error but errors
    #[arg(short, long, global = true, help_heading = "Output")]
    quiet: bool,
    /// Colour; auto honours NO_COLOR, CLICOLOR_FORCE and TERM=dumb
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        help_heading = "Output"
    )]
    color: ColorChoice,
}

#[derive(Debug, Subcommand)]
enum Noun {
    /// Build, ship, deploy and run plugins
    Plugin(plugin::PluginArgs),
    /// Say who gets a sidecar, and how the sidecars are
    Sidecar(sidecar::SidecarArgs),
    /// Carry charts, plugins and images to a site without internet
    Bundle(bundle::BundleArgs),
    /// Fetch Istio's charts
    Charts(charts::ChartsArgs),
    /// Write mesh files, install meshes, adopt and list them
    Mesh(mesh::MeshArgs),
    /// Make gateways, list, change, upgrade and delete them
    Gateway(gateway::GatewayArgs),
    /// Look whether a mesh can be installed or kept, before anything is written
    Preflight(Box<preflight::PreflightArgs>),
    /// Show what weft changed in a mesh
    History(history::HistoryArgs),
    /// Undo the last thing that weft changed in a mesh
    Undo(undo::UndoArgs),
    /// Do the last thing again that was undone
    Redo(undo::RedoArgs),
    /// Print the completion script for a shell
    Completion(completion::CompletionArgs),
    /// Print the version of weft
    #[command(after_help = "Examples:\n  weft version\n  weft version -o json")]
    Version,
    /// Make objects of any kind be in a cluster, as the verbs on meshes do
    #[command(hide = true)]
    Objects(objects::ObjectsArgs),
    #[command(hide = true)]
    ExecWithParent(guard::GuardArgs),
}

/// What a verb is given besides its own arguments.
#[derive(Clone, Debug)]
pub struct Context {
    /// Where to print.
    pub output: Output,
    /// What the process was given.
    pub environment: Environment,
}

/// Runs one command line and says how to exit.
pub fn main(arguments: impl IntoIterator<Item = OsString>, environment: Environment) -> Exit {
    let cli = match parse(arguments) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let common = cli.common;
    let settings = Settings {
        format: common.output,
        no_headers: common.no_headers,
        quiet: common.quiet,
        json_talk: cli.json_talk,
    };
    let output = Output::standard(settings, common.color, &environment);
    let context = Context {
        output: output.clone(),
        environment,
    };
    match dispatch(cli.noun, &context) {
        Ok(exit) => {
            output.done(exit);
            exit
        }
        Err(failure) => {
            output.failure(&failure);
            failure.exit()
        }
    }
}

/// The whole command, as completion scripts and `--help` see it.
pub(crate) fn command() -> clap::Command {
    Cli::command().after_long_help(exit_codes())
}

/// The command without what is not for people: completion scripts would offer hidden verbs, too.
pub(crate) fn shown() -> clap::Command {
    let all = command();
    let visible = all.get_subcommands().filter(|verb| !verb.is_hide_set());
    clap::Command::new("weft")
        .version(env!("CARGO_PKG_VERSION"))
        .args(all.get_arguments())
        .subcommands(visible.cloned())
}

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let matches = command().try_get_matches_from(arguments)?;
    Ok(Cli {
        json_talk: talks_json(&matches),
        ..Cli::from_arg_matches(&matches)?
    })
}

/// Whether the verb, however deep it is, has that flag and was given it.
fn talks_json(matches: &clap::ArgMatches) -> bool {
    let own = matches.try_get_one::<ProgressChoice>("progress");
    matches!(own, Ok(Some(ProgressChoice::Json)))
        || matches
            .subcommand()
            .is_some_and(|(_, verb)| talks_json(verb))
}

/// clap prints help to stdout and mistakes to stderr; asking for help is no mistake.
fn usage(error: &clap::Error) -> Exit {
    // Nobody is left to tell when the stream is closed.
    drop(error.print());
    if error.use_stderr() {
        Exit::Usage
    } else {
        Exit::Ok
    }
}

fn exit_codes() -> String {
    Exit::ALL
        .iter()
        .fold(String::from("Exit codes:\n"), |text, exit| {
            text + &format!("  {:<4}{}\n", exit.code(), exit.meaning())
        })
}

fn dispatch(noun: Noun, context: &Context) -> Outcome {
    match noun {
        Noun::Plugin(args) => plugin::run(args, context),
        Noun::Sidecar(args) => sidecar::run(args, context),
        Noun::Mesh(args) => mesh::run(args, context),
        Noun::Gateway(args) => gateway::run(args, context),
        Noun::Bundle(args) => bundle::run(args, context),
        Noun::Charts(args) => charts::run(args, context),
        Noun::Preflight(args) => preflight::run(*args, context),
        Noun::History(args) => history::run(args, context),
        Noun::Undo(args) => undo::undo(&args, context),
        Noun::Redo(args) => undo::redo(&args, context),
        Noun::Completion(args) => completion::run(args, context),
        Noun::Version => version::run(context),
        Noun::Objects(args) => objects::run(args, context),
        Noun::ExecWithParent(args) => guard::run(args),
    }
}

/// Runs a verb that waits for others. Ctrl-C and SIGTERM end it where it stands, with exit 130.
pub(crate) fn block_on<T>(verb: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    runtime()?.block_on(async {
        tokio::select! {
            // Listens before the verb does anything.
            biased;
            () = stopped() => Err(Failure::text(Exit::Interrupted, "interrupted")),
            outcome = verb => outcome,
        }
    })
}

/// Ends when we are told to stop: by Ctrl-C, or by SIGTERM, as CI systems and Kubernetes say it.
pub(crate) async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

/// A runtime for a verb that handles signals itself.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the threads that wait for the network")?)
}

#[cfg(test)]
mod tests;
