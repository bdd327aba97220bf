use simulator::Request;

use super::*;

/// A module of the few parts that Envoy asks for, with `body` added.
fn module(body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (global $free (mut i32) (i32.const 4096))
            (data (i32.const 0) "configuration refused: /rate: is missing")
            (func (export "proxy_abi_version_0_2_1"))
            (func (export "malloc") (param i32) (result i32)
                global.get $free
                global.get $free local.get 0 i32.add global.set $free)
            {body})"#
    );
    wat::parse_str(text).unwrap()
}

const REFUSES: &str = r#"(func (export "proxy_on_configure") (param i32 i32) (result i32)
    i32.const 4 i32.const 0 i32.const 40 call $log drop
    i32.const 0)"#;

fn said(checked: Result<(), Refusal>) -> String {
    checked.unwrap_err().to_string()
}

#[test]
fn a_module_that_takes_any_configuration_takes_it() {
    assert_eq!(check(&module(""), b"{}"), Ok(()));
}

#[test]
fn a_refusal_carries_what_the_module_wrote() {
    let refusal = check(&module(REFUSES), b"{}").unwrap_err();
    assert_eq!(
        refusal,
        Refusal::Mistakes(vec!["/rate: is missing".to_owned()])
    );
}

#[test]
fn a_module_that_refuses_in_silence_traps_or_never_ends_is_refused_in_words() {
    let silent = r#"(func (export "proxy_on_configure") (param i32 i32) (result i32) i32.const 0)"#;
    assert_eq!(
        said(check(&module(silent), b"")),
        "the module refused the configuration and did not say why"
    );
    let traps = r#"(func (export "proxy_on_configure") (param i32 i32) (result i32) unreachable)"#;
    assert_eq!(
        said(check(&module(traps), b"")),
        "the module trapped in proxy_on_configure: wasm `unreachable` instruction executed"
    );
    let endless = r#"(func (export "proxy_on_vm_start") (param i32 i32) (result i32) (loop br 0) i32.const 1)"#;
    let module = Module::new(&module(endless)).unwrap().with_fuel(100_000);
    let refused = Simulator::new(module, 0).configure(b"").unwrap_err();
    assert_eq!(
        refused.mistakes,
        ["the module trapped in proxy_on_vm_start: all fuel consumed by WebAssembly"]
    );
}

#[test]
fn what_envoy_would_not_load_is_not_loaded() {
    let load = |text: &str| Module::new(&wat::parse_str(text).unwrap()).unwrap_err();
    assert_eq!(load("(module)"), LoadError::NoAbi);
    let marked = r#"(func (export "proxy_abi_version_0_2_1"))"#;
    assert_eq!(
        load(&format!("(module {marked})")),
        LoadError::NoExport("memory")
    );
    let import = r#"(import "env" "proxy_send_fax" (func (result i32)))"#;
    let text = format!(
        r#"(module {import} {marked} (memory (export "memory") 1) (func (export "malloc") (param i32) (result i32) i32.const 0))"#
    );
    assert_eq!(
        load(&text),
        LoadError::UnknownImport("env.proxy_send_fax".to_owned())
    );
    assert!(
        matches!(Module::new(b"(module)"), Err(LoadError::Invalid(_))),
        "text is no module"
    );
    assert!(matches!(Module::new(b"\0asm"), Err(LoadError::Invalid(_))));
}

const IMPORTS: &str = r#"
    (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_replace_header_map_value" (func $set (param i32 i32 i32 i32 i32) (result i32)))"#;

/// Echoes header `a` as header `b`; traps when there is none; and never ends for `a: x`.
const ECHO: &str = r#"
    (data (i32.const 64) "ab")
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        i32.const 0 i32.const 64 i32.const 1 i32.const 128 i32.const 132 call $get
        if unreachable end
        i32.const 128 i32.load i32.load8_u i32.const 120 i32.eq
        if (loop br 0) end
        i32.const 0 i32.const 65 i32.const 1 i32.const 128 i32.load i32.const 132 i32.load call $set)"#;

fn echo() -> Module {
    let text = format!(
        r#"(module {IMPORTS}
            (memory (export "memory") 1)
            (global $free (mut i32) (i32.const 4096))
            (func (export "proxy_abi_version_0_2_1"))
            (func (export "proxy_on_memory_allocate") (param i32) (result i32)
                global.get $free
                global.get $free local.get 0 i32.add global.set $free)
            {ECHO})"#
    );
    Module::new(&wat::parse_str(text).unwrap())
        .unwrap()
        .with_fuel(100_000)
}

