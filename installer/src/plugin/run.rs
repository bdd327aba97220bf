//! `weft plugin run`: plugins in an Envoy on this machine, with no Kubernetes.
//!
//! A configuration is checked by the plugin's own code before Envoy gets it. When a file changes, it is checked again and
//! only then handed over; one that is refused is reported, and the old one keeps serving. Envoy and every file that it
//! needs end with this process, however it ends.

mod admin;
pub mod bootstrap;
mod envoy;
pub mod guard;
pub mod logs;
mod scratch;
mod slot;
mod watch;

pub use admin::get;
pub use slot::Wanted;

use super::echo;
use crate::environment::Environment;
use crate::failure::{Exit, ExitWith as _, Failure, Outcome};
use crate::output::{Format, Output, Report, Style, Table};
use crate::registry::Registry;
use anyhow::Context as _;
use bootstrap::{Plan, Upstream, bootstrap};
use envoy::Envoy;
use logs::Level;
use scratch::Scratch;
use serde::Serialize;
use slot::Slot;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How often files are looked at.
const TICK: Duration = Duration::from_millis(200);
/// Where distributions keep the authorities that they trust.
const AUTHORITIES: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// What to run, and how.
#[derive(Clone, Debug)]
pub struct Request {
    /// The plugins, in order.
    pub plugins: Vec<Wanted>,
    /// Where Envoy listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where Envoy's own interface is.
    pub admin: SocketAddr,
    /// The URL of the server behind; by default an echo of ours.
    pub upstream: Option<String>,
    /// Envoy's program.
    pub envoy: Option<PathBuf>,
    /// Its worker threads.
    pub concurrency: u32,
    /// The least bad lines of plugins to show.
    pub log: Level,
}

/// What is running, and where.
#[derive(Debug, Serialize)]
struct Running {
    url: String,
    listen: SocketAddr,
    admin: SocketAddr,
    upstream: String,
    plugins: Vec<Served>,
    envoy: u32,
}

#[derive(Debug, Serialize)]
struct Served {
    name: String,
    version: String,
    configuration: Option<String>,
}

impl Report for Running {
    fn table(&self) -> Table {
        let mut table = Table::new(&["URL", "PLUGINS", "UPSTREAM"]).wide(&["ADMIN", "ENVOY"]);
        let plugins: Vec<_> = self
            .plugins
            .iter()
            .map(|plugin| plugin.name.as_str())
            .collect();
        table.row([
            self.url.clone().into(),
            plugins.join(",").into(),
            self.upstream.clone().into(),
            format!("http://{}", self.admin).into(),
            format!("pid {}", self.envoy).into(),
        ]);
        table
    }

    fn names(&self) -> Vec<String> {
        vec![self.url.clone()]
    }
}

/// Runs until it is stopped: 130 after Ctrl-C, 0 after SIGTERM or SIGHUP.
///
/// # Errors
/// When a plugin or its configuration is refused, Envoy is missing, or Envoy ends by itself.
pub async fn run(
    request: Request,
    registry: &Registry,
    environment: &Environment,
    output: &Output,
) -> Outcome {
    let mut signals = Signals::new()?;
    let mut chain = tokio::select! {
        exit = signals.next() => return Ok(exit),
        started = start(request, registry, environment, output) => started?,
    };
    let exit = tokio::select! {
        exit = signals.next() => Ok(exit),
        failure = chain.follow(output) => Err(failure),
    };
    chain.envoy.stop().await;
    exit
}

/// Everything that runs. Fields are dropped in order, Envoy before its files.
struct Chain {
    envoy: Envoy,
    slots: Vec<Slot>,
    admin: SocketAddr,
    _scratch: Scratch,
}

