//! Paths with slashes.

use super::Function;
use super::Kind::Text;
use crate::value::Value;

pub(super) const TABLE: &[Function] = &[
    Function::new("base", &[Text], |given| {
        Ok(Value::text(base(given.text(0))))
    }),
    Function::new("clean", &[Text], |given| {
        Ok(Value::text(clean(given.text(0))))
    }),
    Function::new("dir", &[Text], |given| {
        let path = given.text(0);
        let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
        let rooted = path.starts_with('/') && dir.is_empty();
        Ok(Value::text(clean(if rooted { "/" } else { dir })))
    }),
    Function::new("ext", &[Text], |given| {
        let name = given.text(0).rsplit('/').next().unwrap_or_default();
        let dot = name.rfind('.');
        Ok(Value::text(
            dot.and_then(|dot| name.get(dot..)).unwrap_or_default(),
        ))
    }),
    Function::new("isAbs", &[Text], |given| {
        Ok(Value::Bool(given.text(0).starts_with('/')))
    }),
    Function::new("osBase", &[Text], |given| {
        Ok(Value::text(base(given.text(0))))
    }),
];

pub(super) fn base(path: &str) -> &str {
    if path.is_empty() {
        return ".";
    }
    let path = path.trim_end_matches('/');
    match path.rsplit('/').next() {
        Some("") | None => "/",
        Some(name) => name,
    }
}

/// Without `.`, `..` and empty steps.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut steps: Vec<&str> = Vec::new();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." if steps.last().is_some_and(|last| *last != "..") => {
                steps.pop();
            }
            ".." if rooted => {}
            step => steps.push(step),
        }
    }
    let path = steps.join("/");
    match (rooted, path.is_empty()) {
        (true, _) => format!("/{path}"),
        (false, true) => ".".to_owned(),
        (false, false) => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_as_in_go() {
        let table = [
            ("", "."),
            ("a//b/./c/..", "a/b"),
            ("/../a", "/a"),
            ("../a", "../a"),
            ("/", "/"),
        ];
        for (path, expected) in table {
            assert_eq!(clean(path), expected, "{path}");
        }
        let table = [("", "."), ("/", "/"), ("a/b/", "b"), ("b", "b")];
        for (path, expected) in table {
            assert_eq!(base(path), expected, "{path}");
        }
    }
}
