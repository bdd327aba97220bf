//! Two plugins in one filter instance: one crossing into the VM and one fetch of the headers for both.
//!
//! Requests meet the first plugin first, responses meet it last, as with two filters in Envoy. A plugin that holds
//! a message keeps it from the next one; one that lets it pass shows it with its own edits, so a header
//! that the first plugin removed cannot be read by the second. More than two nest: `Chain<A, Chain<B, C>>`.
//! The configuration is an object with the two plugins' names as fields.
//!
//! Each has its own slots, metrics, tokens and ticks. The host knows one plugin and wakes all of its streams; those that wait for
//! the other one are put to sleep again here.

mod background;
mod line;
mod scoped;

use std::time::Duration;

use crate::call::{Answer, CallError};
use crate::chain::background::{Clock, merge, tokens};
use crate::chain::line::{Held, Line, Meets, Message, Stage};
use crate::chain::scoped::{Scope, Scoped};
use crate::config::{self, Mistake};
use crate::exchange::{Exchange, Half, Proxy};
use crate::metric::Metric;
use crate::outcome::{Background, Outcome, Resumed};
use crate::plugin::{Callbacks, Plugin, Role};

/// Two plugins as one.
#[derive(Clone, Debug)]
pub struct Chain<A, B> {
    first: A,
    second: B,
    first_metrics: usize,
    first_clock: Clock,
    second_clock: Clock,
}

/// What the two remember of a stream, and what of it is held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Both<A, B> {
    first: A,
    second: B,
    request: Held,
    response: Held,
}

impl<A: Plugin, B: Plugin> Plugin for Chain<A, B> {
    const NAME: &'static str = "chain";
    const CALLBACKS: Callbacks = A::CALLBACKS.and(B::CALLBACKS);
    type Stream = Both<A::Stream, B::Stream>;

    fn configure(configuration: &[u8]) -> Result<Self, config::Errors> {
        let (first, second) = config::split(configuration, A::NAME, B::NAME)?;
        match (configured::<A>(&first), configured::<B>(&second)) {
            (Ok(first), Ok(second)) => Ok(Self {
                first_metrics: first.metrics().len(),
                first_clock: Clock::of(first.tick_period()),
                second_clock: Clock::of(second.tick_period()),
                first,
                second,
            }),
            (first, second) => Err(config::Errors::join(first.err(), second.err())),
        }
    }

    fn metrics(&self) -> Vec<Metric> {
        [self.first.metrics(), self.second.metrics()].concat()
    }

    fn on_start(&mut self, proxy: &mut dyn Proxy) {
        self.first.on_start(&mut Scope::of::<A>(proxy, 0));
        self.second
            .on_start(&mut Scope::of::<B>(proxy, self.first_metrics));
    }

    fn tick_period(&self) -> Option<Duration> {
        let periods = [self.first_clock.period, self.second_clock.period];
        periods.into_iter().flatten().min()
    }

    fn on_request(&mut self, exchange: &mut dyn Exchange) -> Outcome<Self::Stream> {
        self.request(Message::HEADERS, Both::default(), exchange)
    }

    fn on_request_body(
        &mut self,
        stream: Self::Stream,
        exchange: &mut dyn Exchange,
        end: bool,
    ) -> Outcome<Self::Stream> {
        self.request(Message::body(end), stream, exchange)
    }

    fn on_response(
        &mut self,
        stream: Self::Stream,
        exchange: &mut dyn Exchange,
    ) -> Outcome<Self::Stream> {
        self.response(Message::HEADERS, stream, exchange)
    }

    fn on_response_body(
        &mut self,
        stream: Self::Stream,
        exchange: &mut dyn Exchange,
        end: bool,
    ) -> Outcome<Self::Stream> {
        self.response(Message::body(end), stream, exchange)
    }

    fn on_resume(
        &mut self,
        stream: Self::Stream,
        resumed: Resumed,
        exchange: &mut dyn Exchange,
    ) -> Outcome<Self::Stream> {
        let Both {
            first,
            second,
            request,
            response,
        } = stream;
        let (first_wakes, second_wakes) = (self.first_clock.wakes, self.second_clock.wakes);
        match exchange.half() {
            Half::Request => self
                .request_line()
                .resume(
                    (first, second),
                    request,
                    (resumed, first_wakes, second_wakes),
                    exchange,
                )
                .map(|(first, second, request)| Both {
                    first,
                    second,
                    request,
                    response,
                }),
            Half::Response => self
                .response_line()
                .resume(
                    (second, first),
                    response,
                    (resumed, second_wakes, first_wakes),
                    exchange,
                )
                .map(|(second, first, response)| Both {
                    first,
                    second,
                    request,
                    response,
                }),
        }
    }

