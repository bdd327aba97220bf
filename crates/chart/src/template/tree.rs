//! A parsed template.

use crate::functions::Function;
use std::rc::Rc;

/// A template's body.
#[derive(Debug)]
pub(crate) struct Tree {
    /// The file it stands in.
    pub(crate) file: Rc<str>,
    pub(crate) nodes: Vec<Node>,
}

#[derive(Debug)]
pub(crate) enum Node {
    Text(String),
    /// A pipeline whose result is written, unless it declares variables.
    Action(Pipe),
    If(Branch),
    With(Branch),
    Range(Branch),
    /// `{{ template "name" . }}`
    Template {
        line: usize,
        name: Rc<str>,
        data: Option<Pipe>,
    },
    Break,
    Continue,
}

#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) pipe: Pipe,
    pub(crate) then: Vec<Node>,
    pub(crate) otherwise: Vec<Node>,
}

/// Commands, each of which gets the result of the one before as its last argument.
#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) line: usize,
    /// `=` rather than `:=`.
    pub(crate) assigns: bool,
    pub(crate) variables: Vec<Rc<str>>,
    pub(crate) commands: Vec<Command>,
}

/// What is called or taken, and its arguments.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) operand: Operand,
    pub(crate) arguments: Vec<Operand>,
}

#[derive(Debug)]
pub(crate) enum Operand {
    Dot,
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Rc<str>),
    /// `.a.b`
    Field(Vec<Rc<str>>),
    /// `$x.a`
    Variable(Rc<str>, Vec<Rc<str>>),
    Function(Callee),
    /// `(…)` and `(…).a`
    Pipe(Box<Pipe>, Vec<Rc<str>>),
}

/// What is called by name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Callee {
    Plain(&'static Function),
    And,
    Or,
    Include,
    Tpl,
}

impl Tree {
    /// Whether it has nothing but space, and so does not replace another one.
    pub(crate) fn is_blank(&self) -> bool {
        let blank = |node: &Node| matches!(node, Node::Text(text) if text.trim().is_empty());
        self.nodes.iter().all(blank)
    }
}
