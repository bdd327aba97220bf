//! `weft gateway list | status | validate`.

use super::super::check::{Finding, Findings, Grade};
use super::super::home::Home;
use super::super::look;
use super::super::report::GatewaysReport;
use super::super::spec::MeshGateway;
use super::super::state::State;
use super::{Gateways, place};
use crate::failure::{Exit, Failure, Outcome};
use crate::mesh::scaling;
use crate::output::Format;

impl Gateways {
    /// Shows the gateways of a namespace, or of the cluster; exits 4 when the record of one cannot be read.
    pub(crate) async fn list(&self, namespace: Option<&str>) -> Outcome {
        let found = look::all(&self.cluster, namespace).await?;
        self.output.report(&GatewaysReport(found.views))?;
        for broken in &found.broken {
            self.output.warn(broken);
        }
        let whole = found.broken.is_empty();
        Ok(if whole { Exit::Ok } else { Exit::Partial })
    }

    /// Shows one or all, with what is in their way; exits 2 when one does not run.
    pub(crate) async fn status(&self, name: Option<&str>, namespace: Option<&str>) -> Outcome {
        let mut views = look::all(&self.cluster, namespace).await?.views;
        if let Some(name) = name {
            views.retain(|view| view.name == name);
            if views.is_empty() {
                let place = namespace.map_or_else(String::new, |place| format!(" in {place}"));
                let text = format!("there is no gateway {name}{place}");
                return Err(Failure::text(Exit::Failure, text));
            }
        }
        let shown = |place: &str, target: &str| {
            let mut views = views.iter();
            views.any(|view| view.namespace == place && view.name == target)
        };
        for words in scaling::blind(&self.cluster, namespace, shown).await? {
            self.output.warn(words);
        }
        let runs = views.iter().all(|view| view.state == State::Running);
        // A table has no room for them where nobody asked for a wide one.
        if self.output.settings().format == Format::Table {
            for view in &views {
                for reason in &view.failure_reasons {
                    self.output.warn(reason);
                }
            }
        }
        self.output.report(&GatewaysReport(views))?;
        Ok(if runs { Exit::Ok } else { Exit::Findings })
    }

    /// Holds a wish against a cluster.
    pub(crate) async fn validate(&self, home: &Home, wish: &MeshGateway) -> Outcome {
        let known = super::record::one(&self.cluster, place(wish), &wish.metadata.name).await?;
        let mut findings = vec![Finding::new("FILE", Grade::Pass, "it has no mistakes")];
        if known.is_some() {
            let text = "there is such a gateway already: `weft gateway update` changes it";
            findings.push(Finding::new("UNIQUE_MESH_GATEWAY", Grade::Warn, text));
        }
        findings.extend(self.inspect(home, wish).await?.findings);
        let bad = findings.iter().any(|one| one.grade == Grade::Fail);
        self.output.report(&Findings(findings))?;
        Ok(if bad { Exit::Findings } else { Exit::Ok })
    }
}
