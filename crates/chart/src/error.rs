//! Why a chart cannot be read or rendered.

use std::fmt;

/// Why a chart cannot be read or rendered. Each names what is wrong and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChartError {
    /// The archive cannot be read, or must not be.
    #[error("the chart's archive is not taken: {0}")]
    Archive(String),
    /// A file of the chart is missing or wrong.
    #[error("{file} of the chart: {problem}")]
    File {
        /// Its path in the chart.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The chart has other charts in it, which are not rendered.
    #[error(
        "the chart {chart} depends on {dependency}: charts that depend on others are not rendered"
    )]
    Dependency {
        /// The chart's name.
        chart: String,
        /// What it depends on.
        dependency: String,
    },
    /// Values that are no mapping, or no YAML.
    #[error("values: {0}")]
    Values(String),
    /// Values that the chart's own schema refuses.
    #[error("the chart {chart} does not take these values:{}", list(problems))]
    Schema {
        /// The chart's name.
        chart: String,
        /// Each problem.
        problems: Vec<SchemaProblem>,
    },
    /// The Kubernetes version is none, or the chart does not support it.
    #[error("Kubernetes {version}: {problem}")]
    Kubernetes {
        /// The version.
        version: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A template fails: it cannot be run, or the chart refuses the values by `fail` or `required`.
    #[error("{0}")]
    Template(TemplateError),
    /// A template renders what is no Kubernetes object.
    #[error("the chart {chart}: {template} renders no Kubernetes object: {problem}")]
    Document {
        /// The chart's name.
        chart: String,
        /// The template's path, with the chart's name in front.
        template: String,
        /// What is wrong.
        problem: String,
    },
}

/// One thing that a chart's schema refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaProblem {
    /// JSON pointer of the value; empty for all of them.
    pub at: String,
    /// What is wrong with it.
    pub problem: String,
}

/// Where and why a template fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// The chart's name.
    pub chart: String,
    /// The template that was rendered, with the chart's name in front.
    pub template: String,
    /// The line in it.
    pub line: usize,
    /// Where it failed in the end, if another template was called: its file and line.
    pub within: Option<(String, usize)>,
    /// Whether the chart itself refuses the values, rather than being wrong.
    pub is_refusal: bool,
    /// What the chart says, or what is wrong.
    pub message: String,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.is_refusal {
            "refuses these values"
        } else {
            "cannot be rendered"
        };
        write!(
            f,
            "the chart {} {verb}: {}",
            self.chart,
            self.message.trim()
        )?;
        write!(f, " (at {}:{}", self.template, self.line)?;
        if let Some((file, line)) = &self.within {
            write!(f, ", in {file}:{line}")?;
        }
        f.write_str(")")
    }
}

fn list(problems: &[SchemaProblem]) -> String {
    let mut out = String::new();
    for SchemaProblem { at, problem } in problems {
        let at = if at.is_empty() { "/" } else { at };
        out.extend(["\n  ", at, ": ", problem]);
    }
    out
}

impl ChartError {
    pub(crate) fn file(file: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::File {
            file: file.into(),
            problem: problem.into(),
        }
    }
}