async fn start(
    request: Request,
    registry: &Registry,
    environment: &Environment,
    output: &Output,
) -> Result<Chain, Failure> {
    let program = envoy::find(request.envoy.as_deref(), environment)?;
    free(request.listen)?;
    let mut slots = slot::load(request.plugins, registry, environment).await?;
    let upstream = upstream(request.upstream.as_deref(), environment).await?;
    let scratch = Scratch::new(&environment.path("TMPDIR").unwrap_or_else(|| "/tmp".into()))?;
    let mut filters = Vec::new();
    for (index, slot) in slots.iter_mut().enumerate() {
        filters.push((slot.name().to_owned(), slot.install(scratch.path(), index)?));
    }
    let plan = Plan {
        listen: request.listen,
        admin: request.admin,
        upstream,
        filters,
    };
    let bootstrap = scratch.write("bootstrap.json", bootstrap(&plan).to_string().as_bytes())?;
    let options = envoy::Options {
        program,
        bootstrap,
        concurrency: request.concurrency,
        log: request.log,
    };
    let names = slots.iter().map(|slot| slot.name().to_owned()).collect();
    let mut envoy = Envoy::start(&options, scratch.path(), names, output)?;
    envoy.hush(true);
    let (listen, admin) = envoy.ready().await?;
    announce(
        &running(listen, admin, &plan.upstream, &slots, &envoy),
        output,
    )?;
    envoy.hush(false);
    Ok(Chain {
        envoy,
        slots,
        admin,
        _scratch: scratch,
    })
}

impl Chain {
    /// Hands changes over until Envoy ends.
    async fn follow(&mut self, output: &Output) -> Failure {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                ended = self.envoy.ended() => return ended,
                _ = ticks.tick() => {}
            }
            for slot in self.slots.iter_mut().filter_map(Slot::if_changed) {
                self.envoy.hush(true);
                match slot.reload(self.admin).await {
                    Ok(None) => {}
                    Ok(Some(what)) => output.mark(Style::Good, "reloaded:", what),
                    Err(refusal) => {
                        output.failure(&refusal);
                        output.mark(
                            Style::Warn,
                            "kept:",
                            format!("{} serves on as before", slot.name()),
                        );
                    }
                }
                self.envoy.hush(false);
            }
        }
    }
}

/// One line of JSON, so that a program that reads lines need not guess where it ends; the process goes on.
fn announce(running: &Running, output: &Output) -> Result<(), Failure> {
    if output.settings().format == Format::Json {
        let line =
            serde_json::to_string(running).context("cannot write the result as JSON")? + "\n";
        output.raw(line.as_bytes())?;
    } else {
        output.report(running)?;
    }
    output.mark(
        Style::Good,
        "ready:",
        format!("try `curl -i {}`; Ctrl-C stops", running.url),
    );
    Ok(())
}

fn running(
    listen: SocketAddr,
    admin: SocketAddr,
    upstream: &Upstream,
    slots: &[Slot],
    envoy: &Envoy,
) -> Running {
    Running {
        url: format!("http://{listen}"),
        listen,
        admin,
        upstream: format!("{}:{}", upstream.host, upstream.port),
        plugins: slots
            .iter()
            .map(|slot| Served {
                name: slot.name().to_owned(),
                version: slot.version().to_owned(),
                configuration: slot.file().map(|file| file.display().to_string()),
            })
            .collect(),
        envoy: envoy.pid(),
    }
}

async fn upstream(url: Option<&str>, environment: &Environment) -> Result<Upstream, Failure> {
    let Some(url) = url else {
        return Ok(Upstream::at(echo::start().await?));
    };
    let system = AUTHORITIES
        .into_iter()
        .map(Path::new)
        .find(|file| file.is_file());
    let named = environment.path("SSL_CERT_FILE");
    Upstream::parse(url, named.as_deref().or(system))
        .map_err(|wrong| Failure::text(Exit::Usage, format!("--upstream {url}: {wrong}")))
}

/// Envoys share a port without a word, and half of the requests would go to another one's plugins.
fn free(listen: SocketAddr) -> Result<(), Failure> {
    let port = std::net::TcpListener::bind(listen);
    let text = || format!("cannot listen on {listen}: --listen 127.0.0.1:0 takes a free port");
    port.map(drop).with_context(text).exit_with(Exit::Usage)
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Exit {
        tokio::select! {
            _ = self.interrupt.recv() => Exit::Interrupted,
            _ = self.terminate.recv() => Exit::Ok,
            _ = self.hangup.recv() => Exit::Ok,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_named_before_envoy_shares_it() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let error = free(address).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert!(error.to_string().contains(&address.to_string()), "{error}");
        drop(taken);
        free(address).unwrap();
    }

    #[tokio::test]
    async fn a_wrong_upstream_is_the_command_lines_fault() {
        let error = upstream(Some("shop"), &Environment::default())
            .await
            .unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert!(
            error
                .to_string()
                .starts_with("--upstream shop: write http://HOST:PORT"),
            "{error}"
        );
    }
}
