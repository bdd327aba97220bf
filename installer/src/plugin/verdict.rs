//! What a proxy does with a plugin, from what was read of it: evidence in, one word and a reason out.

use serde::Serialize;
use serde_json::Value;

use super::dump::{Entry, Loaded, Module, Uses};
use super::journal::{Account, Trouble};
use super::wasmplugin::WasmPluginSpec;
use crate::cluster::diff;

/// What a proxy does with a plugin, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// It runs this version with this configuration.
    Running,
    /// It has it, but the listener that uses it waits for something else.
    Warming,
    /// It waits for the module.
    Pulling,
    /// It runs another version or another configuration.
    OldVersion,
    /// None of its listeners uses the plugin.
    Unused,
    /// The proxy does not run.
    NotReady,
    /// The proxy could not be asked.
    Unknown,
    /// The plugin is absent and traffic passes, by `FAIL_OPEN`.
    Bypassed,
    /// The plugin did not accept its configuration.
    Refused,
    /// The registry does not have the image; everything is denied.
    ImageMissing,
    /// The module could not be pulled for another reason; everything is denied.
    PullFailed,
}

impl State {
    /// Whether waiting longer will not help.
    pub(crate) fn is_final(self) -> bool {
        matches!(
            self,
            Self::Bypassed | Self::Refused | Self::ImageMissing | Self::PullFailed
        )
    }

    /// Whether the proxy has shown that this version does not work on it, or does not get there; as opposed to a proxy
    /// that is down or that we cannot see, which says nothing about the plugin.
    pub(crate) fn speaks_against(self) -> bool {
        self.is_final()
            || matches!(
                self,
                Self::Warming | Self::Pulling | Self::OldVersion | Self::Unused
            )
    }

    /// The word for a person.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Warming => "warming",
            Self::Pulling => "pulling",
            Self::OldVersion => "old-version",
            Self::Unused => "unused",
            Self::NotReady => "not-ready",
            Self::Unknown => "unknown",
            Self::Bypassed => "bypassed",
            Self::Refused => "refused",
            Self::ImageMissing => "image-missing",
            Self::PullFailed => "pull-failed",
        }
    }
}

/// What a proxy should run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expected {
    /// `NAMESPACE.NAME`, as in the names of Envoy's resources.
    pub(crate) plugin: String,
    /// Where the module comes from, as in the agent's log.
    pub(crate) url: String,
    /// The digest, when it is pinned.
    pub(crate) digest: Option<String>,
    /// The configuration.
    pub(crate) configuration: Value,
    /// The root id.
    pub(crate) root: String,
}

impl Expected {
    /// What a `WasmPlugin` asks of a proxy.
    pub(crate) fn of(namespace: &str, name: &str, spec: &WasmPluginSpec) -> Self {
        let url = if spec.url.contains("://") {
            spec.url.clone()
        } else {
            format!("oci://{}", spec.url)
        };
        Self {
            plugin: format!("{namespace}.{name}"),
            url,
            digest: spec.pinned().map(str::to_owned),
            configuration: spec.configuration(),
            root: spec.plugin_name.clone().unwrap_or_default(),
        }
    }

    /// Why a module is not the one that is asked for; nothing when it is.
    fn difference(&self, module: &Module) -> Option<String> {
        let has = module.digest();
        match (&self.digest, has) {
            (Some(wanted), Some(has)) if wanted != has => {
                return Some(format!("it runs sha256:{}", short(has)));
            }
            (Some(_), None) => {
                return Some(format!("it runs {:?}, which names no digest", module.file));
            }
            (None, _) if module.file.is_empty() => {
                return Some("it runs a module that is not a local file".to_owned());
            }
            _ => {}
        }
        if self.root != module.root {
            return Some(format!("it runs the plugin named {:?}", module.root));
        }
        let changes = diff::changes(&module.configuration, &self.configuration);
        changes.first().map(|first| match changes.len() {
            1 => format!("its configuration differs in {}", first.path),
            more => format!(
                "its configuration differs in {} and {} more",
                first.path,
                more.saturating_sub(1)
            ),
        })
    }
}

/// What was read of one proxy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evidence {
    /// Its entry for the plugin.
    pub(crate) entry: Option<Entry>,
    /// The listeners that refer to it; read only when the entry does not settle it.
    pub(crate) uses: Option<Uses>,
    /// What the proxy's log says about it; read only when something is wrong.
    pub(crate) account: Account,
}

