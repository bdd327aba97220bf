//! Gateways: proxies of their own at the edge of a mesh, each a Deployment behind a Service.
//!
//! `spec`, `values`, `render`, `check`, `references`, `selector` and `state` are values in and values out; `home`, `record` and
//! `look` read and write; `verbs` puts them together.

mod check;
pub(crate) mod guard;
pub(crate) mod home;
mod look;
mod orphan;
pub(crate) mod record;
mod references;
pub(crate) mod render;
mod report;
mod selector;
pub(crate) mod spec;
mod state;
pub(crate) mod values;
pub(crate) mod verbs;
