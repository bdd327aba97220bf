//! What an operator may write, and the form in which it is used.
//!
//! The bounds on sizes are there so that no configuration takes a proxy's memory or start-up time by surprise; the README names
//! what each costs.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use filter::config::{Errors, Object, Refused, Value};
use matcher::{Match, header};

use crate::key::{Key, Part, Prefixes};
use crate::limit::Limit;
use crate::reply::Refusal;
use crate::table::Shape;

/// The most rules of one configuration: each that matches costs something for each request.
const RULES: usize = 64;

/// The most requests of a limit, and of a burst.
const REQUESTS: u64 = 1_000_000;

/// The longest period of a limit, 31 days.
const LONGEST: Duration = Duration::from_hours(744);

/// The most keys that a rule can tell apart, and the least.
const KEYS: std::ops::RangeInclusive<u64> = 1..=1_048_576;

/// The most keys of all rules together: 64 MiB in the proxy, which keeps them until it restarts.
const ALL_KEYS: u64 = 2_097_152;

/// How many keys a rule tells apart unless it says otherwise.
const DEFAULT_KEYS: u32 = 4096;

/// The longest body of a reply, in bytes.
const BODY: usize = 16 * 1024;

/// A configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    /// The rules, in order; at least one.
    pub(crate) rules: Vec<Rule>,
    /// What happens to requests while buckets cannot be read.
    pub(crate) failure: Failure,
}

/// What happens to a request that no decision can be made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It is refused.
    #[default]
    Closed,
    /// It is admitted.
    Open,
}

/// What happens to a request that lacks a part of the key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Keyless {
    /// It shares a bucket with all others that lack the same part: leaving out a header escapes no limit.
    #[default]
    Share,
    /// The rule does not apply to it.
    Skip,
    /// It is refused.
    Refuse,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Its name: small letters, digits and hyphens.
    pub(crate) name: String,
    /// Which requests it applies to.
    pub(crate) matching: Match,
    /// What it counts by.
    pub(crate) key: Key,
    /// How many.
    pub(crate) limit: Limit,
    /// What happens to a request without a key.
    pub(crate) keyless: Keyless,
    /// Whether it only counts.
    pub(crate) shadow: bool,
    /// How many keys it can tell apart.
    pub(crate) keys: u32,
    /// What a refused client gets.
    pub(crate) refusal: Refusal,
}

/// Reads a configuration.
///
/// # Errors
///
/// Every mistake in it.
pub(crate) fn read(configuration: &[u8]) -> Result<Config, Errors> {
    filter::config::read(configuration, |fields| {
        let rules = fields.required("rules", rules);
        let failure = fields.optional("failureMode", |value| {
            value.one_of(&[("closed", Failure::Closed), ("open", Failure::Open)])
        });
        Ok(Config {
            rules: rules?,
            failure: failure?.unwrap_or_default(),
        })
    })
}

fn rules(value: &Value<'_>) -> Result<Vec<Rule>, Refused> {
    let mut names = BTreeSet::new();
    let rules = value.list(|rule| rule.object(|fields| self::rule(fields, &mut names)))?;
    if rules.len() > RULES {
        return Err(value.refuse(format!(
            "must be at most {RULES} rules, are {}",
            rules.len()
        )));
    }
    // As rounded: that is what takes the memory.
    let room = |rule: &Rule| u64::try_from(Shape::new(rule.keys).keys()).unwrap_or(u64::MAX);
    let keys = rules.iter().map(room).fold(0, u64::saturating_add);
    if keys > ALL_KEYS {
        return Err(value.refuse(format!(
            "must have at most {ALL_KEYS} keys in all (64 MiB in each proxy), have {keys}, each rule's rounded up to a power of two: lower maxKeys"
        )));
    }
    Ok(rules)
}

fn rule(fields: &mut Object<'_>, names: &mut BTreeSet<String>) -> Result<Rule, Refused> {
    let name = fields.required("name", |value| name(value, names));
    let matching = fields.optional("match", matcher::read);
    let key = fields.required("key", |value| value.list(part));
    let limit = fields.required("limit", limit);
    let keyless = fields.optional("onMissingKey", |value| {
        value.one_of(&[
            ("share", Keyless::Share),
            ("skip", Keyless::Skip),
            ("refuse", Keyless::Refuse),
        ])
    });
    let shadow = fields.optional("shadow", Value::boolean);
    let keys = fields.optional("maxKeys", |value| value.integer(&KEYS));
    let refusal = fields.optional("response", refusal);
    let (key, keys) = (Key(key?), keys?);
    if key.is_constant() && keys.is_some() {
        return Err(fields.refuse("has one bucket, its key being constant: leave maxKeys out"));
    }
    let default = if key.is_constant() { 1 } else { DEFAULT_KEYS };
    Ok(Rule {
        name: name?,
        matching: matching?.unwrap_or_default(),
        limit: limit?,
        keyless: keyless?.unwrap_or_default(),
        shadow: shadow?.unwrap_or_default(),
        keys: keys.map_or(default, |keys| u32::try_from(keys).unwrap_or(default)),
        refusal: refusal?.unwrap_or_default(),
        key,
    })
}

