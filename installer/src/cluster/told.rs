//! What the engine tells, as words on a terminal or in a log.

use super::event::{Event, Sink, State};
use crate::output::{Board, Output, ProgressChoice, Style};

/// Shows events.
#[derive(Debug)]
pub(crate) struct Told(Board);

impl Told {
    /// On that output, in that form.
    pub(crate) fn new(output: &Output, choice: ProgressChoice) -> Self {
        Self(output.board(choice))
    }
}

impl Sink for Told {
    fn event(&self, event: &Event) {
        let word = word(event.state);
        let waits_for = event.waits_for.as_deref().unwrap_or_default();
        self.0
            .update(&event.object.to_string(), word, waits_for, event);
    }
}

fn word(state: State) -> (Style, &'static str) {
    match state {
        State::Created => (Style::Good, "created"),
        State::Updated => (Style::Good, "updated"),
        State::Pruned => (Style::Dim, "pruned"),
        State::Waiting => (Style::Warn, "waiting"),
        State::Ready => (Style::Good, "ready"),
        State::Failed => (Style::Bad, "failed"),
    }
}
