use super::upgrade::Step;
use super::*;
use proptest::prelude::*;

fn istio(text: &str) -> IstioVersion {
    text.parse().unwrap()
}

#[test]
fn versions_of_istio() {
    for (text, canonical) in [
        ("1.31.0", "1.31.0"),
        ("v1.31.0", "1.31.0"),
        ("1.31", "1.31"),
        ("v1.30-latest", "1.30"),
        ("1.30.3-alpha.0", "1.30.3-alpha.0"),
        ("1.23.6-mspider", "1.23.6-mspider"),
    ] {
        let version = istio(text);
        assert_eq!(version.to_string(), canonical, "{text}");
        assert_eq!(istio(canonical), version, "{text}");
    }
    for wrong in [
        "latest",
        "stable",
        "",
        "1",
        "1.31.0.1",
        "1.31.x",
        "1.31-rc.1",
        "1.31.0-",
        "1.31.0-latest.",
        "1..0",
        " 1.31.0",
        "1.31.0+x",
        "1.3100",
        "-1.31",
    ] {
        let refused = VersionError::Istio(wrong.to_owned());
        assert_eq!(wrong.parse::<IstioVersion>(), Err(refused), "{wrong}");
    }
}

#[test]
fn versions_of_kubernetes() {
    for (text, minor) in [
        ("1.34", 34),
        ("v1.34.4", 34),
        ("v1.28.3+rke2r1", 28),
        ("v1.31.2-gke.100", 31),
        ("v1.30.0-eks-036c24b", 30),
        ("v1.33.1+k3s1", 33),
        ("1.30+", 30),
        ("v1.27.3-aliyun.1", 27),
    ] {
        let version: KubernetesVersion = text.parse().unwrap();
        assert_eq!((version.major, version.minor), (1, minor), "{text}");
        assert_eq!(version.to_string(), text);
    }
    for wrong in ["", "v1", "1.x", "1.34.4.1", "latest", "+1.34"] {
        assert!(wrong.parse::<KubernetesVersion>().is_err(), "{wrong}");
    }
}

#[test]
fn the_matrix() {
    let cases = [
        ("1.31.0", "v1.34.4", "supported"),
        ("1.31", "v1.32.0-eks-1", "supported"),
        ("1.31.0", "v1.31.9", "too-old"),
        ("1.30.3", "1.37", "too-new"),
        ("1.29.1", "1.35", "supported"),
        ("1.28.0", "1.35", "too-new"),
        ("1.27.0", "1.28", "too-old"),
        ("1.26.0", "v1.28.3+rke2r1", "tested-not-supported"),
        ("1.26.0", "1.23", "too-old"),
        ("1.20.0", "1.22", "too-old"),
        ("1.12.0", "1.22", "unknown"),
        ("1.32.0", "1.36", "unknown"),
        ("2.31.0", "1.34", "unknown"),
        ("1.31.0", "2.34", "unknown"),
    ];
    for (version, kubernetes, wanted) in cases {
        let (version, kubernetes) = (istio(version), kubernetes.parse().unwrap());
        let found = support(&version, &kubernetes);
        let answer = serde_json::to_value(&found).unwrap();
        assert_eq!(answer["answer"], wanted, "{version} on {kubernetes}");
        assert_eq!(found.is_fine(), wanted == "supported");
        let words = found.words(&version, &kubernetes);
        assert!(words.contains(&kubernetes.to_string()), "{words}");
    }
}

#[test]
fn steps() {
    let cases = [
        ("1.30.3", "1.30.3", Ok(Step::None)),
        ("1.30.3", "1.30.4", Ok(Step::Patch)),
        ("1.30.3", "1.30", Ok(Step::Patch)),
        ("1.31.0-rc.1", "1.31.0", Ok(Step::Patch)),
        ("1.30.3", "1.31.0", Ok(Step::Minor)),
        ("1.30", "1.31", Ok(Step::Minor)),
        (
            "1.29.0",
            "1.31.0",
            Err(
                "from Istio 1.29.0 to 1.31.0 is more than one minor version: upgrade to 1.30 first",
            ),
        ),
        ("1.31.0", "2.0.0", Err("upgrade to 1.32 first")),
        ("1.31.0", "1.30.9", Err("Istio 1.30.9 is older than 1.31.0")),
        ("1.31.0", "1.31.0-rc.1", Err("not downgraded")),
    ];
    for (from, to, wanted) in cases {
        match (upgrade(&istio(from), &istio(to)), wanted) {
            (Ok(step), Ok(wanted)) => assert_eq!(step, wanted, "{from} to {to}"),
            (Err(error), Err(words)) => {
                assert!(error.to_string().contains(words), "{error}");
            }
            (found, _) => panic!("{from} to {to}: {found:?}"),
        }
    }
}

#[test]
fn proxies_and_their_control_plane() {
    let cases = [
        ("1.31.0", "1.31.0", None),
        ("1.31.0", "1.31.4", None),
        ("1.31.0", "1.30.3", None),
        ("1.31.0", "1.29.9", Some("restart their workloads")),
        ("1.30.0", "1.31.0", Some("upgrade the control plane first")),
    ];
    for (control, proxy, wanted) in cases {
        let found = skew(&istio(control), &istio(proxy))
            .err()
            .map(|error| error.to_string());
        match wanted {
            None => assert_eq!(found, None, "{control} and {proxy}"),
            Some(words) => assert!(found.unwrap().contains(words), "{control} and {proxy}"),
        }
    }
}

proptest! {
    /// What is published as a pattern is what is read.
    #[test]
    fn the_pattern_and_the_reader_agree(text in "v?[0-9x]{1,2}(\\.[0-9]{0,6}){0,3}(-[a-z0-9.]{0,6}|-latest)?") {
        let validator = jsonschema::validator_for(&serde_json::json!({"pattern": ISTIO_PATTERN})).unwrap();
        let read = text.parse::<IstioVersion>();
        prop_assert_eq!(validator.is_valid(&text.clone().into()), read.is_ok(), "{}", text);
        if let Ok(version) = read {
            prop_assert_eq!(istio(&version.to_string()), version);
        }
    }
}
