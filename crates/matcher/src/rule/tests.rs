use filter::{Headers, config};

use super::*;

fn read_text(text: &str) -> Result<Match, String> {
    config::read(text.as_bytes(), |fields| fields.required("match", read))
        .map_err(|errors| errors.to_string())
}

fn request(headers: &[(&str, &str)]) -> Headers {
    let defaults = [
        (":method", "GET"),
        (":authority", "example.com"),
        (":path", "/api/users"),
    ];
    defaults
        .iter()
        .chain(headers)
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect()
}

#[test]
fn joins_conditions_by_and_and_lists_by_or() {
    let extra = [("x-tier", "gold"), ("x-tier", "old"), ("x-empty", "")];
    let headers = request(&extra);
    let table = [
        (r#"{"hosts":["a.org","*.com"]}"#, true),
        (r#"{"hosts":["a.org"]}"#, false),
        (r#"{"paths":[{"exact":"/x"},{"prefix":"/api"}]}"#, true),
        (r#"{"paths":[{"exact":"/api"}]}"#, false),
        (r#"{"methods":["POST","GET"]}"#, true),
        (r#"{"methods":["POST"]}"#, false),
        (r#"{"methods":["GET"],"hosts":["a.org"]}"#, false),
        (r#"{"headers":[{"name":"X-Tier","exact":"gold"}]}"#, true),
        (r#"{"headers":[{"name":"x-tier","exact":"old"}]}"#, true),
        (r#"{"headers":[{"name":"x-tier","exact":"gol"}]}"#, false),
        (
            r#"{"headers":[{"name":"x-tier","oneOf":["silver","old"]}]}"#,
            true,
        ),
        (
            r#"{"headers":[{"name":"x-tier","oneOf":["silver"]}]}"#,
            false,
        ),
        (r#"{"headers":[{"name":"x-tier","prefix":"go"}]}"#, true),
        (r#"{"headers":[{"name":"x-tier","prefix":"x"}]}"#, false),
        (r#"{"headers":[{"name":"x-tier","present":true}]}"#, true),
        (r#"{"headers":[{"name":"x-tier","present":false}]}"#, false),
        (r#"{"headers":[{"name":"x-none","present":false}]}"#, true),
        (r#"{"headers":[{"name":"x-none","present":true}]}"#, false),
        (r#"{"headers":[{"name":"x-empty","exact":""}]}"#, true),
        (
            r#"{"headers":[{"name":"x-tier","present":true},{"name":"x-none","present":true}]}"#,
            false,
        ),
    ];
    for (text, wanted) in table {
        let rule = read_text(&format!(r#"{{"match":{text}}}"#)).unwrap();
        assert_eq!(rule.matches(&RequestLine::new(&headers)), wanted, "{text}");
    }
}

#[test]
fn what_a_request_lacks_meets_no_condition() {
    let headers = Headers::new();
    for text in [
        r#"{"hosts":["a.org"]}"#,
        r#"{"paths":[{"prefix":"/"}]}"#,
        r#"{"methods":["GET"]}"#,
    ] {
        let rule = read_text(&format!(r#"{{"match":{text}}}"#)).unwrap();
        assert!(!rule.matches(&RequestLine::new(&headers)), "{text}");
    }
    assert!(Match::default().matches(&RequestLine::new(&headers)));
}

#[test]
fn values_are_bytes() {
    let rule = read_text(r#"{"match":{"headers":[{"name":"x","prefix":"a"}]}}"#).unwrap();
    let headers: Headers = [("x", &b"a\xff"[..])].into_iter().collect();
    assert!(rule.matches(&RequestLine::new(&headers)));
}

#[test]
fn says_everything_that_is_wrong() {
    let table = [
        (
            "{}",
            "/match: has no condition; leave it out to match every request",
        ),
        (
            r#"{"hosts":[],"path":[]}"#,
            "/match/hosts: must have at least one item\n\
             /match/path: unknown field; the fields here are hosts, paths, methods, headers",
        ),
        (
            r#"{"hosts":["https://a"],"methods":["Get"]}"#,
            "/match/hosts/0: must be a host such as example.com, example.com:8443 or *.example.com, is \"https://a\"\n\
             /match/methods/0: must be a method in capitals such as GET, is \"Get\"",
        ),
        (
            r#"{"paths":[{},{"exact":"/a","prefix":"/a"},{"exact":"a"},{"prefix":"/a/"},{"prefix":"/%61"},{"exact":"/a/../b"}]}"#,
            "/match/paths/0: needs exactly one of exact, prefix\n\
             /match/paths/1: needs exactly one of exact, prefix\n\
             /match/paths/2/exact: must be a path that begins with / and has no .. or # in it, is \"a\"\n\
             /match/paths/3/prefix: must be written as requests are compared, \"/a\" instead of \"/a/\"\n\
             /match/paths/4/prefix: must be written as requests are compared, \"/a\" instead of \"/%61\"\n\
             /match/paths/5/exact: must be a path that begins with / and has no .. or # in it, is \"/a/../b\"",
        ),
        (
            r#"{"headers":[{"name":":path","exact":"/"},{"name":"x"},{"name":"x","exact":" a"},{"exact":"a\n"}]}"#,
            "/match/headers/0/name: must be the name of a header such as x-user, is \":path\"\n\
             /match/headers/1: needs exactly one of present, exact, oneOf, prefix\n\
             /match/headers/2/exact: must not begin or end with a blank or contain a line break: no header does\n\
             /match/headers/3: field `name` is missing\n\
             /match/headers/3/exact: must not begin or end with a blank or contain a line break: no header does",
        ),
    ];
    for (text, wanted) in table {
        let found = read_text(&format!(r#"{{"match":{text}}}"#)).unwrap_err();
        assert_eq!(found, wanted, "{text}");
    }
}
