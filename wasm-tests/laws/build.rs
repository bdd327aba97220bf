//! Gathers the scenario files, since a test on wasm32 in Node has no files to read.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let own = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("no CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    let mut list = String::from("[\n");
    for (plugin, package) in [
        ("probe", "../probe"),
        ("rate-limit", "../../plugins/rate-limit"),
        ("template", "../../plugins/template"),
    ] {
        let folder = own.join(package).join("tests").join("scenarios");
        println!("cargo::rerun-if-changed={}", folder.display());
        for file in files(&folder)? {
            println!("cargo::rerun-if-changed={}", file.display());
            let path = file.to_str().ok_or("a path that is no UTF-8")?;
            let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
            writeln!(list, "({plugin:?}, {name:?}, include_str!({path:?})),")?;
        }
    }
    list.push(']');
    fs::write(out.join("scenarios.rs"), list)?;
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, std::io::Error> {
    let entries: Result<Vec<_>, _> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect();
    let mut files = entries?;
    files.retain(|file| file.extension().is_some_and(|kind| kind == "yaml"));
    files.sort();
    Ok(files)
}
