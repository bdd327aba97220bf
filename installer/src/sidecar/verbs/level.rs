//! `log-level`: how much running proxies write, until they start anew.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;

use super::super::loggers;
use super::super::report::{LevelReport, LevelRow};
use super::super::target::Target;
use super::super::view::{Belongs, PROXY, PodView};
use super::Sidecars;
use crate::cluster::proxy::{Proxies, ProxyError};
use crate::failure::{Exit, Failure, Outcome};

/// How many proxies are asked at a time.
const AT_ONCE: usize = 16;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Levels {
    /// `--level`.
    pub(crate) level: Option<String>,
    /// `--logger`.
    pub(crate) loggers: Vec<String>,
}

impl Sidecars {
    /// Shows the levels of the targets' proxies, after they have been set if that is asked for.
    pub(crate) async fn log_level(
        &self,
        targets: &[Target],
        namespace: Option<&str>,
        levels: &Levels,
    ) -> Outcome {
        let paths = loggers::paths(levels.level.as_deref(), &levels.loggers)
            .map_err(|mistakes| Failure::text(Exit::Usage, mistakes.join("\n")))?;
        let here = namespace.unwrap_or(self.namespace());
        let mut pods = Vec::new();
        for target in targets {
            let place = match target {
                Target::Namespace(name) => name.as_str(),
                Target::Workload(..) | Target::Pod(_) => here,
            };
            let all = self.reader.pods(Some(place), None).await?;
            let mut found: Vec<_> = all
                .into_iter()
                .filter(|pod| has_proxy(pod) && is_of(target, pod))
                .collect();
            if found.is_empty() {
                return Err(Failure::text(Exit::Failure, nothing_meant(target, place)));
            }
            pods.append(&mut found);
        }
        let proxies = Proxies::new(self.cluster.clone(), PROXY);
        let asked = pods
            .iter()
            .map(|pod| row(&proxies, pod, &paths, &levels.loggers));
        let rows: Vec<LevelRow> = futures_util::stream::iter(asked)
            .buffered(AT_ONCE)
            .collect()
            .await;
        self.ended_levels(rows, levels)
    }

    fn ended_levels(&self, rows: Vec<LevelRow>, levels: &Levels) -> Outcome {
        let failures: Vec<_> = rows.iter().map(|row| row.failure.as_deref()).collect();
        let [holds, error] = loggers::ended(&failures);
        self.output.report(&LevelReport(rows))?;
        let sets = levels.level.is_some() || !levels.loggers.is_empty();
        // Where nothing holds, every one of them failed.
        let exit = if holds.is_some() {
            Exit::Partial
        } else {
            Exit::Failure
        };
        if let Some(holds) = holds.filter(|_| sets) {
            self.output.say(holds);
        }
        error.map_or(Ok(Exit::Ok), |text| Err(Failure::text(exit, text)))
    }
}

/// Asks a proxy, after a look whether it has the loggers that are named: it would refuse one of them after it had set the rest.
async fn row(proxies: &Proxies, pod: &PodView, paths: &[String], named: &[String]) -> LevelRow {
    let ask = async |paths: &[String]| -> Result<BTreeMap<String, String>, String> {
        let answers = proxies.post(&pod.namespace, &pod.name, paths).await;
        let answers = answers.map_err(|error| error.to_string())?;
        let last = answers.last().map(String::as_str).unwrap_or_default();
        let wrong = || ProxyError::Answer(last.chars().take(120).collect()).to_string();
        loggers::read(last).ok_or_else(wrong)
    };
    let set = async {
        if !named.is_empty() {
            let has = ask(&["/logging".to_owned()]).await?;
            loggers::unknown(named, &has).map_or(Ok(()), Err)?;
        }
        ask(paths).await
    };
    let (level, others, failure) = match set.await {
        Ok(loggers) => {
            let (level, others) = loggers::summary(&loggers);
            (Some(level), others, None)
        }
        Err(why) => (None, BTreeMap::default(), Some(why)),
    };
    LevelRow {
        namespace: pod.namespace.clone(),
        pod: pod.name.clone(),
        level,
        loggers: others,
        failure,
    }
}

fn nothing_meant(target: &Target, place: &str) -> String {
    format!("no pod with a proxy is meant by {target} in namespace {place}")
}

fn has_proxy(pod: &PodView) -> bool {
    pod.proxy.is_some() || pod.brings_its_own
}

fn is_of(target: &Target, pod: &PodView) -> bool {
    match (target, &pod.belongs) {
        (Target::Namespace(_), _) => true,
        (Target::Pod(name), _) => pod.name == *name,
        (Target::Workload(kind, name), Belongs::To(owner)) => {
            owner.kind == *kind && owner.name == *name
        }
        (Target::Workload(..), Belongs::Else(..)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::view::Kind;
    use super::*;

    #[test]
    fn what_is_not_there_is_named_as_it_is_written() {
        let (shop, cart) = ("shop".to_owned(), "cart".to_owned());
        for (target, wanted) in [
            (Target::Namespace(shop), "by shop in"),
            (
                Target::Workload(Kind::Deployment, cart.clone()),
                "by deployment/cart in",
            ),
            (Target::Pod(cart), "by pod/cart in"),
        ] {
            let text = nothing_meant(&target, "shop");
            assert!(text.contains(wanted), "{text}");
        }
    }
}
