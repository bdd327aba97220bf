//! What is not played in a real proxy, and why.

use simulator::scenario::expected::{Expect, MessageExpected};
use simulator::scenario::file::{Scenario, Step};
use std::time::Duration;

/// How long a scenario may take.
const LONGEST: Duration = Duration::from_secs(13);

/// What a real clock can tell apart while a test works.
const SHORTEST: Duration = Duration::from_millis(20);

/// Why a scenario cannot be played in a real proxy; `None` when it can.
#[must_use]
pub fn left_out(scenario: &Scenario) -> Option<String> {
    if let Some(reason) = &scenario.simulated {
        return Some(reason.clone());
    }
    if scenario.seed.is_some() {
        return Some("chooses where the random source starts".to_owned());
    }
    scenario
        .steps
        .iter()
        .find_map(commands)
        .map(str::to_owned)
        .or_else(|| time(scenario))
}

/// What a step commands that a proxy does not do on command, or looks at and no proxy shows.
fn commands(step: &Step) -> Option<&'static str> {
    let properties = |there: bool| there.then_some("sets properties that a proxy finds out itself");
    let of_request = step
        .request
        .as_ref()
        .is_some_and(|request| !request.properties.is_empty());
    let of_response = step
        .response
        .as_ref()
        .is_some_and(|response| !response.properties.is_empty());
    let table = [
        (
            step.fault.is_some() || step.mend.is_some(),
            "makes a host call fail",
        ),
        (step.race.is_some(), "makes races be lost"),
        (step.clusters.is_some(), "takes clusters away"),
        (
            step.foreign.is_some(),
            "changes what foreign functions there are",
        ),
        (step.restart.is_some(), "gives a worker a new VM"),
        (step.tick.is_some(), "ticks without time going by"),
        (step.shared_keys.is_some(), "counts the keys of shared data"),
        (
            passes(step).any(|passed| passed.routes_cleared.is_some()),
            "counts how often a route is chosen",
        ),
        (
            passes(step).any(|passed| !passed.filter_state.is_empty()),
            "reads filter state",
        ),
    ];
    let found = table
        .into_iter()
        .find(|(there, _)| *there)
        .map(|(_, why)| why);
    found.or_else(|| properties(of_request || of_response))
}

fn passes(step: &Step) -> impl Iterator<Item = &MessageExpected> {
    let all = step.expect.iter().chain(step.others.values());
    all.filter_map(|expected| match expected {
        Expect::Passes(passes) => Some(&passes.message),
        Expect::Word(_) | Expect::Replies(_) | Expect::Counts(_) => None,
    })
}

fn time(scenario: &Scenario) -> Option<String> {
    let mut total = Duration::ZERO;
    for step in &scenario.steps {
        let at = step.at.map(|at| at.0.saturating_sub(total));
        let after = step.after.map(|after| after.0);
        let every = step.every.map(|every| every.0);
        let mut waits = at.into_iter().chain(after).chain(every);
        if waits.any(|wait| wait < SHORTEST) {
            return Some(format!(
                "tells times apart that lie less than {} ms from each other",
                SHORTEST.as_millis()
            ));
        }
        let repeated = every
            .unwrap_or_default()
            .saturating_mul(step.repeat.unwrap_or_default());
        let once = at
            .unwrap_or_default()
            .saturating_add(after.unwrap_or_default());
        total = total.saturating_add(once).saturating_add(repeated);
    }
    (total > LONGEST).then(|| format!("takes {} s", total.as_secs()))
}
