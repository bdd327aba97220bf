//! The wire form of a header map: a count, the lengths of each name and value, then the bytes, each with a NUL behind it.
//!
//! All numbers are 4 bytes little endian. The host writes this, so it is believed to be whole, yet every length is checked
//! against the bytes that are there: a module that trusted one would trap.

use filter::Headers;

/// The wire form of no headers.
pub(crate) const NONE: &[u8] = &[0, 0, 0, 0];

/// The headers in `bytes`, which it takes over without copying; `None` when they are not in the wire form. No bytes at
/// all are no headers: that is what the host gives for a message that has none.
#[must_use]
pub fn decode(bytes: Vec<u8>) -> Option<Headers> {
    Headers::from_packed(bytes)
}

/// The wire form of `headers`; `None` when there are more or longer ones than its numbers can say.
#[must_use]
pub fn encode<'a>(headers: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone) -> Option<Vec<u8>> {
    let mut bytes = u32::try_from(headers.clone().count())
        .ok()?
        .to_le_bytes()
        .to_vec();
    for (name, value) in headers.clone() {
        bytes.extend(u32::try_from(name.len()).ok()?.to_le_bytes());
        bytes.extend(u32::try_from(value.len()).ok()?.to_le_bytes());
    }
    for part in headers.flat_map(|(name, value)| [name, value]) {
        bytes.extend_from_slice(part);
        bytes.push(0);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn wire(pairs: &[(String, Vec<u8>)]) -> Vec<u8> {
        encode(
            pairs
                .iter()
                .map(|(name, value)| (name.as_bytes(), value.as_slice())),
        )
        .unwrap()
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(pairs in vec(("[a-z:-]{0,9}", vec(any::<u8>(), 0..20)), 0..20)) {
            let headers = decode(wire(&pairs)).unwrap();
            let found: Vec<_> = headers.iter().map(|(name, value)| (String::from_utf8(name.to_vec()).unwrap(), value.to_vec())).collect();
            prop_assert_eq!(found, pairs);
        }

        #[test]
        fn a_prefix_is_no_map(pairs in vec(("[a-z]{0,9}", vec(any::<u8>(), 1..20)), 1..9), cut in 2_usize..300) {
            let mut bytes = wire(&pairs);
            let cut = cut.min(bytes.len() - 1);
            bytes.truncate(bytes.len() - cut);
            prop_assert_eq!(decode(bytes.clone()).is_none(), !bytes.is_empty());
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            drop(decode(bytes));
        }
    }

    #[test]
    fn a_huge_count_is_refused_before_anything_is_allocated() {
        assert_eq!(decode(vec![0xff, 0xff, 0xff, 0xff, 0, 0]), None);
    }
}
