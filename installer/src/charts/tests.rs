//! Charts out of directories and from a web server in this process.

use super::*;
use crate::failure::Exit;
use crate::measure;
use crate::registry::Credentials;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// A tar of files.
pub(super) fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, data) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(measure::length(data));
        header.set_mode(0o644);
        tar.append_data(&mut header, path, *data).unwrap();
    }
    tar.into_inner().unwrap()
}

/// The same, gzipped.
pub(super) fn tgz(files: &[(&str, &[u8])]) -> Vec<u8> {
    measure::gzip(&tar_of(files)).unwrap()
}

/// Paths and what is there.
type Files<'a> = &'a [(&'a str, &'a [u8])];

fn chart(name: &str, version: &str) -> Vec<u8> {
    let yaml = format!("apiVersion: v2\nname: {name}\nversion: {version}\n");
    tgz(&[(&format!("{name}/Chart.yaml"), yaml.as_bytes())])
}

/// What a server has, and what was asked of it.
#[derive(Clone, Default)]
struct Site {
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    asked: Arc<Mutex<Vec<String>>>,
    closed: bool,
}

impl Site {
    async fn start(self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(self);
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}/charts")
    }

    fn put(&self, path: &str, data: &[u8]) {
        let mut files = self.files.lock().unwrap();
        files.insert(format!("/charts/{path}"), data.to_vec());
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

async fn answer(State(site): State<Site>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    site.asked.lock().unwrap().push(path.clone());
    // me:secret
    let known = request.headers().get(header::AUTHORIZATION);
    if site.closed && known.is_none_or(|value| value != "Basic bWU6c2VjcmV0") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match site.files.lock().unwrap().get(&path) {
        Some(data) if data == b"forbidden" => StatusCode::FORBIDDEN.into_response(),
        Some(data) if data == b"broken" => StatusCode::BAD_GATEWAY.into_response(),
        Some(data) => data.clone().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn charts(folder: &Path, plain_http: bool) -> Charts {
    let folder = folder.to_str().unwrap();
    let environment = Environment::of(folder, [("WEFT_CACHE", folder), ("DOCKER_CONFIG", folder)]);
    let registry = Registry::new(Credentials::of_user(&environment), plain_http);
    Charts::new(registry, &environment)
}

async fn fetched(folder: &Path, source: &str) -> Result<FetchedChart, ChartsError> {
    let source = source.parse()?;
    charts(folder, true)
        .fetch(&source, "istiod", "1.31.0")
        .await
}

#[tokio::test]
async fn an_index_leads_to_a_chart_which_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::default();
    let base = site.clone().start().await;
    let archive = chart("istiod", "1.31.0");
    let index = format!(
        "entries: {{istiod: [{{version: 1.31.0, digest: {}, urls: [deep/i.tgz]}}]}}",
        measure::sha256(&archive)
    );
    site.put("index.yaml", index.as_bytes());
    site.put("deep/i.tgz", &archive);
    let found = fetched(folder.path(), &base).await.unwrap();
    assert_eq!(
        (found.name.as_str(), found.version.as_str()),
        ("istiod", "1.31.0")
    );
    assert_eq!(found.archive, archive);
    assert_eq!(found.digest, Digest::of(&archive));
    assert_eq!(found.origin, format!("{base}/deep/i.tgz"));
    assert_eq!(site.asked(), ["/charts/index.yaml", "/charts/deep/i.tgz"]);
    assert_eq!(fetched(folder.path(), &base).await.unwrap(), found);
    assert_eq!(site.asked(), ["/charts/index.yaml"]);
}

#[tokio::test]
async fn an_index_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::default();
    let base = site.clone().start().await;
    site.put("index.yaml", b"forbidden");
    let charts = charts(folder.path(), true);
    for name in ["base", "istiod"] {
        site.put(&format!("{name}-1.31.0.tgz"), &chart(name, "1.31.0"));
        let found = charts.fetch(&base.parse().unwrap(), name, "1.31.0").await;
        assert_eq!(found.unwrap().name, name);
    }
    assert_eq!(
        site.asked(),
        [
            "/charts/index.yaml",
            "/charts/base-1.31.0.tgz",
            "/charts/istiod-1.31.0.tgz"
        ]
    );
}

#[tokio::test]
async fn what_a_server_gives_instead_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let whole = chart("istiod", "1.31.0");
    let wrong = measure::sha256(b"");
    let digest = format!("entries: {{istiod: [{{version: 1.31.0, digest: {wrong}}}]}}");
    let file = "istiod-1.31.0.tgz";
    let elsewhere = b"entries: {istiod: [{version: 1.31.0, urls: ['ftp://x/i.tgz']}]}";
    let other = chart("base", "1.31.0");
    let cases: [(Files<'_>, Exit, &str); 9] = [
        (&[], Exit::Failure, "has no chart istiod 1.31.0"),
        (
            &[("index.yaml", b"entries: {base: [{version: 1.31.0}]}")],
            Exit::Failure,
            "the charts base",
        ),
        (
            &[("index.yaml", b"entries: {istiod: [{version: 1.30.0}]}")],
            Exit::Failure,
            "the versions 1.30.0",
        ),
        (
            &[("index.yaml", b"<html>")],
            Exit::BadInput,
            "no index of a Helm repository",
        ),
        (
            &[("index.yaml", elsewhere)],
            Exit::BadInput,
            "no address on a web server",
        ),
        (
            &[("index.yaml", digest.as_bytes()), (file, &whole)],
            Exit::Failure,
            "Do not use it",
        ),
        (&[(file, b"broken")], Exit::Failure, "answered 502"),
        (
            &[(file, &whole[..whole.len() / 2])],
            Exit::BadInput,
            "no whole gzipped tar",
        ),
        (
            &[(file, &other)],
            Exit::BadInput,
            "holds base 1.31.0, and istiod 1.31.0 was asked for",
        ),
    ];
    for (files, exit, words) in cases {
        let site = Site::default();
        for (path, data) in files {
            site.put(path, data);
        }
        let base = site.start().await;
        let error = fetched(folder.path(), &base).await.unwrap_err();
        assert!(error.to_string().contains(words), "{words}: {error}");
        assert!(error.to_string().contains(&base), "{words}: {error}");
        assert_eq!(error.exit(), exit, "{error}");
    }
}

#[tokio::test]
async fn plain_http_and_silence_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let base = Site::default().start().await;
    let secure = base.replace("http://", "https://");
    let cases = [
        (base.as_str(), false, "pass --plain-http"),
        (secure.as_str(), true, "speaks plain HTTP"),
        ("http://127.0.0.1:1/charts", true, "refused"),
    ];
    for (source, plain_http, words) in cases {
        let charts = charts(folder.path(), plain_http);
        let found = charts
            .fetch(&source.parse().unwrap(), "istiod", "1.31.0")
            .await;
        let error = found.unwrap_err();
        assert!(error.to_string().contains(words), "{words}: {error}");
        assert_eq!(error.exit(), Exit::Unreachable, "{error}");
    }
}

