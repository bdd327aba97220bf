//! What is wrong with a file or with flags: where, which value, and what to do.

use crate::failure::{Exit, Failure};
use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mistake {
    /// JSON pointer into the file.
    pub(crate) pointer: String,
    /// What stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<Value>,
    /// The flag that put it there, when no file did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) flag: Option<&'static str>,
    /// What is wrong with it and what to do.
    pub(crate) text: String,
    /// Each value could be, and both together cannot: no misuse of a flag, whichever said one of them.
    #[serde(skip)]
    pub(crate) is_clash: bool,
}

impl Mistake {
    /// One about a place, whatever stands there.
    pub(crate) fn at(pointer: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            value: None,
            flag: None,
            text: text.into(),
            is_clash: false,
        }
    }

    /// The same, about two values that contradict each other.
    pub(crate) fn clash(self) -> Self {
        Self {
            is_clash: true,
            ..self
        }
    }

    /// The same, with what stands there.
    pub(crate) fn with(self, value: &Value) -> Self {
        Self {
            value: Some(value.clone()),
            ..self
        }
    }

    /// What stands there, cut where it is long.
    pub(crate) fn shown(&self) -> Option<String> {
        const MOST: usize = 60;
        let text = self.value.as_ref()?.to_string();
        let cut: String = text.chars().take(MOST).collect();
        Some(if cut.len() < text.len() {
            cut + "…"
        } else {
            text
        })
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.flag, self.pointer.as_str()) {
            (Some(flag), pointer) => write!(out, "{flag} ({pointer}): ")?,
            (None, "") => {}
            (None, pointer) => write!(out, "{pointer}: ")?,
        }
        if let Some(value) = self.shown() {
            write!(out, "{value}: ")?;
        }
        out.write_str(&self.text)
    }
}

/// All mistakes of a file and its flags; never empty.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the description has {}:{}", count(.0), list(.0))]
pub(crate) struct Mistakes(pub(crate) Vec<Mistake>);

fn count(mistakes: &[Mistake]) -> String {
    match mistakes.len() {
        1 => "1 mistake".to_owned(),
        several => format!("{several} mistakes"),
    }
}

fn list(mistakes: &[Mistake]) -> String {
    mistakes.iter().fold(String::new(), |text, mistake| {
        format!("{text}\n  - {mistake}")
    })
}

impl From<Mistakes> for Failure {
    fn from(mistakes: Mistakes) -> Self {
        let by_flag = |mistake: &Mistake| mistake.flag.is_some() && !mistake.is_clash;
        let by_flags = mistakes.0.iter().all(by_flag);
        let exit = if by_flags {
            Exit::Usage
        } else {
            Exit::BadInput
        };
        Self::new(exit, mistakes)
    }
}

/// A key as a part of a JSON pointer.
pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
