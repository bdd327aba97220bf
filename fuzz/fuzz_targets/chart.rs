//! Charts and values of strangers: archives, `--set` texts, values files and templates are taken or refused, and whatever
//! is rendered ends.
#![no_main]

use chart::{Chart, Kubernetes, Release, Values, render};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _archive = Chart::from_archive(bytes);
    let text = String::from_utf8_lossy(bytes);
    let mut values = Values::from_yaml(&text).unwrap_or_default();
    let before = values.clone();
    if values.set(&text).is_err() {
        assert_eq!(values, before, "what is refused sets nothing");
    }
    let _json = values.set_json(&text);
    // The text as a template and as its values at once.
    let files = [("Chart.yaml", b"name: a\nversion: 1.0.0".as_slice()), ("templates/a.yaml", bytes), ("values.yaml", bytes)];
    let with = |count| files.iter().take(count).map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec()));
    for count in [2, 3] {
        if let Ok(chart) = Chart::from_files(with(count)) {
            let _objects = render(&chart, &values, &release(), &kubernetes());
        }
    }
});

fn release() -> Release {
    Release {
        name: "a".to_owned(),
        namespace: "b".to_owned(),
        is_upgrade: false,
        revision: 1,
        service: "weft".to_owned(),
    }
}

fn kubernetes() -> Kubernetes {
    Kubernetes { version: "v1.34.0".to_owned(), api_versions: vec!["v1".to_owned()] }
}
