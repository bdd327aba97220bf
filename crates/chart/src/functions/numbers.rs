//! Numbers, and what becomes one.

use super::Kind::{Any, Int, Text};
use super::text::shown;
use super::{Arguments, Function, failed};
use crate::template::Outcome;
use crate::template::literal::integer;
use crate::value::Value;

pub(super) const TABLE: &[Function] = &[
    Function::new("add", &[], |given| {
        Ok(Value::Int(ints(given.0).fold(0, i64::wrapping_add)))
    })
    .rest(Any),
    Function::new("add1", &[Any], |given| {
        Ok(Value::Int(to_int(given.any(0)).wrapping_add(1)))
    }),
    Function::new("add1f", &[Any], |given| {
        Ok(Value::Float(to_float(given.any(0)) + 1.0))
    }),
    Function::new("addf", &[], |given| {
        Ok(Value::Float(given.0.iter().map(to_float).sum()))
    })
    .rest(Any),
    Function::new("atoi", &[Text], |given| {
        let text = given.text(0);
        Ok(Value::Int(text.parse().unwrap_or(0)))
    }),
    Function::new("biggest", &[Any], |given| {
        Ok(Value::Int(ints(given.0).max().unwrap_or(0)))
    })
    .rest(Any),
    Function::new("ceil", &[Any], |given| {
        Ok(Value::Float(to_float(given.any(0)).ceil()))
    }),
    Function::new("div", &[Any, Any], |given| divided(given, i64::checked_div)),
    Function::new("divf", &[Any], |given| {
        let [first, rest @ ..] = given.0 else {
            return failed("divf needs a number");
        };
        if rest.iter().any(|divisor| to_float(divisor) == 0.0) {
            return failed("decimal division by 0");
        }
        Ok(Value::Float(
            rest.iter()
                .fold(to_float(first), |value, divisor| value / to_float(divisor)),
        ))
    })
    .rest(Any),
    Function::new("float64", &[Any], |given| {
        Ok(Value::Float(to_float(given.any(0))))
    }),
    Function::new("floor", &[Any], |given| {
        Ok(Value::Float(to_float(given.any(0)).floor()))
    }),
    Function::new("int", &[Any], |given| Ok(Value::Int(to_int(given.any(0))))),
    Function::new("int64", &[Any], |given| {
        Ok(Value::Int(to_int(given.any(0))))
    }),
    Function::new("max", &[Any], |given| {
        Ok(Value::Int(ints(given.0).max().unwrap_or(0)))
    })
    .rest(Any),
    Function::new("maxf", &[Any], |given| {
        Ok(Value::Float(
            given
                .0
                .iter()
                .map(to_float)
                .fold(f64::NEG_INFINITY, f64::max),
        ))
    })
    .rest(Any),
    Function::new("min", &[Any], |given| {
        Ok(Value::Int(ints(given.0).min().unwrap_or(0)))
    })
    .rest(Any),
    Function::new("minf", &[Any], |given| {
        Ok(Value::Float(
            given.0.iter().map(to_float).fold(f64::INFINITY, f64::min),
        ))
    })
    .rest(Any),
    Function::new("mod", &[Any, Any], |given| divided(given, i64::checked_rem)),
    Function::new("mul", &[Any], |given| {
        Ok(Value::Int(ints(given.0).fold(1, i64::wrapping_mul)))
    })
    .rest(Any),
    Function::new("mulf", &[Any], |given| {
        Ok(Value::Float(given.0.iter().map(to_float).product()))
    })
    .rest(Any),
    Function::new("round", &[Any, Int], round).rest(Any),
    Function::new("sub", &[Any, Any], |given| {
        Ok(Value::Int(
            to_int(given.any(0)).wrapping_sub(to_int(given.any(1))),
        ))
    }),
    Function::new("subf", &[Any], |given| {
        let [first, rest @ ..] = given.0 else {
            return failed("subf needs a number");
        };
        Ok(Value::Float(
            rest.iter()
                .fold(to_float(first), |value, less| value - to_float(less)),
        ))
    })
    .rest(Any),
    Function::new("toDecimal", &[Any], |given| {
        let octal = i64::from_str_radix(&shown(given.any(0)), 8);
        Ok(Value::Int(octal.unwrap_or(0)))
    }),
];

fn ints(values: &[Value]) -> impl Iterator<Item = i64> {
    values.iter().map(to_int)
}

/// As the library behind Helm casts: what is no number is 0.
pub(super) fn to_int(value: &Value) -> i64 {
    match value {
        Value::Int(number) => *number,
        Value::Float(number) => truncated(*number),
        Value::Bool(truth) => i64::from(*truth),
        Value::Text(text) => {
            let whole = match text.split_once('.') {
                Some((whole, zeros)) if zeros.bytes().all(|digit| digit == b'0') => whole,
                _ => text,
            };
            integer(whole).unwrap_or(0)
        }
        _ => 0,
    }
}

/// Without a cast: through the digits that it prints.
fn truncated(number: f64) -> i64 {
    format!("{:.0}", number.trunc())
        .parse()
        .unwrap_or(if number > 0.0 { i64::MAX } else { i64::MIN })
}

pub(super) fn to_float(value: &Value) -> f64 {
    match value {
        Value::Int(number) => whole(*number),
        Value::Float(number) => *number,
        Value::Bool(truth) => f64::from(u8::from(*truth)),
        Value::Text(text) => text.parse().unwrap_or(0.0),
        _ => 0.0,
    }
}

/// The float nearest to an integer.
pub(super) fn whole(number: i64) -> f64 {
    number.to_string().parse().unwrap_or(0.0)
}

fn divided(given: &Arguments<'_>, by: fn(i64, i64) -> Option<i64>) -> Outcome<Value> {
    by(to_int(given.any(0)), to_int(given.any(1))).map_or_else(
        || failed("runtime error: integer divide by zero"),
        |result| Ok(Value::Int(result)),
    )
}

fn round(given: &Arguments<'_>) -> Outcome<Value> {
    let on = given.from(2).first().map_or(0.5, to_float);
    let power = 10_f64.powf(whole(given.int(1)));
    let digit = power * to_float(given.any(0));
    let rounded = if digit.fract() >= on {
        digit.ceil()
    } else {
        digit.floor()
    };
    Ok(Value::Float(rounded / power))
}
