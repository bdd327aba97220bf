//! A program that ends when the process that started it does, even when that is killed.
//!
//! Linux sends a signal of choice to a process whose parent dies, but the process must ask for it itself, before it
//! becomes the program. Doing that between fork and exec is `unsafe`; so weft starts itself, asks, and then becomes the
//! program.

use crate::failure::{Exit, Failure};
use anyhow::Context as _;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// The hidden verb that does it.
pub const VERB: &str = "exec-with-parent";

/// A command that runs `program` guarded; on other systems than Linux, or when weft cannot find itself, unguarded.
#[must_use]
pub fn guarded(program: &Path) -> Command {
    match std::env::current_exe() {
        Ok(weft) if cfg!(target_os = "linux") => {
            let mut command = Command::new(weft);
            command
                .arg(VERB)
                .arg(std::process::id().to_string())
                .arg(program);
            command
        }
        _ => Command::new(program),
    }
}

/// Becomes the program; returns only when that fails.
#[must_use]
pub fn become_program(parent: u32, program: &OsString, arguments: &[OsString]) -> Failure {
    if let Err(error) = follow(parent) {
        return error;
    }
    let error = Command::new(program).args(arguments).exec();
    let text = format!("cannot run {}", Path::new(program).display());
    Failure::new(Exit::Failure, anyhow::Error::from(error).context(text))
}

#[cfg(target_os = "linux")]
fn follow(parent: u32) -> Result<(), Failure> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    set_parent_process_death_signal(Some(Signal::KILL))
        .context("cannot ask to end with the parent")?;
    // The parent may have died before we asked; then nobody would ever tell us.
    let now = getppid().map(|pid| pid.as_raw_nonzero().get());
    if now.and_then(|pid| u32::try_from(pid).ok()) == Some(parent) {
        return Ok(());
    }
    Err(Failure::text(
        Exit::Failure,
        "the process that started this one has ended",
    ))
}

#[cfg(not(target_os = "linux"))]
fn follow(_: u32) -> Result<(), Failure> {
    Ok(())
}
