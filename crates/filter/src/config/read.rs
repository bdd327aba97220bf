//! Taking typed values out of the tree.

mod object;

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::{Mistake, Node, Refused};
pub use object::Object;

/// A value and where it stands.
#[derive(Debug)]
pub struct Value<'a> {
    node: &'a Node,
    at: String,
    mistakes: &'a RefCell<Vec<Mistake>>,
}

impl<'a> Value<'a> {
    pub(super) fn root(node: &'a Node, mistakes: &'a RefCell<Vec<Mistake>>) -> Self {
        Self {
            node,
            at: String::new(),
            mistakes,
        }
    }

    /// Records that the value is refused: `problem` says what is wrong and what to write instead.
    pub fn refuse(&self, problem: impl Into<String>) -> Refused {
        record(self.mistakes, &self.at, problem)
    }

    fn wrong(&self, wanted: &str) -> Refused {
        self.refuse(format!("must be {wanted}, is {}", self.node.describe()))
    }

    /// What was written, for a message.
    #[must_use]
    pub fn describe(&self) -> String {
        self.node.describe()
    }

    /// A string.
    ///
    /// # Errors
    ///
    /// [`Refused`] when it is anything else.
    pub fn string(&self) -> Result<&'a str, Refused> {
        match self.node {
            Node::String(value) => Ok(value),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Array(_) | Node::Object(_) => {
                Err(self.wrong("a string"))
            }
        }
    }

    /// A string that is not empty.
    ///
    /// # Errors
    ///
    /// [`Refused`] when it is anything else.
    pub fn text(&self) -> Result<&'a str, Refused> {
        match self.string()? {
            "" => Err(self.refuse("must not be empty")),
            text => Ok(text),
        }
    }

    /// `true` or `false`.
    ///
    /// # Errors
    ///
    /// [`Refused`] when it is anything else.
    pub fn boolean(&self) -> Result<bool, Refused> {
        match self.node {
            Node::Bool(value) => Ok(*value),
            Node::Null | Node::String(_) | Node::Number(_) | Node::Array(_) | Node::Object(_) => {
                Err(self.wrong("true or false"))
            }
        }
    }

    /// A whole number in `range`. `5.0` is one, since a Kubernetes Struct knows only floating point.
    ///
    /// # Errors
    ///
    /// [`Refused`] when it is anything else.
    pub fn integer(&self, range: &RangeInclusive<u64>) -> Result<u64, Refused> {
        let found = match self.node {
            Node::Number(number) => number.as_u64().or_else(|| whole(number)),
            Node::Null | Node::Bool(_) | Node::String(_) | Node::Array(_) | Node::Object(_) => None,
        };
        found.filter(|value| range.contains(value)).ok_or_else(|| {
            self.wrong(&format!(
                "a whole number from {} to {}",
                range.start(),
                range.end()
            ))
        })
    }

    /// A time as `250ms`, `1s`, `5m` or `1h`, at least one millisecond.
    ///
    /// # Errors
    ///
    /// [`Refused`] when it is anything else.
    pub fn duration(&self) -> Result<Duration, Refused> {
        match self.node {
            Node::String(text) => duration(text),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Array(_) | Node::Object(_) => None,
        }
        .filter(|time| !time.is_zero())
        .ok_or_else(|| self.wrong("a time such as 250ms, 1s, 5m or 1h"))
    }

    /// One of the words in `choices`.
    ///
    /// # Errors
    ///
    /// [`Refused`] when it is anything else.
    pub fn one_of<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, Refused> {
        let found = match self.node {
            Node::String(text) => choices.iter().find(|(word, _)| word == text),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Array(_) | Node::Object(_) => None,
        };
        let words = || {
            choices
                .iter()
                .map(|(word, _)| *word)
                .collect::<Vec<_>>()
                .join(", ")
        };
        found
            .map(|(_, value)| *value)
            .ok_or_else(|| self.wrong(&format!("one of {}", words())))
    }

    /// A list of at least one, each read with `read`; all of them are read before the first mistake counts.
    ///
    /// # Errors
    ///
    /// [`Refused`] when it is no list, is empty, or an item is refused.
    pub fn list<T>(
        &self,
        mut read: impl FnMut(&Value<'a>) -> Result<T, Refused>,
    ) -> Result<Vec<T>, Refused> {
        let Node::Array(items) = self.node else {
            return Err(self.wrong("a list"));
        };
        if items.is_empty() {
            return Err(self.refuse("must have at least one item"));
        }
        let found: Vec<_> = items
            .iter()
            .enumerate()
            .map(|(index, node)| read(&self.child(&index.to_string(), node)))
            .collect();
        found.into_iter().collect()
    }

    /// The fields of an object whose names the operator chose, with a value each.
    ///
    /// # Errors
    ///
    /// [`Refused`] when it is no object, is empty, or names a field twice.
    pub fn entries(&self) -> Result<Vec<(&'a str, Value<'a>)>, Refused> {
        let Node::Object(fields) = self.node else {
            return Err(self.wrong("an object"));
        };
        if fields.is_empty() {
            return Err(self.refuse("must have at least one field"));
        }
        check_duplicates(self.mistakes, &self.at, fields)?;
        Ok(fields
            .iter()
            .map(|(name, node)| (name.as_str(), self.child(name, node)))
            .collect())
    }

    /// An object, read with `read`. Fields that it did not ask for are mistakes.
    ///
    /// # Errors
    ///
    /// [`Refused`] when it is no object, or something in it is refused.
    pub fn object<T>(
        &self,
        read: impl FnOnce(&mut Object<'a>) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        let Node::Object(fields) = self.node else {
            return Err(self.wrong("an object"));
        };
        let duplicates = check_duplicates(self.mistakes, &self.at, fields);
        let mut object = Object::of(fields, self);
        let found = read(&mut object);
        let unknown = object.finish();
        let found = found?;
        duplicates.and(unknown).map(|()| found)
    }

    /// An object as JSON again, for a plugin that reads it itself.
    pub(super) fn json(&self) -> Result<Vec<u8>, Refused> {
        let Node::Object(_) = self.node else {
            return Err(self.wrong("an object"));
        };
        serde_json::to_vec(self.node).map_err(|error| self.refuse(error.to_string()))
    }

    fn child(&self, name: &str, node: &'a Node) -> Self {
        Self {
            node,
            at: pointer(&self.at, name),
            mistakes: self.mistakes,
        }
    }
}

