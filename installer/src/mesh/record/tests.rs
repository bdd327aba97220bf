use super::*;

fn record() -> MeshRecord {
    MeshRecord {
        name: "shop".to_owned(),
        root_namespace: "istio-system".to_owned(),
        spec: Some("kind: Mesh\n".to_owned()),
        state: MeshState {
            engine: Some(Engine::Charts),
            revision: Some("1-31".to_owned()),
            version: Some("1.31.0".to_owned()),
            previous_revision: Some("1-30".to_owned()),
            previous_version: Some("1.30.3".to_owned()),
            protected: true,
            ..MeshState::new(Mode::Dedicated, Phase::Updating)
        },
        resource_version: None,
    }
}

#[test]
fn what_is_written_is_read() {
    let object: ConfigMap = serde_json::from_value(record().object().unwrap()).unwrap();
    assert_eq!(MeshRecord::read(&object), Some(Ok(record())));
}

#[test]
fn the_state_is_in_the_words_that_programs_know() {
    let state = json!(record().state);
    assert_eq!(
        state,
        json!({
            "mode": "DEDICATED", "engine": "charts", "phase": "UPDATING", "revision": "1-31", "version": "1.31.0",
            "previousRevision": "1-30", "previousVersion": "1.30.3", "protected": true,
        })
    );
}

#[test]
fn a_record_that_somebody_broke_is_named() {
    for (data, why) in [
        (json!({}), "it is missing"),
        (json!({"state.json": "{"}), "EOF"),
        (
            json!({"state.json": "{\"mode\": \"MINE\", \"phase\": \"FAILED\"}"}),
            "unknown variant `MINE`",
        ),
    ] {
        let object =
            json!({"metadata": {"name": "weft-mesh-shop", "namespace": "mesh"}, "data": data});
        let object: ConfigMap = serde_json::from_value(object).unwrap();
        let text = MeshRecord::read(&object).unwrap().unwrap_err().to_string();
        assert!(
            text.starts_with("ConfigMap mesh/weft-mesh-shop is no record of a mesh: ")
                && text.contains(why),
            "{text}"
        );
    }
}

#[test]
fn other_config_maps_are_none() {
    let object: ConfigMap =
        serde_json::from_value(json!({"metadata": {"name": "istio", "namespace": "istio-system"}}))
            .unwrap();
    assert_eq!(MeshRecord::read(&object), None);
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let mut record = record();
    record.spec = Some("x".repeat(LARGEST + 1));
    assert!(
        matches!(record.object(), Err(RecordError::Large { bytes, .. }) if bytes == LARGEST + 1)
    );
}

#[test]
fn names() {
    for fine in ["a", "shop", "shop-2", "a1"] {
        assert_eq!(check_name(fine), Ok(()), "{fine}");
    }
    let long = "a".repeat(51);
    for wrong in ["", "1a", "-a", "a-", "Shop", "a.b", "a_b", "ä", &long] {
        assert!(check_name(wrong).is_err(), "{wrong}");
    }
}
