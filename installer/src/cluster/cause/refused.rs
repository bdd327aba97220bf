//! Why an API server refuses an object, by what it says.

/// What is wrong, and what to do about it.
pub(super) fn explain(message: &str) -> (String, String) {
    known(message).unwrap_or_else(|| {
        let remedy = "change what it names, or ask whoever runs the cluster";
        (shortened(message), remedy.to_owned())
    })
}

/// The same, for messages of which more is known.
pub(super) fn known(message: &str) -> Explained {
    let rules = [quota, limits, webhook, standard, account, field, permission];
    rules.into_iter().find_map(|rule| rule(message))
}

type Explained = Option<(String, String)>;

/// `exceeded quota: NAME, requested: pods=1, used: pods=0, limited: pods=0`.
fn quota(message: &str) -> Explained {
    if let Some((_, rest)) = message.split_once("exceeded quota: ") {
        let (name, rest) = rest.split_once(", ").unwrap_or((rest, ""));
        return Some((
            format!("the ResourceQuota {name} is used up ({rest})"),
            format!("raise the ResourceQuota {name}, or ask for less"),
        ));
    }
    let (_, rest) = message.split_once("failed quota: ")?;
    let (name, rest) = rest.split_once(": ").unwrap_or((rest, ""));
    Some((
        format!(
            "the ResourceQuota {name} lets nothing in that does not say what it needs ({rest})"
        ),
        "write these requests and limits, or add a LimitRange with defaults to the namespace"
            .to_owned(),
    ))
}

/// `maximum cpu usage per Container is 100m, but limit is 1`.
fn limits(message: &str) -> Explained {
    let start = ["maximum ", "minimum "]
        .iter()
        .filter_map(|word| message.find(word))
        .min()?;
    let rule = message.get(start..)?;
    let is_range = [
        "usage per",
        "memory limit to request ratio",
        "cpu limit to request ratio",
    ]
    .iter()
    .any(|words| rule.contains(words));
    is_range.then(|| {
        (
            format!(
                "a LimitRange of the namespace forbids it: {}",
                rule.trim_end_matches(']')
            ),
            "change the requests and limits, or the LimitRange".to_owned(),
        )
    })
}

/// `admission webhook "NAME" denied the request: WHY`, `failed calling webhook "NAME": WHY`.
fn webhook(message: &str) -> Explained {
    let named = |after: &str| {
        let (_, rest) = message.split_once(after)?;
        rest.split_once('"')
    };
    if let Some((name, rest)) = named("admission webhook \"") {
        let (_, why) = rest.split_once(": ").unwrap_or(("", rest));
        return Some((
            format!(
                "the admission webhook {name} refuses it: {}",
                shortened(why)
            ),
            format!("do what it asks, or ask whoever runs {name}"),
        ));
    }
    let (name, rest) = named("failed calling webhook \"")?;
    let why = rest.rsplit(": ").next().unwrap_or(rest);
    let server = service(rest).unwrap_or_else(|| "its server".to_owned());
    Some((
        format!("the admission webhook {name} does not answer: {why}"),
        format!(
            "look at the pods of {server}, or remove the webhook configuration that names {name} if its server is gone"
        ),
    ))
}

/// `https://NAME.NAMESPACE.svc:443/path`.
fn service(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("https://")?;
    let (host, _) = rest.split_once(".svc")?;
    let (name, namespace) = host.split_once('.')?;
    Some(format!("Service {namespace}/{name}"))
}

/// `violates PodSecurity "restricted:latest": …`.
fn standard(message: &str) -> Explained {
    let (_, rest) = message.split_once("violates PodSecurity \"")?;
    let (level, why) = rest.split_once('"')?;
    Some((
        format!(
            "the namespace's Pod Security Standard {level} forbids it{}",
            shortened(why)
        ),
        "change the label pod-security.kubernetes.io/enforce of the namespace, or the pod"
            .to_owned(),
    ))
}

/// `error looking up service account a/b: serviceaccount "b" not found`.
fn account(message: &str) -> Explained {
    let (_, rest) = message.split_once("error looking up service account ")?;
    let (account, _) = rest.split_once(':')?;
    Some((
        format!("its ServiceAccount {account} does not exist"),
        format!("create ServiceAccount {account}"),
    ))
}

/// `X is forbidden: User "U" cannot patch resource "R" in API group "G" …`.
fn permission(message: &str) -> Explained {
    let is_ours = message.contains(" is forbidden: User \"") && message.contains("\" cannot ");
    is_ours.then(|| {
        let remedy = "ask for a role that allows it, or choose another user with --context or --as";
        (shortened(message), remedy.to_owned())
    })
}

/// A field that is wrong: the server names it.
fn field(message: &str) -> Explained {
    let remedy = "correct the fields that it names".to_owned();
    // `failed to create typed patch object (a/b; /v1, Kind=ConfigMap): .dta: field not declared in schema`.
    if message.starts_with("failed to create typed patch object") {
        let (_, rest) = message.split_once("): ")?;
        return Some((shortened(rest), remedy));
    }
    message
        .contains(" is invalid: ")
        .then(|| (shortened(message), remedy))
}

/// The first lines are what a person reads.
pub(super) fn shortened(text: &str) -> String {
    const ENOUGH: usize = 400;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = format!("{}{line}", if text.starts_with(' ') { " " } else { "" });
    if line.chars().count() <= ENOUGH {
        return line;
    }
    let start: String = line.chars().take(ENOUGH).collect();
    format!("{start} …")
}
