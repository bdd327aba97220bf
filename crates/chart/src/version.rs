//! Versions and their constraints, as Helm takes them: `>= 1.28.0-0, < 2 || ^3.1`.

use std::cmp::Ordering;

/// A version; its build metadata does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    numbers: [u64; 3],
    pre: String,
}

/// One condition.
#[derive(Clone, Debug)]
struct Condition {
    operator: Operator,
    version: Version,
    /// How many of the three numbers were written: the others stand for any.
    written: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    AtLeast,
    AtMost,
    Tilde,
    Caret,
}

/// Longer ones stand first: a prefix must not win.
const OPERATORS: [(&str, Operator); 11] = [
    ("!=", Operator::NotEqual),
    (">=", Operator::AtLeast),
    ("=>", Operator::AtLeast),
    ("<=", Operator::AtMost),
    ("=<", Operator::AtMost),
    ("~>", Operator::Tilde),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
];

/// Whether a version satisfies a constraint.
///
/// # Errors
/// When one of both is none.
pub(crate) fn satisfies(version: &str, constraint: &str) -> Result<bool, String> {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let exact = !core.contains(['x', 'X', '*']);
    let parsed = exact.then(|| Version::parse(version)).flatten();
    let (version, _) = parsed.ok_or_else(|| format!("{version:?} is not a semantic version"))?;
    let mut satisfied = false;
    for alternative in constraint.split("||") {
        let conditions = conditions(alternative)
            .ok_or_else(|| format!("{constraint:?} is not a version constraint"))?;
        satisfied |= conditions.iter().all(|condition| condition.holds(&version));
    }
    Ok(satisfied)
}

/// Major and minor number, and the version with its `v`.
pub(crate) fn kubernetes(version: &str) -> Option<(String, String, String)> {
    let (parsed, written) = Version::parse(version)?;
    let [major, minor, _] = parsed.numbers;
    let text = version.trim();
    let text = if text.starts_with('v') {
        text.to_owned()
    } else {
        format!("v{text}")
    };
    (written > 1).then(|| (text, major.to_string(), minor.to_string()))
}

fn conditions(text: &str) -> Option<Vec<Condition>> {
    if let Some((from, to)) = text.split_once(" - ") {
        let condition = |operator, text: &str| {
            let (version, written) = Version::parse(text)?;
            Some(Condition {
                operator,
                version,
                written,
            })
        };
        return Some(vec![
            condition(Operator::AtLeast, from)?,
            condition(Operator::AtMost, to)?,
        ]);
    }
    let mut conditions = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (operator, after) = OPERATORS
            .iter()
            .find_map(|(sign, operator)| Some((*operator, rest.strip_prefix(sign)?)))
            .unwrap_or((Operator::Equal, rest));
        let after = after.trim_start();
        let end = after.find([' ', ',']).unwrap_or(after.len());
        let (version, after) = after.split_at_checked(end)?;
        let (version, written) = Version::parse(version)?;
        conditions.push(Condition {
            operator,
            version,
            written,
        });
        rest = after.trim_start_matches([' ', ',']);
    }
    (!conditions.is_empty()).then_some(conditions)
}

impl Version {
    /// With how many numbers were written, and were no `x` or `*`.
    fn parse(text: &str) -> Option<(Self, usize)> {
        let text = text.trim();
        let text = text.strip_prefix('v').unwrap_or(text);
        let (text, _) = text.split_once('+').unwrap_or((text, ""));
        let (core, pre) = text.split_once('-').unwrap_or((text, ""));
        let mut numbers = [0; 3];
        let mut written = 0_usize;
        let mut open = false;
        let mut parts = core.split('.');
        for (number, part) in numbers.iter_mut().zip(&mut parts) {
            open |= matches!(part, "x" | "X" | "*");
            if !open {
                let plain = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
                *number = plain.then(|| part.parse().ok()).flatten()?;
                written = written.saturating_add(1);
            }
        }
        let pre = pre.to_owned();
        parts
            .next()
            .is_none()
            .then_some((Self { numbers, pre }, written))
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| {
            match (self.pre.is_empty(), other.pre.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => compare_pre(&self.pre, &other.pre),
            }
        })
    }
}

