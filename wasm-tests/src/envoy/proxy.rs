//! A running proxy: its workers, its counters, its log.

use crate::envoy::bootstrap::Setup;
use crate::envoy::http::Client;
use anyhow::{Context, Result, bail};
use lab::envoy::{Envoy, EnvoyOptions};
use lab::{Cache, Tool, tools};
use std::collections::BTreeMap;
use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

/// How long something that must happen may take.
const PATIENCE: Duration = Duration::from_secs(8);

/// The supported Envoys at both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// The newest.
    Newest,
    /// The oldest.
    Oldest,
}

impl Version {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Newest, Self::Oldest];

    /// The program, installed if it is missing.
    ///
    /// # Errors
    /// When it cannot be installed.
    pub fn program(self) -> Result<PathBuf> {
        let tool = match self {
            Self::Newest => Tool::Envoy,
            Self::Oldest => Tool::EnvoyOldest,
        };
        tools::ensure(&Cache::from_env()?, tool)
    }
}

/// A running proxy. Dropping it ends it.
#[derive(Debug)]
pub struct Proxy {
    envoy: Envoy,
    workers: usize,
    listeners: PathBuf,
    version: u32,
    _dir: tempfile::TempDir,
}

impl Proxy {
    /// Starts it and waits until it serves.
    ///
    /// # Errors
    /// When Envoy is missing or refuses the configuration; the error holds the end of its log.
    pub fn start(version: Version, setup: &Setup) -> Result<Self> {
        let dir = tempfile::tempdir().context("no temporary directory")?;
        let listeners = dir.path().join("listeners.json");
        let bootstrap = setup.bootstrap(&listeners).to_string();
        let options = EnvoyOptions::new(version.program()?, bootstrap);
        let workers = setup.workers.to_string();
        let options = options.arguments(["--concurrency", &workers, "--log-level", "warning"]);
        let options = options.arguments([
            "--component-log-level",
            "wasm:info",
            "--file-flush-interval-msec",
            "5",
        ]);
        let first = 1;
        if setup.discovery {
            fs::write(&listeners, setup.discovery(first).to_string())
                .context("cannot write the listeners")?;
        }
        let envoy = Envoy::start(&options)?;
        Ok(Self {
            envoy,
            workers: setup.workers,
            listeners,
            version: first,
            _dir: dir,
        })
    }

    /// Replaces the discovered listeners by those of `setup`, and waits until Envoy took or refused them: whether it took them.
    ///
    /// # Errors
    /// When it does neither.
    pub fn replace(&mut self, setup: &Setup) -> Result<bool> {
        let refused = self.counter("listener_manager.lds.update_rejected")?;
        let taken = self.counter("listener_manager.lds.update_success")?;
        self.version = self.version.saturating_add(1);
        // Envoy watches for a file that is moved into place.
        let made = self.listeners.with_extension("new");
        fs::write(&made, setup.discovery(self.version).to_string())
            .context("cannot write the listeners")?;
        fs::rename(&made, &self.listeners).context("cannot replace the listeners")?;
        wait("Envoy to read the listeners", || {
            Ok(
                self.counter("listener_manager.lds.update_rejected")? > refused
                    || self.counter("listener_manager.lds.update_success")? > taken,
            )
        })?;
        Ok(self.counter("listener_manager.lds.update_rejected")? == refused)
    }

