//! The chart's defaults under the user's values.

use serde_json::{Map, Value as Json};

/// What templates see: the user's values win, maps are merged, and a user's null takes a default away. A null for
/// what is no default stays.
pub(crate) fn coalesce(
    defaults: &Map<String, Json>,
    user: &Map<String, Json>,
) -> Map<String, Json> {
    let mut values = user.clone();
    for (key, default) in defaults {
        match (values.get_mut(key), default) {
            (None, default) => {
                values.insert(key.clone(), default.clone());
            }
            (Some(Json::Null), _) => {
                values.remove(key);
            }
            (Some(Json::Object(user)), Json::Object(default)) => merge(user, default),
            _ => {}
        }
    }
    values
}

/// As above, but a default that is itself null leaves a user's null.
fn merge(user: &mut Map<String, Json>, defaults: &Map<String, Json>) {
    for (key, default) in defaults {
        match (user.get_mut(key), default) {
            (None, default) => {
                user.insert(key.clone(), default.clone());
            }
            (Some(Json::Null), default) if !default.is_null() => {
                user.remove(key);
            }
            (Some(Json::Object(user)), Json::Object(default)) => merge(user, default),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::tests::object;
    use proptest::prelude::*;
    use serde_json::json;

    fn coalesced(defaults: &Json, user: &Json) -> Json {
        Json::Object(coalesce(
            defaults.as_object().unwrap(),
            user.as_object().unwrap(),
        ))
    }

    #[test]
    fn the_user_wins_and_null_takes_away() {
        let table = [
            (json!({"a": 1}), json!({}), json!({"a": 1})),
            (json!({"a": 1}), json!({"a": 2}), json!({"a": 2})),
            (json!({"a": 1}), json!({"a": null}), json!({})),
            (json!({"a": null}), json!({"a": null}), json!({})),
            (json!({"a": null}), json!({}), json!({"a": null})),
            (json!({}), json!({"a": null}), json!({"a": null})),
            (
                json!({"a": {"b": 1, "c": 2}}),
                json!({"a": {"b": null}}),
                json!({"a": {"c": 2}}),
            ),
            (
                json!({"a": {"b": null}}),
                json!({"a": {"b": null}}),
                json!({"a": {"b": null}}),
            ),
            (
                json!({"a": {"b": 1}}),
                json!({"a": {"d": null}}),
                json!({"a": {"b": 1, "d": null}}),
            ),
            (json!({"a": {"b": 1}}), json!({"a": "x"}), json!({"a": "x"})),
            (
                json!({"a": "x"}),
                json!({"a": {"b": 1}}),
                json!({"a": {"b": 1}}),
            ),
            (json!({"a": [1, 2]}), json!({"a": [3]}), json!({"a": [3]})),
        ];
        for (defaults, user, expected) in table {
            assert_eq!(coalesced(&defaults, &user), expected, "{defaults} {user}");
        }
    }

    proptest! {
        #[test]
        fn no_user_value_is_lost(defaults in object(), user in object()) {
            let result = coalesced(&defaults, &user);
            for (key, value) in user.as_object().unwrap() {
                if !value.is_null() && !value.is_object() {
                    prop_assert_eq!(&result[key], value);
                }
            }
            prop_assert_eq!(coalesced(&defaults, &json!({})), defaults);
        }
    }
}
