//! The noun `plugin`: building modules, packing them as images, running and deploying them.

pub mod build;
pub mod image;
pub mod measure;
pub mod metadata;
pub mod module;
pub mod reference;
pub mod registry;

mod apply;
mod desired;
mod dump;
mod journal;
mod lossless;
mod notation;
mod plan;
mod read;
mod record;
mod rollout;
mod selection;
mod snapshot;
mod verdict;
mod wasmplugin;