    /// `HOST:PORT` of a listener.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn address(&self, listener: &str) -> Result<String> {
        self.envoy.listener(listener)
    }

    /// A connection to a listener, served by whichever worker the kernel chooses.
    ///
    /// # Errors
    /// When it does not listen.
    pub fn connect(&self, listener: &str) -> Result<Client> {
        Client::connect(&self.address(listener)?)
    }

    /// A connection to each worker, in the order of their numbers: as many are opened as it takes.
    ///
    /// # Errors
    /// When a worker never gets one.
    pub fn connect_all(&self, listener: &str) -> Result<Vec<Client>> {
        let address = self.address(listener)?;
        let mut found = BTreeMap::new();
        let mut before = self.accepted(listener)?;
        for _ in 0..500 {
            if found.len() == self.workers {
                return Ok(found.into_values().collect());
            }
            let client = Client::connect(&address)?;
            let mut worker = None;
            wait("a worker to accept a connection", || {
                let after = self.accepted(listener)?;
                worker = after
                    .iter()
                    .find(|(name, count)| before.get(*name) != Some(count))
                    .map(|(name, _)| name.clone());
                if worker.is_some() {
                    before = after;
                }
                Ok(worker.is_some())
            })?;
            if let Some(worker) = worker {
                found.entry(worker).or_insert(client);
            }
        }
        bail!(
            "500 connections did not reach {} workers, only {:?}",
            self.workers,
            found.keys()
        )
    }

    /// A connection to one worker.
    ///
    /// # Errors
    /// When it never gets one.
    pub fn connect_to(&self, listener: &str, worker: usize) -> Result<TcpStream> {
        let address = self.address(listener)?;
        let wanted = format!("listener.{listener}.worker_{worker}.downstream_cx_total");
        for _ in 0..500 {
            let before = self.accepted(listener)?;
            let stream = TcpStream::connect(&address)
                .with_context(|| format!("nobody listens on {address}"))?;
            let mut after = before.clone();
            wait("a worker to accept a connection", || {
                after = self.accepted(listener)?;
                Ok(after != before)
            })?;
            if after.get(&wanted) != before.get(&wanted) {
                return Ok(stream);
            }
        }
        bail!("500 connections did not reach worker {worker}")
    }

    /// How many connections of a listener each worker accepted.
    fn accepted(&self, listener: &str) -> Result<BTreeMap<String, u64>> {
        let prefix = format!("listener.{listener}.worker_");
        let stats = self.stats(&format!("{prefix}.*downstream_cx_total"))?;
        Ok(stats
            .into_iter()
            .filter(|(name, _)| name.starts_with(&prefix))
            .collect())
    }

    /// A counter or gauge; 0 when Envoy does not have it (yet).
    ///
    /// # Errors
    /// When Envoy does not answer.
    pub fn counter(&self, name: &str) -> Result<u64> {
        Ok(self.stats(name)?.get(name).copied().unwrap_or_default())
    }

    /// The counters and gauges whose names match a regular expression.
    ///
    /// # Errors
    /// When Envoy does not answer.
    pub fn stats(&self, pattern: &str) -> Result<BTreeMap<String, u64>> {
        let text = self.envoy.admin(&format!("/stats?filter={pattern}"))?;
        let lines = text.lines().filter_map(|line| line.rsplit_once(": "));
        Ok(lines
            .filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?)))
            .collect())
    }

    /// GET on the admin interface.
    ///
    /// # Errors
    /// When the answer is not 200.
    pub fn admin(&self, path: &str) -> Result<String> {
        self.envoy.admin(path)
    }

    /// What Envoy logged so far, plugins and accesses included.
    #[must_use]
    pub fn log(&self) -> String {
        self.envoy.log()
    }

    /// The line in the access log of the request with this `x-request-id`.
    ///
    /// # Errors
    /// When it is never logged.
    pub fn access(&self, id: &str) -> Result<String> {
        let start = format!("access id={id} ");
        let mut found = None;
        wait("an access to be logged", || {
            found = self
                .log()
                .lines()
                .find(|line| line.starts_with(&start))
                .map(str::to_owned);
            Ok(found.is_some())
        })?;
        found.context("no access")
    }

    /// Resident memory, in KiB.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn memory(&self) -> Result<u64> {
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.envoy.pid())).context("no /proc")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        number.context("no VmRSS")
    }

    /// What Envoy says of modules that trapped; nothing, when none did.
    #[must_use]
    pub fn traps(&self) -> Vec<String> {
        let log = self.log();
        let signs = [
            "in-VM backtrace",
            "Uncaught RuntimeError",
            "wasm_fail_stream",
            "unreachable",
        ];
        log.lines()
            .filter(|line| signs.iter().any(|sign| line.contains(sign)))
            .map(str::to_owned)
            .collect()
    }
}

/// Asks again and again until the answer is yes.
///
/// # Errors
/// When it does not become yes, or asking fails.
pub fn wait(what: &str, mut ask: impl FnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now().checked_add(PATIENCE);
    while !ask()? {
        if deadline.is_none_or(|end| Instant::now() > end) {
            bail!("waited {} s in vain for {what}", PATIENCE.as_secs());
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}
