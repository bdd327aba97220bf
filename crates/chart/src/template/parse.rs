//! Tokens to trees. What cannot run in any case (an unknown function, a variable nobody declared) is refused here.

use super::lex::{Item, Token, lex};
use super::tree::{Branch, Node, Pipe, Tree};
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
enum End {
    Text,
    End,
    /// `{{ else }}`; with the keyword that follows, if one does.
    Else(Option<String>),
}

/// What an action is: a node, or the end of a list.
enum Action {
    Node(Node),
    End(End),
}

pub(crate) struct Parser {
    file: Rc<str>,
    items: std::iter::Peekable<std::vec::IntoIter<Item>>,
    pub(crate) line: usize,
    pub(crate) variables: Vec<Rc<str>>,
    definitions: Vec<(Rc<str>, Tree)>,
    ranges: usize,
    deeper: usize,
}

impl Parser {
    fn file(&mut self) -> Outcome<Vec<Node>> {
        let (nodes, end) = self.list(true)?;
        if end == End::Text {
            Ok(nodes)
        } else {
            Err(Failure::new("unexpected {{end}} or {{else}}"))
        }
    }

    fn tree(&self, nodes: Vec<Node>) -> Tree {
        Tree {
            file: self.file.clone(),
            nodes,
        }
    }

    /// Nodes up to an end, an else, or the end of the text. Only a file's top defines templates.
    fn list(&mut self, top: bool) -> Outcome<(Vec<Node>, End)> {
        self.nested(|parser| {
            let mut nodes = Vec::new();
            while let Some(token) = parser.next() {
                match token {
                    Token::Text(text) => nodes.push(Node::Text(text)),
                    _ => match parser.action(top)? {
                        Some(Action::Node(node)) => nodes.push(node),
                        Some(Action::End(end)) => return Ok((nodes, end)),
                        None => {}
                    },
                }
            }
            Ok((nodes, End::Text))
        })
    }