#[tokio::test]
async fn credentials_go_to_their_server_alone() {
    let folder = tempfile::tempdir().unwrap();
    let closed = Site {
        closed: true,
        ..Site::default()
    };
    let other = closed.clone().start().await;
    let base = closed.clone().start().await;
    closed.put("istiod-1.31.0.tgz", &chart("istiod", "1.31.0"));
    let error = fetched(folder.path(), &base).await.unwrap_err();
    assert!(
        error.to_string().contains("docker login 127.0.0.1:"),
        "{error}"
    );
    assert_eq!(error.exit(), Exit::NoPermission);
    let host = base
        .trim_start_matches("http://")
        .trim_end_matches("/charts");
    let config = format!(r#"{{"auths": {{"{host}": {{"auth": "bWU6c2VjcmV0"}}}}}}"#);
    std::fs::write(folder.path().join("config.json"), config).unwrap();
    assert!(fetched(folder.path(), &base).await.is_ok());
    let index =
        format!("entries: {{istiod: [{{version: 1.31.0, urls: ['{other}/istiod-1.31.0.tgz']}}]}}");
    closed.put("index.yaml", index.as_bytes());
    let error = fetched(folder.path(), &base).await.unwrap_err();
    assert_eq!(error.exit(), Exit::NoPermission);
}

fn write(folder: &Path, files: &[(&str, &[u8])]) {
    for (path, data) in files {
        let file = folder.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, data).unwrap();
    }
}

