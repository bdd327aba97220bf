//! `weft mesh init | schema | check | values`, from the program itself.

use crate::support::{folder, weft};
use std::path::Path;

/// The exit code, and what was said on both streams.
fn ended(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = weft(folder, arguments);
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(said).unwrap(),
    )
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table, row by row")]
fn from_an_empty_folder_to_values() {
    let folder = folder();
    let file = folder.path().join("mesh.yaml");
    let cases: [(&[&str], u8, &str); 14] = [
        (&["init", "shop", "-f", "mesh.yaml"], 0, "wrote mesh.yaml"),
        (&["init", "shop", "-f", "mesh.yaml"], 64, "pass --force"),
        (
            &["init", "shop", "-f", "mesh.yaml", "--force"],
            0,
            "wrote mesh.yaml",
        ),
        (&["init", "Shop"], 64, "NAME (/metadata/name): \"Shop\""),
        (&["schema"], 0, "\"$schema\""),
        (&["check", "-f", "mesh.yaml"], 0, "has no mistakes"),
        (
            &["check", "-f", "mesh.yaml", "--kubernetes", "v1.34.4+k3s1"],
            0,
            "supports Kubernetes v1.34.4+k3s1",
        ),
        (
            &["check", "-f", "mesh.yaml", "--kubernetes", "v1.20.0"],
            2,
            "too old for Istio 1.31",
        ),
        (
            &["check", "-f", "mesh.yaml", "--from", "1.29.0"],
            2,
            "upgrade to 1.30 first",
        ),
        (
            &["check", "-f", "mesh.yaml", "--scale", "S1"],
            64,
            "--scale (/spec/scale): \"S1\"",
        ),
        (
            &["check", "shop", "--mode", "external", "--print"],
            0,
            "mode: external",
        ),
        (
            &["check", "-f", "none.yaml"],
            65,
            "cannot read the mesh file",
        ),
        (
            &["values", "-f", "mesh.yaml", "--component", "istiod"],
            0,
            "meshID: shop",
        ),
        (
            &["values", "-f", "mesh.yaml", "--component", "ztunnel"],
            64,
            "does not have ztunnel",
        ),
    ];
    for (arguments, wanted, words) in cases {
        let (code, said) = ended(folder.path(), &[&["mesh"], arguments].concat());
        assert_eq!(code, i32::from(wanted), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
    std::fs::write(&file, "kind: Mesh\nspec: {scale: S1, colour: red}\n").unwrap();
    let (code, said) = ended(folder.path(), &["mesh", "check", "-f", "mesh.yaml"]);
    assert_eq!(code, 65, "{said}");
    for place in [
        "/apiVersion",
        "/metadata",
        "/spec/scale",
        "/spec/colour",
        "/spec/version",
    ] {
        assert!(said.contains(&format!("  - {place}: ")), "{place}: {said}");
    }
}
