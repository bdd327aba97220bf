//! `print` and `printf`, as Go formats.

use super::Kind::{Any, Text};
use super::encode::hex;
use super::{Arguments, Function, failed, string};
use crate::template::Outcome;
use crate::value::Value;
use crate::value::print::quoted;

/// Go refuses wider ones, too.
const WIDEST: usize = 1_000_000;

pub(super) const TABLE: &[Function] = &[
    Function::new("html", &[], html).rest(Any),
    Function::new("print", &[], print).rest(Any),
    Function::new("printf", &[Text], |given| {
        Ok(Value::text(printf(given.text(0), given.from(1))?))
    })
    .rest(Any),
    Function::new("println", &[], println).rest(Any),
    Function::new("urlquery", &[], urlquery).rest(Any),
];

/// With a space between two that are both no text.
fn print(given: &Arguments<'_>) -> Outcome<Value> {
    let mut out = String::new();
    let mut before_is_text = true;
    for (index, value) in given.0.iter().enumerate() {
        let is_text = matches!(value, Value::Text(_));
        if index > 0 && !is_text && !before_is_text {
            out.push(' ');
        }
        out.push_str(&string(value)?);
        before_is_text = is_text;
    }
    Ok(Value::text(out))
}

fn println(given: &Arguments<'_>) -> Outcome<Value> {
    let mut words = Vec::new();
    for value in given.0 {
        words.push(string(value)?);
    }
    Ok(Value::text(format!("{}\n", words.join(" "))))
}

fn joined(given: &Arguments<'_>) -> Outcome<String> {
    match print(given)? {
        Value::Text(text) => Ok(text.to_string()),
        _ => Ok(String::new()),
    }
}

fn html(given: &Arguments<'_>) -> Outcome<Value> {
    let mut out = String::new();
    for character in joined(given)?.chars() {
        match character {
            '\0' => out.push('\u{fffd}'),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            other => out.push(other),
        }
    }
    Ok(Value::text(out))
}

fn urlquery(given: &Arguments<'_>) -> Outcome<Value> {
    let mut out = String::new();
    for byte in joined(given)?.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            other => {
                out.push('%');
                out.push_str(&hex(&[other]).to_uppercase());
            }
        }
    }
    Ok(Value::text(out))
}

/// A verb's flags, width and precision.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of printf")]
struct Directive {
    left: bool,
    plus: bool,
    zero: bool,
    space: bool,
    sharp: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

fn printf(format: &str, values: &[Value]) -> Outcome<String> {
    let mut out = String::new();
    let mut values = values.iter();
    let mut rest = format;
    while let Some((text, after)) = rest.split_once('%') {
        out.push_str(text);
        let (directive, after) = Directive::parse(after);
        if directive
            .width
            .max(directive.precision)
            .is_some_and(|width| width > WIDEST)
        {
            return failed("a width of printf is too large");
        }
        let Some(verb) = after.chars().next() else {
            out.push_str("%!(NOVERB)");
            return Ok(out);
        };
        rest = after.get(verb.len_utf8()..).unwrap_or_default();
        if verb == '%' {
            out.push('%');
            continue;
        }
        match values.next() {
            Some(value) => out.push_str(&directive.format(verb, value)?),
            None => out.extend(["%!", verb.encode_utf8(&mut [0; 4]), "(MISSING)"]),
        }
    }
    out.push_str(rest);
    extra(values.as_slice(), &mut out)?;
    Ok(out)
}

fn extra(values: &[Value], out: &mut String) -> Outcome<()> {
    if values.is_empty() {
        return Ok(());
    }
    let mut texts = Vec::new();
    for value in values {
        texts.push(if value.is_nil() {
            "<nil>".to_owned()
        } else {
            format!("{}={}", value.type_name(), string(value)?)
        });
    }
    out.extend(["%!(EXTRA ", &texts.join(", "), ")"]);
    Ok(())
}

impl Directive {
    fn parse(text: &str) -> (Self, &str) {
        let mut directive = Self::default();
        let mut rest = text;
        while let Some(flag) = rest.chars().next() {
            match flag {
                '-' => directive.left = true,
                '+' => directive.plus = true,
                '0' => directive.zero = true,
                ' ' => directive.space = true,
                '#' => directive.sharp = true,
                _ => break,
            }
            rest = rest.get(1..).unwrap_or_default();
        }
        (directive.width, rest) = number(rest);
        if let Some(after) = rest.strip_prefix('.') {
            let (precision, after) = number(after);
            directive.precision = Some(precision.unwrap_or(0));
            rest = after;
        }
        (directive, rest)
    }

