//! Which of a workload's traffic passes by its proxies, as annotations of its template.
//!
//! | direction | match | by port | by network |
//! | --- | --- | --- | --- |
//! | in | include | `includeInboundPorts` | refused: what comes in is told apart by port only |
//! | in | exclude | `excludeInboundPorts` | refused |
//! | out | include | `includeOutboundPorts` | `includeOutboundIPRanges` |
//! | out | exclude | `excludeOutboundPorts` | `excludeOutboundIPRanges` |

use std::net::IpAddr;

use super::edit::{Edit, Want};
use super::injector::Labels;

const PREFIX: &str = "traffic.sidecar.istio.io/";
/// All of the annotations.
pub(crate) const NAMES: [&str; 6] = [
    "includeInboundPorts",
    "excludeInboundPorts",
    "includeOutboundPorts",
    "excludeOutboundPorts",
    "includeOutboundIPRanges",
    "excludeOutboundIPRanges",
];
/// Every port, or every network.
const ALL: &str = "*";

/// `--direction`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// To the workload.
    In,
    /// From it.
    Out,
}

/// `--match`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// Only this goes through the proxy.
    Include,
    /// This goes past it.
    Exclude,
}

/// What becomes of what passes by.
#[derive(Clone, Debug)]
pub(crate) enum Passing {
    /// This is set.
    Set(Asked),
    /// All lists of a direction go, or all.
    Clear(Option<Direction>),
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Which way.
    pub(crate) direction: Direction,
    /// Which list.
    pub(crate) matching: Match,
    /// Ports to add.
    pub(crate) ports: Vec<String>,
    /// Networks to add.
    pub(crate) networks: Vec<String>,
    /// Take them out of the list instead.
    pub(crate) remove: bool,
}

/// The annotation of that name.
pub(crate) fn key(name: &str) -> String {
    format!("{PREFIX}{name}")
}

/// The edit that takes all of them away, or those of one direction.
pub(crate) fn clear(direction: Option<Direction>) -> Edit {
    let concerned = |name: &&&str| match direction {
        None => true,
        Some(Direction::In) => name.contains("Inbound"),
        Some(Direction::Out) => name.contains("Outbound"),
    };
    NAMES
        .iter()
        .filter(concerned)
        .fold(Edit::default(), |edit, name| {
            edit.annotation(&key(name), Want::Gone)
        })
}

