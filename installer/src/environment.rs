//! What the process was given from outside: variables, working directory, caches.
//!
//! It is read once, by `main`, and passed on as a value, so that a test states its own and none depends on the machine.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The environment of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    directory: PathBuf,
}

impl Environment {
    /// The process's own.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    pub fn read() -> Self {
        Self {
            variables: std::env::vars_os().collect(),
            // A deleted working directory only matters to relative paths, which then fail by name.
            directory: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
        }
    }

    /// One made of the variables given, for tests.
    pub fn of<'a>(
        directory: impl Into<PathBuf>,
        variables: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        Self {
            variables: variables
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            directory: directory.into(),
        }
    }

    /// A variable's value, when it is set and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }

    /// The same as text; a value that is no UTF-8 counts as not set.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(OsStr::to_str)
    }

    /// The same as a path.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    /// The working directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The home directory.
    #[must_use]
    pub fn home(&self) -> Option<PathBuf> {
        self.path("HOME")
    }

    /// Where weft keeps what it installs: `$WEFT_CACHE`, else `$XDG_CACHE_HOME/weft`, else `~/.cache/weft`.
    #[must_use]
    pub fn cache(&self) -> Option<PathBuf> {
        self.path("WEFT_CACHE")
            .or_else(|| self.path("XDG_CACHE_HOME").map(|base| base.join("weft")))
            .or_else(|| self.home().map(|home| home.join(".cache").join("weft")))
    }

    /// Where a tool in the cache would be: `<cache>/bin/NAME`.
    #[must_use]
    pub fn cached_tool(&self, name: &str) -> Option<PathBuf> {
        self.cache().map(|cache| cache.join("bin").join(name))
    }

    /// The places that `PATH` names for a program, in order.
    #[must_use]
    pub fn on_path(&self, name: &str) -> Vec<PathBuf> {
        self.get("PATH")
            .map(|path| {
                std::env::split_paths(path)
                    .map(|folder| folder.join(name))
                    .collect()
            })
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_follows_the_first_variable_that_is_set() {
        type Case = (
            &'static [(&'static str, &'static str)],
            Option<&'static str>,
        );
        let cases: [Case; 5] = [
            (
                &[
                    ("WEFT_CACHE", "/w"),
                    ("XDG_CACHE_HOME", "/x"),
                    ("HOME", "/h"),
                ],
                Some("/w"),
            ),
            (
                &[("WEFT_CACHE", ""), ("XDG_CACHE_HOME", "/x"), ("HOME", "/h")],
                Some("/x/weft"),
            ),
            (&[("XDG_CACHE_HOME", "/x"), ("HOME", "/h")], Some("/x/weft")),
            (&[("HOME", "/h")], Some("/h/.cache/weft")),
            (&[], None),
        ];
        for (variables, wanted) in cases {
            let environment = Environment::of("/", variables.iter().copied());
            assert_eq!(
                environment.cache(),
                wanted.map(PathBuf::from),
                "{variables:?}"
            );
        }
    }

    #[test]
    fn path_is_searched_in_order() {
        let environment = Environment::of("/", [("PATH", "/a:/b")]);
        assert_eq!(
            environment.on_path("envoy"),
            [PathBuf::from("/a/envoy"), PathBuf::from("/b/envoy")]
        );
    }
}
