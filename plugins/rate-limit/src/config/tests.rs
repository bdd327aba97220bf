use super::*;

fn mistakes(text: &str) -> String {
    read(text.as_bytes()).unwrap_err().to_string()
}

/// A configuration of one rule with these fields besides the required ones.
fn with(fields: &str) -> String {
    format!(
        r#"{{"rules": [{{"name": "a", "key": [{{"path": {{}}}}], "limit": {{"requests": 1, "per": "1s"}}{fields}}}]}}"#
    )
}

#[test]
fn has_one_default_for_everything_that_may_be_left_out() {
    let config = read(with("").as_bytes()).unwrap();
    let one = NonZeroU32::MIN;
    let rule = Rule {
        name: "a".into(),
        matching: Match::default(),
        key: Key(vec![Part::Path]),
        limit: Limit::new(one, Duration::from_secs(1), one),
        keyless: Keyless::Share,
        shadow: false,
        keys: 4096,
        refusal: Refusal::default(),
    };
    let wanted = Config {
        rules: vec![rule],
        failure: Failure::Closed,
    };
    assert_eq!(config, wanted);
}

#[test]
fn reads_everything_that_can_be_said() {
    let text = r#"{"failureMode": "open", "rules": [{
        "name": "per-client-2", "match": {"methods": ["GET"]}, "shadow": true, "onMissingKey": "refuse", "maxKeys": 9,
        "key": [{"header": "X-User"}, {"sourceAddress": {"ipv4Prefix": 24, "ipv6Prefix": 48}}, {"path": {}}, {"constant": "c"}],
        "limit": {"requests": 7, "per": "1m", "burst": 20},
        "response": {"status": 503, "body": "", "headers": {"X-Why": "limit"}, "grpcStatus": 14}
    }]}"#;
    let config = read(text.as_bytes()).unwrap();
    let rule = &config.rules[0];
    let number = |number| NonZeroU32::new(number).unwrap();
    let key = Key(vec![
        Part::Header("x-user".into()),
        Part::SourceAddress(Prefixes { ipv4: 24, ipv6: 48 }),
        Part::Path,
        Part::Constant("c".into()),
    ]);
    let refusal = Refusal {
        status: 503,
        body: String::new(),
        headers: vec![("x-why".into(), "limit".into())],
        grpc_status: 14,
    };
    assert_eq!(config.failure, Failure::Open);
    assert_eq!(
        (&rule.name, rule.keys, rule.shadow),
        (&"per-client-2".to_owned(), 9, true)
    );
    assert_eq!(
        rule.limit,
        Limit::new(number(7), Duration::from_mins(1), number(20))
    );
    assert_eq!((&rule.key, &rule.refusal), (&key, &refusal));
    assert_eq!(rule.keyless, Keyless::Refuse);
    assert_ne!(rule.matching, Match::default());
}

#[test]
fn a_constant_key_has_one_bucket() {
    let text = r#"{"rules": [{"name": "a", "key": [{"constant": "x"}], "limit": {"requests": 1, "per": "1s"}}]}"#;
    assert_eq!(read(text.as_bytes()).unwrap().rules[0].keys, 1);
}

#[test]
fn says_what_is_wrong_where_and_what_to_write() {
    let table = [
        ("", "/: field `rules` is missing".to_owned()),
        (
            r#"{"rules": []}"#,
            "/rules: must have at least one item".to_owned(),
        ),
        (
            r#"{"rules": [{}], "failuremode": "open"}"#,
            "/rules/0: field `name` is missing\n\
             /rules/0: field `key` is missing\n\
             /rules/0: field `limit` is missing\n\
             /failuremode: unknown field; the fields here are rules, failureMode"
                .to_owned(),
        ),
    ];
    for (text, wanted) in table {
        assert_eq!(mistakes(text), wanted, "{text}");
    }
}

