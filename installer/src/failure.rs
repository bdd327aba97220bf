//! How a command ends: an exit code, and for a failure the error that goes with it.
//!
//! The codes are part of the interface: scripts branch on them, `weft --help` lists them, tests hold them.

use std::fmt;

/// How `weft` exits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exit {
    /// Done as asked.
    Ok,
    /// It did not work.
    Failure,
    /// It worked, and found something that the caller asked to be told about.
    Findings,
    /// What was waited for did not come in time.
    Timeout,
    /// Some of it worked.
    Partial,
    /// What is differs from what should be.
    Drift,
    /// The command line is wrong.
    Usage,
    /// A file or configuration that was given is wrong.
    BadInput,
    /// A server cannot be reached.
    Unreachable,
    /// A server refused the credentials, or the lack of them.
    NoPermission,
    /// Stopped by Ctrl-C or SIGTERM.
    Interrupted,
}

impl Exit {
    /// Every way to exit, by number.
    pub const ALL: [Self; 11] = [
        Self::Ok,
        Self::Failure,
        Self::Findings,
        Self::Timeout,
        Self::Partial,
        Self::Drift,
        Self::Usage,
        Self::BadInput,
        Self::Unreachable,
        Self::NoPermission,
        Self::Interrupted,
    ];

    /// The number that the shell sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failure => 1,
            Self::Findings => 2,
            Self::Timeout => 3,
            Self::Partial => 4,
            Self::Drift => 5,
            Self::Usage => 64,
            Self::BadInput => 65,
            Self::Unreachable => 69,
            Self::NoPermission => 77,
            Self::Interrupted => 130,
        }
    }

    /// What it means, in a few words for `--help`.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "done as asked",
            Self::Failure => "it did not work",
            Self::Findings => "it worked and found what you asked to be told about",
            Self::Timeout => "what was waited for did not come in time",
            Self::Partial => "some of it worked",
            Self::Drift => "what is differs from what should be",
            Self::Usage => "the command line is wrong",
            Self::BadInput => "a file or configuration that was given is wrong",
            Self::Unreachable => "a server cannot be reached",
            Self::NoPermission => "a server refused the credentials, or the lack of them",
            Self::Interrupted => "stopped by Ctrl-C or SIGTERM",
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// A command that did not do what it should: what to say, and how to exit.
pub struct Failure {
    exit: Exit,
    error: anyhow::Error,
}

impl Failure {
    /// An error that exits in a way of its own.
    pub fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self {
            exit,
            error: error.into(),
        }
    }

    /// A text that exits in a way of its own.
    pub fn text(exit: Exit, text: impl fmt::Display) -> Self {
        Self {
            exit,
            error: anyhow::anyhow!("{text}"),
        }
    }

    /// How to exit.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        self.exit
    }

    /// The error and its causes, outermost first.
    pub fn chain(&self) -> impl Iterator<Item = String> + '_ {
        self.error.chain().map(ToString::to_string)
    }

    /// What was tried, said before what went wrong.
    #[must_use]
    pub fn context(self, text: impl fmt::Display) -> Self {
        Self {
            exit: self.exit,
            error: self.error.context(text.to_string()),
        }
    }
}

/// What came of an act and then of keeping account of it: why the act failed comes first, and nothing hides it.
///
/// # Errors
/// As either of both.
pub fn both<T>(done: Result<T, Failure>, account: Result<(), Failure>) -> Result<T, Failure> {
    match (done, account) {
        (Err(first), Err(second)) => Err(Failure::text(
            first.exit,
            format!("{first}\nand after that: {second}"),
        )),
        (done, account) => done.and_then(|done| account.map(|()| done)),
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "exit {}: {:?}", self.exit.code(), self.error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:#}", self.error)
    }
}

/// An error of which nothing else is known is a plain failure. Every other kind says how it exits in a `From` of its own,
/// beside its definition; there is deliberately none for all kinds, so that none is a plain failure by oversight.
impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(Exit::Failure, error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::Failure, error)
    }
}

/// Says on the way up how an error exits.
pub trait ExitWith<T> {
    /// The same result, exiting with `exit` when it is an error.
    ///
    /// # Errors
    /// As the result that it stands on.
    fn exit_with(self, exit: Exit) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> ExitWith<T> for Result<T, E> {
    fn exit_with(self, exit: Exit) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(exit, error))
    }
}

/// How every command ends.
pub type Outcome = Result<Exit, Failure>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_an_interface_and_stay() {
        let codes = Exit::ALL.map(Exit::code);
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 64, 65, 69, 77, 130]);
    }

    #[test]
    fn an_error_keeps_its_causes_and_takes_an_exit() {
        let cause = std::io::Error::other("disk on fire");
        let failure = Err::<(), _>(cause)
            .exit_with(Exit::BadInput)
            .unwrap_err()
            .context("cannot read x");
        assert_eq!(failure.exit(), Exit::BadInput);
        assert_eq!(
            failure.chain().collect::<Vec<_>>(),
            ["cannot read x", "disk on fire"]
        );
    }

    #[test]
    fn the_first_of_two_errors_says_how_to_exit_and_none_is_lost() {
        let error = |exit, text| Err(Failure::text(exit, text));
        let told = |result: Result<u8, Failure>| {
            result.map_err(|failure| (failure.exit(), failure.to_string()))
        };
        assert_eq!(told(both(Ok(1), Ok(()))), Ok(1));
        assert_eq!(
            told(both(Ok(1), error(Exit::Unreachable, "b"))),
            Err((Exit::Unreachable, "b".to_owned()))
        );
        assert_eq!(
            told(both(Err(Failure::text(Exit::Timeout, "a")), Ok(()))),
            Err((Exit::Timeout, "a".to_owned()))
        );
        let both = both(
            Err(Failure::text(Exit::Timeout, "a")),
            error(Exit::Unreachable, "b"),
        );
        assert_eq!(
            told(both),
            Err((Exit::Timeout, "a\nand after that: b".to_owned()))
        );
    }

    #[test]
    fn a_question_mark_makes_a_plain_failure() {
        fn fails() -> Result<(), Failure> {
            Err(std::io::Error::other("no"))?
        }
        assert_eq!(fails().unwrap_err().exit(), Exit::Failure);
    }
}
