//! What the log of a proxy's container says about a plugin.
//!
//! Neither Envoy's admin interface nor istiod tells why a module was not pulled, or that a configuration was not accepted;
//! only the log does. Its lines are nobody's interface, so this module looks for few words, and whoever finds nothing
//! here still has what the dump says.

use k8s_openapi::jiff::Timestamp;

/// What became of asking the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Account {
    /// There was no need.
    #[default]
    NotAsked,
    /// It may not or could not be read, for this reason.
    Unreadable(String),
    /// It says nothing about the plugin.
    Silent,
    /// It says this.
    Told(Trouble),
}

/// What a log tells about a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The agent has begun to pull the module.
    Pulling,
    /// The registry does not have the image.
    ImageMissing(String),
    /// The module could not be pulled for another reason.
    PullFailed(String),
    /// Envoy did not take the plugin.
    Refused(String),
}

/// What identifies a plugin in a log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// `NAMESPACE.NAME`.
    pub(crate) plugin: &'a str,
    /// Where the module comes from.
    pub(crate) url: &'a str,
    /// The digest of the image, when it is pinned.
    pub(crate) digest: Option<&'a str>,
}

/// What was read, and when it was written, by the clock of the proxy's node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// What it says.
    pub(crate) account: Account,
    /// When it said so.
    pub(crate) at: Option<Timestamp>,
}

/// The last thing that a log tells about the plugin, of the lines since a moment.
pub(crate) fn read(log: &str, subject: Subject<'_>, since: Option<Timestamp>) -> Reading {
    let mut reading = Reading {
        account: Account::Silent,
        at: None,
    };
    let mut said: Vec<&str> = Vec::new();
    // That the plugin did not load, as long as it is open in whose favour: of the plugin's update, or of a listener's.
    let mut suspicion = None;
    for line in log.lines() {
        let at = time(line);
        if at.zip(since).is_some_and(|(at, since)| at < since) {
            continue;
        }
        let told = |trouble| Reading {
            account: Account::Told(trouble),
            at,
        };
        let Some(event) = event(line, subject) else {
            continue;
        };
        match event {
            Event::Said(message) => {
                said.push(message);
                continue;
            }
            Event::Told(trouble) => {
                reading = told(trouble);
                suspicion = None;
            }
            Event::NotLoaded => suspicion = suspicion.or_else(|| Some(told(refusal(&said)))),
            Event::Rejected => {
                let known = matches!(reading.account, Account::Told(Trouble::Refused(_)));
                match suspicion.take() {
                    Some(confirmed) => reading = confirmed,
                    // Envoy says it twice, and the plugin only before the first.
                    None if known && said.is_empty() => {}
                    None => reading = told(refusal(&said)),
                }
            }
            Event::ListenerRejected => suspicion = None,
            Event::OfAnother => {}
        }
        // What plugins said before is not about what comes after.
        said.clear();
    }
    suspicion.unwrap_or(reading)
}

/// What a line is about.
enum Event<'a> {
    /// A plugin says something while it is configured; whose it is shows what comes next.
    Said(&'a str),
    /// The agent pulls the module, or could not.
    Told(Trouble),
    /// Envoy could not load the plugin.
    NotLoaded,
    /// Envoy rejects an update of the plugin.
    Rejected,
    /// Envoy rejects a listener: what it has against that is about an earlier version.
    ListenerRejected,
    /// Something about another plugin.
    OfAnother,
}

fn event<'a>(line: &'a str, subject: Subject<'_>) -> Option<Event<'a>> {
    if let Some(message) = plugin_line(line) {
        return Some(Event::Said(message));
    }
    if let Some(trouble) = pull(line, subject) {
        return Some(Event::Told(trouble));
    }
    let ours = names(line, subject.plugin);
    if line.contains("rejected") && line.contains("TypedExtensionConfig") {
        return Some(if ours {
            Event::Rejected
        } else {
            Event::OfAnother
        });
    }
    if line.contains("rejected") && line.contains("Unable to create Wasm plugin") {
        return Some(Event::ListenerRejected);
    }
    if line.contains("Plugin ") && line.contains(" failed to load") {
        return Some(if ours {
            Event::NotLoaded
        } else {
            Event::OfAnother
        });
    }
    is_pulling(line, subject).then_some(Event::Told(Trouble::Pulling))
}

