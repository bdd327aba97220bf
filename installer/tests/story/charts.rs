//! The real charts of both versions, packed by the real helm and pushed to a registry.

use std::path::Path;
use std::process::Command;

/// Version of the charts, the folder that the lab keeps them in, and the tag of the lab's images.
pub(crate) fn versions() -> [(&'static str, &'static str, &'static str); 2] {
    [
        ("1.30.0", "1.30", lab::tools::istio_tag_before()),
        ("1.31.0", "1.31", lab::tools::istio_tag()),
    ]
}

/// Where each chart is in Istio's source.
const CHARTS: [(&str, &str); 3] = [
    ("base", "base"),
    ("gateway", "gateway"),
    ("istiod", "istio-control/istio-discovery"),
];

/// Pushes base and istiod of both versions below `oci://ADDRESS/charts`.
pub(crate) fn push(session: &lab::Session, folder: &Path, address: &str) {
    let source = session.tool(lab::tools::Tool::Charts).unwrap();
    session.tool(lab::tools::Tool::Helm).unwrap();
    let helm = |line: &[&str]| {
        let mut command = Command::new(session.cache().bin("helm"));
        for variable in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(variable, folder.join("helm"));
        }
        run(command.args(line).current_dir(folder));
    };
    let charts = format!("oci://{address}/charts");
    for (version, place, tag) in versions() {
        for (name, path) in CHARTS {
            let from = source.join(place).join(path);
            let to = folder.join(format!("{name}-{version}"));
            run(Command::new("cp").arg("-r").arg(&from).arg(&to));
            images(&to.join("values.yaml"), tag);
            let directory = format!("{name}-{version}");
            helm(&[
                "package",
                &directory,
                "--version",
                version,
                "--app-version",
                version,
            ]);
            helm(&["push", &format!("{directory}.tgz"), &charts, "--plain-http"]);
        }
    }
}

/// As a site does that has the images in a registry of its own.
fn images(values: &Path, tag: &str) {
    let text = std::fs::read_to_string(values).unwrap();
    let changed: String = text
        .lines()
        .map(|line| match line.trim_start() {
            now if now.starts_with("hub: ") && line.starts_with("    ") => {
                with(line, &format!("hub: {}", lab::tools::image_hub()))
            }
            now if now.starts_with("tag: ") && line.starts_with("    ") => {
                with(line, &format!("tag: {tag}"))
            }
            _ => format!("{line}\n"),
        })
        .collect();
    std::fs::write(values, changed).unwrap();
}

fn with(line: &str, text: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    format!("{}{text}\n", " ".repeat(indent))
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}
