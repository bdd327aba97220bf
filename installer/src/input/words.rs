//! What is wrong with a YAML file, in words for who wrote it. The library's own speak to who calls it.

use serde_saphyr::{Error, MessageFormatter, UserMessageFormatter};
use std::borrow::Cow;

/// Our words where the library's name its options, and the library's elsewhere.
#[derive(Debug)]
pub(crate) struct Words;

impl MessageFormatter for Words {
    fn format_message<'a>(&self, error: &'a Error) -> Cow<'a, str> {
        if let Error::DuplicateMappingKey { key, .. } = error {
            return key.as_ref().map_or_else(
                || "this key stands here twice".into(),
                |key| format!("the key {key} stands here twice").into(),
            );
        }
        if let Error::NonFiniteFloat { value, .. } = error {
            return format!(
                "{value} is no number that JSON can hold: write it as a text in quotes"
            )
            .into();
        }
        if let Error::UnknownAnchor { .. } = error {
            return "this alias names no anchor that stands before it; a text that starts with * needs quotes".into();
        }
        if let Error::Budget { .. } = error {
            return "it unfolds to more than weft takes: what its aliases (*name) stand for is counted each time".into();
        }
        if let Error::UnsupportedTag { tag, .. } = error {
            return format!(
                "the tag {tag} means nothing here; a text that starts with ! needs quotes"
            )
            .into();
        }
        if let Error::Unexpected {
            expected: "string scalar",
            ..
        } = error
        {
            return "a key must be a word or a number; is this a template that was not rendered yet?".into();
        }
        UserMessageFormatter.format_message(error)
    }
}
