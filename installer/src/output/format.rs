//! `-o`: one report, five forms.

use super::{Report, Settings, Terminal};
use crate::failure::Failure;
use anyhow::Context;

/// `-o`: the form of the data on stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Columns for people.
    #[default]
    Table,
    /// The same with more columns.
    Wide,
    /// JSON, for programs.
    Json,
    /// YAML.
    Yaml,
    /// Names only, one a line.
    Name,
}

/// The text of a report.
///
/// # Errors
/// When the report cannot be put into JSON or YAML, which is a defect of weft's.
pub fn render(
    settings: Settings,
    terminal: Terminal,
    report: &impl Report,
) -> Result<String, Failure> {
    Ok(match settings.format {
        Format::Table => report.table().layout(false, !settings.no_headers, terminal),
        Format::Wide => report.table().layout(true, !settings.no_headers, terminal),
        Format::Json => {
            serde_json::to_string_pretty(report).context("cannot write the result as JSON")? + "\n"
        }
        Format::Yaml => {
            serde_saphyr::to_string(report).context("cannot write the result as YAML")?
        }
        Format::Name => report.names().into_iter().map(|name| name + "\n").collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::Table;
    use super::*;
    use serde::Serialize;

    #[derive(Serialize)]
    struct Sizes(Vec<Size>);

    #[derive(Serialize)]
    struct Size {
        name: &'static str,
        bytes: u64,
    }

    impl Report for Sizes {
        fn table(&self) -> Table {
            let mut table = Table::new(&["NAME"]).wide(&["BYTES"]);
            for size in &self.0 {
                table.row([size.name.into(), size.bytes.to_string().into()]);
            }
            table
        }
        fn names(&self) -> Vec<String> {
            self.0.iter().map(|size| size.name.to_owned()).collect()
        }
    }

    #[test]
    fn every_format_says_the_same() {
        let report = Sizes(vec![Size {
            name: "yes",
            bytes: 7,
        }]);
        let cases = [
            (Format::Table, "NAME\nyes\n"),
            (Format::Wide, "NAME   BYTES\nyes    7\n"),
            (
                Format::Json,
                "[\n  {\n    \"name\": \"yes\",\n    \"bytes\": 7\n  }\n]\n",
            ),
            (Format::Yaml, "- name: \"yes\"\n  bytes: 7\n"),
            (Format::Name, "yes\n"),
        ];
        for (format, wanted) in cases {
            let settings = Settings {
                format,
                ..Settings::default()
            };
            assert_eq!(
                render(settings, Terminal::default(), &report).unwrap(),
                wanted,
                "{format:?}"
            );
        }
    }
}
