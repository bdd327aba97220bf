//! What differs inside a value that the comparison of fields takes as one: a string that holds a file.
//!
//! The configuration of a mesh, Helm's values and the templates of an injector are such strings. Where both sides are
//! maps of YAML or JSON, what differs are fields; else it is lines, as `diff` shows them.

use serde::{Serialize, Serializer};
use serde_json::Value;
use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};

use super::{Change, walk};

/// Lines around those that differ.
const AROUND: usize = 2;

/// What differs inside.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Inside {
    /// These fields.
    Fields(Vec<Change>),
    /// These lines.
    Lines(Vec<Hunk>),
}

/// Lines that differ, near each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Hunk {
    /// Which line of what was there is the first, counted from 1.
    pub(crate) before: usize,
    /// Which line of what will be there is.
    pub(crate) after: usize,
    /// The lines.
    pub(crate) lines: Vec<Line>,
}

/// A line, and which side has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Which.
    pub(crate) side: Side,
    /// Without its end.
    pub(crate) text: String,
}

/// Who has a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// It will go.
    Before,
    /// It will come.
    After,
    /// It stays.
    Both,
    /// It is no line, but says that the one above is the last and does not end.
    Note,
}

impl Side {
    /// The sign of unified diffs.
    pub(crate) fn sign(self) -> char {
        match self {
            Self::Before => '-',
            Self::After => '+',
            Self::Both => ' ',
            Self::Note => '\\',
        }
    }
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}{}", self.side.sign(), self.text))
    }
}

/// What differs inside the two values of a field; nothing where they are best shown whole.
pub(crate) fn inside(path: &str, before: Option<&Value>, after: Option<&Value>) -> Option<Inside> {
    match (before?, after?) {
        (Value::String(before), Value::String(after)) if before != after => {
            texts(path, before, after)
        }
        (before @ Value::Object(_), after @ Value::Object(_))
        | (before @ Value::Array(_), after @ Value::Array(_)) => fields(path, before, after),
        _ => None,
    }
}

fn texts(path: &str, before: &str, after: &str) -> Option<Inside> {
    let holds_a_file = |text: &str| text.contains('\n') || text.trim_start().starts_with('{');
    if !(holds_a_file(before) || holds_a_file(after)) {
        return None;
    }
    let below = map(before)
        .zip(map(after))
        .and_then(|(before, after)| fields(path, &before, &after));
    below.or_else(|| {
        let has_lines = before.contains('\n') || after.contains('\n');
        has_lines.then(|| Inside::Lines(lines(before, after)))
    })
}

/// What the text says, where it is a map of YAML or JSON. One that cannot be read is compared by its lines.
fn map(text: &str) -> Option<Value> {
    let value: Value = serde_saphyr::from_str(text).ok()?;
    value.is_object().then_some(value)
}

fn fields(path: &str, before: &Value, after: &Value) -> Option<Inside> {
    let mut found = Vec::new();
    walk(path, Some(before), Some(after), true, &mut found);
    // Only notation, comments or order differ.
    let says_more = found.iter().any(|change| change.path != path);
    says_more.then_some(Inside::Fields(found))
}

fn lines(before: &str, after: &str) -> Vec<Hunk> {
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let ops = capture_diff_slices(Algorithm::Myers, &old, &new);
    group_diff_ops(ops, AROUND)
        .iter()
        .map(|group| hunk(group, &old, &new))
        .collect()
}

fn hunk(group: &[DiffOp], old: &[&str], new: &[&str]) -> Hunk {
    let start = |range: Option<std::ops::Range<usize>>| {
        range.map_or(1, |range| range.start.saturating_add(1))
    };
    let mut lines = Vec::new();
    for op in group {
        let gone = old.get(op.old_range()).unwrap_or_default();
        let come = new.get(op.new_range()).unwrap_or_default();
        if matches!(op, DiffOp::Equal { .. }) {
            push(&mut lines, Side::Both, gone);
        } else {
            push(&mut lines, Side::Before, gone);
            push(&mut lines, Side::After, come);
        }
    }
    Hunk {
        before: start(group.first().map(DiffOp::old_range)),
        after: start(group.first().map(DiffOp::new_range)),
        lines,
    }
}

