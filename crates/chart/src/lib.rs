//! Helm charts, rendered in process: a chart, values and a description of the cluster to Kubernetes objects.
//!
//! - [`Chart`] is read from an archive or from files.
//! - [`Values`] are what a user wants of it, from files and `--set`.
//! - [`render`] makes the objects, exactly as `helm template` does; a test compares both on real charts.
//!
//! The crate is pure: it reads no file, asks no server and knows no time. Charts come from strangers, so everything is
//! bounded: the archive, the nesting and number of values, the steps and the text of templates.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "most of what is asked of a value concerns one of its kinds, and the others alike"
)]

mod archive;
mod chart;
mod error;
mod functions;
mod render;
mod schema;
mod template;
mod value;
mod values;
mod version;
mod yaml;

pub use chart::Chart;
pub use error::{ChartError, SchemaProblem, TemplateError};
pub use render::{Hook, Kubernetes, Release, Rendered, render};
pub use values::{SetError, Values};
