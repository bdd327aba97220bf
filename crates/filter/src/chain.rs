//! Two plugins in one filter instance: one crossing into the VM and one fetch of the headers for both.
//!
//! Requests meet the first plugin first, responses meet it last, as with two filters in Envoy. A plugin that holds
//! a message keeps it from the next one; one that lets it pass shows it with its own edits, so a header
//! that the first plugin removed cannot be read by the second. More than two nest: `Chain<A, Chain<B, C>>`.
//! The configuration is an object with the two plugins' names as fields.

mod scoped;

use std::time::Duration;

use crate::call::{Answer, CallError};
use crate::chain::scoped::{Scope, Scoped};
use crate::config::{self, Mistake};
use crate::exchange::{Exchange, Proxy};
use crate::metric::Metric;
use crate::outcome::{Background, Edit, Next, Outcome, Resumed};
use crate::plugin::{Callbacks, Plugin, Role};

/// Two plugins as one.
#[derive(Clone, Debug)]
pub struct Chain<A, B> {
    first: A,
    second: B,
    first_metrics: usize,
}

/// What the two remember of a stream, and which of them holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Both<A, B> {
    first: A,
    second: B,
    parked: Option<Parked>,
}

/// Which plugin holds the stream, and on which message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parked {
    RequestByFirst,
    RequestBySecond,
    ResponseByFirst,
    ResponseBySecond,
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
        self.first.on_start(&mut Scope::first::<A>(proxy));
        self.second
            .on_start(&mut Scope::second::<B>(proxy, self.first_metrics));
    }

    fn tick_period(&self) -> Option<Duration> {
        let periods = [self.first.tick_period(), self.second.tick_period()];
        periods.into_iter().flatten().min()
    }

    fn on_request(&mut self, exchange: &mut dyn Exchange) -> Outcome<Self::Stream> {
        let outcome = self
            .first
            .on_request(&mut Scoped::first::<A>(exchange, &[]));
        self.request_after_first(outcome, B::Stream::default(), exchange)
    }

    fn on_request_body(
        &mut self,
        stream: Self::Stream,
        exchange: &mut dyn Exchange,
        end: bool,
    ) -> Outcome<Self::Stream> {
        let Both { first, second, .. } = stream;
        let outcome =
            self.first
                .on_request_body(first, &mut Scoped::first::<A>(exchange, &[]), end);
        let offset = self.first_metrics;
        then(outcome, second, Parked::RequestByFirst, |edits, second| {
            let mut scoped = Scoped::second::<B>(exchange, offset, edits);
            (
                self.second.on_request_body(second, &mut scoped, end),
                Parked::RequestBySecond,
            )
        })
    }

    fn on_response(
        &mut self,
        stream: Self::Stream,
        exchange: &mut dyn Exchange,
    ) -> Outcome<Self::Stream> {
        let Both { first, second, .. } = stream;
        let outcome = self.second.on_response(
            second,
            &mut Scoped::second::<B>(exchange, self.first_metrics, &[]),
        );
        self.response_after_second(outcome, first, exchange)
    }

    fn on_response_body(
        &mut self,
        stream: Self::Stream,
        exchange: &mut dyn Exchange,
        end: bool,
    ) -> Outcome<Self::Stream> {
        let Both { first, second, .. } = stream;
        let offset = self.first_metrics;
        let outcome = self.second.on_response_body(
            second,
            &mut Scoped::second::<B>(exchange, offset, &[]),
            end,
        );
        swapped(then(
            outcome,
            first,
            Parked::ResponseBySecond,
            |edits, first| {
                let mut scoped = Scoped::first::<A>(exchange, edits);
                (
                    self.first.on_response_body(first, &mut scoped, end),
                    Parked::ResponseByFirst,
                )
            },
        ))
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
            parked,
        } = stream;
        let offset = self.first_metrics;
        match parked {
            Some(Parked::RequestByFirst) => {
                let outcome =
                    self.first
                        .on_resume(first, resumed, &mut Scoped::first::<A>(exchange, &[]));
                self.request_after_first(outcome, second, exchange)
            }
            Some(Parked::RequestBySecond) => {
                let outcome = self.second.on_resume(
                    second,
                    resumed,
                    &mut Scoped::second::<B>(exchange, offset, &[]),
                );
                join(Vec::new(), first, outcome, Parked::RequestBySecond)
            }
            Some(Parked::ResponseBySecond) => {
                let outcome = self.second.on_resume(
                    second,
                    resumed,
                    &mut Scoped::second::<B>(exchange, offset, &[]),
                );
                self.response_after_second(outcome, first, exchange)
            }
            Some(Parked::ResponseByFirst) => {
                let outcome =
                    self.first
                        .on_resume(first, resumed, &mut Scoped::first::<A>(exchange, &[]));
                swapped(join(Vec::new(), second, outcome, Parked::ResponseByFirst))
            }
            None => Outcome::proceed(Both {
                first,
                second,
                parked: None,
            }),
        }
    }

    fn on_log(&mut self, stream: Self::Stream, exchange: &mut dyn Exchange) {
        self.first
            .on_log(stream.first, &mut Scoped::first::<A>(exchange, &[]));
        self.second.on_log(
            stream.second,
            &mut Scoped::second::<B>(exchange, self.first_metrics, &[]),
        );
    }

    fn on_tick(&mut self, role: Role, proxy: &mut dyn Proxy) -> Background {
        let first = self.first.on_tick(role, &mut Scope::first::<A>(proxy));
        let second = self
            .second
            .on_tick(role, &mut Scope::second::<B>(proxy, self.first_metrics));
        merge(tokens(first, 0), tokens(second, 1))
    }

    fn on_answer(
        &mut self,
        token: u32,
        answer: Result<Answer, CallError>,
        proxy: &mut dyn Proxy,
    ) -> Background {
        let own = token >> 1;
        if token & 1 == 0 {
            tokens(
                self.first
                    .on_answer(own, answer, &mut Scope::first::<A>(proxy)),
                0,
            )
        } else {
            let mut scope = Scope::second::<B>(proxy, self.first_metrics);
            tokens(self.second.on_answer(own, answer, &mut scope), 1)
        }
    }
}

