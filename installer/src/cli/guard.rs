//! The hidden verb by which weft starts programs that must not outlive it.

use crate::failure::Outcome;
use crate::plugin::run::guard::become_program;
use clap::Args;
use std::ffi::OsString;

#[derive(Args, Debug)]
pub(super) struct GuardArgs {
    /// The process that started this one
    parent: u32,
    /// What to become
    program: OsString,
    /// Its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "every verb takes its arguments whole"
)]
pub(super) fn run(args: GuardArgs) -> Outcome {
    Err(become_program(args.parent, &args.program, &args.arguments))
}
