//! How fast restarts go.

use std::time::Duration;

use crate::failure::{Exit, Failure};

/// How to go about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// How many workloads at a time.
    pub(crate) batch: usize,
    /// How long the new pods must have been ready before the next batch.
    pub(crate) settle: Duration,
    /// How long one workload may take to be ready, waiting for its budget included; nothing for not waiting at all.
    pub(crate) timeout: Option<Duration>,
    /// Go on after a failure.
    pub(crate) keep_going: bool,
}

impl Pace {
    /// The same, if its times go together; `flag` is what the timeout is called.
    pub(crate) fn checked(self, flag: &str) -> Result<Self, Failure> {
        match self.timeout {
            Some(timeout) if self.settle >= timeout => {
                let text = format!(
                    "--wait-per-pod {:?} is not less than {flag} {timeout:?}: pods are watched for a while after they got ready, which \
                     is short beside the time that they may take for it; lower the one or raise the other",
                    self.settle
                );
                Err(Failure::text(Exit::Usage, text))
            }
            _ => Ok(self),
        }
    }
}
