//! JSON to YAML text, byte for byte as Kubernetes' emitter writes it: natural order of keys, two spaces, lines folded
//! behind column 80.

use super::order::natural;
use super::scalar::{Style, is_break, is_multiline, is_printable, style};
use crate::value::print::shortest;
use serde_json::{Map, Number, Value as Json};

/// The column behind which a space becomes a line break.
const WIDTH: usize = 80;
/// A key that is longer stands on a line of its own.
const LONGEST_KEY: usize = 128;

/// The text of a value, with its last line break.
pub(crate) fn write(value: &Json) -> String {
    let mut writer = Writer {
        out: String::new(),
        column: 0,
        whitespace: true,
        indention: true,
    };
    writer.node(value, None, false);
    writer.indent(0);
    writer.out
}

/// A number as YAML has it: whole floats are integers.
pub(crate) fn number(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => {
            if float.fract() == 0.0
                && (-9.223_372_036_854_776e18..1.844_674_407_370_955_2e19).contains(&float)
            {
                // Not "-0".
                format!("{}", float + 0.0)
            } else {
                shortest(float)
            }
        }
        _ => number.to_string(),
    }
}

struct Writer {
    out: String,
    column: usize,
    whitespace: bool,
    indention: bool,
}

impl Writer {
    /// `indent` is that of the collection around, none at the top.
    fn node(&mut self, value: &Json, indent: Option<usize>, in_map: bool) {
        match value {
            Json::Null => self.plain("null", indent),
            Json::Bool(truth) => self.plain(if *truth { "true" } else { "false" }, indent),
            Json::Number(value) => self.plain(&number(value), indent),
            Json::String(text) => self.text(text, indent, false),
            Json::Array(items) if items.is_empty() => self.empty("[]"),
            Json::Object(object) if object.is_empty() => self.empty("{}"),
            Json::Array(items) => self.sequence(items, indent, in_map),
            Json::Object(object) => self.mapping(object, indent),
        }
    }

    fn empty(&mut self, brackets: &str) {
        self.indicator(brackets, false);
    }

    fn sequence(&mut self, items: &[Json], indent: Option<usize>, in_map: bool) {
        let indent = match indent {
            Some(indent) if in_map && !self.indention => indent,
            other => deeper(other),
        };
        for item in items {
            self.indent(indent);
            self.indicator("-", true);
            self.node(item, Some(indent), false);
        }
    }

    fn mapping(&mut self, object: &Map<String, Json>, indent: Option<usize>) {
        let indent = deeper(indent);
        let mut entries: Vec<(&String, &Json)> = object.iter().collect();
        entries.sort_by(|(one, _), (other, _)| natural(one, other));
        for (key, value) in entries {
            self.indent(indent);
            if !is_multiline(key) && key.len() <= LONGEST_KEY {
                self.text(key, Some(indent), true);
                self.put(':');
                self.whitespace = false;
                self.indention = false;
            } else {
                self.indicator("?", true);
                self.text(key, Some(indent), false);
                self.indent(indent);
                self.indicator(":", true);
            }
            self.node(value, Some(indent), true);
        }
    }

    fn text(&mut self, text: &str, indent: Option<usize>, key: bool) {
        // A scalar at the top continues two spaces in.
        let continued = indent.map_or(2, |indent| indent.saturating_add(2));
        match style(text, key) {
            Style::Plain => self.fold(text, continued, key, None),
            Style::Single => self.fold(text, continued, key, Some('\'')),
            Style::Double => self.double(text, continued, key),
            Style::Literal => self.literal(text, continued),
        }
    }

    fn plain(&mut self, text: &str, indent: Option<usize>) {
        let continued = indent.map_or(2, |indent| indent.saturating_add(2));
        self.fold(text, continued, false, None);
    }

    /// Plain or single-quoted: neither has line breaks of its own here, they made it literal or double-quoted.
    fn fold(&mut self, text: &str, indent: usize, key: bool, quote: Option<char>) {
        if !self.whitespace && (quote.is_some() || !text.is_empty()) {
            self.put(' ');
        }
        if let Some(quote) = quote {
            self.put(quote);
            self.whitespace = false;
            self.indention = false;
        }
        let mut spaces = false;
        let mut characters = text.chars().enumerate().peekable();
        while let Some((index, character)) = characters.next() {
            let next = characters.peek().map(|(_, next)| *next);
            let inner = quote.is_none() || index > 0 && next.is_some();
            if character == ' ' {
                if !key && !spaces && self.column > WIDTH && inner && next != Some(' ') {
                    self.indent(indent);
                } else {
                    self.put(' ');
                }
                spaces = true;
                continue;
            }
            if quote == Some(character) {
                self.put(character);
            }
            self.put(character);
            self.indention = false;
            spaces = false;
        }
        if let Some(quote) = quote {
            self.put(quote);
        }
        self.whitespace = false;
        self.indention = false;
    }

