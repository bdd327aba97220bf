//! The whole way of a plugin of the project's own: source, module, image, registry, mesh, limited requests, and back.

use super::world::{Corner, World};
use serde_json::Value;
use std::path::Path;

const TWO: &str =
    "rules: [{name: per-user, key: [{header: x-user}], limit: {requests: 2, per: 1h}}]";
const FOUR: &str =
    "rules: [{name: per-user, key: [{header: x-user}], limit: {requests: 4, per: 1h}}]";

/// One way through all verbs.
pub(crate) fn from_source_to_limited_requests(world: &World) {
    let corner = world.corner("life", &["shop"]);
    let module = real_module(&corner);
    let image = corner.push(&module, "1");

    first_version(&corner, &image);
    // Over mTLS, as the namespace asks for; each user on their own.
    corner.eventually_limited(2);
    corner
        .deploy("shop", &image, TWO, &[])
        .must(0, &["nothing to change in shop"]);
    corner.deploy("shop", &image, TWO, &["--diff"]).must(0, &[]);
    for how in [
        &["--diff"][..],
        &["--diff", "--dry-run=client"],
        &["--diff", "--dry-run=server"],
    ] {
        corner.deploy("shop", &image, FOUR, how).must(
            5,
            &["spec.pluginConfig.rules[0].limit.requests   2        4"],
        );
    }
    corner
        .deploy("shop", &image, "rules: []", &[])
        .must(65, &["nothing was written", "/rules"]);
    corner
        .deploy("shop", &image.replace(":1", ":nope"), TWO, &[])
        .must(1, &["there is no"]);
    corner
        .deploy("shop", &image, FOUR, &[])
        .must(0, &["updating shop, revision 2"]);
    corner.eventually_limited(4);

    corner
        .weft(&["rollback", "shop", "--plain-http"])
        .must(0, &["revision 3"]);
    corner.eventually_limited(2);
    corner
        .weft(&["list", "-o", "wide"])
        .must(0, &["shop", "FAIL_CLOSE", "2,1"]);
    corner
        .weft(&["rollback", "shop", "--to", "9"])
        .must(1, &["does not keep version 9; it keeps: 2, 1"]);
    assert_eq!(corner.status("shop")["proxies"][0]["state"], "running");

    somebody_else_writes(&corner, &image);
    corner.weft(&["remove", "shop"]).must(64, &["--yes"]);
    corner
        .weft(&["remove", "shop", "--yes"])
        .must(0, &["no proxy uses it"]);
    corner.eventually("shop", "200");
    corner
        .weft(&["status", "shop"])
        .must(1, &["there is no WasmPlugin shop"]);
}

/// The project's own plugin, built from its source.
fn real_module(corner: &Corner<'_>) -> Vec<u8> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_str()
        .unwrap();
    let built = corner.weft(&["build", "rate-limit", "-C", workspace, "-o", "json"]);
    let built: Value = serde_json::from_str(&built.must(0, &[]).data).unwrap();
    std::fs::read(built[0]["path"].as_str().unwrap()).unwrap()
}

/// What is written and what is said of it.
fn first_version(corner: &Corner<'_>, image: &str) {
    let first = corner.deploy("shop", image, TWO, &["-o", "json"]);
    let first: Value = serde_json::from_str(&first.must(0, &["creating shop"]).data).unwrap();
    assert_eq!(
        (&first["result"], &first["revision"]),
        (&"running".into(), &1.into()),
        "{first}"
    );
    assert!(
        first["url"].as_str().unwrap().contains("@sha256:"),
        "{first}"
    );
    let object: Value =
        serde_json::from_str(&corner.kubectl(&["get", "wasmplugin", "shop", "-o", "json"]))
            .unwrap();
    assert_eq!(object["spec"]["failStrategy"], "FAIL_CLOSE");
    assert_eq!(
        object["metadata"]["labels"]["app.kubernetes.io/managed-by"],
        "weft"
    );
    assert_eq!(object["metadata"]["annotations"]["weft.dev/image"], image);
}

/// Fields that somebody else changed are theirs, until they are taken over.
fn somebody_else_writes(corner: &Corner<'_>, image: &str) {
    let patch = r#"{"spec":{"failStrategy":"FAIL_OPEN"}}"#;
    corner.kubectl(&[
        "patch",
        "wasmplugin",
        "shop",
        "--type=merge",
        "-p",
        patch,
        "--field-manager=kubectl-edit",
    ]);
    let conflict = [".spec.failStrategy belongs to kubectl-edit"];
    corner.deploy("shop", image, TWO, &[]).must(1, &conflict);
    corner
        .deploy("shop", image, TWO, &["--dry-run=server"])
        .must(1, &conflict);
    corner
        .deploy("shop", image, TWO, &["--force-conflicts"])
        .must(0, &[]);
    corner
        .deploy("shop", image, TWO, &["--dry-run=server", "-o", "json"])
        .must(0, &["\"FAIL_CLOSE\""]);
}
