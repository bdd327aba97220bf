//! The `weft` program: parse, dispatch, exit code.

use weft::environment::Environment;

fn main() -> std::process::ExitCode {
    weft::cli::main(std::env::args_os(), Environment::read()).into()
}
