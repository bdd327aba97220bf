//! `weft mesh schema`.

use crate::cli::Context;
use crate::failure::{Exit, Outcome};
use crate::mesh::spec::schema::schema;
use anyhow::Context as _;

pub(super) fn run(context: &Context) -> Outcome {
    let text = serde_json::to_string_pretty(&schema()).context("cannot write the schema")?;
    context.output.raw(format!("{text}\n").as_bytes())?;
    Ok(Exit::Ok)
}
