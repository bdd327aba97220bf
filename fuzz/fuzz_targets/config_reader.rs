//! Configurations in general: JSON of any shape is read or refused, with a place for each mistake.
#![no_main]

use filter::config::{Value, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let outcome = read(bytes, |object| {
        let list = object.required("a", |value| value.list(|item| item.integer(&(0..=9))));
        let time = object.optional("b", Value::duration);
        let entries = object.optional("c", |value| value.entries().map(|entries| entries.len()));
        Ok((list?, time?, entries?))
    });
    if let Err(errors) = outcome {
        assert!(errors.mistakes().iter().all(|mistake| mistake.at.is_empty() || mistake.at.starts_with('/')));
        assert!(!errors.mistakes().is_empty());
    }
});
