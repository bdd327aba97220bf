//! Writes what a verb decided, keeps account of it, and tells.

use super::planned::{Planned, conflicts};
use super::{Manner, Sidecars};
use crate::cluster::mode::Mode;
use crate::failure::{Exit, Failure, Outcome};
use crate::history::journal::{Journal, Keeping};
use crate::sidecar::report::{ChangeReport, ChangeRow, Written};
use crate::sidecar::write::Writer;

impl Sidecars {
    /// Writes, or shows, what was decided. Says whether something was really written.
    pub(super) async fn carry_out(
        &self,
        planned: &[Planned],
        manner: Manner,
        journal: &Journal<'_>,
    ) -> Result<bool, Failure> {
        // A diff shows them, with all that differs.
        if !manner.force_conflicts && manner.mode != Mode::Diff {
            conflicts(planned)?;
        }
        let writer = Writer::new(
            self.cluster.clone(),
            manner.force_conflicts,
            manner.mode != Mode::Act,
        );
        let mut rows = Vec::new();
        let mut written = false;
        for plan in planned {
            let row = plan.row(manner);
            if row.fields.is_empty() || matches!(manner.mode, Mode::Client | Mode::Diff) {
                rows.push(row);
                continue;
            }
            journal.begin().await?;
            match plan.write(&writer, &self.reader).await {
                Ok(()) => {
                    let would = if manner.mode == Mode::Act {
                        ""
                    } else {
                        "would be: "
                    };
                    for text in plan.takings(manner.force_conflicts) {
                        self.output.say(format!("{}: {would}{text}", plan.id));
                    }
                    journal.add(plan.change()).await;
                    written = true;
                    rows.push(row);
                }
                Err(error) => {
                    rows.push(row.failed(&error));
                    // With nothing written there is one error to tell, and it exits in its own way.
                    if !written && planned.len() == 1 {
                        return Err(error.into());
                    }
                }
            }
        }
        self.told(rows, manner.mode)?;
        Ok(written && manner.mode == Mode::Act)
    }

    /// The entry of this command; a rehearsal has none.
    pub(super) fn journal(&self, mode: Mode) -> Journal<'_> {
        let keeping = if mode == Mode::Act {
            Keeping::IfAllowed
        } else {
            Keeping::Nothing
        };
        Journal::new(&self.cluster, &self.root, &self.verb, keeping)
    }

    pub(super) async fn close(&self, journal: Journal<'_>, all: bool) {
        if let Err(error) = journal.end(all).await {
            self.output
                .warn(format!("what was written is not in the history: {error}"));
        }
    }

    /// Prints the rows; some that failed are a failure.
    fn told(&self, rows: Vec<ChangeRow>, mode: Mode) -> Result<(), Failure> {
        let failed = rows
            .iter()
            .filter(|row| row.result == Written::Failed)
            .count();
        let all = rows.len();
        self.output.report(&ChangeReport {
            rows,
            is_diff: mode == Mode::Diff,
        })?;
        if failed == 0 {
            return Ok(());
        }
        let exit = if failed == all {
            Exit::Failure
        } else {
            Exit::Partial
        };
        let text = format!("{failed} of {all} objects could not be written; the rest was");
        Err(Failure::text(exit, text))
    }

    /// How a verb that only writes ends.
    pub(super) fn ended(planned: &[Planned], manner: Manner) -> Exit {
        let differs = planned
            .iter()
            .any(|plan| !plan.row(manner).fields.is_empty());
        if manner.mode == Mode::Diff && differs {
            Exit::Drift
        } else {
            Exit::Ok
        }
    }

    /// Writes, or shows, what was decided, and nothing comes after it. Says whether something was really written.
    pub(super) async fn written(
        &self,
        planned: &[Planned],
        manner: Manner,
    ) -> Result<bool, Failure> {
        let journal = self.journal(manner.mode);
        let done = self.carry_out(planned, manner, &journal).await;
        self.close(journal, done.is_ok()).await;
        done
    }

    pub(super) async fn finish(&self, planned: &[Planned], manner: Manner) -> Outcome {
        self.written(planned, manner).await?;
        Ok(Self::ended(planned, manner))
    }
}
