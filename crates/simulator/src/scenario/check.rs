//! Comparing what is seen with what is expected. Each function says in words what differs.

use super::expected::{
    CallExpected, Expect, HeadersExpected, MessageExpected, ReplyExpected, Values, Word,
};
use super::value::Bytes;
use crate::exchange::{Seen, StreamId};
use crate::fields::Fields;
use crate::simulator::Simulator;
use crate::world::{Asked, Call};

/// Nothing, or in words what differs.
pub type Checked = Result<(), String>;

/// Whether stream `id` is as `expected`.
pub(super) fn stream(simulator: &Simulator, id: StreamId, expected: &Expect) -> Checked {
    let found = simulator.seen(id).map_err(|misuse| misuse.to_string())?;
    message(&found, expected)?;
    match expected {
        Expect::Passes(wanted) => effects(simulator, id, &wanted.message),
        Expect::Word(_) | Expect::Replies(_) | Expect::Counts(_) => Ok(()),
    }
}

/// Whether what was seen of a message is as `expected`; what else a plugin did to the stream is not looked at.
///
/// # Errors
///
/// What differs.
pub fn message(found: &Seen, expected: &Expect) -> Checked {
    match (expected, found) {
        (Expect::Word(Word::Continue), Seen::Continue(_))
        | (Expect::Word(Word::Waiting), Seen::Waiting)
        | (Expect::Word(Word::Reset), Seen::Reset) => Ok(()),
        (Expect::Passes(wanted), Seen::Continue(passed)) => {
            headers(&passed.headers, &wanted.message.headers)?;
            headers(&passed.trailers, &wanted.message.trailers)?;
            body(&passed.body, wanted.message.body.as_ref())
        }
        (Expect::Replies(wanted), Seen::Reply(_)) => reply(found, &wanted.reply),
        (Expect::Counts(_), _) => {
            Err("`admitted` and `refused` count repetitions: `repeat` is missing".to_owned())
        }
        (Expect::Word(_) | Expect::Passes(_) | Expect::Replies(_), _) => Err(format!(
            "expected {}, seen {}",
            describe(expected),
            show(found)
        )),
    }
}

fn effects(simulator: &Simulator, id: StreamId, wanted: &MessageExpected) -> Checked {
    let objects = simulator
        .filter_state(id)
        .map_err(|misuse| misuse.to_string())?;
    for (name, value) in &wanted.filter_state {
        let found = objects
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value);
        if found != Some(value) {
            return Err(format!(
                "expected filter state {name} to be {value:?}, seen {found:?}"
            ));
        }
    }
    let cleared = simulator
        .routes_cleared(id)
        .map_err(|misuse| misuse.to_string())?;
    match wanted.routes_cleared {
        Some(times) if times != cleared => Err(format!(
            "expected the route to be chosen again {times} times, seen {cleared}"
        )),
        Some(_) | None => Ok(()),
    }
}

/// Whether what was seen is this reply.
///
/// # Errors
///
/// What differs.
pub fn reply(found: &Seen, wanted: &ReplyExpected) -> Checked {
    let Seen::Reply(replied) = found else {
        return Err(format!("expected a reply, seen {}", show(found)));
    };
    let differs = |what: &str, wanted: String, found: String| {
        Err(format!(
            "expected {what} {wanted}, seen {found} in {}",
            show(&Seen::Reply(replied.clone()))
        ))
    };
    if let Some(status) = wanted.status.filter(|status| *status != replied.status) {
        return differs("status", status.to_string(), replied.status.to_string());
    }
    if let Some(status) = wanted
        .grpc_status
        .filter(|status| Some(*status) != replied.grpc_status)
    {
        return differs(
            "gRPC status",
            status.to_string(),
            format!("{:?}", replied.grpc_status),
        );
    }
    if let Some(details) = wanted
        .details
        .as_ref()
        .filter(|details| **details != replied.details)
    {
        return differs("details", details.clone(), replied.details.clone());
    }
    headers(&replied.headers, &wanted.headers)?;
    body(&replied.body, wanted.body.as_ref())
}

fn headers(found: &Fields, wanted: &HeadersExpected) -> Checked {
    for (name, values) in wanted {
        let values: Vec<&[u8]> = match values {
            None => Vec::new(),
            Some(Values::One(Bytes(value))) => vec![value],
            Some(Values::Several(values)) => {
                values.iter().map(|Bytes(value)| value.as_slice()).collect()
            }
        };
        let seen: Vec<&[u8]> = found.all(name).collect();
        if seen != values {
            return Err(format!(
                "expected header {name} to be {}, seen {}",
                list(&values),
                list(&seen)
            ));
        }
    }
    Ok(())
}

fn body(found: &[u8], wanted: Option<&Bytes>) -> Checked {
    match wanted {
        Some(Bytes(wanted)) if wanted != found => Err(format!(
            "expected the body \"{}\", seen \"{}\"",
            wanted.escape_ascii(),
            found.escape_ascii()
        )),
        Some(_) | None => Ok(()),
    }
}

/// Whether a call-out is the one expected.
///
/// # Errors
///
/// What differs.
pub fn call(found: &Call, wanted: &CallExpected) -> Checked {
    let (method, path, service, fields, sent) = match &found.asked {
        Asked::Http { headers, body } => (
            text(headers, ":method"),
            text(headers, ":path"),
            None,
            headers,
            body,
        ),
        Asked::Grpc {
            service,
            method,
            metadata,
            message,
        } => (
            Some(method.clone()),
            None,
            Some(service.clone()),
            metadata,
            message,
        ),
    };
    let pairs = [
        (
            "cluster",
            wanted.cluster.as_ref(),
            Some(found.cluster.clone()),
        ),
        ("method", wanted.method.as_ref(), method),
        ("path", wanted.path.as_ref(), path),
        ("service", wanted.service.as_ref(), service),
    ];
    for (what, wanted, found) in pairs {
        if wanted.is_some() && wanted != found.as_ref() {
            return Err(format!("expected {what} {wanted:?}, seen {found:?}"));
        }
    }
    headers(fields, &wanted.headers)?;
    body(sent, wanted.body.as_ref())
}

fn text(fields: &Fields, name: &str) -> Option<String> {
    fields
        .first(name)
        .map(|value| value.escape_ascii().to_string())
}

fn list(values: &[&[u8]]) -> String {
    let shown: Vec<String> = values
        .iter()
        .map(|value| format!("\"{}\"", value.escape_ascii()))
        .collect();
    match shown.as_slice() {
        [] => "absent".to_owned(),
        _ => shown.join(", "),
    }
}

fn describe(expected: &Expect) -> &'static str {
    match expected {
        Expect::Word(Word::Continue) | Expect::Passes(_) => "that the message passes",
        Expect::Word(Word::Waiting) => "that the message is held",
        Expect::Word(Word::Reset) => "that the connection breaks",
        Expect::Replies(_) | Expect::Counts(_) => "a reply",
    }
}

/// What was seen, for a message.
#[must_use]
pub fn show(seen: &Seen) -> String {
    match seen {
        Seen::Continue(passed) => format!("a message that passes with {:?}", passed.headers),
        Seen::Waiting => "a message that is held".to_owned(),
        Seen::Reset => "a broken connection".to_owned(),
        Seen::Reply(replied) => format!(
            "a reply with {:?}, body \"{}\", details {}",
            replied.headers,
            replied.body.escape_ascii(),
            replied.details
        ),
    }
}
