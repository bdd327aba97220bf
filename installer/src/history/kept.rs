//! A value as it is kept: whole, or as a hash where it is large or secret.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A value, or what is kept of one that is large or secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kept {
    /// All of it.
    Value(Value),
    /// Enough to tell whether it is still the same.
    Hash {
        /// Of its canonical JSON.
        sha256: String,
        /// How large that was.
        bytes: usize,
    },
}

impl Kept {
    /// Whole where it fits.
    pub(crate) fn of(value: &Value, limit: usize) -> Self {
        let bytes = canonical(value).len();
        if bytes <= limit {
            Self::Value(value.clone())
        } else {
            Self::Hash {
                sha256: hash(value),
                bytes,
            }
        }
    }

    /// For people: the value, or that it is not kept.
    pub(crate) fn shown(&self) -> Value {
        match self {
            Self::Value(value) => value.clone(),
            Self::Hash { sha256, bytes } => {
                let start: String = sha256.chars().take(12).collect();
                json!(format!("{bytes} bytes, sha256 {start}…"))
            }
        }
    }
}

/// The hash of a value, whatever the order of its fields.
pub(crate) fn hash(value: &Value) -> String {
    let digest = Sha256::digest(canonical(value).as_bytes());
    digest
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_by_key(|(key, _)| *key);
            let inner: Vec<_> = sorted
                .into_iter()
                .map(|(key, value)| format!("{}:{}", json!(key), canonical(value)))
                .collect();
            format!("{{{}}}", inner.join(","))
        }
        Value::Array(items) => {
            let inner: Vec<_> = items.iter().map(canonical).collect();
            format!("[{}]", inner.join(","))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}
