//! What a proxy does with a plugin, from what was read of it: evidence in, one word and a reason out.

use k8s_openapi::jiff::Timestamp;
use serde::Serialize;

use super::dump::{Entry, Loaded, Module, Uses};
use super::expected::Expected;
use super::journal::{Account, Trouble};

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
    /// It has it, but Envoy rejected the listener that would use it, before it had it. Sending it again helps.
    Stuck,
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
                Self::Warming | Self::Pulling | Self::OldVersion | Self::Stuck | Self::Unused
            )
    }

    /// Whether a module may still arrive at the proxy, this one or the one before.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Pulling | Self::OldVersion | Self::Stuck)
    }

    /// The word for a person.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Warming => "warming",
            Self::Pulling => "pulling",
            Self::OldVersion => "old-version",
            Self::Stuck => "stuck",
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

/// What was read of one proxy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evidence {
    /// Its entry for the plugin.
    pub(crate) entry: Option<Entry>,
    /// What its listeners say.
    pub(crate) uses: Uses,
    /// How many Wasm VMs it has, where Envoy says so.
    pub(crate) machines: Option<u64>,
    /// What its log says, of the time that matters.
    pub(crate) account: Account,
    /// When its log said so.
    pub(crate) told_at: Option<Timestamp>,
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

/// What the proxy does with the plugin.
pub(crate) fn judge(expected: &Expected, evidence: &Evidence) -> Verdict {
    let Some(entry) = &evidence.entry else {
        return absent(evidence);
    };
    match &entry.loaded {
        Loaded::DenyAll => failed(evidence, "every request is denied (403)"),
        Loaded::AllowAll => match failed(evidence, "traffic passes without the plugin") {
            pulling if pulling.state == State::Pulling => pulling,
            failed => Verdict::new(State::Bypassed, failed.reason),
        },
        Loaded::Other(kind) => Verdict::new(
            State::Unknown,
            format!("a filter of type {kind} is in its place"),
        ),
        Loaded::Module(module) => match expected.difference(module) {
            None => present(evidence),
            Some(difference) => behind(evidence, expected, module, &difference),
        },
    }
}

/// It shows the right module; Envoy shows a rejected one just so.
fn present(evidence: &Evidence) -> Verdict {
    let uses = &evidence.uses;
    match (&evidence.account, evidence.machines) {
        (Account::Told(Trouble::Refused(text)), machines) => {
            return Verdict::new(State::Refused, format!("{text}; {}", effect(machines)));
        }
        (_, machines @ Some(0)) => {
            let text = "no Wasm VM runs in the proxy, so Envoy did not take the plugin";
            return Verdict::new(State::Refused, format!("{text}; {}", effect(machines)));
        }
        _ => {}
    }
    if !uses.active.is_empty() {
        let reason = match &evidence.account {
            Account::Unreadable(why) => format!("as far as one can tell without its log: {why}"),
            Account::NotAsked | Account::Silent | Account::Told(_) => String::new(),
        };
        return Verdict::new(State::Running, reason);
    }
    match (uses.warming.first(), uses.rejected.first()) {
        (Some(listener), _) => {
            let what = "waits for something else (another plugin, a certificate)";
            Verdict::new(
                State::Warming,
                format!("it has the module, but its listener {listener} {what}"),
            )
        }
        (None, Some(listener)) => Verdict::new(
            State::Stuck,
            format!("it has the module, but Envoy had rejected the listener {listener}"),
        ),
        // What Envoy still shows is left from before, while old connections drain.
        (None, None) => unused(),
    }
}

/// What a rejected plugin does to traffic: Envoy keeps the version before, or answers 500 where there was none.
fn effect(machines: Option<u64>) -> &'static str {
    match machines {
        Some(0) => "every request is answered 500",
        _ => "the version before serves on, or every request is answered 500 where there was none",
    }
}

/// It has nothing in the plugin's place: not yet there, or not wanted by any listener.
fn absent(evidence: &Evidence) -> Verdict {
    let uses = &evidence.uses;
    match &evidence.account {
        Account::Told(Trouble::Refused(text)) => Verdict::new(State::Refused, text.clone()),
        account if !uses.warming.is_empty() || !uses.active.is_empty() => Verdict::new(
            State::Pulling,
            waiting(account, "its agent has not delivered the module"),
        ),
        Account::NotAsked | Account::Unreadable(_) | Account::Silent | Account::Told(_) => {
            match uses.rejected.first() {
                Some(listener) => Verdict::new(
                    State::Stuck,
                    format!("Envoy rejected the listener {listener}"),
                ),
                None => unused(),
            }
        }
    }
}

fn unused() -> Verdict {
    let text = "no listener of this proxy uses it: `match` fits none of its ports, or istiod has not sent it yet";
    Verdict::new(State::Unused, text)
}

/// It has a module, but not as asked for.
fn behind(evidence: &Evidence, expected: &Expected, module: &Module, difference: &str) -> Verdict {
    // The log of the time since a version was written says that its module is pulled; whether that one is there, the
    // digest says.
    let is_there = expected.digest.as_deref() == module.digest();
    match &evidence.account {
        Account::Told(Trouble::Pulling) if !is_there => Verdict::new(
            State::Pulling,
            format!("its agent pulls the module; until then {}", module.name()),
        ),
        Account::Told(Trouble::Pulling) => Verdict::new(State::OldVersion, difference),
        account @ (Account::NotAsked
        | Account::Unreadable(_)
        | Account::Silent
        | Account::Told(_)) => Verdict::new(State::OldVersion, waiting(account, difference)),
    }
}

fn waiting(account: &Account, what: &str) -> String {
    match account {
        Account::Unreadable(why) => format!("{what}; its log could tell more, but {why}"),
        Account::Told(Trouble::Pulling) => format!("{what}: it is being pulled"),
        Account::NotAsked | Account::Silent | Account::Told(_) => what.to_owned(),
    }
}

/// The agent put a filter of its own in the module's place.
fn failed(evidence: &Evidence, effect: &str) -> Verdict {
    // That was another version, or an earlier try.
    if evidence.account == Account::Told(Trouble::Pulling) {
        return Verdict::new(
            State::Pulling,
            format!("its agent pulls the module; until then {effect}"),
        );
    }
    let (state, why) = match &evidence.account {
        Account::Told(Trouble::ImageMissing(text)) => (State::ImageMissing, text.clone()),
        Account::Told(Trouble::PullFailed(text)) => (State::PullFailed, text.clone()),
        Account::Unreadable(why) => (
            State::PullFailed,
            format!("the module could not be pulled; its log could tell more, but {why}"),
        ),
        Account::NotAsked
        | Account::Silent
        | Account::Told(Trouble::Pulling | Trouble::Refused(_)) => (
            State::PullFailed,
            "the module could not be pulled, and the log does not say why (any more)".to_owned(),
        ),
    };
    Verdict::new(state, format!("{why}; {effect}"))
}

#[cfg(test)]
mod tests;
