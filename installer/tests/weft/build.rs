//! `weft plugin build` with the real compiler, of the project's own smallest plugin.

use crate::support::{folder, ladder, tool, weft};
use std::fs;
use std::path::Path;

/// The workspace around this package.
fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Copies what cargo needs of the workspace, as a second checkout elsewhere.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if ["target", ".git"].contains(&name.to_str().unwrap()) {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(&name));
        } else {
            fs::copy(entry.path(), to.join(&name)).unwrap();
        }
    }
}

fn build(folder: &Path, workspace: &Path) -> serde_json::Value {
    let output = weft(
        folder,
        &[
            "plugin",
            "build",
            "template",
            "-C",
            workspace.to_str().unwrap(),
            "-o",
            "json",
        ],
    );
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let built: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    built[0].clone()
}

#[test]
fn two_checkouts_give_the_same_bytes() {
    if !ladder("two builds of the template plugin")
        || tool(&["wasm-cargo", "cargo"]).is_none()
        || tool(&["wasm-opt"]).is_none()
    {
        return;
    }
    let folder = folder();
    let checkout = folder.path().join("deeper/than/that");
    copy(workspace(), &checkout);
    let (one, other) = (
        build(folder.path(), workspace()),
        build(folder.path(), &checkout),
    );
    assert_eq!(one["sha256"], other["sha256"]);
    let path = |built: &serde_json::Value| built["path"].as_str().unwrap().to_owned();
    let code = fs::read(path(&one)).unwrap();
    assert_eq!(code, fs::read(path(&other)).unwrap());
    assert_eq!(
        build(folder.path(), &checkout),
        other,
        "built again where it was built"
    );

    let text = String::from_utf8_lossy(&code);
    for private in [
        folder.path().to_str().unwrap(),
        "/.cargo/",
        "weft_on_",
        "proxy_on_grpc_receive",
    ] {
        assert!(!text.contains(private), "the module holds {private}");
    }
    let inspected = weft(
        folder.path(),
        &["plugin", "inspect", &path(&other), "-o", "json"],
    );
    let inspected: serde_json::Value = serde_json::from_slice(&inspected.stdout).unwrap();
    assert_eq!(inspected["name"], "template");
    assert_eq!(inspected["abi"], "0.2.1");
    assert!(inspected["schema"].is_object());
    assert_eq!(inspected["module"]["unfit"], serde_json::Value::Null);
}

#[test]
fn a_name_that_is_no_plugin_lists_those_that_are() {
    if tool(&["wasm-cargo", "cargo"]).is_none() {
        return;
    }
    let output = weft(
        &workspace().join("installer"),
        &["plugin", "build", "tempalte"],
    );
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(64), "{said}");
    assert!(
        said.contains("rate-limit") && said.contains("template"),
        "{said}"
    );
}
