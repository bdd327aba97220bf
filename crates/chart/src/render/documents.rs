//! Rendered text to objects, in the order in which Helm installs them.

use super::{Hook, Rendered};
use crate::chart::Chart;
use crate::error::ChartError;
use crate::values::as_shown;
use crate::yaml;
use serde_json::Value as Json;

/// Kinds that others need come first; what is not here comes last, by its name.
const KINDS: [&str; 36] = [
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
];

const EVENTS: [&str; 10] = [
    "pre-install",
    "post-install",
    "pre-delete",
    "post-delete",
    "pre-upgrade",
    "post-upgrade",
    "pre-rollback",
    "post-rollback",
    "test",
    "test-success",
];

/// The objects of a rendered template.
pub(super) fn documents(chart: &str, path: &str, text: &str) -> Result<Vec<Rendered>, ChartError> {
    let wrong = |problem: String| ChartError::Document {
        chart: chart.to_owned(),
        template: path.to_owned(),
        problem,
    };
    let mut rendered = Vec::new();
    for document in split(text) {
        let object = match yaml::read::read(document).map_err(wrong)? {
            Json::Null => continue,
            // What a template prints as 1e+06 is an integer all the same.
            object @ Json::Object(_) => as_shown(object),
            _ => return Err(wrong("it is no mapping".to_owned())),
        };
        let hook = hook(&object).map_err(wrong)?;
        rendered.push(Rendered {
            source: path.to_owned(),
            object,
            hook,
        });
    }
    Ok(rendered)
}

/// The objects of `crds/`, which are no templates.
pub(super) fn custom_resources(chart: &Chart) -> Result<Vec<Rendered>, ChartError> {
    let mut all = Vec::new();
    for (path, bytes) in chart.files() {
        let is_manifest = [".yaml", ".yml", ".json"]
            .iter()
            .any(|ending| path.ends_with(ending));
        if path.starts_with("crds/") && is_manifest {
            let source = format!("{}/{path}", chart.name());
            all.extend(documents(
                chart.name(),
                &source,
                &String::from_utf8_lossy(bytes),
            )?);
        }
    }
    Ok(all)
}

/// In Helm's order of kinds, hooks last; what is equal stays in the order of files.
pub(super) fn in_order(mut rendered: Vec<Rendered>) -> Vec<Rendered> {
    rendered.sort_by_cached_key(|rendered| {
        let kind = rendered
            .object
            .get("kind")
            .and_then(Json::as_str)
            .unwrap_or_default();
        let position = KINDS.iter().position(|known| *known == kind);
        let name = if position.is_none() {
            kind.to_owned()
        } else {
            String::new()
        };
        (
            rendered.hook.is_some(),
            position.unwrap_or(KINDS.len()),
            name,
        )
    });
    rendered
}

/// At lines that begin with three dashes.
fn split(text: &str) -> Vec<&str> {
    let mut rest = text.trim();
    rest = rest.strip_prefix("---").map_or(rest, str::trim_start);
    let mut documents = Vec::new();
    while let Some((document, after)) = rest.split_once("\n---") {
        documents.push(document.trim_end());
        rest = after.trim_start();
    }
    documents.push(rest);
    documents.retain(|document| !document.is_empty());
    documents
}

fn hook(object: &Json) -> Result<Option<Hook>, String> {
    let annotation = |name: &str| {
        let annotations = object.get("metadata")?.get("annotations")?;
        annotations.get(name)?.as_str()
    };
    let words = |text: &str| -> Vec<String> {
        text.split(',')
            .map(|word| word.trim().to_lowercase())
            .filter(|word| !word.is_empty())
            .collect()
    };
    let Some(events) = annotation("helm.sh/hook").map(words) else {
        return Ok(None);
    };
    if let Some(unknown) = events
        .iter()
        .find(|event| !EVENTS.contains(&event.as_str()))
    {
        return Err(format!("there is no hook {unknown:?}"));
    }
    let weight = annotation("helm.sh/hook-weight").and_then(|weight| weight.parse().ok());
    Ok(Some(Hook {
        events,
        weight: weight.unwrap_or(0),
        delete_policies: annotation("helm.sh/hook-delete-policy")
            .map(words)
            .unwrap_or_default(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_split_as_in_helm() {
        let table: [(&str, &[&str]); 6] = [
            ("", &[]),
            ("\n---\na: 1\n---\n\n---\nb: 2\n", &["a: 1", "---\nb: 2"]),
            ("a: 1\n--- # x\nb: 2", &["a: 1", "# x\nb: 2"]),
            ("a: 1\n  ---\nb: 2", &["a: 1\n  ---\nb: 2"]),
            ("---\n---\na: 1", &["---\na: 1"]),
            ("a: |\n  x\n\n---\n", &["a: |\n  x"]),
        ];
        for (text, expected) in table {
            assert_eq!(split(text), expected, "{text:?}");
        }
    }

    #[test]
    fn kinds_come_in_helms_order() {
        let text = "kind: Zeta\n---\nkind: Service\n---\nkind: Alpha\n---\nkind: Namespace\n---\nkind: Job\nmetadata: {annotations: {helm.sh/hook: 'pre-install, Test', helm.sh/hook-weight: '-5'}}\n---\nkind: ServiceAccount\n---\n# nothing";
        let ordered = in_order(documents("a", "a/templates/x.yaml", text).unwrap());
        let kinds: Vec<&str> = ordered
            .iter()
            .map(|it| it.object["kind"].as_str().unwrap())
            .collect();
        assert_eq!(
            kinds,
            [
                "Namespace",
                "ServiceAccount",
                "Service",
                "Alpha",
                "Zeta",
                "Job"
            ]
        );
        let hook = ordered.last().unwrap().hook.clone().unwrap();
        assert_eq!(
            (hook.events, hook.weight),
            (vec!["pre-install".to_owned(), "test".to_owned()], -5)
        );
    }

    #[test]
    fn what_is_no_object_is_named() {
        for (text, part) in [
            ("a", "mapping"),
            ("a: [", "yaml"),
            ("metadata: {annotations: {helm.sh/hook: x}}", "hook"),
        ] {
            let error = documents("a", "a/templates/x.yaml", text)
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("a/templates/x.yaml") && error.contains(part),
                "{error}"
            );
        }
    }
}
