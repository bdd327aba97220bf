//! Go's comparisons: by basic kinds, and an error where those differ.

use super::Kind::Any;
use super::{Arguments, Function, failed};
use crate::template::{Failure, Outcome};
use crate::value::Value;
use std::cmp::Ordering;

pub(super) const TABLE: &[Function] = &[
    Function::new("eq", &[Any], eq).rest(Any),
    Function::new("ne", &[Any, Any], |given| {
        Ok(Value::Bool(!equal(given.any(0), given.any(1))?))
    }),
    Function::new("lt", &[Any, Any], |given| ordered(given, Ordering::is_lt)),
    Function::new("le", &[Any, Any], |given| ordered(given, Ordering::is_le)),
    Function::new("gt", &[Any, Any], |given| ordered(given, Ordering::is_gt)),
    Function::new("ge", &[Any, Any], |given| ordered(given, Ordering::is_ge)),
    Function::new("not", &[Any], |given| Ok(Value::Bool(!given.is_true(0)))),
];

fn eq(given: &Arguments<'_>) -> Outcome<Value> {
    if given.from(1).is_empty() {
        return failed("missing argument for comparison");
    }
    for other in given.from(1) {
        if equal(given.any(0), other)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn equal(one: &Value, other: &Value) -> Outcome<bool> {
    Ok(match (one, other) {
        (one, other) if one.is_nil() || other.is_nil() => one.is_nil() == other.is_nil(),
        (Value::Bool(one), Value::Bool(other)) => one == other,
        (Value::Int(one), Value::Int(other)) => one == other,
        (Value::Float(one), Value::Float(other)) => one.partial_cmp(other) == Some(Ordering::Equal),
        (Value::Text(one), Value::Text(other)) => one == other,
        (
            Value::List(_) | Value::Map(_) | Value::Object(_),
            Value::List(_) | Value::Map(_) | Value::Object(_),
        ) => {
            return Err(non_comparable(one, other));
        }
        _ => return failed("incompatible types for comparison"),
    })
}

fn non_comparable(one: &Value, other: &Value) -> Failure {
    let (one, other) = (one.type_name(), other.type_name());
    Failure::new(format!("non-comparable types {one}, {other}"))
}

fn ordered(given: &Arguments<'_>, wanted: fn(Ordering) -> bool) -> Outcome<Value> {
    let ordering = match (given.any(0), given.any(1)) {
        (Value::Int(one), Value::Int(other)) => Some(one.cmp(other)),
        (Value::Float(one), Value::Float(other)) => one.partial_cmp(other),
        (Value::Text(one), Value::Text(other)) => Some(one.as_bytes().cmp(other.as_bytes())),
        (
            Value::Int(_) | Value::Float(_) | Value::Text(_),
            Value::Int(_) | Value::Float(_) | Value::Text(_),
        ) => {
            return failed("incompatible types for comparison");
        }
        _ => return failed("invalid type for comparison"),
    };
    Ok(Value::Bool(ordering.is_some_and(wanted)))
}
