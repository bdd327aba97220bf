//! Several plugins in one filter.

use std::time::Duration;

use filter::chain::Chain;
use filter::config::{self, Errors};
use filter::{
    Answer, Background, CallError, Callbacks, Edit, Exchange, Metric, Outcome, Plugin, Proxy,
    Resumed, Role,
};

use crate::{Probe, Remembered};

/// Two probes, `probe` and `probe-two`.
pub type Chained = Chain<Probe, Second>;

/// Two plugins that see request headers and nothing else: `tag-0` and `tag-1`.
pub type Light = Chain<Tag<0>, Tag<1>>;

/// The probe under another name.
#[derive(Debug)]
pub struct Second(Probe);

impl Plugin for Second {
    const NAME: &'static str = "probe-two";
    const SHARED_VERSION: u32 = 2;
    const CALLBACKS: Callbacks = Probe::CALLBACKS;
    type Stream = Remembered;

    fn configure(configuration: &[u8]) -> Result<Self, Errors> {
        Probe::configure(configuration).map(Self)
    }

    fn metrics(&self) -> Vec<Metric> {
        let second = |metric: Metric| Metric {
            name: format!("second.{}", metric.name),
            ..metric
        };
        self.0.metrics().into_iter().map(second).collect()
    }

    fn on_start(&mut self, proxy: &mut dyn Proxy) {
        self.0.on_start(proxy);
    }

    fn tick_period(&self) -> Option<Duration> {
        self.0.tick_period()
    }

    fn on_request(&mut self, exchange: &mut dyn Exchange) -> Outcome<Remembered> {
        self.0.on_request(exchange)
    }

    fn on_request_body(
        &mut self,
        stream: Remembered,
        exchange: &mut dyn Exchange,
        end: bool,
    ) -> Outcome<Remembered> {
        self.0.on_request_body(stream, exchange, end)
    }

    fn on_response(
        &mut self,
        stream: Remembered,
        exchange: &mut dyn Exchange,
    ) -> Outcome<Remembered> {
        self.0.on_response(stream, exchange)
    }

    fn on_response_body(
        &mut self,
        stream: Remembered,
        exchange: &mut dyn Exchange,
        end: bool,
    ) -> Outcome<Remembered> {
        self.0.on_response_body(stream, exchange, end)
    }

    fn on_resume(
        &mut self,
        stream: Remembered,
        resumed: Resumed,
        exchange: &mut dyn Exchange,
    ) -> Outcome<Remembered> {
        self.0.on_resume(stream, resumed, exchange)
    }

    fn on_log(&mut self, stream: Remembered, exchange: &mut dyn Exchange) {
        self.0.on_log(stream, exchange);
    }

    fn on_tick(&mut self, role: Role, proxy: &mut dyn Proxy) -> Background {
        self.0.on_tick(role, proxy)
    }

    fn on_answer(
        &mut self,
        token: u32,
        answer: Result<Answer, CallError>,
        proxy: &mut dyn Proxy,
    ) -> Background {
        self.0.on_answer(token, answer, proxy)
    }
}

/// Counts the headers that it sees in the header `x-tag-N`.
#[derive(Debug)]
pub struct Tag<const N: usize>;

impl<const N: usize> Plugin for Tag<N> {
    const NAME: &'static str = if N == 0 { "tag-0" } else { "tag-1" };
    const CALLBACKS: Callbacks = Callbacks::REQUEST;
    type Stream = ();

    fn configure(configuration: &[u8]) -> Result<Self, Errors> {
        config::read(configuration, |_| Ok(Self))
    }

    fn on_request(&mut self, exchange: &mut dyn Exchange) -> Outcome<()> {
        let tags = exchange.headers().map_or(0, |headers| {
            let tags = headers
                .iter()
                .filter(|(name, _)| name.starts_with(b"x-tag-"));
            tags.count()
        });
        Outcome::proceed(()).edit(Edit::Set(
            format!("x-{}", Self::NAME).into(),
            tags.to_string().into_bytes(),
        ))
    }
}
