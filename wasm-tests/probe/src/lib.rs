//! A test plugin whose configuration switches each part of the vocabulary on; see its README.
//!
//! It is built like any plugin. What it does is of no use to anybody; that it does the same natively, in a Wasm engine and in Envoy
//! shows that the vocabulary means the same everywhere.

mod ask;
pub mod chained;
mod config;
mod keys;
pub mod lines;
mod request;
mod response;

use std::time::Duration;

use filter::config::Errors;
use filter::{
    Answer, Background, CallError, Callbacks, Exchange, Level, Metric, Next, Outcome, Plugin,
    Property, Proxy, Resumed, Role, shared,
};

use crate::config::{At, Config};

/// The plugin.
#[derive(Debug)]
pub struct Probe {
    config: Config,
}

/// What is remembered of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remembered {
    /// Its path.
    path: Vec<u8>,
    /// What it waits for, and until when.
    patience: Option<Duration>,
    /// The message that a call-out holds.
    asked_at: Option<At>,
}

/// The slot in which requests are counted.
const COUNT: &str = "count";
/// Indices of the metrics.
const REQUESTS: usize = 0;
const BODY_BYTES: usize = 1;
const TICKS_LED: usize = 2;

impl Plugin for Probe {
    const NAME: &'static str = "probe";
    const CALLBACKS: Callbacks = Callbacks::REQUEST
        .and(Callbacks::REQUEST_BODY)
        .and(Callbacks::RESPONSE)
        .and(Callbacks::RESPONSE_BODY)
        .and(Callbacks::LOG)
        .and(Callbacks::TICK)
        .and(Callbacks::CALLS);
    type Stream = Remembered;

    fn configure(configuration: &[u8]) -> Result<Self, Errors> {
        config::read(configuration).map(|config| Self { config })
    }

    fn metrics(&self) -> Vec<Metric> {
        let histogram = Metric {
            name: "probe.body_bytes".into(),
            kind: filter::metric::Kind::Histogram,
        };
        vec![
            Metric::counter("probe.requests"),
            histogram,
            Metric::gauge("probe.leads"),
        ]
    }

    fn on_start(&mut self, proxy: &mut dyn Proxy) {
        // Created here, since two workers that create a slot at once would lose one of them.
        let created = shared::update(proxy, COUNT, |old| match old {
            None => (Some(vec![0; 8]), ()),
            Some(_) => (None, ()),
        });
        if let Err(error) = created {
            proxy.log(Level::Warn, &format!("no counter: {error}"));
        }
    }

    fn tick_period(&self) -> Option<Duration> {
        self.config.keys.as_ref().map(|keys| keys.every)
    }

    fn on_request(&mut self, exchange: &mut dyn Exchange) -> Outcome<Remembered> {
        exchange.count(REQUESTS, 1);
        request::decide(&self.config, exchange)
    }

    fn on_request_body(
        &mut self,
        stream: Remembered,
        exchange: &mut dyn Exchange,
        end: bool,
    ) -> Outcome<Remembered> {
        self.body(stream, exchange, (end, At::RequestBody))
    }

    fn on_response(
        &mut self,
        stream: Remembered,
        exchange: &mut dyn Exchange,
    ) -> Outcome<Remembered> {
        response::decide(&self.config, stream, exchange)
    }

    fn on_response_body(
        &mut self,
        stream: Remembered,
        exchange: &mut dyn Exchange,
        end: bool,
    ) -> Outcome<Remembered> {
        self.body(stream, exchange, (end, At::ResponseBody))
    }

    fn on_resume(
        &mut self,
        stream: Remembered,
        resumed: Resumed,
        exchange: &mut dyn Exchange,
    ) -> Outcome<Remembered> {
        match resumed {
            Resumed::Answered(answer) => ask::answered(stream, answer, exchange),
            Resumed::Woken | Resumed::Late => {
                keys::resumed(stream, resumed == Resumed::Late, exchange)
            }
        }
    }

    fn on_log(&mut self, stream: Remembered, exchange: &mut dyn Exchange) {
        if !self.config.log {
            return;
        }
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        let method = exchange
            .headers()
            .ok()
            .and_then(|headers| headers.method().map(text))
            .unwrap_or_default();
        let details = exchange
            .property(Property::RESPONSE_CODE_DETAILS)
            .ok()
            .flatten()
            .unwrap_or_default();
        let (path, details) = (text(&stream.path), text(&details));
        exchange.log(Level::Info, &format!("probe saw {method} {path} {details}"));
    }

    fn on_tick(&mut self, role: Role, proxy: &mut dyn Proxy) -> Background {
        proxy.count(TICKS_LED, u64::from(role == Role::Leader));
        keys::tick(&self.config, role, proxy)
    }

    fn on_answer(
        &mut self,
        token: u32,
        answer: Result<Answer, CallError>,
        proxy: &mut dyn Proxy,
    ) -> Background {
        keys::answered(token, answer, proxy)
    }
}

/// Replies with whether the headers can be read with a body.
fn peek(stream: Remembered, exchange: &dyn Exchange) -> Outcome<Remembered> {
    match exchange.headers() {
        Ok(headers) => request::refused(stream, 503, format!("probe_{}_headers", headers.len())),
        Err(error) => request::failed(stream, &error),
    }
}

impl Probe {
    /// Buffers a body and passes it on in capitals; a call-out may hold it at its end, or at any part when it is not buffered.
    fn body(
        &self,
        stream: Remembered,
        exchange: &mut dyn Exchange,
        (end, at): (bool, At),
    ) -> Outcome<Remembered> {
        if self.config.peek {
            return peek(stream, exchange);
        }
        if self.config.body && !end {
            return Outcome {
                edits: Vec::new(),
                next: Next::Buffer(stream),
            };
        }
        let mut edits = Vec::new();
        if self.config.body {
            let body = match exchange.body(0, usize::MAX) {
                Ok(body) => body,
                Err(error) => return request::failed(stream, &error),
            };
            exchange.count(BODY_BYTES, u64::try_from(body.len()).unwrap_or(u64::MAX));
            edits.push(filter::Edit::Body(body.to_ascii_uppercase()));
        }
        let asks = self.config.call.as_ref().filter(|call| call.at == at);
        match asks {
            Some(call) => ask::wait(call, stream, edits),
            None => Outcome {
                edits,
                next: Next::Continue(stream),
            },
        }
    }
}

#[cfg(feature = "proxy-chain")]
host::export!(chained::Chained: request_headers, request_body, response_headers, response_body, log, tick, calls);

#[cfg(feature = "proxy-light")]
host::export!(chained::Light: request_headers);

#[cfg(feature = "proxy-lines")]
host::export_network!(lines::Lines);

#[cfg(feature = "proxy")]
host::export!(Probe: request_headers, request_body, response_headers, response_body, log, tick, calls);