    fn format(&self, verb: char, value: &Value) -> Outcome<String> {
        let text = match (verb, value) {
            ('T', _) => value.type_name().to_owned(),
            ('v', Value::Text(text)) if self.sharp => quoted(text),
            ('s', Value::Text(text)) => self.cut(text),
            ('q', Value::Text(text)) => quoted(&self.cut(text)),
            ('v', _)
            | ('g' | 'G', Value::Float(_))
            | ('s' | 'q', Value::List(_) | Value::Map(_) | Value::Object(_))
            | ('t', Value::Bool(_)) => string(value)?,
            ('d', Value::Int(number)) => self.signed(number.to_string()),
            ('x', Value::Int(number)) => self.signed(radix(*number, |it| format!("{it:x}"))),
            ('X', Value::Int(number)) => self.signed(radix(*number, |it| format!("{it:X}"))),
            ('o', Value::Int(number)) => self.signed(radix(*number, |it| format!("{it:o}"))),
            ('b', Value::Int(number)) => self.signed(radix(*number, |it| format!("{it:b}"))),
            ('c', Value::Int(number)) => character(*number),
            ('x', Value::Text(text)) => hex(text.as_bytes()),
            ('f' | 'F', Value::Float(number)) => {
                let precision = self.precision.unwrap_or(6);
                self.signed(format!("{number:.precision$}"))
            }
            ('e', Value::Float(number)) => {
                self.signed(exponent(*number, self.precision.unwrap_or(6)))
            }
            (_, value) if value.is_nil() => return Ok(format!("%!{verb}(<nil>)")),
            _ => {
                return Ok(format!(
                    "%!{verb}({}={})",
                    value.type_name(),
                    string(value)?
                ));
            }
        };
        Ok(self.pad(&text, matches!(value, Value::Int(_) | Value::Float(_))))
    }

    fn cut(&self, text: &str) -> String {
        text.chars()
            .take(self.precision.unwrap_or(usize::MAX))
            .collect()
    }

    fn signed(&self, digits: String) -> String {
        match (digits.starts_with('-'), self.plus, self.space) {
            (false, true, _) => format!("+{digits}"),
            (false, false, true) => format!(" {digits}"),
            _ => digits,
        }
    }

    fn pad(&self, text: &str, is_number: bool) -> String {
        let width = self.width.unwrap_or(0);
        let missing = width.saturating_sub(text.chars().count());
        if self.left {
            return format!("{text}{}", " ".repeat(missing));
        }
        if !self.zero {
            return format!("{}{text}", " ".repeat(missing));
        }
        let zeros = "0".repeat(missing);
        match text.strip_prefix(['-', '+']) {
            Some(digits) if is_number => {
                let sign = text.get(..1).unwrap_or_default();
                format!("{sign}{zeros}{digits}")
            }
            _ => format!("{zeros}{text}"),
        }
    }
}

fn number(text: &str) -> (Option<usize>, &str) {
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    if digits.is_empty() {
        return (None, rest);
    }
    (Some(digits.parse().unwrap_or(usize::MAX)), rest)
}

fn radix(number: i64, digits: impl Fn(u64) -> String) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", digits(number.unsigned_abs()))
}

fn character(code: i64) -> String {
    let character = u32::try_from(code).ok().and_then(char::from_u32);
    character.unwrap_or('\u{fffd}').to_string()
}

fn exponent(number: f64, precision: usize) -> String {
    let text = format!("{number:.precision$e}");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = exponent
                .strip_prefix('-')
                .map_or(('+', exponent), |rest| ('-', rest));
            format!("{digits}e{sign}{exponent:0>2}")
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_those_of_go() {
        let (one, text, half) = (Value::Int(1), Value::text("a"), Value::Float(0.5));
        let table: [(&str, &[&Value], &str); 16] = [
            ("%s-%s", &[&text, &text], "a-a"),
            ("%d%%", &[&one], "1%"),
            (
                "%05d|%-3d|%+d|%3d",
                &[&one, &one, &one, &one],
                "00001|1  |+1|  1",
            ),
            ("%v %v", &[&half, &Value::Float(1e6)], "0.5 1e+06"),
            ("%q", &[&Value::text("a\"b")], r#""a\"b""#),
            ("%.2f", &[&half], "0.50"),
            ("%d", &[&half], "%!d(float64=0.5)"),
            ("%s", &[&one], "%!s(int64=1)"),
            ("%s", &[&Value::Null], "%!s(<nil>)"),
            ("%s", &[], "%!s(MISSING)"),
            ("a", &[&one], "a%!(EXTRA int64=1)"),
            ("%t", &[&Value::Bool(true)], "true"),
            ("%5.1s|", &[&Value::text("xyz")], "    x|"),
            ("%x %X", &[&Value::Int(255), &Value::Int(255)], "ff FF"),
            ("%T", &[&text], "string"),
            ("%e", &[&Value::Float(1_234.5)], "1.234500e+03"),
        ];
        for (format, values, expected) in table {
            let values: Vec<Value> = values.iter().map(|value| (*value).clone()).collect();
            assert_eq!(printf(format, &values).unwrap(), expected, "{format}");
        }
    }
}
