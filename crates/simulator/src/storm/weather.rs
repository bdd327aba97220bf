//! One event after the other.

use std::time::Duration;

use super::odd::{field, path, trailers, visible};
use super::{Script, line};
use crate::exchange::{Request, Response, Seen, StreamId};
use crate::simulator::{Misuse, Simulator};
use crate::world::{Asked, Races, Returned};

/// How long the last message may be held after the storm.
const AFTER: Duration = Duration::from_hours(24);

pub(super) struct Weather {
    pub(super) simulator: Simulator,
    pub(super) configuration: Vec<u8>,
    open: Vec<StreamId>,
    trace: Vec<String>,
}

impl Weather {
    pub(super) const fn new(simulator: Simulator, configuration: Vec<u8>) -> Self {
        Self {
            simulator,
            configuration,
            open: Vec::new(),
            trace: Vec::new(),
        }
    }

    pub(super) fn event(&mut self, script: &mut Script<'_>) -> Result<(), String> {
        match script.below(18) {
            0..=3 => self.request(script),
            4 | 5 => self.respond(script),
            6..=8 => self.body(script),
            9..=11 => self.answer(script),
            12 => self.tick(script),
            13 => self.time(script),
            14 => self.fault(script),
            15 => self.abilities(script),
            16 => self.finish(script),
            _ => self.change(script),
        }
        self.checked("in the storm")
    }

    fn checked(&self, when: &str) -> Result<(), String> {
        match self.simulator.take_problems().as_slice() {
            [] => Ok(()),
            problems => Err(format!(
                "{when}: {}\n{}",
                problems.join("; "),
                self.trace.join("\n")
            )),
        }
    }

    /// What the script asked for and could not be is a line of the trace.
    pub(super) fn note(&mut self, done: Result<(), Misuse>) {
        self.trace
            .extend(done.err().map(|misuse| misuse.to_string()));
    }

    fn see(&mut self, id: StreamId) {
        if let Ok(seen) = self.simulator.seen(id) {
            self.trace.push(format!("{} {}", id.0, line(&seen)));
        }
    }

    fn request(&mut self, script: &mut Script<'_>) {
        let workers = u8::try_from(self.simulator.workers()).unwrap_or(u8::MAX);
        let method = script.choose(&["GET", "POST", "HEAD", "", "\u{7f}", "PATCH"]);
        let mut request = Request::new(method, "/").on(usize::from(script.below(workers)));
        request.fields.set(":path", &path(script));
        for _ in 0..script.below(6) {
            let (name, value) = field(script);
            request = request.with(name, value);
        }
        if script.below(3) == 0 {
            request =
                request.from(script.choose(&["", "[::1]:1", "10.0.0.2:9", "pipe", "256.1.1.1:x"]));
        }
        if script.below(4) == 0 {
            request.properties.clear();
        }
        let sent = if script.below(3) == 0 {
            self.simulator.request_headers(&request)
        } else {
            request.body = (script.below(2) == 0).then(|| script.bytes(40));
            request.trailers = (script.below(6) == 0).then(|| trailers(script));
            self.simulator.request(&request)
        };
        if let Ok((id, _)) = sent {
            self.open.push(id);
            self.see(id);
        }
        self.note(sent.map(drop));
    }

    /// Any stream, but half of the time the newest: an exchange is to get somewhere.
    fn stream(&self, script: &mut Script<'_>) -> Option<StreamId> {
        let choice = script.byte();
        let index = usize::from(choice >> 1).checked_rem(self.open.len())?;
        if choice & 1 == 0 {
            self.open.last().copied()
        } else {
            self.open.get(index).copied()
        }
    }

    fn respond(&mut self, script: &mut Script<'_>) {
        let Some(id) = self.stream(script) else {
            return;
        };
        let mut response = Response::new(script.choose(&[200, 204, 301, 404, 500, 599]));
        for _ in 0..script.below(5) {
            let (name, value) = field(script);
            response = response.with(name, value);
        }
        // Out of turn where the request did not pass; that is the script's fault and nobody's else.
        let began = if script.below(3) == 0 {
            self.simulator.response_headers(id, &response)
        } else {
            response.body = (script.below(2) == 0).then(|| script.bytes(40));
            response.trailers = (script.below(6) == 0).then(|| trailers(script));
            self.simulator.respond(id, &response)
        };
        if began.is_ok() {
            self.see(id);
        }
    }

