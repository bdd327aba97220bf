//! The story: the commands of a mesh's life, one after the other, with what others do and what is to be seen.

use super::world::World;
use super::{looks, others};

/// What is done, or looked at.
pub(crate) type Deed = fn(&World);

/// One command that writes.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    /// The line of `weft`, as it is started and as it is started again.
    pub(crate) line: &'static str,
    /// What it says at its end, when nobody disturbs it.
    pub(crate) says: &'static str,
    /// How it refuses when nothing is left for it to do: it may be killed when all was done.
    pub(crate) done: Option<&'static str>,
    /// What others do before it.
    pub(crate) before: Deed,
    /// What others do while it runs.
    pub(crate) meanwhile: Deed,
    /// What is to be seen after it, once in a life that nobody disturbs.
    pub(crate) look: Deed,
}

const fn step(line: &'static str, says: &'static str) -> Step {
    const fn nothing(_: &World) {}
    Step {
        line,
        says,
        done: None,
        before: nothing,
        meanwhile: nothing,
        look: nothing,
    }
}

impl Step {
    const fn done(self, done: &'static str) -> Self {
        Self {
            done: Some(done),
            ..self
        }
    }

    const fn before(self, before: Deed) -> Self {
        Self { before, ..self }
    }

    const fn meanwhile(self, meanwhile: Deed) -> Self {
        Self { meanwhile, ..self }
    }

    const fn look(self, look: Deed) -> Self {
        Self { look, ..self }
    }
}

/// The deployment of a plugin.
const DEPLOY: &str = "plugin deploy limit -n app -f limit.yaml -l app=server --match mode=server --plain-http --image IMAGE";
/// A gateway for a small machine.
const GATEWAY: &str = "gateway create front -n edge --label istio=ingressgateway --requests cpu=10m,memory=40Mi --replicas 1 --plain-http";

/// From nothing to nothing.
pub(crate) const STORY: [Step; 19] = [
    step(
        "mesh create shop -f mesh.yaml --plain-http",
        "is as it is described",
    )
    .look(looks::is_created),
    step("sidecar enable app", "")
        .before(others::make_namespaces)
        .look(looks::is_enabled),
    step(DEPLOY, "")
        .before(others::deploy_and_ask)
        .look(looks::works_and_is_limited),
    step("plugin remove limit -n app --yes", "")
        .done("there is no WasmPlugin limit")
        .look(looks::refuses_other_upgrades),
    step(looks::UPGRADE, "is READY").look(looks::stands_beside),
    step(
        "mesh upgrade move shop app --batch 2 --wait-per-pod 1s --plain-http",
        "move shop --all",
    )
    .look(looks::is_moved),
    step(
        "mesh upgrade rollback shop --wait-per-pod 1s --plain-http",
        "no upgrade",
    )
    .look(looks::is_as_before_the_upgrade),
    step(looks::UPGRADE, "is READY"),
    step(
        "mesh upgrade move shop --all --wait-per-pod 1s --plain-http",
        "promote shop",
    )
    .look(looks::is_all_moved),
    step("mesh upgrade promote shop --plain-http", "is PROMOTED")
        .before(others::make_a_late_namespace)
        .look(looks::is_promoted),
    step(
        "mesh upgrade move shop late --force-conflicts --plain-http",
        "finish shop",
    ),
    step("mesh upgrade finish shop --plain-http", "no upgrade").look(looks::is_upgraded),
    step(
        "sidecar restart deploy/server -n app --yes --wait-per-pod 1s",
        "SUCCEED",
    )
    .look(looks::starts_with_the_new_one),
    step(GATEWAY, "RUNNING")
        .before(others::open_to_the_outside)
        .meanwhile(others::give_an_address)
        .look(looks::answers_outside_and_is_guarded),
    step("mesh protect shop", "is protected").look(looks::is_protected),
    step("gateway delete front -n edge --yes", "is gone")
        .done("there is no gateway front")
        .before(others::stop_asking),
    step("sidecar disable app --restart --wait-per-pod 1s", "SUCCEED")
        .look(looks::is_still_protected),
    step("mesh protect shop --off", "not protected"),
    step(looks::DELETE, "is deleted")
        .done("no mesh is recorded")
        .look(looks::has_left_nothing_to_others),
];
