//! How a pod and its containers are, and the first thing that is in their way.

use serde::Deserialize;

use super::super::Trouble;

/// How a pod is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PodStatus {
    /// `Running`, …
    pub(super) phase: String,
    container_statuses: Option<Vec<ContainerStatus>>,
    init_container_statuses: Option<Vec<ContainerStatus>>,
    conditions: Option<Vec<Condition>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ContainerStatus {
    name: String,
    ready: bool,
    state: Option<ContainerState>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ContainerState {
    running: Option<serde::de::IgnoredAny>,
    waiting: Option<Because>,
    terminated: Option<Because>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Because {
    reason: Option<String>,
    message: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Condition {
    r#type: String,
    status: String,
    reason: Option<String>,
    message: Option<String>,
}

impl PodStatus {
    fn statuses(&self) -> impl Iterator<Item = &ContainerStatus> {
        let init = self.init_container_statuses.iter().flatten();
        self.container_statuses.iter().flatten().chain(init)
    }

    /// Why one of its containers does not run.
    pub(super) fn trouble_of(&self, container: &str) -> Option<Trouble> {
        match self.statuses().find(|status| status.name == container) {
            Some(status) => status.trouble(),
            None => Some(Trouble::Starting("it has not been started yet".to_owned())),
        }
    }

    /// What keeps it from getting ready.
    pub(super) fn first_trouble(&self) -> Option<String> {
        let unscheduled =
            self.conditions.iter().flatten().find(|condition| {
                condition.r#type == "PodScheduled" && condition.status == "False"
            });
        if let Some(condition) = unscheduled {
            let reason = condition.reason.as_deref().unwrap_or("not scheduled");
            let message = condition.message.as_deref().unwrap_or_default();
            return Some(format!("{reason}: {message}"));
        }
        self.statuses().find_map(|status| match status.trouble()? {
            Trouble::Failed(why) => Some(format!("container {}: {why}", status.name)),
            Trouble::Starting(_) => None,
        })
    }
}

impl ContainerStatus {
    fn trouble(&self) -> Option<Trouble> {
        let state = self.state.as_ref()?;
        let words = |because: &Because| {
            let reason = because
                .reason
                .clone()
                .unwrap_or_else(|| "stopped".to_owned());
            match because.message.as_deref().filter(|text| !text.is_empty()) {
                Some(message) => format!("{reason}: {message}"),
                None => reason,
            }
        };
        if let Some(waiting) = &state.waiting {
            let begins = ["PodInitializing", "ContainerCreating"];
            let starting = waiting
                .reason
                .as_deref()
                .is_none_or(|reason| begins.contains(&reason));
            let words = words(waiting);
            return Some(if starting {
                Trouble::Starting(words)
            } else {
                Trouble::Failed(words)
            });
        }
        match (&state.terminated, &state.running) {
            (Some(because), _) if because.reason.as_deref() != Some("Completed") => {
                Some(Trouble::Failed(words(because)))
            }
            (None, Some(_)) if !self.ready => Some(Trouble::Starting("not ready yet".to_owned())),
            _ => None,
        }
    }
}
