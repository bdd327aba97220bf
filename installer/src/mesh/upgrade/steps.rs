//! What a verb has still to do, from the record and what the cluster shows. Each step may be done again, and each verb that
//! begins something notes it first: whoever was killed finds here what is left.

use std::collections::{BTreeMap, BTreeSet};

use super::namespaces::{MoveError, Way};
use super::state::{Said, Stage, Strategy, Upgrade};
use crate::failure::{Exit, Failure};
use crate::mesh::spec::Mesh;

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// Note in the record how far it is.
    Note(Box<Upgrade>),
    /// Have the control planes that the record means, and wait until they are ready.
    Planes,
    /// Have a namespace say this.
    Say(String, Said),
    /// Leave what it says: somebody else wrote it since.
    Keep(String, Said),
    /// Start anew what is not as it would be now.
    Restart(String),
    /// Stop here unless nothing uses this revision.
    Unused(String),
    /// Note that it is over, with this mesh.
    Done(Box<Mesh>),
}

/// What is asked for while an upgrade is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Go on with the installation.
    Install,
    /// Move these namespaces, or all.
    Move(Option<Vec<String>>),
    /// Go back.
    Rollback,
    /// Make the new control plane the mesh's.
    Promote,
    /// Let the old one go.
    Finish,
}

/// What the cluster shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// What each namespace says, but those of the system.
    pub(crate) namespaces: BTreeMap<String, Said>,
    /// The namespaces with proxies of the new revision.
    pub(crate) on_new: BTreeSet<String>,
    /// Workloads whose own templates name the new revision.
    pub(crate) asking: BTreeSet<String>,
}

/// Why a verb does nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Something else comes first.
    #[error("the upgrade is {stage}: run `{next}` first")]
    First {
        /// How far it is.
        stage: &'static str,
        /// What comes first.
        next: String,
    },
    /// It is too late.
    #[error("the old control plane is going: there is no way back any more; run `{0}`")]
    TooLate(String),
    /// There is nothing beside the old control plane.
    #[error("this upgrade is in place: there is nothing to move, promote or finish; run `{0}`")]
    InPlace(String),
    /// Workloads that no label of a namespace moves.
    #[error(
        "nothing was written: these name revision {new} in their own templates, and would keep it:\n  {}\n\
         have them name {old} first: `weft sidecar enable deploy/NAME -n NAMESPACE --revision {old}`, or their label istio.io/rev",
        names.join("\n  ")
    )]
    Asking {
        /// The revision that is to go.
        new: String,
        /// The one that stays.
        old: String,
        /// Which.
        names: Vec<String>,
    },
    /// Namespaces that cannot move.
    #[error("nothing was written:\n  {}", lines(.0))]
    Namespaces(Vec<MoveError>),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::new(Exit::Failure, refusal)
    }
}

fn lines(errors: &[MoveError]) -> String {
    let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
    lines.join("\n  ")
}

impl Upgrade {
    /// What is left to do for a verb.
    pub(crate) fn steps(&self, verb: &Verb, shown: &Shown) -> Result<Vec<Step>, Refusal> {
        self.permitted(verb)?;
        match verb {
            Verb::Install => Ok(self.install()),
            Verb::Move(asked) => self.moving(asked.as_deref(), shown),
            Verb::Rollback => self.rollback(shown),
            Verb::Promote => Ok(self.promote()),
            Verb::Finish => Ok(self.finish(shown)),
        }
    }

    fn permitted(&self, verb: &Verb) -> Result<(), Refusal> {
        let next = self.next();
        let first = || Refusal::First {
            stage: self.stage.word(),
            next: next.clone(),
        };
        if self.strategy == Strategy::InPlace && !matches!(verb, Verb::Install | Verb::Rollback) {
            return Err(Refusal::InPlace(next));
        }
        let fits = match verb {
            Verb::Install => matches!(self.stage, Stage::Installing | Stage::Ready),
            Verb::Move(_) => matches!(self.stage, Stage::Ready | Stage::Promoted),
            Verb::Rollback if self.stage == Stage::Finishing => {
                return Err(Refusal::TooLate(next));
            }
            Verb::Rollback => true,
            Verb::Promote => {
                matches!(
                    self.stage,
                    Stage::Ready | Stage::Promoting | Stage::Promoted
                )
            }
            Verb::Finish => matches!(self.stage, Stage::Promoted | Stage::Finishing),
        };
        if fits { Ok(()) } else { Err(first()) }
    }

    fn at(&self, stage: Stage) -> Self {
        Self {
            stage,
            ..self.clone()
        }
    }

    fn note(&self, stage: Stage) -> Step {
        Step::Note(Box::new(self.at(stage)))
    }

    fn install(&self) -> Vec<Step> {
        match self.strategy {
            Strategy::InPlace => vec![Step::Planes, Step::Done(Box::new(self.to.clone()))],
            Strategy::Canary => vec![Step::Planes, self.note(Stage::Ready)],
        }
    }

