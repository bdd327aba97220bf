//! Text.

use super::Kind::{Any, Int, Text};
use super::{Arguments, Function, failed, string};
use crate::template::Outcome;
use crate::value::print::{print, quoted};
use crate::value::{Map, Value};
use std::rc::Rc;

pub(super) const TABLE: &[Function] = &[
    Function::new("cat", &[], cat).rest(Any),
    Function::new("contains", &[Text, Text], |given| {
        Ok(Value::Bool(given.text(1).contains(given.text(0))))
    }),
    Function::new("hasPrefix", &[Text, Text], |given| {
        Ok(Value::Bool(given.text(1).starts_with(given.text(0))))
    }),
    Function::new("hasSuffix", &[Text, Text], |given| {
        Ok(Value::Bool(given.text(1).ends_with(given.text(0))))
    }),
    Function::new("indent", &[Int, Text], |given| {
        Ok(Value::text(indent(given, "")?))
    })
    .size(indent_size),
    Function::new("join", &[Text, Any], join).size(join_size),
    Function::new("lower", &[Text], |given| {
        Ok(Value::text(given.text(0).to_lowercase()))
    }),
    Function::new("nindent", &[Int, Text], |given| {
        Ok(Value::text(indent(given, "\n")?))
    })
    .size(indent_size),
    Function::new("nospace", &[Text], |given| {
        let kept: String = given.text(0).split_whitespace().collect();
        Ok(Value::text(kept))
    }),
    Function::new("plural", &[Text, Text, Int], |given| {
        Ok(given.any(usize::from(given.int(2) != 1)).clone())
    }),
    Function::new("quote", &[], quote).rest(Any),
    Function::new("repeat", &[Int, Text], repeat).size(|given| match given {
        [Value::Int(count), Value::Text(text)] => {
            usize::try_from(*count).ok()?.checked_mul(text.len())
        }
        _ => None,
    }),
    Function::new("replace", &[Text, Text, Text], |given| {
        Ok(Value::text(
            given.text(2).replace(given.text(0), given.text(1)),
        ))
    })
    .size(|given| match given {
        [Value::Text(old), Value::Text(new), Value::Text(text)] => {
            text.matches(&**old).count().checked_mul(new.len())
        }
        _ => None,
    }),
    Function::new("split", &[Text, Text], |given| {
        Ok(Value::Map(numbered(given.text(1).split(given.text(0)))))
    }),
    Function::new("splitList", &[Text, Text], |given| {
        Ok(Value::list(
            go_split(given.text(1), given.text(0))
                .into_iter()
                .map(Value::text),
        ))
    }),
    Function::new("splitn", &[Text, Int, Text], |given| {
        let count = given.count(1).unwrap_or(usize::MAX);
        Ok(Value::Map(numbered(
            given.text(2).splitn(count, given.text(0)),
        )))
    }),
    Function::new("squote", &[], squote).rest(Any),
    Function::new("substr", &[Int, Int, Text], substr),
    Function::new("title", &[Text], title),
    Function::new("toString", &[Any], |given| {
        Ok(Value::text(string(given.any(0))?))
    }),
    Function::new("toStrings", &[Any], |given| {
        Ok(Value::list(
            strings(given.any(0))?.into_iter().map(Value::text),
        ))
    }),
    Function::new("trim", &[Text], |given| {
        Ok(Value::text(given.text(0).trim()))
    }),
    Function::new("trimAll", &[Text, Text], trim_all),
    Function::new("trimPrefix", &[Text, Text], |given| {
        let text = given.text(1);
        Ok(Value::text(
            text.strip_prefix(given.text(0)).unwrap_or(text),
        ))
    }),
    Function::new("trimSuffix", &[Text, Text], |given| {
        let text = given.text(1);
        Ok(Value::text(
            text.strip_suffix(given.text(0)).unwrap_or(text),
        ))
    }),
    Function::new("trimall", &[Text, Text], trim_all),
    Function::new("trunc", &[Int, Text], trunc),
    Function::new("untitle", &[Text], |given| {
        Ok(Value::text(each_word(given.text(0), |it| {
            it.to_lowercase()
        })))
    }),
    Function::new("upper", &[Text], |given| {
        Ok(Value::text(given.text(0).to_uppercase()))
    }),
];

fn cat(given: &Arguments<'_>) -> Outcome<Value> {
    let mut words = Vec::new();
    for value in given.0.iter().filter(|value| !value.is_nil()) {
        words.push(string(value)?);
    }
    Ok(Value::text(words.join(" ")))
}

