//! What names may look like, as patterns for the schema, and what to write instead.

use schemars::{Schema, SchemaGenerator, json_schema};

/// A mesh: the reference for Istio's meshID, and a part of other names.
pub(crate) const MESH: &str = "^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$";
pub(crate) const MESH_HELP: &str =
    "use at most 40 of a-z, 0-9 and '-', beginning with a letter and ending with a letter or digit";

/// A DNS label: namespaces, revisions, tags, clusters and networks.
pub(crate) const LABEL: &str = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$";
pub(crate) const LABEL_HELP: &str =
    "use at most 63 of a-z, 0-9 and '-', beginning and ending with a letter or digit";

/// A DNS name: Secrets and hosts.
pub(crate) const OBJECT: &str =
    r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$";
pub(crate) const OBJECT_HELP: &str =
    "use a-z, 0-9, '-' and '.', beginning and ending with a letter or digit";
pub(crate) const HOST_HELP: &str = "write a host name without scheme and port, such as otel-collector.observability.svc.cluster.local";

/// A registry with a path.
pub(crate) const HUB: &str = r"^[a-z0-9][a-z0-9.-]*(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$";
pub(crate) const HUB_HELP: &str = "write registry and path without a scheme and without a slash at the end, such as registry.example/istio";

/// A tag of an image.
pub(crate) const TAG: &str = "^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$";
pub(crate) const TAG_HELP: &str = "write a tag of images as a text, such as \"1.31.0\"";

/// Regions, as nodes' labels say them.
pub(crate) const REGION: &str = "^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$";
pub(crate) const REGION_HELP: &str =
    "write a region alone, such as eu-west: failover is between regions";

/// Region, zone and sub-zone.
pub(crate) const LOCALITY: &str =
    r"^(\*|[A-Za-z0-9_.-]+(/\*|/[A-Za-z0-9_.-]+(/\*|/[A-Za-z0-9_.-]+)?)?)$";
pub(crate) const LOCALITY_HELP: &str = "write REGION, REGION/ZONE or REGION/ZONE/SUBZONE, the last of which may be *, such as eu-west/eu-west-1a/*";

/// A list of labels.
pub(crate) fn labels(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "items": {"type": "string", "pattern": LABEL, "errorMessage": LABEL_HELP}})
}

/// A list of names of objects.
pub(crate) fn objects(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "items": {"type": "string", "pattern": OBJECT, "errorMessage": OBJECT_HELP}})
}
