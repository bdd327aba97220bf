//! The conditions of one rule.
//!
//! Different conditions are joined by *and*, the entries of one list by *or*, as in Istio's `AuthorizationPolicy`: operators
//! know that reading. Header conditions are joined by *and*, since each of them names a header of its own.

use filter::config::{Refused, Value};

use crate::header::{self, HeaderPattern};
use crate::host::{self, HostPattern};
use crate::line::RequestLine;
use crate::method::{self, Method};
use crate::path::{self, PathPattern};

/// What a request must be for a rule to apply. The default applies to every request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Match {
    methods: Vec<Method>,
    hosts: Vec<HostPattern>,
    paths: Vec<PathPattern>,
    headers: Vec<HeaderPattern>,
}

/// Reads the fields `hosts`, `paths`, `methods` and `headers` of `value`, at least one of which must be there: an empty object
/// is more likely a mistake than a rule for every request, which is written by leaving the match out.
///
/// # Errors
///
/// [`Refused`] when something in it is refused; every mistake is recorded.
pub fn read(value: &Value<'_>) -> Result<Match, Refused> {
    value.object(|fields| {
        let hosts = fields.optional("hosts", |value| value.list(host::read));
        let paths = fields.optional("paths", |value| value.list(path::read));
        let methods = fields.optional("methods", |value| value.list(method::read));
        let headers = fields.optional("headers", |value| value.list(header::read));
        let (hosts, paths, methods, headers) = (hosts?, paths?, methods?, headers?);
        if hosts.is_none() && paths.is_none() && methods.is_none() && headers.is_none() {
            return Err(fields.refuse("has no condition; leave it out to match every request"));
        }
        Ok(Match {
            methods: methods.unwrap_or_default(),
            hosts: hosts.unwrap_or_default(),
            paths: paths.unwrap_or_default(),
            headers: headers.unwrap_or_default(),
        })
    })
}

impl Match {
    /// Whether the rule applies to the request. What is missing in a request (a `CONNECT` has no path) meets no condition on it.
    #[must_use]
    pub fn matches(&self, line: &RequestLine<'_>) -> bool {
        self.methods_match(line)
            && self.hosts_match(line)
            && self.paths_match(line)
            && self
                .headers
                .iter()
                .all(|pattern| pattern.matches(line.headers()))
    }

    fn methods_match(&self, line: &RequestLine<'_>) -> bool {
        let is = |found: &[u8]| self.methods.iter().any(|method| method.is(found));
        self.methods.is_empty() || line.headers().method().is_some_and(is)
    }

    fn hosts_match(&self, line: &RequestLine<'_>) -> bool {
        let is = |found| self.hosts.iter().any(|pattern| pattern.matches(found));
        self.hosts.is_empty() || line.authority().is_some_and(is)
    }

    fn paths_match(&self, line: &RequestLine<'_>) -> bool {
        let is = |found| self.paths.iter().any(|pattern| pattern.matches(found));
        self.paths.is_empty() || line.path().is_some_and(is)
    }
}

#[cfg(test)]
mod tests;
