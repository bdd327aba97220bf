//! Scenario files in a real proxy.
//!
//! The same files that run natively and in a Wasm engine, looked at from outside: a client, an upstream and the services that are
//! called out to, all held by the test. What a proxy cannot be made to do is left out, and [`left_out`] says why.
//!
//! A real clock goes on while a test works, and on a busy machine it goes on far. A scenario that does not come out is therefore
//! played again in a new proxy, [`ATTEMPTS`] times in all; a fault of the plugin comes out every time.

mod expectations;
mod left_out;
mod messages;
mod needs;
mod streams;
mod wire;

pub use left_out::left_out;

use crate::envoy::bootstrap::{Filter, Setup};
use crate::envoy::held::Servers;
use crate::envoy::http::Client;
use crate::envoy::proxy::{Proxy, Version, wait};
use crate::envoy::scenario::needs::{clusters, speaks_grpc, written};
use crate::envoy::scenario::streams::Streams;
use crate::modules::Built;
use anyhow::{Context, Result, anyhow, bail, ensure};
use simulator::scenario::expected::{Counts, Expect};
use simulator::scenario::file::{Scenario, Step};
use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

/// How often a scenario is played before it has failed.
pub const ATTEMPTS: u32 = 3;

/// The listener that clients speak to.
const LISTENER: &str = "main";

/// The server behind the proxy.
const UPSTREAM: &str = "upstream";

/// How long something that must not happen is waited for.
const QUIET: Duration = Duration::from_millis(30);

/// A scenario on its way.
struct Play<'a> {
    module: &'a Built,
    setup: Setup,
    proxy: Proxy,
    servers: Servers,
    streams: Streams,
    /// Connections for repeated requests, by worker.
    clients: BTreeMap<usize, Client>,
    /// The configuration that is taken.
    configuration: Option<String>,
    began: Instant,
    /// How many call-outs, and how much of the log, were already looked at.
    calls_seen: usize,
    log_seen: usize,
}

/// Plays a scenario that is not left out on a built module.
///
/// # Errors
/// What did not come out as expected, in words.
pub fn play(version: Version, module: &Built, scenario: &Scenario) -> Result<()> {
    let mut failed = Vec::new();
    for _ in 0..ATTEMPTS {
        match once(version, module, scenario) {
            Ok(()) => return Ok(()),
            Err(error) => failed.push(format!("{error:#}")),
        }
    }
    Err(anyhow!("{}", failed.join("\n  and again: ")))
}

fn once(version: Version, module: &Built, scenario: &Scenario) -> Result<()> {
    let mut play = Play::start(version, module, scenario)?;
    play.configure(&written(scenario)?, scenario.refused.as_deref())
        .context("configuration")?;
    play.began = Instant::now();
    for (index, step) in scenario.steps.iter().enumerate() {
        play.step(step)
            .with_context(|| format!("step {}", index.saturating_add(1)))?;
    }
    play.streams.end();
    let traps = play.proxy.traps();
    ensure!(traps.is_empty(), "the module trapped: {}", traps.join("\n"));
    Ok(())
}

impl<'a> Play<'a> {
    fn start(version: Version, module: &'a Built, scenario: &Scenario) -> Result<Self> {
        let mut servers = Servers::default();
        let mut setup = Setup::new(servers.start(UPSTREAM)?);
        setup = setup.workers(scenario.workers.unwrap_or(1)).discovered();
        let grpc = speaks_grpc(scenario);
        for name in clusters(scenario) {
            let server = servers.start(&name)?;
            setup = if grpc {
                setup.grpc(&name, server)
            } else {
                setup.cluster(&name, server)
            };
        }
        Ok(Self {
            module,
            proxy: Proxy::start(version, &setup)?,
            setup,
            servers,
            streams: Streams::default(),
            clients: BTreeMap::new(),
            configuration: None,
            began: Instant::now(),
            calls_seen: 0,
            log_seen: 0,
        })
    }

    /// Gives the plugin a configuration, which is taken, or refused for these mistakes.
    fn configure(&mut self, configuration: &str, refused: Option<&[String]>) -> Result<()> {
        self.log_seen = self.proxy.log().len();
        let filter = Filter::wasm("weft-test", &self.module.module, configuration);
        let before = self
            .proxy
            .counter("listener_manager.listener_create_success")?;
        let updated = self
            .proxy
            .counter("listener_manager.listener_in_place_updated")?;
        let taken = self
            .proxy
            .replace(&self.setup.clone().listener(LISTENER, &[filter]))?;
        let found = (!taken).then(|| self.mistakes());
        ensure!(
            found.as_deref() == refused,
            "expected it to be refused for {refused:?}, it was for {found:?}"
        );
        if !taken {
            return Ok(());
        }
        if self
            .configuration
            .replace(configuration.to_owned())
            .as_deref()
            == Some(configuration)
        {
            // Envoy sees that nothing changed.
            return Ok(());
        }
        // Each worker takes it on its own time; old connections keep the old one.
        self.clients.clear();
        wait("the workers to take the configuration", || {
            let workers = u64::try_from(self.setup.workers).context("too many workers")?;
            let created = self
                .proxy
                .counter("listener_manager.listener_create_success")?;
            let in_place = self
                .proxy
                .counter("listener_manager.listener_in_place_updated")?;
            Ok(created >= before.saturating_add(workers) || in_place > updated)
        })?;
        thread::sleep(QUIET);
        Ok(())
    }

