//! What a step sends.

use crate::exchange::Request;
use crate::fields::Fields;
use crate::scenario::file::RequestStep;
use crate::scenario::value::Bytes;

/// The request of a step.
pub(super) fn request(sent: &RequestStep) -> Request {
    let method = sent.method.as_deref().unwrap_or("GET");
    let mut request = Request::new(method, "/").on(sent.worker);
    for (name, value) in [(":path", &sent.path), (":authority", &sent.host)] {
        if let Some(Bytes(value)) = value {
            request.fields.set(name, value);
        }
    }
    if let Some(source) = &sent.source {
        request = request.from(&with_port(source));
    }
    for (name, Bytes(value)) in &sent.headers {
        request = request.with(name, value);
    }
    for (path, Bytes(value)) in &sent.properties {
        request = request.property(&path.replace('.', "\0"), value);
    }
    request.body = sent.body.as_ref().map(|Bytes(body)| body.clone());
    request.trailers = trailers(&sent.trailers);
    request
}

/// The trailers of a step, if it has some.
pub(super) fn trailers(sent: &[(String, Bytes)]) -> Option<Fields> {
    let fields = sent
        .iter()
        .map(|(name, Bytes(value))| (name.as_str(), value));
    (!sent.is_empty()).then(|| fields.collect())
}

/// A client's address always has a port; that of an IPv6 address stands behind brackets.
fn with_port(source: &str) -> String {
    match source.matches(':').count() {
        0 => format!("{source}:40000"),
        1 => source.to_owned(),
        _ if source.starts_with('[') => source.to_owned(),
        _ => format!("[{source}]:40000"),
    }
}
