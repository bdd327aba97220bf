use super::*;

#[derive(Debug, PartialEq)]
struct Sample {
    name: String,
    rate: u64,
    every: Option<Duration>,
}

use std::time::Duration;

fn sample(text: &str) -> Result<Sample, String> {
    read(text.as_bytes(), |object| {
        let name = object.required("name", |value| value.text().map(str::to_owned));
        let rate = object.required("rate", |value| value.integer(&(1..=1000)));
        let every = object.optional("every", Value::duration);
        Ok(Sample {
            name: name?,
            rate: rate?,
            every: every?,
        })
    })
    .map_err(|errors| errors.to_string())
}

#[test]
fn reads_what_is_right() {
    let right = Sample {
        name: "a".into(),
        rate: 5,
        every: Some(Duration::from_millis(250)),
    };
    assert_eq!(
        sample(r#"{"name":"a","rate":5,"every":"250ms"}"#),
        Ok(right)
    );
}

#[test]
fn a_struct_that_knows_only_floating_point_is_read_as_it_was_meant() {
    assert_eq!(
        sample(r#"{"name":"a","rate":5.0}"#).map(|found| found.rate),
        Ok(5)
    );
    assert_eq!(
        sample(r#"{"name":"a","rate":1e3}"#).map(|found| found.rate),
        Ok(1000)
    );
}

#[test]
fn says_every_mistake_at_once() {
    let said = sample(r#"{"name":"","rate":0.5,"every":"soon","brust":1}"#).unwrap_err();
    let wanted = [
        "/name: must not be empty",
        "/rate: must be a whole number from 1 to 1000, is 0.5",
        "/every: must be a time such as 250ms, 1s, 5m or 1h, is \"soon\"",
        "/brust: unknown field; the fields here are name, rate, every",
    ];
    assert_eq!(said, wanted.join("\n"));
}

#[test]
fn mistakes_by_themselves() {
    let table = [
        ("", "/: field `name` is missing\n/: field `rate` is missing"),
        ("[]", "/: must be an object, is a list"),
        (
            "{",
            "/: this is not JSON: EOF while parsing an object at line 1 column 1",
        ),
        (
            r#"{"name":"a","rate":5,"rate":6}"#,
            "/rate: the field stands here more than once",
        ),
        (
            r#"{"name":"a","rate":"5"}"#,
            "/rate: must be a whole number from 1 to 1000, is \"5\"",
        ),
        (
            r#"{"name":"a","rate":-5}"#,
            "/rate: must be a whole number from 1 to 1000, is -5",
        ),
        (
            r#"{"name":"a","rate":1001}"#,
            "/rate: must be a whole number from 1 to 1000, is 1001",
        ),
        (
            r#"{"name":"a","rate":5,"every":"0s"}"#,
            "/every: must be a time such as 250ms, 1s, 5m or 1h, is \"0s\"",
        ),
        (
            r#"{"name":"a","rate":5,"every":"99999999999999999999h"}"#,
            "/every: must be a time such as 250ms, 1s, 5m or 1h, is \"99999999999999999999h\"",
        ),
        (
            r#"{"name":"a","rate":5,"a/b~c":1}"#,
            "/a~1b~0c: unknown field; the fields here are name, rate, every",
        ),
    ];
    for (text, wanted) in table {
        assert_eq!(sample(text).unwrap_err(), wanted, "{text}");
    }
}

#[test]
fn hostile_nesting_ends_in_an_error() {
    let text = "[".repeat(100_000);
    assert!(sample(&text).unwrap_err().contains("recursion limit"));
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let _outcome = read(&bytes, |object| object.required("a", |value| value.list(Value::string).map(|_| ())));
    }
}
