//! Gateways: proxies of their own at the edge of a mesh, each a Deployment behind a Service.
//!
//! `spec`, `values`, `render`, `check`, `references`, `selector` and `state` are values in and values out; `home`, `record` and
//! `look` read and write; `verbs` puts them together.

mod check;
mod home;
mod look;
mod record;
mod references;
mod render;
mod report;
mod selector;
pub(crate) mod spec;
mod state;
mod values;
pub(crate) mod verbs;
