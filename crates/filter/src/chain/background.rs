//! What the two plugins of a chain do without being asked: each ticks, calls and wakes by itself.

use std::time::Duration;

use crate::outcome::Background;

/// When one of the two acts without being asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Clock {
    /// How often it is to tick.
    pub(super) period: Option<Duration>,
    /// How long ago it did.
    since: Duration,
    /// Whether it wakes its streams now.
    pub(super) wakes: bool,
}

impl Clock {
    pub(super) const fn of(period: Option<Duration>) -> Self {
        Self {
            period,
            since: Duration::ZERO,
            wakes: false,
        }
    }

    /// The faster of the two ticks after `passed`; whether this one does, too.
    pub(super) fn ticks(&mut self, passed: Duration) -> bool {
        let Some(period) = self.period else {
            return false;
        };
        self.since = self.since.saturating_add(passed);
        let due = self.since >= period;
        if due {
            self.since = self.since.saturating_sub(period);
        }
        due
    }
}

/// Marks whose answer a token announces in its lowest bit. A plugin that uses the highest bit loses it, so tokens
/// of a chained plugin stay below 2^31.
pub(super) fn tokens(mut background: Background, owner: u32) -> Background {
    for (token, _) in &mut background.calls {
        *token = (*token << 1) | owner;
    }
    background
}

pub(super) fn merge(mut first: Background, mut second: Background) -> Background {
    first.calls.append(&mut second.calls);
    first.wake |= second.wake;
    first
}