    fn mistakes(&self) -> Vec<String> {
        let log = self.new_log();
        let lines = log
            .lines()
            .filter_map(|line| line.split_once("configuration refused: "));
        lines.map(|(_, mistake)| mistake.to_owned()).collect()
    }

    fn new_log(&self) -> String {
        self.proxy
            .log()
            .get(self.log_seen..)
            .unwrap_or_default()
            .to_owned()
    }

    fn step(&mut self, step: &Step) -> Result<()> {
        self.pass_time(step);
        self.act(step)?;
        for (name, expected) in &step.others {
            self.expect(name, expected)
                .with_context(|| format!("stream {name}"))?;
        }
        self.calls(step)?;
        self.metrics(step)?;
        self.logs(step)
    }

    fn pass_time(&self, step: &Step) {
        if let Some(at) = step.at {
            thread::sleep(at.0.saturating_sub(self.began.elapsed()));
        }
        if let Some(after) = step.after {
            thread::sleep(after.0);
        }
    }

    fn act(&mut self, step: &Step) -> Result<()> {
        if let Some(request) = &step.request {
            if let Some(times) = step.repeat {
                return self.repeated(request.worker, step, times);
            }
            let name = self.streams.send(&self.proxy, request)?;
            return self.expected(&name, step);
        }
        if let Some(part) = &step.request_body {
            let name = self.streams.send_part(&self.servers, part)?;
            return self.expected(&name, step);
        }
        if let Some(trailers) = &step.request_trailers {
            let name = self.streams.send_trailers(&self.servers, trailers)?;
            return self.expected(&name, step);
        }
        if let Some(response) = &step.response {
            let name = self.streams.respond(&self.servers, response)?;
            return self.expected(&name, step);
        }
        if let Some(part) = &step.response_body {
            let name = self.streams.respond_part(&self.servers, part)?;
            return self.expected(&name, step);
        }
        if let Some(trailers) = &step.response_trailers {
            let name = self.streams.respond_trailers(&self.servers, trailers)?;
            return self.expected(&name, step);
        }
        if let Some(name) = &step.finish {
            self.streams.finish(name)?;
        }
        if let Some(answer) = &step.answer {
            self.answer(answer)?;
        }
        match &step.configure {
            Some(configuration) => {
                self.configure(&configuration.to_string(), step.refused.as_deref())
            }
            None => Ok(()),
        }
    }

    fn expected(&self, name: &str, step: &Step) -> Result<()> {
        let expected = step
            .expect
            .as_ref()
            .context("what is expected of it? `expect` is missing")?;
        self.expect(name, expected)
    }

    /// Sends a request again and again on one connection, and counts what becomes of it.
    fn repeated(&mut self, worker: usize, step: &Step, times: u32) -> Result<()> {
        let (
            Some(request),
            Some(Expect::Counts(Counts {
                admitted,
                refused,
                reply,
            })),
        ) = (&step.request, &step.expect)
        else {
            bail!("`repeat` needs `expect` with `admitted` and `refused`");
        };
        self.servers.answer_alone(true);
        let mut client = match self.clients.remove(&worker) {
            Some(client) => client,
            None => Client::on(self.proxy.connect_to(LISTENER, worker)?)?,
        };
        let (mut passed, mut replies) = (0_u32, Vec::new());
        for _ in 0..times {
            let (id, bytes) = self.streams.encoded(request);
            client.write(&bytes)?;
            let response = client.response(request.method.as_deref() == Some("HEAD"))?;
            if messages::passed_through(&response) {
                passed = passed.saturating_add(1);
            } else {
                replies.push((id, response));
            }
            step.every.iter().for_each(|pause| thread::sleep(pause.0));
        }
        self.clients.insert(worker, client);
        self.servers.answer_alone(false);
        let refusals = u32::try_from(replies.len()).context("too many to count")?;
        ensure!(
            (passed, refusals) == (*admitted, *refused),
            "expected {admitted} admitted and {refused} refused, seen {passed} and {refusals}"
        );
        // Only now, since looking into the access log takes time, in which buckets fill.
        if let Some(wanted) = reply {
            for (id, response) in &replies {
                self.check_reply(id, response, wanted)?;
            }
        }
        Ok(())
    }
}
