//! What is shown of gateways.

use serde::Serialize;

use super::state::State;
use crate::output::{Cell, Report, Style, Table};

/// A gateway, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GatewayView {
    /// Its name.
    pub(crate) name: String,
    /// Its namespace.
    pub(crate) namespace: String,
    /// Which way traffic goes.
    #[serde(rename = "type")]
    pub(crate) direction: &'static str,
    /// The mesh that it belongs to, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mesh: Option<String>,
    /// Whether somebody else made it.
    pub(crate) foreign: bool,
    /// The versions of its proxies.
    pub(crate) versions: Vec<String>,
    /// The version of the chart that it was made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) chart: Option<String>,
    /// How many instances are ready.
    pub(crate) ready: i64,
    /// How many there should be.
    pub(crate) total: i64,
    /// The type of its Service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_type: Option<String>,
    /// Where it is reached.
    pub(crate) addresses: Vec<String>,
    /// Its ports: name, number, number at the pods, number at the nodes.
    pub(crate) ports: Vec<String>,
    /// How it is.
    pub(crate) state: State,
    /// What is in its way, the first cause of each object.
    pub(crate) failure_reasons: Vec<String>,
}

/// Gateways, as `list` and `status` show them.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct GatewaysReport(pub(crate) Vec<GatewayView>);

impl Report for GatewaysReport {
    fn table(&self) -> Table {
        let columns = [
            "NAMESPACE",
            "NAME",
            "TYPE",
            "STATE",
            "VERSION",
            "READY",
            "ADDRESS",
            "PORTS",
            "MESH",
            "MADE BY",
        ];
        let mut table = Table::new(&columns).wide(&["SERVICE", "CHART", "REASON"]);
        for view in &self.0 {
            let made_by = if view.foreign { "foreign" } else { "weft" };
            table.row([
                view.namespace.clone().into(),
                view.name.clone().into(),
                view.direction.into(),
                Cell::styled(style(view.state), view.state.word()),
                or_dash(view.versions.join(",")),
                format!("{}/{}", view.ready, view.total).into(),
                or_dash(view.addresses.join(",")),
                or_dash(view.ports.join(",")),
                or_dash(view.mesh.clone().unwrap_or_default()),
                made_by.into(),
                or_dash(view.service_type.clone().unwrap_or_default()),
                or_dash(view.chart.clone().unwrap_or_default()),
                or_dash(view.failure_reasons.join("; ")),
            ]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        let views = self.0.iter();
        views
            .map(|view| format!("{}/{}", view.namespace, view.name))
            .collect()
    }
}

fn or_dash(text: String) -> Cell {
    if text.is_empty() {
        "-".into()
    } else {
        text.into()
    }
}

fn style(state: State) -> Style {
    match state {
        State::Running => Style::Good,
        State::Creating | State::Updating => Style::Warn,
        State::Error => Style::Bad,
        State::Stopped | State::Deleting => Style::Dim,
    }
}
