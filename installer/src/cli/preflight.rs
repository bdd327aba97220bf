//! `weft preflight`.
use super::Context;
use crate::failure::Outcome;
use clap::Args;
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  weft preflight")]
pub(super) struct PreflightArgs {}
pub(super) fn run(_args: PreflightArgs, _context: &Context) -> Outcome {
    Ok(crate::failure::Exit::Ok)
}
