//! The short notations of these flags, read into what a mesh file says at length.

use crate::mesh::spec::document;
use crate::mesh::spec::mistake::escaped;
use serde_json::{Map, Value, json};

/// A raw Helm value and its place below `/spec/values`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RawValue {
    pub(super) pointer: String,
    pub(super) value: Value,
}

/// `istiod.pilot.env.X="1"`.
pub(super) fn raw_value(text: &str) -> Result<RawValue, String> {
    let help = "write CHART.NAME=VALUE, for example istiod.env.PILOT_X=\"true\"";
    let (path, value) = text.split_once('=').ok_or(help)?;
    let mut parts = vec![String::new()];
    let mut letters = path.chars();
    while let Some(letter) = letters.next() {
        match (letter, parts.last_mut()) {
            ('.', _) => parts.push(String::new()),
            ('\\', Some(part)) => part.extend(letters.next()),
            (letter, Some(part)) => part.push(letter),
            (_, None) => {}
        }
    }
    if parts.len() < 2 || parts.iter().any(String::is_empty) {
        return Err(help.to_owned());
    }
    let value = if value.is_empty() {
        Value::from("")
    } else {
        let document =
            document::parse(value.as_bytes()).map_err(|mistakes| mistakes.to_string())?;
        match document.mistakes.first() {
            Some(mistake) => return Err(mistake.to_string()),
            None => document.value,
        }
    };
    let pointer = parts.iter().fold(String::new(), |pointer, part| {
        pointer + "/" + &escaped(part)
    });
    Ok(RawValue { pointer, value })
}

/// `cpu=500m,memory=2Gi`.
pub(in crate::cli) fn amounts(text: &str) -> Result<Value, String> {
    let help = "write cpu=AMOUNT,memory=AMOUNT or one of them, for example cpu=500m,memory=2Gi";
    let mut amounts = Map::new();
    for pair in text.split(',') {
        let (name, amount) = pair.split_once('=').ok_or(help)?;
        let known = matches!(name, "cpu" | "memory");
        if !known || amounts.insert(name.to_owned(), amount.into()).is_some() {
            return Err(help.to_owned());
        }
    }
    Ok(Value::Object(amounts))
}

/// `2-5`, or `3` for a fixed number.
pub(super) fn replicas(text: &str) -> Result<Value, String> {
    let number = |text: &str| {
        text.parse::<u32>()
            .map_err(|_| "write MIN-MAX, for example 2-5, or one number".to_owned())
    };
    let (min, max) = text.split_once('-').unwrap_or((text, text));
    Ok(json!({"min": number(min)?, "max": number(max)?}))
}

/// `eu-west/eu-west-1a=eu-west/eu-west-1a:80,eu-west/eu-west-1b:20`.
pub(super) fn distribute(text: &str) -> Result<Value, String> {
    let help = "write FROM=TO:PERCENT,TO:PERCENT, for example eu/a=eu/a:80,eu/b:20";
    let (from, shares) = text.split_once('=').ok_or(help)?;
    let mut to = Map::new();
    for share in shares.split(',') {
        let (locality, percent) = share.rsplit_once(':').ok_or(help)?;
        let percent: u32 = percent.parse().map_err(|_| help)?;
        if to.insert(locality.to_owned(), percent.into()).is_some() {
            return Err(format!("{locality} stands here twice; {help}"));
        }
    }
    Ok(json!({"from": from, "to": to}))
}

/// `eu-west=eu-north`.
pub(super) fn failover(text: &str) -> Result<Value, String> {
    let (from, to) = text
        .split_once('=')
        .ok_or("write REGION=REGION, for example eu-west=eu-north")?;
    Ok(json!({"from": from, "to": to}))
}

/// `otel.observability.svc:4317` or `zipkin://zipkin.tracing.svc:9411`.
pub(super) fn collector(text: &str) -> Result<Value, String> {
    let help = "write HOST:PORT, or zipkin://HOST:PORT";
    let (protocol, place) = text.split_once("://").unwrap_or(("opentelemetry", text));
    let (service, port) = place.rsplit_once(':').ok_or(help)?;
    let port: u32 = port.parse().map_err(|_| help)?;
    Ok(json!({"protocol": protocol, "service": service, "port": port}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_values() {
        let cases = [
            ("istiod.a=1", "/istiod/a", json!(1)),
            ("istiod.env.X=\"1\"", "/istiod/env/X", json!("1")),
            (
                "gateway.labels.a\\.b/c=x=y",
                "/gateway/labels/a.b~1c",
                json!("x=y"),
            ),
            (
                "base.a=[x, {b: true}]",
                "/base/a",
                json!(["x", {"b": true}]),
            ),
            ("base.a=", "/base/a", json!("")),
        ];
        for (text, pointer, value) in cases {
            let pointer = pointer.to_owned();
            assert_eq!(raw_value(text), Ok(RawValue { pointer, value }), "{text}");
        }
        for wrong in [
            "",
            "istiod=1",
            "istiod.a",
            "istiod..a=1",
            "istiod.a=[",
            "istiod.a={b: 1, b: 2}",
        ] {
            assert!(raw_value(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_none_of_them() {
        type Read = fn(&str) -> Result<Value, String>;
        let cases: [(Read, &[&str]); 5] = [
            (amounts, &["", "cpu", "disk=1", "cpu=1,cpu=2"]),
            (replicas, &["", "a", "1-", "-1", "1-2-3"]),
            (
                distribute,
                &["eu", "eu=", "eu=us", "eu=us:x", "eu=us:50,us:50"],
            ),
            (failover, &["", "eu"]),
            (collector, &["", "host", "host:x"]),
        ];
        for (read, wrongs) in cases {
            for wrong in wrongs {
                assert!(read(wrong).is_err(), "{wrong}");
            }
        }
    }
}
