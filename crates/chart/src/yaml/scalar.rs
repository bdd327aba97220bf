//! How a scalar may be written: the rules by which Kubernetes' emitter chooses quotes.

use super::resolve::is_text;

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// What a scalar's characters allow.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each rules out some styles, independently"
)]
struct Traits {
    indicators: bool,
    multiline: bool,
    special: bool,
    leading_space: bool,
    leading_break: bool,
    trailing_space: bool,
    trailing_break: bool,
    break_space: bool,
    space_break: bool,
}

/// The style of a text; `key` when it stands before a colon on one line.
pub(crate) fn style(text: &str, key: bool) -> Style {
    let traits = Traits::of(text);
    let wished = if text.contains('\n') {
        Style::Literal
    } else if is_text(text) && !is_base_60(text) {
        Style::Plain
    } else {
        Style::Double
    };
    let wished = if key && traits.multiline {
        Style::Double
    } else {
        wished
    };
    let wished = match wished {
        Style::Plain if !traits.plain() || text.is_empty() && key => Style::Single,
        other => other,
    };
    match wished {
        Style::Single if traits.special || traits.space_break || traits.break_space => {
            Style::Double
        }
        Style::Literal if key || !traits.block() => Style::Double,
        other => other,
    }
}

/// Whether it has a line break, and so cannot be a key on one line.
pub(crate) fn is_multiline(text: &str) -> bool {
    text.chars().any(is_break)
}

impl Traits {
    fn of(text: &str) -> Self {
        let mut traits = Self {
            indicators: text.starts_with("---") || text.starts_with("..."),
            ..Self::default()
        };
        let mut before = None;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let next = characters.peek().copied();
            traits.see(before, character, next);
            before = Some(character);
        }
        traits
    }

    fn see(&mut self, before: Option<char>, character: char, next: Option<char>) {
        let ends = next.is_none_or(is_blank);
        let starts = before.is_none_or(|before| is_blank(before) || is_break(before));
        self.indicators |= match character {
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
            | '`' => before.is_none(),
            '?' | '-' => before.is_none() && ends,
            ':' => ends,
            '#' => starts,
            _ => false,
        };
        self.special |= !is_printable(character);
        if character == ' ' {
            self.leading_space |= before.is_none();
            self.trailing_space |= next.is_none();
            self.break_space |= before.is_some_and(is_break);
        } else if is_break(character) {
            self.multiline = true;
            self.leading_break |= before.is_none();
            self.trailing_break |= next.is_none();
            self.space_break |= before == Some(' ');
        }
    }

    fn plain(&self) -> bool {
        let edges =
            self.leading_space || self.leading_break || self.trailing_space || self.trailing_break;
        let inside = self.break_space || self.space_break || self.multiline || self.special;
        !edges && !inside && !self.indicators
    }

    fn block(&self) -> bool {
        !self.trailing_space && !self.space_break && !self.special
    }
}

pub(crate) fn is_break(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t')
}

/// What is written as it is. Whatever needs four bytes is escaped, as Kubernetes' emitter does.
pub(crate) fn is_printable(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && character != '\u{feff}'
}

/// `12:30:45`: a number to base 60 for old readers.
fn is_base_60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut parts = unsigned.split(':');
    let Some(first) = parts.next() else {
        return false;
    };
    let digits = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'_')
    };
    if !first.starts_with(|start: char| start.is_ascii_digit()) || !digits(first) {
        return false;
    }
    let rest: Vec<&str> = parts.collect();
    let Some((last, middle)) = rest.split_last() else {
        return false;
    };
    let last = match last.split_once('.') {
        Some((whole, fraction)) if digits(fraction) => whole,
        Some(_) => return false,
        None => last,
    };
    middle.iter().chain([&last]).all(|part| is_minute(part))
}

fn is_minute(part: &str) -> bool {
    let digits = part.bytes().all(|byte| byte.is_ascii_digit());
    digits && matches!(part.parse::<u8>(), Ok(0..=59)) && part.len() <= 2
}
