//! Go's templates: the language of charts.
//!
//! An engine of our own, because charts need what no Rust port of `text/template` has: maps that `set` changes for all
//! who hold them, methods (`.Files.Get`), redefinition by a later file, and `tpl`, which sees the templates around it.
//! It is bounded: how deep templates call each other, how many steps they take and how much they write.

pub(crate) mod blocks;
pub(crate) mod evaluate;
pub(crate) mod field;
pub(crate) mod lex;
pub(crate) mod limits;
pub(crate) mod literal;
pub(crate) mod operand;
pub(crate) mod parse;
pub(crate) mod run;
pub(crate) mod tree;

use std::collections::BTreeMap;
use std::rc::Rc;
use tree::Tree;

/// The templates that see each other, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Set(BTreeMap<Rc<str>, Rc<Tree>>);

/// Why a template cannot be read or run, and where, the innermost place first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) message: String,
    /// Whether the chart itself says so, by `fail` or `required`.
    pub(crate) is_of_chart: bool,
    pub(crate) places: Vec<Place>,
}

/// A place in a template's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: Rc<str>,
    pub(crate) line: usize,
}

pub(crate) type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            is_of_chart: false,
            places: Vec::new(),
        }
    }

    pub(crate) fn of_chart(message: &str) -> Self {
        Self {
            is_of_chart: true,
            ..Self::new(message)
        }
    }

    /// With one more place around it.
    pub(crate) fn within(mut self, file: &Rc<str>, line: usize) -> Self {
        let place = Place {
            file: file.clone(),
            line,
        };
        if self.places.last() != Some(&place) {
            self.places.push(place);
        }
        self
    }
}

impl Set {
    /// Adds what a file defines, and the file itself under its name. A later definition replaces an earlier one, unless
    /// it is blank.
    pub(crate) fn add(&mut self, file: &Rc<str>, text: &str) -> Outcome<Rc<Tree>> {
        let parsed = parse::parse(file, text)?;
        for (name, tree) in parsed.definitions {
            self.put(name, Rc::new(tree));
        }
        let main = Rc::new(parsed.main);
        self.put(file.clone(), main.clone());
        Ok(main)
    }

    pub(crate) fn get(&self, name: &str) -> Option<Rc<Tree>> {
        self.0.get(name).cloned()
    }

    fn put(&mut self, name: Rc<str>, tree: Rc<Tree>) {
        if tree.is_blank() && self.0.contains_key(&name) {
            return;
        }
        self.0.insert(name, tree);
    }
}
