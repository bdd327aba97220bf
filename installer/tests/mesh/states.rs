//! What `status` says of plugins that were written without asking weft first, as kubectl lets everybody do.

use super::gate::{Gate, Mode};
use super::modules::stopper;
use super::world::{Corner, World};

/// Each state on a workload of its own, and their words in one table.
pub(crate) fn are_told_apart(world: &World) {
    let corner = world.corner(
        "states",
        &["running", "refused", "missing", "pulling", "unused", "open"],
    );
    let image = corner.push(&stopper("one"), "1");
    corner.deploy("running", &image, "a: 1", &[]).must(0, &[]);
    let url = corner.status("running")["url"].as_str().unwrap().to_owned();
    // To the agent another registry, and thus a module that it has not got.
    let silent = Gate::before(&corner.gate.address());
    let hanging = url.replace(&corner.gate.address(), &silent.address());
    silent.set(Mode::Silent);

    write_all(&corner, &url, &hanging);

    let cases = [
        ("running", "running", ""),
        (
            "refused",
            "refused",
            "/: this configuration is refused; every request is answered 500",
        ),
        ("missing", "image-missing", "every request is denied (403)"),
        ("open", "bypassed", "traffic passes without the plugin"),
        ("pulling", "pulling", "it is being pulled"),
        ("unused", "unused", "`match` fits none of its ports"),
        (
            "nobody",
            "matches-nothing",
            "selector app=nobody matches no pod",
        ),
    ];
    for (plugin, state, reason) in cases {
        expect(&corner, plugin, state, reason);
    }
    let table = corner.weft(&["status"]);
    table.must(2, &cases.map(|(_, state, _)| state));
    for (workload, answer) in [
        ("refused", "500"),
        ("missing", "403"),
        ("open", "200"),
        ("unused", "200"),
    ] {
        corner.eventually(workload, answer);
    }
    corner.eventually("running", "429 one");

    put_right(&corner, &image);
}

/// One plugin for each state, on a workload of its name.
fn write_all(corner: &Corner<'_>, url: &str, hanging: &str) {
    let (name, _) = url.split_once('@').unwrap();
    let nowhere = format!("{name}@sha256:{}", "0".repeat(64));
    let long = "words: 'more of them than the forty bytes that this one takes'";
    write(corner, "refused", url, long, "");
    write(corner, "missing", &nowhere, "a: 1", "");
    write(
        corner,
        "open",
        &nowhere,
        "a: 1",
        "  failStrategy: FAIL_OPEN\n",
    );
    write(
        corner,
        "unused",
        url,
        "a: 1",
        "  match: [{mode: SERVER, ports: [{number: 9999}]}]\n",
    );
    write(corner, "nobody", url, "a: 1", "");
    write(corner, "pulling", hanging, "a: 1", "");
}

/// A deployment finds them as they are and puts them right, although the agent does not pull again by itself.
fn put_right(corner: &Corner<'_>, image: &str) {
    corner
        .weft(&["status", "-o", "wide"])
        .must(2, &["states/missing-", "states/running-"]);
    corner
        .weft(&["list", "-o", "name"])
        .must(0, &["wasmplugin/pulling\n"]);
    corner
        .deploy("missing", image, "a: 1", &["--force-conflicts"])
        .must(0, &["updating missing"]);
    corner.eventually("missing", "429 one");
    corner
        .deploy("refused", image, "a: 1", &[])
        .must(1, &[".spec.pluginConfig.words belongs to kubectl"]);
    corner
        .deploy("refused", image, "a: 1", &["--force-conflicts"])
        .must(0, &["updating refused"]);
    corner.eventually("refused", "429 one");
}

fn write(corner: &Corner<'_>, name: &str, url: &str, configuration: &str, more: &str) {
    corner.apply(&format!(
        "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {{name: {name}, namespace: states}}\nspec:\n  \
         url: {url}\n  selector: {{matchLabels: {{app: {name}}}}}\n  pluginConfig: {{{configuration}}}\n{more}"
    ));
}

/// It takes a moment until istiod has sent it and the agent has tried.
fn expect(corner: &Corner<'_>, plugin: &str, state: &str, reason: &str) {
    lab::trial::eventually(&format!("{plugin} is {state} ({reason})"), || {
        let status = corner.status(plugin);
        let why = status["reason"].as_str().unwrap_or_default();
        let is = status["state"] == state && why.contains(reason);
        is.then_some(()).ok_or_else(|| status.to_string())
    });
}