fn name(value: &Value<'_>, names: &mut BTreeSet<String>) -> Result<String, Refused> {
    let text = value.text()?;
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.len() > 63 || !text.bytes().all(allowed) {
        return Err(value.refuse(format!(
            "must be at most 63 small letters, digits and hyphens, since metrics are named after it, is {}",
            value.describe()
        )));
    }
    if !names.insert(text.to_owned()) {
        return Err(value.refuse(format!("is the name of two rules, {}", value.describe())));
    }
    Ok(text.to_owned())
}

fn part(value: &Value<'_>) -> Result<Part, Refused> {
    value.object(|fields| {
        let header = fields.optional("header", header::name);
        let address = fields.optional("sourceAddress", |value| value.object(prefixes));
        let path = fields.optional("path", |value| value.object(|_| Ok(())));
        let constant = fields.optional("constant", Value::text);
        let parts = [
            header?.map(Part::Header),
            address?.map(Part::SourceAddress),
            path?.map(|()| Part::Path),
            constant?.map(|text| Part::Constant(text.to_owned())),
        ];
        let mut parts = parts.into_iter().flatten();
        match (parts.next(), parts.next()) {
            (Some(part), None) => Ok(part),
            _ => Err(fields.refuse("needs exactly one of header, sourceAddress, path, constant")),
        }
    })
}

/// By default an IPv4 client is an address and an IPv6 client a /64: that much is given to every household, which could
/// otherwise take a new address for each request.
fn prefixes(fields: &mut Object<'_>) -> Result<Prefixes, Refused> {
    let ipv4 = fields.optional("ipv4Prefix", |value| value.integer(&(1..=32)));
    let ipv6 = fields.optional("ipv6Prefix", |value| value.integer(&(1..=128)));
    let bits = |bits: Option<u64>, default| {
        bits.map_or(default, |bits| u32::try_from(bits).unwrap_or(default))
    };
    Ok(Prefixes {
        ipv4: bits(ipv4?, 32),
        ipv6: bits(ipv6?, 64),
    })
}

fn limit(value: &Value<'_>) -> Result<Limit, Refused> {
    value.object(|fields| {
        let requests = fields.required("requests", count);
        let per = fields.required("per", period);
        let burst = fields.optional("burst", count);
        let (requests, burst) = (requests?, burst?);
        Ok(Limit::new(requests, per?, burst.unwrap_or(requests)))
    })
}

fn count(value: &Value<'_>) -> Result<NonZeroU32, Refused> {
    let count = value.integer(&(1..=REQUESTS))?;
    let count = u32::try_from(count).ok().and_then(NonZeroU32::new);
    count.ok_or_else(|| value.refuse("is out of range"))
}

fn period(value: &Value<'_>) -> Result<Duration, Refused> {
    let period = value.duration()?;
    if period > LONGEST {
        return Err(value.refuse(format!("must be at most 744h, is {}", value.describe())));
    }
    Ok(period)
}

fn refusal(value: &Value<'_>) -> Result<Refusal, Refused> {
    value.object(|fields| {
        let default = Refusal::default();
        let status = fields.optional("status", |value| value.integer(&(400..=599)));
        let grpc_status = fields.optional("grpcStatus", |value| value.integer(&(1..=16)));
        let body = fields.optional("body", body);
        let headers = fields.optional("headers", headers);
        let (status, grpc_status) = (status?, grpc_status?);
        Ok(Refusal {
            status: status
                .and_then(|status| u16::try_from(status).ok())
                .unwrap_or(default.status),
            grpc_status: grpc_status
                .and_then(|status| u8::try_from(status).ok())
                .unwrap_or(default.grpc_status),
            body: body?.unwrap_or(default.body),
            headers: headers?.unwrap_or_default(),
        })
    })
}

fn body(value: &Value<'_>) -> Result<String, Refused> {
    let text = value.string()?;
    if text.len() > BODY {
        return Err(value.refuse(format!("must be at most {BODY} bytes, is {}", text.len())));
    }
    Ok(text.to_owned())
}

fn headers(value: &Value<'_>) -> Result<Vec<(String, String)>, Refused> {
    let entries = value.entries()?;
    let read: Vec<_> = entries
        .iter()
        .map(|(name, value)| own_header(name, value))
        .collect();
    read.into_iter().collect()
}

/// Headers that say something else about the reply than this plugin and the proxy do are refused.
fn own_header(name: &str, value: &Value<'_>) -> Result<(String, String), Refused> {
    const TAKEN: [&str; 6] = [
        "retry-after",
        "ratelimit",
        "ratelimit-policy",
        "content-length",
        "transfer-encoding",
        "connection",
    ];
    let lower = name.to_ascii_lowercase();
    let text = value.string();
    if !header::is_token(name) {
        return Err(value.refuse(format!("{name:?} is not the name of a header")));
    }
    if TAKEN.contains(&lower.as_str()) {
        return Err(value.refuse("is a header that the plugin or the proxy writes itself"));
    }
    let text = text?;
    if !header::is_value(text) {
        return Err(value.refuse("must not begin or end with a blank or contain a line break"));
    }
    Ok((lower, text.to_owned()))
}

#[cfg(test)]
mod tests;
