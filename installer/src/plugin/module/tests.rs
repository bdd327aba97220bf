//! Small modules in text form, before and after.

use super::*;
use crate::plugin::metadata::Phase;
use proptest::prelude::*;

/// A module as `host` makes them: its own callbacks beside the SDK's.
const OURS: &str = r#"(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global (export "__heap_base") i32 (i32.const 8))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 0)
  (func (export "_initialize"))
  (func (export "weft_on_configure") (param i32 i32) (result i32) i32.const 1)
  (func (export "weft_on_request_headers") (param i32 i32 i32) (result i32) i32.const 0)
  (func (export "weft_internal"))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) i32.const 0)
  (func (export "proxy_on_tick") (param i32))
  (@custom "producers" "x"))"#;

/// A module as another SDK makes them.
const THEIRS: &str = r#"(module
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 0)
  (func (export "proxy_on_tick") (param i32))
  (func (export "helper")))"#;

fn wasm(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

fn exports(module: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ExportSection(section) = payload.unwrap() {
            names.extend(
                section
                    .into_iter()
                    .map(|export| export.unwrap().name.to_owned()),
            );
        }
    }
    names
}

fn metadata() -> Metadata {
    Metadata {
        name: "tiny".into(),
        version: "1.2.3".into(),
        description: "Does little".into(),
        abi: "0.2.1".into(),
        phase: Phase::Authn,
        callbacks: vec!["on_tick".into()],
        schema: None,
    }
}

#[test]
fn our_callbacks_take_the_names_that_envoy_calls_and_the_sdks_go() {
    let tidied = tidy(&wasm(OURS)).unwrap();
    let wanted = [
        "memory",
        "proxy_abi_version_0_2_1",
        "proxy_on_memory_allocate",
        "_initialize",
        "proxy_on_configure",
        "proxy_on_request_headers",
    ];
    assert_eq!(exports(&tidied), wanted);
    check(&tidied).unwrap();
}

#[test]
fn a_module_of_another_toolchain_keeps_its_callbacks() {
    let tidied = tidy(&wasm(THEIRS)).unwrap();
    assert_eq!(
        exports(&tidied),
        [
            "memory",
            "proxy_abi_version_0_2_1",
            "malloc",
            "proxy_on_tick"
        ]
    );
}

#[test]
fn tidying_drops_custom_sections_and_is_done_once() {
    let tidied = tidy(&wasm(OURS)).unwrap();
    assert!(!tidied.windows(9).any(|at| at == b"producers"));
    assert_eq!(tidy(&tidied).unwrap(), tidied);
}

#[test]
fn metadata_is_found_again_and_replaced_not_repeated() {
    let module = tidy(&wasm(THEIRS)).unwrap();
    let first = with_metadata(&module, &metadata()).unwrap();
    let second = with_metadata(
        &first,
        &Metadata {
            version: "2.0.0".into(),
            ..metadata()
        },
    )
    .unwrap();
    assert_eq!(facts(&first).unwrap().metadata, Some(metadata()));
    assert_eq!(facts(&second).unwrap().metadata.unwrap().version, "2.0.0");
    assert_eq!(first.len(), second.len());
    check(&second).unwrap();
}

#[test]
fn facts_tell_abi_and_callbacks() {
    let facts = facts(&tidy(&wasm(OURS)).unwrap()).unwrap();
    assert_eq!(facts.abi.as_deref(), Some("0.2.1"));
    assert_eq!(facts.callbacks, ["on_configure", "on_request_headers"]);
    assert_eq!(facts.metadata, None);
}

#[test]
fn what_envoy_would_refuse_is_said_at_once() {
    let cases = [
        ("(module)", "it exports no memory"),
        (
            "(module)",
            "it exports neither malloc nor proxy_on_memory_allocate",
        ),
        ("(module)", "it exports no proxy_abi_version_0_2_1"),
        ("(module)", "it exports no callback"),
        (
            r#"(module (func (export "proxy_abi_version_0_1_0")))"#,
            "proxy_abi_version_0_1_0 instead of",
        ),
        (
            r#"(module (import "env" "puts" (func)))"#,
            "env.puts, which Envoy does not have",
        ),
        (
            r#"(module (import "wbg" "x" (func)))"#,
            "it imports wbg.x, and Envoy offers only",
        ),
        (
            r#"(module (import "env" "proxy_done" (func (param i64))))"#,
            "it imports env.proxy_done as I>, and Envoy's is >i",
        ),
        (
            r#"(module (import "env" "memory" (memory 1)))"#,
            "env.memory, which is no function",
        ),
    ];
    for (text, wanted) in cases {
        let error = check(&wasm(text)).unwrap_err().to_string();
        assert!(error.contains(wanted), "{text}: {error}");
    }
}

#[test]
fn bytes_that_are_no_module_are_told_apart() {
    let cases: [(&[u8], &str); 4] = [
        (b"", "starts with nothing"),
        (b"\x1f\x8b\x08", "starts with 1f 8b 08"),
        (b"\0asm\x0d\0\x01\0", "a Wasm component"),
        (b"\0asm\x01\0\0\0\x01\x7f", "broken at byte"),
    ];
    for (bytes, wanted) in cases {
        let error = check(bytes).unwrap_err().to_string();
        assert!(error.contains(wanted), "{bytes:?}: {error}");
        assert!(tidy(bytes).is_err(), "{bytes:?}");
    }
}

#[test]
fn a_damaged_metadata_section_is_no_silence() {
    let text = format!(r#"(module (@custom "{SECTION}" "{{"))"#);
    assert!(
        facts(&wasm(&text))
            .unwrap_err()
            .to_string()
            .contains("build it again")
    );
}

proptest! {
    /// Modules come from files and registries: whatever is in them, they are read, rewritten or refused.
    #[test]
    fn damaged_modules_are_handled(at in any::<prop::sample::Index>(), byte in any::<u8>(), end in any::<prop::sample::Index>()) {
        let mut module = with_metadata(&wasm(OURS), &metadata()).unwrap();
        let place = at.index(module.len());
        module[place] = byte;
        let cut = &module[..end.index(module.len())];
        for code in [module.as_slice(), cut] {
            drop((facts(code), check(code)));
            if let Ok(tidied) = tidy(code) {
                prop_assert_eq!(tidy(&tidied).ok(), Some(tidied));
            }
        }
    }
}
