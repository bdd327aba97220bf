//! The functions that templates call: Go's own, and those that Helm adds.
//!
//! Left out are those whose result differs from run to run or needs a machine around it (random, time, certificates,
//! the network): what we render must be what was shown before. `lookup` finds nothing, as in `helm template`.

#![expect(
    clippy::unnecessary_wraps,
    reason = "all functions of the tables have one signature"
)]

pub(crate) mod compare;
pub(crate) mod encode;
pub(crate) mod files;
pub(crate) mod flow;
pub(crate) mod format;
pub(crate) mod lists;
pub(crate) mod maps;
pub(crate) mod numbers;
pub(crate) mod paths;
pub(crate) mod regexes;
pub(crate) mod text;
pub(crate) mod types;

use crate::template::{Failure, Outcome};
use crate::value::convert::weight;
use crate::value::{Map, Value};

/// What kind of argument a function takes, as Go's type of the parameter has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Any,
    Text,
    Int,
    Float,
    Bool,
    Map,
}

/// A function by its name.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) takes: &'static [Kind],
    /// The kind of more arguments, if it takes any number.
    pub(crate) rest: Option<Kind>,
    /// How much it will make of its arguments, where that can be far more than they are.
    pub(crate) size: Option<Size>,
    pub(crate) run: Body,
}

/// What a function is called with; as many and of the kinds that it says.
#[derive(Debug)]
pub(crate) struct Arguments<'v>(pub(crate) &'v [Value]);

/// How many bytes a function makes, if it says.
type Size = fn(&[Value]) -> Option<usize>;
type Body = fn(&Arguments<'_>) -> Outcome<Value>;

const TABLES: [&[Function]; 11] = [
    compare::TABLE,
    encode::TABLE,
    flow::TABLE,
    format::TABLE,
    lists::TABLE,
    maps::TABLE,
    numbers::TABLE,
    paths::TABLE,
    regexes::TABLE,
    text::TABLE,
    types::TABLE,
];

/// Those of Helm that we do not offer.
const LEFT_OUT: [&str; 50] = [
    "abbrev",
    "abbrevboth",
    "ago",
    "bcrypt",
    "buildCustomCert",
    "camelcase",
    "date",
    "dateInZone",
    "dateModify",
    "date_in_zone",
    "date_modify",
    "decryptAES",
    "derivePassword",
    "duration",
    "durationRound",
    "encryptAES",
    "fromToml",
    "genCA",
    "genCAWithKey",
    "genPrivateKey",
    "genSelfSignedCert",
    "genSelfSignedCertWithKey",
    "genSignedCert",
    "genSignedCertWithKey",
    "htmlDate",
    "htmlDateInZone",
    "htpasswd",
    "initials",
    "js",
    "kebabcase",
    "mustDateModify",
    "mustToDate",
    "must_date_modify",
    "now",
    "randAlpha",
    "randAlphaNum",
    "randAscii",
    "randBytes",
    "randInt",
    "randNumeric",
    "semver",
    "shuffle",
    "snakecase",
    "swapcase",
    "toDate",
    "toToml",
    "unixEpoch",
    "urlJoin",
    "urlParse",
    "uuidv4",
];

impl Kind {
    /// Go's name for it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Text => "string",
            Self::Int => "int",
            Self::Float => "float64",
            Self::Bool => "bool",
            Self::Map => "map[string]interface {}",
        }
    }
}

impl Function {
    const fn new(name: &'static str, takes: &'static [Kind], run: Body) -> Self {
        Self {
            name,
            takes,
            rest: None,
            size: None,
            run,
        }
    }

    const fn rest(mut self, kind: Kind) -> Self {
        self.rest = Some(kind);
        self
    }

    const fn size(mut self, size: Size) -> Self {
        self.size = Some(size);
        self
    }
}

/// The size of what goes through all that is in its arguments.
fn through(given: &[Value]) -> Option<usize> {
    let mut weights = given.iter().map(weight);
    weights.try_fold(0_usize, |sum, one| sum.checked_add(one?))
}

impl Arguments<'_> {
    fn any(&self, index: usize) -> &Value {
        self.0.get(index).unwrap_or(&Value::Null)
    }

    fn text(&self, index: usize) -> &str {
        match self.any(index) {
            Value::Text(text) => text,
            _ => "",
        }
    }

    fn int(&self, index: usize) -> i64 {
        match self.any(index) {
            Value::Int(number) => *number,
            _ => 0,
        }
    }

    /// A length or a count, none if it is negative.
    fn count(&self, index: usize) -> Option<usize> {
        usize::try_from(self.int(index)).ok()
    }

    fn is_true(&self, index: usize) -> bool {
        self.any(index).is_true()
    }

    /// The map, which a nil is an empty one of.
    fn map(&self, index: usize) -> Map {
        match self.any(index) {
            Value::Map(map) => map.clone(),
            _ => Map::default(),
        }
    }

    fn from(&self, index: usize) -> &[Value] {
        self.0.get(index..).unwrap_or_default()
    }
}

/// The function of that name.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    let mut functions = TABLES.iter().flat_map(|table| table.iter());
    functions.find(|function| function.name == name)
}

/// Why there is no function of that name.
pub(crate) fn why_not(name: &str) -> String {
    if LEFT_OUT.contains(&name) {
        format!(
            "function {name:?} is not offered: charts are rendered without random, time, machine or network"
        )
    } else {
        format!("function {name:?} not defined")
    }
}

fn failed<T>(message: impl Into<String>) -> Outcome<T> {
    Err(Failure::new(message))
}

/// The text that `toString` makes of a value.
fn string(value: &Value) -> Outcome<String> {
    crate::value::print::print(value).ok_or_else(crate::template::run::endless)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_one_function() {
        let mut names: Vec<&str> = TABLES
            .iter()
            .flat_map(|table| table.iter())
            .map(|function| function.name)
            .collect();
        names.extend(LEFT_OUT);
        names.extend(["and", "or", "include", "tpl"]);
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