/// Part by part; numbers by value and before words.
fn compare_pre(one: &str, other: &str) -> Ordering {
    let key = |part: &str| match part.parse::<u64>() {
        Ok(number) => (0, number, String::new()),
        Err(_) => (1, 0, part.to_owned()),
    };
    let one = one.split('.').map(key);
    one.cmp(other.split('.').map(key))
}

impl Condition {
    fn holds(&self, version: &Version) -> bool {
        // Who did not write a pre-release does not want one.
        if !version.pre.is_empty() && self.version.pre.is_empty() {
            return false;
        }
        let wanted = &self.version;
        let ordering = version.compare(wanted);
        let written = version
            .numbers
            .iter()
            .zip(&wanted.numbers)
            .take(self.written);
        let same_written = written.clone().all(|(one, other)| one == other);
        let compared = written
            .map(|(one, other)| one.cmp(other))
            .find(|it| it.is_ne());
        let open = self.written < 3;
        match self.operator {
            Operator::Equal if open => same_written,
            Operator::Equal => ordering.is_eq(),
            Operator::NotEqual if open => !same_written,
            Operator::NotEqual => ordering.is_ne(),
            Operator::Greater if open => compared == Some(Ordering::Greater),
            Operator::Greater => ordering.is_gt(),
            Operator::Less => ordering.is_lt(),
            Operator::AtLeast => ordering.is_ge(),
            Operator::AtMost if open => compared != Some(Ordering::Greater),
            Operator::AtMost => ordering.is_le(),
            Operator::Tilde => ordering.is_ge() && self.same(version, self.written.min(2)),
            Operator::Caret => ordering.is_ge() && self.same(version, self.caret()),
        }
    }

    /// Whether the first numbers are the same.
    fn same(&self, version: &Version, count: usize) -> bool {
        let pairs = version.numbers.iter().zip(&self.version.numbers);
        pairs.take(count).all(|(one, other)| one == other)
    }

    /// Up to the first number that is not zero.
    fn caret(&self) -> usize {
        let first = self.version.numbers.iter().position(|number| *number > 0);
        let fixed = first.map_or(3, |first| first.saturating_add(1));
        fixed.min(self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_are_those_of_helm() {
        let table = [
            ("1.2.3", "1.2.3", true),
            ("v1.2.3", "=1.2", true),
            ("1.3.0", "1.2.x", false),
            ("1.31.0", ">= 1.28", true),
            ("1.31.0-rc.1", ">= 1.28", false),
            ("1.31.0-rc.1", ">= 1.28-0", true),
            ("1.31.0", ">=1.20.0, <1.31.0", false),
            ("1.31.0", ">=1.20.0 <2", true),
            ("1.31.0", "<1.20 || >1.30", true),
            ("2.0.0", "^1.2", false),
            ("1.9.9", "^1.2", true),
            ("0.3.0", "^0.2.1", false),
            ("0.2.9", "^0.2.1", true),
            ("1.3.0", "~1.2.3", false),
            ("1.2.9", "~1.2.3", true),
            ("1.9.0", "~1", true),
            ("1.5.0", "1.2 - 1.6", true),
            ("1.2.0", "!=1.2", false),
            ("3.0.0", "*", true),
            ("1.2.4", ">1.2", false),
            ("1.3.0", ">1.2", true),
            ("1.2.4", "<=1.2", true),
            ("1.0.0-alpha.2", "<1.0.0-alpha.10", true),
        ];
        for (version, constraint, expected) in table {
            assert_eq!(
                satisfies(version, constraint),
                Ok(expected),
                "{version} {constraint}"
            );
        }
        for (version, constraint) in [
            ("x.y", "1"),
            ("1.2.3", "a"),
            ("1.2.3", ""),
            ("1.2.3.4", "1"),
        ] {
            assert!(
                satisfies(version, constraint).is_err(),
                "{version} {constraint}"
            );
        }
    }

    #[test]
    fn kubernetes_versions_keep_what_follows() {
        let expected = ("v1.34.1-gke.7".to_owned(), "1".to_owned(), "34".to_owned());
        assert_eq!(kubernetes("1.34.1-gke.7"), Some(expected));
        assert_eq!(kubernetes("1"), None);
    }
}
