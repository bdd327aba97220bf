//! A world in which steps are done at once, so that every way through an upgrade can be tried, and every place to be killed.

use proptest::prelude::{
    Just, ProptestConfig, Strategy as Any, prop, prop_assert_eq, prop_oneof, proptest,
};

use super::super::target::recorded;
use super::*;

/// A mesh with that spec.
pub(crate) fn mesh(spec: &str) -> Mesh {
    let text =
        format!("apiVersion: weft.dev/v1\nkind: Mesh\nmetadata: {{name: shop}}\nspec: {spec}\n");
    recorded(&text).unwrap()
}

/// A canary from it to revision 1-31-0.
pub(crate) fn upgrade(spec: &str) -> Upgrade {
    let from = mesh(spec);
    let mut to = from.clone();
    to.spec.version = Some("1.31.0".parse().unwrap());
    to.spec.revision = Some("1-31-0".to_owned());
    Upgrade::new(Strategy::Canary, from, to)
}

/// Namespaces with `istio-injection` and `istio.io/rev`.
pub(crate) fn namespaces(all: &[(&str, Option<&str>, Option<&str>)]) -> BTreeMap<String, Said> {
    let said = |injection: Option<&str>, revision: Option<&str>| Said {
        injection: injection.map(str::to_owned),
        revision: revision.map(str::to_owned),
    };
    all.iter()
        .map(|(name, injection, revision)| ((*name).to_owned(), said(*injection, *revision)))
        .collect()
}

/// What there is: the record, the control planes, what namespaces say, and which revision their pods have.
#[derive(Clone, Debug, PartialEq)]
struct World {
    upgrade: Option<Upgrade>,
    spec: Mesh,
    planes: Vec<Mesh>,
    says: BTreeMap<String, Said>,
    pods: BTreeMap<String, Option<String>>,
}

impl World {
    /// Before an upgrade.
    fn new(spec: &Mesh, says: BTreeMap<String, Said>) -> Self {
        let mut world = Self {
            upgrade: None,
            spec: spec.clone(),
            planes: vec![spec.clone()],
            says,
            pods: BTreeMap::new(),
        };
        let names: Vec<_> = world.says.keys().cloned().collect();
        for name in names {
            world.restart(&name);
        }
        world
    }

    /// Which revision injects there.
    fn serves(&self, name: &str) -> Option<String> {
        let named = self.says[name].name()?;
        let by = |plane: &&Mesh| {
            plane.spec.tags.iter().any(|tag| tag == named)
                || super::super::state::revision(plane) == named
        };
        let found: Vec<_> = self.planes.iter().filter(by).collect();
        assert!(found.len() < 2, "{name} is injected twice: {self:#?}");
        found
            .first()
            .map(|plane| super::super::state::revision(plane).to_owned())
    }

    fn restart(&mut self, name: &str) {
        let revision = self.serves(name);
        self.pods.insert(name.to_owned(), revision);
    }

    fn uses(&self, revision: &str) -> bool {
        self.pods.values().flatten().any(|one| one == revision)
            || self
                .says
                .keys()
                .any(|name| self.serves(name).as_deref() == Some(revision))
    }

    fn shown(&self) -> Shown {
        let new = self
            .upgrade
            .as_ref()
            .map(|upgrade| upgrade.new_one().to_owned());
        let on_new = self.pods.iter().filter(|(_, revision)| **revision == new);
        Shown {
            namespaces: self.says.clone(),
            on_new: on_new.map(|(name, _)| name.clone()).collect(),
            asking: BTreeSet::new(),
        }
    }

    /// Does a verb's steps, at most so many; says how many there were to do, and whether it got to its end.
    fn run(&mut self, verb: &Verb, at_most: usize) -> Result<usize, String> {
        let Some(upgrade) = self.upgrade.clone() else {
            return Ok(0);
        };
        let steps = upgrade
            .steps(verb, &self.shown())
            .map_err(|refusal| refusal.to_string())?;
        for step in steps.iter().take(at_most) {
            self.step(step)?;
        }
        Ok(steps.len())
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Note(upgrade) => {
                self.spec = upgrade.described().clone();
                self.upgrade = Some((**upgrade).clone());
            }
            Step::Planes => self.planes = self.upgrade.as_ref().unwrap().planes(),
            Step::Say(name, said) => drop(self.says.insert(name.clone(), said.clone())),
            Step::Restart(name) => self.restart(name),
            Step::Unused(revision) if self.uses(revision) => {
                return Err(format!("{revision} is in use"));
            }
            Step::Unused(_) | Step::Keep(..) => {}
            Step::Done(mesh) => {
                self.spec = (**mesh).clone();
                self.upgrade = None;
            }
        }
        Ok(())
    }

    fn whole(&mut self, verb: &Verb) -> Result<usize, String> {
        self.run(verb, usize::MAX)
    }
}

