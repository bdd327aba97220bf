//! Finds numbers that would change on their way to a proxy.
//!
//! `pluginConfig` is a protobuf `Struct`: every number in it is a double. Beyond 2^53 doubles have gaps, so that a
//! whole number there may arrive as another one, without anybody noticing. weft drops and rounds nothing silently.

use serde_json::{Number, Value};

/// A number that would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lost {
    /// JSON pointer to it.
    pub(crate) pointer: String,
    /// As written.
    pub(crate) number: String,
}

/// All of them in a value.
pub(crate) fn lost(value: &Value) -> Vec<Lost> {
    let mut found = Vec::new();
    walk(String::new(), value, &mut found);
    found
}

fn walk(pointer: String, value: &Value, found: &mut Vec<Lost>) {
    match value {
        Value::Number(number) if !survives(number) => found.push(Lost {
            pointer,
            number: number.to_string(),
        }),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(format!("{pointer}/{index}"), item, found);
            }
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                walk(format!("{pointer}/{key}"), value, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn survives(number: &Number) -> bool {
    const EXACT: u64 = 1 << 53;
    match (number.as_u64(), number.as_i64()) {
        (Some(whole), _) => whole <= EXACT,
        (None, Some(whole)) => whole.unsigned_abs() <= EXACT,
        (None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_whole_numbers_beyond_the_gapless_range_change() {
        let value = json!({
            "fine": [0, -1, 1.5, 9_007_199_254_740_992_u64, "9007199254740993"],
            "a/b~c": {"d": [-9_007_199_254_740_993_i64]},
        });

        assert_eq!(
            lost(&value),
            [Lost {
                pointer: "/a~1b~0c/d/0".to_owned(),
                number: "-9007199254740993".to_owned()
            }]
        );
    }
}
