//! What stands in actions, evaluated: pipelines, calls, and the types that functions ask for.

use super::field::field;
use super::run::{NO_VALUE, Run};
use super::tree::{Callee, Command, Operand, Pipe};
use super::{Failure, Outcome};
use crate::functions::{Function, Kind};
use crate::value::Value;
use std::rc::Rc;

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
            value = Some(if result.is_nil() {
                Value::Absent
            } else {
                result
            });
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
        let arguments = &command.arguments;
        match &command.operand {
            Operand::Field(path) => self.path(dot, path, arguments, last, dot),
            Operand::Variable(name, path) => {
                let value = self.variable(name)?;
                self.path(&value, path, arguments, last, dot)
            }
            Operand::Pipe(pipe, path) => {
                let value = self.nested(pipe, dot)?;
                self.path(&value, path, arguments, last, dot)
            }
            Operand::Function(callee) => self.call(*callee, arguments, dot, last),
            Operand::Nil => Err(Failure::new("nil is not a command")),
            other => {
                if !arguments.is_empty() || last.is_some() {
                    return Err(Failure::new("can't give argument to non-function"));
                }
                self.argument(other, Kind::Any, dot)
            }
        }
    }

    /// Parentheses: variables declared in them are of no use outside.
    fn nested(&mut self, pipe: &Pipe, dot: &Value) -> Outcome<Value> {
        self.pipe(pipe, dot)
    }

    fn variable(&self, name: &Rc<str>) -> Outcome<Value> {
        let found = self.variables.iter().rev().find(|(known, _)| known == name);
        let found = found.map(|(_, value)| value.clone());
        found.ok_or_else(|| Failure::new(format!("undefined variable: {name}")))
    }

    /// Follows fields; the last one may be a method with arguments.
    fn path(
        &mut self,
        start: &Value,
        path: &[Rc<str>],
        arguments: &[Operand],
        last: Option<Value>,
        dot: &Value,
    ) -> Outcome<Value> {
        let Some((end, steps)) = path.split_last() else {
            if !arguments.is_empty() || last.is_some() {
                return Err(Failure::new("can't give argument to non-function"));
            }
            return Ok(start.clone());
        };
        let mut value = start.clone();
        for step in steps {
            value = field(&value, step, &[])?;
        }
        let mut given = Vec::new();
        for argument in arguments {
            given.push(self.argument(argument, Kind::Any, dot)?);
        }
        given.extend(last);
        field(&value, end, &given)
    }

    fn call(
        &mut self,
        callee: Callee,
        arguments: &[Operand],
        dot: &Value,
        last: Option<Value>,
    ) -> Outcome<Value> {
        self.budget.step()?;
        let result = match callee {
            Callee::And => self.short_circuit(arguments, dot, last, false),
            Callee::Or => self.short_circuit(arguments, dot, last, true),
            Callee::Include => {
                let given = self.arguments(
                    "include",
                    &[Kind::Text, Kind::Any],
                    None,
                    arguments,
                    dot,
                    last,
                )?;
                self.include(&given)
            }
            Callee::Tpl => {
                let given =
                    self.arguments("tpl", &[Kind::Text, Kind::Any], None, arguments, dot, last)?;
                self.tpl(&given)
            }
            Callee::Plain(function) => {
                let kinds = (function.takes, function.rest);
                let given =
                    self.arguments(function.name, kinds.0, kinds.1, arguments, dot, last)?;
                self.plain(function, &given)
            }
        };
        let result = result?;
        if let Value::Text(text) = &result {
            self.budget.bytes(text.len())?;
        }
        Ok(result)
    }

    fn plain(&self, function: &Function, given: &[Value]) -> Outcome<Value> {
        if let Some(bytes) = function.size.and_then(|size| size(given)) {
            self.budget.bytes(bytes)?;
        }
        let result = (function.run)(&crate::functions::Arguments(given));
        result.map_err(|failure| describe(failure, function.name))
    }

    /// `and` and `or` evaluate no more than they need.
    fn short_circuit(
        &mut self,
        arguments: &[Operand],
        dot: &Value,
        last: Option<Value>,
        until: bool,
    ) -> Outcome<Value> {
        if arguments.is_empty() && last.is_none() {
            return Err(Failure::new("wrong number of args: want at least 1 got 0"));
        }
        let mut value = Value::Absent;
        for argument in arguments {
            value = self.argument(argument, Kind::Any, dot)?;
            if value.is_true() == until {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }

    fn include(&mut self, given: &[Value]) -> Outcome<Value> {
        let [Value::Text(name), data] = given else {
            return Err(Failure::new("include needs a template's name and its data"));
        };
        self.template(name, data_of(data)).map(Value::text)
    }

    /// A template in a value: it sees the templates here, and what it defines is seen by it alone.
    fn tpl(&mut self, given: &[Value]) -> Outcome<Value> {
        let [Value::Text(text), data] = given else {
            return Err(Failure::new("tpl needs a template's text and its data"));
        };
        self.budget.bytes(text.len().saturating_mul(8))?;
        let mut set = (*self.set).clone();
        let name: Rc<str> = Rc::from("tpl");
        let tree = set.add(&name, text)?;
        let out = super::run::run(&Rc::new(set), &tree, data_of(data), self.budget)?;
        Ok(Value::text(out.replace(NO_VALUE, "")))
    }

    fn arguments(
        &mut self,
        name: &str,
        takes: &[Kind],
        rest: Option<Kind>,
        arguments: &[Operand],
        dot: &Value,
        last: Option<Value>,
    ) -> Outcome<Vec<Value>> {
        let count = arguments.len().saturating_add(usize::from(last.is_some()));
        let wanted = takes.len();
        if count < wanted || count > wanted && rest.is_none() {
            let least = if rest.is_some() { "at least " } else { "" };
            return Err(Failure::new(format!(
                "wrong number of args for {name}: want {least}{wanted} got {count}"
            )));
        }
        let kinds = takes.iter().copied().chain(rest.into_iter().cycle());
        let mut kinds = kinds;
        let mut given = Vec::with_capacity(count);
        for argument in arguments {
            let kind = kinds.next().unwrap_or(Kind::Any);
            given.push(self.argument(argument, kind, dot)?);
        }
        if let Some(last) = last {
            given.push(fit(last, kinds.next().unwrap_or(Kind::Any))?);
        }
        Ok(given)
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
            Operand::Field(path) => self.path(dot, path, &[], None, dot)?,
            Operand::Variable(name, path) => {
                let value = self.variable(name)?;
                self.path(&value, path, &[], None, dot)?
            }
            Operand::Function(callee) => self.call(*callee, &[], dot, None)?,
            Operand::Pipe(pipe, path) => {
                let value = self.nested(pipe, dot)?;
                self.path(&value, path, &[], None, dot)?
            }
        };
        fit(value, kind)
    }
}

/// The value, if a function of Go that asks for this kind takes it.
fn fit(value: Value, kind: Kind) -> Outcome<Value> {
    let fits = match (kind, &value) {
        (Kind::Any | Kind::Map, Value::Absent | Value::Null)
        | (Kind::Any, _)
        | (Kind::Text, Value::Text(_))
        | (Kind::Int, Value::Int(_))
        | (Kind::Float, Value::Float(_))
        | (Kind::Bool, Value::Bool(_))
        | (Kind::Map, Value::Map(_)) => true,
        _ => false,
    };
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

/// A template whose data is nil has no value at all as its dot.
fn data_of(data: &Value) -> Value {
    if data.is_nil() {
        Value::Absent
    } else {
        data.clone()
    }
}

fn float(number: i64) -> f64 {
    // No cast: a literal in a template is short.
    number.to_string().parse().unwrap_or(0.0)
}
