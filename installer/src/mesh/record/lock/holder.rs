//! Who holds a Lease: a user with a command, and the process that can be looked for on its own machine.

use std::time::Duration;

use sha2::{Digest, Sha256};

/// A user, a command, and the process that can be looked for on its own machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) who: String,
    pub(super) verb: String,
    pub(super) place: Place,
    pub(super) process: Process,
}

/// Where processes are told apart by their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// How people call the machine.
    pub(super) node: String,
    /// This machine since this start of it, as these processes see each other; nothing where that cannot be told. Neither
    /// the machine's name nor the numbers of namespaces will do: they are alike on many.
    pub(super) space: Option<String>,
}

/// A process: its number, and since when, because numbers are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) id: u32,
    /// In ticks of the kernel's clock since the machine's start.
    pub(super) started: Option<u64>,
}

/// What can be told about a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// It runs.
    Runs,
    /// It does not run any more.
    Gone,
    /// It cannot be seen from here.
    Unseen,
}

impl Holder {
    /// This process.
    pub(super) fn here(who: &str, verb: &str) -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let node = rustix::system::uname();
        let namespace = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        let parts = [
            read("/proc/sys/kernel/random/boot_id"),
            namespace.display().to_string(),
            read("/etc/machine-id"),
        ];
        let id = std::process::id();
        Self {
            who: who.to_owned(),
            verb: verb.to_owned(),
            place: Place {
                node: node.nodename().to_string_lossy().into_owned(),
                space: space(&parts),
            },
            process: Process {
                id,
                started: stat(&read(&format!("/proc/{id}/stat"))).map(|(_, started)| started),
            },
        }
    }

    /// Reads what a Lease says.
    pub(super) fn parse(text: &str) -> Option<Self> {
        // From the end: a user's name may have anything in it.
        let mut parts = text.rsplitn(4, " | ");
        let (process, place) = (parts.next()?, parts.next()?);
        let (verb, who) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        let (id, started) = match process.split_once('@') {
            Some((id, started)) => (id, Some(started.parse().ok()?)),
            None => (process, None),
        };
        let (node, space) = match place.split_once(' ') {
            Some((node, space)) => (node, Some(space.to_owned())),
            None => (place, None),
        };
        Some(Self {
            who,
            verb,
            place: Place {
                node: node.to_owned(),
                space,
            },
            process: Process {
                id: id.parse().ok()?,
                started,
            },
        })
    }

    /// In words.
    pub(super) fn words(&self) -> String {
        format!("{} with `weft {}`", self.who, self.verb)
    }

    /// Whether its process can be looked for here.
    pub(super) fn is_near(&self, us: &Self) -> bool {
        self.place.space.is_some()
            && self.place.space == us.place.space
            && self.process.started.is_some()
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} | {} | {}", self.who, self.verb, self.place.node)?;
        if let Some(space) = &self.place.space {
            write!(out, " {space}")?;
        }
        write!(out, " | {}", self.process.id)?;
        match self.process.started {
            Some(started) => write!(out, "@{started}"),
            None => Ok(()),
        }
    }
}

impl Process {
    /// Looks for it here.
    pub(super) fn life(self) -> Life {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.id)).ok();
        let pid = i32::try_from(self.id)
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        // A process that we may not signal is there all the same, even where /proc does not show those of others.
        let has_number = pid.is_some_and(|pid| {
            rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH)
        });
        judged(self, text.as_deref(), has_number)
    }
}

fn judged(process: Process, text: Option<&str>, has_number: bool) -> Life {
    if !has_number {
        return Life::Gone;
    }
    match text.and_then(stat) {
        Some((state, _)) if ['Z', 'X'].contains(&state) => Life::Gone,
        Some((_, started)) if process.started == Some(started) => Life::Runs,
        Some(_) => Life::Gone,
        None => Life::Unseen,
    }
}

/// The state of a process and when it began. Its name, in parentheses, may have anything in it.
fn stat(text: &str) -> Option<(char, u64)> {
    let (_, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(18)?.parse().ok()?))
}

/// A machine's identity is nothing to be published, so only a digest of it is.
fn space(parts: &[String; 3]) -> Option<String> {
    let [boot, namespace, _] = parts;
    if boot.trim().is_empty() || namespace.is_empty() {
        return None;
    }
    let digest = Sha256::digest(parts.join("\n"));
    Some(
        digest
            .iter()
            .take(8)
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}")),
    )
}

/// The time since the machine's start, that of its sleep included: no one sets this clock, and it never goes back.
pub(super) fn clock() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    let text = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
    let seconds = text.split(' ').next().and_then(|word| word.parse().ok());
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .unwrap_or_else(|| START.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (space, started) in [(Some("0123abcd".to_owned()), Some(77)), (None, None)] {
            let holder = Holder {
                who: "a | b".to_owned(),
                verb: "mesh apply".to_owned(),
                place: Place {
                    node: "ci-1".to_owned(),
                    space,
                },
                process: Process { id: 7, started },
            };
            assert_eq!(Holder::parse(&holder.to_string()), Some(holder));
        }
        assert_eq!(Holder::parse("somebody"), None);
    }

    #[test]
    fn a_process_is_told_from_a_later_one_of_its_number() {
        let of = |state: &str, started: u64| {
            format!("7 (a) b) {state} 1 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 {started} 99 9")
        };
        let process = Process {
            id: 7,
            started: Some(500),
        };
        let (same, zombie, later) = (of("S", 500), of("Z", 500), of("S", 501));
        let cases = [
            ("runs", Some(same.as_str()), true, Life::Runs),
            (
                "killed, and not yet waited for",
                Some(&zombie),
                true,
                Life::Gone,
            ),
            ("another one", Some(&later), true, Life::Gone),
            ("no process of that number", None, false, Life::Gone),
            ("hidden from us", None, true, Life::Unseen),
        ];
        for (what, text, has_number, wanted) in cases {
            assert_eq!(judged(process, text, has_number), wanted, "{what}");
        }
    }

    #[test]
    fn we_find_ourselves() {
        let us = Holder::here("alice", "mesh apply");
        assert!(us.is_near(&Holder::parse(&us.to_string()).unwrap()));
        assert_eq!(us.process.life(), Life::Runs);
        let earlier = Process {
            started: us.process.started.map(|ticks| ticks - 1),
            ..us.process
        };
        assert_eq!(earlier.life(), Life::Gone);
    }

    #[test]
    fn machines_that_look_alike_are_told_apart() {
        let of = |boot: &str, namespace: &str| {
            space(&[boot.to_owned(), namespace.to_owned(), "m".to_owned()])
        };
        assert_eq!(of("a", "pid:[4026531836]"), of("a", "pid:[4026531836]"));
        assert_ne!(of("a", "pid:[4026531836]"), of("b", "pid:[4026531836]"));
        assert_ne!(of("a", "pid:[1]"), of("a", "pid:[2]"));
        assert_eq!(
            of("", "pid:[1]"),
            None,
            "a machine that cannot be told is never ours"
        );
    }

    #[test]
    fn the_clock_goes_on() {
        let first = clock();
        assert!(first > Duration::ZERO && clock() >= first);
    }
}
