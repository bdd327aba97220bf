//! What one rule says to a request.

use filter::{Exchange, Reply};

use crate::config::Rule;
use crate::metrics::{self, Event};

/// What one rule says to the request.
pub(super) enum Asked {
    /// It has a token.
    Holds,
    /// It needs none.
    Passes,
    /// It is refused.
    Refuses(Box<Reply>),
}

/// A shadow counts what it would refuse.
pub(super) fn refuse(
    rule: &Rule,
    index: usize,
    exchange: &mut dyn Exchange,
    reply: impl FnOnce() -> Reply,
) -> Asked {
    if rule.shadow {
        count(exchange, index, Event::Shadowed);
        return Asked::Passes;
    }
    count(exchange, index, Event::Limited);
    Asked::Refuses(Box::new(reply()))
}

/// Counts an event of a rule.
pub(super) fn count(proxy: &mut dyn Exchange, rule: usize, event: Event) {
    proxy.count(metrics::index(rule, event), 1);
}
