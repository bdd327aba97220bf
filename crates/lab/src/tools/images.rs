//! The images of a cluster, imported once into a store of containerd that every cluster gets a hard-linked copy of.
//!
//! One layer from debootstrap (so that pods have a shell, curl and iptables) is shared by the echo server, istiod and
//! the proxy; pause is a static program of its own. Nothing is pulled from anywhere.

use super::debian::{self, Package, package};
use super::golang::{self, COREDNS, ISTIO, ISTIO_BEFORE, KUBERNETES, Module, PAUSE};
use super::install::{Recipe, remove};
use super::oci::{Blob, Image, Layout};
use super::{pins, python};
use crate::cache::Cache;
use crate::cluster::containerd;
use crate::command::Run;
use crate::output::say;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// What a cluster needs from the distribution.
pub(crate) const PACKAGES: [Package; 15] = [
    package("etcd-server", "etcd"),
    package("containerd", "containerd"),
    package("runc", "runc"),
    package("containernetworking-plugins", "/usr/lib/cni/bridge"),
    package("iptables", "iptables"),
    package("ipset", "ipset"),
    package("conntrack", "conntrack"),
    package("socat", "socat"),
    package("iproute2", "ip"),
    package("debootstrap", "debootstrap"),
    package("openssl", "openssl"),
    package("util-linux", "nsenter"),
    package("curl", "curl"),
    package("procps", "sysctl"),
    package("tar", "tar"),
];

const BASE_PACKAGES: &str = "--include=ca-certificates,iptables,iproute2,curl";
/// What no pod reads: a third of the base.
const USELESS: [&str; 7] = [
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "var/cache/apt",
    "var/lib/apt/lists",
    "var/log",
];

/// The directory whose `containerd` is the store.
pub(crate) fn ensure(cache: &Cache) -> Result<PathBuf> {
    recipe().ensure(cache, |dir| build(cache, dir))
}

pub(crate) fn recipe() -> Recipe {
    let parts: String = [&ISTIO, &ISTIO_BEFORE, &PAUSE]
        .map(|module| golang::recipe(module).stamp)
        .join("\n");
    Recipe::new(
        "images",
        format!("images recipe 2\nenvoy {}\n{parts}", pins::ENVOY),
    )
}

/// Everything that a cluster starts from.
pub(crate) fn ensure_cluster(cache: &Cache) -> Result<()> {
    debian::ensure(cache, &PACKAGES)?;
    golang::ensure(cache, &KUBERNETES)?;
    golang::ensure(cache, &COREDNS)?;
    golang::ensure(cache, &ISTIO)?;
    golang::ensure(cache, &ISTIO_BEFORE)?;
    ensure(cache).map(drop)
}

fn build(cache: &Cache, dir: &Path) -> Result<()> {
    debian::ensure(cache, &PACKAGES)?;
    let base = ensure_base(cache)?;
    let archive = dir.join("images.tar");
    write_images(cache, dir, &base, &archive)?;
    containerd::import(dir, &archive)?;
    remove(&archive)
}

fn write_images(cache: &Cache, dir: &Path, base: &Path, archive: &Path) -> Result<()> {
    let istio = golang::ensure(cache, &ISTIO)?;
    let pause = golang::ensure(cache, &PAUSE)?.join("pause");
    let envoy = python::ensure_envoy(cache, pins::ENVOY, "envoy")?;
    let envoy = fs::canonicalize(&envoy).with_context(|| format!("no {}", envoy.display()))?;
    say("writing the images pause, echo, pilot and proxyv2 (two versions)");
    let oci = dir.join("oci");
    let mut layout = Layout::new(&oci)?;
    let base = layout.layer(&base.join("root"))?;
    let pause = layout.files(&[(&pause, "/pause")])?;
    let of = |name: &str| format!("{}/{name}", pins::IMAGE_HUB);
    let image = Image {
        name: &of("pause:1"),
        entrypoint: &["/pause"],
        user: "65535",
    };
    layout.image(&image, &[pause])?;
    let echo = layout.files(&[(&istio.join("server"), "/usr/local/bin/server")])?;
    let image = Image {
        name: &of("echo:1"),
        entrypoint: &["/usr/local/bin/server"],
        user: "",
    };
    layout.image(&image, &[base.clone(), echo])?;
    for module in [&ISTIO, &ISTIO_BEFORE] {
        write_istio(cache, &mut layout, module, &base, &envoy)?;
    }
    layout.pack(archive)?;
    remove(&oci)
}