    fn body(&mut self, script: &mut Script<'_>) {
        let Some(id) = self.stream(script) else {
            return;
        };
        let part = match script.below(10) {
            0 => vec![b'a'; 600_000],
            _ => script.bytes(60),
        };
        let (end, trails) = match script.below(5) {
            0 | 1 => (true, false),
            2 => (false, true),
            _ => (false, false),
        };
        let trailers = trailers(script);
        let came = match (script.below(2), trails) {
            (0, false) => self.simulator.request_body(id, &part, end),
            (0, true) => self.simulator.request_trailers(id, &trailers),
            (_, false) => self.simulator.response_body(id, &part, end),
            (_, true) => self.simulator.response_trailers(id, &trailers),
        };
        if came.is_ok() {
            self.see(id);
        }
    }

    fn answer(&mut self, script: &mut Script<'_>) {
        let open: Vec<usize> = {
            let world = self.simulator.world();
            let calls = world.calls.made().iter().enumerate();
            calls
                .filter(|(_, call)| call.open)
                .map(|(index, _)| index)
                .collect()
        };
        let count = u8::try_from(open.len()).unwrap_or(u8::MAX);
        let Some(index) = open.get(usize::from(script.below(count))).copied() else {
            return;
        };
        let http = self
            .simulator
            .world()
            .calls
            .made()
            .get(index)
            .is_some_and(|call| matches!(call.asked, Asked::Http { .. }));
        let returned = match (script.below(4), http) {
            (0, _) => Returned::Nothing,
            (3, _) => Returned::Broken,
            (_, true) => {
                let mut response =
                    Response::new(script.choose(&[200, 200, 200, 401, 403, 500, 304]));
                for _ in 0..script.below(4) {
                    let (name, value) = field(script);
                    response = response.with(name, value);
                }
                Returned::Http {
                    headers: response.fields,
                    body: visible(script.bytes(60)),
                }
            }
            (1, false) => Returned::GrpcStatus(u32::from(script.byte())),
            (_, false) => Returned::Grpc(visible(script.bytes(60))),
        };
        let answered = self.simulator.answer(index, returned);
        self.note(answered);
        self.see_all();
    }

    fn see_all(&mut self) {
        for id in self.open.clone() {
            self.see(id);
        }
    }

    fn tick(&mut self, script: &mut Script<'_>) {
        let workers = u8::try_from(self.simulator.workers()).unwrap_or(u8::MAX);
        let worker = usize::from(script.below(workers));
        // Whether it ticks at all may differ: a module may have reasons of its own to tick.
        let _ticked = self.simulator.tick(worker);
        self.see_all();
    }

    fn time(&mut self, script: &mut Script<'_>) {
        let milliseconds = u64::from(script.byte()).saturating_mul(u64::from(script.byte()));
        let moved = self.simulator.advance(Duration::from_millis(milliseconds));
        self.see_all();
        self.note(moved);
    }

    fn finish(&mut self, script: &mut Script<'_>) {
        let Some(id) = self.stream(script) else {
            return;
        };
        self.open.retain(|open| *open != id);
        let finished = self.simulator.finish(id);
        self.note(finished.map(drop));
    }

    /// The storm is over: everything works again, every call ends, time goes by. What is held then is held for ever.
    pub(super) fn clear_up(mut self) -> Result<Vec<String>, String> {
        self.simulator.world_mut().faults.clear();
        self.simulator.world_mut().shared.race(Races {
            lost: 0,
            winner: None,
            key: String::new(),
        });
        self.simulator
            .advance(AFTER)
            .map_err(|misuse| misuse.to_string())?;
        self.checked("after the storm")?;
        for id in std::mem::take(&mut self.open) {
            let waiting = self.simulator.seen(id) == Ok(Seen::Waiting) && self.whole(id);
            self.see(id);
            if waiting {
                return Err(format!(
                    "stream {} is held for ever\n{}",
                    id.0,
                    self.trace.join("\n")
                ));
            }
            self.simulator
                .finish(id)
                .map_err(|misuse| misuse.to_string())?;
        }
        self.checked("at the end")?;
        let world = self.simulator.world();
        self.trace.push(format!("{:?}", world.metrics.all()));
        self.trace.push(format!("{} keys", world.shared.len()));
        let calls = world
            .calls
            .made()
            .iter()
            .map(|call| format!("{} {:?}", call.cluster, call.asked));
        self.trace.extend(calls);
        Ok(self.trace)
    }

    /// Whether all of the message that is held has arrived; a body may be held for its rest.
    fn whole(&self, id: StreamId) -> bool {
        self.simulator.arrived(id).unwrap_or(true)
    }
}
