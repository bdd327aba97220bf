//! One thing that changes while we wait.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::Output;
use super::spoken::Spoken;

/// A line that follows what changes: rewritten in place on a terminal, elsewhere one line for each change.
#[derive(Debug)]
pub struct Progress {
    pub(super) output: Output,
    pub(super) shown: Mutex<String>,
}

impl Progress {
    /// The state now. The same state twice is said once.
    pub fn update(&self, text: impl fmt::Display) {
        let text = text.to_string();
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if *shown == text || self.output.settings.quiet {
            return;
        }
        if self.rewrites() {
            self.output.talk.send(format!("\r\x1b[K{text}").as_bytes());
        } else {
            self.output.speak(&Spoken::Waiting { text: &text }, &text);
        }
        *shown = text;
    }

    fn rewrites(&self) -> bool {
        self.output.talk.terminal.rewrites() && !self.output.settings.json_talk
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if self.rewrites() && !shown.is_empty() {
            self.output.talk.send(b"\r\x1b[K");
        }
    }
}
