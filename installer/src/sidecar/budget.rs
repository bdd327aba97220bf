//! Whether disruption budgets let a workload be restarted, with what other restarts of the same run have taken of them.
//!
//! A budget's status follows the pods, and those go only after a restart has begun: two restarts that both read it before
//! would both find it free. So each claims what it takes down before it begins, and gives it back when it is done.

use std::sync::{Mutex, PoisonError};

use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::core::{Selector, SelectorExt as _};

use super::injector::Labels;
use super::view::WorkloadName;

/// What a restart takes down, and of which budgets: those that select its labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Whose restart it is.
    pub(crate) name: WorkloadName,
    /// The labels of its pods.
    pub(crate) labels: Labels,
    /// How many of them it takes down at once.
    pub(crate) down: u64,
}

/// Why a restart waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// In words.
    pub(crate) why: String,
    /// Whether it is only for restarts of the same run, which end.
    pub(crate) by_our_own: bool,
}

/// The claims of the restarts that have begun and are not done.
#[derive(Debug, Default)]
pub(crate) struct Claims(Mutex<Vec<Claim>>);

impl Claims {
    /// Claims, unless budgets forbid it. Looking and claiming are one, so that no other restart comes in between.
    pub(crate) fn take(&self, budgets: &[PodDisruptionBudget], claim: Claim) -> Option<Held> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let held = held_back(budgets, &claim, &taken);
        if held.is_none() {
            taken.push(claim);
        }
        held
    }

    /// Gives back what a restart claimed.
    pub(crate) fn give_back(&self, name: &WorkloadName) {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.retain(|claim| claim.name != *name);
    }
}

/// Why the budgets of a namespace do not let a workload be restarted now; nothing when they do.
///
/// A rollout that starts a new pod before it stops an old one disrupts nothing, so that a budget of nought allows it as
/// long as it is met: otherwise nobody could ever restart a single pod behind a budget of one.
fn held_back(budgets: &[PodDisruptionBudget], claim: &Claim, taken: &[Claim]) -> Option<Held> {
    let held = budgets
        .iter()
        .filter_map(|budget| held_by(budget, claim, taken));
    // What others keep may last; what this run keeps does not.
    held.min_by_key(|held| held.by_our_own)
}