/// istiod and the proxy of one version; both versions run the same Envoy.
fn write_istio(
    cache: &Cache,
    layout: &mut Layout,
    module: &Module,
    base: &Blob,
    envoy: &Path,
) -> Result<()> {
    let istio = golang::ensure(cache, module)?;
    let name = |image: &str| format!("{}/{image}:{}", pins::IMAGE_HUB, module.version);
    let pilot = layout.files(&[(
        &istio.join("pilot-discovery"),
        "/usr/local/bin/pilot-discovery",
    )])?;
    let image = Image {
        name: &name("pilot"),
        entrypoint: &["/usr/local/bin/pilot-discovery"],
        user: "1337",
    };
    layout.image(&image, &[base.clone(), pilot])?;
    let proxy = layout.files(&[
        (&istio.join("pilot-agent"), "/usr/local/bin/pilot-agent"),
        (envoy, "/usr/local/bin/envoy"),
        (
            &istio.join("envoy_bootstrap_tmpl.json"),
            "/var/lib/istio/envoy/envoy_bootstrap_tmpl.json",
        ),
    ])?;
    let image = Image {
        name: &name("proxyv2"),
        entrypoint: &["/usr/local/bin/pilot-agent"],
        user: "1337",
    };
    layout.image(&image, &[base.clone(), proxy])
}

fn ensure_base(cache: &Cache) -> Result<PathBuf> {
    let release = host_release()?;
    let recipe = Recipe::new(
        "base",
        format!("base {} {BASE_PACKAGES} recipe 1", release.suite),
    );
    recipe.ensure(cache, |dir| {
        say("making the base of the images with debootstrap (about half a minute)");
        let root = dir.join("root");
        // It mounts /proc and /sys below the root: a killed run must not leave them in the cache.
        Run::new("unshare")
            .args(containerd::APART)
            .args([
                "debootstrap",
                "--variant=minbase",
                BASE_PACKAGES,
                &release.suite,
            ])
            .args([&root])
            .args([&release.mirror])
            .hint("apt-get update")
            .logged(&cache.log("base"))?;
        for path in USELESS {
            remove(&root.join(path))?;
        }
        fs::create_dir_all(root.join("var/log")).context("cannot create var/log")?;
        let passwd = root.join("etc/passwd");
        let mut users = fs::read_to_string(&passwd).context("the base has no users")?;
        users.push_str("istio-proxy:x:1337:1337::/home/istio-proxy:/bin/false\n");
        fs::write(passwd, users).context("cannot add the proxy's user")
    })
}

#[derive(Debug, PartialEq, Eq)]
struct Release {
    mirror: String,
    suite: String,
}

/// The host's own mirror and release: what it reaches, the images reach.
fn host_release() -> Result<Release> {
    let list = Run::new("apt-get")
        .args([
            "indextargets",
            "--format",
            "$(SITE) $(RELEASE) $(COMPONENT)",
            "Created-By: Packages",
        ])
        .hint("apt-get update")
        .stdout()?;
    let Some(release) = pick_release(&list) else {
        bail!(
            "apt knows no release of the distribution; look at /etc/apt/sources.list, then: apt-get update"
        );
    };
    Ok(release)
}

fn pick_release(list: &str) -> Option<Release> {
    list.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let (mirror, suite, component) = (words.next()?, words.next()?, words.next()?);
        // The first one that is a whole release, not its updates or backports.
        (component == "main" && !suite.contains(['-', '/'])).then(|| Release {
            mirror: mirror.into(),
            suite: suite.into(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_the_hosts() {
        let release = |mirror: &str, suite: &str| {
            Some(Release {
                mirror: mirror.into(),
                suite: suite.into(),
            })
        };
        let table = [
            (
                "http://m/debian bookworm-updates main\nhttp://m/debian bookworm main\n",
                release("http://m/debian", "bookworm"),
            ),
            (
                "http://x/extra stable extra\nhttps://u/ubuntu noble main\n",
                release("https://u/ubuntu", "noble"),
            ),
            ("", None),
        ];
        for (list, expected) in table {
            assert_eq!(pick_release(list), expected, "{list}");
        }
    }
}
