//! The rung of real proxies: built modules in the newest and the oldest supported Envoy.
//!
//! Everything runs in both; a proxy that is missing is a failure. What is shown here can only be shown by a proxy: what
//! crosses the wire, several workers, configurations that come and go.

mod frame;