fn held_by(budget: &PodDisruptionBudget, claim: &Claim, taken: &[Claim]) -> Option<Held> {
    let selector = budget.spec.as_ref()?.selector.clone()?;
    let selector = Selector::try_from(selector).ok()?;
    if !selector.matches(&claim.labels) {
        return None;
    }
    let status = budget.status.as_ref()?;
    let count = |number: Option<i32>| number.and_then(|number| u64::try_from(number).ok());
    let allowed = count(status.disruptions_allowed).unwrap_or(0);
    let name = budget.metadata.name.as_deref().unwrap_or_default();
    let healthy = status.current_healthy.unwrap_or(0);
    let needed = status.desired_healthy.unwrap_or(0);
    let counts = format!("{healthy} healthy, {needed} needed");
    let sharing = taken.iter().filter(|one| {
        let near = one.name.namespace == claim.name.namespace;
        near && one.down > 0 && selector.matches(&one.labels)
    });
    let sharing: Vec<_> = sharing.collect();
    let others = sharing
        .iter()
        .fold(0_u64, |sum, one| sum.saturating_add(one.down));
    let down = claim.down;
    let by_our_own = !sharing.is_empty();
    let why = if down > allowed {
        format!(
            "PodDisruptionBudget {name} allows {allowed} disruptions now ({counts}), and the rollout takes down {down} at once"
        )
    } else if down > 0 && down.saturating_add(others) > allowed {
        let names: Vec<_> = sharing.iter().map(|one| one.name.to_string()).collect();
        format!(
            "PodDisruptionBudget {name} allows {allowed} disruptions now ({counts}), of which {} takes {others}, and this rollout takes down {down} at once",
            names.join(" and ")
        )
    } else if healthy < needed {
        format!("PodDisruptionBudget {name} is not met: {counts}")
    } else {
        return None;
    };
    Some(Held { why, by_our_own })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::view::Kind;
    use super::*;

    fn budget(app: &str, allowed: i32, healthy: i32) -> PodDisruptionBudget {
        serde_json::from_value(json!({"metadata": {"name": app},
            "spec": {"selector": {"matchLabels": {"app": app}}},
            "status": {"disruptionsAllowed": allowed, "currentHealthy": healthy, "desiredHealthy": 1, "expectedPods": 2}}))
        .unwrap()
    }

    fn claim(namespace: &str, name: &str, app: &str, down: u64) -> Claim {
        Claim {
            name: WorkloadName {
                namespace: namespace.to_owned(),
                kind: Kind::StatefulSet,
                name: name.to_owned(),
            },
            labels: Labels::from([("app".to_owned(), app.to_owned())]),
            down,
        }
    }

    #[test]
    fn budgets_hold_a_restart_back() {
        let cases = [
            (
                budget("cart", 0, 1),
                "cart",
                1,
                Some("allows 0 disruptions now"),
            ),
            (budget("cart", 1, 2), "cart", 1, None),
            (
                budget("cart", 1, 2),
                "cart",
                2,
                Some("takes down 2 at once"),
            ),
            (budget("cart", 0, 1), "cart", 0, None),
            (
                budget("cart", 0, 0),
                "cart",
                0,
                Some("is not met: 0 healthy, 1 needed"),
            ),
            (budget("cart", 0, 0), "other", 1, None),
        ];
        for (budget, app, down, wanted) in cases {
            let found = held_back(&[budget], &claim("shop", "a", app, down), &[]);
            match wanted {
                None => assert_eq!(found, None, "{app} {down}"),
                Some(text) => {
                    let found = found.unwrap();
                    assert!(found.why.contains(text), "{app} {down}: {found:?}");
                    assert!(!found.by_our_own);
                }
            }
        }
    }

    /// Each row: what the budget allows, what others of the run have claimed, what is claimed, and whether it is given.
    #[test]
    fn a_batch_shares_its_budgets() {
        let cases = [
            (1, vec![], 1, true),
            (1, vec![claim("shop", "a", "cart", 1)], 1, false),
            (2, vec![claim("shop", "a", "cart", 1)], 1, true),
            (2, vec![claim("shop", "a", "cart", 1)], 2, false),
            (
                2,
                vec![claim("shop", "a", "cart", 1), claim("shop", "c", "cart", 1)],
                1,
                false,
            ),
            // Of other pods, of another namespace, or of none at a time.
            (1, vec![claim("shop", "a", "other", 1)], 1, true),
            (1, vec![claim("else", "a", "cart", 1)], 1, true),
            (1, vec![claim("shop", "a", "cart", 0)], 1, true),
            (1, vec![claim("shop", "a", "cart", 1)], 0, true),
        ];
        for (allowed, taken, down, given) in cases {
            let claims = Claims::default();
            for one in &taken {
                assert_eq!(claims.take(&[], one.clone()), None);
            }
            let budgets = [budget("cart", allowed, 3)];
            let asked = claim("shop", "b", "cart", down);
            let held = claims.take(&budgets, asked.clone());
            assert_eq!(held.is_none(), given, "{allowed} {taken:?} {down}");
            let Some(held) = held else { continue };
            assert!(
                held.by_our_own && held.why.contains("StatefulSet shop/a"),
                "{held:?}"
            );
            for one in &taken {
                claims.give_back(&one.name);
            }
            assert_eq!(claims.take(&budgets, asked), None, "they are done");
        }
    }

    #[test]
    fn what_others_keep_comes_first() {
        let mut asked = claim("shop", "b", "cart", 1);
        asked.labels.insert("tier".to_owned(), "data".to_owned());
        let mut strict = budget("strict", 0, 1);
        let selector = json!({"matchLabels": {"tier": "data"}});
        strict.spec.as_mut().unwrap().selector = serde_json::from_value(selector).unwrap();
        let taken = [claim("shop", "a", "cart", 1)];
        let held = |budgets: &[PodDisruptionBudget]| held_back(budgets, &asked, &taken).unwrap();

        assert!(held(&[budget("cart", 1, 2)]).by_our_own);
        let both = held(&[budget("cart", 1, 2), strict]);
        assert!(!both.by_our_own && both.why.contains("strict"), "{both:?}");
    }
}
