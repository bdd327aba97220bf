//! Images in a registry, and what is known of them before anything is written.

use serde_json::json;

use super::*;
use crate::failure::Exit;
use crate::plugin::desired::Written;
use crate::plugin::image::pack;
use crate::plugin::metadata::Metadata;
use crate::plugin::registry::fake::{Fake, Mood};
use crate::registry::Credentials;

/// A plugin that takes every configuration, or none.
fn module(takes: bool) -> Vec<u8> {
    wat::parse_str(format!(
        r#"(module (memory (export "memory") 1)
          (func (export "proxy_abi_version_0_2_1"))
          (func (export "malloc") (param i32) (result i32) i32.const 1024)
          (func (export "proxy_on_context_create") (param i32 i32))
          (func (export "proxy_on_configure") (param i32 i32) (result i32) i32.const {}))"#,
        i32::from(takes)
    ))
    .unwrap()
}

fn registry() -> Registry {
    Registry::new(Credentials::none(), true)
}

/// A registry with such a plugin in it, and the wish to have it.
async fn wish(takes: bool, phase: Phase) -> (Fake, Desired) {
    let fake = Fake::start(Mood::Good).await;
    let image = format!("{}/x:1", fake.address);
    let metadata = Metadata {
        name: "x".to_owned(),
        version: "1".to_owned(),
        description: String::new(),
        abi: "0.2.1".to_owned(),
        phase,
        callbacks: Vec::new(),
        schema: None,
    };
    let packed = pack(&module(takes), &metadata).unwrap();
    let reference = reference::parse(&image).unwrap();
    registry().push(&packed, &reference).await.unwrap();
    let mut desired = Desired::read(&Written {
        name: Some("x".to_owned()),
        image: Some(image),
        document: Some(json!({})),
        ..Written::default()
    })
    .unwrap();
    desired.spec.url = reference::pinned(&reference, &packed.digest);
    (fake, desired)
}

#[tokio::test]
async fn a_plugin_goes_where_it_asks_to_be() {
    let (_fake, desired) = wish(true, Phase::Authz).await;
    let found = [
        Resolved::checked(&desired, &registry()).await.unwrap(),
        Resolved::of_wish(&desired, &registry()).await.unwrap(),
    ];
    for resolved in found {
        let mut placed = desired.clone();
        assert_eq!(resolved.place(&mut placed), Some(Phase::Authz));
        assert_eq!(placed.spec.phase.as_deref(), Some("AUTHZ"));
        placed.spec.phase = Some("STATS".to_owned());
        assert_eq!(resolved.place(&mut placed), None);
        assert_eq!(placed.spec.phase.as_deref(), Some("STATS"));
    }
    let (_fake, mut desired) = wish(true, Phase::Unspecified).await;
    let resolved = Resolved::checked(&desired, &registry()).await.unwrap();
    assert_eq!(
        (resolved.place(&mut desired), desired.spec.phase),
        (None, None)
    );
}

#[tokio::test]
async fn nobody_is_asked_about_what_is_known() {
    let (fake, mut desired) = wish(true, Phase::Authz).await;
    let before = fake.asked().len();
    desired.image = desired.spec.url.trim_start_matches("oci://").to_owned();
    desired.spec.phase = Some("AUTHN".to_owned());
    let resolved = Resolved::of_wish(&desired, &registry()).await.unwrap();
    assert_eq!(
        (resolved.url, fake.asked().len()),
        (desired.spec.url, before)
    );
}

#[tokio::test]
async fn an_earlier_version_is_tried_before_it_is_gone_back_to() {
    let (_fake, mut desired) = wish(true, Phase::Authz).await;
    let (resolved, unchecked) = Resolved::of_earlier(&desired, &registry()).await.unwrap();
    assert_eq!(
        (resolved.url.as_str(), unchecked),
        (desired.spec.url.as_str(), None)
    );

    let (repository, _) = desired.spec.url.split_once('@').unwrap();
    desired.spec.url = format!("{repository}@sha256:{}", "0".repeat(64));
    let (_, unchecked) = Resolved::of_earlier(&desired, &registry()).await.unwrap();
    let why = unchecked.unwrap();
    assert!(why.contains("cannot be pulled from here"), "{why}");

    let (_fake, refusing) = wish(false, Phase::Authz).await;
    let error = Resolved::of_earlier(&refusing, &registry())
        .await
        .unwrap_err();
    assert_eq!(error.exit(), Exit::BadInput);
}
