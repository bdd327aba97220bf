//! `scope`: how many of the mesh's namespaces the proxies of a namespace know.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::injector::Labels;
use super::super::read::collection;
use super::super::report::ScopeReport;
use super::super::scope::{self, API_VERSION, NAME, Reach};
use super::super::wish::guard;
use super::{Deed, Manner, Planned, Sidecars, all_or};
use crate::cluster::object::ObjectId;
use crate::failure::{Exit, Failure, Outcome};

impl Sidecars {
    /// What is in force, of these namespaces or of all.
    pub(crate) async fn show_scope(&self, namespaces: &[String]) -> Outcome {
        let outline = self.reader.outline(None, &self.root).await?;
        let mut by_namespace: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for sidecar in self.reader.sidecars(None).await? {
            if let Some(id) = ObjectId::of(&sidecar) {
                let namespace = id.namespace.unwrap_or_default();
                by_namespace.entry(namespace).or_default().push(sidecar);
            }
        }
        let wanted: Vec<&String> = if namespaces.is_empty() {
            outline.namespaces.keys().collect()
        } else {
            namespaces.iter().collect()
        };
        if let Some(missing) = wanted
            .iter()
            .find(|name| !outline.namespaces.contains_key(**name))
        {
            return Err(Failure::text(
                Exit::Failure,
                format!(
                    "there is no namespace {missing}: correct the name, or `kubectl create namespace {missing}`"
                ),
            ));
        }
        let of = |name: &str| {
            by_namespace
                .get(name)
                .map(Vec::as_slice)
                .unwrap_or_default()
        };
        let scopes: Vec<_> = wanted
            .into_iter()
            .map(|name| scope::read(name, of(name), of(&self.root), &self.root))
            .collect();
        let found = scopes.iter().any(|scope| !scope.findings.is_empty());
        self.output.report(&ScopeReport(scopes))?;
        Ok(if found { Exit::Findings } else { Exit::Ok })
    }

    /// Sets it, or with nothing takes weft's own away. `mesh` means all namespaces that have none of their own.
    pub(crate) async fn scope(
        &self,
        namespaces: &[String],
        mesh: bool,
        reach: Option<&Reach>,
        manner: Manner,
    ) -> Outcome {
        let refused: Vec<String> = namespaces
            .iter()
            .filter_map(|name| guard(name, &self.root).err())
            .map(|refusal| format!("{refusal}; --mesh-wide is for the root namespace"))
            .collect();
        all_or(&refused)?;
        let mut planned = Vec::new();
        let root = mesh.then_some(&self.root);
        let outline = self.reader.outline(None, &self.root).await?;
        let mut refused = scope::unknown(reach, |name| outline.namespaces.contains_key(name));
        for namespace in namespaces.iter().chain(root) {
            if !outline.namespaces.contains_key(namespace) {
                refused.push(format!("there is no namespace {namespace}: correct the name, or `kubectl create namespace {namespace}`"));
                continue;
            }
            let sidecars = self.reader.sidecars(Some(namespace)).await?;
            if let (Err(refusal), Some(_)) = (scope::check(namespace, &sidecars), reach) {
                refused.push(refusal.to_string());
                continue;
            }
            planned.push(self.planned_scope(namespace, sidecars, reach));
        }
        all_or(&refused)?;
        self.finish(&planned, manner).await
    }

    fn planned_scope(
        &self,
        namespace: &str,
        sidecars: Vec<Value>,
        reach: Option<&Reach>,
    ) -> Planned {
        let named = |one: &Value| ObjectId::of(one).is_some_and(|id| id.name == NAME);
        let path = collection(API_VERSION, Some(namespace), "sidecars");
        let (group, version) = API_VERSION.split_once('/').unwrap_or(("", API_VERSION));
        Planned {
            id: ObjectId {
                group: group.to_owned(),
                version: version.to_owned(),
                kind: "Sidecar".to_owned(),
                namespace: Some(namespace.to_owned()),
                name: NAME.to_owned(),
            },
            path: format!("{path}/{NAME}"),
            labels: Labels::new(),
            deed: Deed::Own {
                before: sidecars.into_iter().find(named),
                after: reach.map(|reach| scope::object(namespace, &self.root, reach)),
            },
        }
    }
}