/// The edit that is asked for, merged with what is there, or every mistake in it.
pub(crate) fn edit(asked: &Asked, current: &Labels) -> Result<Edit, Vec<String>> {
    let mut mistakes = Vec::new();
    if asked.direction == Direction::In && !asked.networks.is_empty() {
        mistakes.push(
            "--cidr goes with --direction out only: incoming traffic is told apart by port"
                .to_owned(),
        );
    }
    if asked.ports.is_empty() && asked.networks.is_empty() {
        mistakes.push("name at least one --port, or one --cidr for outgoing traffic".to_owned());
    }
    mistakes.extend(asked.ports.iter().filter_map(|port| wrong_port(port)));
    mistakes.extend(asked.networks.iter().filter_map(|one| wrong_network(one)));
    // One that is there already can be taken out as it is.
    if !asked.remove {
        mistakes.extend(asked.networks.iter().filter_map(|one| host_bits(one)));
    }
    let mut edit = Edit::default();
    if mistakes.is_empty() {
        let [ports, networks] = lists(asked.direction, asked.matching);
        for (name, items) in [(ports, &asked.ports), (networks, &asked.networks)] {
            let Some(name) = name.filter(|_| !items.is_empty()) else {
                continue;
            };
            match merged(name, items, asked.remove, current) {
                Ok(want) => edit = edit.annotation(&key(name), want),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        mistakes.extend(contradictions(&Edit::on(&edit.annotations, current)));
    }
    if mistakes.is_empty() {
        Ok(edit)
    } else {
        Err(mistakes)
    }
}

/// The annotation for ports, and that for networks where there is one.
fn lists(direction: Direction, matching: Match) -> [Option<&'static str>; 2] {
    let [
        in_include,
        in_exclude,
        out_include,
        out_exclude,
        net_include,
        net_exclude,
    ] = NAMES;
    match (direction, matching) {
        (Direction::In, Match::Include) => [Some(in_include), None],
        (Direction::In, Match::Exclude) => [Some(in_exclude), None],
        (Direction::Out, Match::Include) => [Some(out_include), Some(net_include)],
        (Direction::Out, Match::Exclude) => [Some(out_exclude), Some(net_exclude)],
    }
}

fn merged(name: &str, items: &[String], remove: bool, current: &Labels) -> Result<Want, String> {
    let key = key(name);
    let there = current.get(&key).map(String::as_str).unwrap_or_default();
    if there.trim() == ALL {
        return Err(format!(
            "{key} is \"*\", which is all of them already: take it away with --clear first"
        ));
    }
    let mut list: Vec<String> = items_of(there).collect();
    if let Some(wrong) = list.iter().find(|one| !is_well_formed(name, one)) {
        return Err(format!(
            "{key} holds {wrong:?} already, which Istio refuses: correct it, or take it away with --clear"
        ));
    }
    if remove {
        if let Some(missing) = items.iter().find(|one| !list.contains(one)) {
            return Err(format!("{key} does not hold {missing}: it is {there:?}"));
        }
        list.retain(|one| !items.contains(one));
    } else {
        list.extend(items.iter().cloned());
    }
    sort(&mut list);
    Ok(if list.is_empty() {
        Want::Gone
    } else {
        Want::Value(list.join(","))
    })
}

/// Ports by number, networks as text.
fn sort(list: &mut Vec<String>) {
    list.sort_by_key(|one| (one.parse::<u16>().ok(), one.clone()));
    list.dedup();
}

fn items_of(list: &str) -> impl Iterator<Item = String> + '_ {
    list.split(',')
        .map(str::trim)
        .filter(|one| !one.is_empty())
        .map(str::to_owned)
}

fn is_well_formed(name: &str, item: &str) -> bool {
    if name.ends_with("IPRanges") {
        wrong_network(item).is_none()
    } else {
        wrong_port(item).is_none()
    }
}

fn wrong_port(port: &str) -> Option<String> {
    let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
    (!is_port).then(|| format!("--port {port:?} is no port: write a number from 1 to 65535"))
}

fn wrong_network(network: &str) -> Option<String> {
    let is_network = network.split_once('/').is_some_and(|(address, length)| {
        let longest = match address.parse() {
            Ok(IpAddr::V4(_)) => 32,
            Ok(IpAddr::V6(_)) => 128,
            Err(_) => return false,
        };
        let is_plain = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
        is_plain && length.parse::<u8>().is_ok_and(|length| length <= longest)
    });
    (!is_network)
        .then(|| format!("--cidr {network:?} is no network: write for example 10.64.24.0/21"))
}

/// An address where a network should be: Istio takes it, and more goes past than it looks like.
fn host_bits(network: &str) -> Option<String> {
    let read: ipnet::IpNet = network.parse().ok()?;
    let whole = read.trunc();
    (whole != read).then(|| {
        format!(
            "--cidr {network:?} names an address and a larger network: write {whole}, or {}/{} for the address alone",
            read.addr(),
            read.max_prefix_len()
        )
    })
}

/// Lists that make each other void.
fn contradictions(after: &Labels) -> Vec<String> {
    let list = |name: &str| -> Vec<String> {
        let text = after
            .get(&key(name))
            .map(String::as_str)
            .unwrap_or_default();
        items_of(text).collect()
    };
    let mut found = Vec::new();
    let [
        in_include,
        in_exclude,
        out_include,
        out_exclude,
        net_include,
        net_exclude,
    ] = NAMES;
    for (include, exclude, all_but) in [
        (in_include, in_exclude, true),
        (out_include, out_exclude, false),
        (net_include, net_exclude, false),
    ] {
        let (included, excluded) = (list(include), list(exclude));
        let is_list = !included.is_empty() && included != [ALL];
        if all_but && is_list && !excluded.is_empty() {
            found.push(format!(
                "{exclude} counts for nothing beside {include}={}: Istio looks at it only where everything is included; keep one of the two",
                included.join(",")
            ));
        }
        for both in included.iter().filter(|one| excluded.contains(one)) {
            found.push(format!("{both} would be both in {include} and in {exclude}: take it out of one with --remove"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(words: &str) -> Asked {
        let mut asked = Asked {
            direction: Direction::Out,
            matching: Match::Exclude,
            ports: Vec::new(),
            networks: Vec::new(),
            remove: false,
        };
        for word in words.split_whitespace() {
            match word {
                "in" => asked.direction = Direction::In,
                "out" => asked.direction = Direction::Out,
                "include" => asked.matching = Match::Include,
                "exclude" => asked.matching = Match::Exclude,
                "remove" => asked.remove = true,
                network if network.contains('/') => asked.networks.push(network.to_owned()),
                port => asked.ports.push(port.to_owned()),
            }
        }
        asked
    }

    #[expect(clippy::string_slice, reason = "a table, row by row")]
    fn after(words: &str, current: &[(&str, &str)]) -> Result<String, String> {
        let current: Labels = current
            .iter()
            .map(|(name, value)| (key(name), (*value).to_owned()))
            .collect();
        let edit = edit(&asked(words), &current).map_err(|mistakes| mistakes.join("\n"))?;
        let after = Edit::on(&edit.annotations, &current);
        let texts: Vec<_> = after
            .iter()
            .map(|(key, value)| format!("{}={value}", &key[PREFIX.len()..]))
            .collect();
        Ok(texts.join(" "))
    }

    #[test]
    #[expect(clippy::type_complexity, reason = "a table, row by row")]
    fn lists_are_merged() {
        let cases: [(&str, &[(&str, &str)], &str); 9] = [
            ("in exclude 3306", &[], "excludeInboundPorts=3306"),
            ("in include 8080 80", &[], "includeInboundPorts=80,8080"),
            (
                "out exclude 6379",
                &[("excludeOutboundPorts", "9092, 53")],
                "excludeOutboundPorts=53,6379,9092",
            ),
            (
                "out exclude 10.0.0.0/8 443",
                &[],
                "excludeOutboundIPRanges=10.0.0.0/8 excludeOutboundPorts=443",
            ),
            (
                "out include fd00::/8",
                &[],
                "includeOutboundIPRanges=fd00::/8",
            ),
            (
                "out exclude 53",
                &[("excludeOutboundPorts", "53")],
                "excludeOutboundPorts=53",
            ),
            (
                "out exclude remove 53",
                &[("excludeOutboundPorts", "53,54")],
                "excludeOutboundPorts=54",
            ),
            (
                "out exclude remove 53",
                &[("excludeOutboundPorts", "53")],
                "",
            ),
            (
                "in exclude 22",
                &[("includeInboundPorts", "*")],
                "excludeInboundPorts=22 includeInboundPorts=*",
            ),
        ];
        for (words, current, wanted) in cases {
            assert_eq!(after(words, current), Ok(wanted.to_owned()), "{words}");
        }
    }

    #[test]
    fn what_is_there_goes_as_it_is() {
        let there = [("excludeOutboundIPRanges", "10.0.0.5/8,10.9.0.0/16")];
        assert_eq!(
            after("out exclude remove 10.0.0.5/8", &there).as_deref(),
            Ok("excludeOutboundIPRanges=10.9.0.0/16")
        );
    }

    #[test]
    #[expect(clippy::type_complexity, reason = "a table, row by row")]
    fn what_is_refused_and_why() {
        let cases: [(&str, &[(&str, &str)], &str); 15] = [
            ("in exclude 10.0.0.0/8", &[], "--direction out only"),
            ("out exclude", &[], "at least one --port"),
            ("out exclude 0", &[], "\"0\" is no port"),
            ("out exclude 65536", &[], "\"65536\" is no port"),
            ("out exclude 80-90", &[], "\"80-90\" is no port"),
            (
                "out exclude 10.0.0.0/33",
                &[],
                "\"10.0.0.0/33\" is no network",
            ),
            (
                "out exclude 10.0.0.5/8",
                &[],
                "write 10.0.0.0/8, or 10.0.0.5/32 for the address alone",
            ),
            (
                "out include fd00::1/64",
                &[],
                "write fd00::/64, or fd00::1/128 for the address alone",
            ),
            ("out exclude 10.0.0/8", &[], "is no network"),
            ("out exclude 10.0.0.0/+8", &[], "is no network"),
            (
                "in include 80",
                &[("includeInboundPorts", "*")],
                "take it away with --clear",
            ),
            (
                "in exclude 80",
                &[("includeInboundPorts", "8080")],
                "excludeInboundPorts counts for nothing",
            ),
            (
                "out include 80",
                &[("excludeOutboundPorts", "80")],
                "80 would be both",
            ),
            (
                "out exclude 80",
                &[("excludeOutboundPorts", "http")],
                "holds \"http\" already",
            ),
            ("out exclude remove 80", &[], "does not hold 80"),
        ];
        for (words, current, wanted) in cases {
            let refused = after(words, current).unwrap_err();
            assert!(refused.contains(wanted), "{words}: {refused}");
        }
    }
}
