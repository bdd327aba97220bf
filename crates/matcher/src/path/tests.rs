use proptest::prelude::*;
use proptest::sample::select;

use super::*;

fn normal(path: &str) -> String {
    match normalise(path.as_bytes()) {
        Path::Normal(path) => String::from_utf8_lossy(&path).into_owned(),
        Path::Ambiguous => "ambiguous".to_owned(),
    }
}

#[test]
fn undoes_every_spelling() {
    let table = [
        ("/", "/"),
        ("/api", "/api"),
        ("/api/", "/api"),
        ("/api?x=/../y;z#", "/api"),
        ("?", "ambiguous"),
        ("", "ambiguous"),
        ("*", "*"),
        ("api", "ambiguous"),
        ("http://host/api", "ambiguous"),
        ("//api///users//", "/api/users"),
        ("//", "/"),
        ("/%61pi", "/api"),
        ("/%2561pi", "/%61pi"),
        ("/api%2Fusers", "/api/users"),
        ("/api%2fusers", "/api/users"),
        ("\\api\\users", "ambiguous"),
        ("/api\\users%5Cx", "/api/users/x"),
        ("/./api/.", "/api"),
        ("/%2e/api", "/api"),
        ("/.well-known/x", "/.well-known/x"),
        ("/...", "/..."),
        ("/a..b", "/a..b"),
        ("/api;jsessionid=1/users;x", "/api/users"),
        ("/api%3bx/users", "/api/users"),
        ("/;x/api", "/api"),
        ("/api/..", "ambiguous"),
        ("/api/../x", "ambiguous"),
        ("/api/%2e%2E/x", "ambiguous"),
        ("/api/..;x/y", "ambiguous"),
        ("/x%2f..%2fapi", "ambiguous"),
        ("/x\\..\\api", "ambiguous"),
        ("/x?/../api", "/x"),
        ("/api#x", "ambiguous"),
        ("/api%23x", "/api#x"),
        ("/api%3Fx", "/api?x"),
        ("/api%00", "ambiguous"),
        ("/k%C3%A4se", "/käse"),
        ("/käse", "/käse"),
        ("/100%", "/100%"),
        ("/%zz%4", "/%zz%4"),
        ("/API", "/API"),
    ];
    for (path, wanted) in table {
        assert_eq!(normal(path), wanted, "{path}");
    }
}

#[test]
fn a_normal_path_is_not_copied() {
    for path in ["/", "/api/users/17?page=2", "/a.b/c", "/api/"] {
        let found = normalise(path.as_bytes());
        assert!(matches!(found, Path::Normal(Cow::Borrowed(_))), "{path}");
    }
}

#[test]
fn matches_on_the_borders_of_segments() {
    let exact = PathPattern::Exact(b"/api".to_vec());
    let prefix = PathPattern::Prefix(b"/api".to_vec());
    let all = PathPattern::Prefix(b"/".to_vec());
    let table = [
        ("/api", true, true, true),
        ("/api/", true, true, true),
        ("/api/users", false, true, true),
        ("/apis", false, false, true),
        ("/", false, false, true),
        ("/x/../y", true, true, true),
        ("*", false, false, false),
    ];
    for (path, is_exact, is_below, is_any) in table {
        let found = normalise(path.as_bytes());
        let matched = [&exact, &prefix, &all].map(|pattern| pattern.matches(&found));
        assert_eq!(matched, [is_exact, is_below, is_any], "{path}");
    }
}

/// One character of a path, as a client could spell it.
fn spelling(byte: u8) -> impl Strategy<Value = Vec<u8>> {
    let text = |text: &str| text.as_bytes().to_vec();
    let encoded = [format!("%{byte:02x}"), format!("%{byte:02X}")];
    let mut spellings = vec![vec![byte], text(&encoded[0]), text(&encoded[1])];
    if byte == b'/' {
        spellings.extend(["//", "/./", "\\", "%5c", ";x=1/", "/;/", "%3B/", "/%2e/"].map(text));
    }
    select(spellings)
}

fn respelt(path: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let tail = path[1..]
        .iter()
        .map(|byte| spelling(*byte))
        .collect::<Vec<_>>();
    tail.prop_map(|parts| [b"/".to_vec(), parts.concat()].concat())
}

proptest! {
    #[test]
    fn no_spelling_escapes_a_rule(path in respelt(b"/api/v1/users"), tail in "(|/|;x|%2F|/[a-z.%]{0,9})(\\?.*)?") {
        let path = [path, tail.into_bytes()].concat();
        for prefix in ["/api", "/api/v1", "/api/v1/users"] {
            let pattern = PathPattern::Prefix(prefix.as_bytes().to_vec());
            prop_assert!(pattern.matches(&normalise(&path)), "{:?}", String::from_utf8_lossy(&path));
        }
    }

    #[test]
    fn the_normal_form_is_its_own_normal_form_unless_something_was_encoded_twice(path in "/[ab./;\\\\]{0,20}") {
        if let Path::Normal(once) = normalise(path.as_bytes()) {
            prop_assert_eq!(normalise(&once), Path::Normal(once.clone()));
        }
    }

    #[test]
    fn the_short_way_and_the_long_way_agree(path in "/[ab./]{0,20}") {
        if is_normal(path.as_bytes()) {
            prop_assert_eq!(normalise(path.as_bytes()), rewrite(path.as_bytes()));
        }
    }

    #[test]
    fn any_bytes_have_a_form_that_is_no_longer(path: Vec<u8>) {
        if let Path::Normal(found) = normalise(&path) {
            prop_assert!(found.len() <= path.len());
        }
    }
}
