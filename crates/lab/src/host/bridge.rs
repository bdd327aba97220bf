//! The bridge that is the lab's link: marked as ours, refused where the network is taken, let through firewalls.

use super::{ip, ip_json, text};
use crate::cache::{Cache, Lock};
use crate::command::{Run, which};
use crate::network::{Cidr, Link};
use anyhow::{Result, bail};
use std::fs;

/// The mark on a bridge that says whose it is.
pub(super) fn alias(cache: &Cache) -> String {
    format!("weft lab {}", cache.root().display())
}

/// Creates the bridge unless it is there, and refuses a network that somebody else uses.
pub(crate) fn ensure_bridge(cache: &Cache, link: Link, _lock: &Lock) -> Result<()> {
    let bridge = link.bridge();
    let links = ip_json(&["-d", "link", "show"])?;
    if let Some(existing) = links.iter().find(|found| text(found, "ifname") == bridge) {
        let owner = text(existing, "ifalias");
        // Without a mark it is of a run that was killed right after creating it: nobody else names bridges like this.
        if owner == alias(cache) || owner.is_empty() {
            ip(&["link", "set", &bridge, "alias", &alias(cache)])?;
            return bridge_up(link);
        }
        bail!(
            "network {} is used by {owner:?}; choose another: WEFT_LAB_NET=10.78.0.0/24",
            link.net
        );
    }
    refuse_overlap(link.net, "choose another: WEFT_LAB_NET=10.78.0.0/24", "")?;
    ip(&["link", "add", &bridge, "type", "bridge"])?;
    // At once: the mark is what the clean-up after a killed run goes by.
    ip(&["link", "set", &bridge, "alias", &alias(cache)])?;
    bridge_up(link)?;
    permit_forwarding(&bridge)
}

fn bridge_up(link: Link) -> Result<()> {
    let address = format!("{}/{}", link.host(), link.net.bits());
    ip(&["addr", "replace", &address, "dev", &link.bridge()])?;
    ip(&["link", "set", &link.bridge(), "up"])
}

/// Where the host has a route to, other than by `except`. Everything is reached by a default route, so that one does not count.
pub(crate) fn routed(except: &str) -> Result<Vec<Cidr>> {
    let routes = ip_json(&["-4", "route", "show"])?;
    let others = routes.iter().filter(|route| text(route, "dev") != except);
    Ok(others
        .filter_map(|route| text(route, "dst").parse().ok())
        .collect())
}

/// Fails when the host has a route into that network already, other than by `except`.
pub(crate) fn refuse_overlap(net: Cidr, advice: &str, except: &str) -> Result<()> {
    for route in ip_json(&["-4", "route", "show"])? {
        let (destination, device) = (text(&route, "dst"), text(&route, "dev"));
        let Ok(taken) = destination.parse::<Cidr>() else {
            continue;
        };
        if taken.overlaps(net) && device != except {
            bail!("network {net} overlaps {destination} on {device} of this machine; {advice}");
        }
    }
    Ok(())
}

/// Hosts that send bridged frames through their firewall, and drop what is not permitted, need a rule (Docker's do).
fn permit_forwarding(bridge: &str) -> Result<()> {
    let filtered = fs::read_to_string("/proc/sys/net/bridge/bridge-nf-call-iptables");
    if filtered.is_ok_and(|value| value.trim() == "1") {
        Run::new("iptables")
            .args(["-w", "-I"])
            .args(forwarding_rule(bridge))
            .stdout()?;
    }
    Ok(())
}

pub(super) fn forbid_forwarding(bridge: &str) {
    if which("iptables").is_some() {
        // As often as it is there; usually never.
        while Run::new("iptables")
            .args(["-w", "-D"])
            .args(forwarding_rule(bridge))
            .succeeds()
        {}
    }
}

fn forwarding_rule(bridge: &str) -> [&str; 7] {
    ["FORWARD", "-i", bridge, "-o", bridge, "-j", "ACCEPT"]
}
