//! The buckets of one rule as one worker sees them: its memory first, the shared table when that does not know.
//!
//! How a step on shared data is run is an argument, so that the laws run the very code that Envoy does.

use filter::shared::SharedError;

use crate::fingerprint::Fingerprint;
use crate::lease::{Leases, Recalled};
use crate::limit::{Limit, Nanos};
use crate::table::{self, Answer, Ask, Shape};

/// The buckets of one rule.
#[derive(Clone, Debug)]
pub(crate) struct Buckets {
    limit: Limit,
    shape: Shape,
    leases: Leases,
}

/// What became of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It has a token.
    Token {
        /// Whether its bucket was taken over from a key that still lacked tokens.
        crowded: bool,
    },
    /// There is none before `until`.
    None {
        /// When there will be one.
        until: Nanos,
        /// Whether that is the bucket of another key.
        crowded: bool,
    },
    /// The bucket could not be read.
    Unknown(Trouble),
}

/// Why a bucket could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// The step did not take effect.
    #[error("{0}")]
    Shared(SharedError),
    /// Foreign bytes, or none, lay where the bucket should.
    #[error("shared data did not hold the buckets; they start empty now and fill at the rate")]
    Unreadable,
}

/// A step on a page of buckets, to be run until it takes effect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    shape: Shape,
    limit: Limit,
    key: Fingerprint,
    now: Nanos,
    ask: Ask,
}

impl Step {
    /// The number of the page.
    pub(crate) fn page(&self) -> u32 {
        self.shape.place(self.key).page
    }

    /// What is done to it: `(the page as it shall be, or None, the answer)`.
    pub(crate) fn run(&self, page: Option<&[u8]>) -> (Option<Vec<u8>>, Answer) {
        table::step(
            page,
            self.shape,
            &self.limit,
            self.key,
            (self.now, self.ask),
        )
    }
}

impl Buckets {
    /// Full buckets of `limit` for `keys` keys.
    pub(crate) fn new(limit: Limit, keys: u32) -> Self {
        let shape = Shape::new(keys);
        Self {
            limit,
            shape,
            leases: Leases::new(shape.keys()),
        }
    }

    /// The table.
    pub(crate) const fn shape(&self) -> Shape {
        self.shape
    }

    /// Takes a token for `key` that this worker has and for which it need not know the time; whether there is one.
    pub(crate) fn take_blind(&mut self, key: Fingerprint) -> bool {
        self.leases.take_blind(key)
    }

    /// Takes a token for `key`. `shared` carries out a step on shared data and gives its answer.
    pub(crate) fn take(
        &mut self,
        key: Fingerprint,
        now: Nanos,
        shared: impl FnOnce(Step) -> Result<Answer, SharedError>,
    ) -> Taken {
        match self.leases.take(key, now) {
            Recalled::Token => Taken::Token { crowded: false },
            Recalled::Refused { until } => Taken::None {
                until,
                crowded: false,
            },
            Recalled::Nothing(ask) => {
                let step = Step {
                    shape: self.shape,
                    limit: self.limit,
                    key,
                    now,
                    ask,
                };
                match shared(step) {
                    Ok(answer) => self.remember(key, now, answer),
                    Err(error) => Taken::Unknown(Trouble::Shared(error)),
                }
            }
        }
    }

    /// Puts the token that was taken for `key` back, since the request it was for is refused by another rule.
    pub(crate) fn put_back(&mut self, key: Fingerprint) {
        self.leases.put_back(key);
    }

    fn remember(&mut self, key: Fingerprint, now: Nanos, answer: Answer) -> Taken {
        match answer {
            Answer::Granted {
                tokens,
                full_at,
                crowded,
            } => {
                self.leases.granted(key, tokens, now, full_at);
                Taken::Token { crowded }
            }
            Answer::Empty { until, crowded } => {
                self.leases.refused(key, now, until);
                Taken::None { until, crowded }
            }
            Answer::Unreadable => Taken::Unknown(Trouble::Unreadable),
        }
    }
}
