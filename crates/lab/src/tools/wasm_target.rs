//! A compiler for `wasm32-unknown-unknown`: `<cache>/bin/wasm-cargo`, which builds with stable flags only.
//!
//! Where rustup can add the target, that is all. Elsewhere Debian's compiler serves: it brings the sources of the
//! standard library, which is built once into a sysroot of our own, with bitcode, because fat LTO needs it.
//!
//! The wrapper stands before the compiler, not before cargo's flags: paths in `RUSTFLAGS` would enter cargo's metadata
//! hashes, and with them the bytes of the module.

use super::debian::{self, package};
use super::install::{Recipe, identity, remove, write_program};
use crate::cache::Cache;
use crate::command::{Run, which};
use crate::output::say;
use crate::workspace;
use anyhow::{Context, Result, bail};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
/// Raise it when what is written here changes.
const RECIPE: u32 = 1;
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const LINKER: &str = "wasm-ld-19";
/// The crates of the standard library that any module or test may link.
const STD: &str = "-Zbuild-std=std,panic_abort,panic_unwind,test,proc_macro";

/// The wrapper, installed.
pub(crate) fn ensure(cache: &Cache) -> Result<PathBuf> {
    recipe().ensure(cache, |dir| build(cache, dir))?;
    Ok(cache.bin("wasm-cargo"))
}

pub(crate) fn recipe() -> Recipe {
    let toolchain = fs::read_to_string(workspace::file("rust-toolchain.toml")).unwrap_or_default();
    let stamp = format!(
        "rust for {TARGET}, recipe {RECIPE}\n{}\n{}\n{toolchain}",
        identity(Path::new(DEBIAN_RUSTC)),
        forced().unwrap_or_default(),
    );
    Recipe::new("wasm-target", stamp).link("wasm-cargo", "wasm-cargo")
}

/// `WEFT_WASM_TARGET=debian` or `rustup` takes the choice from us; tests of the lab use it.
fn forced() -> Option<String> {
    std::env::var("WEFT_WASM_TARGET").ok()
}

fn build(cache: &Cache, dir: &Path) -> Result<()> {
    let forced = forced();
    if forced.as_deref() != Some("debian") {
        match add_with_rustup(cache) {
            Ok(()) => return write_wrappers(cache, dir, &Compiler::rustup()),
            Err(error) if forced.is_some() => return Err(error),
            Err(error) => say(&format!(
                "rustup cannot add {TARGET}, taking Debian's compiler ({error})"
            )),
        }
    }
    debian_packages(cache)?;
    build_std(cache, dir)?;
    link_host_libraries(dir)?;
    write_wrappers(cache, dir, &Compiler::debian(cache))
}

fn add_with_rustup(cache: &Cache) -> Result<()> {
    if which("rustup").is_none() {
        bail!("there is no rustup");
    }
    Run::new("rustup")
        .args(["target", "add", TARGET])
        // In the workspace: its rust-toolchain.toml says which toolchain gets the target.
        .dir(&workspace::root())
        .logged(&cache.log("wasm-target"))
        .map_err(|_| anyhow::anyhow!("see {}", cache.log("wasm-target").display()))
}

fn debian_packages(cache: &Cache) -> Result<()> {
    debian::ensure(
        cache,
        &[
            package("rustc-web", DEBIAN_RUSTC),
            package("cargo-web", DEBIAN_CARGO),
            package(
                "rust-web-src",
                "/usr/lib/rustlib/src/rust/library/Cargo.lock",
            ),
            package("lld-19", LINKER),
        ],
    )
}

