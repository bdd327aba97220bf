//! A header map as Envoy keeps it: names in lower case, values any bytes, order and duplicates kept.

use std::fmt;

use filter::Headers;

/// The fields of one message.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, Vec<u8>)>);

impl Fields {
    /// No fields.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Appends a field; one of the same name stays.
    pub fn add(&mut self, name: &str, value: &[u8]) {
        self.0.push((name.to_ascii_lowercase(), value.to_vec()));
    }

    /// Puts `value` where the first field of this name stands and removes the others, or appends it.
    pub fn set(&mut self, name: &str, value: &[u8]) {
        let name = name.to_ascii_lowercase();
        match self.0.iter_mut().find(|(found, _)| *found == name) {
            Some((_, first)) => *first = value.to_vec(),
            None => return self.add(&name, value),
        }
        let mut seen = false;
        self.0
            .retain(|(found, _)| *found != name || !std::mem::replace(&mut seen, true));
    }

    /// Removes every field of this name.
    pub fn remove(&mut self, name: &str) {
        self.0
            .retain(|(found, _)| !found.eq_ignore_ascii_case(name));
    }

    /// The first value of this name.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        let mut named = self
            .0
            .iter()
            .filter(|(found, _)| found.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.as_slice())
    }

    /// The values of this name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let named = move |(found, _): &&(String, Vec<u8>)| found.eq_ignore_ascii_case(name);
        self.0
            .iter()
            .filter(named)
            .map(|(_, value)| value.as_slice())
    }

    /// All fields, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same as a plugin reads them.
    #[must_use]
    pub fn to_headers(&self) -> Headers {
        self.iter().collect()
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self
            .iter()
            .map(|(name, value)| (name, value.escape_ascii().to_string()));
        f.debug_map().entries(shown).finish()
    }
}

impl From<&Headers> for Fields {
    fn from(headers: &Headers) -> Self {
        let mut fields = Self::new();
        for (name, value) in headers.iter() {
            fields.add(&String::from_utf8_lossy(name), value);
        }
        fields
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> FromIterator<(N, V)> for Fields {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut fields = Self::new();
        for (name, value) in pairs {
            fields.add(name.as_ref(), value.as_ref());
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_keeps_the_place_of_the_first_and_drops_the_others() {
        let mut fields: Fields = [("a", "1"), ("B", "2"), ("A", "3")].into_iter().collect();
        fields.set("A", b"4");
        fields.set("c", b"5");
        let wanted: Fields = [("a", "4"), ("b", "2"), ("c", "5")].into_iter().collect();
        assert_eq!(fields, wanted);
        fields.remove("A");
        assert_eq!(fields.first("a"), None);
    }

    #[test]
    fn a_plugin_reads_what_stands_there() {
        let fields: Fields = [("a", &b"\xff"[..]), ("a", b"")].into_iter().collect();
        assert_eq!(Fields::from(&fields.to_headers()), fields);
    }
}
