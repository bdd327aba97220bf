//! How changes look in a table: the same words and the same notation wherever something is compared.

use serde_json::Value;

use super::Change;
use super::inside::{Inside, Side};
use crate::output::{Cell, Style, Table};

/// The columns of a change.
pub(crate) const COLUMNS: [&str; 3] = ["FIELD", "BEFORE", "AFTER"];

/// So much of a value is enough, from the first place where it differs.
const ENOUGH: usize = 80;

/// So much before that place is shown as well.
const LEAD: usize = 20;

/// A row for each field, or the lines of a text below its row; `lead` and `trail` are the cells around.
pub(crate) fn rows(table: &mut Table, lead: &[Cell], change: &Change, trail: &[Cell]) {
    let mut row = |before: String, after: String| {
        let cells = [
            change.path.clone().into(),
            Cell::styled(Style::Bad, before),
            Cell::styled(Style::Good, after),
        ];
        table.row(
            lead.iter()
                .cloned()
                .chain(cells)
                .chain(trail.iter().cloned()),
        );
    };
    match change.inside() {
        None => {
            let (before, after) = sides(change.before.as_ref(), change.after.as_ref());
            row(before, after);
        }
        Some(Inside::Fields(fields)) => {
            for field in fields {
                rows(table, lead, &field, trail);
            }
        }
        Some(Inside::Lines(hunks)) => {
            row(size(change.before.as_ref()), size(change.after.as_ref()));
            for hunk in hunks {
                let place = format!("  @@ line {} @@", hunk.after);
                table.text(Cell::styled(Style::Dim, place));
                for line in hunk.lines {
                    let style = match line.side {
                        Side::Before => Style::Bad,
                        Side::After => Style::Good,
                        Side::Both | Side::Note => Style::Plain,
                    };
                    let text = format!("  {} {}", line.side.sign(), line.text);
                    table.text(Cell::styled(style, text));
                }
            }
        }
    }
}

fn size(value: Option<&Value>) -> String {
    let text = value.and_then(Value::as_str).unwrap_or_default();
    match text.lines().count() {
        1 => "1 line".to_owned(),
        count => format!("{count} lines"),
    }
}

/// Both sides of a change. What is long is shown from where the sides differ, so that they never look alike.
pub(crate) fn sides(before: Option<&Value>, after: Option<&Value>) -> (String, String) {
    let (before, after) = (notation(before), notation(after));
    let is_long = |text: &str| text.chars().count() > ENOUGH;
    if !(is_long(&before) || is_long(&after)) {
        return (before, after);
    }
    let alike = before
        .chars()
        .zip(after.chars())
        .take_while(|(one, other)| one == other)
        .count();
    let from = alike.saturating_sub(LEAD);
    (window(&before, from), window(&after, from))
}

fn window(text: &str, from: usize) -> String {
    let mut rest = text.chars().skip(from);
    let mut shown: String = if from > 0 { "…" } else { "" }.to_owned();
    shown.extend(rest.by_ref().take(ENOUGH));
    if rest.next().is_some() {
        shown.push('…');
    }
    shown
}

/// Strings without quotes, unless they would read as something else.
fn notation(value: Option<&Value>) -> String {
    match value {
        None => "-".to_owned(),
        Some(Value::String(text)) if is_plain(text) => text.clone(),
        Some(value) => value.to_string(),
    }
}

fn is_plain(text: &str) -> bool {
    let reads_as_itself = !text.is_empty() && text.trim() == text && text != "-";
    reads_as_itself
        && !text.starts_with('"')
        && !text.contains(char::is_control)
        && serde_json::from_str::<Value>(text).is_err()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::output::Terminal;

    fn leaf() -> impl Strategy<Value = Option<Value>> {
        prop_oneof![
            Just(None),
            Just(Some(Value::Null)),
            any::<bool>().prop_map(|value| Some(json!(value))),
            (0..3_i64).prop_map(|value| Some(json!(value))),
            "[\"\\-\n\\\\ 0-2a{}n]{0,3}".prop_map(|text| Some(json!(text))),
            "x{70,110}[ab]{0,2}x{0,90}".prop_map(|text| Some(json!(text))),
        ]
    }

    proptest! {
        #[test]
        fn what_differs_never_looks_alike(before in leaf(), after in leaf()) {
            let (one, other) = sides(before.as_ref(), after.as_ref());
            prop_assert_eq!(one == other, before == after);
        }
    }

    #[test]
    fn lines_stand_below_their_field() {
        let change = Change {
            path: "data.tpl".to_owned(),
            before: Some(json!("{{ a }}\nb\n")),
            after: Some(json!("{{ a }}\nc\n")),
        };
        let mut table = Table::new(&["OBJECT", "FIELD", "BEFORE", "AFTER"]);
        rows(&mut table, &["x".into()], &change, &[]);
        assert_eq!(
            table.layout(false, true, Terminal::default()),
            "OBJECT   FIELD      BEFORE    AFTER\n\
             x        data.tpl   2 lines   2 lines\n  @@ line 1 @@\n    {{ a }}\n  - b\n  + c\n"
        );
    }

    #[test]
    fn long_values_are_shown_from_where_they_differ() {
        let long = |end: &str| json!(format!("{}{end}{}", "x".repeat(100), "y".repeat(100)));
        let (before, after) = sides(Some(&long("a")), Some(&long("b")));
        let start = format!("…{}", "x".repeat(LEAD));
        assert!(before.starts_with(&format!("{start}ay")), "{before}");
        assert!(after.starts_with(&format!("{start}by")), "{after}");
    }
}
