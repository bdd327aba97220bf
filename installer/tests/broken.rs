//! Clusters, files and credentials that are broken, each in one way: `weft` says in one message what is wrong with which
//! object and what to do about it, and exits as documented.
//!
//! It needs root on Linux and takes some minutes, so it runs in the ladder only (`WEFT_LADDER=1`), where anything that is
//! missing is a failure; elsewhere one line says what was left out.

#[cfg(test)]
#[path = "broken/cases.rs"]
mod cases;
#[cfg(test)]
#[path = "broken/world.rs"]
mod world;

#[cfg(test)]
mod tests {
    use super::cases::{self, Case};
    use super::world::{World, in_one_message};
    use std::fmt::Write as _;
    use std::panic::AssertUnwindSafe;
    use weft::failure::Exit;

    /// One after the other: a cluster takes one mesh of a revision, and some faults concern all of it.
    #[test]
    fn each_fault_is_told_with_object_and_remedy() {
        if lab::trial::is_left_out("each_fault_is_told_with_object_and_remedy") {
            return;
        }
        let world = World::start();
        let all = cases::all();
        assert!(all.len() >= 25, "{} cases", all.len());
        let mut wrong = String::new();
        for case in &all {
            // A case that cannot be made is one that failed, and the others are looked at all the same.
            let ran = std::panic::catch_unwind(AssertUnwindSafe(|| one(&world, case)));
            let ran = ran.unwrap_or_else(|_| Err("it cannot be made; see above".to_owned()));
            if let Err(why) = ran {
                writeln!(wrong, "{}: {why}", case.name).unwrap();
            }
        }
        assert!(wrong.is_empty(), "{wrong}");
    }

    #[expect(
        clippy::print_stdout,
        reason = "the harness shows it when the test fails: the whole story"
    )]
    fn one(world: &World, case: &Case) -> Result<(), String> {
        let start = std::time::Instant::now();
        println!("== {}", case.name);
        if !case.fault.is_empty() {
            world.kubectl_from("apply -f -", case.fault);
        }
        (case.before)(world);
        let ran = world.weft(case.config, case.weft);
        (case.after)(world);
        if !case.fault.is_empty() {
            world.kubectl_from("delete --wait=false --ignore-not-found -f -", case.fault);
        }
        println!("-- {} ms", start.elapsed().as_millis());
        let documented = Exit::ALL
            .iter()
            .any(|exit| i32::from(exit.code()) == case.code);
        if ran.code != Some(case.code) || !documented {
            return Err(format!("no exit {}: {ran:#?}", case.code));
        }
        if !in_one_message(&ran, &[case.object, case.remedy]) {
            return Err(format!(
                "no message with {:?} and {:?}: {ran:#?}",
                case.object, case.remedy
            ));
        }
        // What a program prints for itself.
        let raw = ["Status {", "Some(", "panicked"];
        match raw.iter().find(|raw| ran.talk.contains(**raw)) {
            Some(raw) => Err(format!("{raw:?} is for nobody: {ran:#?}")),
            None => Ok(()),
        }
    }
}
