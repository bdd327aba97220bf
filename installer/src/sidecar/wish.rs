//! `enable | disable | clear` as edits of labels, and the reasons not to write them.

use super::decision::{Decision, IGNORED, INJECT, INJECTION, Place, Rule, Template, decide};
use super::edit::{Edit, Want};
use super::injector::{Injectors, Labels, REVISION};
use super::state::{NamespaceState, WorkloadState, WorkloadStatus};
use super::view::WorkloadName;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// A proxy, from this revision or tag; from the default one when none is named.
    Enable(Option<String>),
    /// No proxy.
    Disable,
    /// That nothing is said.
    Clear,
}

/// A reason not to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The mesh's own namespace, and Kubernetes'.
    #[error(
        "namespace {0} belongs to the system: nothing in it is injected, restarted or changed by weft"
    )]
    SystemNamespace(String),
    /// It would have no effect.
    #[error("{what} would not be injected: {reason}")]
    NoEffect {
        /// What.
        what: String,
        /// Why, and what would help.
        reason: String,
    },
    /// Gateways would be left without proxies.
    #[error(
        "{what}: {gateways} would not be injected any more, and a gateway does not start without its proxy; keep injection on in namespace {namespace} (`weft sidecar disable deploy/NAME -n {namespace}` is for one workload), or move the gateway to a namespace of its own; --force means it"
    )]
    Gateways {
        /// What was to be changed.
        what: String,
        /// The namespace.
        namespace: String,
        /// The gateways.
        gateways: String,
    },
    /// The namespace's own change is not through yet.
    #[error(
        "namespace {namespace} is {state}: its last change awaits a restart of {what}, whose setting therefore cannot be told apart; run `weft sidecar restart {namespace}` first, or add --force"
    )]
    Awaits {
        /// Which.
        namespace: String,
        /// How it is.
        state: &'static str,
        /// The workload.
        what: String,
    },
}

/// Whether weft keeps its hands off a namespace.
pub(crate) fn guard(namespace: &str, root: &str) -> Result<(), Refusal> {
    if namespace == root || IGNORED.contains(&namespace) {
        return Err(Refusal::SystemNamespace(namespace.to_owned()));
    }
    Ok(())
}

/// A namespace whose change awaits restarts takes no changes of the workloads that wait.
pub(crate) fn settled(
    namespace: &str,
    state: NamespaceState,
    workload: &WorkloadStatus,
) -> Result<(), Refusal> {
    let waits = workload.state == WorkloadState::NeedRestart && !workload.is_only_old();
    if state.waits() && waits {
        return Err(Refusal::Awaits {
            namespace: namespace.to_owned(),
            state: state.word(),
            what: format!("{} {}", workload.kind, workload.name),
        });
    }
    Ok(())
}

/// What leaves gateways without proxies is not written.
pub(crate) fn with_gateways(
    what: String,
    namespace: &str,
    losing: &[WorkloadName],
) -> Result<(), Refusal> {
    if losing.is_empty() {
        return Ok(());
    }
    let gateways: Vec<_> = losing.iter().map(ToString::to_string).collect();
    Err(Refusal::Gateways {
        what,
        namespace: namespace.to_owned(),
        gateways: gateways.join(", "),
    })
}

/// For a namespace. One of its two labels goes when the other comes: both at once contradict each other.
pub(crate) fn of_namespace(wish: &Wish) -> Edit {
    let edit = Edit::default();
    match wish {
        Wish::Enable(None) => edit
            .label(INJECTION, Want::Value("enabled".to_owned()))
            .label(REVISION, Want::Gone),
        Wish::Enable(Some(revision)) => edit
            .label(INJECTION, Want::Gone)
            .label(REVISION, Want::Value(revision.clone())),
        Wish::Disable => edit
            .label(INJECTION, Want::Value("disabled".to_owned()))
            .label(REVISION, Want::Gone),
        Wish::Clear => edit
            .label(INJECTION, Want::Gone)
            .label(REVISION, Want::Gone),
    }
}

/// For the template of a workload.
pub(crate) fn of_workload(wish: &Wish) -> Edit {
    let inject = |value: &str| Want::Value(value.to_owned());
    let edit = Edit::default();
    match wish {
        Wish::Enable(None) => edit
            .label(INJECT, inject("true"))
            .label(REVISION, Want::NotOurs),
        Wish::Enable(Some(revision)) => edit
            .label(INJECT, inject("true"))
            .label(REVISION, inject(revision)),
        Wish::Disable => edit.label(INJECT, inject("false")),
        Wish::Clear => edit
            .label(INJECT, Want::Gone)
            .label(REVISION, Want::NotOurs),
    }
}

/// Whether enabling a namespace does anything for a pod that says nothing itself. The answer is a warning.
pub(crate) fn check_namespace(
    injectors: &Injectors,
    name: &str,
    after: &Labels,
) -> Result<Option<String>, Refusal> {
    let place = Place {
        name,
        labels: after,
    };
    let decision = decide(injectors, place, &Template::default());
    check(&format!("namespace {name}"), &decision)
}

/// Whether enabling a workload does anything.
pub(crate) fn check_workload(
    injectors: &Injectors,
    place: Place<'_>,
    workload: &WorkloadName,
    after: &Template,
) -> Result<Option<String>, Refusal> {
    check(&workload.to_string(), &decide(injectors, place, after))
}

fn check(what: &str, decision: &Decision) -> Result<Option<String>, Refusal> {
    if decision.injected {
        let twice = format!(
            "{what} is injected twice, by {} and then by {}",
            decision.also.join(", "),
            decision.webhook.as_deref().unwrap_or_default()
        );
        return Ok((!decision.also.is_empty()).then_some(twice));
    }
    // A policy of the injector's is somebody's decision about pods that say nothing; those that ask are injected.
    if decision.rule == Rule::Policy {
        return Ok(Some(format!(
            "{what}: only pods that ask for it get a proxy: {}",
            decision.reason
        )));
    }
    Err(Refusal::NoEffect {
        what: what.to_owned(),
        reason: decision.reason.clone(),
    })
}

#[cfg(test)]
mod tests;