#[tokio::test]
async fn a_directory_holds_folders_archives_or_istios_source_tree() {
    let yaml: &[u8] = b"name: istiod\nversion: 1.31.0\n";
    let source: &[u8] = b"name: istiod\n# 1.0.0\nversion: 1.0.0\nappVersion: 1.0.0\n";
    let archive = chart("istiod", "1.31.0");
    let cases: [Files<'_>; 4] = [
        &[
            ("istiod/Chart.yaml", yaml),
            ("istiod/templates/a.yaml", b"a"),
        ],
        &[("istiod-1.31.0.tgz", &archive)],
        &[("istio-control/istio-discovery/Chart.yaml", source)],
        &[(
            "manifests/charts/istio-control/istio-discovery/Chart.yaml",
            source,
        )],
    ];
    for files in cases {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), files);
        let found = fetched(folder.path(), ".").await.unwrap();
        assert_eq!(found, fetched(folder.path(), ".").await.unwrap());
        let about = describe(&found.archive).unwrap();
        assert_eq!(
            (about.name.as_str(), about.version.as_str()),
            ("istiod", "1.31.0")
        );
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_directory_is_said() {
    let yaml: &[u8] = b"name: istiod\nversion: 1.30.0\n";
    let cases: [(Files<'_>, &str); 4] = [
        (
            &[("base/Chart.yaml", yaml)],
            "it would be the folder istiod with a Chart.yaml",
        ),
        (
            &[("istiod/Chart.yaml", yaml)],
            "holds istiod 1.30.0, and istiod 1.31.0 was asked for",
        ),
        (&[("istiod/Chart.yaml", b"name: [")], "cannot be read"),
        (&[("istiod-1.31.0.tgz", b"x")], "no whole gzipped tar"),
    ];
    for (files, words) in cases {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), files);
        let error = fetched(folder.path(), ".").await.unwrap_err().to_string();
        assert!(error.contains(words), "{words}: {error}");
    }
}

/// A chart that someone else wrote must not bring our files into a bundle.
#[tokio::test]
async fn a_link_out_of_a_directory_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let yaml: &[u8] = b"name: istiod\nversion: 1.31.0\n";
    write(
        folder.path(),
        &[("c/istiod/Chart.yaml", yaml), ("c/shared.yaml", b"a: 1")],
    );
    let link = |from: &str, to: &str| {
        std::os::unix::fs::symlink(from, folder.path().join("c/istiod").join(to)).unwrap();
    };
    link("../shared.yaml", "values.yaml");
    assert!(fetched(folder.path(), "c").await.is_ok());
    link("/etc/hostname", "host.yaml");
    let error = fetched(folder.path(), "c").await.unwrap_err().to_string();
    assert!(error.contains("leads out of"), "{error}");
}

#[tokio::test]
async fn names_that_would_leave_their_place_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let charts = charts(folder.path(), true);
    let source = ".".parse().unwrap();
    let cases = [
        ("../x", "1.31.0"),
        ("", "1.31.0"),
        ("a/b", "1.31.0"),
        ("istiod", "../1"),
        ("istiod", ""),
        ("istiod", "1.31.0:x"),
    ];
    for (name, version) in cases {
        let error = charts.fetch(&source, name, version).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Usage, "{error}");
    }
}
