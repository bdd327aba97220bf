;; The least a useful filter can be: one callback for each request, which reads one header and decides nothing.
;; It enters the VM, calls the proxy, and is called back for the memory that the value is written to. This is the floor
;; that plugins are measured against.
(module
  (import "env" "proxy_get_header_map_value"
    (func $header (param $map i32) (param $name i32) (param $size i32) (param $value i32) (param $length i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 0) ":path")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "_initialize"))
  ;; Every buffer the proxy hands over goes to the same place: nothing here is kept.
  (func (export "malloc") (param $size i32) (result i32)
    (i32.const 65536))
  (func (export "proxy_on_vm_start") (param $root i32) (param $size i32) (result i32)
    (i32.const 1))
  (func (export "proxy_on_configure") (param $root i32) (param $size i32) (result i32)
    (i32.const 1))
  (func (export "proxy_on_request_headers") (param $context i32) (param $count i32) (param $end i32) (result i32)
    ;; Map 0 holds the request's headers. Where the value is goes to address 16, its length to 20; neither is looked at.
    (drop (call $header (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 16) (i32.const 20)))
    (i32.const 0)))
