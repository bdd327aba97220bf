//! As much of the protobuf wire format as the arguments of host calls need: messages of numbers and bytes.

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// A varint.
    Number(u64),
    /// Something with a length: bytes, text.
    Bytes(Vec<u8>),
}

/// The fields of a message; `None` when it is none, or has fields of fixed width.
pub(crate) fn read(mut bytes: &[u8]) -> Option<Vec<(u64, Value)>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let value = match tag & 7 {
            0 => Value::Number(varint(&mut bytes)?),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let (value, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                Value::Bytes(value.to_vec())
            }
            _ => return None,
        };
        fields.push((tag >> 3, value));
    }
    Some(fields)
}

/// Field `number` as text, the last one if it stands there more than once; empty if it does not stand there.
pub(crate) fn text(fields: &[(u64, Value)], number: u64) -> Option<String> {
    match fields.iter().rfind(|(found, _)| *found == number) {
        None => Some(String::new()),
        Some((_, Value::Bytes(bytes))) => String::from_utf8(bytes.clone()).ok(),
        Some((_, Value::Number(_))) => None,
    }
}

/// Field `number` as a message; `None` when it is not there or is none.
pub(crate) fn message(fields: &[(u64, Value)], number: u64) -> Option<Vec<(u64, Value)>> {
    match fields.iter().rfind(|(found, _)| *found == number)? {
        (_, Value::Bytes(bytes)) => read(bytes),
        (_, Value::Number(_)) => None,
    }
}

/// A message of these fields.
pub(crate) fn write(fields: &[(u64, Value)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, value) in fields {
        match value {
            Value::Number(value) => {
                push_varint(&mut bytes, number << 3);
                push_varint(&mut bytes, *value);
            }
            Value::Bytes(value) => {
                push_varint(&mut bytes, (number << 3) | 2);
                push_varint(&mut bytes, u64::try_from(value.len()).unwrap_or(u64::MAX));
                bytes.extend_from_slice(value);
            }
        }
    }
    bytes
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value: u64 = 0;
    for index in 0..10_u32 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f).checked_shl(index.saturating_mul(7))?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn push_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(u8::try_from(value & 0x7f).unwrap_or_default() | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let fields = vec![
            (1, Value::Bytes(b"sha256".to_vec())),
            (3, Value::Number(300)),
            (16, Value::Bytes(vec![0; 200])),
        ];
        assert_eq!(read(&write(&fields)), Some(fields));
        assert_eq!(
            write(&[(1, Value::Number(150))]),
            [0x08, 0x96, 0x01],
            "the example of protobuf.dev"
        );
        assert_eq!(read(&[0x0a, 0x05, b'a']), None, "shorter than it says");
    }
}
