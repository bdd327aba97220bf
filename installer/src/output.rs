//! The only module that prints. Data goes to stdout in the form that `-o` asks for; everything that is talk goes to
//! stderr, so that both can be piped apart.
//!
//! What to print is computed as a value first (`Table`, `render`), so that tests look at text, not at a terminal.

mod board;
mod format;
mod progress;
mod spoken;
mod style;
mod table;

pub use board::{Board, ProgressChoice};
pub use format::{Format, render};
pub use progress::Progress;
pub use style::{ColorChoice, Style, Terminal};
pub use table::{Cell, Column, Table};

use crate::failure::{Exit, Failure};
use serde::Serialize;
use spoken::Spoken;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// What a command found, in every form that it can be shown.
pub trait Report: Serialize {
    /// For `-o table` and `-o wide`.
    fn table(&self) -> Table;
    /// For `-o name`: one line each, fit for a shell loop.
    fn names(&self) -> Vec<String>;
}

/// What the user chose about output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The form of the data.
    pub format: Format,
    /// Tables without their first line.
    pub no_headers: bool,
    /// No talk but errors.
    pub quiet: bool,
    /// Talk as one JSON object a line.
    pub json_talk: bool,
}

/// Where a command prints. A clone prints to the same place.
#[derive(Clone)]
pub struct Output {
    settings: Settings,
    data: Channel,
    talk: Channel,
}

#[derive(Clone)]
struct Channel {
    sink: Arc<Mutex<Box<dyn Write + Send>>>,
    terminal: Terminal,
}

impl Output {
    /// The process's own stdout and stderr.
    #[must_use]
    pub fn standard(
        settings: Settings,
        color: ColorChoice,
        environment: &crate::environment::Environment,
    ) -> Self {
        let terminal = |is_terminal| Terminal::decide(color, is_terminal, environment);
        Self {
            settings,
            data: Channel::new(Box::new(io::stdout()), terminal(io::stdout().is_terminal())),
            talk: Channel::new(Box::new(io::stderr()), terminal(io::stderr().is_terminal())),
        }
    }

    /// Writers of the caller's choice, without colour; for tests.
    #[must_use]
    pub fn to(
        settings: Settings,
        data: Box<dyn Write + Send>,
        talk: Box<dyn Write + Send>,
    ) -> Self {
        Self {
            settings,
            data: Channel::new(data, Terminal::default()),
            talk: Channel::new(talk, Terminal::default()),
        }
    }

    /// What the user chose.
    #[must_use]
    pub const fn settings(&self) -> Settings {
        self.settings
    }

    /// A report, in the form that `-o` asks for.
    ///
    /// # Errors
    /// When it cannot be written; a reader that went away (`| head`) is no error.
    pub fn report(&self, report: &impl Report) -> Result<(), Failure> {
        let text = render(self.settings, self.data.terminal, report)?;
        self.raw(text.as_bytes())
    }

    /// Data that has one form only, as it is.
    ///
    /// # Errors
    /// As for `report`.
    pub fn raw(&self, data: &[u8]) -> Result<(), Failure> {
        match self.data.write(data) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::new(Exit::Failure, error).context("cannot write to standard output"))
            }
            _ => Ok(()),
        }
    }

    /// One line of talk.
    pub fn say(&self, text: impl fmt::Display) {
        let text = text.to_string();
        self.speak(&Spoken::Said { text: &text }, &text);
    }

    /// One line that starts with a coloured word, `done: image pushed`.
    pub fn mark(&self, style: Style, word: &str, text: impl fmt::Display) {
        let marked = format!("{word} {text}");
        let plain = format!("{} {text}", self.talk.terminal.paint(style, word));
        self.speak(&Spoken::Said { text: &marked }, &plain);
    }

    /// Something that the user should know although it worked.
    pub fn warn(&self, text: impl fmt::Display) {
        let text = text.to_string();
        let word = self.talk.terminal.paint(Style::Warn, "warning:");
        self.speak(&Spoken::Warning { text: &text }, &format!("{word} {text}"));
    }

    /// What went wrong, with its causes; said even when quiet.
    pub fn failure(&self, failure: &Failure) {
        if self.settings.json_talk {
            return self.line(&Spoken::failed(failure).line());
        }
        let mut chain = failure.chain();
        let first = chain.next().unwrap_or_default();
        self.line(&format!(
            "{} {first}",
            self.talk.terminal.paint(Style::Bad, "error:")
        ));
        for cause in chain {
            self.line(&format!("  because: {cause}"));
        }
    }

    /// That a command came to its end, for programs; people see that by the prompt.
    pub(crate) fn done(&self, exit: Exit) {
        if self.settings.json_talk && !self.settings.quiet {
            self.line(&Spoken::done(exit).line());
        }
    }

    /// A line that follows something that changes while we wait.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress {
            output: self.clone(),
            shown: Mutex::default(),
        }
    }

    /// Lines that follow several things that change while we wait.
    #[must_use]
    pub fn board(&self, choice: ProgressChoice) -> Board {
        Board::new(self.clone(), choice)
    }

    /// Asks before something that cannot be undone. `yes` is the `--yes` of the command line.
    ///
    /// # Errors
    /// When there is nobody to ask: exit 64, and the text says to pass `--yes`.
    pub async fn confirm(&self, question: &str, yes: bool) -> Result<bool, Failure> {
        let answer = self.asked(question, "[y/N]", yes).await?;
        Ok(answer.is_none_or(|answer| matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes")))
    }

    /// Asks for a name to be typed, for what no habit should let through.
    ///
    /// # Errors
    /// As for [`Output::confirm`].
    pub async fn confirm_by_name(
        &self,
        question: &str,
        name: &str,
        yes: bool,
    ) -> Result<bool, Failure> {
        let answer = self
            .asked(question, "Type its name to go ahead:", yes)
            .await?;
        Ok(answer.is_none_or(|answer| answer == name))
    }

    /// What was answered; nothing where nobody was to be asked.
    async fn asked(
        &self,
        question: &str,
        hint: &str,
        yes: bool,
    ) -> Result<Option<String>, Failure> {
        if yes {
            return Ok(None);
        }
        if !io::stdin().is_terminal() {
            let text = format!("{question} There is no terminal to ask on: pass --yes to go ahead");
            return Err(Failure::text(Exit::Usage, text));
        }
        let asked = format!("{question} {hint} ");
        if self.settings.json_talk {
            self.line(&Spoken::Question { text: asked.trim() }.line());
        } else {
            self.talk.send(asked.as_bytes());
        }
        let answer = crate::input::aside(|stdin| {
            let mut answer = String::new();
            stdin.read_line(&mut answer).map(|_| answer)
        })
        .await?;
        Ok(Some(answer.trim().to_owned()))
    }

    fn speak(&self, spoken: &Spoken<'_>, plain: &str) {
        if self.settings.quiet {
            return;
        }
        if self.settings.json_talk {
            self.line(&spoken.line());
        } else {
            self.line(plain);
        }
    }

    fn line(&self, text: &str) {
        self.talk.send(format!("{text}\n").as_bytes());
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Output")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Channel {
    fn new(sink: Box<dyn Write + Send>, terminal: Terminal) -> Self {
        Self {
            sink: Arc::new(Mutex::new(sink)),
            terminal,
        }
    }

    fn write(&self, data: &[u8]) -> io::Result<()> {
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        sink.write_all(data)?;
        sink.flush()
    }

    /// Talk. Nobody is left to tell when stderr is closed.
    fn send(&self, data: &[u8]) {
        drop(self.write(data));
    }
}

#[cfg(test)]
mod tests;