/// A mesh before an upgrade, and namespaces of every sort.
fn worlds() -> impl Any<Value = World> {
    let spec = prop_oneof![
        Just("{version: 1.30.0}"),
        Just("{version: 1.30.0, tags: [prod, test]}"),
        Just("{version: 1.30.0, revision: one, tags: [prod]}"),
        Just("{version: 1.30.0, revision: one, tags: [default, prod]}"),
    ];
    let said = (
        prop_oneof![Just(None), Just(Some("enabled")), Just(Some("disabled"))],
        prop_oneof![
            Just(None),
            Just(Some("default")),
            Just(Some("one")),
            Just(Some("prod")),
            Just(Some("theirs")),
        ],
    );
    (spec, prop::collection::vec(said, 0..5)).prop_map(|(spec, said)| {
        let names = ["a", "b", "c", "d", "e"];
        let all: Vec<_> = names
            .iter()
            .zip(said)
            .map(|(name, (injection, revision))| (*name, injection, revision))
            .collect();
        let mut world = World::new(&mesh(spec), namespaces(&all));
        world.upgrade = Some(upgrade(spec));
        world
    })
}

fn verb() -> impl Any<Value = Verb> {
    let some = prop::collection::vec(prop_oneof![Just("a"), Just("b"), Just("c")], 1..3)
        .prop_map(|names| Verb::Move(Some(names.into_iter().map(str::to_owned).collect())));
    prop_oneof![
        Just(Verb::Install),
        some,
        Just(Verb::Move(None)),
        Just(Verb::Rollback),
        Just(Verb::Promote),
        Just(Verb::Finish),
    ]
}

