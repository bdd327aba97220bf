//! What `weft history`, `weft history show`, `weft undo` and `weft redo` do, put together from the parts beside this file.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::jiff::{SignedDuration, Timestamp};

use super::report::{EntriesReport, EntryReport, Filter, UndoReport};
use super::store::{History, Past};
use super::stored::{Course, Limits};
use super::turns::{self, Turn, Way};
use super::undo::settle::settle;
use super::undo::{self, Action, Unsafe, Weighed};
use super::{Change, begin, keep};
use crate::cluster::access::Cluster;
use crate::cluster::mode::Mode;
use crate::failure::{Exit, Failure, Outcome, both};
use crate::mesh::record::lock::while_held;
use crate::output::Output;

/// What to go back from, and how.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    /// An entry by its number; else the one whose turn it is.
    pub(crate) number: Option<u64>,
    /// How long to wait until what was put back works; nothing for not at all.
    pub(crate) timeout: Option<Duration>,
}

/// A history, and where to tell about it.
#[derive(Debug)]
pub(crate) struct Verbs<'a> {
    /// Where it is.
    pub(crate) cluster: &'a Cluster,
    /// The root namespace.
    pub(crate) namespace: &'a str,
    /// Where to print.
    pub(crate) output: &'a Output,
}

impl Verbs<'_> {
    /// Lists the entries, newest first.
    pub(crate) async fn list(&self, filter: &Filter) -> Outcome {
        let history = self.load().await?;
        self.output.report(&EntriesReport::of(&history, filter))?;
        Ok(Exit::Ok)
    }

    /// Shows an entry with what was before and after.
    pub(crate) async fn show(&self, number: u64) -> Outcome {
        let history = self.load().await?;
        let last = history.entries.last().map_or(0, |past| past.number);
        let found = history
            .entries
            .into_iter()
            .find(|past| past.number == number);
        let Some(past) = found else {
            let first = history.dropped.saturating_add(1);
            let there = if last == 0 {
                "it is empty".to_owned()
            } else {
                format!("it has {first} to {last}")
            };
            let text = format!(
                "the history in {} has no entry {number}: {there}",
                self.namespace
            );
            return Err(Failure::text(Exit::Failure, text));
        };
        match (past.course, past.complete) {
            (Course::Begun, _) => self.output.warn(if past.changes.is_empty() {
                "this command was interrupted, or is at work now: what it wrote is not known"
            } else {
                "this command was interrupted, or is at work now: it wrote this, and may have written more"
            }),
            (_, false) => self
                .output
                .warn("a part of this entry is not kept any more"),
            (Course::Failed, true) => self
                .output
                .warn("this command failed; this is what it wrote until then"),
            (Course::Done, true) => {}
        }
        self.output.report(&EntryReport(past))?;
        Ok(Exit::Ok)
    }

    /// Undoes the last entry that is not undone, or does the last one again that is.
    pub(crate) async fn go(&self, way: Way, asked: Asked, mode: Mode) -> Outcome {
        let go = Box::pin(self.go_held(way, asked, mode));
        match mode {
            Mode::Act => {
                // Where there is nothing, nobody needs the Lease, and its namespace need not be there.
                self.due(&self.load().await?, way, asked)?;
                while_held(self.cluster, self.namespace, way.word(), go).await
            }
            Mode::Client | Mode::Server | Mode::Diff => go.await,
        }
    }

    /// The entry whose turn it is, or that was named.
    fn due<'a>(&self, history: &'a History, way: Way, asked: Asked) -> Result<Turn<'a>, Failure> {
        if let Some(number) = asked.number {
            return turns::named(&history.entries, number).ok_or_else(|| {
                let text = format!(
                    "entry {number} of the history in {} is not there, or is undone already: `weft history` lists them",
                    self.namespace
                );
                Failure::text(Exit::Failure, text)
            });
        }
        turns::turn(&history.entries, way).ok_or_else(|| {
            let place = self.namespace;
            let text = match (way, history.entries.is_empty()) {
                (Way::Undo, true) => format!(
                    "nothing is recorded that could be undone: the history in {place} is empty"
                ),
                (Way::Undo, false) => format!(
                    "everything that the history in {place} holds is undone: `weft redo` does it again, one by one"
                ),
                (Way::Redo, _) => format!(
                    "nothing is to be done again: the last entry of the history in {place} is no undo"
                ),
            };
            Failure::text(Exit::Failure, text)
        })
    }

    async fn go_held(&self, way: Way, asked: Asked, mode: Mode) -> Outcome {
        let history = self.load().await?;
        let turn = self.due(&history, way, asked)?;
        let Weighed { actions, reasons } = self.plan(turn.last).await?;
        if matches!(mode, Mode::Diff | Mode::Client) {
            let changes: Vec<_> = actions.iter().flat_map(Action::changes).collect();
            // Where nobody knows what would be written, there is nothing to show.
            if reasons.is_empty() || !changes.is_empty() {
                self.output.report(&UndoReport::of(turn.first, &changes))?;
            }
            permitted(turn, way, mode, &reasons)?;
            let drifts = mode == Mode::Diff && !actions.is_empty();
            return Ok(if drifts { Exit::Drift } else { Exit::Ok });
        }
        permitted(turn, way, mode, &reasons)?;
        let begun = if mode == Mode::Act {
            Some(begin(self.cluster, self.namespace, &turn.verb(way)).await?)
        } else {
            None
        };
        let (done, changes, trouble) = self.carry_out(&actions, mode == Mode::Server).await;
        let noted = match begun {
            // It counts as undone, or it would be in the way of all that is older.
            Some(begun) if actions.is_empty() => begun.stand().await,
            Some(begun) => begun.end(changes.clone(), trouble.is_none()).await,
            None => Ok(()),
        };
        self.output.report(&UndoReport::of(turn.first, &changes))?;
        let told = self.told((turn.first, way), mode, (done, actions.len()), trouble);
        both(told, noted.map_err(Failure::from))?;
        if let (Some(timeout), Mode::Act) = (asked.timeout, mode) {
            settle(self.cluster, self.output, &actions, timeout).await?;
        }
        Ok(Exit::Ok)
    }

    fn told(
        &self,
        (first, way): (&Past, Way),
        mode: Mode,
        (done, all): (usize, usize),
        trouble: Option<Failure>,
    ) -> Outcome {
        match trouble {
            None if all == 0 => {
                self.output.say(format!(
                    "entry {} ({}): nothing of it is there any more, so that it counts as {}",
                    first.number,
                    first.verb,
                    way.done()
                ));
                Ok(Exit::Ok)
            }
            None => {
                let would = if mode == Mode::Act { "" } else { "would be " };
                self.output.say(format!(
                    "entry {} ({}) {would}{}",
                    first.number,
                    first.verb,
                    way.done()
                ));
                Ok(Exit::Ok)
            }
            Some(failure) if done == 0 => Err(failure),
            Some(failure) => {
                let text = format!(
                    "{done} of {all} objects of entry {} were put back",
                    first.number
                );
                Err(Failure::text(
                    Exit::Partial,
                    format!("{text}; then: {failure}"),
                ))
            }
        }
    }

    async fn plan(&self, last: &Past) -> Result<Weighed, Failure> {
        let mut current = Vec::new();
        for stored in &last.changes {
            current.push(undo::act::look(self.cluster, &stored.object).await?);
        }
        let mut weighed = undo::plan(last, &current);
        let used = undo::guard::in_use(self.cluster, self.namespace, &weighed.actions).await?;
        weighed.reasons.extend(used);
        Ok(weighed)
    }

    async fn carry_out(
        &self,
        actions: &[Action],
        rehearse: bool,
    ) -> (usize, Vec<Change>, Option<Failure>) {
        let mut changes = Vec::new();
        let mut latest = BTreeMap::new();
        for (done, action) in actions.iter().enumerate() {
            let object = action.object();
            let known = latest.get(object);
            match action.carry_out(self.cluster, rehearse, known).await {
                Ok((made, written)) => {
                    changes.extend(made);
                    if let Some(written) = written.filter(|_| !rehearse) {
                        latest.insert(object.clone(), written);
                    }
                }
                Err(error) if error.is_status(409) => {
                    let text = format!(
                        "{} was changed while weft looked at it: try again",
                        action.object()
                    );
                    return (done, changes, Some(Failure::text(Exit::Failure, text)));
                }
                Err(error) => return (done, changes, Some(error.into())),
            }
        }
        (actions.len(), changes, None)
    }

    async fn load(&self) -> Result<History, Failure> {
        let history = keep::load(self.cluster, self.namespace).await?;
        if history.dropped > 0 {
            let Limits { total, days, .. } = Limits::REAL;
            let mebibytes = total.checked_div(1024 * 1024).unwrap_or_default();
            self.output.say(format!(
                "entries 1 to {} were dropped: a history keeps {mebibytes} MiB and {days} days",
                history.dropped
            ));
        }
        Ok(history)
    }
}

