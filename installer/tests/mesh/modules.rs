//! Modules made by hand: what they do is seen in one answer, and each version has bytes of its own.

/// Answers every request with 429 and its version, and refuses a configuration of more than 40 bytes.
pub(crate) fn stopper(version: &str) -> Vec<u8> {
    module(version, "(i32.gt_u (local.get 1) (i32.const 40))", "")
}

/// Is taken by every engine, and refused by a real proxy: there it finds out which proxy it is on.
pub(crate) fn choosy(version: &str) -> Vec<u8> {
    let ask =
        "(i32.eqz (call $property (i32.const 512) (i32.const 11) (i32.const 600) (i32.const 604)))";
    let import = r#"(import "env" "proxy_get_property" (func $property (param i32 i32 i32 i32) (result i32)))"#;
    module(version, ask, import)
}

fn module(version: &str, refuses: &str, import: &str) -> Vec<u8> {
    let length = version.len();
    let text = format!(
        r#"(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_send_local_response" (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  {import}
  (memory (export "memory") 2)
  (data (i32.const 16) "/: this configuration is refused")
  (data (i32.const 128) "{version}")
  (data (i32.const 512) "xds\00node\00id")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 65536))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (if (result i32) {refuses}
      (then (drop (call $log (i32.const 5) (i32.const 16) (i32.const 32))) (i32.const 0))
      (else (i32.const 1))))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $reply (i32.const 429) (i32.const 0) (i32.const 0) (i32.const 128) (i32.const {length})
      (i32.const 0) (i32.const 0) (i32.const -1)))
    (i32.const 1)))"#
    );
    wat::parse_str(text).unwrap()
}
