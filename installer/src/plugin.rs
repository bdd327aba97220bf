//! The noun `plugin`: building modules, packing them as images, running and deploying them.

pub mod metadata;
pub mod module;
