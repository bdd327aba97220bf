//! Matches requests by host, path, method and headers. Shared by the HTTP plugins, so that a rule means the same in all of them.
//!
//! A [`Match`] is compiled once from the configuration ([`read`]); a [`RequestLine`] is made once for each request and keeps
//! what had to be worked out (the normal form of the path, the host without its port), so that ten rules cost one
//! normalisation. Matching allocates nothing when the path is already in its normal form, which it is unless
//! somebody is playing tricks.
//!
//! Matching is meant for rules that **restrict** (limit, deny, demand): where a request could be understood in two ways, it
//! matches if either of them would, see [`path`]. A plugin whose match *permits* something must turn away requests for which
//! [`RequestLine::is_ambiguous`] holds before it looks at the match. Regular expressions are left out on purpose: their cost
//! is hard to bound, and nearly every one that operators write for a path misses a spelling.
//!
//! | module | holds |
//! | --- | --- |
//! | [`rule`] | [`Match`], the conditions of one rule, and how they are read |
//! | [`mod@line`] | [`RequestLine`], one request as rules see it |
//! | [`host`] | names of hosts, with `*.` and ports |
//! | [`path`] | the normal form of a path, and why it is that one |
//! | [`method`] | methods |
//! | [`header`] | conditions on headers |

pub mod header;
pub mod host;
pub mod line;
pub mod method;
pub mod path;
pub mod rule;

pub use crate::line::RequestLine;
pub use crate::path::Path;
pub use crate::rule::{Match, read};
