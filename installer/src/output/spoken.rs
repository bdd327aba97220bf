//! Talk for programs: with `--progress json`, each line of stderr is one JSON object, from the first word to how it ended.

use serde::Serialize;

use crate::failure::{Exit, Failure};

/// What is said, in the words of `state` of what happens to objects.
#[derive(Debug, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub(super) enum Spoken<'a> {
    /// For people.
    Said { text: &'a str },
    /// Something that the user should know although it worked.
    Warning { text: &'a str },
    /// What is waited for.
    Waiting { text: &'a str },
    /// What has to be answered on the terminal.
    Question { text: &'a str },
    /// How it ended, last of all: it was done.
    Done { exit: u8, meaning: &'static str },
    /// How it ended, last of all: it was not.
    Failed {
        exit: u8,
        meaning: &'static str,
        causes: Vec<String>,
    },
}

impl Spoken<'_> {
    pub(super) fn done(exit: Exit) -> Self {
        Self::Done {
            exit: exit.code(),
            meaning: exit.meaning(),
        }
    }

    /// Each line of it and of its causes.
    pub(super) fn failed(failure: &Failure) -> Self {
        let chain: Vec<_> = failure.chain().collect();
        let lines = chain.iter().flat_map(|text| text.lines()).map(str::trim);
        let causes = lines.filter(|line| !line.is_empty()).map(str::to_owned);
        Self::Failed {
            exit: failure.exit().code(),
            meaning: failure.exit().meaning(),
            causes: causes.collect(),
        }
    }

    /// Ours to write, and nothing in it that is no JSON.
    pub(super) fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
