//! Running cargo for wasm32: which one, with which flags, and which file comes out.
//!
//! No path of this machine may get into a module, so cargo's folders are remapped. Flags from outside (`RUSTFLAGS`,
//! cargo's configuration) are not taken: the bytes depend on the sources, `Cargo.lock` and the compiler alone.

use super::workspace::{Package, Workspace};
use crate::environment::Environment;
use crate::failure::{Exit, Failure};
use anyhow::Context as _;
use serde::Deserialize;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const TARGET: &str = "wasm32-unknown-unknown";

/// A cargo whose compiler knows wasm32.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cargo {
    program: PathBuf,
}

impl Cargo {
    /// The one named, else `$WEFT_WASM_CARGO`, else the one in the cache, else the one on `PATH`.
    pub(super) fn find(named: Option<&Path>, environment: &Environment) -> Self {
        let cached = environment
            .cached_tool("wasm-cargo")
            .filter(|program| program.is_file());
        let program = named
            .map(Path::to_path_buf)
            .or_else(|| environment.path("WEFT_WASM_CARGO"))
            .or(cached)
            .unwrap_or_else(|| PathBuf::from("cargo"));
        Self { program }
    }

    /// What `cargo metadata` says about the workspace around a folder.
    pub(super) fn metadata(&self, folder: &Path) -> Result<Vec<u8>, Failure> {
        let run = Command::new(&self.program)
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(folder)
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| self.missing())?;
        if run.status.success() {
            return Ok(run.stdout);
        }
        let text = format!(
            "there is no cargo workspace around {}: see cargo's words above",
            folder.display()
        );
        Err(Failure::text(Exit::Usage, text))
    }

    /// Compiles one plugin and says where its module is.
    pub(super) fn build(
        &self,
        workspace: &Workspace,
        package: &Package,
        environment: &Environment,
        quiet: bool,
    ) -> Result<PathBuf, Failure> {
        // One plugin at a time: built together, they would unify the features of what they share, and their bytes
        // would depend on which others were asked for.
        let run = Command::new(&self.program)
            .args(arguments(&package.name))
            .args(is_locked(&workspace.root, &package.name).then_some("--locked"))
            .args(quiet.then_some("--quiet"))
            .env(
                "CARGO_ENCODED_RUSTFLAGS",
                encoded(&remaps(cargo_home(environment).as_deref())),
            )
            .current_dir(&workspace.root)
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| self.missing())?;
        if !run.status.success() {
            let text = self.refused(&package.name, &workspace.root);
            return Err(Failure::text(Exit::Failure, text));
        }
        artifact(&run.stdout, &package.folder).ok_or_else(|| {
            let text = format!(
                "cargo built {} but no Wasm module: its Cargo.toml needs [lib] crate-type = [\"cdylib\", \"rlib\"]",
                package.name
            );
            Failure::text(Exit::BadInput, text)
        })
    }

    fn missing(&self) -> String {
        format!(
            "cannot run {}: install Rust, or name a cargo with --cargo",
            self.program.display()
        )
    }

    fn refused(&self, name: &str, root: &Path) -> String {
        let profile = if has_profile(root) {
            String::new()
        } else {
            format!(
                ". {} has no [profile.wasm], which weft builds with: add it, with `inherits = \"release\"` and \
                 `panic = \"abort\"`",
                root.join("Cargo.toml").display()
            )
        };
        format!(
            "{} could not build {name}: see its words above{profile}. If it misses the crate `core`, its compiler lacks \
             {TARGET}: `rustup target add {TARGET}` adds it; if it misses the feature `proxy`, declare it in the plugin's \
             Cargo.toml; if Cargo.lock is out of date, `cargo update --workspace` brings it up to date",
            self.program.display()
        )
    }
}

/// Whether the versions of everything that a package needs are fixed already, so that none may change silently. A plugin that
/// was made just now is not in the lock file yet; its first build adds it.
fn is_locked(root: &Path, package: &str) -> bool {
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).unwrap_or_default();
    let line = format!("name = \"{package}\"");
    lock.lines().any(|found| found == line)
}

/// Whether the workspace's manifest has the profile; only asked for a hint, so that a guess by its text is enough.
fn has_profile(root: &Path) -> bool {
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
    manifest.lines().any(|line| line.trim() == "[profile.wasm]")
}

fn arguments(name: &str) -> [&str; 11] {
    [
        "build",
        "--target",
        TARGET,
        "--profile",
        "wasm",
        "--features",
        "proxy",
        "--message-format",
        "json-render-diagnostics",
        "--package",
        name,
    ]
}

