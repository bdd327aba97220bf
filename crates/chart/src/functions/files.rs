//! The methods of `.Files`.

use super::encode::{base64, to_yaml};
use super::paths::base;
use crate::template::{Failure, Outcome};
use crate::value::{Object, Value};
use serde_json::{Map as JsonMap, Value as Json};
use std::collections::BTreeMap;
use std::rc::Rc;

type Files = BTreeMap<Rc<str>, Rc<str>>;

/// None if there is no such method.
pub(crate) fn method(files: &Files, name: &str, arguments: &[Value]) -> Option<Outcome<Value>> {
    Some(match (name, arguments) {
        ("Get" | "GetBytes", [Value::Text(path)]) => Ok(files
            .get(path)
            .map_or_else(|| Value::text(""), |text| Value::Text(text.clone()))),
        ("Lines", [Value::Text(path)]) => Ok(lines(files.get(path))),
        ("Glob", [Value::Text(pattern)]) => Ok(glob(files, pattern)),
        ("AsConfig", []) => Ok(flattened(files, str::to_owned)),
        ("AsSecrets", []) => Ok(flattened(files, base64)),
        ("Get" | "GetBytes" | "Lines" | "Glob", _) => {
            Err(Failure::new(format!("{name} needs one text")))
        }
        ("AsConfig" | "AsSecrets", _) => Err(Failure::new(format!("{name} takes no arguments"))),
        _ => return None,
    })
}

fn lines(text: Option<&Rc<str>>) -> Value {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Value::list([]);
    };
    let text = text.strip_suffix('\n').unwrap_or(text);
    Value::list(text.split('\n').map(Value::text))
}

/// File names, without their folders, to content.
fn flattened(files: &Files, content: fn(&str) -> String) -> Value {
    let entries = files.iter();
    let entries = entries.map(|(path, text)| (base(path).to_owned(), Json::from(content(text))));
    let object: JsonMap<String, Json> = entries.collect();
    Value::text(to_yaml(&Json::Object(object)))
}

fn glob(files: &Files, pattern: &str) -> Value {
    // A pattern that is none matches everything, as in Helm.
    let matcher = translate(pattern).and_then(|pattern| regex::Regex::new(&pattern).ok());
    let is_kept = |path: &str| {
        matcher
            .as_ref()
            .is_none_or(|matcher| matcher.is_match(path))
    };
    let kept = files.iter().filter(|(path, _)| is_kept(path));
    let kept = kept
        .map(|(path, text)| (path.clone(), text.clone()))
        .collect();
    Value::Object(Object::Files(Rc::new(kept)))
}

/// A glob as a regular expression: `*` and `?` stay within a folder, `**` does not, `{a,b}` is a choice.
fn translate(pattern: &str) -> Option<String> {
    let mut out = String::from("^(?s)");
    let mut choices = 0_usize;
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '*' if characters.peek() == Some(&'*') => {
                while characters.peek() == Some(&'*') {
                    characters.next();
                }
                out.push_str(".*");
            }
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '{' => {
                choices = choices.saturating_add(1);
                out.push_str("(?:");
            }
            '}' => {
                choices = choices.checked_sub(1)?;
                out.push(')');
            }
            ',' if choices > 0 => out.push('|'),
            '[' => {
                out.push('[');
                if characters.peek() == Some(&'!') {
                    characters.next();
                    out.push('^');
                }
                loop {
                    match characters.next()? {
                        ']' => break,
                        '-' => out.push('-'),
                        other => out.push_str(&regex::escape(&other.to_string())),
                    }
                }
                out.push(']');
            }
            '\\' => out.push_str(&regex::escape(&characters.next()?.to_string())),
            other => out.push_str(&regex::escape(&other.to_string())),
        }
    }
    out.push('$');
    (choices == 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_choose_files() {
        let paths = ["a.yaml", "d/a.yaml", "d/e/b.yaml", "d/c.txt"];
        let files: Files = paths
            .iter()
            .map(|path| (Rc::from(*path), Rc::from("")))
            .collect();
        let table: [(&str, &[&str]); 6] = [
            ("*.yaml", &["a.yaml"]),
            ("d/*", &["d/a.yaml", "d/c.txt"]),
            ("**.yaml", &["a.yaml", "d/a.yaml", "d/e/b.yaml"]),
            ("d/{a,c}.*", &["d/a.yaml", "d/c.txt"]),
            ("d/[!a].txt", &["d/c.txt"]),
            ("?.yaml", &["a.yaml"]),
        ];
        for (pattern, expected) in table {
            let Value::Object(Object::Files(found)) = glob(&files, pattern) else {
                panic!("files");
            };
            let found: Vec<&str> = found.keys().map(|path| &**path).collect();
            assert_eq!(found, expected, "{pattern}");
        }
    }
}
