//! Lists, none of which is changed in place.

use super::Kind::{Any, Int};
use super::numbers::{to_int, whole};
use super::text::strings;
use super::{Arguments, Function, failed, string, through};
use crate::template::run::endless;
use crate::template::{Failure, Outcome};
use crate::value::convert::deep_equal;
use crate::value::{List, Value};

pub(super) const TABLE: &[Function] = &[
    Function::new("append", &[Any, Any], push),
    Function::new("chunk", &[Int, Any], chunk),
    Function::new("compact", &[Any], compact),
    Function::new("concat", &[], concat).rest(Any),
    Function::new("first", &[Any], |given| {
        at_end(given, "first", <[Value]>::first)
    }),
    Function::new("has", &[Any, Any], has).size(through),
    Function::new("initial", &[Any], |given| {
        part(given, "initial", |items| {
            items.split_last().map(|(_, rest)| rest)
        })
    }),
    Function::new("last", &[Any], |given| {
        at_end(given, "last", <[Value]>::last)
    }),
    Function::new("list", &[], |given| {
        Ok(Value::list(given.0.iter().cloned()))
    })
    .rest(Any),
    Function::new("mustAppend", &[Any, Any], push),
    Function::new("mustChunk", &[Int, Any], chunk),
    Function::new("mustCompact", &[Any], compact),
    Function::new("mustFirst", &[Any], |given| {
        at_end(given, "first", <[Value]>::first)
    }),
    Function::new("mustHas", &[Any, Any], has).size(through),
    Function::new("mustInitial", &[Any], |given| {
        part(given, "initial", |items| {
            items.split_last().map(|(_, rest)| rest)
        })
    }),
    Function::new("mustLast", &[Any], |given| {
        at_end(given, "last", <[Value]>::last)
    }),
    Function::new("mustPrepend", &[Any, Any], prepend),
    Function::new("mustPush", &[Any, Any], push),
    Function::new("mustRest", &[Any], |given| {
        part(given, "rest", |items| {
            items.split_first().map(|(_, rest)| rest)
        })
    }),
    Function::new("mustReverse", &[Any], reverse),
    Function::new("mustSlice", &[Any], slice).rest(Any),
    Function::new("mustUniq", &[Any], uniq).size(each_with_each),
    Function::new("mustWithout", &[Any], without)
        .rest(Any)
        .size(each_with_each),
    Function::new("prepend", &[Any, Any], prepend),
    Function::new("push", &[Any, Any], push),
    Function::new("rest", &[Any], |given| {
        part(given, "rest", |items| {
            items.split_first().map(|(_, rest)| rest)
        })
    }),
    Function::new("reverse", &[Any], reverse),
    Function::new("seq", &[], seq).rest(Int),
    Function::new("slice", &[Any], slice).rest(Any),
    Function::new("sortAlpha", &[Any], sort_alpha),
    Function::new("tuple", &[], |given| {
        Ok(Value::list(given.0.iter().cloned()))
    })
    .rest(Any),
    Function::new("uniq", &[Any], uniq).size(each_with_each),
    Function::new("until", &[Int], |given| {
        until(0, given.int(0), if given.int(0) < 0 { -1 } else { 1 })
    })
    .size(|given| given.first().map(turns)),
    Function::new("untilStep", &[Int, Int, Int], |given| {
        until(given.int(0), given.int(1), given.int(2))
    })
    .size(|given| {
        Some(
            given
                .iter()
                .take(2)
                .map(turns)
                .fold(0, usize::saturating_add),
        )
    }),
    Function::new("without", &[Any], without)
        .rest(Any)
        .size(each_with_each),
];

/// A bound of how much room a list up to this number takes.
fn turns(value: &Value) -> usize {
    let count = match value {
        Value::Int(number) => usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX),
        _ => 0,
    };
    count.saturating_mul(size_of::<Value>())
}

pub(super) fn items(value: &Value, what: &str) -> Outcome<List> {
    let kind = value.kind_name();
    value
        .items()
        .ok_or_else(|| Failure::new(format!("Cannot {what} on type {kind}")))
}

fn push(given: &Arguments<'_>) -> Outcome<Value> {
    let items = items(given.any(0), "push")?;
    Ok(Value::list(items.iter().chain([given.any(1)]).cloned()))
}

fn prepend(given: &Arguments<'_>) -> Outcome<Value> {
    let items = items(given.any(0), "prepend")?;
    Ok(Value::list(
        [given.any(1)].into_iter().chain(items.iter()).cloned(),
    ))
}

fn chunk(given: &Arguments<'_>) -> Outcome<Value> {
    let items = items(given.any(1), "chunk")?;
    match given.count(0) {
        Some(size) if size > 0 => {
            let chunks = items
                .chunks(size)
                .map(|chunk| Value::list(chunk.iter().cloned()));
            Ok(Value::list(chunks))
        }
        _ => failed("the size of a chunk must be positive"),
    }
}

