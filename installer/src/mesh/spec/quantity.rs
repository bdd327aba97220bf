//! CPU, memory and time, as Kubernetes and people write them, and as numbers that can be compared.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use crate::cluster::quantity::unsigned;

/// What is measured.
pub(crate) trait Measure {
    /// For the schema.
    const NAME: &str;
    /// What a text may look like.
    const PATTERN: &str;
    /// What to write.
    const HELP: &str;
    /// How many digits at most, so that no sum of ours overflows.
    const DIGITS: usize;
    /// Whether a number without unit may have a fraction.
    const FRACTION: bool;
    /// The units, without which a number says nothing unless one of them is empty.
    const UNITS: &[&str];

    /// A text of that form in the smallest unit.
    fn worth(text: &str) -> Option<u128>;
}

/// Shares of a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Core;

/// Bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bytes;

/// Time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time;

impl Measure for Core {
    const NAME: &str = "Cpu";
    const PATTERN: &str = r"^[0-9]{1,9}(m|\.[0-9]{1,3})?$";
    const HELP: &str = "write CPU as a text: cores such as \"2\" or \"0.5\", or thousandths of a core such as 500m";
    const DIGITS: usize = 9;
    const FRACTION: bool = true;
    const UNITS: &[&str] = &["m", ""];

    fn worth(text: &str) -> Option<u128> {
        unsigned(text)?.checked_div(1_000_000)
    }
}

impl Measure for Bytes {
    const NAME: &str = "Memory";
    const PATTERN: &str = r"^[0-9]{1,15}(Ki|Mi|Gi|Ti|k|M|G|T)?$";
    const HELP: &str = "write memory as a text: a whole number of bytes with Ki, Mi, Gi, Ti, k, M, G or T, such as 512Mi";
    const DIGITS: usize = 15;
    const FRACTION: bool = false;
    const UNITS: &[&str] = &["Ki", "Mi", "Gi", "Ti", "k", "M", "G", "T", ""];

    fn worth(text: &str) -> Option<u128> {
        unsigned(text)?.checked_div(1_000_000_000)
    }
}

impl Measure for Time {
    const NAME: &str = "Duration";
    const PATTERN: &str = "^[0-9]{1,9}(ms|s|m|h)$";
    const HELP: &str = "write a whole number with ms, s, m or h, such as 15s";
    const DIGITS: usize = 9;
    const FRACTION: bool = false;
    const UNITS: &[&str] = &["ms", "s", "m", "h"];

    /// No amount of Kubernetes': `m` are minutes.
    fn worth(text: &str) -> Option<u128> {
        let (number, unit) = split(text);
        let unit = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        number.parse::<u128>().ok()?.checked_mul(unit)
    }
}

/// A quantity: the text as it was written, which Kubernetes gets, and its worth in the smallest unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String", bound = "M: Measure + Clone")]
pub(crate) struct Quantity<M> {
    text: String,
    worth: u128,
    measure: PhantomData<M>,
}

/// CPU of a container.
pub(crate) type Cpu = Quantity<Core>;
/// Memory of a container.
pub(crate) type Memory = Quantity<Bytes>;
/// A span of time.
pub(crate) type Seconds = Quantity<Time>;

/// A text that is no quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} cannot be read: {help}")]
pub(crate) struct QuantityError {
    text: String,
    help: &'static str,
}

impl<M> Quantity<M> {
    /// As it was written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// In the smallest unit: thousandths of a core, bytes, milliseconds.
    pub(crate) const fn worth(&self) -> u128 {
        self.worth
    }
}

impl Seconds {
    /// As protocol buffers want it, in seconds alone: 5m is 300s.
    pub(crate) fn protobuf(&self) -> String {
        let (seconds, rest) = (self.worth / 1_000, self.worth % 1_000);
        if rest == 0 {
            format!("{seconds}s")
        } else {
            format!("{seconds}.{rest:03}s")
        }
    }
}

impl<M: Measure> FromStr for Quantity<M> {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        has_form::<M>(text)
            .then(|| M::worth(text))
            .flatten()
            .map(|worth| Self {
                text: text.to_owned(),
                worth,
                measure: PhantomData,
            })
            .ok_or_else(|| QuantityError {
                text: text.to_owned(),
                help: M::HELP,
            })
    }
}

/// Whether a text is one that the pattern allows: less than Kubernetes takes, so that a mesh file reads the same everywhere.
fn has_form<M: Measure>(text: &str) -> bool {
    let are_digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let (number, unit) = split(text);
    let fits = match number.split_once('.') {
        None => are_digits(number, M::DIGITS),
        Some((whole, fraction)) => {
            M::FRACTION
                && unit.is_empty()
                && are_digits(whole, M::DIGITS)
                && are_digits(fraction, 3)
        }
    };
    fits && M::UNITS.contains(&unit)
}

/// Number and unit.
fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    text.split_at(end.unwrap_or(text.len()))
}

impl<M> fmt::Display for Quantity<M> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl<M: Measure> TryFrom<String> for Quantity<M> {
    type Error = QuantityError;

    fn try_from(text: String) -> Result<Self, QuantityError> {
        text.parse()
    }
}

impl<M> From<Quantity<M>> for String {
    fn from(quantity: Quantity<M>) -> Self {
        quantity.text
    }
}

impl<M: Measure> JsonSchema for Quantity<M> {
    fn schema_name() -> Cow<'static, str> {
        M::NAME.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": M::PATTERN, "errorMessage": M::HELP})
    }
}

#[cfg(test)]
mod tests;
