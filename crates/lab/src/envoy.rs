//! A real Envoy for a test or a demo, that never outlives whoever started it.
//!
//! A shell stands between us and Envoy and reads a pipe whose other end we hold: when we end, however we end, the kernel
//! closes the pipe and the shell kills Envoy. A signal on the death of the parent would do for processes, but it is
//! sent when the *thread* ends that started the child, and tests end threads all the time.

use crate::http;
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

/// Reads our pipe in the background; what it runs gets no stdin. Prints the pid of what it runs first.
const GUARD: &str = r#"
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
echo $child
exec >&-
(read -r _ <&3; kill -9 $child 2>/dev/null) &
watch=$!
wait $child
status=$?
kill -9 $watch 2>/dev/null
exit $status
"#;

const ADMIN: &str =
    r#"{"admin":{"address":{"socket_address":{"address":"127.0.0.1","port_value":0}}}}"#;

/// How Envoy is to be started.
#[derive(Clone, Debug)]
pub struct EnvoyOptions {
    /// The program: what [`crate::tools::ensure`] returned for `Tool::Envoy` or `Tool::EnvoyOldest`.
    pub program: PathBuf,
    /// The bootstrap configuration, YAML or JSON. The admin listener is added by us, on a free port.
    pub bootstrap: String,
    /// More arguments, for example `--concurrency 2` or `--component-log-level wasm:debug`.
    pub arguments: Vec<String>,
}

impl EnvoyOptions {
    /// That Envoy with that configuration.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, bootstrap: impl Into<String>) -> Self {
        Self {
            program: program.into(),
            bootstrap: bootstrap.into(),
            arguments: Vec::new(),
        }
    }

    /// The same with more arguments.
    #[must_use]
    pub fn arguments<S: Into<String>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }
}

/// A running Envoy. Dropping it kills it and removes its files; so does the death of this process.
#[derive(Debug)]
pub struct Envoy {
    guard: Child,
    /// The end of the pipe that keeps it alive.
    pipe: Option<ChildStdin>,
    pid: u32,
    dir: PathBuf,
    admin: String,
}

