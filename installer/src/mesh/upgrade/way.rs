//! Which commands lead on from an upgrade that is under way, and back, as far as the record alone tells; and what has to be known
//! before it and after it.

use super::state::{Stage, Strategy, Upgrade};
use super::target::images_tag;
use crate::mesh::spec::Mesh;

impl Upgrade {
    /// The command that goes on from here, as far as the record tells.
    pub(crate) fn next(&self) -> String {
        let name = &self.from.metadata.name;
        match self.stage {
            Stage::Installing => {
                let version = self.to.spec.version.as_ref();
                let version = version.map(ToString::to_string).unwrap_or_default();
                let revision = match (self.strategy, &self.to.spec.revision) {
                    (Strategy::Canary, Some(revision)) => {
                        format!(" --strategy canary --revision {revision}")
                    }
                    _ => String::new(),
                };
                let source = &self.to.spec.charts;
                let moved = source.as_ref().filter(|_| *source != self.from.spec.charts);
                let charts = moved.map(|place| format!(" --charts {place}"));
                let tag = images_tag(&self.to).map(|tag| format!(" --image-tag {tag}"));
                let (charts, tag) = (charts.unwrap_or_default(), tag.unwrap_or_default());
                format!("weft mesh upgrade {name} --to {version}{revision}{charts}{tag}")
            }
            Stage::Ready | Stage::Promoting => format!("weft mesh upgrade promote {name}"),
            Stage::Promoted | Stage::Finishing => format!("weft mesh upgrade finish {name}"),
            Stage::RollingBack | Stage::Leaving => format!("weft mesh upgrade rollback {name}"),
        }
    }

    /// The command that goes back, while there is a way back.
    pub(crate) fn way_back(&self) -> Option<String> {
        let name = &self.from.metadata.name;
        (self.stage != Stage::Finishing).then(|| format!("weft mesh upgrade rollback {name}"))
    }

    /// What has to be known before this begins.
    pub(crate) fn caution(&self) -> Option<&'static str> {
        (self.strategy == Strategy::InPlace).then_some(
            "an upgrade in place that has succeeded has no way back (one that fails has `weft mesh upgrade rollback`); \
             with --strategy canary the old control plane stays beside the new one until `weft mesh upgrade finish`",
        )
    }

    /// What the file in somebody's git has to say once an upgrade has ended with this mesh: the next apply of the old file would want
    /// the old version, and take away tags that only the new control plane has.
    pub(crate) fn file_needs(&self, end: &Mesh) -> Option<String> {
        let (was, is) = (&self.from.spec, &end.spec);
        if was.version == is.version && was.revision == is.revision {
            return None;
        }
        let version = is
            .version
            .as_ref()
            .map(|version| format!("version: {version}"));
        let revision = is.revision.as_ref().filter(|_| was.revision != is.revision);
        let revision = revision.map(|name| format!("revision: {name}"));
        let tags = (was.tags != is.tags).then(|| format!("tags: [{}]", is.tags.join(", ")));
        let charts = is.charts.as_ref().filter(|_| was.charts != is.charts);
        let charts = charts.map(|place| format!("charts: {place}"));
        let images = images_tag(end).filter(|tag| images_tag(&self.from).as_ref() != Some(tag));
        let images = images.map(|tag| format!("the images' tag {tag}"));
        let all = [version, revision, tags, charts, images]
            .into_iter()
            .flatten();
        let all: Vec<_> = all.collect();
        Some(format!(
            "the mesh file needs, for the next apply: {}; `weft mesh export {}` prints it",
            all.join(", "),
            self.from.metadata.name
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::steps::tests::upgrade;
    use super::super::steps::{Shown, Verb};
    use super::*;

    /// Nobody is sent to a way that is not there.
    #[test]
    fn the_way_back_ends_where_the_old_control_plane_goes() {
        use Stage::{Finishing, Installing, Leaving, Promoted, Promoting, Ready, RollingBack};
        let open = [Installing, Ready, Promoting, Promoted, RollingBack, Leaving];
        let cases = open.map(|stage| (stage, true)).into_iter();
        for (stage, wanted) in cases.chain([(Finishing, false)]) {
            let mut upgrade = upgrade("{version: 1.30.0}");
            upgrade.stage = stage;
            assert_eq!(upgrade.way_back().is_some(), wanted, "{stage:?}");
            let permitted = upgrade.steps(&Verb::Rollback, &Shown::default()).is_ok();
            assert_eq!(permitted, wanted, "{stage:?}");
            assert_eq!(upgrade.caution(), None);
            upgrade.strategy = Strategy::InPlace;
            assert!(upgrade.caution().is_some());
        }
    }

    /// The command that goes on with an installation says all that was said when it began.
    #[test]
    fn what_goes_on_names_charts_and_tag() {
        let mut upgrade = upgrade("{version: 1.30.0, charts: ./old, images: {tag: a}}");
        let old = upgrade.next();
        assert!(old.ends_with("--revision 1-31-0 --image-tag a"), "{old}");
        upgrade.to.spec.charts = Some("./new".parse().unwrap());
        let found = upgrade.next();
        assert!(
            found.ends_with("--revision 1-31-0 --charts ./new --image-tag a"),
            "{found}"
        );
    }

    #[test]
    fn the_file_is_told_what_changed() {
        let cases = [
            (
                "{version: 1.30.0, tags: [prod]}",
                "version: 1.31.0, revision: 1-31-0, tags: [prod, default];",
            ),
            (
                "{version: 1.30.0, revision: one, tags: [default]}",
                "version: 1.31.0, revision: 1-31-0;",
            ),
        ];
        for (spec, wanted) in cases {
            let upgrade = upgrade(spec);
            let text = upgrade.file_needs(&upgrade.settled()).unwrap();
            assert!(
                text.contains(wanted) && text.contains("export shop"),
                "{text}"
            );
            // What went back is what it was.
            assert_eq!(upgrade.file_needs(&upgrade.from), None);
        }
    }
}
