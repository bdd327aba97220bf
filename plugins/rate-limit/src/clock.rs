//! The clock, which is a call to the host.

use filter::{Exchange, HostError};

use crate::limit::Nanos;

/// The time of a request, read when it is first needed.
#[derive(Debug, Default)]
pub(crate) struct Clock(Option<Nanos>);

impl Clock {
    /// What it says.
    ///
    /// # Errors
    ///
    /// [`HostError`] when there is none.
    pub(crate) fn read(&mut self, proxy: &dyn Exchange) -> Result<Nanos, HostError> {
        if let Some(now) = self.0 {
            return Ok(now);
        }
        let now = Nanos::try_from(proxy.now()?.as_nanos()).unwrap_or(Nanos::MAX);
        self.0 = Some(now);
        Ok(now)
    }
}
