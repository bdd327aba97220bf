//! `--set` and its relatives: `a.b=c,d[0].e=x,f={1,2}`, where a backslash takes a sign as it is.

use serde_json::{Map, Number, Value as Json};
use std::iter::Peekable;
use std::str::Chars;

/// The largest index of a list that may be set, as in Helm.
const LAST_INDEX: usize = 65_536;
/// How many dots a name may have, as in Helm.
const DEEPEST: usize = 30;

/// What is wrong with a `--set` text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} sets nothing: {problem}")]
pub struct SetError {
    /// The whole text.
    pub text: String,
    /// What is wrong, naming the key.
    pub problem: String,
}

/// How values are read.
pub(super) enum Mode<'r> {
    Typed,
    Text,
    Json,
    File(&'r mut dyn FnMut(&str) -> Result<String, String>),
}

/// Sets what the text says.
pub(super) fn apply(
    text: &str,
    values: &mut Map<String, Json>,
    mode: Mode<'_>,
) -> Result<(), SetError> {
    let mut parser = Parser {
        rest: text.chars().peekable(),
        mode,
    };
    while parser.rest.peek().is_some() {
        parser
            .entry(values, "", DEEPEST)
            .map_err(|problem| SetError {
                text: text.to_owned(),
                problem,
            })?;
    }
    Ok(())
}

struct Parser<'t, 'r> {
    rest: Peekable<Chars<'t>>,
    mode: Mode<'r>,
}

type Done = Result<(), String>;

impl Parser<'_, '_> {
    /// One `key=value`, below `path`, with the comma behind it.
    fn entry(&mut self, map: &mut Map<String, Json>, path: &str, deeper: usize) -> Done {
        let (name, sign) = self.until(&['=', '[', ',', '.']);
        let key = format!("{path}{name}");
        let Some(sign) = sign else {
            return Err(format!("key {key:?} has no value"));
        };
        if name.is_empty() {
            return Err(format!("a name is missing before {sign:?}"));
        }
        match sign {
            '=' => {
                let value = self.value(&key)?;
                map.insert(name, value);
            }
            '.' => {
                let Some(deeper) = deeper.checked_sub(1) else {
                    return Err(format!("a name has more than {DEEPEST} dots"));
                };
                let inner = map.entry(name).or_insert_with(|| Json::Object(Map::new()));
                let Json::Object(inner) = inner else {
                    return Err(format!("{key:?} is already set, and is no mapping"));
                };
                self.entry(inner, &format!("{key}."), deeper)?;
            }
            '[' => {
                let list = map.entry(name).or_insert_with(|| Json::Array(Vec::new()));
                self.item(list, &key, deeper)?;
            }
            _ => return Err(format!("key {key:?} has no value (cannot end with ,)")),
        }
        Ok(())
    }

    /// What follows `key[`.
    fn item(&mut self, list: &mut Json, key: &str, deeper: usize) -> Done {
        let Some(deeper) = deeper.checked_sub(1) else {
            return Err(format!("a name has more than {DEEPEST} dots or indexes"));
        };
        if list.is_null() {
            *list = Json::Array(Vec::new());
        }
        let Json::Array(list) = list else {
            return Err(format!("{key:?} is already set, and is no list"));
        };
        let (index, end) = self.until(&[']']);
        let index: usize = match (index.parse(), end) {
            (Ok(index), Some(_)) if index <= LAST_INDEX => index,
            _ => {
                return Err(format!(
                    "{key:?} needs an index from 0 to {LAST_INDEX} in its brackets"
                ));
            }
        };
        let key = format!("{key}[{index}]");
        if list.len() <= index {
            list.resize(index.saturating_add(1), Json::Null);
        }
        let Some(slot) = list.get_mut(index) else {
            return Err(format!("{key:?} is out of range"));
        };
        match self.rest.next() {
            Some('=') => *slot = self.value(&key)?,
            Some('[') => self.item(slot, &key, deeper)?,
            Some('.') => {
                if !slot.is_object() {
                    *slot = Json::Object(Map::new());
                }
                if let Json::Object(inner) = slot {
                    self.entry(inner, &format!("{key}."), deeper)?;
                }
            }
            _ => return Err(format!("after {key:?} must come =, . or [")),
        }
        Ok(())
    }

    /// A value and the comma behind it.
    fn value(&mut self, key: &str) -> Result<Json, String> {
        if matches!(self.mode, Mode::Json) {
            return self.json(key);
        }
        if self.rest.peek() != Some(&'{') {
            let (text, _) = self.until(&[',']);
            return self.scalar(text);
        }
        self.rest.next();
        let mut items = Vec::new();
        loop {
            let (text, end) = self.until(&[',', '}']);
            match end {
                None => return Err(format!("the list of {key:?} must end with }}")),
                Some(',') => items.push(self.scalar(text)?),
                Some(_) => {
                    items.push(self.scalar(text)?);
                    self.rest.next_if_eq(&',');
                    return Ok(Json::Array(items));
                }
            }
        }
    }

    fn scalar(&mut self, text: String) -> Result<Json, String> {
        match &mut self.mode {
            Mode::Typed => Ok(typed(text)),
            Mode::Text | Mode::Json => Ok(Json::from(text)),
            Mode::File(read) => read(&text).map(Json::from),
        }
    }

