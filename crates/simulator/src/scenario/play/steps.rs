//! The one thing that happens in a step.

use super::Play;
use super::check;
use super::sent::{request, trailers};
use crate::exchange::{Response, StreamId};
use crate::scenario::expected::Expect;
use crate::scenario::file::{AnswerStep, BodyStep, ForeignStep, RequestStep, ResponseStep, Step};
use crate::scenario::value::Bytes;
use crate::simulator::Misuse;
use crate::status::Status;
use crate::world::{Function, Races, Returned};

/// What a step does, for a message.
pub(super) fn name(step: &Step) -> String {
    if let Some(request) = &step.request {
        let method = request.method.as_deref().unwrap_or("GET");
        let path = request.path.as_ref().map_or(&b"/"[..], |Bytes(path)| path);
        return format!("{method} {}", path.escape_ascii());
    }
    let known = verbs(step).into_iter().find(|(_, there)| *there);
    known.map_or("expectations", |(verb, _)| verb).to_owned()
}

fn verbs(step: &Step) -> Vec<(&'static str, bool)> {
    vec![
        ("request", step.request.is_some()),
        ("request_body", step.request_body.is_some()),
        ("request_trailers", step.request_trailers.is_some()),
        ("response", step.response.is_some()),
        ("response_body", step.response_body.is_some()),
        ("response_trailers", step.response_trailers.is_some()),
        ("finish", step.finish.is_some()),
        ("tick", step.tick.is_some()),
        ("answer", step.answer.is_some()),
        ("fault", step.fault.is_some()),
        ("mend", step.mend.is_some()),
        ("race", step.race.is_some()),
        ("clusters", step.clusters.is_some()),
        ("foreign", step.foreign.is_some()),
        ("configure", step.configure.is_some()),
        ("restart", step.restart.is_some()),
    ]
}

fn words(misuse: &Misuse) -> String {
    misuse.to_string()
}

impl Play {
    pub(super) fn act(&mut self, step: &Step) -> Result<(), String> {
        let done: Vec<_> = verbs(step)
            .into_iter()
            .filter(|(_, there)| *there)
            .map(|(verb, _)| verb)
            .collect();
        if let [first, second, ..] = done.as_slice() {
            return Err(format!(
                "a step does one thing, and this has `{first}` and `{second}`"
            ));
        }
        self.messages(step)?;
        self.events(step)?;
        self.conditions(step)
    }

    fn messages(&mut self, step: &Step) -> Result<(), String> {
        if let Some(sent) = &step.request {
            return match step.repeat {
                Some(times) => self.repeated(sent, step, times),
                None => self.request(sent, step.expect.as_ref()),
            };
        }
        if let Some(sent) = &step.response {
            return self.response(sent, step.expect.as_ref());
        }
        if let Some(part) = &step.request_body {
            let id = self.stream(part.of.as_ref())?;
            let BodyStep {
                bytes: Bytes(bytes),
                end,
                ..
            } = part;
            self.simulator
                .request_body(id, bytes, *end)
                .map_err(|misuse| words(&misuse))?;
            return self.expected(id, step.expect.as_ref());
        }
        if let Some(part) = &step.response_body {
            let id = self.stream(part.of.as_ref())?;
            let BodyStep {
                bytes: Bytes(bytes),
                end,
                ..
            } = part;
            self.simulator
                .response_body(id, bytes, *end)
                .map_err(|misuse| words(&misuse))?;
            return self.expected(id, step.expect.as_ref());
        }
        if let Some(came) = &step.request_trailers {
            let id = self.stream(came.of.as_ref())?;
            let fields = trailers(&came.fields).unwrap_or_default();
            self.simulator
                .request_trailers(id, &fields)
                .map_err(|misuse| words(&misuse))?;
            return self.expected(id, step.expect.as_ref());
        }
        if let Some(came) = &step.response_trailers {
            let id = self.stream(came.of.as_ref())?;
            let fields = trailers(&came.fields).unwrap_or_default();
            self.simulator
                .response_trailers(id, &fields)
                .map_err(|misuse| words(&misuse))?;
            return self.expected(id, step.expect.as_ref());
        }
        match step.expect {
            Some(_) => Err(
                "`expect` is about a request or response, and this step has none: use `then`"
                    .to_owned(),
            ),
            None => Ok(()),
        }
    }

    fn events(&mut self, step: &Step) -> Result<(), String> {
        if let Some(name) = &step.finish {
            let id = self.stream(Some(name))?;
            self.simulator.finish(id).map_err(|misuse| words(&misuse))?;
        }
        if let Some(worker) = step.tick {
            self.simulator
                .tick(worker)
                .map_err(|misuse| words(&misuse))?;
        }
        if let Some(answer) = &step.answer {
            self.answer(answer)?;
        }
        if let Some(worker) = step.restart {
            self.simulator
                .restart(worker)
                .map_err(|misuse| words(&misuse))?;
        }
        if let Some(configuration) = &step.configure {
            let written = serde_json::to_vec(configuration).map_err(|error| error.to_string())?;
            let configured = self.simulator.configure(&written);
            super::refusal(configured, step.refused.as_deref())?;
        }
        Ok(())
    }