#[test]
fn says_what_is_wrong_with_a_rule() {
    let table = [
        (r#", "name": "b""#, "/name: the field stands here more than once".to_owned()),
        (r#", "shadow": 1"#, "/shadow: must be true or false, is 1".to_owned()),
        (r#", "onMissingKey": "allow""#, "/onMissingKey: must be one of share, skip, refuse, is \"allow\"".to_owned()),
        (r#", "maxKeys": 0"#, "/maxKeys: must be a whole number from 1 to 1048576, is 0".to_owned()),
        (r#", "response": {"status": 200}"#, "/response/status: must be a whole number from 400 to 599, is 200".to_owned()),
        (r#", "response": {"grpcStatus": 0}"#, "/response/grpcStatus: must be a whole number from 1 to 16, is 0".to_owned()),
        (r#", "response": {"headers": {"a b": "x"}}"#, "/response/headers/a b: \"a b\" is not the name of a header".to_owned()),
        (
            r#", "response": {"headers": {"Retry-After": "1"}}"#,
            "/response/headers/Retry-After: is a header that the plugin or the proxy writes itself".to_owned(),
        ),
        (
            r#", "response": {"headers": {"x": "a\r\nb"}}"#,
            "/response/headers/x: must not begin or end with a blank or contain a line break".to_owned(),
        ),
        (r#", "keys": [{}]"#, "/keys: unknown field; the fields here are name, match, key, limit, onMissingKey, shadow, maxKeys, response".to_owned()),
    ];
    for (fields, wanted) in table {
        assert_eq!(
            mistakes(&with(fields)),
            format!("/rules/0{wanted}"),
            "{fields}"
        );
    }
}

#[test]
fn says_what_is_wrong_with_a_key() {
    let header = "needs exactly one of header, sourceAddress, path, constant";
    let keys = [
        ("[]", "/key: must have at least one item".to_owned()),
        ("[{}]", format!("/key/0: {header}")),
        (
            r#"[{"path": {}, "constant": "x"}]"#,
            format!("/key/0: {header}"),
        ),
        (
            r#"[{"path": {"x": 1}}]"#,
            "/key/0/path/x: unknown field; the fields here are ".to_owned(),
        ),
        (
            r#"[{"header": ":path"}]"#,
            "/key/0/header: must be the name of a header such as x-user, is \":path\"".to_owned(),
        ),
        (
            r#"[{"sourceAddress": {"ipv4Prefix": 33}}]"#,
            "/key/0/sourceAddress/ipv4Prefix: must be a whole number from 1 to 32, is 33"
                .to_owned(),
        ),
    ];
    for (key, wanted) in keys {
        let text = format!(
            r#"{{"rules": [{{"name": "a", "key": {key}, "limit": {{"requests": 1, "per": "1s"}}}}]}}"#
        );
        assert_eq!(mistakes(&text), format!("/rules/0{wanted}"), "{key}");
    }
}

#[test]
fn says_what_is_wrong_with_a_limit() {
    let limits = [
        (
            r#"{"requests": 0, "per": "1s"}"#,
            "/requests: must be a whole number from 1 to 1000000, is 0",
        ),
        (
            r#"{"requests": 1, "per": "1"}"#,
            "/per: must be a time such as 250ms, 1s, 5m or 1h, is \"1\"",
        ),
        (
            r#"{"requests": 1, "per": "745h"}"#,
            "/per: must be at most 744h, is \"745h\"",
        ),
        (
            r#"{"requests": 1, "per": "1s", "burst": 0.5}"#,
            "/burst: must be a whole number from 1 to 1000000, is 0.5",
        ),
    ];
    for (limit, wanted) in limits {
        let text = format!(
            r#"{{"rules": [{{"name": "a", "key": [{{"path": {{}}}}], "limit": {limit}}}]}}"#
        );
        assert_eq!(
            mistakes(&text),
            format!("/rules/0/limit{wanted}"),
            "{limit}"
        );
    }
}

#[test]
fn names_are_those_of_metrics_and_are_there_once() {
    let named = |name: &str| {
        format!(
            r#"{{"name": "{name}", "key": [{{"constant": "x"}}], "limit": {{"requests": 1, "per": "1s"}}}}"#
        )
    };
    let twice = format!(r#"{{"rules": [{}, {}]}}"#, named("a"), named("a"));
    assert_eq!(
        mistakes(&twice),
        "/rules/1/name: is the name of two rules, \"a\""
    );
    for name in ["a_b", "A", "a.b", "ä"] {
        let wanted = format!(
            "/rules/0/name: must be at most 63 small letters, digits and hyphens, since metrics are named after it, is {name:?}"
        );
        assert_eq!(
            mistakes(&format!(r#"{{"rules": [{}]}}"#, named(name))),
            wanted
        );
    }
}

#[test]
fn the_number_of_rules_is_bounded() {
    let rules = |count: usize| {
        let rule = |index| {
            format!(
                r#"{{"name": "r{index}", "key": [{{"constant": "x"}}], "limit": {{"requests": 1, "per": "1s"}}}}"#
            )
        };
        let rules: Vec<_> = (0..count).map(rule).collect();
        format!(r#"{{"rules": [{}]}}"#, rules.join(","))
    };
    assert!(read(rules(RULES).as_bytes()).is_ok());
    assert_eq!(
        mistakes(&rules(65)),
        "/rules: must be at most 64 rules, are 65"
    );
}

#[test]
fn a_constant_key_takes_no_number_of_keys() {
    let text = r#"{"rules": [{"name": "a", "key": [{"constant": "x"}], "limit": {"requests": 1, "per": "1s"}, "maxKeys": 5}]}"#;
    assert_eq!(
        mistakes(text),
        "/rules/0: has one bucket, its key being constant: leave maxKeys out"
    );
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        drop(read(&bytes));
    }
}

#[test]
fn the_memory_of_all_rules_together_is_bounded() {
    let rule = |name: &str, keys: u32| {
        format!(
            r#"{{"name": "{name}", "key": [{{"header": "x"}}], "limit": {{"requests": 1, "per": "1s"}}, "maxKeys": {keys}}}"#
        )
    };
    let rules = |names: &[&str], keys: u32| {
        format!(
            r#"{{"rules": [{}]}}"#,
            names
                .iter()
                .map(|name| rule(name, keys))
                .collect::<Vec<_>>()
                .join(",")
        )
    };
    assert!(read(rules(&["a", "b"], 1_048_576).as_bytes()).is_ok());
    // What is rounded up takes its memory too.
    for keys in [1_048_576, 524_289] {
        assert_eq!(
            mistakes(&rules(&["a", "b", "c"], keys)),
            "/rules: must have at most 2097152 keys in all (64 MiB in each proxy), have 3145728, each rule's rounded up to a power of two: lower maxKeys"
        );
    }
}
