//! YAML as a value in which nothing was lost: every key that stands twice and every number that would change is a mistake
//! with its place, all of them at once. (A plugin's configuration is read by a stricter reader that stops at the first.)

use super::mistake::{Mistake, Mistakes, escaped};
use crate::input::words::Words;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::DuplicateKeyPolicy;
use std::fmt;

/// What a file says, and what is already known to be wrong with it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Document {
    /// The first of each key.
    pub(crate) value: Value,
    /// Repeated keys and numbers that would change.
    pub(crate) mistakes: Vec<Mistake>,
}

/// Beyond this, doubles have gaps, and a whole number that was written as one would arrive as another.
const GAPLESS: f64 = 9_007_199_254_740_992.0;

/// The one document of a YAML or JSON text.
///
/// # Errors
/// When it is no YAML at all, or holds no document or several.
pub(crate) fn parse(text: &[u8]) -> Result<Document, Mistakes> {
    let refused = |text: String| Mistakes(vec![Mistake::at("", text)]);
    let text = std::str::from_utf8(text).map_err(|error| {
        refused(format!(
            "it is no UTF-8 text: byte {} cannot be read",
            error.valid_up_to()
        ))
    })?;
    let text = text.trim_start_matches('\u{feff}');
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
        strict_booleans: true,
    };
    let mut documents = serde_saphyr::from_multiple_with_options::<Document>(text, options)
        .map_err(|error| {
            let words = error.render_with_formatter(&Words);
            let words = words.strip_prefix("error: ").unwrap_or(&words);
            refused(format!("it is no YAML that weft reads: {words}"))
        })?;
    documents.retain(|document| !document.value.is_null());
    match (documents.len(), documents.pop()) {
        (1, Some(document)) => Ok(document),
        (0, _) => Err(refused(
            "it is empty: `weft mesh init` writes a mesh file to start from".to_owned(),
        )),
        (several, _) => Err(refused(format!(
            "it holds {several} documents: give each a file of its own"
        ))),
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

impl From<Value> for Document {
    fn from(value: Value) -> Self {
        Self {
            value,
            mistakes: Vec::new(),
        }
    }
}

impl Document {
    /// Takes in what is wrong below a key or an index.
    fn below(&mut self, key: &str, mistakes: Vec<Mistake>) {
        let key = escaped(key);
        self.mistakes
            .extend(mistakes.into_iter().map(|mistake| Mistake {
                pointer: format!("/{key}{}", mistake.pointer),
                ..mistake
            }));
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Document;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value that JSON can hold")
    }

    fn visit_unit<E>(self) -> Result<Document, E> {
        Ok(Document::default())
    }

    fn visit_none<E>(self) -> Result<Document, E> {
        Ok(Document::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Document, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Document, E> {
        Ok(Value::from(value).into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Document, E> {
        Ok(Value::from(value).into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Document, E> {
        Ok(Value::from(value).into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Document, E> {
        let kept = Number::from_f64(value).filter(|_| value.abs() <= GAPLESS);
        Ok(kept.map_or_else(
            || Document {
                value: Value::from(format!("{value:e}")),
                mistakes: vec![Mistake::at(
                    "",
                    "this number cannot be kept exactly: write it as a text in quotes",
                )],
            },
            |number| Value::Number(number).into(),
        ))
    }

    fn visit_str<E>(self, value: &str) -> Result<Document, E> {
        Ok(Value::from(value).into())
    }

    fn visit_string<E>(self, value: String) -> Result<Document, E> {
        Ok(Value::from(value).into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Document, A::Error> {
        let mut whole = Document::default();
        let mut list = Vec::new();
        while let Some(Document { value, mistakes }) = items.next_element()? {
            whole.below(&list.len().to_string(), mistakes);
            list.push(value);
        }
        whole.value = Value::Array(list);
        Ok(whole)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Document, A::Error> {
        let mut whole = Document::default();
        let mut fields = Map::new();
        while let Some((key, Document { value, mistakes })) = entries.next_entry::<String, _>()? {
            whole.below(&key, mistakes);
            if fields.contains_key(&key) {
                let twice =
                    Mistake::at("", "this key stands here more than once: keep one of them");
                whole.below(&key, vec![twice]);
            } else {
                fields.insert(key, value);
            }
        }
        whole.value = Value::Object(fields);
        Ok(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn everything_lost_is_told_with_its_place() {
        let document =
            parse(b"a: {b: 1, b: 2, c/d: [x, {e: 1e300, e: 3}]}\na: 4\nno: no\nn: 007\n").unwrap();
        assert_eq!(
            document.value,
            json!({"a": {"b": 1, "c/d": ["x", {"e": "1e300"}]}, "no": "no", "n": "007"})
        );
        let places: Vec<_> = document
            .mistakes
            .iter()
            .map(|mistake| mistake.pointer.as_str())
            .collect();
        assert_eq!(places, ["/a/b", "/a/c~1d/1/e", "/a/c~1d/1/e", "/a"]);
    }

    #[test]
    fn what_is_no_document() {
        for (text, words) in [
            (&b"# nothing\n"[..], "it is empty"),
            (b"a: 1\n---\nb: 2\n", "it holds 2 documents"),
            (b"a: [1", "it is no YAML"),
            (b"a: \xff", "byte 3 cannot be read"),
        ] {
            let refused = parse(text).unwrap_err().to_string();
            assert!(refused.contains(words), "{refused}");
        }
    }
}