fn push(lines: &mut Vec<Line>, side: Side, texts: &[&str]) {
    for text in texts {
        let ended = text.strip_suffix('\n');
        lines.push(Line {
            side,
            text: ended.unwrap_or(text).to_owned(),
        });
        if ended.is_none() {
            lines.push(Line {
                side: Side::Note,
                text: " No newline at end of file".to_owned(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn seen(before: &str, after: &str) -> Value {
        let inside = inside("data.mesh", Some(&json!(before)), Some(&json!(after)));
        json!(inside)
    }

    #[test]
    fn a_string_that_holds_a_file_is_looked_into() {
        let cases = [
            ("no file", "a: 1", "a: 2", Value::Null),
            (
                "yaml",
                "a: 1\nb: {c: x}\n",
                "a: 1\nb: {c: z}\n",
                json!({"fields": [{"path": "data.mesh.b.c", "before": "x", "after": "z"}]}),
            ),
            (
                "json",
                "{\"a\":[1]}",
                "{\"a\":[1,2]}",
                json!({"fields": [{"path": "data.mesh.a[1]", "after": 2}]}),
            ),
            (
                "a comment",
                "# old\na: 1\n",
                "# new\na: 1\n",
                json!({"lines": [{"before": 1, "after": 1, "lines": ["-# old", "+# new", " a: 1"]}]}),
            ),
            (
                "a template",
                "{{ a }}\n1\n2\n3\n4\nx\n",
                "{{ a }}\n1\n2\n3\n4\ny\n",
                json!({"lines": [{"before": 4, "after": 4, "lines": [" 3", " 4", "-x", "+y"]}]}),
            ),
            (
                "the end of the last line",
                "- a\n",
                "- a",
                json!({"lines": [{"before": 1, "after": 1, "lines": ["-- a", "+- a", "\\ No newline at end of file"]}]}),
            ),
            (
                "a file in a file",
                "t:\n  x: |\n    {{ a }}\n    b\n",
                "t:\n  x: |\n    {{ a }}\n    c\n",
                json!({"fields": [{"path": "data.mesh.t.x", "before": "{{ a }}\nb\n", "after": "{{ a }}\nc\n",
                    "lines": [{"before": 1, "after": 1, "lines": [" {{ a }}", "-b", "+c"]}]}]}),
            ),
        ];
        for (what, before, after, wanted) in cases {
            assert_eq!(seen(before, after), wanted, "{what}");
        }
    }

    #[test]
    fn an_order_that_differs_is_one_change_without_an_inside() {
        let ab = json!([{"name": "a"}, {"name": "b"}]);
        let ba = json!([{"name": "b"}, {"name": "a"}]);
        assert_eq!(inside("x", Some(&ab), Some(&ba)), None);
    }

    proptest! {
        /// Whoever takes the lines that stay and those that come has what will be there.
        #[test]
        fn lines_tell_both_sides(before in "([ab{:]{0,2}\n){0,12}[a{]?", after in "([ab{:]{0,2}\n){0,12}[a{]?") {
            let hunks = lines(&before, &after);
            prop_assert_eq!(hunks.is_empty(), before == after);
            let side = |side: Side, text: &str, first: fn(&Hunk) -> usize| {
                let all: Vec<&str> = text.split_inclusive('\n').collect();
                hunks.iter().all(|hunk| {
                    let told: Vec<_> = hunk.lines.iter()
                        .filter(|line| line.side == side || line.side == Side::Both)
                        .map(|line| line.text.as_str())
                        .collect();
                    let there = all.iter().skip(first(hunk) - 1).map(|line| line.trim_end_matches('\n'));
                    told.iter().copied().eq(there.take(told.len()))
                })
            };
            prop_assert!(side(Side::Before, &before, |hunk| hunk.before));
            prop_assert!(side(Side::After, &after, |hunk| hunk.after));
        }
    }
}