    fn conditions(&mut self, step: &Step) -> Result<(), String> {
        let mut world = self.simulator.world_mut();
        if let Some(fault) = &step.fault
            && !world
                .faults
                .fail(&fault.call, Status(fault.status), fault.times)
        {
            return Err(format!(
                "there is no host call {}; there are {}",
                fault.call,
                crate::world::CALLS.join(", ")
            ));
        }
        if step.mend.is_some() {
            world.faults.clear();
        }
        if let Some(race) = &step.race {
            let winner = race.winner.as_ref().map(|Bytes(bytes)| bytes.clone());
            world.shared.race(Races {
                lost: race.lost,
                winner,
                key: race.key.clone(),
            });
        }
        if let Some(clusters) = &step.clusters {
            world.calls.know(clusters.iter().cloned());
        }
        for (name, function) in step.foreign.iter().flatten() {
            match function {
                ForeignStep::Absent => world.foreign.remove(name),
                ForeignStep::Present => world.foreign.add(name, Function::Built),
                ForeignStep::Valid => world.foreign.add(name, Function::Verifies(true)),
                ForeignStep::Invalid => world.foreign.add(name, Function::Verifies(false)),
                ForeignStep::Status(status) => {
                    world.foreign.add(name, Function::Fails(Status(*status)));
                }
            }
        }
        Ok(())
    }

    fn request(&mut self, sent: &RequestStep, expected: Option<&Expect>) -> Result<(), String> {
        let whole = request(sent);
        let (id, _) = if sent.open {
            self.simulator
                .request_headers(&whole)
                .map_err(|misuse| words(&misuse))?
        } else {
            self.simulator
                .request(&whole)
                .map_err(|misuse| words(&misuse))?
        };
        self.newest = Some(id);
        if let Some(name) = &sent.name
            && self.streams.insert(name.clone(), id).is_some()
        {
            return Err(format!("there are two streams with the name {name}"));
        }
        self.expected(id, expected)
    }

    fn response(&mut self, sent: &ResponseStep, expected: Option<&Expect>) -> Result<(), String> {
        let id = self.stream(sent.of.as_ref())?;
        let mut response = Response::new(sent.status.unwrap_or(200));
        for (name, Bytes(value)) in &sent.headers {
            response = response.with(name, value);
        }
        for (path, Bytes(value)) in &sent.properties {
            response = response.property(&path.replace('.', "\0"), value);
        }
        response.body = sent.body.as_ref().map(|Bytes(body)| body.clone());
        response.trailers = trailers(&sent.trailers);
        if sent.open {
            self.simulator
                .response_headers(id, &response)
                .map_err(|misuse| words(&misuse))?;
        } else {
            self.simulator
                .respond(id, &response)
                .map_err(|misuse| words(&misuse))?;
        }
        self.expected(id, expected)
    }

    fn expected(&self, id: StreamId, expected: Option<&Expect>) -> Result<(), String> {
        let missing = || "what is expected of it? `expect` is missing".to_owned();
        check::stream(&self.simulator, id, expected.ok_or_else(missing)?)
    }

    fn answer(&mut self, answer: &AnswerStep) -> Result<(), String> {
        let oldest = self.simulator.world().calls.oldest_open();
        let index = answer.call.or(oldest).ok_or("there is no open call-out")?;
        let returned = match answer {
            AnswerStep { fails: true, .. } => Returned::Nothing,
            AnswerStep {
                grpc_status: Some(status),
                ..
            } => Returned::GrpcStatus(*status),
            AnswerStep {
                message: Some(Bytes(message)),
                ..
            } => Returned::Grpc(message.clone()),
            AnswerStep {
                status,
                headers,
                body,
                ..
            } => {
                let mut response = Response::new(status.unwrap_or(200));
                for (name, Bytes(value)) in headers {
                    response = response.with(name, value);
                }
                let body = body
                    .as_ref()
                    .map(|Bytes(body)| body.clone())
                    .unwrap_or_default();
                Returned::Http {
                    headers: response.fields,
                    body,
                }
            }
        };
        self.simulator
            .answer(index, returned)
            .map_err(|misuse| words(&misuse))
    }

    /// The stream of this name, or the newest.
    pub(super) fn stream(&self, name: Option<&String>) -> Result<StreamId, String> {
        match name {
            Some(name) => self
                .streams
                .get(name)
                .copied()
                .ok_or_else(|| format!("there is no stream {name}")),
            None => self
                .newest
                .ok_or_else(|| "there is no stream yet".to_owned()),
        }
    }
}
