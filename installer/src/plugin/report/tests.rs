//! What is said of a deployment that was cut off.

use serde_json::json;

use super::*;
use crate::output::{Format, Settings, Terminal, render};
use crate::plugin::record::Rollout;
use crate::plugin::selection::Selection;
use crate::plugin::snapshot::PodName;
use crate::plugin::verdict::Verdict;
use crate::plugin::wasmplugin::WasmPluginSpec;

fn object(rollout: Rollout) -> WasmPlugin {
    let spec = WasmPluginSpec {
        url: "oci://r/x@sha256:1".to_owned(),
        ..WasmPluginSpec::default()
    };
    let mut object = WasmPlugin::new("x", spec.clone());
    object.metadata.namespace = Some("shop".to_owned());
    let first = Record::first("r/x:1".to_owned(), "t");
    Record { rollout, ..first }.write(&spec, &mut object.metadata);
    object
}

fn status(rollout: Rollout, state: State, why: &str) -> PluginStatus {
    let pod = PodName {
        namespace: "shop".to_owned(),
        name: "a".to_owned(),
    };
    let seen = vec![Sighting::of(pod, Verdict::new(state, why))];
    PluginStatus::of(&object(rollout), &Selection::default(), seen)
}

fn shown(report: &impl crate::output::Report) -> (String, serde_json::Value) {
    let show = |format| {
        let settings = Settings {
            format,
            ..Settings::default()
        };
        render(settings, Terminal::default(), report).unwrap()
    };
    (
        show(Format::Table),
        serde_json::from_str(&show(Format::Json)).unwrap(),
    )
}

#[test]
fn a_first_version_that_is_still_open_is_not_well() {
    let open = status(Rollout::Opening, State::Running, "");
    assert!(!open.is_well());
    let report = StatusReport {
        plugins: vec![open],
        wide: false,
    };
    let (table, json) = shown(&report);
    assert!(table.contains("it fails open until"), "{table}");
    assert_eq!(json[0]["pending"], json!(true));
    assert!(
        json[0]["reason"].as_str().unwrap().contains("cut off"),
        "{json}"
    );

    assert!(!status(Rollout::Pending, State::Running, "").is_well());
    assert!(status(Rollout::Settled, State::Running, "").is_well());
    let both = serde_json::to_value(status(Rollout::Pending, State::Pulling, "slow")).unwrap();
    assert!(
        both["reason"]
            .as_str()
            .unwrap()
            .starts_with("slow; its deployment"),
        "{both}"
    );
}

#[test]
fn a_list_shows_it_too() {
    let report = ListReport::of(&[object(Rollout::Settled), object(Rollout::Opening)]);
    let (table, json) = shown(&report);
    assert!(!report.is_settled());
    assert!(table.contains("it fails open until"), "{table}");
    assert_eq!(
        (&json[0]["pending"], &json[1]["pending"]),
        (&json!(false), &json!(true))
    );
    assert!(ListReport::of(&[object(Rollout::Settled)]).is_settled());
}
