//! Would a plugin take a configuration? Its own code says, run in an engine of ours before any proxy gets it.
//!
//! A schema can only describe what a configuration looks like; the plugin knows what it means. So nothing is checked
//! here that the plugin does not check itself, and what passes here passes in Envoy.

use super::metadata::Metadata;
use crate::failure::{Exit, Failure};
use crate::output::{Report, Table};
use serde::Serialize;
use serde_json::Value;

/// Why a plugin would not run with a configuration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refused {
    /// The module does not even start.
    #[error("the module does not start: {0}")]
    Module(String),
    /// The plugin says what is wrong.
    #[error("the configuration has {}:{}", count(.0), list(.0))]
    Mistakes(Vec<String>),
}

fn count(mistakes: &[String]) -> String {
    if mistakes.len() == 1 {
        "1 mistake".to_owned()
    } else {
        format!("{} mistakes", mistakes.len())
    }
}

fn list(mistakes: &[String]) -> String {
    mistakes
        .iter()
        .fold(String::new(), |text, mistake| text + "\n  - " + mistake)
}

impl From<Refused> for Failure {
    fn from(error: Refused) -> Self {
        Self::new(Exit::BadInput, error)
    }
}

impl Refused {
    /// The mistakes, one by one.
    #[must_use]
    pub fn mistakes(&self) -> Vec<String> {
        match self {
            Self::Module(reason) => vec![reason.clone()],
            Self::Mistakes(mistakes) => mistakes.clone(),
        }
    }
}

/// Runs the start and the configuration of a module.
///
/// # Errors
/// With everything that the plugin finds wrong.
pub fn check(code: &[u8], configuration: &Value) -> Result<(), Refused> {
    sandbox::check(code, configuration.to_string().as_bytes()).map_err(|refusal| match refusal {
        sandbox::Refusal::Load(error) => Refused::Module(error.to_string()),
        sandbox::Refusal::Mistakes(mistakes) => Refused::Mistakes(mistakes),
    })
}

/// What `weft plugin check` found.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// The plugin.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// The file.
    pub configuration: String,
    /// Whether it is taken.
    pub accepted: bool,
    /// Why not.
    pub mistakes: Vec<String>,
}

impl Verdict {
    /// Of one check.
    #[must_use]
    pub fn new(metadata: &Metadata, configuration: &str, result: &Result<(), Refused>) -> Self {
        Self {
            plugin: metadata.name.clone(),
            version: metadata.version.clone(),
            configuration: configuration.to_owned(),
            accepted: result.is_ok(),
            mistakes: result
                .as_ref()
                .err()
                .map(Refused::mistakes)
                .unwrap_or_default(),
        }
    }
}

impl Report for Verdict {
    fn table(&self) -> Table {
        let mut table = Table::new(&["PLUGIN", "VERSION", "CONFIGURATION", "VERDICT"]);
        let verdict = if self.accepted { "accepted" } else { "refused" };
        let cells =
            [&self.plugin, &self.version, &self.configuration].map(|text| text.clone().into());
        table.row(cells.into_iter().chain([verdict.into()]));
        table
    }

    fn names(&self) -> Vec<String> {
        vec![if self.accepted { "accepted" } else { "refused" }.to_owned()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_on_a_line_of_its_own() {
        let refused = Refused::Mistakes(vec!["/a: must be b".into(), "/c: is unknown".into()]);
        let wanted = "the configuration has 2 mistakes:\n  - /a: must be b\n  - /c: is unknown";
        assert_eq!(refused.to_string(), wanted);
    }

    #[test]
    fn the_code_of_the_module_decides() {
        let module = |answer: i32| {
            wat::parse_str(format!(
                r#"(module (memory (export "memory") 1)
                  (func (export "proxy_abi_version_0_2_1"))
                  (func (export "malloc") (param i32) (result i32) i32.const 1024)
                  (func (export "proxy_on_context_create") (param i32 i32))
                  (func (export "proxy_on_configure") (param i32 i32) (result i32) i32.const {answer}))"#
            ))
            .unwrap()
        };
        let configuration = serde_json::json!({});
        assert_eq!(check(&module(1), &configuration), Ok(()));
        assert!(matches!(
            check(&module(0), &configuration),
            Err(Refused::Mistakes(_))
        ));
        assert!(matches!(
            check(b"\0asm", &configuration),
            Err(Refused::Module(_))
        ));
    }
}