impl Envoy {
    /// Starts it and waits until it is ready to serve.
    ///
    /// # Errors
    /// When it refuses the configuration or does not get ready; the error holds the end of its log.
    pub fn start(options: &EnvoyOptions) -> Result<Self> {
        let dir = fresh_dir()?;
        let bootstrap = dir.join("bootstrap.yaml");
        fs::write(&bootstrap, &options.bootstrap)
            .context("cannot write the bootstrap configuration")?;
        let log = File::create(dir.join("envoy.log")).context("cannot create Envoy's log")?;
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(&options.program)
            .arg("-c")
            .arg(&bootstrap)
            .args([
                "--config-yaml",
                ADMIN,
                "--disable-hot-restart",
                "--admin-address-path",
            ])
            .arg(dir.join("admin"))
            .args(&options.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", options.program.display()))?;
        let pipe = guard.stdin.take();
        let pid = first_line(&mut guard);
        let mut envoy = Self {
            guard,
            pipe,
            pid: pid?,
            dir,
            admin: String::new(),
        };
        envoy.wait_ready()?;
        Ok(envoy)
    }

    fn wait_ready(&mut self) -> Result<()> {
        let deadline = Instant::now().checked_add(PATIENCE);
        while !self.is_ready() {
            let ended = self
                .guard
                .try_wait()
                .context("cannot ask for Envoy's state")?;
            if let Some(status) = ended {
                bail!("Envoy ended with {status}: {}", self.log_end());
            }
            if deadline.is_none_or(|end| Instant::now() > end) {
                bail!(
                    "Envoy is not ready after {} s: {}",
                    PATIENCE.as_secs(),
                    self.log_end()
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn is_ready(&mut self) -> bool {
        if self.admin.is_empty() {
            let text = fs::read_to_string(self.dir.join("admin")).unwrap_or_default();
            text.trim().clone_into(&mut self.admin);
        }
        !self.admin.is_empty() && self.admin("/ready").is_ok()
    }

    /// `HOST:PORT` of its admin interface.
    #[must_use]
    pub fn admin_address(&self) -> &str {
        &self.admin
    }

    /// Envoy's pid, for measuring its CPU time.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Its log, plugin logs included.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.dir.join("envoy.log")
    }

    /// What it logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_end(&self) -> String {
        let log = self.log();
        let skip = log.lines().count().saturating_sub(20);
        log.lines().skip(skip).collect::<Vec<_>>().join("\n")
    }

    /// GET on the admin interface, for example `/stats?filter=wasm`.
    ///
    /// # Errors
    /// When the answer is not 200.
    pub fn admin(&self, path: &str) -> Result<String> {
        http::get(&self.admin, path)
    }

    /// POST on the admin interface, for example `/quitquitquit`.
    ///
    /// # Errors
    /// When the answer is not 200.
    pub fn admin_post(&self, path: &str) -> Result<String> {
        http::request(&self.admin, "POST", path)
    }

    /// The address that a listener got, for one that was configured with port 0.
    ///
    /// # Errors
    /// When there is no listener of that name.
    pub fn listener(&self, name: &str) -> Result<String> {
        let text = self.admin("/listeners")?;
        let prefix = format!("{name}::");
        let found = text.lines().find_map(|line| line.strip_prefix(&prefix));
        found
            .map(str::to_owned)
            .with_context(|| format!("no listener {name} in: {text}"))
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.guard.try_wait(), Ok(None))
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        // The closed pipe is the order to kill; then the shell ends too.
        drop(self.pipe.take());
        drop(self.guard.wait());
        drop(fs::remove_dir_all(&self.dir));
    }
}

fn first_line(guard: &mut Child) -> Result<u32> {
    let stdout = guard.stdout.take().context("the guard has no stdout")?;
    let mut line = String::new();
    BufReader::new(stdout)
        .read_line(&mut line)
        .context("the guard says nothing")?;
    line.trim()
        .parse()
        .with_context(|| format!("the guard says {line:?} instead of a pid"))
}

fn fresh_dir() -> Result<PathBuf> {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let base = std::env::temp_dir();
    sweep(&base);
    let dir = base.join(format!("{DIR}{}-{number}", std::process::id()));
    fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    Ok(dir)
}

const DIR: &str = "weft-envoy-";

/// Removes the directories of processes that are gone: a killed test cannot.
fn sweep(base: &Path) {
    let entries = fs::read_dir(base)
        .into_iter()
        .flatten()
        .filter_map(Result::ok);
    for entry in entries {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.strip_prefix(DIR)?.split('-').next());
        let gone = owner.is_some_and(|pid| {
            Path::new("/proc/self").exists() && !Path::new("/proc").join(pid).exists()
        });
        if gone {
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::ProcId;

    fn guarded(command: &[&str]) -> (Child, ProcId) {
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = first_line(&mut guard).unwrap();
        let id = ProcId::of(i32::try_from(pid).unwrap()).unwrap();
        (guard, id)
    }

    #[test]
    fn a_closed_pipe_kills_the_child() {
        let (mut guard, id) = guarded(&["sleep", "100"]);
        assert!(id.is_alive());
        drop(guard.stdin.take());
        guard.wait().unwrap();
        assert!(!id.is_alive());
    }

    #[test]
    fn the_guard_ends_with_its_child() {
        let (mut guard, _) = guarded(&["sh", "-c", "sleep 0.1; exit 7"]);
        // Waiting closes the pipe, unless we hold it.
        let pipe = guard.stdin.take();
        assert_eq!(guard.wait().unwrap().code(), Some(7));
        drop(pipe);
    }

    #[test]
    fn directories_of_dead_processes_are_swept() {
        let base = tempfile::tempdir().unwrap();
        let (dead, ours, other) = (
            "weft-envoy-999999999-0",
            format!("weft-envoy-{}-0", std::process::id()),
            "x-1",
        );
        for name in [dead, &ours, other] {
            fs::create_dir(base.path().join(name)).unwrap();
        }
        sweep(base.path());
        assert!(!base.path().join(dead).exists());
        assert!(base.path().join(ours).exists());
        assert!(base.path().join(other).exists());
    }
}