#[test]
fn bytes_go_through_the_modules_memory_and_back() {
    let mut proxy = Simulator::new(echo(), 1);
    proxy.configure(b"").unwrap();
    let (_, seen) = proxy
        .request(&Request::get("/").with("a", b"\xff\x00\xfe"))
        .unwrap();
    let passed = seen.passed().unwrap();
    assert_eq!(passed.headers.first("b"), Some(&b"\xff\x00\xfe"[..]));
    assert_eq!(proxy.memory(0), 65536);
    // Names and values are checked as Envoy's codecs would.
    assert_eq!(proxy.take_problems().len(), 1);
}

#[test]
fn a_trap_fails_every_stream_of_its_worker_and_a_new_vm_serves_again() {
    for fatal in [Request::get("/"), Request::get("/").with("a", "x")] {
        let mut proxy = Simulator::new(echo(), 2);
        proxy.configure(b"").unwrap();
        let fine = Request::get("/").with("a", "y");
        let (before, _) = proxy.request(&fine).unwrap();
        let (_, seen) = proxy.request(&fatal).unwrap();
        let replied = seen.replied().unwrap();
        assert_eq!(
            (replied.status, replied.details.as_str()),
            (503, "wasm_fail_stream")
        );
        assert_eq!(
            proxy.seen(before),
            Ok(seen.clone()),
            "its neighbour on the same worker"
        );
        assert_eq!(proxy.take_problems().len(), 1);
        assert_eq!((proxy.lives(0), proxy.lives(1)), (false, true));
        assert_eq!(proxy.roundtrip(&fine), Ok(seen), "a dead worker stays dead");
        assert!(
            proxy
                .roundtrip(&fine.clone().on(1))
                .unwrap()
                .passed()
                .is_some()
        );
        proxy.restart(0).unwrap();
        assert!(proxy.roundtrip(&fine).unwrap().passed().is_some());
        assert_eq!(proxy.take_problems(), Vec::<String>::new());
    }
}

/// One host call is one instruction to the engine, however much it has the proxy copy and keep.
#[test]
fn a_module_cannot_fill_the_memory_of_who_asks_it() {
    let refused = |body: &str, fuel: u64| {
        let body = format!(
            r#"(func (export "proxy_on_configure") (param i32 i32) (result i32)
                (drop (memory.grow (i32.const 15)))
                (loop {body} (br 0))
                i32.const 1)"#
        );
        let module = Module::new(&module(&body)).unwrap().with_fuel(fuel);
        Simulator::new(module, 0)
            .configure(b"{}")
            .unwrap_err()
            .mistakes
            .pop()
            .unwrap()
    };
    // A MiB of log each time; without a bound the fuel would last for some GiB.
    let large = "(drop (call $log (i32.const 2) (i32.const 0) (i32.const 1048576)))";
    assert!(
        refused(large, 100_000)
            .ends_with("the proxy would copy more than 256 MiB for one callback")
    );
    // Empty lines are kept, too.
    let empty = "(drop (call $log (i32.const 2) (i32.const 0) (i32.const 0)))";
    assert!(
        refused(empty, 100_000_000)
            .ends_with("the proxy would copy more than 256 MiB for one callback")
    );
    // What does not exist is not copied, and costs no more than the call.
    let outside = "(drop (call $log (i32.const 2) (i32.const 0) (i32.const -1)))";
    assert!(refused(outside, 100_000).ends_with("all fuel consumed by WebAssembly"));
}

#[test]
fn tables_and_memories_are_bounded() {
    let grows = r#"(table $t 1 funcref)
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
            (i32.ne (table.grow $t (ref.null func) (i32.const 100000000)) (i32.const -1)))"#;
    let refusal = check(&module(grows), b"{}").unwrap_err();
    assert!(
        matches!(refusal, Refusal::Mistakes(_)),
        "it grew: {refusal}"
    );
    let memories = "(memory 1) (memory 1)";
    let refusal = check(&module(memories), b"{}").unwrap_err().to_string();
    assert!(refusal.contains("memor"), "{refusal}");
}
