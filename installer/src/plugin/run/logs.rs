//! Envoy's log, made readable: a plugin's lines under the plugin's name, Envoy's own only when they matter.

use crate::output::Style;
use std::collections::BTreeSet;

/// What Envoy puts before each line, level and logger after it; a line without it continues the one before.
pub const FORMAT: &str = "\u{1e}%l\t%n\t%v";
const START: char = '\u{1e}';

/// A line of Envoy's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How bad it is.
    pub level: Level,
    /// The plugin that logged it, or nothing for Envoy itself.
    pub plugin: Option<String>,
    /// What it says.
    pub text: String,
}

/// How bad a line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Level {
    /// For whoever looks for a defect.
    Debug,
    /// Good to know.
    #[default]
    Info,
    /// Perhaps not well.
    Warn,
    /// Not well.
    Error,
}

impl Level {
    fn parse(text: &str) -> Self {
        match text {
            "error" | "critical" | "off" => Self::Error,
            "warning" | "warn" => Self::Warn,
            "info" => Self::Info,
            _ => Self::Debug,
        }
    }

    /// As it is shown.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    /// As Envoy's flags want it.
    #[must_use]
    pub const fn envoys(self) -> &'static str {
        match self {
            Self::Warn => "warning",
            Self::Debug | Self::Info | Self::Error => self.word(),
        }
    }

    /// Its colour.
    #[must_use]
    pub const fn style(self) -> Style {
        match self {
            Self::Debug | Self::Info => Style::Dim,
            Self::Warn => Style::Warn,
            Self::Error => Style::Bad,
        }
    }
}

/// What was said already while Envoy takes a configuration, which every worker does for itself, in the same words.
#[derive(Clone, Debug, Default)]
pub struct Echoes(Option<BTreeSet<(Option<String>, String)>>);

impl Echoes {
    /// From now on, what is said twice is shown once.
    pub fn start(&mut self) {
        self.0 = Some(BTreeSet::new());
    }

    /// From now on, every line counts.
    pub fn end(&mut self) {
        self.0 = None;
    }

    /// Whether to show a line.
    pub fn is_new(&mut self, line: &Line) -> bool {
        // Of Envoy itself only what may be wrong; that it got our signal is not.
        let is_dull = line.level < Level::Warn || line.text.starts_with("caught ENVOY_SIG");
        let said = (line.plugin.clone(), line.text.clone());
        !(line.plugin.is_none() && is_dull)
            && self.0.as_mut().is_none_or(|before| before.insert(said))
    }
}

/// Reads the log line by line, remembering whose line it is in.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    last: Option<(Level, Option<String>)>,
}

impl Reader {
    /// What a line says. `plugins` are the names to look for.
    pub fn read(&mut self, raw: &str, plugins: &[String]) -> Option<Line> {
        let Some(record) = raw.strip_prefix(START) else {
            let (level, plugin) = self.last.clone().unwrap_or((Level::Error, None));
            let text = raw.trim_end();
            return (!text.is_empty()).then(|| Line {
                level,
                plugin,
                text: text.to_owned(),
            });
        };
        let mut parts = record.splitn(3, '\t');
        let level = Level::parse(parts.next().unwrap_or_default());
        let logger = parts.next().unwrap_or_default();
        let text = parts.next().unwrap_or_default();
        let (plugin, text) = if logger == "wasm" {
            attribute(text, plugins)
        } else {
            (None, text)
        };
        self.last = Some((level, plugin.clone()));
        Some(Line {
            level,
            plugin,
            text: text.to_owned(),
        })
    }
}

/// `wasm log NAME[ NAME]: text`; the second name is the filter's, which here is the plugin's again.
fn attribute<'a>(text: &'a str, plugins: &[String]) -> (Option<String>, &'a str) {
    let Some(rest) = text.strip_prefix("wasm log") else {
        return (None, text);
    };
    let said = |plugin: &String| {
        let once = rest.strip_prefix(' ')?.strip_prefix(plugin.as_str())?;
        let twice = once
            .strip_prefix(' ')
            .and_then(|again| again.strip_prefix(plugin.as_str()))
            .unwrap_or(once);
        Some((Some(plugin.clone()), twice.strip_prefix(": ")?))
    };
    // The longest name first: one plugin's may begin with another's.
    let mut names: Vec<&String> = plugins.iter().collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names.into_iter().find_map(said).unwrap_or((None, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(level: Level, plugin: Option<&str>, text: &str) -> Line {
        Line {
            level,
            plugin: plugin.map(ToOwned::to_owned),
            text: text.to_owned(),
        }
    }

    #[test]
    fn lines_are_told_apart_by_who_logged_them() {
        let plugins = ["rate-limit".to_owned(), "rate-limit-2".to_owned()];
        let cases = [
            (
                "\u{1e}info\twasm\twasm log rate-limit: ready",
                Some(line(Level::Info, Some("rate-limit"), "ready")),
            ),
            (
                "\u{1e}warning\twasm\twasm log rate-limit rate-limit: a: b",
                Some(line(Level::Warn, Some("rate-limit"), "a: b")),
            ),
            (
                "\u{1e}error\twasm\twasm log rate-limit-2: no",
                Some(line(Level::Error, Some("rate-limit-2"), "no")),
            ),
            (
                "  more of it",
                Some(line(Level::Error, Some("rate-limit-2"), "  more of it")),
            ),
            (
                "\u{1e}critical\tmain\terror initializing\tx",
                Some(line(Level::Error, None, "error initializing\tx")),
            ),
            ("", None),
            (
                "\u{1e}error\twasm\tFunction failed",
                Some(line(Level::Error, None, "Function failed")),
            ),
            (
                "\u{1e}trace\twasm\twasm log other: x",
                Some(line(Level::Debug, None, "wasm log other: x")),
            ),
        ];
        let mut reader = Reader::default();
        for (raw, wanted) in cases {
            assert_eq!(reader.read(raw, &plugins), wanted, "{raw}");
        }
    }

    #[test]
    fn what_every_worker_says_is_shown_once() {
        let mut echoes = Echoes::default();
        let ready = line(Level::Info, Some("x"), "ready");
        assert_eq!(
            [echoes.is_new(&ready), echoes.is_new(&ready)],
            [true, true],
            "requests may say the same twice"
        );
        echoes.start();
        assert_eq!(
            [echoes.is_new(&ready), echoes.is_new(&ready)],
            [true, false]
        );
        let other = Line {
            plugin: Some("y".into()),
            ..ready.clone()
        };
        assert!(echoes.is_new(&other));
        echoes.end();
        assert!(echoes.is_new(&ready));
        for (level, text, wanted) in [
            (Level::Warn, "caught ENVOY_SIGTERM", false),
            (Level::Info, "Base Wasm created", false),
            (Level::Warn, "deprecated", true),
        ] {
            assert_eq!(echoes.is_new(&line(level, None, text)), wanted, "{text}");
        }
    }

    #[test]
    fn what_comes_before_any_record_is_an_error_of_envoys() {
        let wanted = line(Level::Error, None, "envoy: not found");
        assert_eq!(
            Reader::default().read("envoy: not found\n", &[]),
            Some(wanted)
        );
    }
}
