//! What is seen of a scenario from outside, and whether it is what was expected.

use crate::envoy::held::Arrival;
use crate::envoy::http::{Fields, Response};
use crate::envoy::proxy::wait;
use crate::envoy::scenario::messages::{at_upstream, call, passed, replied, returned, status};
use crate::envoy::scenario::streams::Stream;
use crate::envoy::scenario::{Play, QUIET, UPSTREAM};
use anyhow::{Context, Result, anyhow, bail, ensure};
use simulator::Seen;
use simulator::scenario::check;
use simulator::scenario::expected::{Expect, LogsBoth, LogsExpected, ReplyExpected, Word};
use simulator::scenario::file::{AnswerStep, Step};
use std::thread;

impl Play<'_> {
    /// Whether a stream is, or soon will be, as expected.
    pub(super) fn expect(&self, name: &str, expected: &Expect) -> Result<()> {
        let stream = self.streams.stream(name)?;
        if matches!(expected, Expect::Word(Word::Waiting)) {
            thread::sleep(QUIET);
            return check::message(&self.seen(stream)?, expected).map_err(|what| anyhow!(what));
        }
        let mut said = String::new();
        let came = wait("it", || {
            said = check::message(&self.seen(stream)?, expected)
                .err()
                .unwrap_or_default();
            Ok(said.is_empty())
        });
        came.map_err(|error| {
            if said.is_empty() {
                error
            } else {
                anyhow!(said)
            }
        })
    }

    /// What became of the newest message of a stream so far.
    fn seen(&self, stream: &Stream) -> Result<Seen> {
        let client = stream.received();
        let arrival = stream.arrived(&self.servers);
        match (client.head, arrival) {
            (Some((start, headers)), arrival) => {
                let passes = arrival.is_some() && stream.answered;
                self.answered(stream, (&start, headers), passes)
            }
            (None, _) if client.broken => Ok(Seen::Reset),
            (None, Some(_)) if stream.answered => Ok(Seen::Waiting),
            (None, Some(arrival)) => Ok(at_upstream(stream, &arrival)),
            (None, None) => Ok(Seen::Waiting),
        }
    }

    /// The client has the head of an answer: the upstream's, or the proxy's own.
    fn answered(
        &self,
        stream: &Stream,
        (start, headers): (&str, Fields),
        passes: bool,
    ) -> Result<Seen> {
        let received = stream.received();
        if received.broken {
            return Ok(Seen::Reset);
        }
        if !received.end {
            let goes_on = passes && stream.newest.passed_a_part(&received);
            return Ok(if goes_on {
                Seen::Continue(passed(start, headers, received))
            } else {
                Seen::Waiting
            });
        }
        let details = self.details(&stream.id)?;
        if passes && details == "via_upstream" {
            return Ok(Seen::Continue(passed(start, headers, received)));
        }
        let status = status(start)?;
        Ok(Seen::Reply(replied(
            &Response {
                status,
                headers,
                body: received.body,
            },
            details,
        )))
    }

    /// Whether an answer is this reply of the proxy's own.
    pub(super) fn check_reply(
        &self,
        id: &str,
        response: &Response,
        wanted: &ReplyExpected,
    ) -> Result<()> {
        let seen = Seen::Reply(replied(response, self.details(id)?));
        check::reply(&seen, wanted).map_err(|what| anyhow!(what))
    }

    fn details(&self, id: &str) -> Result<String> {
        let access = self.proxy.access(id)?;
        let (_, rest) = access
            .split_once(" details=")
            .context("no details in the access log")?;
        Ok(rest.split(' ').next().unwrap_or_default().to_owned())
    }

    /// Whether the call-outs that were made since they were last asked for are the expected ones.
    pub(super) fn calls(&mut self, step: &Step) -> Result<()> {
        let Some(wanted) = &step.calls else {
            return Ok(());
        };
        let expected = self.calls_seen.saturating_add(wanted.len());
        wait("call-outs to be made", || {
            Ok(self
                .called()
                .iter()
                .filter(|call| call.received().end)
                .count()
                >= expected)
        })?;
        thread::sleep(QUIET);
        let called = self.called();
        ensure!(
            called.len() == expected,
            "expected {} call-outs, seen {}",
            wanted.len(),
            called.len().saturating_sub(self.calls_seen)
        );
        for (arrival, wanted) in called.iter().skip(self.calls_seen).zip(wanted) {
            check::call(&call(arrival, wanted.service.is_some()), wanted)
                .map_err(|what| anyhow!(what))?;
        }
        self.calls_seen = expected;
        Ok(())
    }

    fn called(&self) -> Vec<Arrival> {
        let mut arrived = self.servers.arrived();
        arrived.retain(|arrival| arrival.server != UPSTREAM);
        arrived
    }

    /// Answers a call-out.
    pub(super) fn answer(&self, step: &AnswerStep) -> Result<()> {
        let mut found = None;
        wait("the call-out that is answered", || {
            let called = self.called();
            found = match step.call {
                Some(index) => called.get(index).cloned(),
                None => called.into_iter().find(|call| !call.is_answered()),
            };
            Ok(found.is_some())
        })?;
        let call = found.context("there is none")?;
        if step.fails {
            call.break_off();
            return Ok(());
        }
        call.send(&returned(step)?, true)
    }

    /// Whether metrics have, or soon will have, these values.
    pub(super) fn metrics(&self, step: &Step) -> Result<()> {
        for (name, wanted) in &step.metrics {
            let mut found = None;
            let came = wait("a metric", || {
                found = self.metric(name)?;
                Ok(found == *wanted)
            });
            came.map_err(|_| anyhow!("expected metric {name} to be {wanted:?}, seen {found:?}"))?;
        }
        Ok(())
    }

    /// A counter or a gauge, or how many values a histogram has.
    fn metric(&self, name: &str) -> Result<Option<u64>> {
        let full = format!("wasmcustom.{name}");
        if let Some(value) = self.proxy.stats(&full)?.get(&full) {
            return Ok(Some(*value));
        }
        let text = self
            .proxy
            .admin(&format!("/stats/prometheus?filter={full}"))?;
        let prefix = format!("{}_count{{}} ", name.replace(['.', '-'], "_"));
        Ok(text
            .lines()
            .find_map(|line| line.strip_prefix(&prefix)?.parse().ok()))
    }

    /// Whether the log says, or soon will say, what is expected since it was last asked for.
    pub(super) fn logs(&mut self, step: &Step) -> Result<()> {
        let both = match &step.logs {
            None => return Ok(()),
            Some(LogsExpected::With(with)) => LogsBoth {
                with: with.clone(),
                without: Vec::new(),
            },
            Some(LogsExpected::Both(both)) => both.clone(),
        };
        for text in &both.with {
            wait("a line in the log", || Ok(self.new_log().contains(text))).map_err(|_| {
                anyhow!("expected a log line with {text:?}, seen {}", self.new_log())
            })?;
        }
        if !both.without.is_empty() {
            thread::sleep(QUIET);
        }
        let log = self.new_log();
        self.log_seen = self.log_seen.saturating_add(log.len());
        match both.without.iter().find(|text| log.contains(*text)) {
            Some(unwanted) => bail!("expected no log line with {unwanted:?}, seen {log}"),
            None => Ok(()),
        }
    }
}
