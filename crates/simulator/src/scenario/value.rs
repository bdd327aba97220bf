//! Values in a scenario: bytes and times.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

/// Bytes: text, a number as text, `{hex: "00ff"}`, `{repeat: "a", times: 1000}`, or `{u64: 5}` as properties have numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Number(i64),
    Flag(bool),
    Hex(Hex),
    Repeat(Repeat),
    Number64(Number64),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hex {
    hex: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Number64 {
    u64: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Repeat {
    repeat: String,
    times: usize,
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = match Written::deserialize(deserializer)? {
            Written::Text(text) => text.into_bytes(),
            Written::Number(number) => number.to_string().into_bytes(),
            Written::Flag(flag) => flag.to_string().into_bytes(),
            Written::Hex(Hex { hex }) => unhex(&hex).ok_or_else(|| {
                D::Error::custom(format!(
                    "{hex:?} is not hexadecimal: two digits for each byte, blanks between bytes"
                ))
            })?,
            Written::Number64(Number64 { u64 }) => u64.to_le_bytes().to_vec(),
            Written::Repeat(Repeat { repeat, times }) => repeat.repeat(times).into_bytes(),
        };
        Ok(Self(bytes))
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .filter(|found| !found.is_whitespace())
        .map(|found| u8::try_from(found.to_digit(16)?).ok())
        .collect();
    let digits = digits?;
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => Some(high << 4 | low),
        _ => None,
    });
    pairs.collect()
}

/// A time as `250ms`, `1s`, `5m`, `1h` or several of them, `1m 30s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(pub Duration);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TimeVisitor)
    }
}

struct TimeVisitor;

impl Visitor<'_> for TimeVisitor {
    type Value = Time;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time such as 250ms, 1s, 5m, 1h or 1m 30s")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Time, E> {
        let wrong = || E::invalid_value(serde::de::Unexpected::Str(text), &self);
        let mut parts = text.split_whitespace().map(part);
        let sum = parts.try_fold(Duration::ZERO, |sum, part| sum.checked_add(part?));
        sum.filter(|_| !text.trim().is_empty())
            .map(Time)
            .ok_or_else(wrong)
    }
}

fn part(text: &str) -> Option<Duration> {
    let split = text.find(|found: char| !found.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(split)?;
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "us" => Some(Duration::from_micros(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        "h" => number.checked_mul(3600).map(Duration::from_secs),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_in_each_form() {
        let table: [(&str, &[u8]); 7] = [
            ("text", b"text"),
            ("12", b"12"),
            ("true", b"true"),
            ("{hex: 00 fF}", b"\x00\xff"),
            ("{repeat: ab, times: 2}", b"abab"),
            ("''", b""),
            ("{u64: 258}", b"\x02\x01\0\0\0\0\0\0"),
        ];
        for (text, wanted) in table {
            assert_eq!(
                serde_saphyr::from_str::<Bytes>(text).unwrap().0,
                wanted,
                "{text}"
            );
        }
        assert!(serde_saphyr::from_str::<Bytes>("{hex: f}").is_err());
        assert!(serde_saphyr::from_str::<Bytes>("{hexx: ff}").is_err());
    }

    #[test]
    fn times_in_each_form() {
        let table = [
            ("250ms", 250),
            ("1s", 1000),
            ("1m 30s", 90_000),
            ("2h", 7_200_000),
        ];
        for (text, wanted) in table {
            let time = serde_saphyr::from_str::<Time>(text).unwrap();
            assert_eq!(time.0, Duration::from_millis(wanted), "{text}");
        }
        for text in ["''", "1", "s", "1d", "-1s"] {
            assert!(serde_saphyr::from_str::<Time>(text).is_err(), "{text}");
        }
    }
}
