//! What a user wants of a chart, from files and `--set`, and what it becomes with the chart's defaults.

mod coalesce;
mod set;

pub(crate) use coalesce::coalesce;
pub use set::SetError;

use crate::error::ChartError;
use crate::yaml;
use serde_json::{Map, Number, Value as Json};

/// A user's values. Later ones win; a null takes away a default of the chart.
///
/// Helm reads every number of a file as a float and every number of `--set` as an integer, and templates see the
/// difference (`1000000` of a file prints as `1e+06`); so do these.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values(Map<String, Json>);

impl Values {
    /// None at all: the chart's defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What a values file holds (`-f`).
    ///
    /// # Errors
    /// When the text is no YAML, or no mapping.
    pub fn from_yaml(text: &str) -> Result<Self, ChartError> {
        let json = yaml::read::read(text).map_err(ChartError::Values)?;
        Self::from_json(json)
    }

    /// The same from JSON, of which numbers are taken as from a file.
    ///
    /// # Errors
    /// When it is neither an object nor null.
    pub fn from_json(json: Json) -> Result<Self, ChartError> {
        match as_read(json) {
            Json::Null => Ok(Self::new()),
            Json::Object(object) => Ok(Self(object)),
            _ => Err(ChartError::Values(
                "they are no mapping of names to values".to_owned(),
            )),
        }
    }

    /// Lays other values over these, as a second values file does.
    pub fn merge(&mut self, over: Self) {
        lay_over(&mut self.0, over.0);
    }

    /// `--set a.b=1,c[0]=x,d={1,2}`: numbers, truth values and null are told from text.
    ///
    /// # Errors
    /// What is wrong with the text; nothing is set then.
    pub fn set(&mut self, text: &str) -> Result<(), SetError> {
        self.change(text, set::Mode::Typed)
    }

    /// `--set-string`: everything is text.
    ///
    /// # Errors
    /// As [`Values::set`].
    pub fn set_string(&mut self, text: &str) -> Result<(), SetError> {
        self.change(text, set::Mode::Text)
    }

    /// `--set-json a={"b":[1]},c=null`.
    ///
    /// # Errors
    /// As [`Values::set`].
    pub fn set_json(&mut self, text: &str) -> Result<(), SetError> {
        self.change(text, set::Mode::Json)
    }

    /// `--set-file a=PATH`: the value is what `read` returns for the path.
    ///
    /// # Errors
    /// As [`Values::set`], and what `read` says.
    pub fn set_file(
        &mut self,
        text: &str,
        mut read: impl FnMut(&str) -> Result<String, String>,
    ) -> Result<(), SetError> {
        self.change(text, set::Mode::File(&mut read))
    }

    /// Whether nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As JSON, in which whole numbers are integers again.
    #[must_use]
    pub fn to_json(&self) -> Json {
        as_shown(Json::Object(self.0.clone()))
    }

    pub(crate) fn map(&self) -> &Map<String, Json> {
        &self.0
    }

    fn change(&mut self, text: &str, mode: set::Mode<'_>) -> Result<(), SetError> {
        let mut changed = self.0.clone();
        set::apply(text, &mut changed, mode)?;
        self.0 = changed;
        Ok(())
    }
}

/// Numbers as Go's JSON reader makes them: floats.
pub(crate) fn as_read(json: Json) -> Json {
    numbers(json, |number| number.as_f64().and_then(Number::from_f64))
}

/// Whole floats as integers.
pub(crate) fn as_shown(json: Json) -> Json {
    numbers(json, |number| {
        let float = number.is_f64().then(|| number.as_f64()).flatten()?;
        let whole = float.fract() == 0.0 && float.abs() < 9.223_372_036_854_775e18;
        whole
            .then(|| format!("{float:.0}").parse::<i64>().ok())
            .flatten()
            .map(Number::from)
    })
}

/// Changes the numbers for which there is another.
fn numbers(json: Json, change: fn(&Number) -> Option<Number>) -> Json {
    match json {
        Json::Number(number) => Json::Number(change(&number).unwrap_or(number)),
        Json::Array(items) => Json::Array(
            items
                .into_iter()
                .map(|item| numbers(item, change))
                .collect(),
        ),
        Json::Object(object) => {
            let entries = object.into_iter();
            Json::Object(
                entries
                    .map(|(key, value)| (key, numbers(value, change)))
                    .collect(),
            )
        }
        other => other,
    }
}

fn lay_over(under: &mut Map<String, Json>, over: Map<String, Json>) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Json::Object(under)), Json::Object(over)) => lay_over(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn later_files_win() {
        let mut values = Values::from_yaml("a: {b: 1, c: 2}\nd: x").unwrap();
        values.merge(Values::from_yaml("a: {b: null, e: [1]}\nd: {f: 1}").unwrap());
        let expected = json!({"a": {"b": null, "c": 2, "e": [1]}, "d": {"f": 1}});
        assert_eq!(values.to_json(), expected);
    }

    #[test]
    fn values_are_a_mapping() {
        assert!(Values::from_yaml("# nothing").unwrap().is_empty());
        for text in ["[1]", "a", "a: ["] {
            assert!(
                matches!(Values::from_yaml(text), Err(ChartError::Values(_))),
                "{text}"
            );
        }
    }

    pub(crate) fn object() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<i8>().prop_map(Json::from),
            "[a-c]{0,2}".prop_map(Json::from)
        ];
        let value = leaf.prop_recursive(3, 16, 3, |inner| {
            prop::collection::btree_map("[a-c]", inner, 0..3)
                .prop_map(|map| Json::Object(map.into_iter().collect()))
        });
        prop::collection::btree_map("[a-c]", value, 0..3)
            .prop_map(|map| Json::Object(map.into_iter().collect()))
    }

    fn values(json: &Json) -> Values {
        Values::from_json(json.clone()).unwrap()
    }

    proptest! {
        #[test]
        fn laying_over_again_changes_nothing(a in object(), b in object()) {
            let mut once = values(&a);
            once.merge(values(&b));
            let mut again = once.clone();
            again.merge(values(&b));
            prop_assert_eq!(&once, &again);
            once.merge(Values::new());
            prop_assert_eq!(once, again);
        }

        #[test]
        fn what_is_shown_reads_back(a in object()) {
            prop_assert_eq!(values(&a).to_json(), a);
        }
    }
}
