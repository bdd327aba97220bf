//! The client against a registry in memory that can refuse and lie.

use super::fake::{Fake, Mood};
use super::*;
use crate::failure::Exit;
use crate::plugin::image::pack;
use crate::plugin::metadata::Phase;
use crate::registry::reference::parse;
use crate::registry::{Credentials, OCI_INDEX, OCI_MANIFEST};

const MODULE: &[u8] = b"\0asm\x01\0\0\0";

fn metadata() -> Metadata {
    Metadata {
        name: "tiny".into(),
        version: "1.2.3".into(),
        description: String::new(),
        abi: "0.2.1".into(),
        phase: Phase::Stats,
        callbacks: Vec::new(),
        schema: None,
    }
}

fn anonymous() -> Registry {
    Registry::new(Credentials::none(), true)
}

/// A client that knows `me:secret` for this fake.
fn me(fake: &Fake, folder: &tempfile::TempDir) -> Registry {
    let config = format!(
        r#"{{"auths": {{"{}": {{"auth": "bWU6c2VjcmV0"}}}}}}"#,
        fake.address
    );
    std::fs::write(folder.path().join("config.json"), config).unwrap();
    let folder = folder.path().to_str().unwrap();
    let environment = crate::environment::Environment::of("/", [("DOCKER_CONFIG", folder)]);
    Registry::new(Credentials::of_user(&environment), true)
}

#[tokio::test]
async fn what_is_pushed_is_pulled() {
    let folder = tempfile::tempdir().unwrap();
    for mood in [Mood::Good, Mood::Basic, Mood::Token] {
        let fake = Fake::start(mood).await;
        let registry = me(&fake, &folder);
        let reference = parse(&format!("{}/weft/tiny:1", fake.address)).unwrap();
        let packed = pack(MODULE, &metadata()).unwrap();
        registry.push(&packed, &reference).await.unwrap();
        assert_eq!(
            registry.resolve(&reference).await.unwrap(),
            packed.digest,
            "{mood:?}"
        );
        assert_eq!(
            registry.fetch_metadata(&reference).await.unwrap(),
            metadata()
        );
        let pinned = reference.clone_with_digest(packed.digest.to_string());
        assert_eq!(registry.pull_module(&pinned).await.unwrap(), MODULE);
    }
}

#[tokio::test]
async fn pushing_again_sends_no_blob_again() {
    let fake = Fake::start(Mood::Good).await;
    let reference = parse(&format!("{}/tiny:1", fake.address)).unwrap();
    let packed = pack(MODULE, &metadata()).unwrap();
    anonymous().push(&packed, &reference).await.unwrap();
    let before = fake.paths();
    anonymous().push(&packed, &reference).await.unwrap();
    assert_eq!(fake.paths(), before);
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let cases = [
        (Mood::Basic, Exit::NoPermission, "docker login"),
        (Mood::Token, Exit::NoPermission, "docker login"),
        (Mood::Answers(403), Exit::NoPermission, "Ask its owner"),
        (
            Mood::Answers(404),
            Exit::Failure,
            "check repository and tag",
        ),
        (Mood::Answers(429), Exit::Failure, "wait a few minutes"),
        (Mood::Answers(500), Exit::Failure, "it answered 500"),
    ];
    for (mood, exit, words) in cases {
        let fake = Fake::start(mood).await;
        let reference = parse(&format!("{}/tiny:1", fake.address)).unwrap();
        let error = anonymous().resolve(&reference).await.unwrap_err();
        assert_eq!(error.exit(), exit, "{mood:?}: {error}");
        assert!(error.to_string().contains(words), "{mood:?}: {error}");
        let error = anonymous()
            .push(&pack(MODULE, &metadata()).unwrap(), &reference)
            .await
            .unwrap_err();
        assert_eq!(error.exit(), exit, "push, {mood:?}: {error}");
    }
}

