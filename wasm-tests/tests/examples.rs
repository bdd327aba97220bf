//! Every example, as its README says: the commands in its `console` blocks are run in one shell, and each prints what stands
//! under it.
//!
//! In what is expected, `…` stands for any part of a line, and a line that is only `…` for any lines. Only standard output
//! counts: what programs say on standard error is talk.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests: what goes wrong is the test's result"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lab::{Apart, Cache};
use wasm_tests::modules::workspace;

/// What separates the output of two commands.
const MARK: &str = "@@ weft example, exit code";

#[derive(Debug, PartialEq)]
struct Step {
    command: String,
    expected: Vec<String>,
}

#[test]
fn examples_do_what_their_readmes_say() {
    let examples = readmes();
    assert!(examples.len() >= 3, "only {examples:?} were found");
    let cache = Cache::from_env().unwrap();
    let lacks = lab::capabilities::of(&cache).cluster;
    // They use the names that a reader's own lab has.
    let apart = Apart::new(&cache, "examples", "10.80.0.0/24").unwrap();
    let failures: Vec<_> = examples
        .iter()
        .filter(|readme| !left_out(readme, lacks.as_deref()))
        .filter_map(|readme| run(readme, &apart).err())
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Whether an example says that it needs root and this machine lacks that; the ladder says so again.
fn left_out(readme: &Path, lacks: Option<&str>) -> bool {
    let needs_root = std::fs::read_to_string(readme)
        .unwrap()
        .contains("Needs root on Linux");
    let Some(lacks) = lacks.filter(|_| needs_root) else {
        return false;
    };
    lab::output::say(&format!("LEFT OUT: {}: {lacks}", readme.display()));
    true
}

fn readmes() -> Vec<PathBuf> {
    let folder = workspace().join("examples");
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().join("README.md"))
        .filter(|readme| readme.exists())
        .collect();
    found.sort();
    found
}

fn steps(readme: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        match (inside, line) {
            (false, "```console") => inside = true,
            (true, "```") => inside = false,
            (true, line) => match (line.strip_prefix("$ "), steps.last_mut()) {
                (Some(command), _) => steps.push(Step {
                    command: command.to_owned(),
                    expected: Vec::new(),
                }),
                (None, Some(step)) => step.expected.push(line.to_owned()),
                (None, None) => panic!("output before the first command: {line}"),
            },
            (false, _) => {}
        }
    }
    steps
}

fn run(readme: &Path, apart: &Apart) -> Result<(), String> {
    let name = readme
        .parent()
        .unwrap()
        .file_name()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    let steps = steps(&std::fs::read_to_string(readme).unwrap());
    assert!(!steps.is_empty(), "{name} has no commands");
    let mut script = String::new();
    for step in &steps {
        // What follows a step that failed would work on something else than it is meant to.
        let command = &step.command;
        writeln!(
            script,
            "{command}\ncode=$?; echo \"{MARK} $code\"; [ $code = 0 ] || exit 1"
        )
        .unwrap();
    }
    // Whatever a failed example started ends with its shell's process group.
    let output = Command::new("setsid")
        .args([
            "--wait",
            "timeout",
            "900",
            "bash",
            "-c",
            &format!("trap 'kill 0' EXIT\n{script}trap - EXIT\n"),
        ])
        .current_dir(workspace())
        .envs(apart.variables())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let talk = String::from_utf8_lossy(&output.stderr).into_owned();
    compare(&name, &steps, &printed)
        .map_err(|failure| format!("{failure}\nand this was said:\n{talk}"))
}

fn compare(name: &str, steps: &[Step], printed: &str) -> Result<(), String> {
    let mut lines = printed.lines();
    for step in steps {
        let mut seen = Vec::new();
        let code = loop {
            match lines.next() {
                Some(line) if line.starts_with(MARK) => break line.trim_start_matches(MARK).trim(),
                Some(line) => seen.push(line.trim_end()),
                None => {
                    return Err(format!(
                        "{name}: the shell ended in `{}` after\n{}",
                        step.command,
                        seen.join("\n")
                    ));
                }
            }
        };
        if code != "0" || !fits(&step.expected, &seen) {
            let wanted = step.expected.join("\n");
            return Err(format!(
                "{name}: `{}` ended with {code} and printed\n{}\ninstead of\n{wanted}",
                step.command,
                seen.join("\n")
            ));
        }
    }
    Ok(())
}

/// Whether the lines `seen` are what is `wanted`.
fn fits(wanted: &[String], seen: &[&str]) -> bool {
    match wanted.split_first() {
        None => seen.is_empty(),
        Some((any, rest)) if any == "…" => {
            (0..=seen.len()).any(|skipped| fits(rest, &seen[skipped..]))
        }
        Some((line, rest)) => seen
            .split_first()
            .is_some_and(|(first, others)| line_fits(line, first) && fits(rest, others)),
    }
}

/// Whether `seen` is `wanted` with something for each `…`. Columns of a table are as wide as what stands in them, so runs of
/// blanks are alike.
fn line_fits(wanted: &str, seen: &str) -> bool {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (wanted, seen) = (words(wanted), words(seen));
    let mut parts = wanted.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = seen.strip_prefix(first) else {
        return false;
    };
    let mut open = false;
    for part in parts {
        open = true;
        if part.is_empty() {
            continue;
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
        open = false;
    }
    open || rest.is_empty()
}

#[test]
fn what_fits() {
    let table = [
        ("a…c", "abbc", true),
        ("a…", "a", true),
        ("a  b", "a b", true),
        ("a…c", "abbd", false),
        ("a…c", "abcd", false),
        ("a", "ab", false),
        ("…b", "b", true),
    ];
    for (wanted, seen, fit) in table {
        assert_eq!(line_fits(wanted, seen), fit, "{wanted} {seen}");
    }
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(fits(&lines("a\n…\nc"), &["a", "b", "b", "c"]));
    assert!(fits(&lines("…"), &[]));
    assert!(!fits(&lines("a\n…\nc"), &["a", "b"]));
}
