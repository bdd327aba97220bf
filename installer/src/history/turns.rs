//! Which entry is undone next, and which is done again.
//!
//! As in an editor: each undo goes one entry further back, a redo comes forward again, and whoever writes something new after an
//! undo has nothing more to redo. It follows from the entries alone: an undo is one that names the entry that it undid.

use super::store::Past;
use super::stored::Course;

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Back.
    Undo,
    /// Forward again.
    Redo,
}

impl Way {
    /// As the verb.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Undo => "undo",
            Self::Redo => "redo",
        }
    }

    /// As what has become of an entry.
    pub(crate) const fn done(self) -> &'static str {
        match self {
            Self::Undo => "undone",
            Self::Redo => "done again",
        }
    }
}

/// An entry whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Turn<'a> {
    /// What was asked for once, by number and verb.
    pub(crate) first: &'a Past,
    /// What wrote it last: itself, or an undo or a redo of it. That is what is gone back from.
    pub(crate) last: &'a Past,
}

/// The entry whose turn it is; nothing where none is left.
pub(crate) fn turn(entries: &[Past], way: Way) -> Option<Turn<'_>> {
    let (mut done, mut undone) = rows(entries);
    match way {
        Way::Undo => done.pop(),
        Way::Redo => undone.pop(),
    }
}

/// An entry by its number, if it is not undone: what is newer stays.
pub(crate) fn named(entries: &[Past], number: u64) -> Option<Turn<'_>> {
    let (done, _) = rows(entries);
    done.into_iter().rfind(|turn| turn.names(number))
}

/// What is done, and what is undone, the next of each at the end.
fn rows(entries: &[Past]) -> (Vec<Turn<'_>>, Vec<Turn<'_>>) {
    let (mut done, mut undone): (Vec<Turn<'_>>, Vec<Turn<'_>>) = (Vec::new(), Vec::new());
    for entry in entries {
        // Of one that failed or was killed nobody can say that it went back: it is an entry like any other.
        let said = parsed(&entry.verb).filter(|_| entry.course == Course::Done);
        let place = |row: &[Turn<'_>], number| row.iter().rposition(|turn| turn.names(number));
        let undo = said.filter(|(way, _)| *way == Way::Undo);
        let back = undo.and_then(|(_, number)| place(&done, number));
        // Before there was a redo, an undo of an undo was one.
        let forward = said.and_then(|(_, number)| place(&undone, number));
        let (from, to, at) = match (back, forward) {
            (Some(at), _) => (&mut done, &mut undone, at),
            (None, Some(at)) => (&mut undone, &mut done, at),
            (None, None) => {
                undone.clear();
                done.push(Turn {
                    first: entry,
                    last: entry,
                });
                continue;
            }
        };
        // Found just now, so that it is there.
        let turn = from.remove(at);
        to.push(Turn {
            last: entry,
            ..turn
        });
    }
    (done, undone)
}

impl Turn<'_> {
    fn names(&self, number: u64) -> bool {
        [self.first.number, self.last.number].contains(&number)
    }

    /// As the history keeps it.
    pub(crate) fn verb(&self, way: Way) -> String {
        format!("{} {} ({})", way.word(), self.first.number, self.first.verb)
    }
}

/// `undo 4 (mesh adopt shop)`.
fn parsed(verb: &str) -> Option<(Way, u64)> {
    let (word, rest) = verb.split_once(' ')?;
    let way = [Way::Undo, Way::Redo]
        .into_iter()
        .find(|way| way.word() == word)?;
    let (number, _) = rest.split_once(" (")?;
    Some((way, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn past(number: u64, verb: &str) -> Past {
        let (verb, course) = match verb.strip_prefix('!') {
            Some(verb) => (verb, Course::Failed),
            None => (verb, Course::Done),
        };
        Past {
            number,
            at: String::new(),
            who: String::new(),
            verb: verb.to_owned(),
            changes: Vec::new(),
            complete: true,
            course,
        }
    }

    fn told(verbs: &[&str], way: Way) -> Option<(u64, u64)> {
        let entries: Vec<_> = (1..)
            .zip(verbs)
            .map(|(number, verb)| past(number, verb))
            .collect();
        turn(&entries, way).map(|turn| (turn.first.number, turn.last.number))
    }

    #[test]
    fn an_undo_goes_further_back_and_a_redo_comes_forward() {
        let cases: [(&[&str], _, _); 11] = [
            (&[], None, None),
            (&["a"], Some((1, 1)), None),
            (&["a", "b"], Some((2, 2)), None),
            (&["a", "b", "undo 2 (b)"], Some((1, 1)), Some((2, 3))),
            (&["a", "b", "undo 2 (b)", "undo 1 (a)"], None, Some((1, 4))),
            (
                &["a", "b", "undo 2 (b)", "undo 1 (a)", "redo 1 (a)"],
                Some((1, 5)),
                Some((2, 3)),
            ),
            (
                &["a", "undo 1 (a)", "redo 1 (a)", "undo 1 (a)"],
                None,
                Some((1, 4)),
            ),
            // Something new: what was undone is not done again.
            (&["a", "undo 1 (a)", "b"], Some((3, 3)), None),
            // As it was written before there was a redo.
            (
                &["a", "undo 1 (a)", "undo 2 (undo 1 (a))"],
                Some((1, 3)),
                None,
            ),
            // What did not come to its end is gone back from first.
            (&["a", "!undo 1 (a)"], Some((2, 2)), None),
            (
                &["a", "!undo 1 (a)", "undo 2 (undo 1 (a))"],
                Some((1, 1)),
                Some((2, 3)),
            ),
        ];
        let (a, b) = ("a", "b");
        let past = [past(1, a), past(2, b), past(3, "undo 1 (a)")];
        let number = |turn: Option<Turn<'_>>| turn.map(|turn| turn.first.number);
        assert_eq!(number(named(&past[..2], 1)), Some(1), "an older one");
        assert_eq!(
            number(turn(&past, Way::Undo)),
            Some(2),
            "the newer one is left"
        );
        assert_eq!(number(turn(&past, Way::Redo)), Some(1));
        assert_eq!(number(named(&past, 1)), None, "it is undone");
        for (verbs, undo, redo) in cases {
            assert_eq!(told(verbs, Way::Undo), undo, "{verbs:?}");
            assert_eq!(told(verbs, Way::Redo), redo, "{verbs:?}");
        }
    }

    proptest! {
        /// As many redos as undos lead to the same place, and nothing is undone twice.
        #[test]
        fn as_far_forward_as_back(count in 1_u64..6, back in 0_usize..8) {
            let mut entries: Vec<_> = (1..=count).map(|number| past(number, "x")).collect();
            let mut go = |way| {
                let verb = turn(&entries, way).map(|turn| (turn.first.number, turn.verb(way)));
                let (number, verb) = verb?;
                entries.push(past(entries.last().unwrap().number + 1, &verb));
                Some(number)
            };
            let undone: Vec<_> = (0..back).map_while(|_| go(Way::Undo)).collect();
            let redone: Vec<_> = (0..back).map_while(|_| go(Way::Redo)).collect();
            prop_assert!(undone.is_sorted_by(|a, b| a > b), "{:?}", undone);
            prop_assert!(undone.iter().rev().eq(&redone), "{:?} {:?}", undone, redone);
            prop_assert_eq!(undone.len(), back.min(usize::try_from(count).unwrap()));
        }
    }
}
