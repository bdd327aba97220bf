//! Fields and methods of values: `.a.b`, `.Files.Get "x"`.

use super::{Failure, Outcome};
use crate::functions::files;
use crate::value::{Object, Value};
use std::rc::Rc;

/// One step down: a method if the value has one of that name, else a field.
pub(crate) fn field(value: &Value, name: &Rc<str>, arguments: &[Value]) -> Outcome<Value> {
    if let Value::Object(object) = value
        && let Some(result) = method(object, name, arguments)
    {
        return result;
    }
    if !arguments.is_empty() {
        return Err(Failure::new(format!(
            "{name} is not a method but has arguments"
        )));
    }
    match value {
        Value::Absent => Ok(Value::Absent),
        Value::Null => Err(Failure::new(format!(
            "nil pointer evaluating interface {{}}.{name}"
        ))),
        Value::Map(map) => Ok(map.get(name).unwrap_or(Value::Null)),
        Value::Object(Object::Files(files)) => Ok(files
            .get(name)
            .map_or(Value::Null, |text| Value::Text(text.clone()))),
        Value::Object(Object::Record(record)) => record
            .fields
            .get(&**name)
            .cloned()
            .ok_or_else(|| no_field(value, name)),
        other => Err(no_field(other, name)),
    }
}

fn no_field(value: &Value, name: &str) -> Failure {
    Failure::new(format!(
        "can't evaluate field {name} in type {}",
        value.type_name()
    ))
}

fn method(object: &Object, name: &str, arguments: &[Value]) -> Option<Outcome<Value>> {
    match object {
        Object::Files(all) => files::method(all, name, arguments),
        Object::ApiVersions(versions) if name == "Has" => Some(match arguments {
            [Value::Text(version)] => Ok(Value::Bool(versions.contains(version))),
            _ => Err(Failure::new("Has needs one text: the API version")),
        }),
        Object::ApiVersions(_) | Object::Record(_) => None,
    }
}
