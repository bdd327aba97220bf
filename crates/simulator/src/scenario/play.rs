//! Playing a scenario.

mod sent;
mod steps;

use std::collections::BTreeMap;
use std::time::Duration;

use super::check;
use super::expected::{Counts, Expect, LogsBoth, LogsExpected};
use super::file::{RequestStep, Scenario, Step};
use crate::engine::Engine;
use crate::exchange::{Seen, StreamId};
use crate::simulator::{Refused, Simulator};
use crate::world::START;

/// A scenario on its way.
struct Play {
    simulator: Simulator,
    streams: BTreeMap<String, StreamId>,
    newest: Option<StreamId>,
    /// How many call-outs and log lines were already looked at.
    calls_seen: usize,
    lines_seen: usize,
}

/// Plays `scenario` on `engine`.
pub(super) fn run(scenario: &Scenario, engine: Box<dyn Engine>) -> Result<(), String> {
    if scenario.refused.is_none() && !scenario.steps.iter().any(expects) {
        return Err("nothing is expected, so it would always pass".to_owned());
    }
    let mut play = Play {
        simulator: Simulator::boxed(engine, scenario.workers.unwrap_or(1)),
        streams: BTreeMap::new(),
        newest: None,
        calls_seen: 0,
        lines_seen: 0,
    };
    play.simulator.world_mut().random =
        crate::world::Random::new(scenario.seed.unwrap_or_default());
    let configured = play.simulator.configure(&written(scenario)?);
    refusal(configured, scenario.refused.as_deref())
        .map_err(|what| format!("configuration: {what}"))?;
    for (index, step) in scenario.steps.iter().enumerate() {
        let number = index.saturating_add(1);
        play.step(step)
            .map_err(|what| format!("step {number} ({}): {what}", steps::name(step)))?;
    }
    play.end().map_err(|what| format!("at the end: {what}"))
}

fn expects(step: &Step) -> bool {
    step.expect.is_some()
        || step.refused.is_some()
        || step.calls.is_some()
        || step.logs.is_some()
        || step.shared_keys.is_some()
        || !step.others.is_empty()
        || !step.metrics.is_empty()
}

fn written(scenario: &Scenario) -> Result<Vec<u8>, String> {
    match (&scenario.config, &scenario.config_text) {
        (Some(_), Some(_)) => Err("both `config` and `config_text` are there".to_owned()),
        (Some(config), None) => serde_json::to_vec(config).map_err(|error| error.to_string()),
        (None, text) => Ok(text.clone().unwrap_or_default().into_bytes()),
    }
}

/// Whether a configuration was taken or refused as expected.
fn refusal(configured: Result<(), Refused>, wanted: Option<&[String]>) -> Result<(), String> {
    let found = configured.err().map(|refused| refused.mistakes);
    if found.as_deref() == wanted {
        return Ok(());
    }
    let shown = |mistakes: Option<&[String]>| match mistakes {
        None => "that it is taken".to_owned(),
        Some(mistakes) => format!("that it is refused for\n    {}", mistakes.join("\n    ")),
    };
    Err(format!(
        "expected {}\n  seen {}",
        shown(wanted),
        shown(found.as_deref())
    ))
}

impl Play {
    fn step(&mut self, step: &Step) -> Result<(), String> {
        self.move_clock(step)?;
        self.act(step)?;
        self.others(step)?;
        self.calls(step)?;
        self.metrics(step)?;
        self.logs(step)?;
        self.shared_keys(step)?;
        self.problems()
    }

    fn move_clock(&mut self, step: &Step) -> Result<(), String> {
        let since = self.simulator.world().now.saturating_sub(START);
        let at = step
            .at
            .map_or(Some(Duration::ZERO), |at| at.0.checked_sub(since));
        let by = at.ok_or_else(|| format!("`at` lies in the past: {since:?} have gone by"))?;
        let after = step.after.map_or(Duration::ZERO, |after| after.0);
        self.simulator
            .advance(by.saturating_add(after))
            .map_err(|misuse| misuse.to_string())
    }

    /// What Envoy would punish fails a scenario, whatever it expects.
    fn problems(&self) -> Result<(), String> {
        match self.simulator.take_problems().as_slice() {
            [] => Ok(()),
            problems => Err(problems.join("; ")),
        }
    }

    fn others(&self, step: &Step) -> Result<(), String> {
        for (name, expected) in &step.others {
            let id = self.stream(Some(name))?;
            check::stream(&self.simulator, id, expected)
                .map_err(|what| format!("stream {name}: {what}"))?;
        }
        Ok(())
    }

