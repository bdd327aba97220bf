//! A call-out that holds a message.

use filter::call::Message;
use filter::{Answer, Call, CallError, Edit, Exchange, Headers, Next, Outcome, Reply, Wait};

use crate::Remembered;
use crate::config::{Ask, Kind};
use crate::request::refused;

pub(crate) fn wait(ask: &Ask, stream: Remembered, edits: Vec<Edit>) -> Outcome<Remembered> {
    let message = match ask.kind {
        Kind::Http => Message::Http {
            headers: question(&stream),
            body: b"may it pass?".to_vec(),
        },
        Kind::Grpc => Message::Grpc {
            service: "probe.Check".to_owned(),
            method: "MayPass".to_owned(),
            message: stream.path.clone(),
        },
    };
    let call = Call {
        cluster: ask.cluster.clone(),
        timeout: ask.timeout,
        message,
    };
    let stream = Remembered {
        asked_at: Some(ask.at),
        ..stream
    };
    Outcome {
        edits,
        next: Next::Wait(Wait::Call(Box::new(call)), stream),
    }
}

fn question(stream: &Remembered) -> Headers {
    let fields: [(&str, &[u8]); 4] = [
        (":method", b"POST"),
        (":path", b"/check"),
        (":authority", b"check.example"),
        ("x-path", &stream.path),
    ];
    fields.into_iter().collect()
}

pub(crate) fn answered(
    stream: Remembered,
    answer: Result<Answer, CallError>,
    exchange: &mut dyn Exchange,
) -> Outcome<Remembered> {
    let (message, passes) = match answer {
        Ok(Answer::Http { headers, body }) => (body, headers.status() == Some(200)),
        Ok(Answer::Grpc { message }) => (message, true),
        Err(CallError::Grpc(status)) => {
            return refused(stream, 503, format!("probe_grpc_{status}"));
        }
        Err(CallError::NoAnswer) => return refused(stream, 503, "probe_no_answer"),
        Err(CallError::Refused { status, .. }) => {
            return refused(stream, 503, format!("probe_refused_{status}"));
        }
    };
    // The headers of the held message can be read again, and by now they are as they were edited.
    let known = exchange.headers().map(Headers::len).unwrap_or_default();
    if !passes {
        let reply = Reply {
            status: 403,
            headers: Vec::new(),
            body: message,
            grpc_status: None,
            details: "probe_denied".into(),
        };
        return Outcome::reply(reply, stream);
    }
    match stream.asked_at {
        // Headers have left already when a body is held.
        Some(crate::At::RequestBody | crate::At::ResponseBody) => Outcome::proceed(stream),
        Some(crate::At::Request | crate::At::Response) | None => Outcome::proceed(stream)
            .edit(Edit::Set("x-probe-answer".into(), message))
            .edit(Edit::Set(
                "x-probe-headers".into(),
                known.to_string().into_bytes(),
            )),
    }
}
