//! How far a mesh is as a whole: between two control planes it is not where it was, and not yet where it is to be.

use super::{MeshRecord, Phase};

impl MeshRecord {
    /// How far it is. What has failed, or goes, stays so.
    pub(crate) fn phase(&self) -> Phase {
        match (self.state.phase, &self.state.upgrade) {
            (Phase::Succeeded, Some(_)) => Phase::Updating,
            (phase, _) => phase,
        }
    }

    /// The upgrade that is not at its end, and what tells more of it.
    pub(crate) fn upgrading(&self) -> Option<String> {
        let upgrade = self.state.upgrade.as_deref()?;
        let to = upgrade.to.spec.version.as_ref();
        let to = to.map_or_else(String::new, |version| format!(" to {version}"));
        Some(format!(
            "an upgrade{to} is {}: `weft mesh upgrade status {}`",
            upgrade.stage.word(),
            self.name
        ))
    }
}

#[cfg(test)]
mod tests {
    use crate::mesh::record::{MeshRecord, MeshState, Mode, Phase};
    use crate::mesh::upgrade::steps::tests::upgrade;

    #[test]
    fn between_two_control_planes_a_mesh_is_updating() {
        let told = "an upgrade to 1.31.0 is INSTALLING: `weft mesh upgrade status shop`";
        let cases = [
            (Phase::Succeeded, false, Phase::Succeeded, None),
            (Phase::Succeeded, true, Phase::Updating, Some(told)),
            (Phase::Failed, true, Phase::Failed, Some(told)),
            (Phase::Terminating, true, Phase::Terminating, Some(told)),
        ];
        for (phase, upgraded, wanted, words) in cases {
            let mut state = MeshState::new(Mode::Dedicated, phase);
            state.upgrade = upgraded.then(|| Box::new(upgrade("{version: 1.30.0}")));
            let record = MeshRecord {
                name: "shop".to_owned(),
                root_namespace: "istio-system".to_owned(),
                spec: None,
                state,
                resource_version: None,
            };
            assert_eq!(record.phase(), wanted, "{phase:?}");
            assert_eq!(record.upgrading().as_deref(), words, "{phase:?}");
        }
    }
}