impl<A: Plugin, B: Plugin> Chain<A, B> {
    fn request_after_first(
        &mut self,
        outcome: Outcome<A::Stream>,
        second: B::Stream,
        exchange: &mut dyn Exchange,
    ) -> Outcome<Both<A::Stream, B::Stream>> {
        let offset = self.first_metrics;
        then(outcome, second, Parked::RequestByFirst, |edits, _| {
            let mut scoped = Scoped::second::<B>(exchange, offset, edits);
            (self.second.on_request(&mut scoped), Parked::RequestBySecond)
        })
    }

    fn response_after_second(
        &mut self,
        outcome: Outcome<B::Stream>,
        first: A::Stream,
        exchange: &mut dyn Exchange,
    ) -> Outcome<Both<A::Stream, B::Stream>> {
        swapped(then(
            outcome,
            first,
            Parked::ResponseBySecond,
            |edits, first| {
                let mut scoped = Scoped::first::<A>(exchange, edits);
                (
                    self.first.on_response(first, &mut scoped),
                    Parked::ResponseByFirst,
                )
            },
        ))
    }
}

/// Goes on with `next` when `outcome` lets the message pass; otherwise that is the outcome.
fn then<X, Y>(
    outcome: Outcome<X>,
    other: Y,
    parked: Parked,
    next: impl FnOnce(&[Edit], Y) -> (Outcome<Y>, Parked),
) -> Outcome<Both<X, Y>> {
    let held = |first: X, second: Y, parked: Option<Parked>| Both {
        first,
        second,
        parked,
    };
    let edits = outcome.edits;
    let next = match outcome.next {
        Next::Continue(stream) => {
            let (outcome, parked) = next(&edits, other);
            return join(edits, stream, outcome, parked);
        }
        Next::Reply(reply, stream) => Next::Reply(reply, held(stream, other, None)),
        Next::Wait(wait, stream) => Next::Wait(wait, held(stream, other, Some(parked))),
        Next::Buffer(stream) => Next::Buffer(held(stream, other, None)),
    };
    Outcome { edits, next }
}

/// The outcome of the plugin that decides last, with what the other one remembers and edited before.
fn join<X, Y>(
    mut edits: Vec<Edit>,
    first: X,
    outcome: Outcome<Y>,
    parked: Parked,
) -> Outcome<Both<X, Y>> {
    let waits = matches!(outcome.next, Next::Wait(..));
    let mut outcome = outcome.map(|second| Both {
        first,
        second,
        parked: waits.then_some(parked),
    });
    edits.append(&mut outcome.edits);
    Outcome {
        edits,
        next: outcome.next,
    }
}

fn swapped<X, Y>(outcome: Outcome<Both<X, Y>>) -> Outcome<Both<Y, X>> {
    outcome.map(|both| Both {
        first: both.second,
        second: both.first,
        parked: both.parked,
    })
}

/// Marks whose answer a token announces in its lowest bit. A plugin that uses the highest bit loses it, so tokens
/// of a chained plugin stay below 2^31.
fn tokens(mut background: Background, owner: u32) -> Background {
    for (token, _) in &mut background.calls {
        *token = (*token << 1) | owner;
    }
    background
}

fn merge(mut first: Background, mut second: Background) -> Background {
    first.calls.append(&mut second.calls);
    first.wake |= second.wake;
    first
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
