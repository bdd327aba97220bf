//! Values as Go prints them: `{{ . }}`, `print`, and the text that `quote` and `toString` start from.

use super::convert::Walk;
use super::{Object, Value};
use std::fmt::Write as _;

/// As `%v`. None when it has no end.
pub(crate) fn print(value: &Value) -> Option<String> {
    let mut out = String::new();
    write(value, &mut out, &mut Walk::new())?;
    Some(out)
}

fn write(value: &Value, out: &mut String, walk: &mut Walk) -> Option<()> {
    walk.down(|walk| {
        match value {
            Value::Absent | Value::Null => out.push_str("<nil>"),
            Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
            Value::Int(number) => write!(out, "{number}").ok()?,
            Value::Float(number) => out.push_str(&shortest(*number)),
            Value::Text(text) => out.push_str(walk.text(text)?),
            Value::List(items) => write_list(items, out, walk)?,
            Value::Map(map) => {
                let entries = map.entries();
                let entries = entries.iter().map(|(key, value)| (&**key, value));
                write_map(entries, out, walk)?;
            }
            Value::Object(Object::ApiVersions(_)) => write_list(&value.items()?, out, walk)?,
            Value::Object(Object::Files(files)) => {
                let entries = files
                    .iter()
                    .map(|(path, content)| (path, Value::Text(content.clone())));
                let entries: Vec<_> = entries.collect();
                write_map(
                    entries.iter().map(|(path, content)| (&***path, content)),
                    out,
                    walk,
                )?;
            }
            Value::Object(Object::Record(record)) => {
                if let Some(text) = &record.text {
                    out.push_str(text);
                } else {
                    out.push('{');
                    separated(record.fields.values(), out, walk)?;
                    out.push('}');
                }
            }
        }
        Some(())
    })
}

fn write_list(items: &[Value], out: &mut String, walk: &mut Walk) -> Option<()> {
    out.push('[');
    separated(items.iter(), out, walk)?;
    out.push(']');
    Some(())
}

fn separated<'v>(
    items: impl Iterator<Item = &'v Value>,
    out: &mut String,
    walk: &mut Walk,
) -> Option<()> {
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(' ');
        }
        write(item, out, walk)?;
    }
    Some(())
}

fn write_map<'v>(
    entries: impl Iterator<Item = (&'v str, &'v Value)>,
    out: &mut String,
    walk: &mut Walk,
) -> Option<()> {
    out.push_str("map[");
    for (index, (key, value)) in entries.enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out.push_str(key);
        out.push(':');
        write(value, out, walk)?;
    }
    out.push(']');
    Some(())
}

/// As Go's `%g`: a large whole number gets an exponent already from a million on, which surprises charts' authors.
pub(crate) fn shortest(number: f64) -> String {
    with_exponent_from(number, 6)
}

/// The shortest digits that read back the same, with an exponent where it is below -4 or at least `from`.
pub(crate) fn with_exponent_from(number: f64, from: i32) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if number == 0.0 || (-4..from).contains(&exponent) {
        return format!("{number}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

/// As `%q`: in double quotes, with Go's escapes.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            printable if is_printable(printable) => out.push(printable),
            other => escape(other, &mut out),
        }
    }
    out.push('"');
    out
}

fn escape(character: char, out: &mut String) {
    let code = u32::from(character);
    let escape = match code {
        0..=0x7f => format!("\\x{code:02x}"),
        0x80..=0xffff => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    };
    out.push_str(&escape);
}

/// What Go leaves unescaped, up to unassigned characters, of which Rust's escaping decides.
fn is_printable(character: char) -> bool {
    match character {
        ' ' | '\'' => true,
        other if other.is_whitespace() || other.is_control() => false,
        other if other.is_ascii() => true,
        other => other.escape_debug().count() == 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Map;
    use crate::value::convert::from_json;
    use serde_json::json;

    #[test]
    fn floats_print_as_in_go() {
        let table = [
            (1.0, "1"),
            (0.0, "0"),
            (-2.5, "-2.5"),
            (100_000.0, "100000"),
            (1_000_000.0, "1e+06"),
            (1_234_567.5, "1.2345675e+06"),
            (0.0001, "0.0001"),
            (0.000_01, "1e-05"),
            (1e21, "1e+21"),
            (f64::INFINITY, "+Inf"),
        ];
        for (number, expected) in table {
            assert_eq!(shortest(number), expected);
        }
    }

    #[test]
    fn data_prints_as_in_go() {
        let value = from_json(&json!({"b": [1, "x", null], "a": {"c": true}}));
        assert_eq!(
            print(&value).as_deref(),
            Some("map[a:map[c:true] b:[1 x <nil>]]")
        );
        let map = Map::default();
        map.set("self", Value::Map(map.clone()));
        assert_eq!(print(&Value::Map(map.clone())), None);
        map.unset("self");
    }

    #[test]
    fn quotes_are_those_of_go() {
        let table = [
            ("a b", r#""a b""#),
            ("\"\\", r#""\"\\""#),
            ("\n\t\u{1}", r#""\n\t\x01""#),
            ("é<>&'", r#""é<>&'""#),
            ("\u{a0}\u{2028}", r#""\u00a0\u2028""#),
        ];
        for (text, expected) in table {
            assert_eq!(quoted(text), expected);
        }
    }
}