    fn moving(&self, asked: Option<&[String]>, shown: &Shown) -> Result<Vec<Step>, Refusal> {
        let there = &shown.namespaces;
        let names = match asked {
            Some(asked) => self.chosen(asked, there).map_err(Refusal::Namespaces)?,
            None => self.movable(there),
        };
        let mut noted = self.clone();
        let found: Vec<_> = names
            .iter()
            .filter_map(|name| Some((name, self.before(name, there.get(name)?).clone())))
            .collect();
        for (name, before) in &found {
            noted.moved.insert((*name).clone(), before.clone());
            if let (Way::Tag(tag), false) = (self.way(before), self.is_promoted()) {
                noted.tags.insert(tag);
            }
        }
        let mut steps = Vec::new();
        if noted != *self {
            steps.push(Step::Note(Box::new(noted.clone())));
        }
        if !noted.tags.is_empty() && !self.is_promoted() {
            steps.push(Step::Planes);
        }
        for (name, before) in found {
            steps.extend(say(there, name, self.after(&before)));
            steps.push(Step::Restart(name.clone()));
        }
        Ok(steps)
    }

    fn rollback(&self, shown: &Shown) -> Result<Vec<Step>, Refusal> {
        let mut steps = Vec::new();
        if self.stage != Stage::Leaving {
            steps.extend([self.note(Stage::RollingBack), Step::Planes]);
        }
        if self.strategy == Strategy::Canary {
            if self.stage != Stage::Leaving {
                if !shown.asking.is_empty() {
                    return Err(Refusal::Asking {
                        new: self.new_one().to_owned(),
                        old: self.old().to_owned(),
                        names: shown.asking.iter().cloned().collect(),
                    });
                }
                for (name, now) in &shown.namespaces {
                    steps.extend(self.back(name, now));
                    // What started of itself meanwhile, such as in a namespace whose tag was promoted, goes back as well.
                    if self.moved.contains_key(name)
                        || shown.on_new.contains(name)
                        || self.way(now) == Way::Already
                    {
                        steps.push(Step::Restart(name.clone()));
                    }
                }
                steps.push(Step::Unused(self.new_one().to_owned()));
            }
            steps.extend([self.note(Stage::Leaving), Step::Planes]);
        }
        steps.push(Step::Done(Box::new(self.from.clone())));
        Ok(steps)
    }

    /// What a namespace is to say again. Where weft does not know what it said before it named the new revision, because
    /// somebody labelled it by hand, it names the old one: it would stay with a control plane that goes otherwise.
    fn back(&self, name: &str, now: &Said) -> Option<Step> {
        let before = self.moved.get(name);
        if self.way(now) != Way::Already {
            return before.and_then(|before| self.keep(name, before, now));
        }
        let known = before.filter(|before| self.way(before) != Way::Already);
        let said = known.map_or_else(|| Said::revision(self.old()), Said::clone);
        Some(Step::Say(name.to_owned(), said))
    }

    /// A label that is not the one that weft wrote is somebody's newer wish. Silence is none, and both labels at once are what a killed
    /// move leaves: those say again what they said before.
    fn keep(&self, name: &str, before: &Said, now: &Said) -> Option<Step> {
        if self.way(before) != Way::Relabel || now == before {
            return None;
        }
        let halfway = Said {
            injection: before.injection.clone(),
            ..self.after(before)
        };
        let name = name.to_owned();
        Some(if [Said::default(), halfway].contains(now) {
            Step::Say(name, before.clone())
        } else {
            Step::Keep(name, now.clone())
        })
    }

    fn promote(&self) -> Vec<Step> {
        let begin = (self.stage == Stage::Ready).then(|| self.note(Stage::Promoting));
        let rest = [Step::Planes, self.note(Stage::Promoted)];
        begin.into_iter().chain(rest).collect()
    }

    fn finish(&self, shown: &Shown) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.stage == Stage::Promoted {
            steps.push(Step::Unused(self.old().to_owned()));
            steps.push(self.note(Stage::Finishing));
        }
        steps.push(Step::Planes);
        if self.hands_over() {
            // The new control plane serves what these said before, so that they may say it again.
            for (name, before) in &self.moved {
                let now = shown.namespaces.get(name);
                steps.extend(now.and_then(|now| match (self.way(before), self.way(now)) {
                    (Way::Relabel, Way::Already) => Some(Step::Say(name.clone(), before.clone())),
                    _ => self.keep(name, before, now),
                }));
            }
        }
        steps.push(Step::Done(Box::new(self.settled())));
        steps
    }
}

/// Nothing where it is said already, or nobody is there to say it.
fn say(there: &BTreeMap<String, Said>, name: &str, wanted: Said) -> Option<Step> {
    let now = there.get(name)?;
    (*now != wanted).then(|| Step::Say(name.to_owned(), wanted))
}

#[cfg(test)]
#[path = "steps/tests.rs"]
pub(crate) mod tests;
