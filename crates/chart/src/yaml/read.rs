//! YAML text to JSON. The parser gives events; what a scalar means is decided by [`super::resolve`].

use super::resolve::{is_special_float, resolve};
use granit_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How deep a document may nest.
const DEEPEST: usize = 100;
/// How many values a document may have, with what its aliases repeat: nobody writes a million by hand.
const MOST: usize = 1_000_000;

/// The first document of a text, as JSON; null if there is none.
///
/// # Errors
/// What is wrong, with its line.
pub(crate) fn read(text: &str) -> Result<Json, String> {
    let mut reader = Reader {
        events: Parser::new_from_str(text),
        anchors: BTreeMap::new(),
        left: MOST,
        line: 0,
        at: 0,
        end: (!text.ends_with('\n')).then(|| text.chars().count()),
    };
    loop {
        match reader.next()? {
            Some(Event::DocumentStart(..)) => break,
            Some(_) => {}
            None => return Ok(Json::Null),
        }
    }
    let event = reader.next()?;
    let value = reader.node(event, DEEPEST)?;
    // The rest of a broken document must not go unnoticed.
    while !matches!(reader.next()?, None | Some(Event::DocumentEnd)) {}
    Ok(value)
}

struct Reader<'t> {
    events: Parser<'t, granit_parser::StrInput<'t>>,
    anchors: BTreeMap<usize, Json>,
    left: usize,
    line: usize,
    /// Where the last event ended, in characters.
    at: usize,
    /// Where the text ends, if that is within a line.
    end: Option<usize>,
}

impl<'t> Reader<'t> {
    /// The next event that is data.
    fn next(&mut self) -> Result<Option<Event<'t>>, String> {
        loop {
            match self.events.next() {
                None => return Ok(None),
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok((event, span))) => {
                    self.line = span.start.line();
                    self.at = span.end.index();
                    return Ok(Some(event));
                }
                Some(Err(error)) => {
                    return Err(format!(
                        "yaml: line {}: {}",
                        error.marker().line(),
                        error.info()
                    ));
                }
            }
        }
    }

    fn node(&mut self, event: Option<Event<'t>>, deeper: usize) -> Result<Json, String> {
        let Some(deeper) = deeper.checked_sub(1) else {
            return Err(self.at("it nests too deep"));
        };
        self.spend(1)?;
        let (value, anchor) = match event {
            Some(Event::Scalar(text, style, anchor, tag)) => {
                (self.scalar(&text, style, tag.as_ref())?, anchor)
            }
            Some(Event::SequenceStart(_, anchor, _)) => (self.sequence(deeper)?, anchor),
            Some(Event::MappingStart(_, anchor, _)) => (self.mapping(deeper)?, anchor),
            Some(Event::Alias(anchor)) => return self.alias(anchor),
            _ => return Ok(Json::Null),
        };
        if anchor > 0 {
            self.spend(size(&value))?;
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn alias(&mut self, anchor: usize) -> Result<Json, String> {
        let Some(value) = self.anchors.get(&anchor).cloned() else {
            return Err(self.at("an alias is part of what it stands for"));
        };
        self.spend(size(&value))?;
        Ok(value)
    }

    fn sequence(&mut self, deeper: usize) -> Result<Json, String> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                Some(Event::SequenceEnd) | None => return Ok(Json::Array(items)),
                event => items.push(self.node(event, deeper)?),
            }
        }
    }

    fn mapping(&mut self, deeper: usize) -> Result<Json, String> {
        let mut object = Map::new();
        let mut merged = Vec::new();
        loop {
            let event = self.next()?;
            if matches!(event, Some(Event::MappingEnd) | None) {
                break;
            }
            let is_merge = matches!(&event, Some(Event::Scalar(text, ScalarStyle::Plain, _, None)) if text == "<<");
            let key = self.node(event, deeper)?;
            let event = self.next()?;
            let value = self.node(event, deeper)?;
            if is_merge {
                merged.push(value);
            } else {
                object.insert(self.key(&key)?, value);
            }
        }
        for source in merged {
            self.merge(&mut object, source)?;
        }
        Ok(Json::Object(object))
    }

    /// `<<: *other`: keys that are not there already.
    fn merge(&self, object: &mut Map<String, Json>, source: Json) -> Result<(), String> {
        let sources = match source {
            Json::Array(sources) => sources,
            one => vec![one],
        };
        for source in sources {
            let Json::Object(source) = source else {
                return Err(self.at("map merge requires map or sequence of maps as the value"));
            };
            for (key, value) in source {
                object.entry(key).or_insert(value);
            }
        }
        Ok(())
    }

    fn key(&self, key: &Json) -> Result<String, String> {
        match key {
            Json::String(text) => Ok(text.clone()),
            Json::Bool(truth) => Ok(truth.to_string()),
            Json::Number(number) if number.is_f64() => {
                let number = number.as_f64().unwrap_or_default();
                Ok(crate::value::print::shortest(number))
            }
            Json::Number(number) => Ok(number.to_string()),
            Json::Null | Json::Array(_) | Json::Object(_) => {
                Err(self.at("a key is neither text, a number nor a truth value"))
            }
        }
    }

    fn scalar(
        &self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Cow<'_, Tag>>,
    ) -> Result<Json, String> {
        let plain = style == ScalarStyle::Plain;
        let Some(tag) = tag else {
            if plain && is_special_float(text) {
                return Err(self.at(&format!("{text} cannot be said in JSON")));
            }
            return Ok(if plain {
                resolve(text)
            } else {
                Json::from(self.block(text, style))
            });
        };
        let resolved = resolve(text);
        let fits = match tag.suffix() {
            "str" | "" => return Ok(Json::from(text)),
            "int" => resolved.is_i64() || resolved.is_u64(),
            "float" => resolved.is_number(),
            "bool" => resolved.is_boolean(),
            "null" => resolved.is_null(),
            other => return Err(self.at(&format!("the tag !!{other} is not taken"))),
        };
        if fits {
            Ok(resolved)
        } else {
            Err(self.at(&format!("cannot read {text:?} as !!{}", tag.suffix())))
        }
    }

    /// A block that the text ends in has no line break that is not there.
    fn block<'s>(&self, text: &'s str, style: ScalarStyle) -> &'s str {
        let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        if is_block && self.end == Some(self.at) {
            text.strip_suffix('\n').unwrap_or(text)
        } else {
            text
        }
    }

    fn spend(&mut self, values: usize) -> Result<(), String> {
        match self.left.checked_sub(values) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(self.at("document contains excessive aliasing")),
        }
    }

    fn at(&self, message: &str) -> String {
        format!("yaml: line {}: {message}", self.line)
    }
}

