//! Where things go.

use super::*;
use crate::bundle::chart_name;

fn entry(kind: Kind, name: &str, content: &str) -> Entry {
    Entry {
        kind,
        name: name.to_owned(),
        manifest: Descriptor {
            media_type: String::new(),
            digest: Digest::of(content.as_bytes()).to_string(),
            size: 1,
        },
    }
}

fn placed(kind: Kind, name: &str) -> String {
    let entry = entry(kind, name, "");
    places("r.site:5000/mesh", [&entry].into_iter()).unwrap()[0].to_string()
}

#[test]
fn what_follows_the_registry_stays() {
    let digest = Digest::of(b"");
    let cases = [
        (
            Kind::Chart,
            chart_name("istiod", "1.31.0+a"),
            "charts/istiod:1.31.0_a".to_owned(),
        ),
        (
            Kind::Image,
            "docker.io/istio/pilot:1.31.0".to_owned(),
            "istio/pilot:1.31.0".to_owned(),
        ),
        (
            Kind::Plugin,
            "r.example:5000/weft/x:1".to_owned(),
            "weft/x:1".to_owned(),
        ),
        (
            Kind::Image,
            format!("r.example/x@{digest}"),
            format!("x@{digest}"),
        ),
    ];
    for (kind, name, wanted) in cases {
        assert_eq!(
            placed(kind, &name),
            format!("r.site:5000/mesh/{wanted}"),
            "{name}"
        );
    }
}

#[test]
fn two_things_under_one_name_are_refused() {
    let one = entry(Kind::Image, "a.example/istio/pilot:1", "1");
    let same = entry(Kind::Image, "b.example/istio/pilot:1", "1");
    let other = entry(Kind::Image, "b.example/istio/pilot:1", "2");
    assert!(places("r.site", [&one, &same].into_iter()).is_ok());
    let error = places("r.site", [&one, &other].into_iter()).unwrap_err();
    let words = "a.example/istio/pilot:1 and b.example/istio/pilot:1 would both become r.site/istio/pilot:1";
    assert!(error.to_string().contains(words), "{error}");
    let bad = entry(Kind::Image, "not a name", "");
    assert!(places("r.site", [&bad].into_iter()).is_err());
}

#[test]
fn a_destination_is_a_registry_and_maybe_more() {
    for text in [
        "r.site",
        "r.site:5000/mesh/",
        "oci://localhost/a/b",
        "127.0.0.1:5000",
    ] {
        assert!(Destination::parse(text).is_ok(), "{text}");
    }
    for text in [
        "",
        "mesh",
        "r.site/mesh:1",
        "r.site/Mesh",
        "https://r.site",
        "istio/mesh",
    ] {
        let error = Destination::parse(text).unwrap_err().to_string();
        assert!(error.contains("REGISTRY/PREFIX"), "{text}: {error}");
    }
}
