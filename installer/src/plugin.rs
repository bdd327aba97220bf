//! The noun `plugin`: building modules, packing them as images, running and deploying them.

pub mod build;
pub mod check;
pub mod configuration;
pub mod echo;
pub mod image;
pub mod inspect;
pub mod metadata;
pub mod module;
pub mod registry;
pub mod run;
pub mod source;

mod apply;
pub(crate) mod deliver;
pub(crate) mod desired;
mod dump;
mod expected;
mod journal;
mod lossless;
pub(crate) mod mesh;
mod notation;
mod plan;
pub(crate) mod preflight;
mod read;
mod record;
mod refusal;
mod report;
mod rollout;
mod secret;
mod selection;
mod snapshot;
mod stamp;
mod verdict;
mod wasmplugin;
