//! Taking the fields of an object, each once, so that what nobody asked for is a mistake.

use std::cell::RefCell;

use super::super::{Mistake, Node, Refused};
use super::{Value, pointer, record};

/// An object of which fields are being taken.
#[derive(Debug)]
pub struct Object<'a> {
    fields: &'a [(String, Node)],
    at: String,
    mistakes: &'a RefCell<Vec<Mistake>>,
    known: Vec<&'static str>,
}

impl<'a> Object<'a> {
    pub(super) fn of(fields: &'a [(String, Node)], value: &Value<'a>) -> Self {
        Self {
            fields,
            at: value.at.clone(),
            mistakes: value.mistakes,
            known: Vec::new(),
        }
    }

    /// The field `name`, read with `read`.
    ///
    /// # Errors
    ///
    /// [`Refused`] when it is missing, or `read` refuses it.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Value<'a>) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        match self.take(name) {
            Some(value) => read(&value),
            None => Err(self.refuse(format!("field `{name}` is missing"))),
        }
    }

    /// The field `name`, read with `read`, or `None` when it is not there.
    ///
    /// # Errors
    ///
    /// [`Refused`] when `read` refuses it.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Value<'a>) -> Result<T, Refused>,
    ) -> Result<Option<T>, Refused> {
        self.take(name).map(|value| read(&value)).transpose()
    }

    /// Whether the field `name` is there, without taking it.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(found, _)| found == name)
    }

    /// Records that the object is refused.
    pub fn refuse(&self, problem: impl Into<String>) -> Refused {
        record(self.mistakes, &self.at, problem)
    }

    fn take(&mut self, name: &'static str) -> Option<Value<'a>> {
        self.known.push(name);
        let (_, node) = self.fields.iter().find(|(found, _)| found == name)?;
        Some(Value {
            node,
            at: pointer(&self.at, name),
            mistakes: self.mistakes,
        })
    }

    /// Refuses every field that nobody asked for.
    pub(super) fn finish(&self) -> Result<(), Refused> {
        let mut outcome = Ok(());
        for (name, _) in self
            .fields
            .iter()
            .filter(|(name, _)| !self.known.contains(&name.as_str()))
        {
            let known = self.known.join(", ");
            outcome = Err(record(
                self.mistakes,
                &pointer(&self.at, name),
                format!("unknown field; the fields here are {known}"),
            ));
        }
        outcome
    }
}