fn record(mistakes: &RefCell<Vec<Mistake>>, at: &str, problem: impl Into<String>) -> Refused {
    mistakes.borrow_mut().push(Mistake {
        at: at.to_owned(),
        problem: problem.into(),
    });
    Refused
}

fn check_duplicates(
    mistakes: &RefCell<Vec<Mistake>>,
    at: &str,
    fields: &[(String, Node)],
) -> Result<(), Refused> {
    let mut outcome = Ok(());
    let mut seen = std::collections::BTreeSet::new();
    for (name, _) in fields {
        if !seen.insert(name) {
            outcome = Err(record(
                mistakes,
                &pointer(at, name),
                "the field stands here more than once",
            ));
        }
    }
    outcome
}

/// RFC 6901 section 3: `~` and `/` in a name are escaped.
fn pointer(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// The whole number that `number` is as floating point. Beyond 2^53 floating point skips whole numbers, so what was
/// written is no longer known.
fn whole(number: &serde_json::Number) -> Option<u64> {
    let value = number.as_f64()?;
    let exact = value >= 0.0 && value.fract() == 0.0 && value <= 9_007_199_254_740_992.0;
    exact.then(|| format!("{value:.0}").parse().ok()).flatten()
}

fn duration(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(split)?;
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        "h" => number.checked_mul(3600).map(Duration::from_secs),
        _ => None,
    }
}
