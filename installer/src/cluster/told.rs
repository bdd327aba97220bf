//! What the engine tells, as words: on a terminal a line for each component, in a log a line for each object that changes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::event::{Event, Sink, State};
use crate::output::{Board, Output, ProgressChoice, Style};

/// Shows events.
#[derive(Debug)]
pub(crate) struct Told {
    board: Board,
    waiting: Mutex<Waiting>,
}

/// By component, the objects that wait, each with what for.
#[derive(Debug, Default)]
struct Waiting(BTreeMap<String, BTreeMap<String, String>>);

impl Told {
    /// On that output, in that form.
    pub(crate) fn new(output: &Output, choice: ProgressChoice) -> Self {
        Self {
            board: output.board(choice),
            waiting: Mutex::default(),
        }
    }
}

impl Sink for Told {
    fn event(&self, event: &Event) {
        let object = event.object.to_string();
        if !self.board.is_live() {
            let waits_for = event.waits_for.as_deref().unwrap_or_default();
            return self
                .board
                .update(&object, word(event.state), waits_for, event);
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let (word, text) = waiting.note(event, object);
        self.board.update(&event.component, word, &text, event);
    }
}

impl Waiting {
    /// What is said of the component then: for what it waits as long as it does, else what happened last.
    fn note(&mut self, event: &Event, object: String) -> ((Style, &'static str), String) {
        let open = self.0.entry(event.component.clone()).or_default();
        let waits_for = event.waits_for.clone().unwrap_or_default();
        if event.state == State::Waiting {
            open.insert(object.clone(), waits_for.clone());
        } else {
            open.remove(&object);
        }
        match (event.state, open.first_key_value()) {
            (State::Failed, _) => (word(State::Failed), format!("{object}: {waits_for}")),
            (_, Some((object, waits_for))) => {
                let more = match open.len().saturating_sub(1) {
                    0 => String::new(),
                    more => format!(" (and {more} more)"),
                };
                (word(State::Waiting), format!("{object}: {waits_for}{more}"))
            }
            (state, None) => (word(state), object),
        }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::object::ObjectId;

    #[test]
    fn a_component_waits_as_long_as_one_of_its_objects_does() {
        let mut waiting = Waiting::default();
        let mut line = |kind: &str, state: State, waits_for: Option<&str>| {
            let object = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "x"}});
            let event = Event {
                component: "istiod".to_owned(),
                object: ObjectId::of(&object).unwrap(),
                state,
                waits_for: waits_for.map(str::to_owned),
                at: String::new(),
            };
            let ((_, word), text) = waiting.note(&event, event.object.to_string());
            format!("{word} {text}")
        };
        assert_eq!(line("A", State::Created, None), "created A x");
        assert_eq!(line("B", State::Waiting, Some("one")), "waiting B x: one");
        let both = "waiting A x: two (and 1 more)";
        assert_eq!(line("A", State::Waiting, Some("two")), both);
        assert_eq!(line("C", State::Ready, None), both);
        assert_eq!(line("A", State::Ready, None), "waiting B x: one");
        assert_eq!(line("B", State::Failed, Some("why")), "failed B x: why");
        assert_eq!(line("C", State::Ready, None), "ready C x");
    }
}
