//! The normal form of a path.
//!
//! A rule for `/api` must hold however a client spells `/api`, and what the upstream makes of a spelling is not known here: it
//! may decode `%2F` or not, merge `//` or not, cut `;parameters` (servlets) or not, take `\` for `/` or not. So the normal
//! form undoes *all* of that, and the rule is compared with the result: if any reading of the request begins with `/api`,
//! the normal form does. It may match more than the upstream means, never less, as long as the upstream decodes once: one that decodes
//! `%2561` to `a` reads another path than any proxy before it.
//!
//! | in the request | in the normal form |
//! | --- | --- |
//! | `?` and what follows | cut |
//! | `%41` | `A`: everything is decoded, once |
//! | `%2F`, `\`, `%5C` | `/` |
//! | `//`, `/./`, a final `/` | merged, dropped, dropped |
//! | `;x=1`, `%3Bx=1` in a segment | cut, to the end of the segment |
//! | `..` in any of these spellings, `#`, `%00`, a path that does not begin with `/` | [`Path::Ambiguous`] |
//!
//! `..` is not resolved: `/a%2Fb/../c` is `/c` to one server and `/a/c` to another, and no single answer is right for
//! both. A path with one is ambiguous and meets *every* condition on paths. Honest clients never send it: browsers
//! resolve it, and so does Envoy before any filter runs (`normalize_path`, which Istio sets by default, resolves dots and decodes
//! unreserved characters; `MERGE_SLASHES` and `DECODE_AND_MERGE_SLASHES` do more; `NONE` does nothing). `#` in a path is
//! answered with 400 by Envoy.
//!
//! Rejected: resolving by RFC 3986 alone, as Envoy does. It is right about the path that Envoy forwards and wrong about what
//! servers make of it, and the gap is a well-known way around rules (`/public/..;/api`). Letter case is kept: `/API` is not
//! `/api`, and an upstream that treats them alike needs a rule for each.

use std::borrow::Cow;

use filter::config::{Refused, Value};

/// A path as rules see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Path<'a> {
    /// The normal form: `*`, `/`, or segments that each follow a `/`.
    Normal(Cow<'a, [u8]>),
    /// Servers could disagree about the place that it names.
    Ambiguous,
}

/// The normal form of a request's `:path`. Allocates only when the path is not in it already.
#[must_use]
pub fn normalise(path: &[u8]) -> Path<'_> {
    let path = path.split(|byte| *byte == b'?').next().unwrap_or(path);
    if path == b"*" {
        return Path::Normal(Cow::Borrowed(path));
    }
    if path.first() != Some(&b'/') {
        return Path::Ambiguous;
    }
    if is_normal(path) {
        return Path::Normal(Cow::Borrowed(without_final_slash(path)));
    }
    rewrite(path)
}

fn without_final_slash(path: &[u8]) -> &[u8] {
    match path.strip_suffix(b"/") {
        Some(b"") | None => path,
        Some(rest) => rest,
    }
}

/// Whether nothing but a final slash has to be undone. A segment that begins with a dot is looked at closely instead of here.
fn is_normal(path: &[u8]) -> bool {
    let mut previous = 0;
    path.iter().all(|&byte| {
        let joined = previous == b'/' && matches!(byte, b'/' | b'.');
        previous = byte;
        !joined && !matches!(byte, b'%' | b'\\' | b';' | b'#' | 0)
    })
}

fn rewrite(path: &[u8]) -> Path<'static> {
    let decoded = decode(path);
    if path.contains(&b'#') || decoded.contains(&0) {
        return Path::Ambiguous;
    }
    let mut normal = Vec::with_capacity(decoded.len());
    for segment in decoded.split(|byte| matches!(byte, b'/' | b'\\')) {
        match segment.split(|byte| *byte == b';').next() {
            None | Some(b"" | b".") => {}
            Some(b"..") => return Path::Ambiguous,
            Some(name) => {
                normal.push(b'/');
                normal.extend_from_slice(name);
            }
        }
    }
    if normal.is_empty() {
        normal.push(b'/');
    }
    Path::Normal(Cow::Owned(normal))
}

/// Decodes every `%XX` once; a `%` that two hexadecimal digits do not follow stays.
fn decode(path: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((byte, after)) = next(rest) {
        decoded.push(byte);
        rest = after;
    }
    decoded
}

fn next(path: &[u8]) -> Option<(u8, &[u8])> {
    if let [b'%', high, low, rest @ ..] = path
        && let (Some(high), Some(low)) = (hex(*high), hex(*low))
    {
        return Some(((high << 4) | low, rest));
    }
    path.split_first().map(|(byte, rest)| (*byte, rest))
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

/// The paths that a rule names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathPattern {
    /// This path, in normal form.
    Exact(Vec<u8>),
    /// This path, in normal form, and every path below it.
    Prefix(Vec<u8>),
}

impl PathPattern {
    /// Whether `found` is one of the paths. An ambiguous path is.
    #[must_use]
    pub fn matches(&self, found: &Path<'_>) -> bool {
        match (self, found) {
            (_, Path::Ambiguous) => true,
            (Self::Exact(path), Path::Normal(found)) => path == &**found,
            (Self::Prefix(prefix), Path::Normal(found)) => is_below(found, prefix),
        }
    }
}

fn is_below(found: &[u8], prefix: &[u8]) -> bool {
    let rest = found.strip_prefix(prefix);
    prefix == b"/" && rest.is_some() || matches!(rest, Some([] | [b'/', ..]))
}

/// Reads `{exact: /path}` or `{prefix: /path}`.
///
/// # Errors
///
/// [`Refused`] when it is anything else, or the path is not in normal form.
pub fn read(value: &Value<'_>) -> Result<PathPattern, Refused> {
    value.object(|fields| {
        let exact = fields.optional("exact", normal);
        let prefix = fields.optional("prefix", normal);
        match (exact?, prefix?) {
            (Some(path), None) => Ok(PathPattern::Exact(path)),
            (None, Some(path)) => Ok(PathPattern::Prefix(path)),
            _ => Err(fields.refuse("needs exactly one of exact, prefix")),
        }
    })
}

/// What is written in a form that no request has would silently match nothing.
fn normal(value: &Value<'_>) -> Result<Vec<u8>, Refused> {
    let text = value.text()?;
    match normalise(text.as_bytes()) {
        Path::Normal(path) if *path == *text.as_bytes() => Ok(path.into_owned()),
        Path::Normal(path) => Err(value.refuse(format!(
            "must be written as requests are compared, {:?} instead of {}",
            String::from_utf8_lossy(&path),
            value.describe()
        ))),
        Path::Ambiguous => Err(value.refuse(format!(
            "must be a path that begins with / and has no .. or # in it, is {}",
            value.describe()
        ))),
    }
}

#[cfg(test)]
mod tests;
