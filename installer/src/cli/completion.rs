//! `weft completion`: scripts that complete `weft` in a shell.

use super::{Context, shown};
use crate::failure::{Exit, Outcome};
use clap::Args;

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weft completion bash > /etc/bash_completion.d/weft
  weft completion zsh > \"${fpath[1]}/_weft\"
  weft completion fish > ~/.config/fish/completions/weft.fish")]
pub(super) struct CompletionArgs {
    /// The shell
    shell: clap_complete::Shell,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "every verb takes its arguments whole"
)]
pub(super) fn run(args: CompletionArgs, context: &Context) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut shown(), "weft", &mut script);
    context.output.raw(&script)?;
    Ok(Exit::Ok)
}
