//! What stands in actions, evaluated: pipelines, calls, and the types that functions ask for.

use super::field::field;
use super::run::{NO_VALUE, Run, run};
use super::tree::{Callee, Command, Operand, Pipe};
use super::{Failure, Outcome};
use crate::functions::{Arguments, Function, Kind};
use crate::value::Value;
use std::rc::Rc;

/// What `include` and `tpl` take.
const TEMPLATE: &[Kind] = &[Kind::Text, Kind::Any];

/// What something is called with: operands, and the result of the command before.
struct Given<'g> {
    operands: &'g [Operand],
    dot: &'g Value,
    last: Option<Value>,
}

impl<'g> Given<'g> {
    fn nothing(dot: &'g Value) -> Self {
        Self {
            operands: &[],
            dot,
            last: None,
        }
    }

    fn count(&self) -> usize {
        let last = usize::from(self.last.is_some());
        self.operands.len().saturating_add(last)
    }

    fn refuse(&self) -> Outcome<()> {
        if self.count() == 0 {
            return Ok(());
        }
        Err(Failure::new("can't give argument to non-function"))
    }
}

impl Run<'_> {
    /// A pipeline's value, with its variables declared.
    pub(crate) fn pipe(&mut self, pipe: &Pipe, dot: &Value) -> Outcome<Value> {
        self.budget.step()?;
        self.budget.down()?;
        let mut value = None;
        for command in &pipe.commands {
            self.line = pipe.line;
            let result = self.command(command, dot, value)?;
            // A null that comes out of a pipeline is no value any more, so its fields are none.
            value = Some(result.or_absent());
        }
        self.budget.up();
        let value = value.unwrap_or(Value::Absent);
        // A range binds its variables each turn; until then they hold what is ranged over.
        for name in &pipe.variables {
            if pipe.assigns {
                self.assign(name, value.clone())?;
            } else {
                self.variables.push((name.clone(), value.clone()));
            }
        }
        Ok(value)
    }

    fn command(&mut self, command: &Command, dot: &Value, last: Option<Value>) -> Outcome<Value> {
        let given = Given {
            operands: &command.arguments,
            dot,
            last,
        };
        match &command.operand {
            Operand::Field(path) => self.path(dot, path, given),
            Operand::Variable(name, path) => {
                let value = self.variable(name)?;
                self.path(&value, path, given)
            }
            Operand::Pipe(pipe, path) => {
                let value = self.pipe(pipe, dot)?;
                self.path(&value, path, given)
            }
            Operand::Function(callee) => self.call(*callee, given),
            Operand::Nil => Err(Failure::new("nil is not a command")),
            other => {
                given.refuse()?;
                self.argument(other, Kind::Any, dot)
            }
        }
    }

    fn variable(&self, name: &Rc<str>) -> Outcome<Value> {
        let found = self.variables.iter().rev().find(|(known, _)| known == name);
        let found = found.map(|(_, value)| value.clone());
        found.ok_or_else(|| Failure::new(format!("undefined variable: {name}")))
    }

    /// Follows fields; the last one may be a method with arguments.
    fn path(&mut self, start: &Value, path: &[Rc<str>], given: Given<'_>) -> Outcome<Value> {
        let Some((end, steps)) = path.split_last() else {
            given.refuse()?;
            return Ok(start.clone());
        };
        let mut value = start.clone();
        for step in steps {
            value = field(&value, step, &[])?;
        }
        let mut arguments = Vec::new();
        for operand in given.operands {
            arguments.push(self.argument(operand, Kind::Any, given.dot)?);
        }
        arguments.extend(given.last);
        field(&value, end, &arguments)
    }

    fn call(&mut self, callee: Callee, given: Given<'_>) -> Outcome<Value> {
        self.budget.step()?;
        let result = match callee {
            Callee::And => self.short_circuit(given, false),
            Callee::Or => self.short_circuit(given, true),
            Callee::Include => {
                let arguments = self.arguments("include", TEMPLATE, None, given)?;
                self.include(&arguments)
            }
            Callee::Tpl => {
                let arguments = self.arguments("tpl", TEMPLATE, None, given)?;
                self.tpl(&arguments)
            }
            Callee::Plain(function) => {
                let (takes, rest) = (function.takes, function.rest);
                let arguments = self.arguments(function.name, takes, rest, given)?;
                self.plain(function, &arguments)
            }
        }?;
        self.budget.bytes(shallow(&result))?;
        Ok(result)
    }

    fn plain(&self, function: &Function, arguments: &[Value]) -> Outcome<Value> {
        // What a function makes is no larger than what it is given, unless it says so.
        for argument in arguments {
            self.budget.bytes(argument.items().map_or_else(
                || shallow(argument),
                |items| items.iter().map(shallow).fold(0, usize::saturating_add),
            ))?;
        }
        if let Some(bytes) = function.size.and_then(|size| size(arguments)) {
            self.budget.bytes(bytes)?;
        }
        let result = (function.run)(&Arguments(arguments));
        result.map_err(|failure| describe(failure, function.name))
    }

    /// `and` and `or` evaluate no more than they need.
    fn short_circuit(&mut self, given: Given<'_>, until: bool) -> Outcome<Value> {
        if given.count() == 0 {
            return Err(Failure::new("wrong number of args: want at least 1 got 0"));
        }
        let mut value = Value::Absent;
        for operand in given.operands {
            value = self.argument(operand, Kind::Any, given.dot)?;
            if value.is_true() == until {
                return Ok(value);
            }
        }
        Ok(given.last.unwrap_or(value))
    }

    fn include(&mut self, arguments: &[Value]) -> Outcome<Value> {
        let [Value::Text(name), data] = arguments else {
            return Err(Failure::new("include needs a template's name and its data"));
        };
        self.template(name, &data.clone().or_absent())
            .map(Value::text)
    }

    /// A template in a value: it sees the templates here, and what it defines is seen by it alone.
    fn tpl(&mut self, arguments: &[Value]) -> Outcome<Value> {
        let [Value::Text(text), data] = arguments else {
            return Err(Failure::new("tpl needs a template's text and its data"));
        };
        // What it parses to is larger than the text.
        self.budget.bytes(text.len().saturating_mul(8))?;
        let mut set = (*self.set).clone();
        let tree = set.add(&Rc::from("tpl"), text)?;
        let out = run(&Rc::new(set), &tree, &data.clone().or_absent(), self.budget)?;
        Ok(Value::text(out.replace(NO_VALUE, "")))
    }

    fn arguments(
        &mut self,
        name: &str,
        takes: &[Kind],
        rest: Option<Kind>,
        given: Given<'_>,
    ) -> Outcome<Vec<Value>> {
        let (count, wanted) = (given.count(), takes.len());
        if count < wanted || count > wanted && rest.is_none() {
            let bound = if rest.is_some() { "at least " } else { "" };
            return Err(Failure::new(format!(
                "wrong number of args for {name}: want {bound}{wanted} got {count}"
            )));
        }
        let mut kinds = takes.iter().copied().chain(rest.into_iter().cycle());
        let mut arguments = Vec::with_capacity(count);
        for operand in given.operands {
            let kind = kinds.next().unwrap_or(Kind::Any);
            arguments.push(self.argument(operand, kind, given.dot)?);
        }
        if let Some(last) = given.last {
            arguments.push(fit(last, kinds.next().unwrap_or(Kind::Any))?);
        }
        Ok(arguments)
    }

    /// An operand as an argument: literals take the kind that is asked for.
    fn argument(&mut self, operand: &Operand, kind: Kind, dot: &Value) -> Outcome<Value> {
        self.budget.step()?;
        let value = match operand {
            Operand::Dot => dot.clone(),
            Operand::Nil => Value::Absent,
            Operand::Bool(truth) => Value::Bool(*truth),
            Operand::Int(number) if kind == Kind::Float => Value::Float(float(*number)),
            Operand::Int(number) => Value::Int(*number),
            Operand::Float(number) => Value::Float(*number),
            Operand::Text(text) => Value::Text(text.clone()),
            Operand::Field(path) => self.path(dot, path, Given::nothing(dot))?,
            Operand::Variable(name, path) => {
                let value = self.variable(name)?;
                self.path(&value, path, Given::nothing(dot))?
            }
            Operand::Function(callee) => self.call(*callee, Given::nothing(dot))?,
            Operand::Pipe(pipe, path) => {
                let value = self.pipe(pipe, dot)?;
                self.path(&value, path, Given::nothing(dot))?
            }
        };
        fit(value, kind)
    }
}

