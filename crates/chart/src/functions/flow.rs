//! Defaults, choices, and the chart's own errors.

use super::Kind::{Any, Bool, Text};
use super::{Arguments, Function};
use crate::template::{Failure, Outcome};
use crate::value::{Map, Value};

pub(super) const TABLE: &[Function] = &[
    Function::new("all", &[], |given| {
        Ok(Value::Bool(given.0.iter().all(Value::is_true)))
    })
    .rest(Any),
    Function::new("any", &[], |given| {
        Ok(Value::Bool(given.0.iter().any(Value::is_true)))
    })
    .rest(Any),
    Function::new("coalesce", &[], |given| {
        let first = given.0.iter().find(|value| is_set(value));
        Ok(first.cloned().unwrap_or(Value::Null))
    })
    .rest(Any),
    Function::new("default", &[Any], default).rest(Any),
    Function::new("empty", &[Any], |given| {
        Ok(Value::Bool(!is_set(given.any(0))))
    }),
    Function::new("fail", &[Text], |given| {
        Err(Failure::of_chart(given.text(0)))
    }),
    Function::new("getHostByName", &[Text], |_| Ok(Value::text(""))),
    Function::new("hello", &[], |_| Ok(Value::text("Hello!"))),
    Function::new("lookup", &[Text, Text, Text, Text], |_| {
        Ok(Value::Map(Map::default()))
    }),
    Function::new("required", &[Text, Any], required),
    Function::new("ternary", &[Any, Any, Bool], |given| {
        Ok(given.any(usize::from(!given.is_true(2))).clone())
    }),
];

fn is_set(value: &Value) -> bool {
    value.is_true()
}

fn default(given: &Arguments<'_>) -> Outcome<Value> {
    let value = given.any(1);
    Ok(if is_set(value) { value } else { given.any(0) }.clone())
}

fn required(given: &Arguments<'_>) -> Outcome<Value> {
    match given.any(1) {
        Value::Absent | Value::Null => Err(Failure::of_chart(given.text(0))),
        Value::Text(text) if text.is_empty() => Err(Failure::of_chart(given.text(0))),
        value => Ok(value.clone()),
    }
}
