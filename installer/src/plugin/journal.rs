//! What the log of a proxy's container says about a plugin.
//!
//! Neither Envoy's admin interface nor istiod tells why a module was not pulled or a configuration not accepted; only the
//! log does. Its lines are nobody's interface, so this module looks for few words, and whoever finds nothing here still
//! knows from the dump *that* something is wrong.

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

/// Trouble that a log tells about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
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
}

/// The last trouble that a log tells about the plugin.
pub(crate) fn read(log: &str, subject: Subject<'_>) -> Account {
    let mut account = Account::Silent;
    let mut said = Vec::new();
    for line in log.lines() {
        if let Some(message) = plugin_line(line, subject) {
            said.push(message);
        } else if let Some(trouble) = pull(line, subject) {
            account = Account::Told(trouble);
        } else if is_refusal(line, subject) {
            account = Account::Told(refusal(&mut said));
        }
    }
    account
}

/// `… wasm log NAMESPACE.NAME [ROOT [VM]]: message`: what the plugin itself wrote.
fn plugin_line<'a>(line: &'a str, subject: Subject<'_>) -> Option<&'a str> {
    let (_, rest) = line.split_once("wasm log ")?;
    let rest = rest.strip_prefix(subject.plugin)?;
    // The name goes on when it belongs to another plugin, `limit2`; Istio's own mark begins with `~`.
    if rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.') {
        return None;
    }
    let (_, message) = rest.split_once(": ")?;
    Some(message.trim())
}

/// `error in converting the wasm config to local: REASON. applying deny RBAC filter`, from the agent.
fn pull(line: &str, subject: Subject<'_>) -> Option<Trouble> {
    let (_, reason) = line.split_once("error in converting the wasm config to local: ")?;
    let about_us =
        reason.contains(subject.url) || reason.contains(&format!(" {}:", subject.plugin));
    if !about_us {
        return None;
    }
    let reason = reason.split(". applying ").next().unwrap_or(reason).trim();
    let missing = [
        "MANIFEST_UNKNOWN",
        "NAME_UNKNOWN",
        "404 Not Found",
        "BLOB_UNKNOWN",
    ];
    Some(if missing.iter().any(|word| reason.contains(word)) {
        Trouble::ImageMissing(format!("the registry does not have the image: {reason}"))
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
            "rejected unsafe bearer realm",
            "the registry's 401 names a realm that is no public http(s) URL, which Istio's agent refuses to follow: give the registry a DNS name in its realm",
        ),
        (
            "UNAUTHORIZED",
            "the registry wants credentials: give --image-pull-secret, or correct those in it",
        ),
        (
            "401",
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
        ("is invalid", "the image's last layer holds no Wasm module"),
    ];
    match causes.iter().find(|(word, _)| reason.contains(word)) {
        Some((_, cause)) => format!("the module could not be pulled: {cause} ({reason})"),
        None => format!("the module could not be pulled: {reason}"),
    }
}

/// Envoy rejects an update of the plugin's extension configuration.
fn is_refusal(line: &str, subject: Subject<'_>) -> bool {
    line.contains("TypedExtensionConfig")
        && line.contains("rejected")
        && names(line, subject.plugin)
}

/// Whether the plugin's name is in the line as a word, and not as the beginning of a longer one.
fn names(line: &str, plugin: &str) -> bool {
    line.match_indices(plugin).any(|(at, found)| {
        let after = line
            .get(at.saturating_add(found.len())..)
            .and_then(|rest| rest.chars().next());
        let before = line.get(..at).and_then(|rest| rest.chars().next_back());
        let inside =
            |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
        !inside(after) && !inside(before)
    })
}

/// The plugin's own lines say it best; they come before Envoy's, once for each thread that tried.
fn refusal(said: &mut Vec<&str>) -> Trouble {
    let mut lines: Vec<&str> = Vec::new();
    for line in said.drain(..) {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    Trouble::Refused(if lines.is_empty() {
        "Envoy refused it, and the plugin said nothing: does the module load, and was it built for proxy-wasm?".to_owned()
    } else {
        format!(
            "the plugin refused its configuration: {}",
            lines.join(" / ")
        )
    })
}