/// One proxy's state and the reason for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Verdict {
    /// In a word.
    pub(crate) state: State,
    /// In a sentence; empty for one that runs.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) reason: String,
}

impl Verdict {
    /// A verdict.
    pub(crate) fn new(state: State, reason: impl Into<String>) -> Self {
        Self {
            state,
            reason: reason.into(),
        }
    }
}

/// Whether the entry alone leaves a question that the listeners answer.
pub(crate) fn asks_for_listeners(
    expected: &Expected,
    entry: Option<&Entry>,
    warming: bool,
) -> bool {
    match entry.map(|entry| &entry.loaded) {
        None => true,
        Some(Loaded::Module(module)) => warming && expected.difference(module).is_none(),
        Some(Loaded::DenyAll | Loaded::AllowAll | Loaded::Other(_)) => false,
    }
}

/// What the proxy does with the plugin.
pub(crate) fn judge(expected: &Expected, evidence: &Evidence) -> Verdict {
    let Some(entry) = &evidence.entry else {
        return absent(evidence);
    };
    match &entry.loaded {
        Loaded::DenyAll => failed(evidence, "every request is denied (403)"),
        Loaded::AllowAll => {
            let reason = failed(evidence, "traffic passes without the plugin").reason;
            Verdict::new(State::Bypassed, reason)
        }
        Loaded::Other(kind) => Verdict::new(
            State::Unknown,
            format!("a filter of type {kind} is in its place"),
        ),
        Loaded::Module(module) => match expected.difference(module) {
            None => listening(evidence),
            Some(difference) => behind(evidence, &difference),
        },
    }
}

/// It has the right module: does a listener in use have it, too?
fn listening(evidence: &Evidence) -> Verdict {
    match &evidence.uses {
        Some(uses) if uses.active.is_empty() && !uses.warming.is_empty() => Verdict::new(
            State::Warming,
            format!(
                "loaded, but listener {} waits for something else (another plugin, a certificate)",
                uses.warming.join(", ")
            ),
        ),
        _ => Verdict::new(State::Running, ""),
    }
}

/// It has no entry at all: refused, not yet there, or not wanted by any listener.
fn absent(evidence: &Evidence) -> Verdict {
    let uses = evidence.uses.clone().unwrap_or_default();
    match &evidence.account {
        Account::Told(Trouble::Refused(text)) => Verdict::new(
            State::Refused,
            format!(
                "{text}; its listeners stay as they were, a restarted proxy will not become ready"
            ),
        ),
        _ if uses.warming.is_empty() && uses.active.is_empty() => Verdict::new(
            State::Unused,
            "no listener of this proxy uses it: `match` fits none of its ports, or istiod has not sent it yet",
        ),
        account => Verdict::new(
            State::Pulling,
            waiting(account, "the agent has not delivered the module"),
        ),
    }
}

/// It runs something else than asked for.
fn behind(evidence: &Evidence, difference: &str) -> Verdict {
    match &evidence.account {
        Account::Told(Trouble::Refused(text)) => Verdict::new(
            State::Refused,
            format!("{text}; the previous version serves on"),
        ),
        account => Verdict::new(State::OldVersion, waiting(account, difference)),
    }
}

fn waiting(account: &Account, what: &str) -> String {
    match account {
        Account::Unreadable(why) => format!("{what}; its log could tell more, but {why}"),
        Account::NotAsked | Account::Silent | Account::Told(_) => what.to_owned(),
    }
}

/// The agent put a filter of its own in the module's place.
fn failed(evidence: &Evidence, effect: &str) -> Verdict {
    let (state, why) = match &evidence.account {
        Account::Told(Trouble::ImageMissing(text)) => (State::ImageMissing, text.clone()),
        Account::Told(Trouble::PullFailed(text) | Trouble::Refused(text)) => {
            (State::PullFailed, text.clone())
        }
        Account::Unreadable(why) => (
            State::PullFailed,
            format!("the module could not be pulled; its log could tell more, but {why}"),
        ),
        Account::NotAsked | Account::Silent => (
            State::PullFailed,
            "the module could not be pulled, and the log no longer says why".to_owned(),
        ),
    };
    Verdict::new(state, format!("{why}; {effect}"))
}

fn short(hex: &str) -> &str {
    hex.get(..12).unwrap_or(hex)
}

#[cfg(test)]
mod tests;
