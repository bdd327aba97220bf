//! The workspace that this crate was built in: its lock file says which wasm-bindgen fits, its toolchain file which Rust.

use std::path::PathBuf;

/// The directory of the workspace.
#[must_use]
pub(crate) fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    // crates/lab
    root.pop();
    root.pop();
    root
}

/// A file of the workspace.
pub(crate) fn file(name: &str) -> PathBuf {
    root().join(name)
}

/// The version of a package in the text of a Cargo.lock.
pub(crate) fn locked_version(lock: &str, package: &str) -> Option<String> {
    let mut lines = lock.lines();
    let name = format!("name = \"{package}\"");
    lines.find(|line| *line == name)?;
    let version = lines.next()?.strip_prefix("version = \"")?;
    version.strip_suffix('"').map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_locked_version() {
        let lock = "[[package]]\nname = \"a-b\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"a\"\nversion = \"1.2.3\"\n";
        assert_eq!(locked_version(lock, "a"), Some("1.2.3".into()));
        assert_eq!(locked_version(lock, "b"), None);
    }

    #[test]
    fn the_root_has_a_lock_file() {
        assert!(file("Cargo.toml").exists());
    }
}
