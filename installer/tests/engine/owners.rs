//! Fields that others own.

use super::world::{World, deployment, map};
use serde_json::Value;

/// Nothing is written while a field is contested; force takes over just what is.
pub(crate) fn fields_of_others(world: &World) {
    let corner = world.room("owners");
    let settings = map("settings", "a: \"1\", b: \"2\"");
    corner.apply(&[&settings], &[]).must(0, &[]);
    corner.other(
        "their-editor",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: NS}\ndata: {a: theirs, c: theirs}\n",
    );
    let wanted = format!("{settings}{}", map("another", ""));

    // Their field of its own is none of ours; the one that both want is told with its owner.
    let plan = corner.apply(&[&wanted], &["--dry-run=server", "-o", "json"]);
    plan.must(0, &["\"conflict\"", ".data.a", "their-editor"]);
    corner.apply(&[&wanted], &[]).must(
        1,
        &[
            "nothing was written",
            "ConfigMap owners/settings\n  .data.a belongs to their-editor",
            "--force-conflicts",
        ],
    );
    assert_eq!(
        corner.list(&["configmaps"]).len(),
        3,
        "nothing was written: set, settings, kube-root-ca.crt"
    );

    corner
        .apply(&[&wanted], &["--force-conflicts"])
        .must(0, &[]);
    let data = &corner.list(&["configmap", "settings"])[0]["data"];
    assert_eq!(
        *data,
        serde_json::json!({"a": "1", "b": "2", "c": "theirs"})
    );
    // Taken over once, it is ours.
    corner.apply(&[&wanted], &["--diff"]).must(0, &[]);
}

/// What we do not mention is not ours to change: replicas that an autoscaler or a person has set. What a chart says about
/// a webhook is only where its server starts from.
pub(crate) fn what_is_left_to_others(world: &World) {
    let corner = world.room("left");
    let hook = "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: left}\n\
        webhooks:\n- {name: left.example.com, admissionReviewVersions: [v1], sideEffects: None, failurePolicy: Ignore,\n   \
        clientConfig: {caBundle: \"\", service: {namespace: NS, name: none}}, rules: [], namespaceSelector: {matchLabels: {none: none}}}\n";
    let wanted = format!("{}{hook}", deployment("web", ""));
    corner.apply(&[&wanted], &["--no-wait"]).must(0, &[]);
    corner.kubectl(&["scale", "deployment", "web", "--replicas=2"]);
    let bundle = "Y2VydGlmaWNhdGU=";
    let patch = serde_json::json!([
        {"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Fail"},
        {"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": bundle},
    ]);
    corner.kubectl(&[
        "patch",
        "validatingwebhookconfiguration",
        "left",
        "--type=json",
        "--field-manager=pilot-discovery",
        "-p",
        &patch.to_string(),
    ]);

    corner.apply(&[&wanted], &["--diff"]).must(0, &[]);
    corner.apply(&[&wanted], &["--no-wait"]).must(0, &[]);

    assert_eq!(
        corner.list(&["deployment", "web"])[0]["spec"]["replicas"],
        2
    );
    let hook: Value = corner
        .list(&["validatingwebhookconfiguration", "left"])
        .remove(0);
    assert_eq!(hook["webhooks"][0]["failurePolicy"], "Fail");
    assert_ne!(hook["webhooks"][0]["clientConfig"]["caBundle"], Value::Null);
}
