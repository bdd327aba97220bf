//! What a mesh file means: two files that are written differently, in notation, order or defaults, mean the same.
//!
//! Only weft's own defaults count. What is left to Istio's charts may be another value in their next version, so that a file which
//! writes it down does say more.

use anyhow::Context as _;
use serde_json::Value;

use super::workloads::Paths;
use super::{Engine, Mesh, Protocol, ROOT_NAMESPACE};
use crate::failure::Failure;

impl Mesh {
    /// What it means, without anything that would be so anyway.
    pub(crate) fn meaning(&self) -> Result<Value, Failure> {
        let mut mesh = self.clone();
        let usual_cni = mesh.spec.ambient || mesh.spec.openshift;
        let spec = &mut mesh.spec;
        spec.tags.sort();
        drop_where(&mut spec.root_namespace, |root| root == ROOT_NAMESPACE);
        drop_where(&mut spec.engine, |engine| *engine != Engine::Sail);
        drop_where(&mut spec.cni, |cni| *cni == usual_cni);
        drop_empty(&mut spec.images);
        drop_empty(&mut spec.sizes);
        drop_empty(&mut spec.traffic);
        drop_empty(&mut spec.sidecar);
        drop_empty(&mut spec.values);
        for kind in &mut spec.workload_kinds {
            lean(&mut kind.paths);
        }
        spec.workload_kinds.sort();
        let tracing = spec.tracing.as_mut();
        if let Some(collector) = tracing.and_then(|tracing| tracing.collector.as_mut()) {
            drop_where(&mut collector.protocol, |one| *one == Protocol::default());
        }
        Ok(serde_json::to_value(mesh).context("cannot compare the mesh file")?)
    }
}

fn lean(paths: &mut Paths) {
    let usual = Paths::default();
    drop_where(&mut paths.pod_template, |path| path == usual.pod_template());
    drop_where(&mut paths.replicas, |path| path == usual.replicas());
    drop_where(&mut paths.ready_replicas, |path| {
        path == usual.ready_replicas()
    });
}

fn drop_where<T>(field: &mut Option<T>, is_usual: impl FnOnce(&T) -> bool) {
    if field.as_ref().is_some_and(is_usual) {
        *field = None;
    }
}

fn drop_empty<T: Default + PartialEq>(field: &mut Option<T>) {
    drop_where(field, |value| *value == T::default());
}

#[cfg(test)]
mod tests {
    use super::super::document::parse;
    use super::super::read::read;
    use super::*;

    fn meaning(spec: &str) -> Value {
        let text =
            format!("apiVersion: weft.dev/v1\nkind: Mesh\nmetadata: {{name: shop}}\nspec: {spec}");
        let mesh = read(parse(text.as_bytes()).unwrap(), &[]).unwrap();
        mesh.meaning().unwrap()
    }

    #[test]
    fn notation_order_and_defaults_are_no_difference() {
        let kind = "group: apps.kruise.io, version: v1alpha1, kind: CloneSet, resource: clonesets";
        let rollout = "{group: argoproj.io, version: v1alpha1, kind: Rollout, resource: rollouts}";
        let cases = [
            ("{version: 1.31.0}", "{version: \"1.31.0\" } # so it is"),
            (
                "{version: 1.31.0}",
                "{mode: dedicated, version: 1.31.0, rootNamespace: istio-system, engine: auto, cni: false, ambient: false}",
            ),
            (
                "{version: 1.31.0}",
                "{version: 1.31.0, engine: charts, images: {}, sizes: {}, sidecar: {}, traffic: {}, values: {istiod: {}}, tags: []}",
            ),
            (
                "{version: 1.31.0, ambient: true}",
                "{version: 1.31.0, ambient: true, cni: true}",
            ),
            (
                "{version: 1.31.0, tags: [a, b]}",
                "{tags: [b, a], version: 1.31.0}",
            ),
            (
                &format!("{{version: 1.31.0, workloadKinds: [{rollout}, {{{kind}}}]}}"),
                &format!(
                    "{{version: 1.31.0, workloadKinds: [{{{kind}, paths: {{podTemplate: .spec.template}}}}, {rollout}]}}"
                ),
            ),
        ];
        for (one, other) in cases {
            assert_eq!(meaning(one), meaning(other), "{other}");
        }
    }

    #[test]
    fn what_says_more_is_a_difference() {
        let cases = [
            "{version: 1.31.0, charts: ./charts}",
            "{version: 1.31.0, cni: true}",
            "{version: 1.31.0, tracing: {}}",
            "{version: 1.31.0, engine: sail}",
            "{version: 1.31.0, traffic: {outbound: ALLOW_ANY}}",
            "{version: 1.31.0, rootNamespace: mesh}",
        ];
        for case in cases {
            assert_ne!(meaning("{version: 1.31.0}"), meaning(case), "{case}");
        }
    }
}