/// The proxy writes a time before each line, and the API server another before that: when it read the line, which is a
/// little later. Without the first (a log as JSON) the second must do.
fn time(line: &str) -> Option<Timestamp> {
    let mut words = line.split_whitespace();
    let read = words.next()?.parse().ok();
    words.next().and_then(|word| word.parse().ok()).or(read)
}

/// `… critical … wasm log: message`, and its thread behind a tab: what a plugin wrote while Envoy configured it, which is when Envoy
/// leaves its name out. Whose it is shows the next line about a refusal.
fn plugin_line(line: &str) -> Option<&str> {
    let (head, rest) = line.split_once("wasm log")?;
    let message = rest.strip_prefix(": ")?;
    let grave = ["critical", "error", "warn"]
        .iter()
        .any(|level| head.contains(level));
    let message = message.split("\tthread=").next().unwrap_or(message);
    grave.then(|| message.trim())
}

/// `fetching image REPOSITORY from registry HOST with tag sha256:…`, from the agent.
fn is_pulling(line: &str, subject: Subject<'_>) -> bool {
    line.contains("fetching image ") && subject.digest.is_some_and(|digest| line.contains(digest))
}

/// `error in converting the wasm config to local: REASON. applying deny RBAC filter`, from the agent.
fn pull(line: &str, subject: Subject<'_>) -> Option<Trouble> {
    let (_, reason) = line.split_once("error in converting the wasm config to local: ")?;
    if !reason.contains(subject.url) && !names(reason, subject.plugin) {
        return None;
    }
    let reason = reason.split(". applying ").next().unwrap_or(reason).trim();
    let missing = [
        "MANIFEST_UNKNOWN",
        "NAME_UNKNOWN",
        "BLOB_UNKNOWN",
        "404 Not Found",
    ];
    Some(if missing.iter().any(|word| reason.contains(word)) {
        Trouble::ImageMissing(format!("the registry does not have the image ({reason})"))
    } else {
        Trouble::PullFailed(explained(reason))
    })
}

/// Adds the likely cause to what the agent says.
fn explained(reason: &str) -> String {
    let causes = [
        (
            "missing image pulling secret",
            "the Secret in imagePullSecret is not in the plugin's namespace, or not of type kubernetes.io/dockerconfigjson",
        ),
        (
            "unsafe bearer realm",
            "the registry's 401 names a realm that is no public http(s) URL, which Istio's agent refuses to follow: give the registry a DNS name in its realm",
        ),
        (
            "UNAUTHORIZED",
            "the registry wants credentials: give --image-pull-secret, or correct those in it",
        ),
        (
            "401 Unauthorized",
            "the registry wants credentials: give --image-pull-secret, or correct those in it",
        ),
        ("DENIED", "the credentials may not pull this image"),
        (
            "no such host",
            "the cluster cannot resolve the registry's name",
        ),
        (
            "connection refused",
            "nothing listens at the registry's address, seen from the cluster",
        ),
        (
            "deadline exceeded",
            "the registry did not answer the proxy within 30 s",
        ),
        (
            "i/o timeout",
            "the registry cannot be reached from the cluster",
        ),
        (
            "x509",
            "the proxy does not trust the registry's certificate",
        ),
        (
            "is invalid",
            "the last layer of the image holds no Wasm module",
        ),
    ];
    match causes.iter().find(|(word, _)| reason.contains(word)) {
        Some((_, cause)) => format!("the module could not be pulled: {cause} ({reason})"),
        None => format!("the module could not be pulled: {reason}"),
    }
}

/// Whether the plugin's name is in the text as a word, and not as the beginning or end of a longer one.
fn names(text: &str, plugin: &str) -> bool {
    text.match_indices(plugin).any(|(at, found)| {
        let after = text
            .get(at.saturating_add(found.len())..)
            .and_then(|rest| rest.chars().next());
        let before = text.get(..at).and_then(|rest| rest.chars().next_back());
        let inside =
            |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
        !inside(after) && !inside(before)
    })
}

/// The plugin's own lines say it best; they come before Envoy's.
fn refusal(said: &[&str]) -> Trouble {
    let mut lines: Vec<&str> = Vec::new();
    for line in said {
        if !lines.contains(line) {
            lines.push(line);
        }
    }
    Trouble::Refused(if lines.is_empty() {
        "Envoy could not load the plugin, which itself said nothing".to_owned()
    } else {
        format!(
            "the plugin refused its configuration: {}",
            lines.join(" / ")
        )
    })
}

#[cfg(test)]
mod tests;
