//! A template's text, cut into tokens: text between actions, and what stands in them.

use super::{Failure, Outcome};

/// A token and the line it starts on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    pub(crate) line: usize,
    pub(crate) token: Token,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Text(String),
    /// `{{`
    Open,
    /// `}}`
    Close,
    Space,
    /// A function's name or a keyword.
    Word(String),
    /// `.name`
    Field(String),
    /// `$name`, with the dollar
    Variable(String),
    Dot,
    Int(i64),
    Float(f64),
    Quoted(String),
    Pipe,
    LeftParen,
    RightParen,
    Comma,
    /// `:=`
    Declare,
    /// `=`
    Assign,
}

const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];

/// Cuts a text into tokens.
///
/// # Errors
/// Where a token is none, with its line; the caller knows the file.
pub(crate) fn lex(text: &str) -> Result<Vec<Item>, (usize, Failure)> {
    let mut lexer = Lexer {
        rest: text,
        line: 1,
        items: Vec::new(),
    };
    lexer.all().map_err(|failure| (lexer.line, failure))?;
    Ok(lexer.items)
}

pub(super) struct Lexer<'t> {
    pub(super) rest: &'t str,
    line: usize,
    items: Vec<Item>,
}

impl Lexer<'_> {
    fn all(&mut self) -> Outcome<()> {
        while !self.rest.is_empty() {
            let (text, action) = match self.rest.split_once("{{") {
                Some((text, action)) => (text, Some(action)),
                None => (self.rest, None),
            };
            let trims = action.is_some_and(trims_before);
            let kept = if trims {
                text.trim_end_matches(SPACES)
            } else {
                text
            };
            if !kept.is_empty() {
                self.push(Token::Text(kept.to_owned()));
            }
            self.advance(text.len());
            if action.is_some() {
                self.advance(2);
                if trims {
                    self.advance(2);
                }
                if self.rest.starts_with("/*") {
                    self.comment()?;
                } else {
                    self.action()?;
                }
            }
        }
        Ok(())
    }

    fn comment(&mut self) -> Outcome<()> {
        let Some((comment, _)) = self.rest.split_once("*/") else {
            return Err(Failure::new("unclosed comment"));
        };
        self.advance(comment.len().saturating_add(2));
        if self.close() {
            Ok(())
        } else {
            Err(Failure::new("comment ends before closing delimiter"))
        }
    }

    /// Takes a closing delimiter, and the space behind it if it trims.
    fn close(&mut self) -> bool {
        if self.rest.starts_with("}}") {
            self.advance(2);
            return true;
        }
        let trimmed = self
            .rest
            .strip_prefix(SPACES)
            .is_some_and(|rest| rest.starts_with("-}}"));
        if trimmed {
            self.advance(4);
            let space = self
                .rest
                .len()
                .saturating_sub(self.rest.trim_start_matches(SPACES).len());
            self.advance(space);
        }
        trimmed
    }

    fn action(&mut self) -> Outcome<()> {
        self.push(Token::Open);
        let mut parens = 0_usize;
        loop {
            let line = self.line;
            if self.close() {
                if parens > 0 {
                    return Err(Failure::new("unclosed left paren"));
                }
                self.items.push(Item {
                    line,
                    token: Token::Close,
                });
                return Ok(());
            }
            match self.rest.chars().next() {
                None => return Err(Failure::new("unclosed action")),
                Some(space) if SPACES.contains(&space) => self.space(),
                Some('(') => {
                    parens = parens.saturating_add(1);
                    self.sign(1, Token::LeftParen);
                }
                Some(')') => {
                    let Some(fewer) = parens.checked_sub(1) else {
                        return Err(Failure::new("unexpected right paren"));
                    };
                    parens = fewer;
                    self.sign(1, Token::RightParen);
                }
                Some('|') => self.sign(1, Token::Pipe),
                Some(',') => self.sign(1, Token::Comma),
                Some('=') => self.sign(1, Token::Assign),
                Some(':') if self.rest.starts_with(":=") => self.sign(2, Token::Declare),
                Some(first) => self.operand(first)?,
            }
        }
    }

    fn space(&mut self) {
        self.push(Token::Space);
        while self.rest.starts_with(SPACES) && !self.closes_with_trim() {
            self.advance(1);
        }
    }

    fn closes_with_trim(&self) -> bool {
        self.rest
            .strip_prefix(SPACES)
            .is_some_and(|rest| rest.starts_with("-}}"))
    }

    fn operand(&mut self, first: char) -> Outcome<()> {
        let second = self.rest.chars().nth(1);
        let is_digit = |character: Option<char>| character.is_some_and(|it| it.is_ascii_digit());
        match first {
            '"' => self.quoted(),
            '`' => self.raw(),
            '\'' => self.character(),
            '$' => self.name(|name| Token::Variable(format!("${name}"))),
            '.' if !is_digit(second) => self.name(|name| {
                if name.is_empty() {
                    Token::Dot
                } else {
                    Token::Field(name.to_owned())
                }
            }),
            '0'..='9' | '.' | '+' | '-' => self.number(),
            letter if is_name(letter) => {
                let word = self.rest;
                let word = word
                    .split(|character| !is_name(character))
                    .next()
                    .unwrap_or_default();
                self.push(Token::Word(word.to_owned()));
                self.advance(word.len());
                self.ends()
            }
            other => Err(Failure::new(format!(
                "unexpected character {other:?} in an action"
            ))),
        }
    }

    /// A name behind a sign.
    fn name(&mut self, token: impl FnOnce(&str) -> Token) -> Outcome<()> {
        let rest = self.rest.get(1..).unwrap_or_default();
        let name = rest
            .split(|character| !is_name(character))
            .next()
            .unwrap_or_default();
        self.push(token(name));
        self.advance(name.len().saturating_add(1));
        self.ends()
    }

    /// After an operand something must follow that cannot be part of it.
    pub(super) fn ends(&self) -> Outcome<()> {
        match self.rest.chars().next() {
            None | Some(' ' | '\t' | '\r' | '\n' | '.' | ',' | '|' | ':' | '(' | ')') => Ok(()),
            Some(_) if self.rest.starts_with("}}") => Ok(()),
            Some(other) => Err(Failure::new(format!("bad character {other:?}"))),
        }
    }

    fn sign(&mut self, length: usize, token: Token) {
        self.push(token);
        self.advance(length);
    }

    pub(super) fn push(&mut self, token: Token) {
        self.items.push(Item {
            line: self.line,
            token,
        });
    }

    pub(super) fn advance(&mut self, bytes: usize) {
        let (passed, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        let lines = passed.bytes().filter(|byte| *byte == b'\n').count();
        self.line = self.line.saturating_add(lines);
        self.rest = rest;
    }
}

