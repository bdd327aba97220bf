//! A real Envoy as tests see it: a configuration, a client, an upstream, and what Envoy says of itself.
//!
//! | module | holds |
//! | --- | --- |
//! | [`http`] | HTTP/1.1 by hand, since a proper client refuses to send what these tests send |
//! | [`http2`] | HTTP/2 for what HTTP/1.1 has not: trailers, and a body in as many parts as the test says |
//! | [`upstream`] | the server behind the proxy: shows what reached it, misbehaves when asked |
//! | [`held`] | servers that answer when a test says so |
//! | [`bootstrap`] | the configuration of the proxy |
//! | [`proxy`] | a running proxy, its workers and its counters |

pub mod bootstrap;
pub mod held;
pub mod http;
pub mod http2;
pub mod proxy;
pub mod scenario;
pub mod upstream;

pub use bootstrap::{Filter, Setup};
pub use http::{Client, Request, Response};
pub use proxy::{Proxy, Version};
pub use upstream::Upstream;
