//! `wasm-opt`: halves a module, by removing what tidied exports leave dead.

use crate::environment::Environment;
use crate::failure::{Exit, Failure};
use crate::measure;
use anyhow::Context as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What rustc compiles to by default. The module no longer says so itself, because tidying drops that section too.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// The one named, else `$WEFT_WASM_OPT`, else the one in the cache, else the one on `PATH`.
pub(super) fn find(named: Option<&Path>, environment: &Environment) -> anyhow::Result<PathBuf> {
    named
        .map(Path::to_path_buf)
        .or_else(|| environment.path("WEFT_WASM_OPT"))
        .or_else(|| environment.cached_tool("wasm-opt").filter(|program| program.is_file()))
        .or_else(|| environment.on_path("wasm-opt").into_iter().find(|program| program.is_file()))
        .context(
            "there is no wasm-opt: install binaryen (Debian, Homebrew: `binaryen`), or name the program with --wasm-opt \
             or $WEFT_WASM_OPT",
        )
}

/// Optimizes a module for speed, unless the same program did so before with the same module: `kept` holds the last
/// result. The program takes seconds, and most builds change nothing. `folder` takes the files between the two programs.
pub(super) fn run(
    program: &Path,
    module: &[u8],
    folder: &Path,
    kept: &Path,
) -> Result<Vec<u8>, Failure> {
    let key = key(&identity(program), module);
    if let Some(optimized) = std::fs::read(kept)
        .ok()
        .and_then(|file| unlock(&key, &file))
    {
        return Ok(optimized);
    }
    let optimized = optimize(program, module, folder)?;
    super::replace(kept, &[key.as_bytes(), &optimized].concat())?;
    Ok(optimized)
}

/// What a result depends on: program, flags, module.
fn key(program: &str, module: &[u8]) -> String {
    let flags = FEATURES.join(" ");
    measure::sha256(format!("{program}\n{flags}\n{}", measure::sha256(module)).as_bytes())
}

/// The result in a file, when it is for this key.
fn unlock(key: &str, file: &[u8]) -> Option<Vec<u8>> {
    file.strip_prefix(key.as_bytes()).map(<[u8]>::to_vec)
}

/// Tells one version of the program from another without running it.
fn identity(program: &Path) -> String {
    let path = std::fs::canonicalize(program).unwrap_or_else(|_| program.to_path_buf());
    let facts = std::fs::metadata(&path).and_then(|found| Ok((found.len(), found.modified()?)));
    format!("{} {facts:?}", path.display())
}

fn optimize(program: &Path, module: &[u8], folder: &Path) -> Result<Vec<u8>, Failure> {
    let between = tempfile::tempdir_in(folder).context("cannot create a folder for wasm-opt")?;
    let (before, after) = (
        between.path().join("in.wasm"),
        between.path().join("out.wasm"),
    );
    std::fs::File::create(&before)
        .and_then(|mut file| file.write_all(module))
        .with_context(|| format!("cannot write {}", before.display()))?;
    let run = Command::new(program)
        .arg("-O3")
        .args(FEATURES)
        .args(["--strip-debug", "--strip-producers"])
        .arg(&before)
        .arg("-o")
        .arg(&after)
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    if !run.status.success() {
        let words = String::from_utf8_lossy(&run.stderr);
        let text = format!("{} refused the module: {}", program.display(), words.trim());
        return Err(Failure::text(Exit::Failure, text));
    }
    Ok(std::fs::read(&after).with_context(|| format!("{} wrote no module", program.display()))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_says_how_to_get_it() {
        let error = find(None, &Environment::of("/", [("PATH", "/nowhere")]))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("install binaryen") && error.contains("--wasm-opt"),
            "{error}"
        );
    }

    #[test]
    fn the_one_named_wins() {
        let environment = Environment::of("/", [("WEFT_WASM_OPT", "/e/wasm-opt")]);
        assert_eq!(
            find(Some(Path::new("/n/wasm-opt")), &environment).unwrap(),
            Path::new("/n/wasm-opt")
        );
        assert_eq!(find(None, &environment).unwrap(), Path::new("/e/wasm-opt"));
    }

    #[test]
    fn a_result_is_kept_for_the_same_program_and_module_only() {
        let (one, other) = (key("wasm-opt 1", b"code"), key("wasm-opt 2", b"code"));
        assert_ne!(one, other);
        assert_ne!(one, key("wasm-opt 1", b"other code"));
        let file = [one.as_bytes(), b"optimized"].concat();
        assert_eq!(unlock(&one, &file).as_deref(), Some(&b"optimized"[..]));
        assert_eq!(unlock(&other, &file), None);
        assert_eq!(unlock(&one, b"short"), None);
    }
}
