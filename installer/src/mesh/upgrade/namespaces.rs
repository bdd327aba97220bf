//! Which namespaces move, and how: by their own labels, or by the tag that they name.

use std::collections::{BTreeMap, BTreeSet};

use super::state::{Said, Upgrade, revision};

/// How a namespace gets to the new revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Its labels name the old revision, and will name the new one.
    Relabel,
    /// It names a tag, which moves with all namespaces that name it.
    Tag(String),
    /// It names the new revision.
    Already,
    /// It is served by another revision.
    Other(String),
    /// It declines injection, or says nothing.
    Nothing,
}

/// Why namespaces do not move.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MoveError {
    /// It does not exist.
    #[error("there is no namespace {0}: correct the name, or `kubectl create namespace {0}`")]
    Unknown(String),
    /// Its labels name somebody else's.
    #[error(
        "namespace {namespace} names revision {name}, which is neither the old one nor a tag of this mesh: change its label istio.io/rev first"
    )]
    Other {
        /// Which.
        namespace: String,
        /// What it names.
        name: String,
    },
    /// Its labels ask for nothing.
    #[error(
        "namespace {0} asks for no proxies: nothing in it moves by its labels; workloads that ask themselves move with `weft sidecar enable deploy/NAME -n {0} --revision {1}`"
    )]
    Nothing(String, String),
    /// Others would come along.
    #[error(
        "namespace {namespace} names the tag {tag}, which moves as a whole: name {} too, or take --all",
        others.join(", ")
    )]
    Shared {
        /// Which.
        namespace: String,
        /// The tag.
        tag: String,
        /// Who else names it.
        others: Vec<String>,
    },
}

impl Upgrade {
    /// How a namespace that says this moves.
    pub(crate) fn way(&self, said: &Said) -> Way {
        let Some(name) = said.name() else {
            // Where everything is injected by default, silence is a wish.
            let silent = said.injection.is_none();
            return if silent && self.from.spec.global_injection {
                Way::Relabel
            } else {
                Way::Nothing
            };
        };
        if name == revision(&self.to) {
            Way::Already
        } else if self.from.spec.tags.iter().any(|tag| tag == name) {
            Way::Tag(name.to_owned())
        } else if name == self.old() {
            Way::Relabel
        } else {
            Way::Other(name.to_owned())
        }
    }

    /// What a namespace said before any of this.
    pub(crate) fn before<'a>(&'a self, namespace: &str, now: &'a Said) -> &'a Said {
        self.moved.get(namespace).unwrap_or(now)
    }

    /// What a namespace of those that move says then.
    pub(crate) fn after(&self, before: &Said) -> Said {
        match self.way(before) {
            Way::Relabel => Said::revision(self.new_one()),
            Way::Tag(_) | Way::Already | Way::Other(_) | Way::Nothing => before.clone(),
        }
    }

    /// The namespaces that would move if all did.
    pub(crate) fn movable(&self, there: &BTreeMap<String, Said>) -> Vec<String> {
        let moves = |(name, now): &(&String, &Said)| {
            matches!(
                self.way(self.before(name, now)),
                Way::Relabel | Way::Tag(_) | Way::Already
            )
        };
        let found = there.iter().filter(moves);
        found.map(|(name, _)| name.clone()).collect()
    }

    /// Those that are asked for, if they can move, or everything that is in the way.
    pub(crate) fn chosen(
        &self,
        asked: &[String],
        there: &BTreeMap<String, Said>,
    ) -> Result<Vec<String>, Vec<MoveError>> {
        let refused: Vec<_> = asked
            .iter()
            .filter_map(|name| self.refused(name, asked, there))
            .collect();
        if refused.is_empty() {
            let once: BTreeSet<_> = asked.iter().cloned().collect();
            Ok(once.into_iter().collect())
        } else {
            Err(refused)
        }
    }

