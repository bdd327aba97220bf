//! Methods.

use filter::config::{Refused, Value};

use crate::header::is_token;

/// A method. Methods are case-sensitive (RFC 9110 section 9.1), so `get` is not `GET` to anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method(String);

impl Method {
    /// Whether `found` is this method.
    #[must_use]
    pub fn is(&self, found: &[u8]) -> bool {
        self.0.as_bytes() == found
    }
}

/// Reads a method in capitals. An extension method with small letters exists nowhere, a typo such as `Get` often.
///
/// # Errors
///
/// [`Refused`] when it is anything else.
pub fn read(value: &Value<'_>) -> Result<Method, Refused> {
    let text = value.text()?;
    if is_token(text) && !text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return Ok(Method(text.to_owned()));
    }
    Err(value.refuse(format!(
        "must be a method in capitals such as GET, is {}",
        value.describe()
    )))
}
