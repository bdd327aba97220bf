//! A chart, values and a cluster to objects.

mod context;
mod documents;

use crate::chart::Chart;
use crate::error::{ChartError, TemplateError};
use crate::template::limits::Budget;
use crate::template::run::{NO_VALUE, run};
use crate::template::{Failure, Set};
use crate::values::{Values, as_shown};
use crate::{schema, version};
use documents::{documents, in_order};
use serde_json::Value as Json;
use std::rc::Rc;

/// What templates see as `.Release`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its name, which charts put into names and labels.
    pub name: String,
    /// The namespace it goes to.
    pub namespace: String,
    /// Whether something is there already.
    pub is_upgrade: bool,
    /// Which one this is, from 1.
    pub revision: u32,
    /// Who installs it: what charts label as `app.kubernetes.io/managed-by`.
    pub service: String,
}

/// What templates see as `.Capabilities`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kubernetes {
    /// Its version, for example `v1.34.4`.
    pub version: String,
    /// What it serves: `v1`, `apps/v1`, `apps/v1/Deployment`.
    pub api_versions: Vec<String>,
}

/// An object that a chart renders.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// The file it comes from, with the chart's name in front: `istiod/templates/service.yaml`.
    pub source: String,
    /// The object itself.
    pub object: Json,
    /// When Helm would apply it, if that is not simply with the others.
    pub hook: Option<Hook>,
}

/// An object's `helm.sh/hook` annotations, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// `pre-install`, `post-upgrade` and so on.
    pub events: Vec<String>,
    /// Lower ones come first.
    pub weight: i64,
    /// `before-hook-creation`, `hook-succeeded`, `hook-failed`.
    pub delete_policies: Vec<String>,
}

/// Renders a chart as `helm template --include-crds` does: the objects of `crds/` first, then those of templates in
/// Helm's order of kinds, hooks last. `NOTES.txt` is run, for its errors, and left out; so are empty documents.
///
/// # Errors
/// Values that the chart's schema or the chart itself refuses, a template that fails, or one that renders no object.
pub fn render(
    chart: &Chart,
    values: &Values,
    release: &Release,
    kubernetes: &Kubernetes,
) -> Result<Vec<Rendered>, ChartError> {
    check_kubernetes(chart, kubernetes)?;
    let values = chart.coalesced(values);
    schema::check(chart, &as_shown(Json::Object(values.clone())))?;
    let mut rendered = documents::custom_resources(chart)?;
    let context = context::context(chart, &values, release, kubernetes)?;
    let texts = texts(chart, &context)?;
    let mut objects = Vec::new();
    for (path, text) in texts {
        if !path.ends_with("NOTES.txt") {
            objects.extend(documents(chart.name(), &path, &text)?);
        }
    }
    rendered.extend(in_order(objects));
    Ok(rendered)
}

fn check_kubernetes(chart: &Chart, kubernetes: &Kubernetes) -> Result<(), ChartError> {
    let wrong = |problem: String| ChartError::Kubernetes {
        version: kubernetes.version.clone(),
        problem,
    };
    let Some(wanted) = chart.kube_version() else {
        return Ok(());
    };
    if version::satisfies(&kubernetes.version, wanted).map_err(wrong)? {
        return Ok(());
    }
    Err(wrong(format!(
        "the chart {} needs {wanted}: upgrade Kubernetes, or choose an older chart",
        chart.name()
    )))
}

/// What each template renders, by its path and in the order of paths.
fn texts(chart: &Chart, context: &context::Context) -> Result<Vec<(String, String)>, ChartError> {
    let mut set = Set::default();
    let order = run_order(chart);
    let mut trees = Vec::new();
    for (path, text) in &order {
        let name: Rc<str> = Rc::from(path.as_str());
        set.add(&name, text)
            .map_err(|failure| template_error(chart, path, failure))?;
        trees.push(name);
    }
    let set = Rc::new(set);
    let budget = Budget::new();
    let mut texts = Vec::new();
    for name in trees {
        if name
            .rsplit('/')
            .next()
            .is_some_and(|file| file.starts_with('_'))
        {
            continue;
        }
        let Some(tree) = set.get(&name) else {
            continue;
        };
        context.enter(&name);
        let text = run(&set, &tree, &context.dot(), &budget);
        let text = text.map_err(|failure| template_error(chart, &name, failure))?;
        texts.push((name.to_string(), text.replace(NO_VALUE, "")));
    }
    texts.sort();
    Ok(texts)
}

/// Deep ones first, and then from Z to A: Istio's `zzz_profile.yaml` relies on being first.
fn run_order(chart: &Chart) -> Vec<(String, String)> {
    let templates = chart
        .files()
        .filter(|(path, _)| path.starts_with("templates/"));
    let named = |(path, bytes): (&str, &[u8])| {
        (
            format!("{}/{path}", chart.name()),
            String::from_utf8_lossy(bytes).into_owned(),
        )
    };
    let mut order: Vec<(String, String)> = templates.map(named).collect();
    order.sort_by_cached_key(|(path, _)| {
        std::cmp::Reverse((path.matches('/').count(), path.clone()))
    });
    order
}

fn template_error(chart: &Chart, path: &str, failure: Failure) -> ChartError {
    let outer = failure.places.last();
    let inner = failure.places.first().filter(|inner| Some(*inner) != outer);
    ChartError::Template(TemplateError {
        chart: chart.name().to_owned(),
        template: path.to_owned(),
        line: outer.map_or(0, |place| place.line),
        within: inner.map(|place| (place.file.to_string(), place.line)),
        is_refusal: failure.is_of_chart,
        message: failure.message,
    })
}
