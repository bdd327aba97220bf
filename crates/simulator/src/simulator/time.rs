//! Time goes by: configurations tick, call-outs end.

use std::time::Duration;

use super::{Misuse, Simulator, count};
use crate::engine::Callback;
use crate::fields::Fields;
use crate::status::Status;
use crate::world::{Arrived, Asked, Place, Returned};

/// How many ticks of one worker a single step delivers at most. A longer step delivers those at its end.
const TICKS: u32 = 1000;

/// The gRPC status of a call that was not answered, also of one that was not answered in time: Envoy makes it of the 503 or 504 that
/// it would answer an HTTP call with.
const UNAVAILABLE: u32 = 14;

/// What Envoy says in the place of a server that does not answer.
const LATE: &str = "upstream request timeout";
const UNCONNECTED: &str = "upstream connect error or disconnect/reset before headers. reset reason: connection termination";

/// What happens next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    GiveUp(usize),
    Tick(Place),
}

impl Simulator {
    /// Lets time go by. Ticks come and call-outs time out when they are due.
    ///
    /// # Errors
    ///
    /// [`Misuse::Backwards`] when the end of time is reached.
    pub fn advance(&mut self, by: Duration) -> Result<(), Misuse> {
        let until = self.world().now.checked_add(by).ok_or(Misuse::Backwards)?;
        self.skip_ticks(until);
        while let Some((due, event)) = self.next_event(until) {
            let now = self.world().now.max(due);
            self.world_mut().now = now;
            match event {
                Event::GiveUp(index) => self.give_up(index),
                Event::Tick(place) => self.timer_fires(place),
            }
        }
        self.world_mut().now = until;
        Ok(())
    }

    /// Jumps over the ticks that are too many, as a proxy that was stopped for a while does.
    fn skip_ticks(&self, until: Duration) {
        for timer in self.world_mut().timers.values_mut() {
            let wanted = timer.period.saturating_mul(TICKS);
            let earliest = until.saturating_sub(wanted);
            timer.next = timer.next.max(earliest);
        }
    }

    fn next_event(&self, until: Duration) -> Option<(Duration, Event)> {
        let world = self.world();
        let call = world
            .calls
            .next_deadline()
            .map(|(due, index)| (due, Event::GiveUp(index)));
        let ticks = world
            .timers
            .iter()
            .map(|(place, timer)| (timer.next, Event::Tick(*place)));
        ticks.chain(call).filter(|(due, _)| *due <= until).min()
    }

    fn timer_fires(&mut self, place: Place) {
        let now = self.world().now;
        if let Some(timer) = self.world_mut().timers.get_mut(&place) {
            timer.next = now.saturating_add(timer.period);
        }
        self.notify(place, Callback::Tick);
    }

    /// Ticks once on `worker`, without time going by.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when there is no such worker or it does not tick.
    pub fn tick(&mut self, worker: usize) -> Result<(), Misuse> {
        if worker >= self.workers.len() {
            return Err(Misuse::NoWorker(worker));
        }
        let places: Vec<Place> = {
            let world = self.world();
            let own = world
                .timers
                .keys()
                .copied()
                .filter(|place| place.worker == worker);
            own.collect()
        };
        if places.is_empty() {
            return Err(Misuse::NoTicks(worker));
        }
        for place in places {
            self.notify(place, Callback::Tick);
        }
        Ok(())
    }

    fn give_up(&mut self, index: usize) {
        // The call is open: the event says so.
        let _given_up = self.end_call(index, Returned::Nothing, true);
    }

    /// Answers the call-out of this number; the first one is 0.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when it is not open, or is no call that can get such an answer.
    pub fn answer(&mut self, index: usize, returned: Returned) -> Result<(), Misuse> {
        self.end_call(index, returned, false)
    }

    fn end_call(&mut self, index: usize, returned: Returned, late: bool) -> Result<(), Misuse> {
        let call = self.world().calls.made().get(index).cloned();
        let missing = Misuse::NoCall(index, self.world().calls.made().len());
        let Some(call) = call.filter(|call| call.open) else {
            return Err(missing);
        };
        let token = call.token;
        let (callback, arrived) = match (call.asked, returned) {
            (Asked::Http { .. }, Returned::Http { headers, body }) => {
                http_answer(token, headers, body)
            }
            (Asked::Http { .. }, Returned::Nothing) => http_unanswered(token, late),
            (Asked::Http { .. }, Returned::Broken) => http_failure(token),
            (Asked::Grpc { .. }, Returned::Grpc(message)) => grpc_answer(token, message),
            (Asked::Grpc { .. }, Returned::GrpcStatus(status)) => grpc_end(token, status),
            (Asked::Grpc { .. }, Returned::Nothing | Returned::Broken) => {
                grpc_end(token, UNAVAILABLE)
            }
            (Asked::Http { .. }, Returned::Grpc(_) | Returned::GrpcStatus(_))
            | (Asked::Grpc { .. }, Returned::Http { .. }) => {
                return Err(Misuse::WrongAnswer(index));
            }
        };
        self.world_mut().calls.close(index);
        self.world_mut().arrived = arrived;
        self.notify(
            Place {
                worker: call.worker,
                context: call.root,
            },
            callback,
        );
        self.world_mut().arrived = Arrived::default();
        Ok(())
    }
}

fn http_answer(token: u32, headers: Fields, body: Vec<u8>) -> (Callback, Arrived) {
    let callback = Callback::HttpCallResponse {
        token,
        headers: count(headers.len()),
        body: count(body.len()),
    };
    (
        callback,
        Arrived {
            headers,
            body,
            ..Arrived::default()
        },
    )
}

/// What Envoy answers in the place of a server that does not.
fn http_unanswered(token: u32, late: bool) -> (Callback, Arrived) {
    let (status, body) = if late {
        ("504", LATE)
    } else {
        ("503", UNCONNECTED)
    };
    let length = body.len().to_string();
    let headers = [
        (":status", status),
        ("content-length", &length),
        ("content-type", "text/plain"),
    ];
    http_answer(
        token,
        headers.into_iter().collect(),
        body.as_bytes().to_vec(),
    )
}

/// Why it broke off a module does not learn.
fn http_failure(token: u32) -> (Callback, Arrived) {
    let status = (Status::BROKEN_CONNECTION.0, "reset".to_owned());
    let callback = Callback::HttpCallResponse {
        token,
        headers: 0,
        body: 0,
    };
    (
        callback,
        Arrived {
            status,
            ..Arrived::default()
        },
    )
}

fn grpc_answer(token: u32, message: Vec<u8>) -> (Callback, Arrived) {
    let callback = Callback::GrpcReceive {
        token,
        size: count(message.len()),
    };
    (
        callback,
        Arrived {
            message,
            ..Arrived::default()
        },
    )
}

fn grpc_end(token: u32, status: u32) -> (Callback, Arrived) {
    let callback = Callback::GrpcClose { token, status };
    (
        callback,
        Arrived {
            status: (status, String::new()),
            ..Arrived::default()
        },
    )
}
