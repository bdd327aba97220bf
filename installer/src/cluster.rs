//! Talking to a Kubernetes API server, and through it to the proxies behind it.

pub(crate) mod access;
pub(crate) mod apply;
pub(crate) mod cause;
pub(crate) mod definition;
pub(crate) mod diff;
pub(crate) mod discovery;
pub(crate) mod engine;
pub(crate) mod error;
pub(crate) mod event;
#[cfg(test)]
pub(crate) mod fake;
pub(crate) mod inventory;
pub(crate) mod keyed;
pub(crate) mod left;
pub(crate) mod mode;
pub(crate) mod object;
pub(crate) mod order;
pub(crate) mod ownership;
pub(crate) mod pages;
pub(crate) mod peek;
pub(crate) mod plan;
pub(crate) mod proxy;
pub(crate) mod quantity;
pub(crate) mod readiness;
pub(crate) mod rehearse;
pub(crate) mod report;
pub(crate) mod request;
pub(crate) mod retry;
pub(crate) mod route;
pub(crate) mod snapshot;
pub(crate) mod told;
pub(crate) mod wanted;
pub(crate) mod watch;
pub(crate) mod yielding;
