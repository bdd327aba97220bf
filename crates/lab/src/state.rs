//! What runs, written down before it starts: `<cache>/lab/NAME/state.json`, so that a run that dies leaves a trace that
//! the next one can follow.

use crate::cache::{Cache, write_atomically};
use crate::network::{Cidr, Link};
use crate::process::ProcId;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

const FILE: &str = "state.json";

/// One thing that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) name: String,
    /// The run it belongs to; it goes when that process is gone. Without one it stays until `lab down`.
    pub(crate) owner: Option<ProcId>,
    /// Who is starting it, until it is up.
    pub(crate) starting: Option<ProcId>,
    /// Its processes, the one that takes the others with it first.
    pub(crate) processes: Vec<ProcId>,
    /// The link that it sits on; `None` for loopback.
    pub(crate) link: Option<Link>,
    #[serde(flatten)]
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Kind {
    Registry { address: String },
    Cluster(Member),
}

/// A cluster's place in the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) number: u8,
    pub(crate) pods: Cidr,
    pub(crate) services: Cidr,
    pub(crate) api_only: bool,
    pub(crate) isolated: bool,
    /// Whether its cable is in: only then can routes be set in it.
    pub(crate) plugged_in: bool,
}

impl Part {
    /// A part that this process begins to start.
    pub(crate) fn new(
        name: &str,
        owner: Option<ProcId>,
        link: Option<Link>,
        kind: Kind,
    ) -> Result<Self> {
        check_name(name)?;
        Ok(Self {
            name: name.to_owned(),
            owner,
            starting: ProcId::current(),
            processes: Vec::new(),
            link,
            kind,
        })
    }

    pub(crate) fn dir(&self, cache: &Cache) -> PathBuf {
        cache.lab().join(&self.name)
    }

    pub(crate) fn save(&self, cache: &Cache) -> Result<()> {
        let text = serde_json::to_string_pretty(self).context("a part cannot be written down")?;
        write_atomically(&self.dir(cache).join(FILE), &text)
    }

    pub(crate) fn member(&self) -> Option<&Member> {
        match &self.kind {
            Kind::Cluster(member) => Some(member),
            Kind::Registry { .. } => None,
        }
    }

    /// A part lives while its owner does, and either somebody is still starting it or something of it runs.
    pub(crate) fn is_alive(&self, alive: impl Fn(&ProcId) -> bool) -> bool {
        self.owner.as_ref().is_none_or(&alive)
            && match &self.starting {
                Some(starter) => alive(starter),
                None => self.processes.iter().any(&alive),
            }
    }
}

/// Names become host names, node names and directories.
fn check_name(name: &str) -> Result<()> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty()
        || name.len() > 40
        || !name.chars().all(fits)
        || name.starts_with('-')
        || name.ends_with('-')
    {
        bail!("{name:?} cannot be a name: up to 40 of a-z, 0-9 and - between them");
    }
    Ok(())
}

/// A directory below `<cache>/lab` and what it says; `None` when it says nothing that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) dir: PathBuf,
    pub(crate) part: Option<Part>,
}

/// Everything that is written down.
pub(crate) fn all(cache: &Cache) -> Vec<Found> {
    let Ok(entries) = fs::read_dir(cache.lab()) else {
        return Vec::new();
    };
    let dirs = entries.filter_map(Result::ok).map(|entry| entry.path());
    let mut found: Vec<Found> = dirs
        .filter(|dir| dir.is_dir())
        .map(|dir| Found {
            part: load(&dir),
            dir,
        })
        .collect();
    found.sort_by(|a, b| a.dir.cmp(&b.dir));
    found
}

/// The parts that can be read.
pub(crate) fn parts(cache: &Cache) -> Vec<Part> {
    all(cache)
        .into_iter()
        .filter_map(|found| found.part)
        .collect()
}

/// The part of that name.
pub(crate) fn find(cache: &Cache, name: &str) -> Result<Part> {
    let Some(part) = load(&cache.lab().join(name)) else {
        bail!("nothing called {name:?} runs here; see: lab status");
    };
    Ok(part)
}

fn load(dir: &Path) -> Option<Part> {
    let text = fs::read_to_string(dir.join(FILE)).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn process(pid: i32) -> ProcId {
        serde_json::from_value(serde_json::json!({"pid": pid, "start": 1, "boot": "b"})).unwrap()
    }

    pub(crate) fn cluster(name: &str, number: u8) -> Part {
        let member = Member {
            number,
            pods: format!("10.{}.0.0/16", number + 100).parse().unwrap(),
            services: crate::network::services(number).unwrap(),
            api_only: false,
            isolated: false,
            plugged_in: true,
        };
        let link = Link::new("10.77.0.0/24".parse().unwrap()).unwrap();
        let mut part = Part::new(name, None, Some(link), Kind::Cluster(member)).unwrap();
        part.starting = None;
        part
    }

    #[test]
    fn what_is_saved_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path());
        let part = cluster("one", 1);
        part.save(&cache).unwrap();
        fs::create_dir_all(cache.lab().join("half")).unwrap();
        assert_eq!(find(&cache, "one").unwrap(), part);
        assert_eq!(parts(&cache), [part]);
        let found: Vec<bool> = all(&cache)
            .iter()
            .map(|found| found.part.is_some())
            .collect();
        assert_eq!(found, [false, true], "half, one");
    }

    #[test]
    fn names_are_host_names() {
        for name in ["a", "c1", "my-mesh"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", "-a", "a-", "A", "a.b", "../x", "a b"] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn life_needs_the_owner_and_a_process() {
        let alive = |id: &ProcId| id.pid() < 10;
        // owner, starting, process, alive
        let table = [
            (None, None, Some(1), true),
            (None, None, Some(11), false),
            (None, None, None, false),
            (None, Some(1), None, true),
            (None, Some(11), Some(1), false),
            (Some(1), None, Some(1), true),
            (Some(11), None, Some(1), false),
            (Some(11), Some(1), None, false),
        ];
        for (owner, starting, running, expected) in table {
            let mut part = cluster("x", 1);
            part.owner = owner.map(process);
            part.starting = starting.map(process);
            part.processes = running.map(process).into_iter().collect();
            assert_eq!(
                part.is_alive(alive),
                expected,
                "{owner:?} {starting:?} {running:?}"
            );
        }
    }
}