    /// Nothing for a definition.
    fn action(&mut self, top: bool) -> Outcome<Option<Action>> {
        let keyword = match self.peek_word() {
            None => return self.pipeline_action().map(Some),
            Some(keyword) => keyword,
        };
        let node = match keyword.as_str() {
            "if" => Node::If(self.branch("if")?),
            "with" => Node::With(self.branch("with")?),
            "range" => Node::Range(self.branch("range")?),
            "end" => {
                self.close("end")?;
                return Ok(Some(Action::End(End::End)));
            }
            "else" => return self.otherwise().map(|end| Some(Action::End(end))),
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

    fn jump(&mut self, node: Node, name: &str) -> Outcome<Node> {
        self.keyword();
        self.expect_close(name)?;
        if self.ranges == 0 {
            return Err(Failure::new(format!(
                "{{{{{name}}}}} outside {{{{range}}}}"
            )));
        }
        Ok(node)
    }

    fn branch(&mut self, name: &'static str) -> Outcome<Branch> {
        self.keyword();
        let known = self.variables.len();
        let pipe = self.pipeline(name, &Token::Close)?;
        let in_range = usize::from(name == "range");
        self.ranges = self.ranges.saturating_add(in_range);
        let (then, end) = self.list(false)?;
        self.ranges = self.ranges.saturating_sub(in_range);
        let otherwise = match end {
            End::Text => {
                return Err(Failure::new(format!(
                    "unexpected end of file: {name} without end"
                )));
            }
            End::End => Vec::new(),
            End::Else(None) => self.last_list(name)?,
            // The nested branch takes the end of both.
            End::Else(Some(word)) if word == "if" && name == "if" => {
                vec![self.nested_branch("if")?]
            }
            End::Else(Some(word)) if word == "with" && name == "with" => {
                vec![self.nested_branch("with")?]
            }
            End::Else(Some(word)) => {
                return Err(Failure::new(format!(
                    "unexpected {word} after else of {name}"
                )));
            }
        };
        self.variables.truncate(known);
        Ok(Branch {
            pipe,
            then,
            otherwise,
        })
    }

    fn nested_branch(&mut self, name: &'static str) -> Outcome<Node> {
        self.nested(|parser| {
            let branch = parser.branch(name)?;
            Ok(if name == "if" {
                Node::If(branch)
            } else {
                Node::With(branch)
            })
        })
    }

    fn last_list(&mut self, name: &str) -> Outcome<Vec<Node>> {
        match self.list(false)? {
            (nodes, End::End) => Ok(nodes),
            _ => Err(Failure::new(format!(
                "expected the end of {name} after its else"
            ))),
        }
    }

    fn otherwise(&mut self) -> Outcome<End> {
        self.keyword();
        self.spaces();
        if let Some(word @ ("if" | "with")) = self.peek_word().as_deref() {
            return Ok(End::Else(Some(word.to_owned())));
        }
        self.expect_close("else")?;
        Ok(End::Else(None))
    }

    fn define(&mut self) -> Outcome<()> {
        self.keyword();
        let name = self.template_name("define")?;
        self.expect_close("define")?;
        let tree = self.body("define", &name)?;
        self.put(name, tree)
    }

    /// A definition that is used where it stands.
    fn block(&mut self) -> Outcome<Node> {
        self.keyword();
        let line = self.line;
        let name = self.template_name("block")?;
        let data = self.pipeline("block", &Token::Close)?;
        let tree = self.body("block", &name)?;
        self.put(name.clone(), tree)?;
        Ok(Node::Template {
            line,
            name,
            data: Some(data),
        })
    }

    /// A definition's nodes, which see no variable from outside.
    fn body(&mut self, kind: &str, name: &str) -> Outcome<Tree> {
        let outer = std::mem::replace(&mut self.variables, vec![Rc::from("$")]);
        let ranges = std::mem::take(&mut self.ranges);
        let (nodes, end) = self.list(false)?;
        self.variables = outer;
        self.ranges = ranges;
        if end != End::End {
            return Err(Failure::new(format!("{kind} {name:?} has no end")));
        }
        Ok(self.tree(nodes))
    }

    fn put(&mut self, name: Rc<str>, tree: Tree) -> Outcome<()> {
        let old = self
            .definitions
            .iter_mut()
            .find(|(known, _)| *known == name);
        match old {
            None => self.definitions.push((name, tree)),
            Some((_, old)) if old.is_blank() => *old = tree,
            Some(_) if tree.is_blank() => {}
            Some(_) => {
                return Err(Failure::new(format!(
                    "multiple definition of template {name:?}"
                )));
            }
        }
        Ok(())
    }

    fn template(&mut self) -> Outcome<Node> {
        self.keyword();
        let line = self.line;
        let name = self.template_name("template")?;
        self.spaces();
        let data = if self.peek() == Some(&Token::Close) {
            self.next();
            None
        } else {
            Some(self.pipeline("template", &Token::Close)?)
        };
        Ok(Node::Template { line, name, data })
    }

    fn template_name(&mut self, context: &str) -> Outcome<Rc<str>> {
        self.spaces();
        match self.next() {
            Some(Token::Quoted(name)) => Ok(Rc::from(name)),
            _ => Err(Failure::new(format!(
                "{context} needs a template's name in quotes"
            ))),
        }
    }

    /// The keyword of an action, with the space around it.
    fn keyword(&mut self) {
        self.spaces();
        self.next();
    }

    fn close(&mut self, context: &str) -> Outcome<()> {
        self.keyword();
        self.expect_close(context)
    }

    fn expect_close(&mut self, context: &str) -> Outcome<()> {
        self.spaces();
        match self.next() {
            Some(Token::Close) => Ok(()),
            _ => Err(Failure::new(format!("unexpected text in {context}"))),
        }
    }

    fn peek_word(&mut self) -> Option<String> {
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
