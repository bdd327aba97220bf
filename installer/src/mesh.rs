//! Meshes: what a mesh file says (`spec`), which Helm values that means (`values`), which versions go together (`version`).

pub(crate) mod check;
pub(crate) mod spec;
pub(crate) mod values;
pub(crate) mod version;
