//! The wire form of a header map: a count, the lengths of each name and value, then the bytes, each with a NUL behind it.

use simulator::Fields;

/// Envoy refuses maps with more pairs, and with more bytes, than this.
const MOST_PAIRS: usize = 1024;
const MOST_BYTES: usize = 1 << 20;

/// `fields` in the wire form; no fields are no bytes.
pub(crate) fn encode(fields: &Fields) -> Vec<u8> {
    if fields.is_empty() {
        return Vec::new();
    }
    let number = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    let mut bytes = number(fields.len()).to_vec();
    for (name, value) in fields.iter() {
        bytes.extend(number(name.len()));
        bytes.extend(number(value.len()));
    }
    for (name, value) in fields.iter() {
        bytes.extend([name.as_bytes(), b"\0", value, b"\0"].concat());
    }
    bytes
}

/// The fields in `bytes`; `None` when they are in no wire form or too many.
pub(crate) fn decode(bytes: &[u8]) -> Option<Fields> {
    if bytes.is_empty() {
        return Some(Fields::new());
    }
    let (count, rest) = number(bytes)?;
    if count > MOST_PAIRS || bytes.len() > MOST_BYTES {
        return None;
    }
    let (mut lengths, mut text) = rest.split_at_checked(count.checked_mul(8)?)?;
    let mut fields = Fields::new();
    while !lengths.is_empty() {
        let (name, value);
        (name, lengths) = number(lengths)?;
        (value, lengths) = number(lengths)?;
        let name = part(&mut text, name)?;
        let value = part(&mut text, value)?;
        fields.add(&String::from_utf8_lossy(name), value);
    }
    Some(fields)
}

/// The next `length` bytes, without the NUL behind them.
fn part<'a>(text: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (found, rest) = text.split_at_checked(length)?;
    *text = rest.strip_prefix(b"\0")?;
    Some(found)
}

fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((usize::try_from(u32::from_le_bytes(*number)).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_and_a_part_of_it_is_refused() {
        let fields: Fields = [("a", &b"\xff"[..]), ("a", b""), ("bc", b"d")]
            .into_iter()
            .collect();
        let bytes = encode(&fields);
        assert_eq!(decode(&bytes), Some(fields));
        for cut in 1..bytes.len() {
            assert_eq!(decode(&bytes[..cut]), None, "{cut} bytes");
        }
    }
}