    fn double(&mut self, text: &str, indent: usize, key: bool) {
        self.indicator("\"", false);
        let mut spaces = false;
        let mut characters = text.chars().enumerate().peekable();
        while let Some((index, character)) = characters.next() {
            let next = characters.peek().map(|(_, next)| *next);
            if character == ' ' {
                if !key && !spaces && self.column > WIDTH && index > 0 && next.is_some() {
                    self.indent(indent);
                    if next == Some(' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(' ');
                }
                spaces = true;
                continue;
            }
            spaces = false;
            if is_printable(character) && !is_break(character) && !matches!(character, '"' | '\\') {
                self.put(character);
            } else {
                self.escape(character);
            }
        }
        self.put('"');
        self.whitespace = false;
        self.indention = false;
    }

    fn escape(&mut self, character: char) {
        let short = match character {
            '\0' => Some('0'),
            '\u{7}' => Some('a'),
            '\u{8}' => Some('b'),
            '\t' => Some('t'),
            '\n' => Some('n'),
            '\u{b}' => Some('v'),
            '\u{c}' => Some('f'),
            '\r' => Some('r'),
            '\u{1b}' => Some('e'),
            '"' | '\\' => Some(character),
            '\u{85}' => Some('N'),
            '\u{2028}' => Some('L'),
            '\u{2029}' => Some('P'),
            _ => None,
        };
        let code = u32::from(character);
        let escape = match (short, code) {
            (Some(short), _) => format!("\\{short}"),
            (None, 0..=0xff) => format!("\\x{code:02X}"),
            (None, 0x100..=0xffff) => format!("\\u{code:04X}"),
            (None, _) => format!("\\U{code:08X}"),
        };
        escape.chars().for_each(|character| self.put(character));
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.indicator("|", false);
        if text.starts_with([' ', '\n']) {
            self.put('2');
        }
        if !text.ends_with('\n') {
            self.put('-');
        } else if text == "\n" || text.ends_with("\n\n") {
            self.put('+');
        }
        self.line_break();
        self.indention = true;
        self.whitespace = true;
        let mut fresh = true;
        for character in text.chars() {
            if is_break(character) {
                self.out.push(character);
                self.column = 0;
                self.indention = true;
                fresh = true;
                continue;
            }
            if fresh {
                self.indent(indent);
            }
            self.put(character);
            self.indention = false;
            fresh = false;
        }
    }

    fn indicator(&mut self, text: &str, is_indention: bool) {
        if !self.whitespace {
            self.put(' ');
        }
        text.chars().for_each(|character| self.put(character));
        self.whitespace = false;
        self.indention = self.indention && is_indention;
    }

    fn indent(&mut self, indent: usize) {
        if !self.indention || self.column > indent || self.column == indent && !self.whitespace {
            self.line_break();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    fn line_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    fn put(&mut self, character: char) {
        self.out.push(character);
        self.column = self.column.saturating_add(1);
    }
}

fn deeper(indent: Option<usize>) -> usize {
    indent.map_or(0, |indent| indent.saturating_add(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::read::read;
    use proptest::prelude::*;
    use serde_json::json;

    const TENS: &str =
        "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 x";

    #[test]
    fn text_is_that_of_kubernetes() {
        let table = [
            (json!("abc"), "abc\n"),
            (json!("a\n\n"), "|+\n  a\n\n"),
            (json!({"a": "x\n", "b": 1}), "a: |\n  x\nb: 1\n"),
            (
                json!(["x\ny", {"k": [1, [2, 3]], "m": {"n": {}}}]),
                "- |-\n  x\n  y\n- k:\n  - 1\n  - - 2\n    - 3\n  m:\n    \"n\": {}\n",
            ),
            (
                json!([1_000_000, 1e21, 1.5, 12_345_678.5, 3.0]),
                "- 1000000\n- 1e+21\n- 1.5\n- 1.23456785e+07\n- 3\n",
            ),
            (
                json!(["yes", "1", "", " ", "é", "#a", "a: b", "a:b"]),
                "- \"yes\"\n- \"1\"\n- \"\"\n- ' '\n- é\n- '#a'\n- 'a: b'\n- a:b\n",
            ),
            (
                json!(["-", "- a", "?", "{{ x }}", "12:30:45", "~", "'"]),
                "- '-'\n- '- a'\n- '?'\n- '{{ x }}'\n- \"12:30:45\"\n- \"~\"\n- ''''\n",
            ),
            (
                json!(["a\tb", "\u{1f600}", "\u{a0}"]),
                "- \"a\\tb\"\n- \"\\U0001F600\"\n- \u{a0}\n",
            ),
            (
                json!({"a10": 1, "a9": 2, "A": 3, "_x": 5, "1": 6, "yes": 7, "": 10}),
                "\"\": 10\n_x: 5\n\"1\": 6\nA: 3\na9: 2\na10: 1\n\"yes\": 7\n",
            ),
            (json!([[], {}]), "- []\n- {}\n"),
        ];
        for (value, expected) in table {
            assert_eq!(write(&value), expected, "{value}");
        }
    }

    #[test]
    fn long_lines_fold_behind_column_80() {
        // "  b: " and seven times ten digits end at column 81.
        let (first, rest) = TENS.split_at(76);
        let folded = format!("a:\n  b: {first}\n    {}\n", rest.trim_start());
        assert_eq!(write(&json!({"a": {"b": TENS}})), folded);
    }

    fn json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            "[ -~\n\té]{0,100}".prop_map(Json::from),
            "[-a-z0-9:.+_ #]{0,6}".prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
                prop::collection::btree_map("[a-z0-9 :#'\"-]{0,8}", inner, 0..5)
                    .prop_map(|map| Json::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in json()) {
            let text = write(&value);
            prop_assert_eq!(read(&text), Ok(value), "{}", text);
        }
    }
}
