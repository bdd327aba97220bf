//! Talking to a Kubernetes API server, and through it to the proxies behind it.

pub(crate) mod access;
pub(crate) mod diff;
pub(crate) mod error;
#[cfg(test)]
pub(crate) mod fake;
pub(crate) mod ownership;
pub(crate) mod proxy;
pub(crate) mod route;
