//! Whether the istiods that a mesh has already serve.

use super::super::serving::Serving;
use super::facts::Facts;
use super::{Check, Subject, Wish};

/// Says nothing of a mesh that is not there.
pub(super) fn serving(facts: &Facts, _: &Wish) -> Vec<Check> {
    let subject = Subject::of("ISTIOD_SERVES", "the mesh's istiod serves");
    let check = match &facts.serving {
        None => return Vec::new(),
        Some(Err(why)) => subject.skipped(why),
        Some(Ok(Serving::Well)) => subject.pass("its pods are behind its Service"),
        Some(Ok(Serving::NotYet(what))) => {
            subject.warn(what, "wait for it: `weft mesh wait` says when it works")
        }
        Some(Ok(Serving::Not(what))) => subject.check(super::Verdict::Fail, what),
    };
    vec![check]
}
