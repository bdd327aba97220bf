//! Flags on their way into a document.

use crate::mesh::spec::read::Setting;
use serde_json::Value;

/// What the flags put into a document, in order.
#[derive(Debug, Default)]
pub(in crate::cli) struct Settings(pub(in crate::cli) Vec<Setting>);

impl Settings {
    /// A flag that was given.
    pub(in crate::cli) fn set(
        &mut self,
        flag: &'static str,
        pointer: &str,
        value: Option<impl Into<Value>>,
    ) {
        self.0.extend(value.map(|value| Setting {
            flag,
            pointer: pointer.to_owned(),
            value: value.into(),
        }));
    }

    /// A flag that may be given several times; then its list stands in place of the file's.
    pub(in crate::cli) fn list<T: Clone + Into<Value>>(
        &mut self,
        flag: &'static str,
        pointer: &str,
        items: &[T],
    ) {
        let list = (!items.is_empty()).then(|| items.to_vec());
        self.set(flag, pointer, list);
    }
}