/// Whether nothing is in the way; else all that is.
fn permitted(turn: Turn<'_>, way: Way, mode: Mode, reasons: &[Unsafe]) -> Result<(), Failure> {
    if reasons.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = reasons.iter().map(Unsafe::to_string).collect();
    let nothing = if mode == Mode::Act { "was" } else { "would be" };
    let text = format!(
        "nothing {nothing} {}: entry {}, `weft {}`",
        way.done(),
        turn.last.number,
        turn.last.verb
    );
    Err(Failure::text(Exit::Failure, lines.join("\n  ")).context(text))
}

/// `--since`: a time, or so long before now.
pub(crate) fn since(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let wrong = || format!("{text:?} is no time: write for example 2h, 3d or 2026-01-31T08:00:00Z");
    let days = text
        .strip_suffix('d')
        .and_then(|days| days.parse::<i64>().ok());
    let span = if let Some(days) = days {
        SignedDuration::from_hours(days.checked_mul(24).ok_or_else(wrong)?)
    } else {
        let span = crate::cli::duration(text).map_err(|_| wrong())?;
        SignedDuration::try_from(span).map_err(|_| wrong())?
    };
    now.checked_sub(span).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::{StatusCode, Uri};

    use super::*;
    use crate::cluster::fake;
    use crate::output::Settings;

    /// A server without any history, and without the namespace that one would be in.
    #[tokio::test]
    async fn where_nothing_is_recorded_nobody_asks_for_a_lease() {
        let answer = async |uri: Uri| match uri.path() {
            "/api/v1/namespaces/istio-system/configmaps" => (
                StatusCode::OK,
                r#"{"apiVersion": "v1", "kind": "ConfigMapList", "metadata": {}, "items": []}"#
                    .to_owned(),
            ),
            path => (StatusCode::IM_A_TEAPOT, format!("{path} was asked for")),
        };
        let cluster = fake::served(Router::new().fallback(answer));
        let quiet = || Box::new(std::io::sink());
        let verbs = Verbs {
            cluster: &cluster,
            namespace: "istio-system",
            output: &Output::to(Settings::default(), quiet(), quiet()),
        };
        for (way, words) in [
            (Way::Undo, "nothing is recorded that could be undone"),
            (Way::Redo, "nothing is to be done again"),
        ] {
            for mode in [Mode::Act, Mode::Diff] {
                let failure = verbs.go(way, Asked::default(), mode).await.unwrap_err();
                assert_eq!(failure.exit(), Exit::Failure);
                assert!(failure.to_string().starts_with(words), "{failure}");
            }
        }
    }

    #[test]
    fn since_is_a_time_or_a_span() {
        let now: Timestamp = "2026-02-03T04:05:06Z".parse().unwrap();
        for (text, wanted) in [
            ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00Z"),
            ("2d", "2026-02-01T04:05:06Z"),
            ("1h", "2026-02-03T03:05:06Z"),
            ("6s", "2026-02-03T04:05:00Z"),
        ] {
            assert_eq!(since(text, now), Ok(wanted.parse().unwrap()), "{text}");
        }
        for wrong in ["", "d", "yesterday", "9999999999d", "2026-01-31"] {
            let error = since(wrong, now).unwrap_err();
            assert!(error.contains("write for example"), "{wrong}: {error}");
        }
    }
}
