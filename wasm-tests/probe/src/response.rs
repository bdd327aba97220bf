//! What happens to the headers of a response.

use filter::{Edit, Exchange, Next, Outcome, Property};

use crate::config::{At, Config, Cookies};
use crate::{Remembered, ask, request};

pub(crate) fn decide(
    config: &Config,
    stream: Remembered,
    exchange: &mut dyn Exchange,
) -> Outcome<Remembered> {
    let mut edits = Vec::new();
    if config.properties
        && let Ok(Some(address)) = exchange.property(Property::UPSTREAM_ADDRESS)
    {
        edits.push(Edit::Set("x-probe-upstream".into(), address));
    }
    if let Some(cookies) = &config.cookies {
        match exchange.headers() {
            Ok(headers) => rewrite(cookies, headers.all("set-cookie"), &mut edits),
            Err(error) => return request::failed(stream, &error),
        }
    }
    if config.body {
        edits.push(Edit::Remove("content-length".into()));
    }
    match config.call.as_ref().filter(|call| call.at == At::Response) {
        Some(call) => ask::wait(call, stream, edits),
        None => Outcome {
            edits,
            next: Next::Continue(stream),
        },
    }
}

/// Cookies of others stay, byte for byte and in their order.
fn rewrite<'a>(cookies: &Cookies, found: impl Iterator<Item = &'a [u8]>, edits: &mut Vec<Edit>) {
    let ours = |value: &[u8]| {
        let rest = value.strip_prefix(cookies.drop.as_bytes());
        rest.is_some_and(|rest| rest.starts_with(b"="))
    };
    edits.push(Edit::Remove("set-cookie".into()));
    let kept = found.filter(|value| !ours(value)).map(<[u8]>::to_vec);
    let all = kept.chain(std::iter::once(cookies.add.clone().into_bytes()));
    edits.extend(all.map(|value| Edit::Add("set-cookie".into(), value)));
}
