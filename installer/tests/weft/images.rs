//! Images in a real registry, read back by ourselves and by a program that is not ours.

use crate::servers::{Registry, certify};
use crate::support::{command, ended, folder, json, tool, weft};
use std::path::Path;
use std::process::Command;

fn push(folder: &Path, image: &str) -> serde_json::Value {
    json(
        folder,
        &[
            "plugin",
            "push",
            "tiny.wasm",
            image,
            "--plain-http",
            "-o",
            "json",
        ],
    )
}

#[test]
fn a_plugin_goes_to_a_registry_and_comes_back() {
    let folder = folder();
    let Some(registry) = Registry::start(folder.path()) else {
        return;
    };
    let image = format!("{}/weft/tiny:1", registry.address);
    let pushed = push(folder.path(), &image);
    let digest = pushed["digest"].as_str().unwrap();
    let reference = pushed["reference"].as_str().unwrap();
    assert_eq!(
        reference,
        format!("oci://{}/weft/tiny@{digest}", registry.address)
    );
    let again = push(folder.path(), &image);
    assert_eq!(again, pushed, "the same file gives the same image");
}

#[test]
fn what_is_in_a_registry_is_found_again() {
    let folder = folder();
    let Some(registry) = Registry::start(folder.path()) else {
        return;
    };
    let image = format!("{}/weft/tiny:1", registry.address);
    let pushed = push(folder.path(), &image);
    let reference = pushed["reference"].as_str().unwrap();
    let held = json(
        folder.path(),
        &["plugin", "inspect", reference, "--plain-http", "-o", "json"],
    );
    assert_eq!(
        (held["name"].as_str(), held["image"]["layout"].as_str()),
        (Some("tiny"), Some("compat"))
    );
    assert_eq!(
        held["image"]["layers"][0]["mediaType"],
        "application/vnd.weft.plugin.metadata.v1+json"
    );
    json(
        folder.path(),
        &[
            "plugin",
            "pull",
            reference,
            "back.wasm",
            "--plain-http",
            "-o",
            "json",
        ],
    );
    let file = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    assert_eq!(file("back.wasm"), file("tiny.wasm"));
    let stdout = weft(
        folder.path(),
        &["plugin", "pull", &image, "-", "--plain-http"],
    )
    .stdout;
    assert_eq!(stdout, file("tiny.wasm"));
    std::fs::write(folder.path().join("c.yaml"), "a: 1").unwrap();
    let verdict = json(
        folder.path(),
        &[
            "plugin",
            "check",
            &image,
            "-f",
            "c.yaml",
            "--plain-http",
            "-o",
            "json",
        ],
    );
    assert_eq!(verdict["accepted"], true);
}

#[test]
fn a_program_that_is_not_ours_agrees_on_the_digest_and_can_copy_the_image() {
    let folder = folder();
    let (Some(registry), Some(skopeo)) = (Registry::start(folder.path()), tool(&["skopeo"])) else {
        return;
    };
    let image = format!("{}/weft/tiny:1", registry.address);
    let pushed = push(folder.path(), &image);
    let run = |arguments: &[&str]| {
        let output = Command::new(&skopeo).args(arguments).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    };
    let seen: serde_json::Value = serde_json::from_slice(&run(&[
        "inspect",
        "--tls-verify=false",
        &format!("docker://{image}"),
    ]))
    .unwrap();
    assert_eq!(seen["Digest"], pushed["digest"]);
    let copy = format!("{}/copied/tiny:1", registry.address);
    let (from, to) = (format!("docker://{image}"), format!("docker://{copy}"));
    run(&[
        "copy",
        "--src-tls-verify=false",
        "--dest-tls-verify=false",
        &from,
        &to,
    ]);
    let held = json(
        folder.path(),
        &["plugin", "inspect", &copy, "--plain-http", "-o", "json"],
    );
    assert_eq!(held["image"]["digest"], pushed["digest"]);
}

#[test]
fn a_name_that_is_not_there_and_a_registry_without_tls_say_what_to_do() {
    let folder = folder();
    let Some(registry) = Registry::start(folder.path()) else {
        return;
    };
    let image = format!("{}/weft/none:1", registry.address);
    let cases = [
        (vec!["--plain-http"], 1, "check repository and tag"),
        (vec![], 69, "pass --plain-http"),
    ];
    for (flags, code, words) in cases {
        let output = weft(
            folder.path(),
            &[&["plugin", "pull", &image], flags.as_slice()].concat(),
        );
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn over_tls_an_authority_must_be_trusted() {
    let folder = folder();
    let Some(openssl) = tool(&["openssl"]) else {
        return;
    };
    certify(&openssl, folder.path());
    let place = folder.path().display();
    let tls = format!(", tls: {{certificate: {place}/leaf.pem, key: {place}/leaf.key}}");
    let Some(registry) = Registry::with(folder.path(), &tls) else {
        return;
    };
    let port = registry.address.rsplit(':').next().unwrap();
    let push = [
        "plugin",
        "push",
        "tiny.wasm",
        &format!("localhost:{port}/tiny:1"),
    ];
    let (code, said) = ended(folder.path(), &push);
    assert!(
        code == 69 && said.contains("SSL_CERT_FILE"),
        "{code}: {said}"
    );
    let (code, said) = ended(folder.path(), &[&push[..], &["--plain-http"]].concat());
    assert!(
        code == 69 && said.contains("leave --plain-http away"),
        "{code}: {said}"
    );
    let authority = folder.path().join("ca.pem");
    let output = command(folder.path(), &push)
        .env("SSL_CERT_FILE", authority)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
