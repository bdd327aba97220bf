//! The measurement: CPU time of Envoy for each request, in alternating rounds.
//!
//! CPU time and not latency: a latency on a machine that also generates the load says more about the load. Every
//! Envoy runs from the first round to the last, and a round visits each of them once, starting at another one each
//! time, so that whatever else the machine does meets all of them alike. Differences are taken within a round.

use anyhow::{Context, Result};
use lab::envoy::{Envoy, EnvoyOptions};
use serde::Serialize;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::bootstrap::{LISTENER, bootstrap};
use crate::load::Load;
use crate::statistics::Spread;
use crate::subjects::{CHAIN, Group, Role, Subject};

/// How much is measured.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Settings {
    pub(crate) rounds: u32,
    pub(crate) requests: u32,
    pub(crate) connections: u32,
}

/// What a group's measurement found.
#[derive(Debug, Serialize)]
pub(crate) struct Found {
    pub(crate) plugin: String,
    pub(crate) rows: Vec<Row>,
}

/// What was found of one subject, in microseconds of CPU time for each request.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// The whole of Envoy with one of it.
    pub(crate) total: Option<Spread>,
    /// What one of it adds to the empty chain.
    pub(crate) alone: Option<Spread>,
    /// What each of a chain adds to the empty chain.
    pub(crate) each: Option<Spread>,
    /// That, as a multiple of what the floor adds.
    pub(crate) ratio: Option<Spread>,
    pub(crate) aim: Option<f64>,
    /// Memory of an Envoy with the chain, in MiB.
    pub(crate) memory: Option<u32>,
}

/// An Envoy with one of a subject, or with a chain of it, and what each round measured.
struct Running {
    envoy: Envoy,
    address: String,
    samples: Vec<f64>,
}

struct Measured {
    alone: Option<Running>,
    chain: Option<Running>,
}

/// Measures everything in `group`.
pub(crate) fn measure(
    program: &Path,
    load: &Load,
    group: &Group,
    settings: &Settings,
) -> Result<Found> {
    let mut measured = Vec::new();
    for subject in &group.subjects {
        let started = start_both(program, subject);
        measured.push(started.with_context(|| format!("{} does not run in Envoy", subject.name))?);
    }
    let mut running: Vec<&mut Running> = measured
        .iter_mut()
        .flat_map(|both| [both.alone.as_mut(), both.chain.as_mut()])
        .flatten()
        .collect();
    // The first round warms up: connections, allocators, and V8, which compiles what is hot once more.
    round(&mut running, load, group, settings)?;
    for running in &mut running {
        running.samples.clear();
    }
    for _ in 0..settings.rounds {
        round(&mut running, load, group, settings)?;
        running.rotate_left(1);
    }
    Ok(Found {
        plugin: group.name.clone(),
        rows: rows(&group.subjects, &measured),
    })
}

fn round(
    running: &mut [&mut Running],
    load: &Load,
    group: &Group,
    settings: &Settings,
) -> Result<()> {
    for running in running {
        let before = cpu_time(running.envoy.pid())?;
        load.send(
            &running.address,
            &group.headers,
            settings.requests,
            settings.connections,
        )?;
        let used = cpu_time(running.envoy.pid())?.saturating_sub(before);
        running
            .samples
            .push(used.as_secs_f64() * 1e6 / f64::from(settings.requests));
    }
    Ok(())
}

fn start_both(program: &Path, subject: &Subject) -> Result<Measured> {
    let start = |filters: &Option<Vec<Value>>| {
        filters
            .as_ref()
            .map(|filters| start(program, filters))
            .transpose()
    };
    Ok(Measured {
        alone: start(&subject.alone)?,
        chain: start(&subject.chain)?,
    })
}

fn start(program: &Path, filters: &[Value]) -> Result<Running> {
    let options = EnvoyOptions::new(program, bootstrap(filters).to_string());
    let envoy = Envoy::start(&options.arguments(["--concurrency", "1", "--log-level", "error"]))?;
    let address = envoy.listener(LISTENER)?;
    Ok(Running {
        envoy,
        address,
        samples: Vec::new(),
    })
}

/// The time that all threads of a process ran, to the nanosecond: the usual counters tick only every 10 ms.
fn cpu_time(pid: u32) -> Result<Duration> {
    let mut total = Duration::ZERO;
    let tasks = format!("/proc/{pid}/task");
    for task in fs::read_dir(&tasks)
        .with_context(|| format!("cannot list {tasks}: this bench needs Linux"))?
    {
        // A thread that ended meanwhile is not one of the workers.
        let text = fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
        let ran = text
            .split(' ')
            .next()
            .and_then(|ran| ran.parse().ok())
            .unwrap_or_default();
        total = total.saturating_add(Duration::from_nanos(ran));
    }
    Ok(total)
}

fn rows(subjects: &[Subject], measured: &[Measured]) -> Vec<Row> {
    let pairs = || subjects.iter().zip(measured);
    let of = |role: Role| {
        pairs()
            .find(|(subject, _)| subject.role == role)
            .map(|(_, measured)| measured)
    };
    let empty = of(Role::Empty)
        .and_then(|measured| measured.alone.as_ref())
        .map_or(&[][..], |alone| &alone.samples);
    let each = |measured: &Measured| {
        measured
            .chain
            .as_ref()
            .map(|chain| added(&chain.samples, empty, f64::from(CHAIN)))
    };
    let floor = of(Role::Floor).and_then(each).unwrap_or_default();
    pairs()
        .map(|(subject, measured)| {
            let alone = measured
                .alone
                .as_ref()
                .filter(|_| subject.role != Role::Empty);
            let each = each(measured);
            let ratio = each.as_ref().map(|each| {
                each.iter()
                    .zip(&floor)
                    .map(|(each, floor)| each / floor)
                    .collect()
            });
            Row {
                name: subject.name.clone(),
                total: measured
                    .alone
                    .as_ref()
                    .and_then(|alone| Spread::of(alone.samples.clone())),
                alone: alone.and_then(|alone| Spread::of(added(&alone.samples, empty, 1.0))),
                each: each.and_then(Spread::of),
                ratio: ratio.and_then(Spread::of),
                aim: subject.aim,
                memory: measured
                    .chain
                    .as_ref()
                    .and_then(|chain| memory(chain.envoy.pid())),
            }
        })
        .collect()
}

/// What each of `count` filters added in each round.
fn added(with: &[f64], without: &[f64], count: f64) -> Vec<f64> {
    with.iter()
        .zip(without)
        .map(|(with, without)| (with - without) / count)
        .collect()
}

fn memory(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u32 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    kilobytes.checked_div(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_taken_within_a_round() {
        assert_eq!(added(&[18.0, 28.0], &[10.0, 12.0], 8.0), [1.0, 2.0]);
    }

    #[test]
    fn our_own_time_and_memory_are_read() {
        let before = cpu_time(std::process::id()).unwrap();
        let text = "x".repeat(1 << 22);
        assert!(text.bytes().all(|byte| byte == b'x'));
        assert!(cpu_time(std::process::id()).unwrap() > before);
        assert!(memory(std::process::id()).unwrap() > 0);
    }
}
