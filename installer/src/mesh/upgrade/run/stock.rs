//! The charts of the control planes that a command is about. They are fetched once and all of them, before anything is written: a
//! verb that notes how far it is, and then cannot have its charts, would leave an upgrade that no other verb goes on with.

use super::super::state::Upgrade;
use super::super::steps::Step;
use super::version_of;
use crate::charts::Charts;
use crate::failure::{Exit, Failure};
use crate::mesh::fetch::{self, Release};
use crate::mesh::install::Installer;
use crate::mesh::render;
use crate::mesh::spec::{ChartSource, Mesh};
use crate::mesh::values::Component;
use crate::mesh::version::IstioVersion;

/// Charts that are there.
#[derive(Debug, Default)]
pub(super) struct Stock(Vec<(Need, Release)>);

/// Which charts a control plane has.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Need {
    charts: Option<ChartSource>,
    version: IstioVersion,
    components: Vec<Component>,
}

impl Need {
    fn of(mesh: &Mesh) -> Result<Self, Failure> {
        Ok(Self {
            charts: mesh.spec.charts.clone(),
            version: version_of(mesh)?.clone(),
            components: render::rendered(mesh),
        })
    }
}

impl Stock {
    /// Fetches what these steps of an upgrade need.
    pub(super) async fn of(
        charts: &Charts,
        upgrade: &Upgrade,
        steps: &[Step],
    ) -> Result<Self, Failure> {
        let mut stock = Self::default();
        for mesh in planes(upgrade, steps) {
            let need = Need::of(&mesh)?;
            if stock.get(&need).is_none() {
                let release =
                    fetch::release(charts, &mesh, &need.version, &need.components).await?;
                stock.0.push((need, release));
            }
        }
        Ok(stock)
    }

    /// The charts of a control plane; the mistake is one of ours, since what steps need is fetched.
    pub(super) fn release(&self, mesh: &Mesh) -> Result<&Release, Failure> {
        let need = Need::of(mesh)?;
        self.get(&need).ok_or_else(|| {
            let text = format!("the charts of Istio {} were not fetched", need.version);
            Failure::text(Exit::Failure, text)
        })
    }

    /// Says which raw values the newest charts do not know: once for all that is planned and done with them.
    pub(super) fn tell_unknown(&self, upgrade: &Upgrade, installer: &Installer<'_>) {
        let planes = upgrade.planes();
        let newest = planes.last();
        let found = newest.and_then(|mesh| Some((mesh, self.release(mesh).ok()?)));
        if let Some((mesh, release)) = found {
            installer.tell_unknown(mesh, release);
        }
    }

    fn get(&self, need: &Need) -> Option<&Release> {
        let found = self.0.iter().find(|(known, _)| known == need);
        found.map(|(_, release)| release)
    }
}

/// The control planes that these steps make, one step after the other.
fn planes(upgrade: &Upgrade, steps: &[Step]) -> Vec<Mesh> {
    let mut at = upgrade;
    let mut found = Vec::new();
    for step in steps {
        match step {
            Step::Note(upgrade) => at = upgrade,
            Step::Planes => found.extend(at.planes()),
            Step::Say(..) | Step::Keep(..) | Step::Restart(_) | Step::Unused(_) | Step::Done(_) => {
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::super::state::Stage;
    use super::super::super::steps::tests::upgrade;
    use super::super::super::steps::{Shown, Verb};
    use super::*;
    use crate::environment::Environment;
    use crate::registry::{Credentials, Registry};

    /// Charts of nothing but their names, in folders as Istio's source has them.
    fn source(folder: &Path, version: &str) -> String {
        let place = folder.join(version);
        for component in Component::ALL {
            let chart = place.join(component.name());
            std::fs::create_dir_all(&chart).unwrap();
            let name = component.name();
            let text = format!("apiVersion: v2\nname: {name}\nversion: {version}\n");
            std::fs::write(chart.join("Chart.yaml"), text).unwrap();
        }
        place.display().to_string()
    }

    /// What is fetched before the first step is enough for the last one, also where the source is gone by then.
    #[tokio::test]
    async fn what_was_fetched_is_enough_to_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        let environment = Environment::of(home, [("WEFT_CACHE", home)]);
        let registry = Registry::new(Credentials::of_user(&environment), true);
        let charts = Charts::new(registry, &environment);
        let cases = [
            (Stage::Installing, Verb::Install, 2),
            (Stage::Ready, Verb::Promote, 2),
            (Stage::Promoted, Verb::Finish, 1),
            (Stage::Finishing, Verb::Finish, 1),
            (Stage::Promoted, Verb::Rollback, 2),
            (Stage::Leaving, Verb::Rollback, 1),
            (Stage::Ready, Verb::Move(None), 0),
        ];
        for (stage, verb, releases) in cases {
            let [old, new] = ["1.30.0", "1.31.0"].map(|version| source(folder.path(), version));
            let mut upgrade = upgrade(&format!("{{version: 1.30.0, charts: {old:?}}}"));
            upgrade.to.spec.charts = Some(new.parse().unwrap());
            upgrade.stage = stage;
            let steps = upgrade.steps(&verb, &Shown::default()).unwrap();
            let stock = Stock::of(&charts, &upgrade, &steps).await.unwrap();
            for place in [old, new] {
                std::fs::remove_dir_all(place).unwrap();
            }
            assert_eq!(stock.0.len(), releases, "{stage:?} {verb:?}");
            for mesh in planes(&upgrade, &steps) {
                let release = stock.release(&mesh).unwrap();
                assert_eq!(Some(&release.version), mesh.spec.version.as_ref());
            }
        }
    }
}