#[tokio::test]
async fn a_registry_that_speaks_only_http_is_told_apart_from_none() {
    let fake = Fake::start(Mood::Good).await;
    let secure = Registry::new(Credentials::none(), false);
    let error = secure
        .resolve(&parse(&format!("{}/tiny:1", fake.address)).unwrap())
        .await
        .unwrap_err();
    assert!(
        matches!(error, PullError::Registry(RegistryError::SpeaksHttp(_))),
        "{error}"
    );
    let nobody = parse("127.0.0.1:1/tiny:1").unwrap();
    for registry in [secure, anonymous()] {
        let error = registry.resolve(&nobody).await.unwrap_err();
        assert!(
            matches!(
                error,
                PullError::Registry(RegistryError::Unreachable { .. })
            ),
            "{error}"
        );
        assert!(error.to_string().contains("refused"), "{error}");
    }
}

#[tokio::test]
async fn content_that_was_changed_is_refused() {
    let fake = Fake::start(Mood::Lies).await;
    let reference = parse(&format!("{}/tiny:1", fake.address)).unwrap();
    let packed = pack(MODULE, &metadata()).unwrap();
    anonymous().push(&packed, &reference).await.unwrap();
    let error = anonymous().pull_module(&reference).await.unwrap_err();
    assert!(
        matches!(
            error,
            PullError::Registry(RegistryError::WrongDigest { .. })
        ),
        "{error}"
    );
    // A manifest under the digest of another.
    fake.put(
        &format!("manifests/{}", Digest::of(b"other")),
        OCI_MANIFEST,
        &packed.manifest,
    );
    let pinned = reference.clone_with_digest(Digest::of(b"other").to_string());
    let error = anonymous().pull_module(&pinned).await.unwrap_err();
    assert!(
        matches!(
            error,
            PullError::Registry(RegistryError::WrongDigest { .. })
        ),
        "{error}"
    );
}

#[tokio::test]
async fn out_of_a_list_comes_the_image_that_istio_takes() {
    let fake = Fake::start(Mood::Good).await;
    let packed = pack(MODULE, &metadata()).unwrap();
    let reference = parse(&format!("{}/tiny:1", fake.address)).unwrap();
    anonymous().push(&packed, &reference).await.unwrap();
    let list = serde_json::json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [
        {"digest": packed.digest, "mediaType": OCI_MANIFEST, "size": 1, "platform": {"os": "linux", "architecture": "amd64"}}]});
    fake.put("manifests/list", OCI_INDEX, list.to_string().as_bytes());
    let image = anonymous()
        .image(&parse(&format!("{}/tiny:list", fake.address)).unwrap())
        .await
        .unwrap();
    assert_eq!(image.manifest, image::parse(&packed.manifest).unwrap());
    assert_eq!(image.digest, Digest::of(list.to_string().as_bytes()));
}

#[tokio::test]
async fn an_image_of_another_tool_is_described_by_its_module() {
    let fake = Fake::start(Mood::Good).await;
    let blob = |data: &[u8], kind: &str| serde_json::json!({"mediaType": kind, "digest": Digest::of(data), "size": data.len()});
    let layers = [
        blob(MODULE, "application/vnd.module.wasm.content.layer.v1+wasm"),
        blob(b"x", "text/plain"),
    ];
    let manifest = serde_json::json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": blob(b"{}", "x"), "layers": layers});
    fake.put(
        "manifests/1.0",
        OCI_MANIFEST,
        manifest.to_string().as_bytes(),
    );
    fake.put(&format!("blobs/{}", Digest::of(MODULE)), "", MODULE);
    let metadata = anonymous()
        .fetch_metadata(&parse(&format!("{}/a/theirs:1.0", fake.address)).unwrap())
        .await
        .unwrap();
    assert_eq!(
        (metadata.name.as_str(), metadata.version.as_str()),
        ("theirs", "1.0")
    );
}

#[tokio::test]
async fn an_image_of_something_else_is_no_plugin() {
    let fake = Fake::start(Mood::Good).await;
    let reference = parse(&format!("{}/x:1", fake.address)).unwrap();
    fake.put(
        "manifests/1",
        OCI_MANIFEST,
        br#"{"schemaVersion":2,"config":{"mediaType":"c","digest":"d","size":1},"layers":[]}"#,
    );
    let error = anonymous().pull_module(&reference).await.unwrap_err();
    assert_eq!(error.exit(), Exit::BadInput);
    assert!(error.to_string().contains("holds no plugin"), "{error}");
}