/// How many bytes a value takes by itself.
fn shallow(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::List(items) => items.len().saturating_mul(size_of::<Value>()),
        _ => 0,
    }
}

/// The value, if a function of Go that asks for this kind takes it.
fn fit(value: Value, kind: Kind) -> Outcome<Value> {
    let fits = matches!(
        (kind, &value),
        (Kind::Any, _)
            | (Kind::Text, Value::Text(_))
            | (Kind::Int, Value::Int(_))
            | (Kind::Float, Value::Float(_))
            | (Kind::Bool, Value::Bool(_))
            | (Kind::Map, Value::Map(_) | Value::Absent | Value::Null)
    );
    if fits {
        // What a function keeps of nil is a null.
        return Ok(if value.is_nil() { Value::Null } else { value });
    }
    Err(Failure::new(if value.is_nil() {
        format!("invalid value; expected {}", kind.name())
    } else {
        format!(
            "wrong type for value; expected {}; got {}",
            kind.name(),
            value.type_name()
        )
    }))
}

/// Only the chart's own messages stay as they are.
fn describe(mut failure: Failure, name: &str) -> Failure {
    if !failure.is_of_chart {
        failure.message = format!("error calling {name}: {}", failure.message);
    }
    failure
}

fn float(number: i64) -> f64 {
    // No cast: a literal in a template is short.
    number.to_string().parse().unwrap_or(0.0)
}