fn indent_size(given: &[Value]) -> Option<usize> {
    let [Value::Int(spaces), Value::Text(text)] = given else {
        return None;
    };
    let lines = text.matches('\n').count().saturating_add(1);
    usize::try_from(*spaces).ok()?.checked_mul(lines)
}

fn indent(given: &Arguments<'_>, before: &str) -> Outcome<String> {
    let Some(spaces) = given.count(0) else {
        return failed("the number of spaces is negative");
    };
    let pad = " ".repeat(spaces);
    let text = given.text(1).replace('\n', &format!("\n{pad}"));
    Ok(format!("{before}{pad}{text}"))
}

fn repeat(given: &Arguments<'_>) -> Outcome<Value> {
    match given.count(0) {
        Some(count) => Ok(Value::text(given.text(1).repeat(count))),
        None => failed("negative Repeat count"),
    }
}

fn quote(given: &Arguments<'_>) -> Outcome<Value> {
    let mut words = Vec::new();
    for value in given.0.iter().filter(|value| !value.is_nil()) {
        words.push(quoted(&string(value)?));
    }
    Ok(Value::text(words.join(" ")))
}

fn squote(given: &Arguments<'_>) -> Outcome<Value> {
    let mut words = Vec::new();
    for value in given.0.iter().filter(|value| !value.is_nil()) {
        words.push(format!("'{}'", string(value)?));
    }
    Ok(Value::text(words.join(" ")))
}

fn join_size(given: &[Value]) -> Option<usize> {
    let [Value::Text(between), list] = given else {
        return None;
    };
    list.items()?.len().checked_mul(between.len())
}

fn join(given: &Arguments<'_>) -> Outcome<Value> {
    Ok(Value::text(strings(given.any(1))?.join(given.text(0))))
}

/// A list's items as text, without its nulls; or the one value.
pub(super) fn strings(value: &Value) -> Outcome<Vec<String>> {
    if value.is_nil() {
        return Ok(Vec::new());
    }
    let one = [value.clone()];
    let items = value.items();
    let items = items.as_deref().unwrap_or(&one);
    let mut texts = Vec::new();
    for item in items.iter().filter(|item| !item.is_nil()) {
        texts.push(string(item)?);
    }
    Ok(texts)
}

/// `_0`, `_1`, …
fn numbered<'t>(parts: impl Iterator<Item = &'t str>) -> Map {
    let parts = parts.enumerate();
    parts
        .map(|(index, part)| (Rc::from(format!("_{index}")), Value::text(part)))
        .collect()
}

/// As Go splits: an empty separator gives the characters.
fn go_split(text: &str, separator: &str) -> Vec<String> {
    if separator.is_empty() {
        return text.chars().map(String::from).collect();
    }
    text.split(separator).map(str::to_owned).collect()
}

/// Go cuts bytes; where that would cut a character, it stays out.
fn trunc(given: &Arguments<'_>) -> Outcome<Value> {
    let text = given.text(1);
    let kept = if let Some(length) = given.count(0) {
        text.get(..floor(text, length))
    } else {
        let count = usize::try_from(given.int(0).unsigned_abs()).unwrap_or(usize::MAX);
        let start = text.len().saturating_sub(count);
        text.get(ceil(text, start)..)
    };
    Ok(Value::text(kept.unwrap_or(text)))
}

fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}

fn ceil(text: &str, at: usize) -> usize {
    text.ceil_char_boundary(at)
}

fn substr(given: &Arguments<'_>) -> Outcome<Value> {
    let text = given.text(2);
    let start = given.count(0).map_or(0, |start| ceil(text, start));
    let end = match (given.count(0), given.count(1)) {
        (_, Some(end)) => floor(text, end),
        (Some(_), None) => text.len(),
        (None, None) => return failed("slice bounds out of range"),
    };
    text.get(start..end).map_or_else(
        || failed("slice bounds out of range"),
        |part| Ok(Value::text(part)),
    )
}

fn trim_all(given: &Arguments<'_>) -> Outcome<Value> {
    let signs = given.text(0);
    Ok(Value::text(
        given
            .text(1)
            .trim_matches(|character| signs.contains(character)),
    ))
}

fn title(given: &Arguments<'_>) -> Outcome<Value> {
    Ok(Value::text(each_word(given.text(0), |it| {
        it.to_uppercase()
    })))
}

fn each_word<C: Iterator<Item = char>>(text: &str, change: fn(char) -> C) -> String {
    let mut before = ' ';
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if before.is_alphanumeric() || matches!(before, '_' | '\'') {
            out.push(character);
        } else {
            out.extend(change(character));
        }
        before = character;
    }
    out
}

/// Only for messages: an endless value is left out.
pub(super) fn shown(value: &Value) -> String {
    print(value).unwrap_or_default()
}