/// How much of the budget a copy takes: its values, and its text as values of the same size.
fn size(value: &Json) -> usize {
    let text = |text: &str| {
        text.len()
            .checked_div(size_of::<Json>())
            .unwrap_or_default()
    };
    let below: usize = match value {
        Json::Array(items) => items.iter().map(size).sum(),
        Json::Object(object) => {
            let keys: usize = object.keys().map(|key| text(key)).sum();
            keys.saturating_add(object.values().map(size).sum())
        }
        Json::String(content) => text(content),
        _ => 0,
    };
    below.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_are_read() {
        let table = [
            ("", json!(null)),
            ("# nothing", json!(null)),
            (
                "a: 1\nb: [x, 'y', \"z\"]",
                json!({"a": 1, "b": ["x", "y", "z"]}),
            ),
            ("a: yes\nb: 'yes'", json!({"a": true, "b": "yes"})),
            ("a: 1\na: 2", json!({"a": 2})),
            (
                "1: a\ntrue: b\n1.5: c",
                json!({"1": "a", "true": "b", "1.5": "c"}),
            ),
            (
                "a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}",
                json!({"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": 2}}),
            ),
            ("a: !!str 1", json!({"a": "1"})),
            ("a: |\n  x\n  y\n", json!({"a": "x\ny\n"})),
            ("é: |\n  x\n  y", json!({"é": "x\ny"})),
            ("a: |\n  x\nb: 1", json!({"a": "x\n", "b": 1})),
            ("a: 1\n---\nb: 2", json!({"a": 1})),
        ];
        for (text, expected) in table {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn mistakes_name_their_line() {
        for (text, line) in [
            ("a: 1\nb: [", "line"),
            ("a: b: c", "line 1"),
            ("? [a]\n: 1", "line"),
            ("a: .inf", "JSON"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(line), "{error}");
        }
    }

    #[test]
    fn aliases_cannot_blow_up() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..10 {
            let before = level - 1;
            let items = vec![format!("*a{before}"); 10].join(", ");
            let line = format!("a{level}: &a{level} [{items}]\n");
            text.push_str(&line);
        }
        assert!(read(&text).unwrap_err().contains("excessive"));
        let long = format!(
            "a: &a {}\nb: [{}]",
            "x".repeat(1 << 20),
            "*a, ".repeat(1000)
        );
        assert!(read(&long).is_err());
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert!(read(&deep).is_err());
    }
}
