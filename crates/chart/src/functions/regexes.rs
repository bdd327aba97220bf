//! Regular expressions, whose syntax is that of Go's, and versions.

use super::Kind::{Int, Text};
use super::{Arguments, Function};
use crate::template::{Failure, Outcome};
use crate::value::Value;
use crate::version;
use regex::{NoExpand, Regex, RegexBuilder};

pub(super) const TABLE: &[Function] = &[
    Function::new("mustRegexFind", &[Text, Text], find),
    Function::new("mustRegexFindAll", &[Text, Text, Int], find_all),
    Function::new("mustRegexMatch", &[Text, Text], matches),
    Function::new("mustRegexReplaceAll", &[Text, Text, Text], replace).size(replaced_size),
    Function::new(
        "mustRegexReplaceAllLiteral",
        &[Text, Text, Text],
        replace_literal,
    )
    .size(replaced_size),
    Function::new("mustRegexSplit", &[Text, Text, Int], split),
    Function::new("regexFind", &[Text, Text], find),
    Function::new("regexFindAll", &[Text, Text, Int], find_all),
    Function::new("regexMatch", &[Text, Text], matches),
    Function::new("regexQuoteMeta", &[Text], |given| {
        Ok(Value::text(regex::escape(given.text(0))))
    }),
    Function::new("regexReplaceAll", &[Text, Text, Text], replace).size(replaced_size),
    Function::new(
        "regexReplaceAllLiteral",
        &[Text, Text, Text],
        replace_literal,
    )
    .size(replaced_size),
    Function::new("regexSplit", &[Text, Text, Int], split),
    Function::new("semverCompare", &[Text, Text], |given| {
        let satisfied = version::satisfies(given.text(1), given.text(0));
        satisfied.map(Value::Bool).map_err(Failure::new)
    }),
];

fn compile(given: &Arguments<'_>) -> Outcome<Regex> {
    RegexBuilder::new(given.text(0))
        .size_limit(1 << 20)
        .build()
        .map_err(|error| Failure::new(format!("error parsing regexp: {error}")))
}

fn matches(given: &Arguments<'_>) -> Outcome<Value> {
    Ok(Value::Bool(compile(given)?.is_match(given.text(1))))
}

fn find(given: &Arguments<'_>) -> Outcome<Value> {
    let found = compile(given)?;
    let found = found.find(given.text(1)).map_or("", |found| found.as_str());
    Ok(Value::text(found))
}

fn find_all(given: &Arguments<'_>) -> Outcome<Value> {
    let limit = given.count(2).unwrap_or(usize::MAX);
    let expression = compile(given)?;
    let found = expression.find_iter(given.text(1)).take(limit);
    Ok(Value::list(found.map(|found| Value::text(found.as_str()))))
}

/// Each match becomes the new text, in which each `$` may stand for all of the match.
fn replaced_size(given: &[Value]) -> Option<usize> {
    let [_, Value::Text(text), Value::Text(new)] = given else {
        return None;
    };
    let expression = compile(&Arguments(given)).ok()?;
    let references = new.matches('$').count();
    let sizes = expression.find_iter(text).map(|found| {
        found
            .len()
            .saturating_mul(references)
            .saturating_add(new.len())
    });
    Some(sizes.fold(0, usize::saturating_add))
}

fn replace(given: &Arguments<'_>) -> Outcome<Value> {
    let replaced = compile(given)?
        .replace_all(given.text(1), given.text(2))
        .into_owned();
    Ok(Value::text(replaced))
}

fn replace_literal(given: &Arguments<'_>) -> Outcome<Value> {
    let with = NoExpand(given.text(2));
    let replaced = compile(given)?
        .replace_all(given.text(1), with)
        .into_owned();
    Ok(Value::text(replaced))
}

fn split(given: &Arguments<'_>) -> Outcome<Value> {
    let limit = given.count(2).unwrap_or(usize::MAX);
    let expression = compile(given)?;
    let parts = expression.splitn(given.text(1), limit);
    Ok(Value::list(parts.map(Value::text)))
}
