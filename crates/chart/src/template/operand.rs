//! What stands in an action: pipelines, commands, operands.

use super::lex::Token;
use super::parse::Parser;
use super::tree::{Callee, Command, Operand, Pipe};
use super::{Failure, Outcome};
use std::rc::Rc;

/// `$x := a b | c`, with its closing token.
pub(crate) fn pipeline(parser: &mut Parser, context: &str, end: &Token) -> Outcome<Pipe> {
    parser.spaces();
    let mut pipe = Pipe {
        line: parser.line,
        assigns: false,
        variables: Vec::new(),
        commands: Vec::new(),
    };
    let first = declaration(parser, context, &mut pipe)?;
    if let Some(first) = first {
        let command = command(parser, Some(first))?;
        pipe.commands.push(command);
    }
    loop {
        parser.spaces();
        match parser.peek() {
            None => return Err(Failure::new(format!("unclosed {context}"))),
            Some(token) if token == end => {
                parser.next();
                break;
            }
            Some(_) => {
                let command = command(parser, None)?;
                pipe.commands.push(command);
            }
        }
    }
    check(&pipe, context)?;
    // What a pipeline declares is known behind it, not in it.
    Ok(pipe)
}

fn check(pipe: &Pipe, context: &str) -> Outcome<()> {
    if pipe.commands.is_empty() {
        return Err(Failure::new(format!("missing value for {context}")));
    }
    let calls = |operand: &Operand| {
        matches!(
            operand,
            Operand::Field(_) | Operand::Variable(..) | Operand::Function(_) | Operand::Pipe(..)
        )
    };
    if pipe
        .commands
        .iter()
        .skip(1)
        .all(|command| calls(&command.operand))
    {
        Ok(())
    } else {
        Err(Failure::new("non executable command in pipeline"))
    }
}

/// Variables that the pipeline declares or assigns; or the variable that it only starts with.
fn declaration(parser: &mut Parser, context: &str, pipe: &mut Pipe) -> Outcome<Option<Operand>> {
    while let Some(Token::Variable(_)) = parser.peek() {
        let Some(Token::Variable(name)) = parser.next() else {
            return Ok(None);
        };
        let name: Rc<str> = Rc::from(name);
        let adjacent = matches!(parser.peek(), Some(Token::Field(_)));
        let spaced = parser.peek() == Some(&Token::Space);
        parser.spaces();
        match parser.peek() {
            Some(Token::Declare | Token::Assign) if !adjacent => {
                pipe.assigns = parser.next() == Some(Token::Assign);
                pipe.variables.push(name);
                parser.spaces();
                return declare(parser, pipe).map(|()| None);
            }
            Some(Token::Comma) if context == "range" && pipe.variables.is_empty() => {
                parser.next();
                parser.spaces();
                pipe.variables.push(name);
            }
            _ if pipe.variables.is_empty() => {
                let fields = if spaced { Vec::new() } else { fields(parser) };
                return variable(parser, name, fields).map(Some);
            }
            _ => return Err(Failure::new(format!("too many declarations in {context}"))),
        }
    }
    if pipe.variables.is_empty() {
        Ok(None)
    } else {
        Err(Failure::new("range can only initialize variables"))
    }
}

fn declare(parser: &mut Parser, pipe: &Pipe) -> Outcome<()> {
    for name in &pipe.variables {
        if !pipe.assigns {
            parser.variables.push(name.clone());
        } else if !parser.variables.contains(name) {
            return Err(Failure::new(format!("undefined variable {name:?}")));
        }
    }
    Ok(())
}