fn build_std(cache: &Cache, dir: &Path) -> Result<()> {
    say("building the standard library for wasm32 once (about a minute)");
    let krate = dir.join("build");
    fs::create_dir_all(krate.join("src")).context("cannot create the crate that pulls in std")?;
    fs::write(krate.join("src/lib.rs"), "").context("cannot write an empty library")?;
    let manifest =
        "[package]\nname = \"std-once\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n";
    fs::write(krate.join("Cargo.toml"), manifest).context("cannot write its manifest")?;
    let flags = "-Cembed-bitcode=yes --remap-path-prefix=/usr/lib/rustlib/src/rust=/rust --remap-path-prefix=/usr/src=/rust";
    let run = OUTER_CARGO
        .into_iter()
        .fold(Run::new(DEBIAN_CARGO), Run::without_env);
    run.args(["build", STD, "--release", "--target", TARGET])
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTC", DEBIAN_RUSTC)
        .env("RUSTFLAGS", flags)
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", LINKER)
        .env("CARGO_TARGET_DIR", krate.join("target"))
        .dir(&krate)
        .logged(&cache.log("wasm-target"))?;
    let libraries = sysroot_libraries(dir, TARGET);
    fs::create_dir_all(&libraries).context("cannot create the sysroot")?;
    let built = krate.join("target").join(TARGET).join("release/deps");
    for entry in fs::read_dir(&built).with_context(|| format!("no {}", built.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        let is_ours = name.to_string_lossy().starts_with("libstd_once");
        if path.extension().is_some_and(|kind| kind == "rlib") && !is_ours {
            fs::copy(&path, libraries.join(name)).context("cannot fill the sysroot")?;
        }
    }
    remove(&krate)
}

fn sysroot_libraries(dir: &Path, triple: &str) -> PathBuf {
    dir.join("sysroot/lib/rustlib").join(triple).join("lib")
}

/// Build scripts and macros are compiled for the host with the same compiler: they find its libraries here too.
fn link_host_libraries(dir: &Path) -> Result<()> {
    let version = Run::new(DEBIAN_RUSTC).args(["-vV"]).stdout()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc -vV names no host")?;
    let sysroot = Run::new(DEBIAN_RUSTC)
        .args(["--print", "sysroot"])
        .stdout()?;
    let theirs = Path::new(sysroot.trim()).join("lib/rustlib").join(host);
    symlink(theirs, dir.join("sysroot/lib/rustlib").join(host))
        .context("cannot link the host's libraries")
}

/// What an enclosing `cargo test` or `cargo clippy` sets, and must not reach the inner cargo.
const OUTER_CARGO: [&str; 9] = [
    "CARGO",
    "RUSTC",
    "RUSTDOC",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "LD_LIBRARY_PATH",
];

struct Compiler {
    cargo: &'static str,
    rustc: String,
    rustdoc: &'static str,
    exports: &'static str,
}

impl Compiler {
    fn rustup() -> Self {
        Self {
            cargo: "cargo",
            rustc: "rustc".into(),
            rustdoc: "rustdoc",
            exports: "",
        }
    }

    fn debian(cache: &Cache) -> Self {
        let sysroot = cache.tool("wasm-target").join("sysroot");
        Self {
            cargo: DEBIAN_CARGO,
            rustc: format!("{DEBIAN_RUSTC} --sysroot '{}'", sysroot.display()),
            rustdoc: "/usr/bin/rustdoc",
            exports: "unset RUSTUP_TOOLCHAIN\nexport CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld-19\n",
        }
    }
}

fn write_wrappers(cache: &Cache, dir: &Path, compiler: &Compiler) -> Result<()> {
    let rustc = cache.tool("wasm-target").join("rustc");
    write_program(&dir.join("wasm-cargo"), &cargo_wrapper(compiler, &rustc))?;
    write_program(&dir.join("rustc"), &rustc_wrapper(compiler))
}

fn cargo_wrapper(compiler: &Compiler, rustc: &Path) -> String {
    let Compiler {
        cargo,
        rustdoc,
        exports,
        ..
    } = compiler;
    format!(
        "#!/bin/sh\n# Written by weft's lab: cargo with a compiler that knows {TARGET}.\nunset {}\n{exports}\
         export RUSTC='{}' RUSTDOC={rustdoc}\nexec {cargo} \"$@\"\n",
        OUTER_CARGO.join(" "),
        rustc.display(),
    )
}

fn rustc_wrapper(compiler: &Compiler) -> String {
    let real = compiler.rustc.split(' ').next().unwrap_or_default();
    let for_target = &compiler.rustc;
    format!(
        r#"#!/bin/sh
# Written by weft's lab: paths of this machine do not get into a module, so that it is the same everywhere.
case " $* " in
*" {TARGET} "*|*"={TARGET} "*) ;;
*) exec {real} "$@" ;;
esac
home=${{CARGO_HOME:-$HOME/.cargo}}
set -- "$@" "--remap-path-prefix=$home=/cargo"
for registry in "$home"/registry/src/*; do
  set -- "$@" "--remap-path-prefix=$registry=/crates"
done
exec {for_target} "$@"
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wrappers_name_the_right_programs() {
        let cache = Cache::at("/c");
        let rustc = Path::new("/c/tools/wasm-target/rustc");
        let debian = Compiler::debian(&cache);
        let text = cargo_wrapper(&debian, rustc);
        assert!(
            text.contains("export RUSTC='/c/tools/wasm-target/rustc'"),
            "{text}"
        );
        assert!(text.contains("exec /usr/bin/cargo \"$@\""), "{text}");
        assert!(text.contains("unset RUSTUP_TOOLCHAIN"), "{text}");
        let text = rustc_wrapper(&debian);
        assert!(
            text.contains("exec /usr/bin/rustc --sysroot '/c/tools/wasm-target/sysroot' \"$@\""),
            "{text}"
        );
        assert!(text.contains("*) exec /usr/bin/rustc \"$@\" ;;"), "{text}");
        let text = rustc_wrapper(&Compiler::rustup());
        assert!(text.contains("\nexec rustc \"$@\""), "{text}");
    }

    #[test]
    fn the_toolchain_is_part_of_the_stamp() {
        assert!(recipe().stamp.contains("channel"), "{}", recipe().stamp);
    }
}
