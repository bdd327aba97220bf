//! What a plain scalar means in YAML 1.1, as Kubernetes reads it.

use serde_json::{Number, Value as Json};

/// The value of a plain (not quoted) scalar.
pub(crate) fn resolve(text: &str) -> Json {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Json::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Json::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Json::Bool(false);
        }
        _ => {}
    }
    number(text).map_or_else(|| Json::from(text), Json::Number)
}

/// Whether a plain scalar of this text would be that text again.
pub(crate) fn is_text(text: &str) -> bool {
    // Infinities and times are no JSON, but no text either.
    resolve(text).is_string() && !is_special_float(text) && text != "<<" && !is_time(text)
}

/// Whether it is a float that JSON cannot say.
pub(crate) fn is_special_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

fn number(text: &str) -> Option<Number> {
    let first = text.chars().next()?;
    if first == '.' {
        return float(text).and_then(Number::from_f64);
    }
    if !first.is_ascii_digit() && first != '+' && first != '-' || is_time(text) {
        return None;
    }
    let plain = text.replace('_', "");
    integer(&plain).or_else(|| {
        is_float(&plain)
            .then(|| plain.parse().ok())
            .flatten()
            .and_then(Number::from_f64)
    })
}

/// A Go integer literal: decimal, `0x`, `0o`, `0b`, or with a leading zero octal.
fn integer(text: &str) -> Option<Number> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, radix) = radix(digits);
    if !digits.starts_with(|first: char| first.is_digit(radix)) {
        return None;
    }
    let magnitude = i128::from_str_radix(digits, radix).ok()?;
    let value = if negative {
        magnitude.checked_neg()?
    } else {
        magnitude
    };
    i64::try_from(value)
        .map(Number::from)
        .or_else(|_| u64::try_from(value).map(Number::from))
        .ok()
}

fn radix(digits: &str) -> (&str, u32) {
    let prefixed = [
        ("0x", 16),
        ("0X", 16),
        ("0o", 8),
        ("0O", 8),
        ("0b", 2),
        ("0B", 2),
    ];
    for (prefix, radix) in prefixed {
        if let Some(rest) = digits.strip_prefix(prefix) {
            return (rest, radix);
        }
    }
    match digits.strip_prefix('0') {
        Some(rest) if !rest.is_empty() => (rest, 8),
        _ => (digits, 10),
    }
}

/// `.5`, `.5e3`: what Go's `ParseFloat` takes after a dot.
fn float(text: &str) -> Option<f64> {
    is_float(text).then(|| text.parse().ok()).flatten()
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let unsigned = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !unsigned.is_empty() && digits(unsigned)
    });
    mantissa_fits && exponent_fits
}

/// `2006-1-2` and the forms with a time behind it.
pub(crate) fn is_time(text: &str) -> bool {
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = parts
        .next()
        .is_some_and(|year| year.len() == 4 && number_up_to(year, 9999).is_some());
    let month = parts.next().and_then(|month| number_up_to(month, 12));
    let day = parts.next().and_then(|day| number_up_to(day, 31));
    let is_date = year && month.is_some_and(|it| it > 0) && day.is_some_and(|it| it > 0);
    let with_zone = text.contains(['T', 't']);
    is_date && parts.next().is_none() && time.is_none_or(|time| is_clock(time, with_zone))
}

fn is_clock(time: &str, with_zone: bool) -> bool {
    let clock = if with_zone {
        let Some(clock) = without_zone(time) else {
            return false;
        };
        clock
    } else {
        time
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut parts = clock.split(':');
    let mut next = |limit| {
        parts
            .next()
            .and_then(|part| number_up_to(part, limit))
            .is_some()
    };
    let fits = next(23) && next(59) && next(59);
    fits && parts.next().is_none()
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
}

fn without_zone(time: &str) -> Option<&str> {
    if let Some(clock) = time.strip_suffix('Z') {
        return Some(clock);
    }
    let (clock, zone) = time.split_at_checked(time.len().checked_sub(6)?)?;
    let zone = zone.strip_prefix(['+', '-'])?;
    let (hours, minutes) = zone.split_once(':')?;
    let two = |text: &str| text.len() == 2 && number_up_to(text, 59).is_some();
    (two(hours) && two(minutes)).then_some(clock)
}

fn number_up_to(text: &str, limit: u32) -> Option<u32> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = plain.then(|| text.parse().ok()).flatten()?;
    (number <= limit).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_scalars_mean_what_yaml_1_1_says() {
        let table = [
            ("yes", json!(true)),
            ("off", json!(false)),
            ("~", json!(null)),
            ("12", json!(12)),
            ("+12", json!(12)),
            ("-0x1F", json!(-31)),
            ("0644", json!(420)),
            ("0o17", json!(15)),
            ("0b11", json!(3)),
            ("1_000", json!(1000)),
            (
                "18446744073709551615",
                json!(18_446_744_073_709_551_615_u64),
            ),
            ("1.5", json!(1.5)),
            ("1e3", json!(1000.0)),
            (".5", json!(0.5)),
            ("08", json!(8.0)),
            ("1.2.3", json!("1.2.3")),
            ("-", json!("-")),
            ("0x", json!("0x")),
            ("1h", json!("1h")),
            ("100m", json!("100m")),
            ("2006-01-02", json!("2006-01-02")),
        ];
        for (text, expected) in table {
            assert_eq!(resolve(text), expected, "{text}");
        }
    }

    #[test]
    fn text_that_would_be_read_as_something_else_is_known() {
        for text in [
            "yes",
            "1",
            "0x1",
            "",
            "null",
            ".inf",
            "2006-1-2",
            "2006-01-02T15:04:05Z",
            "<<",
        ] {
            assert!(!is_text(text), "{text}");
        }
        for text in [
            "a",
            "1.2.3",
            "2006-13-02",
            "2006-01-02T15:04:05",
            "1.31.0",
            "12:30",
            "-a",
        ] {
            assert!(is_text(text), "{text}");
        }
    }
}
