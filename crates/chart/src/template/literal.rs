//! Go's literals: numbers and quoted text.

use super::lex::{Lexer, Token};
use super::{Failure, Outcome};

impl Lexer<'_> {
    pub(super) fn number(&mut self) -> Outcome<()> {
        let mut before = ' ';
        let end = self.rest.find(|character: char| {
            let sign =
                matches!(character, '+' | '-') && (before == ' ' || matches!(before, 'e' | 'E'));
            before = character;
            !(sign || character == '.' || character == '_' || character.is_ascii_alphanumeric())
        });
        let text = self
            .rest
            .get(..end.unwrap_or(self.rest.len()))
            .unwrap_or_default();
        let token =
            parse(text).ok_or_else(|| Failure::new(format!("bad number syntax: {text:?}")))?;
        self.push(token);
        self.advance(text.len());
        self.ends()
    }

    pub(super) fn raw(&mut self) -> Outcome<()> {
        let rest = self.rest.get(1..).unwrap_or_default();
        let Some((text, _)) = rest.split_once('`') else {
            return Err(Failure::new("unterminated raw quoted string"));
        };
        self.push(Token::Quoted(text.replace('\r', "")));
        self.advance(text.len().saturating_add(2));
        Ok(())
    }

    pub(super) fn quoted(&mut self) -> Outcome<()> {
        let (text, length) = unquote(self.rest, '"')
            .ok_or_else(|| Failure::new("unterminated quoted string, or a wrong escape in one"))?;
        self.push(Token::Quoted(text));
        self.advance(length);
        Ok(())
    }

    pub(super) fn character(&mut self) -> Outcome<()> {
        let wrong = || Failure::new("malformed character constant");
        let (text, length) = unquote(self.rest, '\'').ok_or_else(wrong)?;
        let mut characters = text.chars();
        let (Some(character), None) = (characters.next(), characters.next()) else {
            return Err(wrong());
        };
        self.push(Token::Int(i64::from(u32::from(character))));
        self.advance(length);
        Ok(())
    }
}

/// A number of Go, of which those with an imaginary part are not taken.
pub(crate) fn parse(text: &str) -> Option<Token> {
    if let Some(whole) = integer(text) {
        return Some(Token::Int(whole));
    }
    let plain = text.replace('_', "");
    let fits = plain
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let float = fits.then(|| plain.parse::<f64>().ok()).flatten();
    float.filter(|float| float.is_finite()).map(Token::Float)
}

/// An integer with Go's prefixes and underscores.
pub(crate) fn integer(text: &str) -> Option<i64> {
    let plain = text.replace('_', "");
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let lower = digits.to_ascii_lowercase();
    let (digits, radix) = if let Some(digits) = lower.strip_prefix("0x") {
        (digits, 16)
    } else if let Some(digits) = lower.strip_prefix("0b") {
        (digits, 2)
    } else if let Some(digits) = lower.strip_prefix("0o") {
        (digits, 8)
    } else {
        match lower.strip_prefix('0') {
            Some(digits) if !digits.is_empty() => (digits, 8),
            _ => (lower.as_str(), 10),
        }
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let magnitude = i128::from_str_radix(digits, radix).ok()?;
    i64::try_from(if negative {
        magnitude.checked_neg()?
    } else {
        magnitude
    })
    .ok()
}

/// The text of a quoted literal at the start, and how many bytes it takes.
pub(crate) fn unquote(source: &str, quote: char) -> Option<(String, usize)> {
    let mut out = String::new();
    let mut characters = source.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\n' => return None,
            end if end == quote => return Some((out, at.saturating_add(1))),
            '\\' => {
                let (_, escape) = characters.next()?;
                out.push(unescape(escape, quote, &mut characters)?);
            }
            other => out.push(other),
        }
    }
    None
}

fn unescape(
    escape: char,
    quote: char,
    characters: &mut impl Iterator<Item = (usize, char)>,
) -> Option<char> {
    Some(match escape {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        '\\' => '\\',
        same if same == quote => same,
        'x' => code(characters, 2, 16, 0)?,
        'u' => code(characters, 4, 16, 0)?,
        'U' => code(characters, 8, 16, 0)?,
        octal @ '0'..='7' => code(characters, 2, 8, octal.to_digit(8)?)?,
        _ => return None,
    })
}

fn code(
    characters: &mut impl Iterator<Item = (usize, char)>,
    digits: usize,
    radix: u32,
    start: u32,
) -> Option<char> {
    let mut code = start;
    for _ in 0..digits {
        let (_, digit) = characters.next()?;
        code = code
            .checked_mul(radix)?
            .checked_add(digit.to_digit(radix)?)?;
    }
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_go() {
        let table = [
            ("1", Some(Token::Int(1))),
            ("-1", Some(Token::Int(-1))),
            ("0x1F", Some(Token::Int(31))),
            ("0644", Some(Token::Int(420))),
            ("1_000", Some(Token::Int(1000))),
            ("1.5", Some(Token::Float(1.5))),
            ("1e3", Some(Token::Float(1000.0))),
            (".5", Some(Token::Float(0.5))),
            ("1x", None),
            ("-", None),
            ("0x", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn escapes_are_those_of_go() {
        let table = [
            (r#""a\tb" x"#, Some(("a\tb", 6))),
            (r#""\x41\u00e9\101""#, Some(("AéA", 16))),
            (r#""\q""#, None),
            ("\"a\nb\"", None),
            ("\"a", None),
        ];
        for (text, expected) in table {
            let expected = expected.map(|(text, length)| (text.to_owned(), length));
            assert_eq!(unquote(text, '"'), expected, "{text}");
        }
    }
}
