//! What switches the parts on.

use std::time::Duration;

use filter::config::{self, Errors, Object, Refused, Value};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Config {
    pub(crate) count: bool,
    pub(crate) properties: bool,
    pub(crate) random: bool,
    pub(crate) body: bool,
    pub(crate) peek: bool,
    pub(crate) log: bool,
    pub(crate) sleep: Option<Duration>,
    pub(crate) route: Option<String>,
    pub(crate) verify: Option<Vec<u8>>,
    pub(crate) filter_state: Option<(String, String)>,
    pub(crate) cookies: Option<Cookies>,
    pub(crate) call: Option<Ask>,
    pub(crate) keys: Option<Keys>,
    pub(crate) reply: Option<ReplyTo>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cookies {
    pub(crate) drop: String,
    pub(crate) add: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) cluster: String,
    pub(crate) kind: Kind,
    pub(crate) at: At,
    pub(crate) timeout: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Http,
    Grpc,
}

/// The message that a call-out holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Request,
    RequestBody,
    Response,
    ResponseBody,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keys {
    pub(crate) cluster: String,
    pub(crate) every: Duration,
    pub(crate) patience: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReplyTo {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) details: String,
    pub(crate) grpc_status: Option<u8>,
}

pub(crate) fn read(configuration: &[u8]) -> Result<Config, Errors> {
    config::read(configuration, |object| {
        let flags = [
            object.optional("count", Value::boolean),
            object.optional("properties", Value::boolean),
            object.optional("random", Value::boolean),
            object.optional("body", Value::boolean),
            object.optional("peek", Value::boolean),
            object.optional("log", Value::boolean),
        ];
        let sleep = object.optional("sleep", Value::duration);
        let route = object.optional("route", owned);
        let verify = object.optional("verify", key);
        let filter_state = object.optional("filter_state", |value| value.object(state));
        let cookies = object.optional("cookies", |value| value.object(cookies));
        let call = object.optional("call", |value| value.object(ask));
        let keys = object.optional("keys", |value| value.object(keys));
        let reply = object.optional("reply", |value| value.object(reply));
        let [count, properties, random, body, peek, log] = flags;
        Ok(Config {
            count: count?.unwrap_or_default(),
            properties: properties?.unwrap_or_default(),
            random: random?.unwrap_or_default(),
            body: body?.unwrap_or_default(),
            peek: peek?.unwrap_or_default(),
            log: log?.unwrap_or_default(),
            sleep: sleep?,
            route: route?,
            verify: verify?,
            filter_state: filter_state?,
            cookies: cookies?,
            call: call?,
            keys: keys?,
            reply: reply?,
        })
    })
}

fn owned(value: &Value<'_>) -> Result<String, Refused> {
    value.text().map(str::to_owned)
}

fn key(value: &Value<'_>) -> Result<Vec<u8>, Refused> {
    unhex(value.text()?.as_bytes())
        .ok_or_else(|| value.refuse("must be hexadecimal, two digits for each byte"))
}

fn state(object: &mut Object<'_>) -> Result<(String, String), Refused> {
    let name = object.required("name", owned);
    let value = object.required("value", owned);
    Ok((name?, value?))
}

fn cookies(object: &mut Object<'_>) -> Result<Cookies, Refused> {
    let drop = object.required("drop", owned);
    let add = object.required("add", owned);
    Ok(Cookies {
        drop: drop?,
        add: add?,
    })
}

fn ask(object: &mut Object<'_>) -> Result<Ask, Refused> {
    let kinds = [("http", Kind::Http), ("grpc", Kind::Grpc)];
    let places = [
        ("request", At::Request),
        ("request_body", At::RequestBody),
        ("response", At::Response),
        ("response_body", At::ResponseBody),
    ];
    let cluster = object.required("cluster", owned);
    let kind = object.optional("kind", |value| value.one_of(&kinds));
    let at = object.optional("at", |value| value.one_of(&places));
    let timeout = object.optional("timeout", Value::duration);
    Ok(Ask {
        cluster: cluster?,
        kind: kind?.unwrap_or(Kind::Http),
        at: at?.unwrap_or(At::Request),
        timeout: timeout?.unwrap_or(Duration::from_secs(1)),
    })
}

fn keys(object: &mut Object<'_>) -> Result<Keys, Refused> {
    let cluster = object.required("cluster", owned);
    let every = object.required("every", Value::duration);
    let patience = object.required("patience", Value::duration);
    Ok(Keys {
        cluster: cluster?,
        every: every?,
        patience: patience?,
    })
}

fn reply(object: &mut Object<'_>) -> Result<ReplyTo, Refused> {
    let status = object.required("status", |value| value.integer(&(200..=599)));
    let body = object.optional("body", |value| value.string().map(str::to_owned));
    let details = object.required("details", owned);
    let grpc_status = object.optional("grpc_status", |value| value.integer(&(0..=16)));
    Ok(ReplyTo {
        status: u16::try_from(status?).unwrap_or(500),
        body: body?.unwrap_or_default(),
        details: details?,
        grpc_status: grpc_status?.and_then(|status| u8::try_from(status).ok()),
    })
}

/// The bytes that `digits` write in hexadecimal.
pub(crate) fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = digits
        .iter()
        .map(|digit| u8::try_from(char::from(*digit).to_digit(16)?).ok())
        .collect();
    let digits = digits?;
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => Some(high << 4 | low),
        _ => None,
    });
    pairs.collect()
}
