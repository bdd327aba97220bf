//! Actions that hold others, or define them: `if`, `range`, `define` and so on.

use super::lex::Token;
use super::parse::{Parser, Stop};
use super::tree::{Branch, Node, Tree};
use super::{Failure, Outcome};
use std::rc::Rc;

impl Parser {
    pub(super) fn jump(&mut self, node: Node, name: &str) -> Outcome<Node> {
        self.keyword();
        self.expect_close(name)?;
        if self.ranges == 0 {
            return Err(Failure::new(format!(
                "{{{{{name}}}}} outside {{{{range}}}}"
            )));
        }
        Ok(node)
    }

    pub(super) fn branch(&mut self, name: &'static str) -> Outcome<Branch> {
        self.keyword();
        let known = self.variables.len();
        let pipe = self.pipeline(name, &Token::Close)?;
        let in_range = usize::from(name == "range");
        self.ranges = self.ranges.saturating_add(in_range);
        let (then, end) = self.list(false)?;
        self.ranges = self.ranges.saturating_sub(in_range);
        let otherwise = match end {
            Stop::Text => {
                return Err(Failure::new(format!(
                    "unexpected end of file: {name} without end"
                )));
            }
            Stop::Closed => Vec::new(),
            Stop::Else(None) => self.last_list(name)?,
            // The nested branch takes the end of both.
            Stop::Else(Some(word)) if word == "if" && name == "if" => {
                vec![self.nested_branch("if")?]
            }
            Stop::Else(Some(word)) if word == "with" && name == "with" => {
                vec![self.nested_branch("with")?]
            }
            Stop::Else(Some(word)) => {
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
            (nodes, Stop::Closed) => Ok(nodes),
            _ => Err(Failure::new(format!(
                "expected the end of {name} after its else"
            ))),
        }
    }

    pub(super) fn otherwise(&mut self) -> Outcome<Stop> {
        self.keyword();
        self.spaces();
        if let Some(word @ ("if" | "with")) = self.peek_word().as_deref() {
            return Ok(Stop::Else(Some(word.to_owned())));
        }
        self.expect_close("else")?;
        Ok(Stop::Else(None))
    }

    pub(super) fn define(&mut self) -> Outcome<()> {
        self.keyword();
        let name = self.template_name("define")?;
        self.expect_close("define")?;
        let tree = self.body("define", &name)?;
        self.put(name, tree)
    }

    /// A definition that is used where it stands.
    pub(super) fn block(&mut self) -> Outcome<Node> {
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
        if end != Stop::Closed {
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

    pub(super) fn template(&mut self) -> Outcome<Node> {
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
}
