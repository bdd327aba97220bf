//! Several things that change while we wait: a list that is rewritten in place on a terminal, elsewhere one line for each
//! change, or one JSON object for each, for programs.
//!
//! It is small enough to be our own: a library for it would draw on stderr by itself, past the one place that prints.

use super::{Output, Style};
use serde::Serialize;
use std::sync::{Mutex, PoisonError};

/// `--progress`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ProgressChoice {
    /// A live list on a terminal, else one line for each change.
    #[default]
    Auto,
    /// One line for each change.
    Plain,
    /// Each line of standard error is one JSON object, with a `state`: each change, what is said (said, warning), and last {"state":"done","exit":0} or {"state":"failed","exit":3,"causes":[…]}
    Json,
}

/// More than this is no overview.
const LINES: usize = 20;

/// Shows what changes; one line for each name.
#[derive(Debug)]
pub struct Board {
    output: Output,
    choice: ProgressChoice,
    shown: Mutex<Shown>,
}

#[derive(Debug, Default)]
struct Shown {
    lines: Vec<Line>,
    height: usize,
}

#[derive(Debug)]
struct Line {
    name: String,
    style: Style,
    state: String,
    text: String,
}

impl Board {
    pub(super) fn new(output: Output, choice: ProgressChoice) -> Self {
        Self {
            output,
            choice,
            shown: Mutex::default(),
        }
    }

    /// Whether lines are rewritten in place, so that there should be few of them.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.choice == ProgressChoice::Auto && self.output.talk.terminal.rewrites()
    }

    /// The state of a thing now. `event` is the same for programs.
    pub fn update(
        &self,
        name: &str,
        (style, state): (Style, &str),
        text: &str,
        event: &impl Serialize,
    ) {
        if self.output.settings.quiet {
            return;
        }
        let terminal = self.output.talk.terminal;
        match self.choice {
            ProgressChoice::Json => {
                // Ours to write, and nothing in it that is no JSON.
                if let Ok(line) = serde_json::to_string(event) {
                    self.output.line(&line);
                }
            }
            ProgressChoice::Auto if self.is_live() => {
                let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
                shown.set(Line {
                    name: name.to_owned(),
                    style,
                    state: state.to_owned(),
                    text: text.to_owned(),
                });
                let drawn = shown.draw(|style, text| terminal.paint(style, text));
                self.output.talk.send(drawn.as_bytes());
            }
            ProgressChoice::Auto | ProgressChoice::Plain => {
                let text = if text.is_empty() {
                    String::new()
                } else {
                    format!(": {text}")
                };
                let state = terminal.paint(style, state);
                self.output.line(&format!("{name} {state}{text}"));
            }
        }
    }
}

impl Shown {
    fn set(&mut self, line: Line) {
        match self.lines.iter_mut().find(|other| other.name == line.name) {
            Some(other) => *other = line,
            None => self.lines.push(line),
        }
    }

    /// What to send: back to the first line, then all of them anew. A line that is too long is cut by the terminal itself
    /// (DECAWM off), since one that wraps would be two.
    fn draw(&mut self, paint: impl Fn(Style, &str) -> String) -> String {
        let mut text = self.erase();
        text += "\x1b[?7l";
        let skipped = self.lines.len().saturating_sub(LINES);
        let width = |of: fn(&Line) -> usize| self.lines.iter().map(of).max().unwrap_or_default();
        let names = width(|line| line.name.chars().count());
        let states = width(|line| line.state.chars().count());
        let lines = self.lines.iter().skip(skipped).map(|line| {
            let state = paint(line.style, &format!("{:states$}", line.state));
            format!("{:names$}  {state}  {}\n", line.name, line.text)
        });
        text.extend(lines);
        text += "\x1b[?7h";
        self.height = self.lines.len().saturating_sub(skipped);
        text
    }

    fn erase(&self) -> String {
        match self.height {
            0 => String::new(),
            height => format!("\x1b[{height}A\r\x1b[J"),
        }
    }
}

impl Drop for Board {
    /// The list goes; what has come of it is said by the report.
    fn drop(&mut self) {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.height > 0 {
            self.output.talk.send(shown.erase().as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Settings;
    use std::io;
    use std::sync::Arc;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, data: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(data);
            Ok(data.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn said(choice: ProgressChoice, quiet: bool) -> String {
        let talk = Sink::default();
        let settings = Settings {
            quiet,
            ..Settings::default()
        };
        let output = Output::to(settings, Box::new(io::sink()), Box::new(talk.clone()));
        let board = output.board(choice);
        board.update(
            "istiod",
            (Style::Warn, "waiting"),
            "0 of 1 pods are ready",
            &[1],
        );
        board.update("istiod", (Style::Good, "ready"), "", &[2]);
        drop(board);
        let text = talk.0.lock().unwrap().clone();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn each_change_is_a_line() {
        let lines = "istiod waiting: 0 of 1 pods are ready\nistiod ready\n";
        assert_eq!(said(ProgressChoice::Plain, false), lines);
        assert_eq!(said(ProgressChoice::Auto, false), lines, "no terminal");
        assert_eq!(said(ProgressChoice::Json, false), "[1]\n[2]\n");
        assert_eq!(said(ProgressChoice::Json, true), "");
    }

    #[test]
    fn a_list_is_drawn_over_itself() {
        let mut shown = Shown::default();
        let line = |name: &str, state: &str| Line {
            name: name.to_owned(),
            style: Style::Plain,
            state: state.to_owned(),
            text: "x".to_owned(),
        };
        shown.set(line("base", "ready"));
        let plain = |_, text: &str| text.to_owned();
        assert_eq!(shown.draw(plain), "\x1b[?7lbase  ready  x\n\x1b[?7h");
        shown.set(line("istiod", "waiting"));
        shown.draw(plain);
        shown.set(line("istiod", "ready"));
        let drawn = shown.draw(plain);
        assert_eq!(
            drawn,
            "\x1b[2A\r\x1b[J\x1b[?7lbase    ready  x\nistiod  ready  x\n\x1b[?7h"
        );
        for number in 0..30 {
            shown.set(line(&number.to_string(), "ready"));
        }
        assert_eq!(
            shown
                .draw(plain)
                .lines()
                .filter(|line| line.contains("ready"))
                .count(),
            LINES
        );
    }
}
