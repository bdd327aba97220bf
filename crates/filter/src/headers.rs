//! The headers of one message.
//!
//! Values are bytes: HTTP does not promise UTF-8 (RFC 9110 section 5.5), and a plugin that assumed it could
//! be made to fail by any client. Order and duplicates are kept, since the first of several
//! `authorization` headers need not be the one that the upstream reads.

use std::ops::Range;

use crate::outcome::Edit;

/// A list of names and values, in the order in which they came.
///
/// One buffer holds the bytes and one list says where each name and value lies, so that reading all
/// headers of a request costs two allocations, whatever their number.
#[derive(Clone, Default)]
pub struct Headers {
    bytes: Vec<u8>,
    fields: Vec<Field>,
}

/// Where a name and its value lie in the buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The bytes of the name.
    pub name: Range<usize>,
    /// The bytes of the value.
    pub value: Range<usize>,
}

impl Headers {
    /// No headers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the headers that `fields` finds in `bytes`; `None` when one of them does not lie within it.
    #[must_use]
    pub fn from_parts(bytes: Vec<u8>, fields: Vec<Field>) -> Option<Self> {
        let inside = |range: &Range<usize>| range.start <= range.end && range.end <= bytes.len();
        let sound = fields
            .iter()
            .all(|field| inside(&field.name) && inside(&field.value));
        sound.then_some(Self { bytes, fields })
    }

    /// Appends a header; one of the same name stays.
    pub fn push(&mut self, name: &str, value: &[u8]) {
        let name = self.append(name.as_bytes());
        let value = self.append(value);
        self.fields.push(Field { name, value });
    }

    fn append(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }

    /// These headers after `edits`, in order; edits that are not of headers change nothing.
    #[must_use]
    pub fn edited(&self, edits: &[Edit]) -> Self {
        edits.iter().fold(self.clone(), |headers, edit| match edit {
            Edit::Set(name, value) => headers.without(name).with(name, value),
            Edit::Add(name, value) => headers.with(name, value),
            Edit::Remove(name) => headers.without(name),
            Edit::Body(_) | Edit::ClearRouteCache => headers,
        })
    }

    fn with(mut self, name: &str, value: &[u8]) -> Self {
        self.push(name, value);
        self
    }

    fn without(&self, name: &str) -> Self {
        let kept = |field: &&Field| {
            let found = self.bytes.get(field.name.clone());
            !found.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
        };
        Self {
            bytes: self.bytes.clone(),
            fields: self.fields.iter().filter(kept).cloned().collect(),
        }
    }

    /// All headers, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields.iter().filter_map(|field| {
            let name = self.bytes.get(field.name.clone())?;
            let value = self.bytes.get(field.value.clone())?;
            Some((name, value))
        })
    }

    /// The values of header `name`, in order. Names are compared without regard to ASCII case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        // Lengths first: they differ for nearly all headers, and then no byte need be looked at.
        let named = move |field: &&Field| {
            field.name.len() == name.len()
                && self
                    .bytes
                    .get(field.name.clone())
                    .is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
        };
        self.fields
            .iter()
            .filter(named)
            .filter_map(|field| self.bytes.get(field.value.clone()))
    }

    /// The first value of header `name`. Where a second one would matter (credentials), use
    /// [`Headers::single`].
    #[must_use]
    pub fn first<'a>(&'a self, name: &'a str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// The value of header `name` when it stands there once.
    ///
    /// # Errors
    ///
    /// [`Repeated`] when it stands there more than once.
    pub fn single<'a>(&'a self, name: &'a str) -> Result<Option<&'a [u8]>, Repeated> {
        let mut values = self.all(name);
        let first = values.next();
        match values.next() {
            None => Ok(first),
            Some(_) => Err(Repeated),
        }
    }

    /// The method of a request (`:method`).
    #[must_use]
    pub fn method(&self) -> Option<&[u8]> {
        self.first(":method")
    }

    /// The path of a request with its query (`:path`).
    #[must_use]
    pub fn path(&self) -> Option<&[u8]> {
        self.first(":path")
    }

    /// The host of a request, with the port where one was sent (`:authority`; Envoy puts `Host` there).
    #[must_use]
    pub fn authority(&self) -> Option<&[u8]> {
        self.first(":authority")
    }

    /// The status of a response (`:status`).
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        std::str::from_utf8(self.first(":status")?)
            .ok()?
            .parse()
            .ok()
    }

    /// How many headers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

impl std::fmt::Debug for Headers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        f.debug_list()
            .entries(self.iter().map(|(name, value)| (text(name), text(value))))
            .finish()
    }
}

impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Headers {}

impl<'a> FromIterator<(&'a str, &'a [u8])> for Headers {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a [u8])>>(pairs: I) -> Self {
        let mut headers = Self::new();
        for (name, value) in pairs {
            headers.push(name, value);
        }
        headers
    }
}

/// A header that may stand in a message once stood there more often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the header stands in the message more than once")]
pub struct Repeated;

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Headers {
        [("a", &b"1"[..]), ("x-user", b"\xff\xfe"), ("A", b"2")]
            .into_iter()
            .collect()
    }

    #[test]
    fn keeps_order_duplicates_and_bytes() {
        let headers = sample();
        assert_eq!(headers.all("a").collect::<Vec<_>>(), [b"1", b"2"]);
        assert_eq!(headers.first("X-User"), Some(&b"\xff\xfe"[..]));
        assert_eq!(headers.single("a"), Err(Repeated));
        assert_eq!(headers.single("x-user"), Ok(Some(&b"\xff\xfe"[..])));
        assert_eq!(headers.single("none"), Ok(None));
    }

    #[test]
    fn refuses_fields_outside_the_buffer() {
        let field = |name: Range<usize>, value: Range<usize>| vec![Field { name, value }];
        assert!(Headers::from_parts(b"ab".to_vec(), field(0..1, 1..2)).is_some());
        assert!(Headers::from_parts(b"ab".to_vec(), field(0..1, 1..3)).is_none());
        assert!(Headers::from_parts(b"ab".to_vec(), field(5..6, 0..0)).is_none());
    }
}
