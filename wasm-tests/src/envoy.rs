//! A real Envoy as tests see it: a configuration, a client, an upstream, and what Envoy says of itself.
//!
//! | module | holds |
//! | --- | --- |
//! | [`http`] | HTTP/1.1 by hand, since a proper client refuses to send what these tests send |
//! | [`upstream`] | the server behind the proxy: shows what reached it, misbehaves when asked |
//! | [`held`] | servers that answer when a test says so |
//! | [`bootstrap`] | the configuration of the proxy |
//! | [`proxy`] | a running proxy, its workers and its counters |

pub mod bootstrap;
pub mod held;
pub mod http;
pub mod proxy;
pub mod scenario;
pub mod upstream;

pub use bootstrap::{Filter, Setup};
pub use http::{Client, Request, Response};
pub use proxy::{Proxy, Version};
pub use upstream::Upstream;