fn at_end(
    given: &Arguments<'_>,
    name: &str,
    take: for<'i> fn(&'i [Value]) -> Option<&'i Value>,
) -> Outcome<Value> {
    let items = items(given.any(0), &format!("find {name}"))?;
    Ok(take(&items).cloned().unwrap_or(Value::Null))
}

fn part(
    given: &Arguments<'_>,
    name: &str,
    take: for<'i> fn(&'i [Value]) -> Option<&'i [Value]>,
) -> Outcome<Value> {
    let items = items(given.any(0), &format!("find {name}"))?;
    Ok(Value::list(
        take(&items).unwrap_or_default().iter().cloned(),
    ))
}

fn compact(given: &Arguments<'_>) -> Outcome<Value> {
    let items = items(given.any(0), "compact")?;
    Ok(Value::list(
        items.iter().filter(|item| item.is_true()).cloned(),
    ))
}

fn concat(given: &Arguments<'_>) -> Outcome<Value> {
    let mut all = Vec::new();
    for list in given.0 {
        let items = items(list, "concat")?;
        all.extend(items.iter().cloned());
    }
    Ok(Value::list(all))
}

/// Every item may be compared with every other one.
fn each_with_each(given: &[Value]) -> Option<usize> {
    let items = given.first()?.items()?;
    through(given)?.checked_mul(items.len().max(given.len()))
}

fn has(given: &Arguments<'_>) -> Outcome<Value> {
    if given.any(1).is_nil() {
        return Ok(Value::Bool(false));
    }
    let items = items(given.any(1), "find has")?;
    Ok(Value::Bool(contains(&items, given.any(0))?))
}

fn contains(items: &[Value], wanted: &Value) -> Outcome<bool> {
    for item in items {
        if deep_equal(item, wanted).ok_or_else(endless)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn uniq(given: &Arguments<'_>) -> Outcome<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for item in items(given.any(0), "find uniq")?.iter() {
        if !contains(&kept, item)? {
            kept.push(item.clone());
        }
    }
    Ok(Value::list(kept))
}

fn without(given: &Arguments<'_>) -> Outcome<Value> {
    let mut kept = Vec::new();
    for item in items(given.any(0), "find without")?.iter() {
        if !contains(given.from(1), item)? {
            kept.push(item.clone());
        }
    }
    Ok(Value::list(kept))
}

fn reverse(given: &Arguments<'_>) -> Outcome<Value> {
    let items = items(given.any(0), "find reverse")?;
    Ok(Value::list(items.iter().rev().cloned()))
}

fn slice(given: &Arguments<'_>) -> Outcome<Value> {
    let items = items(given.any(0), "slice")?;
    if items.is_empty() {
        return Ok(Value::Null);
    }
    let bound = |value: &Value| usize::try_from(to_int(value)).ok();
    let start = given.from(1).first().map_or(Some(0), bound);
    let end = given.from(2).first().map_or(Some(items.len()), bound);
    let part = start
        .zip(end)
        .and_then(|(start, end)| items.get(start..end));
    part.map_or_else(
        || failed("slice bounds out of range"),
        |part| Ok(Value::list(part.iter().cloned())),
    )
}

fn sort_alpha(given: &Arguments<'_>) -> Outcome<Value> {
    if given.any(0).items().is_none() {
        return Ok(Value::list([Value::text(string(given.any(0))?)]));
    }
    let mut texts = strings(given.any(0))?;
    texts.sort_unstable();
    Ok(Value::list(texts.into_iter().map(Value::text)))
}

fn range(start: i64, end: i64, step: i64) -> Vec<i64> {
    let mut numbers = Vec::new();
    let mut next = start;
    while if step > 0 {
        next < end
    } else {
        step < 0 && next > end
    } {
        numbers.push(next);
        let Some(after) = next.checked_add(step) else {
            break;
        };
        next = after;
    }
    numbers
}

fn until(start: i64, end: i64, step: i64) -> Outcome<Value> {
    Ok(Value::list(
        range(start, end, step).into_iter().map(Value::Int),
    ))
}

/// The numbers as one text, the last one included, as the program `seq` has it.
fn seq(given: &Arguments<'_>) -> Outcome<Value> {
    let toward = |start: i64, end: i64| if end < start { -1 } else { 1 };
    let (start, end, step) = match given.0 {
        [Value::Int(end)] => (1, *end, toward(1, *end)),
        [Value::Int(start), Value::Int(end)] => (*start, *end, toward(*start, *end)),
        [Value::Int(start), Value::Int(step), Value::Int(end)] => (*start, *end, *step),
        _ => return Ok(Value::text("")),
    };
    if whole(start).abs() > 1e6 || whole(end).abs() > 1e6 {
        return failed("too many numbers");
    }
    let numbers = range(start, end.saturating_add(step.signum()), step);
    let texts: Vec<String> = numbers.iter().map(i64::to_string).collect();
    Ok(Value::text(texts.join(" ")))
}