fn cargo_home(environment: &Environment) -> Option<PathBuf> {
    environment
        .path("CARGO_HOME")
        .or_else(|| environment.home().map(|home| home.join(".cargo")))
}

/// Where in a path each folder of cargo's is, and what it is called in a module. The most specific comes last and wins.
fn remaps(home: Option<&Path>) -> Vec<(PathBuf, &'static str)> {
    let Some(home) = home else { return Vec::new() };
    let mut remaps = vec![(home.to_path_buf(), "/cargo")];
    let mut registries: Vec<PathBuf> = std::fs::read_dir(home.join("registry").join("src"))
        .map(|folders| folders.flatten().map(|folder| folder.path()).collect())
        .unwrap_or_default();
    registries.sort();
    remaps.extend(registries.into_iter().map(|registry| (registry, "/crates")));
    remaps
}

/// Flags apart by 0x1f, as cargo takes them.
fn encoded(remaps: &[(PathBuf, &'static str)]) -> OsString {
    let mut flags = OsString::new();
    for (path, name) in remaps {
        if !flags.is_empty() {
            flags.push("\x1f");
        }
        flags.push("--remap-path-prefix=");
        flags.push(path);
        flags.push("=");
        flags.push(name);
    }
    flags
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    manifest_path: Option<PathBuf>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// The module among the messages of cargo.
fn artifact(messages: &[u8], folder: &Path) -> Option<PathBuf> {
    let manifest = folder.join("Cargo.toml");
    messages
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Message>(line).ok())
        .filter(|message| {
            message.reason == "compiler-artifact"
                && message.manifest_path.as_ref() == Some(&manifest)
        })
        .flat_map(|message| message.filenames)
        .find(|file| file.extension().is_some_and(|kind| kind == "wasm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_is_the_wasm_file_of_the_plugins_own_package() {
        let messages = br#"{"reason":"compiler-artifact","manifest_path":"/c/serde/Cargo.toml","filenames":["/t/serde.wasm"]}
{"reason":"compiler-artifact","manifest_path":"/w/plugins/x/Cargo.toml","filenames":["/t/libx.rlib","/t/x.wasm"]}
{"reason":"build-finished","success":true}
"#;
        assert_eq!(
            artifact(messages, Path::new("/w/plugins/x")),
            Some("/t/x.wasm".into())
        );
        assert_eq!(artifact(messages, Path::new("/w/plugins/y")), None);
    }

    #[test]
    fn what_is_in_the_lock_file_stays_as_it_is() {
        let root = tempfile::tempdir().unwrap();
        assert!(!is_locked(root.path(), "x"));
        let lock = "version = 4\n\n[[package]]\nname = \"x\"\nversion = \"1.0.0\"\n";
        std::fs::write(root.path().join("Cargo.lock"), lock).unwrap();
        assert!(is_locked(root.path(), "x"));
        assert!(!is_locked(root.path(), "made-just-now"));
    }

    #[test]
    fn a_workspace_without_the_profile_is_told_to_add_it() {
        let root = tempfile::tempdir().unwrap();
        let manifest = root.path().join("Cargo.toml");
        let cargo = Cargo {
            program: PathBuf::from("cargo"),
        };
        std::fs::write(&manifest, "[workspace]\n").unwrap();
        let refused = cargo.refused("x", root.path());
        assert!(refused.contains("has no [profile.wasm]"), "{refused}");
        std::fs::write(&manifest, "[workspace]\n\n[profile.wasm]\n").unwrap();
        let refused = cargo.refused("x", root.path());
        assert!(!refused.contains("profile"), "{refused}");
    }

    #[test]
    fn flags_are_apart_by_a_byte_that_no_path_holds() {
        let remaps = [
            (PathBuf::from("/home/my user/.cargo"), "/cargo"),
            (PathBuf::from("/r"), "/crates"),
        ];
        let wanted =
            "--remap-path-prefix=/home/my user/.cargo=/cargo\x1f--remap-path-prefix=/r=/crates";
        assert_eq!(encoded(&remaps), wanted);
        assert_eq!(encoded(&[]), "");
    }

    #[test]
    fn the_cargo_that_is_named_wins() {
        let environment = Environment::of("/", [("WEFT_WASM_CARGO", "/e/cargo")]);
        assert_eq!(
            Cargo::find(Some(Path::new("/n/cargo")), &environment).program,
            Path::new("/n/cargo")
        );
        assert_eq!(
            Cargo::find(None, &environment).program,
            Path::new("/e/cargo")
        );
        assert_eq!(
            Cargo::find(None, &Environment::default()).program,
            Path::new("cargo")
        );
    }
}
