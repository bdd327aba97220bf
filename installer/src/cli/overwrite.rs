//! Files that a command writes: one that is there already is not written over, unless that was asked for.

use std::path::Path;

use clap::Args;

use crate::failure::{Exit, Failure};

#[derive(Args, Clone, Copy, Debug)]
pub(super) struct OverwriteArgs {
    /// Write over a file that is there already
    #[arg(long)]
    force: bool,
}

impl OverwriteArgs {
    /// Whether a file may be written.
    pub(super) fn permit(self, path: &Path) -> Result<(), Failure> {
        // A link to nowhere is something, too.
        if self.force || path.symlink_metadata().is_err() {
            return Ok(());
        }
        let text = format!(
            "{} is there already: choose another file, or pass --force to write over it",
            path.display()
        );
        Err(Failure::text(Exit::Usage, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_asks_for_it_writes_over_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("there");
        std::fs::write(&there, "").unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        let new = folder.path().join("new");
        for (path, force, wanted) in [
            (&new, false, true),
            (&there, false, false),
            (&link, false, false),
            (&there, true, true),
        ] {
            let permitted = OverwriteArgs { force }.permit(path);
            assert_eq!(permitted.is_ok(), wanted, "{} {force}", path.display());
            if let Err(error) = permitted {
                let text = error.to_string();
                assert!(text.contains(&path.display().to_string()), "{text}");
                assert_eq!(error.exit(), Exit::Usage);
            }
        }
    }
}
