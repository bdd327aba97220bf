//! The rung of real proxies: built modules in the newest and the oldest supported Envoy.
//!
//! Everything runs in both; a proxy that is missing is a failure. What is shown here can only be shown by a proxy: what
//! crosses the wire, several workers, configurations that come and go.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::format_collect,
    clippy::items_after_statements,
    reason = "helpers of tests: what goes wrong is the test's result, and what one test needs stands in it"
)]

mod calls;
mod chain;
mod connections;
mod differential;
mod frame;
mod lifecycle;
mod robustness;
mod scenarios;
mod trailers;
mod vocabulary;

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use wasm_tests::envoy::{Filter, Proxy, Setup, Upstream, Version};
use wasm_tests::modules::{self, Built};

/// The plugins and the probe, built once for all tests.
static MODULES: LazyLock<Vec<Built>> = LazyLock::new(|| {
    let mut built = modules::plugins().unwrap();
    built.push(modules::probe().unwrap());
    built
});

/// One test at a time: several of them watch the clock, and all of them want the whole machine.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn module(name: &str) -> &'static Built {
    MODULES.iter().find(|built| built.name == name).unwrap()
}

/// A filter of a module with a configuration.
fn filter(module_name: &str, name: &str, configuration: &str) -> Filter {
    Filter::wasm(name, &module(module_name).module, configuration)
}

/// The probe before an upstream.
struct Probed {
    upstream: Upstream,
    proxy: Proxy,
}

impl Probed {
    fn start(version: Version, configuration: &str) -> Self {
        Self::with(version, configuration, |setup| setup)
    }

    fn with(version: Version, configuration: &str, change: impl FnOnce(Setup) -> Setup) -> Self {
        let upstream = Upstream::start().unwrap();
        let setup = change(Setup::new(upstream.address()));
        let setup = setup.listener("main", &[filter("probe", "probe", configuration)]);
        let proxy = Proxy::start(version, &setup).unwrap();
        Self { upstream, proxy }
    }

    fn send(&self, request: &wasm_tests::envoy::Request) -> wasm_tests::envoy::Response {
        self.proxy.connect("main").unwrap().send(request).unwrap()
    }
}

impl Drop for Probed {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.proxy.traps(), Vec::<String>::new());
        }
    }
}
