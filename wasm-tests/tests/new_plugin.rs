//! `make new-plugin NAME=geo-fence` gives a plugin that passes its tests, builds and runs in Envoy, and changes no other file.
//!
//! It is done in a copy of the working tree, as a plugin's author would do it in a clone.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use lab::{Cache, Tool, tools};
use wasm_tests::modules::workspace;

const NAME: &str = "geo-fence";

#[test]
fn a_new_plugin_builds_passes_its_tests_and_runs_in_envoy() {
    let clone = workspace().join("target").join("new-plugin-clone");
    copy_of_the_tree(&clone).unwrap();

    run(
        Command::new("make").args(["new-plugin", &format!("NAME={NAME}")]),
        &clone,
    )
    .unwrap();
    let changed = run(Command::new("git").args(["status", "--porcelain"]), &clone).unwrap();
    assert_eq!(
        changed,
        format!("?? plugins/{NAME}/\n"),
        "another file changed"
    );
    let left = run(
        Command::new("grep").args(["-rniw", "template", &format!("plugins/{NAME}")]),
        &clone,
    );
    assert!(
        left.is_err(),
        "the new plugin still names the template:\n{}",
        left.unwrap_or_default()
    );

    run(cargo().args(["test", "--package", NAME]), &clone).unwrap();
    let tests = run(
        cargo().args(["test", "--package", NAME, "--test", "scenarios"]),
        &clone,
    )
    .unwrap();
    assert!(
        tests.contains("test result: ok. 2 passed"),
        "its scenarios did not run:\n{tests}"
    );

    let cache = Cache::from_env().unwrap();
    for tool in [Tool::WasmTarget, Tool::WasmOpt, Tool::Envoy] {
        tools::ensure(&cache, tool).unwrap();
    }
    run(cargo().args(["build", "--package", "weft"]), workspace()).unwrap();
    run(weft().args(["plugin", "build", NAME]), &clone).unwrap();

    std::fs::write(
        clone.join("config.yaml"),
        "header: x-fence\nvalue: closed\n",
    )
    .unwrap();
    let proxy = Running::start(&clone).unwrap();
    let answer = run(Command::new("curl").args(["-si", &proxy.url]), &clone).unwrap();
    assert!(answer.contains("x-fence: closed"), "{answer}");
}

#[test]
fn a_name_that_is_none_or_taken_is_refused() {
    let table = [
        ("Geo", "is \"Geo\""),
        ("", "is \"\""),
        ("../x", "is \"../x\""),
        ("template", "plugins/template is there already"),
        ("host", "\"host\" is a package of this workspace"),
        ("weft", "\"weft\" is a package of this workspace"),
        ("async", "\"async\" is a word of Rust"),
    ];
    for (name, said) in table {
        let output = Command::new("scripts/new-plugin")
            .arg(name)
            .current_dir(workspace())
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && error.contains(said),
            "{name}: {error}"
        );
    }
}

/// What git tracks and what is about to be, as a repository of its own. It is in the same place each time, since what was
/// compiled for another one knows that one's path.
fn copy_of_the_tree(to: &Path) -> Result<()> {
    if to.exists() {
        std::fs::remove_dir_all(to)?;
    }
    std::fs::create_dir_all(to)?;
    let files = run(
        Command::new("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]),
        workspace(),
    )?;
    for file in files
        .lines()
        .filter(|file| workspace().join(file).is_file())
    {
        let target = to.join(file);
        std::fs::create_dir_all(target.parent().unwrap_or(to))?;
        copy(&workspace().join(file), &target).with_context(|| format!("cannot copy {file}"))?;
    }
    let identity = [
        "-c",
        "user.name=author",
        "-c",
        "user.email=author@example.com",
    ];
    run(Command::new("git").args(["init", "--quiet"]), to)?;
    run(Command::new("git").args(["add", "--all"]), to)?;
    run(
        Command::new("git")
            .args(identity)
            .args(["commit", "--quiet", "--message", "copy"]),
        to,
    )
    .map(drop)
}

/// With the time of its last change: cargo compiles again what looks new.
fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(from, to)?;
    let changed = from.metadata()?.modified()?;
    std::fs::File::options()
        .write(true)
        .open(to)?
        .set_modified(changed)?;
    Ok(())
}

/// One target folder for every run of this test, so that only what changed is compiled again.
fn target() -> PathBuf {
    workspace().join("target").join("new-plugin")
}

fn cargo() -> Command {
    let mut cargo = Command::new("cargo");
    cargo.arg("--quiet");
    cargo
}

fn weft() -> Command {
    Command::new(workspace().join("target").join("debug").join("weft"))
}

/// Runs `command` in `folder` and gives what it printed.
fn run(command: &mut Command, folder: &Path) -> Result<String> {
    if folder != workspace() {
        command.env("CARGO_TARGET_DIR", target());
    }
    let output = command
        .current_dir(folder)
        .output()
        .with_context(|| format!("cannot run {command:?}"))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{command:?} failed ({}):\n{printed}\n{error}",
        output.status
    );
    Ok(printed.into_owned())
}

/// `weft plugin run` with the new plugin.
struct Running {
    weft: Child,
    url: String,
}

impl Running {
    fn start(folder: &Path) -> Result<Self> {
        let mut weft = weft()
            .args([
                "plugin",
                "run",
                NAME,
                "--file",
                "config.yaml",
                "--listen",
                "127.0.0.1:0",
                "--output",
                "json",
            ])
            .env("CARGO_TARGET_DIR", target())
            .current_dir(folder)
            .stdout(Stdio::piped())
            .spawn()?;
        let printed = BufReader::new(weft.stdout.take().context("no output")?);
        let url = printed.lines().map_while(Result::ok).find_map(|line| {
            let (_, after) = line.split_once("\"url\"")?;
            after.split('"').nth(1).map(str::to_owned)
        });
        match url {
            Some(url) => Ok(Self { weft, url }),
            None => anyhow::bail!(
                "weft plugin run ended ({}) before it was ready",
                weft.wait()?
            ),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let interrupted = Command::new("kill")
            .args(["-INT", &self.weft.id().to_string()])
            .status();
        assert!(
            interrupted.is_ok_and(|status| status.success()),
            "weft plugin run was gone before it was stopped"
        );
        assert!(self.weft.wait().is_ok());
    }
}