fn verbs() -> impl Any<Value = Vec<Verb>> {
    prop::collection::vec(verb(), 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Killed after any step, the same command leads to the same end.
    #[test]
    fn a_killed_command_goes_on(world in worlds(), way in verbs(), last in verb(), kills in prop::collection::vec(0_usize..12, 0..4)) {
        let mut world = world;
        world.whole(&Verb::Install).unwrap();
        for verb in &way {
            drop(world.whole(verb));
        }
        let mut straight = world.clone();
        let end = straight.whole(&last);
        for kill in &kills {
            drop(world.run(&last, *kill));
        }
        let resumed = world.whole(&last);
        prop_assert_eq!(end.is_ok(), resumed.is_ok(), "{:?} {:?}", end, resumed);
        prop_assert_eq!(world, straight);
    }

    /// Whatever was done, a rollback leads to what was before, labels and all.
    #[test]
    fn a_rollback_undoes_every_move(world in worlds(), way in verbs()) {
        let mut world = world;
        let before = World { upgrade: None, ..world.clone() };
        world.whole(&Verb::Install).unwrap();
        for verb in way.iter().filter(|verb| **verb != Verb::Finish) {
            drop(world.whole(verb));
        }
        world.whole(&Verb::Rollback).unwrap();
        prop_assert_eq!(world, before);
    }

    /// Straight on, everything that had proxies of the old revision has them of the new one, and nothing else has changed.
    #[test]
    fn all_the_way_everything_has_moved(world in worlds()) {
        let mut world = world;
        let before = world.clone();
        for verb in [Verb::Install, Verb::Move(None), Verb::Promote, Verb::Finish] {
            world.whole(&verb).unwrap();
        }
        let old = before.upgrade.as_ref().unwrap().old();
        for (name, revision) in &before.pods {
            let wanted = if revision.as_deref() == Some(old) { Some("1-31-0") } else { revision.as_deref() };
            prop_assert_eq!(world.pods[name].as_deref(), wanted, "{}", name);
            let serves = world.serves(name);
            prop_assert_eq!(serves.as_deref(), wanted, "{}", name);
        }
        prop_assert_eq!(world.planes.len(), 1);
        prop_assert_eq!(&world.planes[0], &world.spec);
        prop_assert_eq!(world.upgrade, None);
        if old == "default" {
            prop_assert_eq!(world.says, before.says, "labels may be as they were");
        }
    }
}

#[test]
fn each_verb_has_its_time() {
    use Stage::{Finishing, Installing, Leaving, Promoted, Promoting, Ready, RollingBack};
    let verbs = [
        Verb::Install,
        Verb::Move(None),
        Verb::Promote,
        Verb::Finish,
        Verb::Rollback,
    ];
    let cases = [
        (Installing, [true, false, false, false, true]),
        (Ready, [true, true, true, false, true]),
        (Promoting, [false, false, true, false, true]),
        (Promoted, [false, true, true, true, true]),
        (Finishing, [false, false, false, true, false]),
        (RollingBack, [false, false, false, false, true]),
        (Leaving, [false, false, false, false, true]),
    ];
    for (stage, wanted) in cases {
        let upgrade = upgrade("{version: 1.30.0}").at(stage);
        let found = verbs
            .clone()
            .map(|verb| upgrade.steps(&verb, &Shown::default()).is_ok());
        assert_eq!(found, wanted, "{stage:?}");
    }
}

#[test]
fn in_place_there_is_nothing_beside() {
    let mut upgrade = upgrade("{version: 1.30.0}");
    upgrade.strategy = Strategy::InPlace;
    upgrade.to.spec.revision = None;
    let steps = |verb| upgrade.steps(&verb, &Shown::default());
    let to = Box::new(upgrade.to.clone());
    assert_eq!(steps(Verb::Install), Ok(vec![Step::Planes, Step::Done(to)]));
    assert_eq!(upgrade.planes(), std::slice::from_ref(&upgrade.to));
    let refused = steps(Verb::Promote).unwrap_err().to_string();
    assert!(
        refused.contains("run `weft mesh upgrade shop --to 1.31.0`"),
        "{refused}"
    );

    let back = steps(Verb::Rollback).unwrap();
    assert_eq!(
        back.last(),
        Some(&Step::Done(Box::new(upgrade.from.clone())))
    );
    assert_eq!(
        upgrade.at(Stage::RollingBack).planes(),
        std::slice::from_ref(&upgrade.from)
    );
}

/// Until the promotion the old control plane validates for the mesh, and is what the record describes.
#[test]
fn the_old_one_stays_the_meshs_until_promotion() {
    let upgrade = upgrade("{version: 1.30.0, tags: [prod]}");
    let validator = |stage| {
        let planes = upgrade.at(stage).planes();
        let values = planes.last().unwrap().spec.values.clone();
        let tags: Vec<_> = planes.iter().map(|plane| plane.spec.tags.len()).collect();
        (
            values.map(|values| values.base["defaultRevision"].clone()),
            tags,
        )
    };
    let old = Some(serde_json::json!("default"));
    assert_eq!(validator(Stage::Ready), (old.clone(), vec![1, 0]));
    assert_eq!(validator(Stage::RollingBack), (old, vec![1, 0]));
    assert_eq!(validator(Stage::Promoting), (None, vec![0, 1]));
    assert_eq!(validator(Stage::Finishing), (None, vec![2]));
    let described = |stage| {
        upgrade
            .at(stage)
            .described()
            .spec
            .version
            .clone()
            .unwrap()
            .to_string()
    };
    assert_eq!(described(Stage::Promoting), "1.30.0");
    assert_eq!(described(Stage::Promoted), "1.31.0");
}

/// Whatever a killed move left of a namespace's labels, a rollback leads to what it said before, and so does the same move to its end.
#[test]
fn half_a_move_is_no_wish_of_somebody_else() {
    let on = Some("enabled");
    let cases = [
        ("both labels", (on, Some("1-31-0")), true),
        ("silence", (None, None), true),
        ("nothing yet", (on, None), true),
        ("another revision", (on, Some("theirs")), false),
        ("declined", (Some("disabled"), None), false),
        (
            "declined, with ours",
            (Some("disabled"), Some("1-31-0")),
            false,
        ),
    ];
    for (what, (injection, revision), is_ours) in cases {
        let mut world = World::new(
            &mesh("{version: 1.30.0}"),
            namespaces(&[("shop", on, None)]),
        );
        let before = world.clone();
        world.upgrade = Some(upgrade("{version: 1.30.0}"));
        world.whole(&Verb::Install).unwrap();
        // The move is noted, and has not come further than the labels.
        world.run(&Verb::Move(None), 1).unwrap();
        world
            .says
            .extend(namespaces(&[("shop", injection, revision)]));
        let now = world.says["shop"].clone();

        let mut moved = world.clone();
        moved.whole(&Verb::Move(None)).unwrap();
        assert_eq!(moved.says["shop"].words(), "istio.io/rev=1-31-0", "{what}");

        let steps = world.upgrade.clone().unwrap();
        let steps = steps.steps(&Verb::Rollback, &world.shown()).unwrap();
        let keeps = steps.contains(&Step::Keep("shop".to_owned(), now));
        assert_eq!(keeps, !is_ours, "{what}");
        world.whole(&Verb::Rollback).unwrap();
        if is_ours {
            assert_eq!(world, before, "{what}");
        }
    }
}

/// What somebody labelled by hand goes back as well, what somebody labelled since stays, and both are told.
#[test]
fn labels_of_others_are_neither_left_behind_nor_overwritten() {
    let (on, off, new) = (Some("enabled"), Some("disabled"), Some("1-31-0"));
    let all = [
        ("moved", on, None),
        ("hand", None, new),
        ("late", on, None),
        ("elsewhere", on, None),
    ];
    let mut world = World::new(&mesh("{version: 1.30.0}"), namespaces(&all));
    world.upgrade = Some(upgrade("{version: 1.30.0}"));
    for verb in [Verb::Install, Verb::Move(None), Verb::Promote] {
        world.whole(&verb).unwrap();
    }
    // Since the move, somebody else declines injection, or has another revision; and one more is labelled by hand.
    let since = namespaces(&[
        ("late", off, None),
        ("elsewhere", None, Some("theirs")),
        ("added", None, new),
    ]);
    world.says.extend(since.clone());
    for name in ["late", "elsewhere", "added"] {
        world.restart(name);
    }
    let kept = |steps: &[Step]| -> Vec<String> {
        let kept = steps.iter().filter_map(|step| {
            let Step::Keep(name, said) = step else {
                return None;
            };
            assert_eq!(Some(said), since.get(name));
            Some(name.clone())
        });
        kept.collect()
    };

    let mut finished = world.clone();
    let steps = finished.upgrade.clone().unwrap();
    let steps = steps.steps(&Verb::Finish, &finished.shown()).unwrap();
    assert_eq!(kept(&steps), ["elsewhere", "late"]);
    finished.whole(&Verb::Finish).unwrap();
    assert_eq!(finished.says["moved"].words(), "istio-injection=enabled");
    assert_eq!(finished.says["late"].words(), "istio-injection=disabled");
    assert_eq!(finished.says["elsewhere"].words(), "istio.io/rev=theirs");
    assert_eq!(finished.says["hand"].words(), "istio.io/rev=1-31-0");

    let steps = world.upgrade.clone().unwrap();
    let steps = steps.steps(&Verb::Rollback, &world.shown()).unwrap();
    assert_eq!(kept(&steps), ["elsewhere", "late"]);
    world.whole(&Verb::Rollback).unwrap();
    assert_eq!(world.says["moved"].words(), "istio-injection=enabled");
    assert_eq!(world.says["late"].words(), "istio-injection=disabled");
    for name in ["hand", "added"] {
        assert_eq!(world.says[name].words(), "istio.io/rev=default", "{name}");
        assert_eq!(world.pods[name].as_deref(), Some("default"), "{name}");
    }
    assert_eq!(world.upgrade, None);
}

#[test]
fn workloads_that_name_the_new_revision_stop_a_rollback_before_it_begins() {
    let upgrade = upgrade("{version: 1.30.0}").at(Stage::Promoted);
    let shown = Shown {
        asking: BTreeSet::from(["CronJob shop/nightly".to_owned()]),
        ..Shown::default()
    };
    let refused = upgrade
        .steps(&Verb::Rollback, &shown)
        .unwrap_err()
        .to_string();
    for words in [
        "nothing was written",
        "CronJob shop/nightly",
        "--revision default",
    ] {
        assert!(refused.contains(words), "{refused}");
    }
    // All others go on, and so does a rollback that is past it.
    assert!(upgrade.steps(&Verb::Finish, &shown).is_ok());
    let leaving = upgrade.at(Stage::Leaving);
    assert!(leaving.steps(&Verb::Rollback, &shown).is_ok());
}
