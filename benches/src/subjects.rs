//! What is measured: for each plugin its own cases, beside an empty chain, two floor modules and Envoy's own filters.
//!
//! A plugin says in its `benches/envoy.yaml` how it is measured, so a new plugin is measured without touching this package.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::bootstrap::wasm;

/// How many filters stand in a chain. What one filter adds drowns in noise, what eight add does not.
pub(crate) const CHAIN: u8 = 8;

const FLOORS: [(&str, &str, Role); 2] = [
    ("floor0", include_str!("../modules/floor0.wat"), Role::Other),
    ("floor1", include_str!("../modules/floor1.wat"), Role::Floor),
];

/// What is measured together and under the same requests.
#[derive(Debug)]
pub(crate) struct Group {
    /// The plugin.
    pub(crate) name: String,
    /// Headers of each request.
    pub(crate) headers: BTreeMap<String, String>,
    /// What is compared.
    pub(crate) subjects: Vec<Subject>,
}

/// One thing to compare.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// One of it; `None` where that would measure the same as another subject.
    pub(crate) alone: Option<Vec<Value>>,
    /// [`CHAIN`] of it; `None` for the empty chain.
    pub(crate) chain: Option<Vec<Value>>,
    /// At most so many times the floor, each in a chain.
    pub(crate) aim: Option<f64>,
}

/// What others are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// No filter: what every request costs.
    Empty,
    /// The floor.
    Floor,
    /// Neither.
    Other,
}

/// What stands in `plugins/NAME/benches/envoy.yaml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Headers of each request besides those of the load generator.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Configurations of the plugin.
    cases: Vec<Case>,
    /// Filters of Envoy that do the same job.
    #[serde(default)]
    native: Vec<Native>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    configuration: Value,
    aim: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Native {
    name: String,
    filter: Value,
}

/// The groups of the plugins that are named, or of all that can be measured. The floors are assembled into `scratch`.
pub(crate) fn groups(
    sources: &Path,
    modules: &Path,
    scratch: &Path,
    named: &[String],
) -> Result<Vec<Group>> {
    let mut folders = Vec::new();
    for entry in
        fs::read_dir(sources).with_context(|| format!("cannot list {}", sources.display()))?
    {
        folders.push(entry?.file_name().to_string_lossy().into_owned());
    }
    folders.sort();
    if let Some(unknown) = named.iter().find(|name| !folders.contains(name)) {
        bail!(
            "there is no plugin {unknown:?}; there is: {}",
            folders.join(" ")
        );
    }
    let wanted = |name: &&String| named.is_empty() || named.contains(name);
    let mut groups = Vec::new();
    for name in folders.iter().filter(wanted) {
        let file = sources.join(name).join("benches/envoy.yaml");
        if file.exists() {
            groups.push(group(name, &file, modules, scratch)?);
        } else if !named.is_empty() {
            bail!(
                "{} is missing: it says how {name} is measured",
                file.display()
            );
        }
    }
    Ok(groups)
}

fn group(name: &str, file: &Path, modules: &Path, scratch: &Path) -> Result<Group> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let written: Written =
        serde_saphyr::from_str(&text).with_context(|| format!("in {}", file.display()))?;
    let module = modules.join(format!("{name}.wasm"));
    if !module.exists() {
        bail!("{} is missing; build it with: make wasm", module.display());
    }
    let module = fs::canonicalize(&module)?.display().to_string();
    let mut subjects = vec![empty()];
    for (name, text, role) in FLOORS {
        subjects.push(floor(name, text, role, scratch)?);
    }
    for case in &written.cases {
        subjects.extend(ours(&module, case));
    }
    subjects.extend(written.native.iter().map(native));
    Ok(Group {
        name: name.to_owned(),
        headers: written.headers,
        subjects,
    })
}

fn empty() -> Subject {
    Subject {
        name: "empty chain".to_owned(),
        role: Role::Empty,
        alone: Some(Vec::new()),
        chain: None,
        aim: None,
    }
}