    fn on_log(&mut self, stream: Self::Stream, exchange: &mut dyn Exchange) {
        if A::CALLBACKS.has(Callbacks::LOG) {
            self.first
                .on_log(stream.first, &mut Scoped::from::<A>(exchange, 0, 0));
        }
        if B::CALLBACKS.has(Callbacks::LOG) {
            let offset = self.first_metrics;
            self.second
                .on_log(stream.second, &mut Scoped::from::<B>(exchange, offset, 0));
        }
    }

    fn on_tick(&mut self, role: Role, proxy: &mut dyn Proxy) -> Background {
        let passed = self.tick_period().unwrap_or_default();
        let (mut first, mut second) = (Background::default(), Background::default());
        if self.first_clock.ticks(passed) {
            first = self.first.on_tick(role, &mut Scope::of::<A>(proxy, 0));
        }
        if self.second_clock.ticks(passed) {
            let mut scope = Scope::of::<B>(proxy, self.first_metrics);
            second = self.second.on_tick(role, &mut scope);
        }
        (self.first_clock.wakes, self.second_clock.wakes) = (first.wake, second.wake);
        merge(tokens(first, 0), tokens(second, 1))
    }

    fn on_answer(
        &mut self,
        token: u32,
        answer: Result<Answer, CallError>,
        proxy: &mut dyn Proxy,
    ) -> Background {
        if !matches!(answer, Err(CallError::Refused { .. })) {
            // A refusal comes before those are woken whom the tick wakes that asked; anything else comes after them.
            (self.first_clock.wakes, self.second_clock.wakes) = (false, false);
        }
        let (own, owner) = (token >> 1, token & 1);
        let (background, clock) = if owner == 0 {
            let mut scope = Scope::of::<A>(proxy, 0);
            let background = self.first.on_answer(own, answer, &mut scope);
            (background, &mut self.first_clock)
        } else {
            let mut scope = Scope::of::<B>(proxy, self.first_metrics);
            let background = self.second.on_answer(own, answer, &mut scope);
            (background, &mut self.second_clock)
        };
        clock.wakes |= background.wake;
        tokens(background, owner)
    }
}

impl<A: Plugin, B: Plugin> Chain<A, B> {
    /// The order in which the two meet a request.
    fn request_line(&mut self) -> Line<'_, A, B> {
        let first = Stage::new(&mut self.first, 0);
        let second = Stage::new(&mut self.second, self.first_metrics);
        Line::new(Half::Request, first, second)
    }

    /// The order in which they meet a response.
    fn response_line(&mut self) -> Line<'_, B, A> {
        let first = Stage::new(&mut self.first, 0);
        let second = Stage::new(&mut self.second, self.first_metrics);
        Line::new(Half::Response, second, first)
    }

    fn request(
        &mut self,
        message: Message,
        stream: Both<A::Stream, B::Stream>,
        exchange: &mut dyn Exchange,
    ) -> Outcome<Both<A::Stream, B::Stream>> {
        let meets = Meets {
            message,
            passed: stream.request.passed(),
        };
        let response = stream.response;
        self.request_line()
            .meet(meets, (stream.first, stream.second), exchange)
            .map(|(first, second, request)| Both {
                first,
                second,
                request,
                response,
            })
    }

    fn response(
        &mut self,
        message: Message,
        stream: Both<A::Stream, B::Stream>,
        exchange: &mut dyn Exchange,
    ) -> Outcome<Both<A::Stream, B::Stream>> {
        let meets = Meets {
            message,
            passed: stream.response.passed(),
        };
        let request = stream.request;
        self.response_line()
            .meet(meets, (stream.second, stream.first), exchange)
            .map(|(second, first, response)| Both {
                first,
                second,
                request,
                response,
            })
    }
}

fn configured<P: Plugin>(configuration: &[u8]) -> Result<P, Vec<Mistake>> {
    P::configure(configuration).map_err(|errors| {
        let place = |mistake: &Mistake| Mistake {
            at: format!("/{}{}", P::NAME, mistake.at),
            problem: mistake.problem.clone(),
        };
        errors.mistakes().iter().map(place).collect()
    })
}
