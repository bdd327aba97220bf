//! What a value is.

use super::Kind::{Any, Text};
use super::{Function, through};
use crate::template::run::endless;
use crate::value::Value;
use crate::value::convert::deep_equal;

pub(super) const TABLE: &[Function] = &[
    Function::new("deepEqual", &[Any, Any], |given| {
        deep_equal(given.any(0), given.any(1))
            .map(Value::Bool)
            .ok_or_else(endless)
    })
    .size(through),
    Function::new("kindIs", &[Text, Any], |given| {
        Ok(Value::Bool(given.any(1).kind_name() == given.text(0)))
    }),
    Function::new("kindOf", &[Any], |given| {
        Ok(Value::text(given.any(0).kind_name()))
    }),
    Function::new("typeIs", &[Text, Any], |given| {
        Ok(Value::Bool(given.any(1).type_name() == given.text(0)))
    }),
    Function::new("typeIsLike", &[Text, Any], |given| {
        let name = given.any(1).type_name();
        let wanted = given.text(0);
        Ok(Value::Bool(
            name == wanted || name.strip_prefix('*') == Some(wanted),
        ))
    }),
    Function::new("typeOf", &[Any], |given| {
        Ok(Value::text(given.any(0).type_name()))
    }),
];