fn floor(name: &str, text: &str, role: Role, scratch: &Path) -> Result<Subject> {
    let module = assemble(name, text, scratch)?.display().to_string();
    let filter = |number: u8| {
        wasm(
            &format!("{name}-{number}"),
            &number.to_string(),
            &module,
            &json!({}),
        )
    };
    Ok(Subject {
        name: name.to_owned(),
        role,
        alone: Some(vec![filter(0)]),
        chain: Some((0..CHAIN).map(filter).collect()),
        aim: None,
    })
}

fn assemble(name: &str, text: &str, scratch: &Path) -> Result<PathBuf> {
    let bytes = wat::parse_str(text).with_context(|| format!("cannot assemble {name}.wat"))?;
    let module = scratch.join(format!("{name}.wasm"));
    fs::write(&module, bytes).with_context(|| format!("cannot write {}", module.display()))?;
    Ok(module)
}

/// Each filter in a VM of its own, as different plugins have; and all in one, as Istio runs several configurations of one module.
fn ours(module: &str, case: &Case) -> [Subject; 2] {
    let filter =
        |number: u8, vm: String| wasm(&format!("ours-{number}"), &vm, module, &case.configuration);
    let apart = Subject {
        name: case.name.clone(),
        role: Role::Other,
        alone: Some(vec![filter(0, "0".to_owned())]),
        chain: Some(
            (0..CHAIN)
                .map(|number| filter(number, number.to_string()))
                .collect(),
        ),
        aim: case.aim,
    };
    let together = Subject {
        name: format!("{}, one VM for all", case.name),
        role: Role::Other,
        alone: None,
        chain: Some(
            (0..CHAIN)
                .map(|number| filter(number, String::new()))
                .collect(),
        ),
        aim: None,
    };
    [apart, together]
}

fn native(native: &Native) -> Subject {
    let named = |number: u8| {
        let mut filter = native.filter.clone();
        if let Some(fields) = filter.as_object_mut() {
            fields.insert("name".to_owned(), format!("native-{number}").into());
        }
        filter
    };
    Subject {
        name: native.name.clone(),
        role: Role::Other,
        alone: Some(vec![named(0)]),
        chain: Some((0..CHAIN).map(named).collect()),
        aim: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin(dir: &Path, text: &str) {
        fs::create_dir_all(dir.join("plugins/a/benches")).unwrap();
        fs::write(dir.join("plugins/a/benches/envoy.yaml"), text).unwrap();
        fs::write(dir.join("a.wasm"), "").unwrap();
    }

    fn read(dir: &Path, named: &[String]) -> Result<Vec<Group>> {
        groups(&dir.join("plugins"), dir, dir, named)
    }

    #[test]
    fn a_plugin_is_measured_beside_the_floors_and_native_filters() {
        let dir = tempfile::tempdir().unwrap();
        plugin(
            dir.path(),
            "headers: {x: y}\ncases:\n- {name: one, configuration: {}, aim: 1.5}\nnative:\n- {name: envoy's, filter: {}}\n",
        );
        let groups = read(dir.path(), &[]).unwrap();
        let names: Vec<_> = groups[0]
            .subjects
            .iter()
            .map(|subject| subject.name.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "empty chain",
                "floor0",
                "floor1",
                "one",
                "one, one VM for all",
                "envoy's"
            ]
        );
        let chain = groups[0].subjects[5].chain.as_ref().unwrap();
        assert_eq!(chain.len(), usize::from(CHAIN));
        assert_ne!(
            chain[0]["name"], chain[1]["name"],
            "Envoy wants folders that differ"
        );
    }

    #[test]
    fn mistakes_are_named() {
        let dir = tempfile::tempdir().unwrap();
        plugin(dir.path(), "cases: []\nfoo: 1\n");
        let table = [
            (vec![], "foo"),
            (
                vec!["b".to_owned()],
                "there is no plugin \"b\"; there is: a",
            ),
        ];
        for (named, expected) in table {
            let error = format!("{:#}", read(dir.path(), &named).unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn the_floors_assemble() {
        let dir = tempfile::tempdir().unwrap();
        for (name, text, _) in FLOORS {
            assemble(name, text, dir.path()).unwrap();
        }
    }
}
