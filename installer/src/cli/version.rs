//! `weft version`.

use super::Context;
use crate::failure::{Exit, Outcome};
use crate::output::{Report, Table};
use serde::Serialize;

#[derive(Debug, Serialize)]
struct Version {
    weft: &'static str,
}

impl Report for Version {
    fn table(&self) -> Table {
        let mut table = Table::new(&["PROGRAM", "VERSION"]);
        table.row(["weft".into(), self.weft.into()]);
        table
    }

    fn names(&self) -> Vec<String> {
        vec![self.weft.to_owned()]
    }
}

pub(super) fn run(context: &Context) -> Outcome {
    context.output.report(&Version {
        weft: env!("CARGO_PKG_VERSION"),
    })?;
    Ok(Exit::Ok)
}
