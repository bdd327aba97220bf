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
    let judged = tags.into_iter().filter(|(_, tag)| {
        let named = tag.and_then(Named::of);
        named.is_some_and(|named| named.is_another_minor(version))
    });
    let mistake = |(pointer, _)| {
        let text = format!(
            "is of another minor version than spec.version, which is {version}: correct one of the two; \
             a mesh that runs gets to another minor version with `weft mesh upgrade`"
        );
        Mistake::at(pointer, text).clash()
    };
    judged.map(mistake).collect()
}

#[cfg(test)]
mod tests {
    use crate::failure::Exit;
    use crate::failure::Failure;
    use crate::mesh::spec::document::parse;
    use crate::mesh::spec::read::{Setting, read};

    #[test]
    fn images_of_another_minor_version_are_refused() {
        let field = "/spec/images/tag";
        let raw = "/spec/values/istiod/global/tag";
        let cases = [
            ("images: {tag: 1.31.0-ours}", None, None),
            ("images: {tag: latest}", None, None),
            ("images: {tag: 1.30.0}", None, Some((field, Exit::BadInput))),
            (
                "values: {istiod: {global: {tag: 1.32-dev}}}",
                None,
                Some((raw, Exit::BadInput)),
            ),
            // Neither value is wrong by itself, whoever says it.
            (
                "images: {tag: 1.31.0}",
                Some("1.30.0"),
                Some((field, Exit::BadInput)),
            ),
        ];
        for (spec, flag, wanted) in cases {
            let text = format!(
                "apiVersion: weft.dev/v1\nkind: Mesh\nmetadata: {{name: shop}}\nspec: {{version: 1.31.0, {spec}}}\n"
            );
            let setting = flag.map(|tag| Setting {
                flag: "--image-tag",
                pointer: field.to_owned(),
                value: tag.into(),
            });
            let settings: Vec<_> = setting.into_iter().collect();
            let told = read(parse(text.as_bytes()).unwrap(), &settings);
            let told = told.map_err(|mistakes| {
                let pointer = mistakes.0[0].pointer.clone();
                (pointer, Failure::from(mistakes).exit())
            });
            let told = told.err();
            let told = told
                .as_ref()
                .map(|(pointer, exit)| (pointer.as_str(), *exit));
            assert_eq!(told, wanted, "{spec}");
        }
    }
}