    fn refused(
        &self,
        name: &str,
        asked: &[String],
        there: &BTreeMap<String, Said>,
    ) -> Option<MoveError> {
        let Some(now) = there.get(name) else {
            return Some(MoveError::Unknown(name.to_owned()));
        };
        let namespace = name.to_owned();
        match self.way(self.before(name, now)) {
            Way::Relabel | Way::Already => None,
            Way::Other(name) => Some(MoveError::Other { namespace, name }),
            Way::Nothing => Some(MoveError::Nothing(namespace, self.new_one().to_owned())),
            Way::Tag(tag) => {
                let others = self.sharing(&tag, asked, there);
                (!others.is_empty()).then_some(MoveError::Shared {
                    namespace,
                    tag,
                    others,
                })
            }
        }
    }

    /// Who else names a tag that has not moved.
    fn sharing(&self, tag: &str, asked: &[String], there: &BTreeMap<String, Said>) -> Vec<String> {
        if self.is_promoted() || self.tags.contains(tag) {
            return Vec::new();
        }
        there
            .iter()
            .filter(|(name, now)| !asked.contains(name) && now.name() == Some(tag))
            .map(|(name, _)| name.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::steps::tests::{namespaces, upgrade};
    use super::*;

    #[test]
    fn a_namespace_moves_by_its_labels_or_by_its_tag() {
        let said = |injection: Option<&str>, revision: Option<&str>| Said {
            injection: injection.map(str::to_owned),
            revision: revision.map(str::to_owned),
        };
        let other = Way::Other("theirs".to_owned());
        let tag = Way::Tag("prod".to_owned());
        let named = "{version: 1.30.0, revision: one, tags: [default, prod]}";
        let unnamed = "{version: 1.30.0, tags: [prod]}";
        let cases = [
            (unnamed, said(Some("enabled"), None), Way::Relabel),
            (unnamed, said(Some("enabled"), Some("theirs")), Way::Relabel),
            (unnamed, said(None, Some("default")), Way::Relabel),
            (
                unnamed,
                said(Some("disabled"), Some("default")),
                Way::Nothing,
            ),
            (unnamed, said(None, None), Way::Nothing),
            (unnamed, said(None, Some("theirs")), other),
            (unnamed, said(None, Some("prod")), tag.clone()),
            (unnamed, said(None, Some("1-31-0")), Way::Already),
            (
                named,
                said(Some("enabled"), None),
                Way::Tag("default".to_owned()),
            ),
            (named, said(None, Some("one")), Way::Relabel),
            (named, said(None, Some("prod")), tag),
            (
                "{version: 1.30.0, globalInjection: true}",
                said(None, None),
                Way::Relabel,
            ),
        ];
        for (spec, said, wanted) in cases {
            assert_eq!(upgrade(spec).way(&said), wanted, "{spec} {said:?}");
        }
    }

    #[test]
    fn everything_that_is_in_the_way_is_named() {
        let upgrade = upgrade("{version: 1.30.0, tags: [prod]}");
        let there = namespaces(&[
            ("a", Some("enabled"), None),
            ("b", None, Some("prod")),
            ("c", None, Some("prod")),
            ("d", None, Some("theirs")),
            ("e", None, None),
        ]);
        let asked = |names: &[&str]| -> Vec<String> {
            names.iter().map(|name| (*name).to_owned()).collect()
        };

        let refused = upgrade
            .chosen(&asked(&["a", "b", "d", "e", "x"]), &there)
            .unwrap_err();
        let texts: Vec<_> = refused.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 4, "{texts:#?}");
        assert!(texts[0].contains("name c too"), "{texts:#?}");
        assert!(texts[1].contains("names revision theirs"), "{texts:#?}");
        assert!(texts[2].contains("--revision 1-31-0"), "{texts:#?}");
        assert!(texts[3].contains("no namespace x"), "{texts:#?}");

        assert_eq!(
            upgrade.chosen(&asked(&["b", "c"]), &there),
            Ok(asked(&["b", "c"]))
        );
        assert_eq!(upgrade.movable(&there), asked(&["a", "b", "c"]));
    }
}
