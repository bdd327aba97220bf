//! Keys that one worker fetches for all, while requests wait for them.

use filter::call::Message;
use filter::{
    Answer, Background, Call, CallError, Edit, Exchange, Headers, Level, Next, Outcome, Proxy,
    Role, Wait, shared,
};

use crate::Remembered;
use crate::config::{Config, Keys};
use crate::request::{failed, refused};

/// The slot that holds the keys; empty until they were fetched.
const SLOT: &str = "keys";
/// The token of the call that fetches them.
const FETCH: u32 = 7;

pub(crate) fn request(
    keys: &Keys,
    stream: Remembered,
    exchange: &mut dyn Exchange,
    edits: Vec<Edit>,
) -> Outcome<Remembered> {
    let until = match exchange.now() {
        Ok(now) => now.saturating_add(keys.patience),
        Err(error) => return failed(stream, &error),
    };
    let stream = Remembered {
        patience: Some(until),
        ..stream
    };
    let mut outcome = go_on(stream, exchange);
    outcome.edits.splice(0..0, edits);
    outcome
}

pub(crate) fn resumed(
    stream: Remembered,
    late: bool,
    exchange: &mut dyn Exchange,
) -> Outcome<Remembered> {
    if late {
        refused(stream, 503, "probe_too_late")
    } else {
        go_on(stream, exchange)
    }
}

/// Passes with the key, or waits for it.
fn go_on(stream: Remembered, exchange: &mut dyn Exchange) -> Outcome<Remembered> {
    match (fetched(exchange), stream.patience) {
        (Some(key), _) => Outcome::proceed(stream).edit(Edit::Set("x-probe-key".into(), key)),
        (None, Some(until)) => Outcome {
            edits: Vec::new(),
            next: Next::Wait(Wait::Wake { until }, stream),
        },
        (None, None) => refused(stream, 503, "probe_no_patience"),
    }
}

fn fetched<P: Proxy + ?Sized>(proxy: &mut P) -> Option<Vec<u8>> {
    let keys = shared::update(proxy, SLOT, |old| (None, old.map(<[u8]>::to_vec)));
    keys.ok().flatten().filter(|keys| !keys.is_empty())
}

/// The leader fetches what is missing; whoever sees the keys lets its requests go on.
pub(crate) fn tick(config: &Config, role: Role, proxy: &mut dyn Proxy) -> Background {
    let Some(keys) = &config.keys else {
        return Background::default();
    };
    if fetched(proxy).is_some() {
        return Background {
            calls: Vec::new(),
            wake: true,
        };
    }
    match role {
        Role::Follower => Background::default(),
        Role::Leader => Background {
            calls: vec![(FETCH, fetch(keys))],
            wake: false,
        },
    }
}

fn fetch(keys: &Keys) -> Call {
    let fields: [(&str, &[u8]); 3] = [
        (":method", b"GET"),
        (":path", b"/keys"),
        (":authority", b"keys.example"),
    ];
    let headers: Headers = fields.into_iter().collect();
    Call {
        cluster: keys.cluster.clone(),
        timeout: keys.every,
        message: Message::Http {
            headers,
            body: Vec::new(),
        },
    }
}

pub(crate) fn answered(
    token: u32,
    answer: Result<Answer, CallError>,
    proxy: &mut dyn Proxy,
) -> Background {
    let body = match answer {
        Ok(Answer::Http { headers, body }) if token == FETCH && headers.status() == Some(200) => {
            body
        }
        Ok(Answer::Http { headers, .. }) => {
            let status = headers.status().unwrap_or_default();
            proxy.log(
                Level::Warn,
                &format!("probe has no keys: the answer has status {status}"),
            );
            return Background::default();
        }
        Ok(Answer::Grpc { .. }) => return Background::default(),
        Err(error) => {
            proxy.log(Level::Warn, &format!("probe has no keys: {error}"));
            return Background::default();
        }
    };
    let kept = shared::update(proxy, SLOT, |_| (Some(body.clone()), ()));
    Background {
        calls: Vec::new(),
        wake: kept.is_ok(),
    }
}
