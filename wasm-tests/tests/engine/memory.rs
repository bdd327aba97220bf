//! Keys come without end; memory does not.

use sandbox::Module;
use simulator::{Request, Simulator};
use wasm_tests::modules;

const CONFIGURATION: &str = r#"{"rules": [{"name": "each", "key": [{"header": "x-user"}], "limit": {"requests": 5, "per": "1s"}}]}"#;

#[test]
fn a_hundred_thousand_keys_leave_the_module_and_shared_data_as_large_as_a_few_thousand_did() {
    let limiter = modules::plugins()
        .unwrap()
        .into_iter()
        .find(|built| built.name == "rate-limit")
        .unwrap();
    let mut proxy = Simulator::new(Module::new(&limiter.bytes().unwrap()).unwrap(), 1);
    proxy.configure(CONFIGURATION.as_bytes()).unwrap();
    let mut send = |from: u32, to: u32| {
        for key in from..to {
            let request = Request::get("/").with("x-user", format!("user-{key}"));
            proxy.roundtrip(&request).unwrap();
        }
        let shared = proxy.world().shared.size();
        (proxy.memory(0), shared)
    };
    let few = send(0, 20_000);
    let many = send(20_000, 120_000);
    assert_eq!(
        many, few,
        "bytes of the module's memory, bytes of shared data"
    );
}
