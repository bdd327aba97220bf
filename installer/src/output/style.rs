//! Colour: whether, and which. A style says what a word means; only this module knows escape codes.

use crate::environment::Environment;
use std::ffi::OsStr;

/// `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR or TERM=dumb says no; CLICOLOR_FORCE says yes.
    #[default]
    Auto,
    /// Even into a pipe.
    Always,
    /// Never.
    Never,
}

/// What a word means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Nothing special.
    #[default]
    Plain,
    /// It is well.
    Good,
    /// It may not be.
    Warn,
    /// It is not.
    Bad,
    /// Beside the point.
    Dim,
    /// A title.
    Bold,
}

/// What the other end of a stream can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terminal {
    color: bool,
    rewrites: bool,
}

impl Terminal {
    /// Decides from the flag, the kind of stream and the environment; the flag is the strongest.
    #[must_use]
    pub fn decide(choice: ColorChoice, is_terminal: bool, environment: &Environment) -> Self {
        let dumb = environment.get("TERM") == Some(OsStr::new("dumb"));
        let forced = environment
            .get("CLICOLOR_FORCE")
            .is_some_and(|value| value != "0");
        let wanted = forced || (is_terminal && !dumb);
        let color = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => wanted && environment.get("NO_COLOR").is_none(),
        };
        Self {
            color,
            rewrites: is_terminal && !dumb,
        }
    }

    /// Whether a line can be written again in place.
    #[must_use]
    pub const fn rewrites(self) -> bool {
        self.rewrites
    }

    /// The text in the style, or as it is where there is no colour.
    #[must_use]
    pub fn paint(self, style: Style, text: &str) -> String {
        let code = match style {
            Style::Plain => return text.to_owned(),
            Style::Good => "32",
            Style::Warn => "33",
            Style::Bad => "31",
            Style::Dim => "2",
            Style::Bold => "1",
        };
        if self.color {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_then_the_environment_then_the_terminal_decide() {
        use ColorChoice::{Always, Auto, Never};
        type Case = (
            ColorChoice,
            bool,
            &'static [(&'static str, &'static str)],
            bool,
        );
        let cases: [Case; 10] = [
            (Auto, true, &[], true),
            (Auto, false, &[], false),
            (Auto, true, &[("NO_COLOR", "1")], false),
            (Auto, true, &[("NO_COLOR", "")], true),
            (Auto, true, &[("TERM", "dumb")], false),
            (Auto, false, &[("CLICOLOR_FORCE", "1")], true),
            (Auto, false, &[("CLICOLOR_FORCE", "0")], false),
            (
                Auto,
                false,
                &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")],
                false,
            ),
            (Always, false, &[("NO_COLOR", "1")], true),
            (Never, true, &[("CLICOLOR_FORCE", "1")], false),
        ];
        for (choice, terminal, variables, wanted) in cases {
            let environment = Environment::of("/", variables.iter().copied());
            let painted = Terminal::decide(choice, terminal, &environment).paint(Style::Bad, "x");
            assert_eq!(
                painted != "x",
                wanted,
                "{choice:?} {terminal} {variables:?}"
            );
        }
    }
}
