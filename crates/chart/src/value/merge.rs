//! Merging maps as the library behind Helm's `merge` and `mergeOverwrite` does it, with its corners.

use super::convert::DEEPEST;
use super::{Map, Value};

/// Who wins where both maps have a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Winner {
    /// What is there stays, unless it is empty.
    Target,
    /// What comes wins, even if it is empty.
    Source,
}

/// Merges `source` into `target`, in place. False when it nests too deep.
pub(crate) fn merge(target: &Map, source: &Map, winner: Winner) -> bool {
    merge_within(target, source, winner, DEEPEST)
}

fn merge_within(target: &Map, source: &Map, winner: Winner, deeper: u32) -> bool {
    let Some(deeper) = deeper.checked_sub(1) else {
        return false;
    };
    for (key, new) in source.entries() {
        let old = target.get(&key);
        let old_is_empty = old.as_ref().is_none_or(|old| !old.is_true());
        match (&new, &old) {
            (Value::Null | Value::Absent, _) => {
                if winner == Winner::Source {
                    target.set(key, Value::Null);
                }
                continue;
            }
            (Value::Map(new), Some(Value::Map(old))) => {
                if !merge_within(old, new, winner, deeper) {
                    return false;
                }
                if !old_is_empty {
                    continue;
                }
            }
            _ => {}
        }
        // An empty target takes the very map of the source: a later change of one is one of both.
        if winner == Winner::Source || old_is_empty {
            target.set(key, new);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::convert::{from_json, map_from_json, to_json};
    use serde_json::{Value as Json, json};

    fn merged(target: &Json, source: &Json, winner: Winner) -> Json {
        let (target, source) = (target.as_object().unwrap(), source.as_object().unwrap());
        let target = map_from_json(target);
        assert!(merge(&target, &map_from_json(source), winner));
        to_json(&Value::Map(target)).unwrap()
    }

    #[test]
    fn the_source_wins_even_if_empty() {
        let table = [
            (json!({"a": 1}), json!({"a": 0}), json!({"a": 0})),
            (json!({"a": 1}), json!({"a": null}), json!({"a": null})),
            (
                json!({"a": {"b": 1}}),
                json!({"a": {"c": 2}}),
                json!({"a": {"b": 1, "c": 2}}),
            ),
            (
                json!({"a": {"b": 1}}),
                json!({"a": {}}),
                json!({"a": {"b": 1}}),
            ),
            (json!({"a": {"b": 1}}), json!({"a": "x"}), json!({"a": "x"})),
            (
                json!({"a": "x"}),
                json!({"a": {"b": 1}}),
                json!({"a": {"b": 1}}),
            ),
            (json!({"a": [1, 2]}), json!({"a": []}), json!({"a": []})),
            (json!({}), json!({"a": [1]}), json!({"a": [1]})),
        ];
        for (target, source, expected) in table {
            assert_eq!(
                merged(&target, &source, Winner::Source),
                expected,
                "{target} {source}"
            );
        }
    }

    #[test]
    fn the_target_wins_unless_empty() {
        let table = [
            (json!({"a": 1}), json!({"a": 2}), json!({"a": 1})),
            (json!({"a": 0}), json!({"a": 2}), json!({"a": 2})),
            (json!({"a": null}), json!({"a": 2}), json!({"a": 2})),
            (
                json!({"a": 1}),
                json!({"a": null, "b": null}),
                json!({"a": 1}),
            ),
            (
                json!({"a": {"b": 1}}),
                json!({"a": {"b": 2, "c": 3}}),
                json!({"a": {"b": 1, "c": 3}}),
            ),
            (json!({"a": "x"}), json!({"a": {"b": 1}}), json!({"a": "x"})),
        ];
        for (target, source, expected) in table {
            assert_eq!(
                merged(&target, &source, Winner::Target),
                expected,
                "{target} {source}"
            );
        }
    }

    #[test]
    fn an_empty_target_shares_what_it_takes() {
        let target = Map::default();
        let Value::Map(source) = from_json(&json!({"a": {"b": 1}})) else {
            panic!("a map");
        };
        assert!(merge(&target, &source, Winner::Source));
        let Some(Value::Map(inner)) = target.get("a") else {
            panic!("a map");
        };
        inner.set("b", Value::Int(2));
        assert_eq!(to_json(&Value::Map(source)), Some(json!({"a": {"b": 2}})));
    }
}
