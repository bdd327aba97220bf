//! What an operator may write.

use filter::config::{self, Errors, Refused, Value};

/// Which header responses get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    /// Its name, in lower case.
    pub(crate) header: String,
    /// Its value.
    pub(crate) value: String,
}

/// Reads what an operator wrote. Every field is read before the first mistake counts, so that all mistakes are said at
/// once.
pub(crate) fn read(configuration: &[u8]) -> Result<Config, Errors> {
    config::read(configuration, |object| {
        let header = object.required("header", name);
        let value = object.required("value", text);
        Ok(Config {
            header: header?,
            value: value?,
        })
    })
}

/// RFC 9110 section 5.1: a field name is a token. Pseudo headers such as `:status` are none.
fn name(value: &Value<'_>) -> Result<String, Refused> {
    let written = value.text()?;
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if written.bytes().all(token) {
        return Ok(written.to_ascii_lowercase());
    }
    let found = value.describe();
    Err(value.refuse(format!(
        "must be the name of a header such as x-served-by, is {found}"
    )))
}

/// A line break in a header would end it, and what follows would be the next header.
fn text(value: &Value<'_>) -> Result<String, Refused> {
    let written = value.text()?;
    if written.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Ok(written.to_owned());
    }
    let found = value.describe();
    Err(value.refuse(format!("must be printable ASCII, is {found}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_right() {
        let wanted = Config {
            header: "x-served-by".into(),
            value: "weft".into(),
        };
        assert_eq!(
            read(br#"{"header":"X-Served-By","value":"weft"}"#),
            Ok(wanted)
        );
    }

    #[test]
    fn says_what_is_wrong() {
        let table = [
            (
                r#"{"header":":status","value":"a\r\nb"}"#,
                "/header: must be the name of a header such as x-served-by, is \":status\"\n\
                 /value: must be printable ASCII, is \"a\\r\\nb\"",
            ),
            (r#"{"header":"a"}"#, "/: field `value` is missing"),
        ];
        for (text, wanted) in table {
            assert_eq!(
                read(text.as_bytes()).unwrap_err().to_string(),
                wanted,
                "{text}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            drop(read(&bytes));
        }
    }
}
