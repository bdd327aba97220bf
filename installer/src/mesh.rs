//! Meshes: what a mesh file says (`spec`), which Helm values that means (`values`), which versions go together (`version`),
//! what weft knows about the meshes of a cluster (`record`), the Sail operator as the other engine (`sail`),
//! and those that somebody else runs (`adopt`).

pub(crate) mod adopt;
pub(crate) mod check;
pub(crate) mod delete;
pub(crate) mod export;
pub(crate) mod fetch;
pub(crate) mod images;
pub(crate) mod install;
pub(crate) mod preflight;
pub(crate) mod protect;
pub(crate) mod read;
pub(crate) mod record;
pub(crate) mod render;
pub(crate) mod resolve;
pub(crate) mod sail;
pub(crate) mod scaling;
pub(crate) mod serving;
pub(crate) mod spec;
pub(crate) mod status;
pub(crate) mod upgrade;
pub(crate) mod values;
pub(crate) mod version;
pub(crate) mod wish;