    fn calls(&mut self, step: &Step) -> Result<(), String> {
        let Some(wanted) = &step.calls else {
            return Ok(());
        };
        let made = self.simulator.world().calls.made().len();
        let from = std::mem::replace(&mut self.calls_seen, made);
        let world = self.simulator.world();
        let found = world.calls.made().get(from..).unwrap_or_default();
        if found.len() != wanted.len() {
            return Err(format!(
                "expected {} call-outs, seen {}: {found:?}",
                wanted.len(),
                found.len()
            ));
        }
        for (index, (found, wanted)) in found.iter().zip(wanted).enumerate() {
            let number = from.saturating_add(index);
            check::call(found, wanted).map_err(|what| format!("call-out {number}: {what}"))?;
        }
        Ok(())
    }

    fn metrics(&self, step: &Step) -> Result<(), String> {
        let world = self.simulator.world();
        for (name, wanted) in &step.metrics {
            let found = world.metrics.value(name);
            if found != *wanted {
                let all = world.metrics.all();
                return Err(format!(
                    "expected metric {name} to be {wanted:?}, seen {found:?}; there are {all:?}"
                ));
            }
        }
        Ok(())
    }

    fn logs(&mut self, step: &Step) -> Result<(), String> {
        let both = match &step.logs {
            None => return Ok(()),
            Some(LogsExpected::With(with)) => LogsBoth {
                with: with.clone(),
                without: Vec::new(),
            },
            Some(LogsExpected::Both(both)) => both.clone(),
        };
        let written = self.simulator.world().log.len();
        let from = std::mem::replace(&mut self.lines_seen, written);
        let world = self.simulator.world();
        let lines: Vec<&str> = world
            .log
            .iter()
            .skip(from)
            .map(|line| line.text.as_str())
            .collect();
        let contained = |text: &&String| lines.iter().any(|line| line.contains(text.as_str()));
        if let Some(missing) = both.with.iter().find(|text| !contained(text)) {
            return Err(format!(
                "expected a log line with {missing:?}, seen {lines:?}"
            ));
        }
        match both.without.iter().find(contained) {
            Some(unwanted) => Err(format!(
                "expected no log line with {unwanted:?}, seen {lines:?}"
            )),
            None => Ok(()),
        }
    }

    fn shared_keys(&self, step: &Step) -> Result<(), String> {
        let world = self.simulator.world();
        match step.shared_keys {
            Some(wanted) if wanted != world.shared.len() => {
                let keys: Vec<_> = world.shared.keys().collect();
                Err(format!(
                    "expected {wanted} keys in shared data, seen {}: {keys:?}",
                    keys.len()
                ))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Sends a request many times and counts what became of it.
    fn repeated(&mut self, request: &RequestStep, step: &Step, times: u32) -> Result<(), String> {
        let Some(Expect::Counts(Counts {
            admitted,
            refused,
            reply,
        })) = &step.expect
        else {
            return Err("`repeat` needs `expect` with `admitted` and `refused`".to_owned());
        };
        let request = sent::request(request);
        let (mut passed, mut replied) = (0_u32, 0_u32);
        for _ in 0..times {
            let seen = self
                .simulator
                .roundtrip(&request)
                .map_err(|misuse| misuse.to_string())?;
            match (&seen, reply) {
                (Seen::Continue(_), _) => passed = passed.saturating_add(1),
                (Seen::Reply(_), Some(wanted)) => {
                    check::reply(&seen, wanted)?;
                    replied = replied.saturating_add(1);
                }
                (Seen::Reply(_), None) => replied = replied.saturating_add(1),
                (Seen::Waiting | Seen::Reset, _) => {
                    return Err(format!("seen {}", check::show(&seen)));
                }
            }
            if let Some(pause) = step.every {
                self.simulator
                    .advance(pause.0)
                    .map_err(|misuse| misuse.to_string())?;
            }
        }
        if (passed, replied) == (*admitted, *refused) {
            return Ok(());
        }
        Err(format!(
            "expected {admitted} admitted and {refused} refused, seen {passed} and {replied}"
        ))
    }

    /// Every stream that is left is ended, as it will be in a proxy.
    fn end(&mut self) -> Result<(), String> {
        let mut open: Vec<StreamId> = self.streams.values().copied().chain(self.newest).collect();
        open.sort_unstable();
        open.dedup();
        for id in open {
            if self.simulator.seen(id).is_ok() {
                self.simulator
                    .finish(id)
                    .map_err(|misuse| misuse.to_string())?;
            }
        }
        self.problems()
    }
}
