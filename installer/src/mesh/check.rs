//! What `weft mesh check` finds: mistakes of a mesh file, and how its versions go with those of a cluster and its proxies.

use super::spec::Mesh;
use super::spec::mistake::{Mistake, Mistakes};
use super::version::{IstioVersion, KubernetesVersion, skew, support, upgrade};
use super::wish::distroless;
use crate::output::{Report, Table};
use serde::Serialize;

/// What the file is held against.
#[derive(Clone, Debug, Default)]
pub(crate) struct Against {
    /// Of the cluster.
    pub(crate) kubernetes: Option<KubernetesVersion>,
    /// What runs now.
    pub(crate) from: Option<IstioVersion>,
    /// Of proxies that run now.
    pub(crate) proxies: Vec<IstioVersion>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Finding {
    /// What was looked at.
    pub(crate) check: &'static str,
    /// Whether all is well.
    pub(crate) ok: bool,
    /// In words.
    pub(crate) text: String,
}

/// The report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Verdict {
    /// Name of the mesh, where the file could be read.
    pub(crate) mesh: Option<String>,
    /// Everything that is wrong with the file.
    pub(crate) mistakes: Vec<Mistake>,
    /// How its versions go with others.
    pub(crate) findings: Vec<Finding>,
}

impl Verdict {
    /// Of one file.
    pub(crate) fn new(read: &Result<Mesh, Mistakes>, against: &Against) -> Self {
        match read {
            Ok(mesh) => Self {
                mesh: Some(mesh.metadata.name.clone()),
                mistakes: Vec::new(),
                findings: findings(mesh, against),
            },
            Err(Mistakes(mistakes)) => Self {
                mesh: None,
                mistakes: mistakes.clone(),
                findings: Vec::new(),
            },
        }
    }

    /// Whether the versions go together.
    pub(crate) fn fits(&self) -> bool {
        self.findings.iter().all(|finding| finding.ok)
    }
}

fn findings(mesh: &Mesh, against: &Against) -> Vec<Finding> {
    let mut found = vec![Finding {
        check: "file",
        ok: true,
        text: "has no mistakes".to_owned(),
    }];
    // An external mesh has no version of its own to hold against anything.
    let Some(version) = &mesh.spec.version else {
        return found;
    };
    found.extend(distroless(mesh).map(|text| Finding {
        check: "images",
        ok: true,
        text,
    }));
    found.extend(against.kubernetes.iter().map(|kubernetes| {
        let support = support(version, kubernetes);
        Finding {
            check: "kubernetes",
            ok: support.is_fine(),
            text: support.words(version, kubernetes),
        }
    }));
    found.extend(against.from.iter().map(|from| {
        let step = upgrade(from, version);
        Finding {
            check: "upgrade",
            ok: step.is_ok(),
            text: step.map_or_else(|error| error.to_string(), |step| step.words(from, version)),
        }
    }));
    found.extend(against.proxies.iter().map(|proxy| {
        let skew = skew(version, proxy);
        Finding {
            check: "proxies",
            ok: skew.is_ok(),
            text: skew.map_or_else(
                |error| error.to_string(),
                |()| format!("proxies of Istio {proxy} work with a control plane of {version}"),
            ),
        }
    }));
    found
}

impl Report for Verdict {
    fn table(&self) -> Table {
        let mut table = Table::new(&["CHECK", "RESULT", "MESSAGE"]);
        for finding in &self.findings {
            let result = if finding.ok { "ok" } else { "found" };
            table.row([
                finding.check.into(),
                result.into(),
                finding.text.clone().into(),
            ]);
        }
        for mistake in &self.mistakes {
            table.row(["file".into(), "mistake".into(), mistake.to_string().into()]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        let mistakes = self.mistakes.iter().map(|mistake| mistake.pointer.clone());
        let findings = self.findings.iter().filter(|finding| !finding.ok);
        mistakes
            .chain(findings.map(|finding| finding.check.to_owned()))
            .collect()
    }
}
