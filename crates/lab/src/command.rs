//! Runs other programs: finds them, keeps their output in a log, and turns a failure into words that help.

use crate::cache::ensure_parent;
use anyhow::{Context, Result, anyhow, bail};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// How much of a failed program's output goes into the error.
const TAIL_LINES: usize = 15;

/// A program to run.
#[derive(Debug)]
pub(crate) struct Run {
    program: OsString,
    command: Command,
    hint: String,
}

impl Run {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(&program);
        command.stdin(Stdio::null());
        Self {
            program: program.as_ref().to_owned(),
            command,
            hint: String::new(),
        }
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub(crate) fn dir(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// What the reader is to do when this fails.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Runs it; its output is appended to the log.
    pub(crate) fn logged(mut self, log: &Path) -> Result<()> {
        ensure_parent(log)?;
        let file = File::options().create(true).append(true).open(log);
        let file = file.with_context(|| format!("cannot write {}", log.display()))?;
        let copy = file.try_clone().context("cannot share the log file")?;
        self.command.stdout(file).stderr(copy);
        let status = self
            .command
            .status()
            .map_err(|error| self.missing(&error))?;
        if status.success() {
            return Ok(());
        }
        let text = std::fs::read_to_string(log).unwrap_or_default();
        Err(self
            .failed(&tail(&text))
            .context(format!("see {}", log.display())))
    }

    /// Runs it and returns what it wrote to stdout.
    pub(crate) fn stdout(self) -> Result<String> {
        self.stdout_from("")
    }

    /// The same, with something on its stdin.
    pub(crate) fn stdout_from(mut self, stdin: &str) -> Result<String> {
        let output = self.output(stdin).map_err(|error| self.missing(&error))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let mut text = String::from_utf8_lossy(&output.stderr).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stdout));
        Err(self.failed(&tail(&text)))
    }

    /// Whether it ran and succeeded.
    pub(crate) fn succeeds(mut self) -> bool {
        self.output("").is_ok_and(|output| output.status.success())
    }

    fn output(&mut self, stdin: &str) -> std::io::Result<Output> {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if stdin.is_empty() {
            return self.command.output();
        }
        let mut child = self.command.stdin(Stdio::piped()).spawn()?;
        let pipe = child.stdin.take();
        std::thread::scope(|scope| {
            // In a thread of its own: the child may write before it has read everything. One that does not read at
            // all says why with its exit status.
            scope.spawn(move || pipe.map(|mut pipe| pipe.write_all(stdin.as_bytes())));
            child.wait_with_output()
        })
    }

    fn missing(&self, error: &std::io::Error) -> anyhow::Error {
        anyhow!(
            "cannot run {}: {error}{}",
            self.program.display(),
            self.advice()
        )
    }

    fn failed(&self, tail: &str) -> anyhow::Error {
        anyhow!("{:?} failed{}\n{tail}", self.command, self.advice())
    }

    fn advice(&self) -> String {
        if self.hint.is_empty() {
            String::new()
        } else {
            format!("; try: {}", self.hint)
        }
    }
}

/// Where `program` is in PATH, or in the places for administrators that a user's PATH often lacks.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|dir| dir.join(program))
        .find(|file| is_executable(file))
}

/// Fails with the command that would install it.
pub(crate) fn require(program: &str, install: &str) -> Result<PathBuf> {
    let Some(path) = which(program) else {
        bail!("{program} is not installed; install it with: {install}");
    };
    Ok(path)
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let skip = lines.len().saturating_sub(TAIL_LINES);
    lines.into_iter().skip(skip).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_program_output_and_remedy() {
        let error = Run::new("sh")
            .args(["-c", "echo broken >&2; exit 3"])
            .hint("fix it")
            .stdout()
            .unwrap_err()
            .to_string();
        for part in ["\"sh\"", "broken", "fix it"] {
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = require("no-such-program", "apt-get install it").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("no-such-program is not installed"), "{text}");
        assert!(text.contains("apt-get install it"), "{text}");
    }

    #[test]
    fn stdin_reaches_the_program() {
        let text = "x".repeat(1 << 20);
        let got = Run::new("cat").stdout_from(&text).unwrap();
        assert_eq!(got.len(), text.len());
    }

    #[test]
    fn only_the_end_of_a_long_output_is_shown() {
        let long: Vec<String> = (0..100).map(|i| i.to_string()).collect();
        let shown = tail(&long.join("\n"));
        assert_eq!(shown.lines().count(), TAIL_LINES);
        assert!(shown.ends_with("99"));
    }
}