    /// One JSON value; nothing is null.
    fn json(&mut self, key: &str) -> Result<Json, String> {
        while self.rest.next_if(|space| space.is_whitespace()).is_some() {}
        if matches!(self.rest.peek(), None | Some(',')) {
            self.rest.next();
            return Ok(Json::Null);
        }
        let rest: String = self.rest.clone().collect();
        let mut values = serde_json::Deserializer::from_str(&rest).into_iter::<Json>();
        let value = match values.next() {
            Some(Ok(value)) => super::as_read(value),
            Some(Err(error)) => return Err(format!("the JSON of {key:?}: {error}")),
            None => return Err(format!("key {key:?} has no value")),
        };
        let taken = rest.get(..values.byte_offset()).unwrap_or_default();
        for _ in taken.chars() {
            self.rest.next();
        }
        while self.rest.next_if(|space| space.is_whitespace()).is_some() {}
        self.rest.next_if_eq(&',');
        Ok(value)
    }

    /// Up to one of the signs, which is taken too.
    fn until(&mut self, signs: &[char]) -> (String, Option<char>) {
        let mut text = String::new();
        while let Some(character) = self.rest.next() {
            if signs.contains(&character) {
                return (text, Some(character));
            }
            if character == '\\' {
                text.extend(self.rest.next());
            } else {
                text.push(character);
            }
        }
        (text, None)
    }
}

/// A number only where text of it would be that number: `0644` stays text, and so does `1.5`.
fn typed(text: String) -> Json {
    if text.eq_ignore_ascii_case("true") {
        return Json::Bool(true);
    }
    if text.eq_ignore_ascii_case("false") {
        return Json::Bool(false);
    }
    if text.eq_ignore_ascii_case("null") {
        return Json::Null;
    }
    if (text == "0" || !text.starts_with('0'))
        && let Ok(number) = text.parse::<i64>()
    {
        return Json::Number(Number::from(number));
    }
    Json::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Values;
    use proptest::prelude::*;
    use serde_json::json;

    fn set(text: &str) -> Result<Json, SetError> {
        let mut values = Values::new();
        values.set(text).map(|()| values.to_json())
    }

    #[test]
    fn forms_are_those_of_helm() {
        let table = [
            ("a=1,b.c=x", json!({"a": 1, "b": {"c": "x"}})),
            (
                "a=true,b=False,c=null,d=0,e=0644,f=1.5,g=-3",
                json!({"a": true, "b": false, "c": null, "d": 0, "e": "0644", "f": "1.5", "g": -3}),
            ),
            ("a={1,x,}", json!({"a": [1, "x", ""]})),
            ("a={},b=1", json!({"a": [""], "b": 1})),
            ("a[1].b=x", json!({"a": [null, {"b": "x"}]})),
            ("a[0]=1,a[1]=2", json!({"a": [1, 2]})),
            ("a[0][1]=1", json!({"a": [[null, 1]]})),
            (r"a\.b=1,c=x\,y", json!({"a.b": 1, "c": "x,y"})),
            ("a=x=y", json!({"a": "x=y"})),
            ("a=", json!({"a": ""})),
            ("a=,b=1", json!({"a": "", "b": 1})),
            ("", json!({})),
        ];
        for (text, expected) in table {
            assert_eq!(set(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn mistakes_name_the_key() {
        let table = [
            ("a", "\"a\""),
            ("a.b", "\"a.b\""),
            ("a,b=1", "\"a\""),
            ("=x", "name"),
            ("a={1", "\"a\""),
            ("a[x]=1", "\"a\""),
            ("a[99999]=1", "\"a\""),
            ("a[0]x=1", "\"a[0]\""),
            ("a=1,a.b=2", "\"a\""),
            ("a=1,a[0]=2", "\"a\""),
        ];
        for (text, part) in table {
            let error = set(text).unwrap_err();
            assert!(error.problem.contains(part), "{error}");
        }
        assert!(set(&format!("{}x=1", "a.".repeat(31))).is_err());
    }

    #[test]
    fn the_other_flags_differ_in_their_values_only() {
        let mut values = Values::new();
        values.set_string("a=1,b={true}").unwrap();
        values
            .set_json(r#"c={"d": [1, "x,y"]} ,e=null,f="z",g="#)
            .unwrap();
        values
            .set_file("h=p", |path| Ok(format!("<{path}>")))
            .unwrap();
        let expected = json!({"a": "1", "b": ["true"], "c": {"d": [1, "x,y"]}, "e": null, "f": "z", "g": null, "h": "<p>"});
        assert_eq!(values.to_json(), expected);
        assert!(values.set_json("a={").is_err());
        let error = values
            .set_file("h=p", |_| Err("no such file".to_owned()))
            .unwrap_err();
        assert!(error.problem.contains("no such file"));
        // A text that is wrong somewhere changes nothing.
        let before = values.clone();
        assert!(values.set("i=1,j").is_err());
        assert_eq!(values, before);
    }

    fn escaped(text: &str) -> String {
        let special = |sign: char| ",.=[]{}\\".contains(sign);
        text.chars()
            .flat_map(|sign| special(sign).then_some('\\').into_iter().chain([sign]))
            .collect()
    }

    proptest! {
        #[test]
        fn escaped_text_comes_back(key in ".{1,8}", inner in ".{1,8}", value in ".{0,12}") {
            let mut values = Values::new();
            let text = format!("{}.{}={}", escaped(&key), escaped(&inner), escaped(&value));
            values.set_string(&text).unwrap();
            prop_assert_eq!(values.to_json(), json!({key: {inner: value}}));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}") {
            let mut values = Values::new();
            let _outcome = (values.set(&text), values.set_json(&text));
        }
    }
}
