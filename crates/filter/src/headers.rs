//! The headers of one message.
//!
//! Values are bytes: HTTP does not promise UTF-8 (RFC 9110 section 5.5), and a plugin that assumed it could
//! be made to fail by any client. Order and duplicates are kept, since the first of several
//! `authorization` headers need not be the one that the upstream reads.

use std::ops::Range;

use crate::outcome::Edit;

/// A list of names and values, in the order in which they came.
///
/// What the proxy hands over is read where it lies: a request has some twenty headers of which a plugin reads one or two,
/// so nothing is copied and no list of them is made.
#[derive(Clone, Default)]
pub struct Headers {
    bytes: Vec<u8>,
    fields: Fields,
}

/// Where names and values lie in the buffer.
#[derive(Clone)]
enum Fields {
    /// Anywhere.
    Listed(Vec<Field>),
    /// The proxy's packed form, of so many headers.
    Packed(usize),
}

impl Default for Fields {
    fn default() -> Self {
        Self::Listed(Vec::new())
    }
}

/// Where a name and its value lie in the buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    name: Range<usize>,
    value: Range<usize>,
}

impl Headers {
    /// No headers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes headers in the packed form: their number, the lengths of each name and value (all of it 4 bytes little
    /// endian), then the names and values with a byte behind each. `None` when the bytes are not that; no bytes are no headers.
    #[must_use]
    pub fn from_packed(bytes: Vec<u8>) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::new());
        }
        let count = usize::try_from(number(&bytes, 0)?).ok()?;
        let mut end = first_name(count)?;
        let lengths = bytes.get(4..end)?;
        for length in lengths.as_chunks::<4>().0 {
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            end = end.checked_add(length)?.checked_add(1)?;
        }
        (end <= bytes.len()).then_some(Self {
            bytes,
            fields: Fields::Packed(count),
        })
    }

    fn fields(&self) -> impl Iterator<Item = Field> {
        let (listed, packed) = match &self.fields {
            Fields::Listed(fields) => (fields.as_slice(), 0),
            Fields::Packed(count) => (&[][..], *count),
        };
        let mut at = first_name(packed).unwrap_or(usize::MAX);
        let lengths = self.bytes.get(4..at).unwrap_or_default().as_chunks::<8>().0;
        let unpacked = lengths.iter().take(packed).map_while(move |lengths| {
            let value = usize::try_from(number(lengths, 4)?).ok()?;
            let name = usize::try_from(number(lengths, 0)?).ok()?;
            let name = at..at.checked_add(name)?;
            let start = name.end.checked_add(1)?;
            let value = start..start.checked_add(value)?;
            at = value.end.checked_add(1)?;
            Some(Field { name, value })
        });
        listed.iter().cloned().chain(unpacked)
    }

    /// Appends a header; one of the same name stays.
    pub fn push(&mut self, name: &str, value: &[u8]) {
        let name = self.append(name.as_bytes());
        let value = self.append(value);
        let mut fields = match std::mem::take(&mut self.fields) {
            Fields::Listed(fields) => fields,
            packed @ Fields::Packed(_) => {
                self.fields = packed;
                self.fields().collect()
            }
        };
        fields.push(Field { name, value });
        self.fields = Fields::Listed(fields);
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
        let kept = |field: &Field| {
            let found = self.bytes.get(field.name.clone());
            !found.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
        };
        let fields = self.fields().filter(kept).collect();
        Self {
            bytes: self.bytes.clone(),
            fields: Fields::Listed(fields),
        }
    }

    /// All headers, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields().filter_map(|field| {
            let name = self.bytes.get(field.name)?;
            let value = self.bytes.get(field.value)?;
            Some((name, value))
        })
    }

    /// The values of header `name`, in order. Names are compared without regard to ASCII case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        // Lengths first: they differ for nearly all headers, and then no byte need be looked at.
        let named = move |field: &Field| {
            field.name.len() == name.len()
                && self
                    .bytes
                    .get(field.name.clone())
                    .is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
        };
        self.fields()
            .filter(named)
            .filter_map(|field| self.bytes.get(field.value))
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
        match &self.fields {
            Fields::Listed(fields) => fields.len(),
            Fields::Packed(count) => *count,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Where the first name lies in the packed form of `count` headers.
fn first_name(count: usize) -> Option<usize> {
    count.checked_mul(8)?.checked_add(4)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let (number, _) = bytes.get(at..)?.split_first_chunk::<4>()?;
    Some(u32::from_le_bytes(*number))
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
    fn packed_headers_are_read_where_they_lie() {
        let packed = [
            &[2, 0, 0, 0][..],
            &[1, 0, 0, 0, 2, 0, 0, 0],
            &[3, 0, 0, 0, 0, 0, 0, 0],
            b"a\0xy\0b-c\0\0",
        ]
        .concat();
        let mut headers = Headers::from_packed(packed.clone()).unwrap();
        let listed: Headers = [("a", &b"xy"[..]), ("b-c", b"")].into_iter().collect();
        assert_eq!(headers, listed);
        assert_eq!((headers.len(), headers.first("B-C")), (2, Some(&b""[..])));
        headers.push("d", b"z");
        assert_eq!(
            (headers.len(), headers.first("a"), headers.first("d")),
            (3, Some(&b"xy"[..]), Some(&b"z"[..]))
        );
        for cut in 1..packed.len() {
            assert_eq!(Headers::from_packed(packed[..cut].to_vec()), None, "{cut}");
        }
    }
}