/// `{{- `: the text before loses its space.
fn trims_before(action: &str) -> bool {
    action
        .strip_prefix('-')
        .is_some_and(|rest| rest.starts_with(SPACES))
}

fn is_name(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<Token> {
        lex(text)
            .unwrap()
            .into_iter()
            .map(|item| item.token)
            .collect()
    }

    #[test]
    fn delimiters_trim_and_comments_vanish() {
        let text = |text: &str| Token::Text(text.to_owned());
        let table = [
            ("a {{/* c */}} b", vec![text("a "), text(" b")]),
            ("a {{- /* c */ -}} b", vec![text("a"), text("b")]),
            // Only the left side is trimmed: the line break behind stays.
            ("a\n{{- /* c */}}\nb", vec![text("a"), text("\nb")]),
            (
                "a {{- . -}} b",
                vec![text("a"), Token::Open, Token::Dot, Token::Close, text("b")],
            ),
            ("{{.}}", vec![Token::Open, Token::Dot, Token::Close]),
        ];
        for (template, expected) in table {
            assert_eq!(tokens(template), expected, "{template}");
        }
    }

    #[test]
    fn operands_are_told_apart() {
        let name = |text: &str| text.to_owned();
        let expected = vec![
            Token::Open,
            Token::Variable(name("$x")),
            Token::Field(name("a")),
            Token::Space,
            Token::Declare,
            Token::Space,
            Token::Word(name("f")),
            Token::Space,
            Token::Int(-3),
            Token::Space,
            Token::Float(1.5),
            Token::Space,
            Token::Quoted(name("a\n\"")),
            Token::Space,
            Token::Quoted(name("r\\n")),
            Token::Pipe,
            Token::LeftParen,
            Token::Dot,
            Token::RightParen,
            Token::Close,
        ];
        assert_eq!(
            tokens("{{$x.a := f -3 1.5 \"a\\n\\\"\" `r\\n`|(.)}}"),
            expected
        );
    }

    #[test]
    fn mistakes_have_a_line() {
        for (text, line) in [
            ("a\n{{ .x", 2),
            ("{{ \"a }}", 1),
            ("\n\n{{ . ) }}", 3),
            ("{{/* x", 1),
            ("{{ a$ }}", 1),
        ] {
            assert_eq!(lex(text).unwrap_err().0, line, "{text}");
        }
    }
}
