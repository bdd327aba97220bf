use super::*;
use proptest::prelude::*;

fn agrees<M: Measure>(text: &str) -> Option<u128> {
    let schema = serde_json::json!({"pattern": M::PATTERN});
    let valid = jsonschema::validator_for(&schema)
        .unwrap()
        .is_valid(&text.into());
    let read = text.parse::<Quantity<M>>();
    assert_eq!(valid, read.is_ok(), "{} {text:?}", M::NAME);
    read.ok().map(|quantity| quantity.worth())
}

#[test]
fn worths() {
    for (text, wanted) in [
        ("500m", Some(500)),
        ("2", Some(2_000)),
        ("0.5", Some(500)),
        ("1.25", Some(1_250)),
        ("1.2345", None),
        ("0.5m", None),
        ("1Mi", None),
        ("-1", None),
        ("", None),
    ] {
        assert_eq!(agrees::<Core>(text), wanted, "{text}");
    }
    for (text, wanted) in [
        ("512Mi", Some(512 << 20)),
        ("1Gi", Some(1 << 30)),
        ("1G", Some(1_000_000_000)),
        ("1000", Some(1_000)),
        ("128m", None),
        ("1.5Gi", None),
        ("1gb", None),
        ("Mi", None),
    ] {
        assert_eq!(agrees::<Bytes>(text), wanted, "{text}");
    }
    for (text, wanted) in [
        ("15s", Some(15_000)),
        ("5m", Some(300_000)),
        ("20ms", Some(20)),
        ("1h", Some(3_600_000)),
        ("15", None),
        ("1.5s", None),
        ("1d", None),
    ] {
        assert_eq!(agrees::<Time>(text), wanted, "{text}");
    }
}

#[test]
fn protocol_buffers_know_seconds_only() {
    for (text, wanted) in [
        ("5m", "300s"),
        ("1500ms", "1.500s"),
        ("20ms", "0.020s"),
        ("0s", "0s"),
    ] {
        assert_eq!(text.parse::<Seconds>().unwrap().protobuf(), wanted);
    }
}

proptest! {
    #[test]
    fn the_patterns_and_the_reader_agree(text in "[0-9.]{0,17}(m|s|h|ms|k|Ki|Mi|Ti|G|T|E|x)?") {
        agrees::<Core>(&text);
        agrees::<Bytes>(&text);
        agrees::<Time>(&text);
    }
}
