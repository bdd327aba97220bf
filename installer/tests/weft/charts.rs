//! Istio's real charts out of each kind of source, and each source when it has none.

use crate::servers::{Registry, certify};
use crate::support::{command, ended, eventually, folder, json, tool, weft};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use weft::measure;

/// The version of Istio's source that the lab's istiod is built from.
const ISTIO: &str = "istio.io/istio@v0.0.0-20260827124520-eed52ebb66ad";

/// Istio's source tree, out of the cache of Go modules.
pub(crate) fn istio(folder: &Path) -> Option<PathBuf> {
    let go = tool(&["go"])?;
    let output = Command::new(go)
        .args(["mod", "download", "-json", ISTIO])
        .current_dir(folder)
        .output()
        .unwrap();
    let module: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    Some(module["Dir"].as_str().expect("no module").into())
}

fn pull(folder: &Path, source: &str, flags: &[&str]) -> serde_json::Value {
    let line = [
        "charts", "pull", "istiod", "1.31.0", "--charts", source, "--force", "-o", "json",
    ];
    let output = command(folder, &[&line, flags].concat())
        .env("WEFT_CACHE", folder.join("cache"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{source}: {said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table, source by source")]
fn a_chart_is_the_same_from_every_source() {
    let folder = folder();
    let (Some(registry), Some(istio)) = (Registry::start(folder.path()), istio(folder.path()))
    else {
        return;
    };
    let tree = pull(folder.path(), istio.to_str().unwrap(), &[]);
    let charts = istio.join("manifests/charts");
    let bundle = [
        "bundle", "create", "mesh.tar", "--istio", "1.31.0", "--charts",
    ];
    json(
        folder.path(),
        &[&bundle[..], &[charts.to_str().unwrap(), "-o", "json"]].concat(),
    );
    let base = format!("{}/mesh", registry.address);
    json(
        folder.path(),
        &[
            "bundle",
            "push",
            "mesh.tar",
            &base,
            "--plain-http",
            "-o",
            "json",
        ],
    );
    let oci = format!("oci://{base}/charts");
    let sources = [
        (charts.to_str().unwrap(), vec![]),
        // The archive that the first pull has written.
        (".", vec!["again.tgz"]),
        ("mesh.tar", vec![]),
        (oci.as_str(), vec!["--plain-http"]),
        // Once more, out of the cache.
        (oci.as_str(), vec!["--plain-http"]),
    ];
    let same = |(source, flags): &(&str, Vec<&str>)| {
        let pulled = pull(folder.path(), source, flags);
        assert_eq!(pulled["digest"], tree["digest"], "{source}");
        let file = std::fs::read(pulled["path"].as_str().unwrap()).unwrap();
        assert_eq!(
            measure::digest(&file),
            tree["digest"].as_str().unwrap(),
            "{source}"
        );
    };
    sources.iter().for_each(same);
    // Whoever writes it into the file, or once as a flag, needs no flag.
    let plain = oci.replace("oci://", "oci+http://");
    for (source, flag) in [("mesh.tar", ""), (&oci, " --plain-http"), (&plain, "")] {
        newest(folder.path(), source, flag, 0, "Istio 1.31 is 1.31.0 here");
    }
    newest(folder.path(), &oci, "", 69, "pass --plain-http");
    newest(
        folder.path(),
        charts.to_str().unwrap(),
        "",
        65,
        "no version yet",
    );
    newest(folder.path(), ".", "", 1, "no chart base 1.31.0");
    let hex = tree["digest"].as_str().unwrap().replace("sha256:", "");
    let cached = folder.path().join(format!("cache/charts/{hex}.tgz"));
    std::fs::write(&cached, b"changed by someone").unwrap();
    same(&sources[4]);
    assert_eq!(
        measure::digest(&std::fs::read(cached).unwrap()),
        tree["digest"].as_str().unwrap()
    );
}

/// A mesh of a minor version takes the newest patch that its source has, or says why it cannot.
fn newest(folder: &Path, source: &str, flag: &str, code: i32, words: &str) {
    let mesh = format!(
        "apiVersion: weft.dev/v1\nkind: Mesh\nmetadata: {{name: shop}}\nspec: {{version: '1.31', charts: '{source}'}}\n"
    );
    std::fs::write(folder.join("mesh.yaml"), mesh).unwrap();
    let line = format!("mesh export -f mesh.yaml --for yaml{flag}");
    let output = weft(folder, &line.split(' ').collect::<Vec<_>>());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{source}: {said}");
    assert!(said.contains(words), "{source}: {said}");
}

/// Helm in a folder of the test.
fn helm(program: &Path, folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("HELM_CACHE_HOME", folder.join("helm"))
        .env("HELM_CONFIG_HOME", folder.join("helm"))
        .env("HELM_DATA_HOME", folder.join("helm"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    output.stdout
}

#[test]
fn helm_reads_what_we_push_and_we_read_what_helm_pushes() {
    let folder = folder();
    let place = folder.path();
    let (Some(registry), Some(program), Some(istio)) =
        (Registry::start(place), tool(&["helm"]), istio(place))
    else {
        return;
    };
    let helm = |arguments: &[&str]| helm(&program, place, arguments);
    let chart = istio.join("manifests/charts/istio-control/istio-discovery");
    let version = ["--version", "1.31.0", "--app-version", "1.31.0"];
    helm(&[&["package", chart.to_str().unwrap()], &version[..]].concat());
    let theirs = format!("oci://{}/theirs", registry.address);
    helm(&["push", "istiod-1.31.0.tgz", &theirs, "--plain-http"]);
    let pulled = pull(place, &theirs, &["--plain-http", "back.tgz"]);
    let file = |name: &str| std::fs::read(place.join(name)).unwrap();
    assert_eq!(file("back.tgz"), file("istiod-1.31.0.tgz"));
    assert_eq!(pulled["digest"], measure::digest(&file("back.tgz")));

    let source = istio.to_str().unwrap();
    let create = [
        "bundle", "create", "mesh.tar", "--istio", "1.31.0", "--charts", source,
    ];
    json(place, &[&create[..], &["-o", "json"]].concat());
    let push = [
        "bundle",
        "push",
        "mesh.tar",
        &registry.address,
        "--plain-http",
    ];
    let pushed = json(place, &[&push[..], &["-o", "json"]].concat());
    // A mesh file says by the scheme that there is no TLS, Helm by a flag.
    let charts = pushed["charts"].as_str().unwrap();
    let charts = charts.replace("oci+http://", "oci://");
    let ours = format!("{charts}/istiod");
    let rendered = helm(&[
        "template",
        "x",
        &ours,
        "--version",
        "1.31.0",
        "--plain-http",
    ]);
    assert_eq!(rendered, helm(&["template", "x", "istiod-1.31.0.tgz"]));
}

/// A web server over TLS that is none of ours.
struct Site(Child, String);

impl Site {
    fn start(folder: &Path, openssl: &Path) -> Self {
        certify(openssl, folder);
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let child = Command::new(openssl)
            .args([
                "s_server", "-quiet", "-WWW", "-cert", "leaf.pem", "-key", "leaf.key",
            ])
            .args(["-accept", &free.port().to_string()])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let site = Self(child, format!("https://localhost:{}", free.port()));
        eventually("the web server", || TcpStream::connect(free).is_ok());
        site
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn over_https_an_authority_must_be_trusted_and_the_index_must_agree() {
    let folder = folder();
    let (Some(openssl), Some(istio)) = (tool(&["openssl"]), istio(folder.path())) else {
        return;
    };
    let chart = pull(
        folder.path(),
        istio.to_str().unwrap(),
        &["istiod-1.31.0.tgz"],
    );
    let index = |digest: &str| {
        let yaml = format!(
            "entries: {{istiod: [{{version: 1.31.0, digest: {digest}, urls: [istiod-1.31.0.tgz]}}]}}"
        );
        std::fs::write(folder.path().join("index.yaml"), yaml).unwrap();
    };
    index(chart["digest"].as_str().unwrap());
    let site = Site::start(folder.path(), &openssl);
    let line = [
        "charts", "pull", "istiod", "1.31.0", "--charts", &site.1, "-", "-q",
    ];
    let (code, said) = ended(folder.path(), &line);
    assert!(
        code == 69 && said.contains("SSL_CERT_FILE"),
        "{code}: {said}"
    );
    let authority = folder.path().join("ca.pem");
    let trusted = || {
        command(folder.path(), &line)
            .env("SSL_CERT_FILE", &authority)
            .output()
            .unwrap()
    };
    let output = trusted();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(
        measure::digest(&output.stdout),
        chart["digest"].as_str().unwrap()
    );
    index(&measure::digest(b"other"));
    let output = trusted();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("Do not use it"));
}

#[test]
fn a_source_without_the_chart_says_what_to_do_in_one_line() {
    let folder = folder();
    let Some(registry) = Registry::start(folder.path()) else {
        return;
    };
    let address = &registry.address;
    let cases = [
        (
            format!("oci://{address}/none"),
            vec!["--plain-http"],
            1,
            "check the version",
        ),
        (
            format!("oci://{address}/none"),
            vec![],
            69,
            "pass --plain-http",
        ),
        (
            format!("http://{address}/none"),
            vec!["--plain-http"],
            1,
            "check the version",
        ),
        (
            format!("http://{address}/none"),
            vec![],
            69,
            "pass --plain-http",
        ),
        (".".to_owned(), vec![], 1, "the file istiod-1.31.0.tgz"),
        ("tiny.wasm".to_owned(), vec![], 65, "is no bundle"),
        (
            "none.tar".to_owned(),
            vec![],
            65,
            "neither a directory nor a bundle",
        ),
        ("s3://x/y".to_owned(), vec![], 64, "oci://REGISTRY/PATH"),
    ];
    for (source, flags, code, words) in cases {
        let line = ["charts", "pull", "istiod", "1.31.0", "--charts", &source];
        let output = weft(folder.path(), &[&line, &flags[..]].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{source}: {said}");
        assert!(said.contains(words), "{source}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(output.stdout.is_empty());
    }
}
