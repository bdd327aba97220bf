//! The cable of a cluster and the routes of the flat network.

use super::{Cluster, Plan};
use crate::cache::Cache;
use crate::command::Run;
use crate::host;
use crate::network::Link;
use crate::process::ProcId;
use crate::state::{self, Kind, Member, Part};
use anyhow::Result;

/// Puts the cable between the bridge and the cluster, with its address, and sets routes.
pub(super) fn plug_in(cache: &Cache, part: &mut Part, plan: &Plan) -> Result<()> {
    let lock = host::lock(cache)?;
    host::ensure_bridge(cache, plan.link, &lock)?;
    let cluster = Cluster::from_part(cache, part)?;
    let init = cluster.init()?.to_string();
    let (cable, bridge) = (plan.link.port(plan.member.number), plan.link.bridge());
    host::ip(&[
        "link", "add", &cable, "type", "veth", "peer", "name", "eth0", "netns", &init,
    ])?;
    host::ip(&["link", "set", &cable, "master", &bridge, "up"])?;
    let address = format!("{}/{}", plan.node(), plan.link.net.bits());
    in_network(&init, &["link", "set", "lo", "up"])?;
    in_network(&init, &["link", "set", "eth0", "up"])?;
    in_network(&init, &["addr", "add", &address, "dev", "eth0"])?;
    if let Kind::Cluster(member) = &mut part.kind {
        member.plugged_in = true;
    }
    part.save(cache)?;
    route_all(cache)
}

/// Pods of the flat network are routed: on the host, and in every cluster that is not isolated.
fn route_all(cache: &Cache) -> Result<()> {
    let parts = state::parts(cache);
    let flat: Vec<(&Part, &Member, Link)> = parts
        .iter()
        .filter_map(|part| Some((part, part.member()?, part.link?)))
        .filter(|(part, member, _)| {
            !member.isolated && member.plugged_in && part.processes.iter().any(ProcId::is_alive)
        })
        .collect();
    for (target, member, link) in flat.iter().filter(|(_, member, _)| !member.api_only) {
        let (pods, gateway) = (
            member.pods.to_string(),
            link.member(member.number).to_string(),
        );
        let route = ["route", "replace", &pods, "via", &gateway];
        host::ip(&[route.as_slice(), &["dev", &link.bridge()]].concat())?;
        for (from, _, other) in &flat {
            if from.name != target.name
                && other == link
                && let Some(init) = from.processes.first()
            {
                in_network(&init.pid().to_string(), &route)?;
            }
        }
    }
    Ok(())
}

fn in_network(pid: &str, arguments: &[&str]) -> Result<()> {
    Run::new("nsenter")
        .args(["-t", pid, "-n", "ip"])
        .args(arguments)
        .stdout()
        .map(drop)
}