fn command(parser: &mut Parser, first: Option<Operand>) -> Outcome<Command> {
    let operand_first = match first {
        Some(first) => first,
        None => operand(parser)?,
    };
    let mut command = Command {
        operand: operand_first,
        arguments: Vec::new(),
    };
    loop {
        let spaced = parser.peek() == Some(&Token::Space);
        parser.spaces();
        match parser.peek() {
            Some(Token::Pipe) => {
                parser.next();
                parser.spaces();
                if matches!(parser.peek(), Some(Token::Close | Token::RightParen)) {
                    return Err(Failure::new("missing command after |"));
                }
                return Ok(command);
            }
            None | Some(Token::Close | Token::RightParen) => return Ok(command),
            Some(_) if spaced || command.arguments.is_empty() && started_spaced(&command) => {
                let argument = operand(parser)?;
                command.arguments.push(argument);
            }
            Some(_) => return Err(Failure::new("unexpected operand: a space is missing")),
        }
    }
}

/// A variable's space was taken while looking for a declaration.
fn started_spaced(command: &Command) -> bool {
    matches!(&command.operand, Operand::Variable(_, fields) if fields.is_empty())
}

fn operand(parser: &mut Parser) -> Outcome<Operand> {
    let token = parser.next();
    let simple = match token {
        Some(Token::Dot) => Operand::Dot,
        Some(Token::Int(number)) => Operand::Int(number),
        Some(Token::Float(number)) => Operand::Float(number),
        Some(Token::Quoted(text)) => Operand::Text(Rc::from(text)),
        Some(Token::Word(word)) => word_operand(&word)?,
        Some(Token::Field(name)) => {
            let mut path = vec![Rc::from(name)];
            path.extend(fields(parser));
            return Ok(Operand::Field(path));
        }
        Some(Token::Variable(name)) => {
            let fields = fields(parser);
            return variable(parser, Rc::from(name), fields);
        }
        Some(Token::LeftParen) => {
            let pipe = parser.pipeline("parenthesized pipeline", &Token::RightParen)?;
            let fields = fields(parser);
            return Ok(Operand::Pipe(Box::new(pipe), fields));
        }
        other => {
            return Err(Failure::new(format!(
                "unexpected {} in a command",
                describe(other.as_ref())
            )));
        }
    };
    if matches!(parser.peek(), Some(Token::Field(_))) {
        return Err(Failure::new("unexpected . after a term that has no fields"));
    }
    Ok(simple)
}

fn describe(token: Option<&Token>) -> &'static str {
    match token {
        None => "end of file",
        Some(Token::Close) => "end of the action",
        Some(Token::Comma) => "comma",
        Some(Token::Declare) => ":=",
        Some(Token::Assign) => "=",
        Some(Token::Pipe) => "|",
        Some(Token::RightParen) => ")",
        Some(_) => "token",
    }
}

fn word_operand(word: &str) -> Outcome<Operand> {
    Ok(match word {
        "true" => Operand::Bool(true),
        "false" => Operand::Bool(false),
        "nil" => Operand::Nil,
        "and" => Operand::Function(Callee::And),
        "or" => Operand::Function(Callee::Or),
        "include" => Operand::Function(Callee::Include),
        "tpl" => Operand::Function(Callee::Tpl),
        "if" | "else" | "end" | "range" | "with" | "define" | "block" | "template" | "break"
        | "continue" => {
            return Err(Failure::new(format!("unexpected <{word}> in a command")));
        }
        name => match crate::functions::find(name) {
            Some(function) => Operand::Function(Callee::Plain(function)),
            None => return Err(Failure::new(crate::functions::why_not(name))),
        },
    })
}

fn variable(parser: &Parser, name: Rc<str>, fields: Vec<Rc<str>>) -> Outcome<Operand> {
    if parser.variables.contains(&name) {
        Ok(Operand::Variable(name, fields))
    } else {
        Err(Failure::new(format!("undefined variable {name:?}")))
    }
}

fn fields(parser: &mut Parser) -> Vec<Rc<str>> {
    let mut fields = Vec::new();
    while let Some(Token::Field(_)) = parser.peek() {
        if let Some(Token::Field(name)) = parser.next() {
            fields.push(Rc::from(name));
        }
    }
    fields
}
