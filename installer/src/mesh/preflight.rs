//! Looks whether a mesh can be installed, or kept, before anything is written.
//!
//! What is read of the cluster are facts, what is wanted is a wish, and each check is a function of the two. A check whose
//! facts may not be read is skipped and says so; it is not passed.

mod access;
mod bounds;
mod cluster;
pub(crate) mod facts;
mod gather;
mod left;
mod once;
pub(in crate::mesh) mod others;
mod pods;
mod releases;
mod report;
mod sail;
mod serving;
pub(crate) mod versions;

use serde::Serialize;

use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use facts::Facts;
pub(crate) use report::PreflightReport;

/// What a mesh will need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The mesh, where it is there already: its own objects are not in its way.
    pub(crate) mesh: Option<String>,
    /// Whether its istiod has to serve already, where it is there: an apply waits for that, and may well mend it.
    pub(crate) serves: bool,
    /// The version of Istio; nothing where none is chosen yet.
    pub(crate) istio: Option<String>,
    /// Where it will be.
    pub(crate) root_namespace: String,
    /// Its revision, `default` for one without a name; nothing where none is chosen yet.
    pub(crate) revision: Option<String>,
    /// Whether it looks at some namespaces only.
    pub(crate) selects: bool,
    /// What it has that not every mesh has.
    pub(crate) with: Vec<Extra>,
    /// What the Sail operator is to make of it, where that installs it.
    pub(crate) sail: Option<Sail>,
    /// What istiod asks for, all of its replicas.
    pub(crate) istiod: Resources,
    /// What each sidecar asks for, and its limits.
    pub(crate) proxy: Resources,
    /// What is to be known of its images, where a site has its own.
    pub(crate) images: Option<String>,
    /// Whether istiod's pods name a seccompProfile, without which `restricted` refuses them.
    pub(crate) seccomp: bool,
    /// The name of istiod's autoscaler, where it has one.
    pub(crate) scaler: Option<String>,
}

/// What the Sail operator is to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sail {
    /// The name of the control plane's `Istio`.
    pub(crate) plane: String,
}

/// What not every mesh has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Extra {
    /// Istio's CNI plugin, in place of an init container that needs rights on the network
    Cni,
    /// Ambient mode, which needs the plugin too
    Ambient,
    /// A gateway with a Service of type `LoadBalancer`
    LoadBalancer,
    /// A volume, which the API server of a hosted mesh needs
    Storage,
}

/// Processor and memory, in Kubernetes' notation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resources {
    /// What is asked for of each.
    pub(crate) cpu: String,
    /// As well.
    pub(crate) memory: String,
    /// The most that it may have; nothing where it has no limit.
    pub(crate) limits: Option<(String, String)>,
    /// How many of them there are.
    pub(crate) replicas: u32,
}

impl Wish {
    /// Whether it has this.
    fn has(&self, extra: Extra) -> bool {
        self.with.contains(&extra)
    }

    /// Whether Istio's CNI plugin is part of it.
    fn has_plugin(&self) -> bool {
        self.has(Extra::Cni) || self.has(Extra::Ambient)
    }

    /// Istio as its charts come.
    pub(crate) fn usual(root_namespace: String) -> Self {
        Self {
            mesh: None,
            serves: true,
            istio: None,
            root_namespace,
            revision: None,
            selects: false,
            with: Vec::new(),
            sail: None,
            istiod: Resources {
                cpu: "500m".to_owned(),
                memory: "2Gi".to_owned(),
                limits: None,
                replicas: 1,
            },
            proxy: Resources {
                cpu: "100m".to_owned(),
                memory: "128Mi".to_owned(),
                limits: Some(("2".to_owned(), "1Gi".to_owned())),
                replicas: 1,
            },
            images: None,
            seccomp: false,
            scaler: Some("istiod".to_owned()),
        }
    }
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Verdict {
    /// It would not work.
    Fail,
    /// It may not work, or not for all.
    Warn,
    /// It could not be looked at, or does not matter here.
    Skipped,
    /// It is well.
    Pass,
}

/// A check and how it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    /// Its name for programs.
    pub(crate) id: &'static str,
    /// Its name for people.
    pub(crate) title: &'static str,
    /// How it went.
    pub(crate) verdict: Verdict,
    /// What it is about, where it is about one object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) object: Option<String>,
    /// What was seen.
    pub(crate) words: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) remedy: Option<String>,
}

/// A check's names; what it says is added.
#[derive(Clone, Copy, Debug)]
struct Subject {
    id: &'static str,
    title: &'static str,
}

impl Subject {
    const fn of(id: &'static str, title: &'static str) -> Self {
        Self { id, title }
    }

    fn check(self, verdict: Verdict, words: impl Into<String>) -> Check {
        Check {
            id: self.id,
            title: self.title,
            verdict,
            object: None,
            words: words.into(),
            remedy: None,
        }
    }

    fn pass(self, words: impl Into<String>) -> Check {
        self.check(Verdict::Pass, words)
    }

    fn skipped(self, why: impl Into<String>) -> Check {
        self.check(Verdict::Skipped, why)
    }

    fn warn(self, words: impl Into<String>, remedy: impl Into<String>) -> Check {
        self.check(Verdict::Warn, words).with(remedy)
    }

    fn fail(self, words: impl Into<String>, remedy: impl Into<String>) -> Check {
        self.check(Verdict::Fail, words).with(remedy)
    }
}

impl Check {
    /// Whether it is about what weft may do.
    pub(crate) fn is_permission(&self) -> bool {
        self.id == access::PERMISSION
    }

    /// All of it, in a line of talk.
    pub(crate) fn line(&self) -> String {
        let object = self
            .object
            .as_ref()
            .map(|object| format!("{object}: "))
            .unwrap_or_default();
        format!("{}: {object}{}", self.title, self.said())
    }

    /// What was seen, and what to do about it.
    pub(crate) fn said(&self) -> String {
        let remedy = self
            .remedy
            .as_ref()
            .map(|remedy| format!("; {remedy}"))
            .unwrap_or_default();
        format!("{}{remedy}", self.words)
    }

    fn with(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    fn about(mut self, object: impl Into<String>) -> Self {
        self.object = Some(object.into());
        self
    }
}

/// Every check, in the order in which one would look.
pub(crate) fn checks(facts: &Facts, wish: &Wish) -> Vec<Check> {
    let groups: [fn(&Facts, &Wish) -> Vec<Check>; 20] = [
        cluster::api,
        cluster::version,
        cluster::clock,
        access::permissions,
        others::root_namespace,
        sail::operator,
        others::meshes,
        once::root_certificates,
        serving::serving,
        left::webhooks,
        left::definitions,
        releases::releases,
        left::roles,
        bounds::quotas,
        bounds::limit_ranges,
        pods::security,
        pods::plugins,
        once::agents,
        cluster::nodes,
        pods::images,
    ];
    let needs: [fn(&Facts, &Wish) -> Vec<Check>; 4] = [
        cluster::storage,
        cluster::load_balancer,
        cluster::webhook_port,
        cluster::metrics,
    ];
    groups
        .iter()
        .chain(&needs)
        .flat_map(|group| group(facts, wish))
        .collect()
}

/// Reads the cluster and checks it.
pub(crate) async fn run(cluster: &Cluster, wish: &Wish) -> Result<Vec<Check>, ClusterError> {
    let facts = gather::facts(cluster, wish).await?;
    Ok(checks(&facts, wish))
}

#[cfg(test)]
#[path = "preflight/tests.rs"]
mod tests;
