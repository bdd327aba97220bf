//! One request as rules see it.

use std::cell::OnceCell;

use filter::Headers;

use crate::host::Authority;
use crate::path::{self, Path};

/// The headers of a request, with what rules ask of them worked out at most once.
#[derive(Debug)]
pub struct RequestLine<'a> {
    headers: &'a Headers,
    authority: OnceCell<Option<Authority<'a>>>,
    path: OnceCell<Option<Path<'a>>>,
}

impl<'a> RequestLine<'a> {
    /// The request with these headers.
    #[must_use]
    pub const fn new(headers: &'a Headers) -> Self {
        Self {
            headers,
            authority: OnceCell::new(),
            path: OnceCell::new(),
        }
    }

    /// The headers.
    #[must_use]
    pub const fn headers(&self) -> &'a Headers {
        self.headers
    }

    /// The host and the port that the client named; `None` when it named none.
    pub fn authority(&self) -> Option<&Authority<'a>> {
        self.authority
            .get_or_init(|| self.headers.authority().map(Authority::parse))
            .as_ref()
    }

    /// The normal form of the path; `None` for a request without one (a plain `CONNECT`).
    pub fn path(&self) -> Option<&Path<'a>> {
        self.path
            .get_or_init(|| self.headers.path().map(path::normalise))
            .as_ref()
    }

    /// Whether the path can be understood in two ways that lead to different places.
    pub fn is_ambiguous(&self) -> bool {
        matches!(self.path(), Some(Path::Ambiguous))
    }
}
