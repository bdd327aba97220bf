//! What a refused request says to people: the server's own words, and what to do.

use kube::core::Status;

use crate::cluster::cause::remedy;
use crate::cluster::ownership::OwnedField;
/// The innermost cause: the client's errors repeat their causes in their own text.
pub(crate) fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// `conflict with "kubectl-edit" using extensions.istio.io/v1alpha1`, for each field.
pub(super) fn conflicts(status: &Status) -> Vec<OwnedField> {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes
        .filter(|cause| cause.reason == "FieldManagerConflict")
        .map(|cause| OwnedField {
            field: cause.field.clone(),
            manager: cause
                .message
                .split('"')
                .nth(1)
                .unwrap_or(&cause.message)
                .to_owned(),
        })
        .collect()
}

/// What to do about a permission that is missing.
pub(super) fn permit(message: &str) -> String {
    if let Some(remedy) = remedy(message) {
        return remedy;
    }
    let remedy = if message.contains("Unauthorized") || message.contains("401") {
        "the credentials are wrong or have expired: log in again, or choose another user with --context"
    } else if message.contains("because it is being terminated") {
        "wait until it is gone"
    } else {
        "ask for a role that allows it, or choose another user with --context or --as"
    };
    remedy.to_owned()
}

/// What an error says to people: the server's own words, where it answered.
pub(crate) fn said(error: &kube::Error) -> String {
    if let kube::Error::Api(status) = error
        && !status.message.is_empty()
    {
        return status.message.clone();
    }
    root_cause(error)
}

/// What else is in the way of a request, and what to do about it.
pub(super) fn lacks(error: &kube::Error) -> String {
    if matches!(error, kube::Error::Api(status) if status.code == 404) {
        return "; is the name right, and is it the right --context?".to_owned();
    }
    remedy(&said(error)).map_or_else(String::new, |remedy| format!("; {remedy}"))
}

/// What to do about a kind that is missing.
pub(super) fn missing(what: &str) -> &'static str {
    if what.contains("WasmPlugin") {
        "is Istio installed in it, and is it the right --context?"
    } else {
        "is what defines them installed in it, and is it the right --context?"
    }
}

pub(crate) fn list(fields: &[OwnedField]) -> String {
    let lines: Vec<_> = fields
        .iter()
        .map(|field| format!("  {} belongs to {}", field.field, field.manager))
        .collect();
    lines.join("\n")
}
