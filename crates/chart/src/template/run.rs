//! Runs trees: text and blocks. What stands in actions is in [`super::evaluate`].

use super::limits::Budget;
use super::tree::{Branch, Node, Tree};
use super::{Failure, Outcome, Set};
use crate::value::print::print;
use crate::value::{Map, Value};
use std::rc::Rc;

/// How an empty result prints; Helm takes it out of what it rendered.
pub(crate) const NO_VALUE: &str = "<no value>";

/// A template that runs: its set, what it may still take, and its variables.
#[derive(Debug)]
pub(crate) struct Run<'b> {
    pub(crate) set: Rc<Set>,
    pub(crate) budget: &'b Budget,
    pub(crate) variables: Vec<(Rc<str>, Value)>,
    pub(crate) line: usize,
    out: String,
}

/// How a list of nodes was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    On,
    Break,
    Continue,
}

/// Runs a tree with its data, and returns what it wrote.
///
/// # Errors
/// Where the template fails, or asks too much.
pub(crate) fn run(
    set: &Rc<Set>,
    tree: &Rc<Tree>,
    data: &Value,
    budget: &Budget,
) -> Outcome<String> {
    budget.down()?;
    let mut run = Run {
        set: set.clone(),
        budget,
        variables: vec![(Rc::from("$"), data.clone())],
        line: 1,
        out: String::new(),
    };
    let result = run.nodes(&tree.nodes, data);
    budget.up();
    match result {
        Ok(_) => Ok(run.out),
        Err(failure) => Err(failure.within(&tree.file, run.line)),
    }
}

impl Run<'_> {
    fn nodes(&mut self, nodes: &[Node], dot: &Value) -> Outcome<Flow> {
        self.budget.down()?;
        for node in nodes {
            let flow = self.node(node, dot)?;
            if flow != Flow::On {
                self.budget.up();
                return Ok(flow);
            }
        }
        self.budget.up();
        Ok(Flow::On)
    }

    fn node(&mut self, node: &Node, dot: &Value) -> Outcome<Flow> {
        self.budget.step()?;
        match node {
            Node::Text(text) => self.write(text)?,
            Node::Action(pipe) => {
                let value = self.pipe(pipe, dot)?;
                if pipe.variables.is_empty() {
                    self.line = pipe.line;
                    self.print(&value)?;
                }
            }
            Node::If(branch) => return self.scoped(|run| run.branch(branch, dot, false)),
            Node::With(branch) => return self.scoped(|run| run.branch(branch, dot, true)),
            Node::Range(branch) => return self.scoped(|run| run.range(branch, dot)),
            Node::Template { line, name, data } => {
                self.line = *line;
                let data = match data {
                    Some(pipe) => self.pipe(pipe, dot)?,
                    None => Value::Absent,
                };
                self.line = *line;
                let text = self.template(name, &data)?;
                self.write(&text)?;
            }
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    /// Runs another template of the set.
    pub(crate) fn template(&self, name: &str, data: &Value) -> Outcome<String> {
        let Some(tree) = self.set.get(name) else {
            return Err(Failure::new(format!("template {name:?} not defined")));
        };
        run(&self.set, &tree, data, self.budget)
    }

    /// Variables that a block declares end with it.
    fn scoped(&mut self, body: impl FnOnce(&mut Self) -> Outcome<Flow>) -> Outcome<Flow> {
        let known = self.variables.len();
        let flow = body(self)?;
        self.variables.truncate(known);
        Ok(flow)
    }

    fn branch(&mut self, branch: &Branch, dot: &Value, rebinds: bool) -> Outcome<Flow> {
        let value = self.pipe(&branch.pipe, dot)?;
        if value.is_true() {
            self.nodes(&branch.then, if rebinds { &value } else { dot })
        } else {
            self.nodes(&branch.otherwise, dot)
        }
    }

    fn range(&mut self, branch: &Branch, dot: &Value) -> Outcome<Flow> {
        let value = self.pipe(&branch.pipe, dot)?;
        self.line = branch.pipe.line;
        let entries = self.entries(&value, branch)?;
        if entries.is_empty() {
            return self.nodes(&branch.otherwise, dot);
        }
        let known = self.variables.len();
        for (key, item) in entries {
            self.budget.step()?;
            self.bind(branch, key, &item)?;
            let flow = self.nodes(&branch.then, &item)?;
            self.variables.truncate(known);
            if flow == Flow::Break {
                break;
            }
        }
        Ok(Flow::On)
    }

    /// Key (or index) and item of each turn.
    fn entries(&self, value: &Value, branch: &Branch) -> Outcome<Vec<(Value, Value)>> {
        if let Some(items) = value.items() {
            let indexes = (0..).map(Value::Int);
            return Ok(indexes.zip(items.iter().cloned()).collect());
        }
        match value {
            Value::Absent | Value::Null => Ok(Vec::new()),
            Value::Map(map) => Ok(keyed(map)),
            Value::Object(crate::value::Object::Files(files)) => {
                let entries = files.iter();
                let entries = entries
                    .map(|(path, text)| (Value::Text(path.clone()), Value::Text(text.clone())));
                Ok(entries.collect())
            }
            Value::Int(count) if branch.pipe.variables.len() < 2 => {
                let turns = usize::try_from(*count).unwrap_or(0);
                self.budget
                    .bytes(turns.saturating_mul(size_of::<(Value, Value)>()))?;
                Ok((0..*count)
                    .map(|turn| (Value::Absent, Value::Int(turn)))
                    .collect())
            }
            Value::Int(count) => Err(Failure::new(format!(
                "can't use {count} to iterate over more than one variable"
            ))),
            other => {
                let other = print(other).unwrap_or_default();
                Err(Failure::new(format!("range can't iterate over {other}")))
            }
        }
    }

    /// With one variable it is the item's, with two the first is the key's.
    fn bind(&mut self, branch: &Branch, key: Value, item: &Value) -> Outcome<()> {
        let pipe = &branch.pipe;
        let (key_name, item_name) = match pipe.variables.as_slice() {
            [] => return Ok(()),
            [item] => (None, item),
            [key, item, ..] => (Some(key), item),
        };
        let mut bind = |name: &Rc<str>, value: Value| {
            if pipe.assigns {
                return self.assign(name, value);
            }
            self.variables.push((name.clone(), value));
            Ok(())
        };
        if let Some(name) = key_name {
            bind(name, key)?;
        }
        bind(item_name, item.clone())
    }

    pub(crate) fn assign(&mut self, name: &Rc<str>, value: Value) -> Outcome<()> {
        let variable = self
            .variables
            .iter_mut()
            .rev()
            .find(|(known, _)| known == name);
        let Some((_, old)) = variable else {
            return Err(Failure::new(format!("undefined variable: {name}")));
        };
        *old = value;
        Ok(())
    }

    fn print(&mut self, value: &Value) -> Outcome<()> {
        match value {
            Value::Text(text) => self.write(text),
            Value::Absent | Value::Null => self.write(NO_VALUE),
            other => {
                let text = print(other).ok_or_else(endless)?;
                self.write(&text)
            }
        }
    }

    fn write(&mut self, text: &str) -> Outcome<()> {
        self.budget.bytes(text.len())?;
        self.out.push_str(text);
        Ok(())
    }
}

/// A value that cannot be printed.
pub(crate) fn endless() -> Failure {
    Failure::new("a value holds itself, or is too large")
}

fn keyed(map: &Map) -> Vec<(Value, Value)> {
    let entries = map.entries().into_iter();
    entries
        .map(|(key, value)| (Value::Text(key), value))
        .collect()
}
