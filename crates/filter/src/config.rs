//! Reading a configuration: every mistake at once, each with the place where it stands.
//!
//! serde's derive stops at the first mistake and forgets where it was, which costs an operator one deployment for
//! each of five typos. So the JSON is read into a [`Node`] tree (that keeps duplicated fields, which `serde_json`
//! would silently drop), and a plugin takes fields out of [`Object`]s; what it did not ask for is a mistake.
//! A reading function that failed has already recorded why, and returns [`Refused`], so a plugin reads all
//! fields first and only then uses `?`.

mod node;
mod read;

pub use crate::config::node::Node;
pub use crate::config::read::{Object, Value};

use std::cell::RefCell;
use std::fmt;

/// One mistake in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// JSON pointer (RFC 6901) to where it stands; empty for the whole configuration.
    pub at: String,
    /// What is wrong, with the value, and what to write instead.
    pub problem: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.at.is_empty() { "/" } else { &self.at };
        write!(f, "{at}: {}", self.problem)
    }
}

/// Every mistake in a configuration; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errors(Vec<Mistake>);

impl Errors {
    /// The mistakes of two readings, at least one of which failed.
    pub(crate) fn join(first: Option<Vec<Mistake>>, second: Option<Vec<Mistake>>) -> Self {
        Self(complete(
            [first.unwrap_or_default(), second.unwrap_or_default()].concat(),
        ))
    }

    /// The mistakes, in the order in which they stand.
    #[must_use]
    pub fn mistakes(&self) -> &[Mistake] {
        &self.0
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Errors {}

/// A value was refused, and why is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// Reads the JSON object `bytes` with `read`.
///
/// No bytes at all, or only blanks, are an empty object: that is what Envoy hands a plugin without a configuration.
///
/// # Errors
///
/// Every mistake that `read` recorded, or the one that kept the bytes from being JSON.
pub fn read<T>(
    bytes: &[u8],
    read: impl FnOnce(&mut Object<'_>) -> Result<T, Refused>,
) -> Result<T, Errors> {
    let node = node::parse(bytes).map_err(|mistake| Errors(vec![mistake]))?;
    let mistakes = RefCell::new(Vec::new());
    let found = Value::root(&node, &mistakes).object(read);
    let mistakes = mistakes.into_inner();
    match found {
        Ok(value) if mistakes.is_empty() => Ok(value),
        Ok(_) | Err(Refused) => Err(Errors(complete(mistakes))),
    }
}

/// The JSON of the two required objects `first` and `second`, which are all that may stand in `bytes`.
pub(crate) fn split(
    bytes: &[u8],
    first: &'static str,
    second: &'static str,
) -> Result<(Vec<u8>, Vec<u8>), Errors> {
    read(bytes, |object| {
        let first = object.required(first, Value::json);
        let second = object.required(second, Value::json);
        Ok((first?, second?))
    })
}

/// A plugin that refuses must have said why; one that did not still gets its configuration refused.
fn complete(mut mistakes: Vec<Mistake>) -> Vec<Mistake> {
    if mistakes.is_empty() {
        mistakes.push(Mistake {
            at: String::new(),
            problem: "refused, and the plugin does not say why: please report this".to_owned(),
        });
    }
    mistakes
}

#[cfg(test)]
mod tests;
