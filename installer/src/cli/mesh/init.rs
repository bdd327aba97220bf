//! `weft mesh init`.

use crate::cli::Context;
use crate::failure::{Exit, ExitWith as _, Failure, Outcome};
use crate::mesh::spec::read::{Setting, empty, read};
use crate::mesh::spec::template;
use anyhow::Context as _;
use clap::Args;
use std::fs::OpenOptions;
use std::io::Write as _;

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weft mesh init shop
  weft mesh init shop -f mesh.yaml
  weft mesh init shop -f mesh.yaml --force")]
pub(super) struct InitArgs {
    /// Name of the mesh
    #[arg(default_value = "mesh")]
    name: String,
    /// Where to write; standard output without it
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: Option<String>,
    /// Write over a file that is there
    #[arg(long, requires = "file")]
    force: bool,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "every verb takes its arguments whole"
)]
pub(super) fn run(args: InitArgs, context: &Context) -> Outcome {
    // A name that no mesh may have is refused by the reader of mesh files, in its words.
    let name = Setting {
        flag: "NAME",
        pointer: "/metadata/name".to_owned(),
        value: args.name.clone().into(),
    };
    let mode = Setting {
        flag: "--mode",
        pointer: "/spec/mode".to_owned(),
        value: "external".into(),
    };
    read(empty(), &[name, mode])?;
    let text = template(&args.name);
    let Some(file) = &args.file else {
        context.output.raw(text.as_bytes())?;
        return Ok(Exit::Ok);
    };
    let path = context.environment.directory().join(file);
    let mut options = OpenOptions::new();
    options.write(true);
    let opened = if args.force {
        options.create(true).truncate(true).open(&path)
    } else {
        options.create_new(true).open(&path)
    };
    let mut opened = match opened {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let text = format!(
                "{file} is there already: choose another file, or pass --force to write over it"
            );
            return Err(Failure::text(Exit::Usage, text));
        }
        opened => opened
            .with_context(|| format!("cannot write {file}"))
            .exit_with(Exit::Failure)?,
    };
    opened
        .write_all(text.as_bytes())
        .with_context(|| format!("cannot write {file}"))
        .exit_with(Exit::Failure)?;
    context.output.say(format!(
        "wrote {file}; `weft mesh check -f {file}` reads it"
    ));
    Ok(Exit::Ok)
}
