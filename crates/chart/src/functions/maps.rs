//! Maps, some of whose functions change them for all who hold them.

use super::Kind::{Any, Map as OfMap, Text};
use super::{Arguments, Function, failed, string, through};
use crate::template::Outcome;
use crate::template::run::endless;
use crate::value::convert::deep_copy;
use crate::value::merge::{Winner, merge};
use crate::value::{Map, Object, Value};
use std::rc::Rc;

pub(super) const TABLE: &[Function] = &[
    Function::new("deepCopy", &[Any], |given| {
        deep_copy(given.any(0)).ok_or_else(endless)
    })
    .size(through),
    Function::new("dict", &[], dict).rest(Any),
    Function::new("dig", &[Any, Any, Any], dig).rest(Any),
    Function::new("get", &[OfMap, Text], |given| {
        Ok(given
            .map(0)
            .get(given.text(1))
            .unwrap_or_else(|| Value::text("")))
    }),
    Function::new("hasKey", &[OfMap, Text], |given| {
        Ok(Value::Bool(given.map(0).has(given.text(1))))
    }),
    Function::new("index", &[Any], index).rest(Any),
    Function::new("keys", &[], |given| {
        let keys = given
            .0
            .iter()
            .flat_map(entries)
            .map(|(key, _)| Value::Text(key));
        Ok(Value::list(keys))
    })
    .rest(OfMap),
    Function::new("len", &[Any], len),
    Function::new("merge", &[OfMap], |given| merged(given, Winner::Target))
        .rest(OfMap)
        .size(through),
    Function::new("mergeOverwrite", &[OfMap], |given| {
        merged(given, Winner::Source)
    })
    .rest(OfMap)
    .size(through),
    Function::new("mustDeepCopy", &[Any], |given| {
        deep_copy(given.any(0)).ok_or_else(endless)
    })
    .size(through),
    Function::new("mustMerge", &[OfMap], |given| merged(given, Winner::Target))
        .rest(OfMap)
        .size(through),
    Function::new("mustMergeOverwrite", &[OfMap], |given| {
        merged(given, Winner::Source)
    })
    .rest(OfMap)
    .size(through),
    Function::new("omit", &[OfMap], |given| Ok(chosen(given, false))).rest(Text),
    Function::new("pick", &[OfMap], |given| Ok(chosen(given, true))).rest(Text),
    Function::new("pluck", &[Text], |given| {
        let maps = given.from(1).iter().filter_map(|value| match value {
            Value::Map(map) => map.get(given.text(0)),
            _ => None,
        });
        Ok(Value::list(maps))
    })
    .rest(OfMap),
    Function::new("set", &[OfMap, Text, Any], set),
    Function::new("unset", &[OfMap, Text], |given| {
        let map = given.map(0);
        map.unset(given.text(1));
        Ok(Value::Map(map))
    }),
    Function::new("values", &[OfMap], |given| {
        Ok(Value::list(
            given.map(0).entries().into_iter().map(|(_, value)| value),
        ))
    }),
];

fn entries(value: &Value) -> Vec<(Rc<str>, Value)> {
    match value {
        Value::Map(map) => map.entries(),
        _ => Vec::new(),
    }
}

fn dict(given: &Arguments<'_>) -> Outcome<Value> {
    let map = Map::default();
    for pair in given.0.chunks(2) {
        if let [key, rest @ ..] = pair {
            let value = rest.first().cloned().unwrap_or_else(|| Value::text(""));
            map.set(string(key)?, value);
        }
    }
    Ok(Value::Map(map))
}

fn set(given: &Arguments<'_>) -> Outcome<Value> {
    if given.any(0).is_nil() {
        return failed("assignment to entry in nil map");
    }
    let map = given.map(0);
    map.set(given.text(1), given.any(2).clone());
    Ok(Value::Map(map))
}

fn merged(given: &Arguments<'_>, winner: Winner) -> Outcome<Value> {
    let target = given.map(0);
    for source in given.from(1) {
        if let Value::Map(source) = source
            && !merge(&target, source, winner)
        {
            return Err(endless());
        }
    }
    Ok(Value::Map(target))
}

fn chosen(given: &Arguments<'_>, named: bool) -> Value {
    let keys: Vec<&Value> = given.from(1).iter().collect();
    let is_named = |key: &Rc<str>| {
        keys.iter()
            .any(|name| matches!(name, Value::Text(name) if name == key))
    };
    let kept = given.map(0).entries().into_iter();
    Value::Map(kept.filter(|(key, _)| is_named(key) == named).collect())
}

fn dig(given: &Arguments<'_>) -> Outcome<Value> {
    let [names @ .., default, map] = given.0 else {
        return failed("dig needs at least three arguments");
    };
    let mut value = map.clone();
    for name in names {
        let (Value::Map(map), Value::Text(name)) = (&value, name) else {
            return failed(format!(
                "interface conversion: interface {{}} is {}, not map[string]interface {{}}",
                value.type_name()
            ));
        };
        match map.get(name) {
            Some(found) => value = found,
            None => return Ok(default.clone()),
        }
    }
    Ok(value)
}

fn index(given: &Arguments<'_>) -> Outcome<Value> {
    let mut value = given.any(0).clone();
    if value.is_nil() {
        return failed("index of untyped nil");
    }
    for at in given.from(1) {
        value = index_one(&value, at)?;
    }
    Ok(value)
}

fn index_one(value: &Value, at: &Value) -> Outcome<Value> {
    if let Some(items) = value.items() {
        let Value::Int(position) = at else {
            return failed(format!(
                "cannot index slice/array with type {}",
                at.type_name()
            ));
        };
        let item = usize::try_from(*position)
            .ok()
            .and_then(|at| items.get(at).cloned());
        return item.map_or_else(|| failed(format!("index out of range: {position}")), Ok);
    }
    match (value, at) {
        (Value::Map(map), Value::Text(key)) => Ok(map.get(key).unwrap_or(Value::Null)),
        (Value::Object(Object::Files(files)), Value::Text(path)) => Ok(files
            .get(path)
            .map_or(Value::Null, |text| Value::Text(text.clone()))),
        (Value::Map(_), other) => failed(format!(
            "value has type {}; should be string",
            other.type_name()
        )),
        (Value::Text(text), Value::Int(position)) => {
            let byte = usize::try_from(*position)
                .ok()
                .and_then(|at| text.as_bytes().get(at));
            byte.map_or_else(
                || failed("index out of range"),
                |byte| Ok(Value::Int(i64::from(*byte))),
            )
        }
        (Value::Absent | Value::Null, _) => failed("index of nil pointer"),
        (other, _) => failed(format!("can't index item of type {}", other.type_name())),
    }
}

fn len(given: &Arguments<'_>) -> Outcome<Value> {
    let value = given.any(0);
    let length = match value {
        Value::Text(text) => text.len(),
        Value::Map(map) => map.len(),
        Value::Object(Object::Files(files)) => files.len(),
        other => match other.items() {
            Some(items) => items.len(),
            None => return failed(format!("len of type {}", value.type_name())),
        },
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}
