//! Tokens to trees. What cannot run in any case (an unknown function, a variable nobody declared) is refused here.

use super::lex::{Item, Token, lex};
use super::tree::{Node, Pipe, Tree};
use super::{Failure, Outcome};
use std::rc::Rc;

/// How deep blocks and parentheses may nest.
const DEEPEST: usize = 60;

/// A file's templates.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) main: Tree,
    pub(crate) definitions: Vec<(Rc<str>, Tree)>,
}

/// Parses a file.
///
/// # Errors
/// What is wrong, with its file and line.
pub(crate) fn parse(file: &Rc<str>, text: &str) -> Outcome<Parsed> {
    let items = lex(text).map_err(|(line, failure)| failure.within(file, line))?;
    let mut parser = Parser {
        file: file.clone(),
        items: items.into_iter().peekable(),
        line: 1,
        variables: vec![Rc::from("$")],
        definitions: Vec::new(),
        ranges: 0,
        deeper: DEEPEST,
    };
    match parser.file() {
        Ok(nodes) => Ok(Parsed {
            main: parser.tree(nodes),
            definitions: parser.definitions,
        }),
        Err(failure) => Err(failure.within(file, parser.line)),
    }
}

/// How a list of nodes ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Text,
    Closed,
    /// `{{ else }}`; with the keyword that follows, if one does.
    Else(Option<String>),
}

/// What an action is: a node, or the end of a list.
enum Action {
    Node(Node),
    Stop(Stop),
}

pub(crate) struct Parser {
    file: Rc<str>,
    items: std::iter::Peekable<std::vec::IntoIter<Item>>,
    pub(crate) line: usize,
    pub(crate) variables: Vec<Rc<str>>,
    pub(super) definitions: Vec<(Rc<str>, Tree)>,
    pub(super) ranges: usize,
    deeper: usize,
}

impl Parser {
    fn file(&mut self) -> Outcome<Vec<Node>> {
        let (nodes, end) = self.list(true)?;
        if end == Stop::Text {
            Ok(nodes)
        } else {
            Err(Failure::new("unexpected {{end}} or {{else}}"))
        }
    }

    pub(super) fn tree(&self, nodes: Vec<Node>) -> Tree {
        Tree {
            file: self.file.clone(),
            nodes,
        }
    }

    /// Nodes up to an end, an else, or the end of the text. Only a file's top defines templates.
    pub(super) fn list(&mut self, top: bool) -> Outcome<(Vec<Node>, Stop)> {
        self.nested(|parser| {
            let mut nodes = Vec::new();
            while let Some(token) = parser.next() {
                match token {
                    Token::Text(text) => nodes.push(Node::Text(text)),
                    _ => match parser.action(top)? {
                        Some(Action::Node(node)) => nodes.push(node),
                        Some(Action::Stop(end)) => return Ok((nodes, end)),
                        None => {}
                    },
                }
            }
            Ok((nodes, Stop::Text))
        })
    }

    /// Nothing for a definition.
    fn action(&mut self, top: bool) -> Outcome<Option<Action>> {
        let Some(keyword) = self.peek_word() else {
            return self.pipeline_action().map(Some);
        };
        let node = match keyword.as_str() {
            "if" => Node::If(self.branch("if")?),
            "with" => Node::With(self.branch("with")?),
            "range" => Node::Range(self.branch("range")?),
            "end" => {
                self.close("end")?;
                return Ok(Some(Action::Stop(Stop::Closed)));
            }
            "else" => return self.otherwise().map(|end| Some(Action::Stop(end))),
            "define" if top => {
                self.define()?;
                return Ok(None);
            }
            "define" => {
                return Err(Failure::new(
                    "unexpected {{define}}: only a file's top has them",
                ));
            }
            "block" => self.block()?,
            "template" => self.template()?,
            "break" => self.jump(Node::Break, "break")?,
            "continue" => self.jump(Node::Continue, "continue")?,
            _ => return self.pipeline_action().map(Some),
        };
        Ok(Some(Action::Node(node)))
    }

    fn pipeline_action(&mut self) -> Outcome<Action> {
        let pipe = self.pipeline("command", &Token::Close)?;
        Ok(Action::Node(Node::Action(pipe)))
    }

    /// The keyword of an action, with the space around it.
    pub(super) fn keyword(&mut self) {
        self.spaces();
        self.next();
    }

    pub(super) fn close(&mut self, context: &str) -> Outcome<()> {
        self.keyword();
        self.expect_close(context)
    }

    pub(super) fn expect_close(&mut self, context: &str) -> Outcome<()> {
        self.spaces();
        match self.next() {
            Some(Token::Close) => Ok(()),
            _ => Err(Failure::new(format!("unexpected text in {context}"))),
        }
    }

    pub(super) fn peek_word(&mut self) -> Option<String> {
        self.spaces();
        match self.peek() {
            Some(Token::Word(word)) => Some(word.clone()),
            _ => None,
        }
    }

    pub(crate) fn spaces(&mut self) {
        while self.peek() == Some(&Token::Space) {
            self.next();
        }
    }

    pub(crate) fn peek(&mut self) -> Option<&Token> {
        self.items.peek().map(|item| &item.token)
    }

    pub(crate) fn next(&mut self) -> Option<Token> {
        let item = self.items.next()?;
        self.line = item.line;
        Some(item.token)
    }

    /// One level deeper.
    pub(crate) fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        let Some(deeper) = self.deeper.checked_sub(1) else {
            return Err(Failure::new("it nests too deep"));
        };
        self.deeper = deeper;
        let result = parse(self);
        self.deeper = deeper.saturating_add(1);
        result
    }

    pub(crate) fn pipeline(&mut self, context: &'static str, end: &Token) -> Outcome<Pipe> {
        self.nested(|parser| super::operand::pipeline(parser, context, end))
    }
}
