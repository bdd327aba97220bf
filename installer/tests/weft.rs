//! The `weft` program as a user meets it: exit codes, real registries, a real Envoy, real builds.
//!
//! What needs a tool that a plain `cargo test` may lack says so on standard error when it leaves something out; in the
//! ladder (`WEFT_LADDER=1`) a missing tool is a failure.

#[cfg(test)]
#[path = "weft/build.rs"]
mod build;
#[cfg(test)]
#[path = "weft/bundle.rs"]
mod bundle;
#[cfg(test)]
#[path = "weft/charts.rs"]
mod charts;
#[cfg(test)]
#[path = "weft/exits.rs"]
mod exits;
#[cfg(test)]
#[path = "weft/export.rs"]
mod export;
#[cfg(test)]
#[path = "weft/images.rs"]
mod images;
#[cfg(test)]
#[path = "weft/mesh_file.rs"]
mod mesh_file;
#[cfg(test)]
#[path = "weft/prompt.rs"]
mod prompt;
#[cfg(test)]
#[path = "weft/run.rs"]
mod run;
#[cfg(test)]
#[path = "weft/servers.rs"]
mod servers;
#[cfg(test)]
#[path = "weft/support.rs"]
mod support;
