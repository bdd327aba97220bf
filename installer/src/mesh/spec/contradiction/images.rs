//! Images of another Istio than the one that the file names: its preflight, its order of upgrades and its charts would be for
//! another one than runs then.

use crate::mesh::spec::Spec;
use crate::mesh::spec::mistake::Mistake;
use crate::mesh::version::Named;

/// Tags that name another minor version.
pub(super) fn contradictions(spec: &Spec) -> Vec<Mistake> {
    let Some(version) = &spec.version else {
        return Vec::new();
    };
    let field = spec
        .images
        .as_ref()
        .and_then(|images| images.tag.as_deref());
    let raw = spec.values.as_ref().and_then(|values| {
        let global = values.istiod.get("global")?;
        global.get("tag")?.as_str()
    });
    let tags = [
        ("/spec/images/tag", field),
        ("/spec/values/istiod/global/tag", raw),
    ];
    let judged = tags.into_iter().filter_map(|(pointer, tag)| {
        let tag = tag.filter(|tag| Named::of(tag).is_some_and(|named| named.is_another_minor(version)))?;
        let text = format!(
            "{tag:?} is of another minor version than spec.version, which is {version}: correct one of the two; \
             a mesh that runs gets to another minor version with `weft mesh upgrade`"
        );
        Some(Mistake::at(pointer, text))
    });
    judged.collect()
}
