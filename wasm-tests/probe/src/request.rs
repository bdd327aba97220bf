//! What happens to the headers of a request.

use filter::foreign::{ForeignCall, ForeignError, Span};
use filter::{Edit, Exchange, HostError, Outcome, Property, Reply, shared};

use crate::config::{At, Config, unhex};
use crate::{COUNT, Remembered, ask, keys};

pub(crate) fn decide(config: &Config, exchange: &mut dyn Exchange) -> Outcome<Remembered> {
    let path = match exchange.headers() {
        Ok(headers) => headers.path().unwrap_or_default().to_vec(),
        Err(error) => return failed(Remembered::default(), &error),
    };
    let stream = Remembered {
        path,
        ..Remembered::default()
    };
    if let Some(reply) = config.reply.as_ref().filter(|_| stream.path == b"/reply") {
        let reply = Reply {
            status: reply.status,
            headers: vec![("x-probe-reply".into(), b"\xff".to_vec())],
            body: reply.body.clone().into_bytes(),
            grpc_status: reply.grpc_status,
            details: reply.details.clone().into(),
        };
        return Outcome::reply(reply, stream);
    }
    if let Some(sleep) = config.sleep {
        let until = exchange.now().unwrap_or_default().saturating_add(sleep);
        return Outcome {
            edits: Vec::new(),
            next: filter::Next::Wait(filter::Wait::Wake { until }, stream),
        };
    }
    let mut edits = Vec::new();
    let found = find_out(config, &stream, exchange, &mut edits);
    if let Err(details) = found {
        return refused(stream, 503, details);
    }
    if let Some(call) = config.call.as_ref().filter(|call| call.at == At::Request) {
        return ask::wait(call, stream, edits);
    }
    match &config.keys {
        Some(wanted) => keys::request(wanted, stream, exchange, edits),
        None => Outcome {
            edits,
            next: filter::Next::Continue(stream),
        },
    }
}

fn find_out(
    config: &Config,
    stream: &Remembered,
    exchange: &mut dyn Exchange,
    edits: &mut Vec<Edit>,
) -> Result<(), &'static str> {
    let mut tell = |name: &'static str, value: Vec<u8>| edits.push(Edit::Set(name.into(), value));
    if config.count {
        let count = shared::update(exchange, COUNT, counted).map_err(|_| "probe_shared_failed")?;
        tell("x-probe-count", count.to_string().into_bytes());
    }
    if config.random {
        let mut bytes = [0; 8];
        exchange.random(&mut bytes).map_err(|_| "probe_no_random")?;
        tell(
            "x-probe-random",
            format!("{:016x}", u64::from_be_bytes(bytes)).into_bytes(),
        );
    }
    if let Some(key) = &config.verify {
        tell(
            "x-probe-verified",
            verified(key, stream, exchange).into_bytes(),
        );
    }
    if let Some((name, value)) = &config.filter_state {
        let call = ForeignCall::SetFilterState {
            name,
            value,
            span: Span::Request,
        };
        tell(
            "x-probe-filter-state",
            said(&exchange.foreign(&call)).into_bytes(),
        );
    }
    if config.properties {
        let properties = [
            ("x-probe-source", Property::SOURCE_ADDRESS),
            ("x-probe-route", Property::ROUTE_NAME),
            ("x-probe-plugin", Property::PLUGIN_NAME),
        ];
        for (name, property) in properties {
            if let Some(value) = exchange
                .property(property)
                .map_err(|_| "probe_property_failed")?
            {
                tell(name, value);
            }
        }
    }
    if let Some(route) = &config.route {
        tell("x-route", route.clone().into_bytes());
        edits.push(Edit::ClearRouteCache);
    }
    if config.body {
        // The body will be another one, though of the same length; what is passed on in parts has none.
        edits.push(Edit::Remove("content-length".into()));
    }
    Ok(())
}

fn counted(old: Option<&[u8]>) -> (Option<Vec<u8>>, u64) {
    let before = old
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, u64::from_le_bytes);
    let count = before.saturating_add(1);
    (Some(count.to_le_bytes().to_vec()), count)
}

fn verified(key: &[u8], stream: &Remembered, exchange: &mut dyn Exchange) -> String {
    let signature = exchange
        .headers()
        .ok()
        .and_then(|headers| unhex(headers.first("x-signature")?));
    let Some(signature) = signature else {
        return "unsigned".to_owned();
    };
    let call = ForeignCall::VerifySignature {
        hash: "sha256",
        key,
        signature: &signature,
        text: &stream.path,
    };
    match exchange.foreign(&call) {
        Ok(answer) if answer == [1] => "valid".to_owned(),
        Ok(_) => "invalid".to_owned(),
        other => said(&other),
    }
}

fn said(answer: &Result<Vec<u8>, ForeignError>) -> String {
    match answer {
        Ok(_) => "done".to_owned(),
        Err(ForeignError::Absent) => "absent".to_owned(),
        Err(ForeignError::Refused(status)) => format!("refused-{status}"),
    }
}

pub(crate) fn refused(
    stream: Remembered,
    status: u16,
    details: impl Into<std::borrow::Cow<'static, str>>,
) -> Outcome<Remembered> {
    let (headers, body) = (Vec::new(), Vec::new());
    Outcome::reply(
        Reply {
            status,
            headers,
            body,
            grpc_status: None,
            details: details.into(),
        },
        stream,
    )
}

pub(crate) fn failed(stream: Remembered, error: &HostError) -> Outcome<Remembered> {
    refused(
        stream,
        503,
        format!("probe_{}_{}", error.call, error.status),
    )
}
