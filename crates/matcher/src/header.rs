//! Conditions on headers.
//!
//! Values are compared as bytes. A header that stands in a request several times meets a condition when one of its values
//! does: which of them the upstream reads is not known here, and a rule that restricts must not be escaped by a second value.

use filter::Headers;
use filter::config::{Refused, Value};

/// What a rule wants of one header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderPattern {
    name: String,
    wanted: Wanted,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    Present,
    Absent,
    OneOf(Vec<Vec<u8>>),
    Prefix(Vec<u8>),
}

impl HeaderPattern {
    /// Whether the headers are as wanted.
    #[must_use]
    pub fn matches(&self, headers: &Headers) -> bool {
        let mut values = headers.all(&self.name);
        match &self.wanted {
            Wanted::Present => values.next().is_some(),
            Wanted::Absent => values.next().is_none(),
            Wanted::OneOf(wanted) => values.any(|value| wanted.iter().any(|one| one == value)),
            Wanted::Prefix(prefix) => values.any(|value| value.starts_with(prefix)),
        }
    }
}

/// Reads a `name` and one of `present`, `exact`, `oneOf` and `prefix`.
///
/// # Errors
///
/// [`Refused`] when something in it is refused.
pub fn read(value: &Value<'_>) -> Result<HeaderPattern, Refused> {
    value.object(|fields| {
        let name = fields.required("name", name);
        let present = fields.optional("present", Value::boolean);
        let exact = fields.optional("exact", bytes);
        let one_of = fields.optional("oneOf", |value| value.list(bytes));
        let prefix = fields.optional("prefix", prefix);
        let present = present?.map(presence);
        let exact = exact?.map(|exact| Wanted::OneOf(vec![exact]));
        let wanted = [
            present,
            exact,
            one_of?.map(Wanted::OneOf),
            prefix?.map(Wanted::Prefix),
        ];
        let name = name?;
        let mut wanted = wanted.into_iter().flatten();
        match (wanted.next(), wanted.next()) {
            (Some(wanted), None) => Ok(HeaderPattern { name, wanted }),
            _ => Err(fields.refuse("needs exactly one of present, exact, oneOf, prefix")),
        }
    })
}

const fn presence(wanted: bool) -> Wanted {
    if wanted {
        Wanted::Present
    } else {
        Wanted::Absent
    }
}

/// Reads the name of a header.
///
/// # Errors
///
/// [`Refused`] when it is no name, or one of HTTP/2's pseudo-headers: paths, hosts and methods have conditions of their own,
/// which know how those may be spelt.
pub fn name(value: &Value<'_>) -> Result<String, Refused> {
    let text = value.text()?;
    if is_token(text) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(value.refuse(format!(
        "must be the name of a header such as x-user, is {}",
        value.describe()
    )))
}

fn bytes(value: &Value<'_>) -> Result<Vec<u8>, Refused> {
    let text = value.string()?;
    if is_value(text) {
        return Ok(text.as_bytes().to_vec());
    }
    Err(value.refuse("must not begin or end with a blank or contain a line break: no header does"))
}

fn prefix(value: &Value<'_>) -> Result<Vec<u8>, Refused> {
    let text = value.text()?;
    // A blank at the end is part of what must follow: "Bearer " is not "Bearerx".
    if is_value(text.trim_end_matches(' ')) {
        return Ok(text.as_bytes().to_vec());
    }
    Err(value.refuse("must not begin with a blank or contain a line break: no header does"))
}

/// Whether a header can have this value: no control characters (RFC 9110 section 5.5), and no blanks around it, which
/// proxies strip.
#[must_use]
pub fn is_value(text: &str) -> bool {
    let blank = |c: char| c == ' ' || c == '\t';
    let control = |byte: u8| byte != b'\t' && byte.is_ascii_control();
    !text.starts_with(blank) && !text.ends_with(blank) && !text.bytes().any(control)
}

/// Whether `text` is a token (RFC 9110 section 5.6.2): the form of methods and of header names.
#[must_use]
pub fn is_token(text: &str) -> bool {
    let mark = |byte: u8| b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || mark(byte))
}
