//! Which process is meant: a pid alone is not enough, because the kernel gives it out again.
//!
//! A process is known by its pid, the tick at which it started and the boot it belongs to. Nothing is ever signalled
//! that does not match all three; on Linux through a pidfd, so that it cannot change in between either.

use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// A process, exactly.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProcId {
    pid: i32,
    start: u64,
    boot: String,
}

impl ProcId {
    /// The process that has this pid now.
    #[must_use]
    pub fn of(pid: i32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let start = parse_stat(&text)?;
        Some(Self {
            pid,
            start,
            boot: boot_id(),
        })
    }

    /// Ourselves; `None` where there is no `/proc`.
    #[must_use]
    pub fn current() -> Option<Self> {
        i32::try_from(std::process::id()).ok().and_then(Self::of)
    }

    /// Its pid.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Whether this very process still runs.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        Self::of(self.pid).as_ref() == Some(self)
    }

    /// Kills it, if it is still itself, and waits until it is gone.
    pub(crate) fn kill(&self) {
        self.signal_kill();
        let deadline = Instant::now().checked_add(Duration::from_secs(10));
        while self.is_alive() && deadline.is_some_and(|end| Instant::now() < end) {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[cfg(target_os = "linux")]
    fn signal_kill(&self) {
        use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
        let Some(pid) = Pid::from_raw(self.pid) else {
            return;
        };
        // The descriptor first, the comparison second: what we compare is then what we kill.
        let Ok(fd) = pidfd_open(pid, PidfdFlags::empty()) else {
            return;
        };
        if self.is_alive() && pidfd_send_signal(&fd, Signal::KILL).is_err() {
            // Gone in between, which is what we want; or not ours, which the caller sees as it stays alive.
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn signal_kill(&self) {}
}

fn boot_id() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

/// The start tick in `/proc/PID/stat`; `None` for a process that has ended and only waits to be collected.
fn parse_stat(stat: &str) -> Option<u64> {
    // The second field is the program's name in parentheses, and may contain anything.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?;
    if matches!(state, "Z" | "X" | "x") {
        return None;
    }
    // Field 22 of the whole; the state was field 3.
    fields.nth(18)?.parse().ok()
}

/// A running process and its command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Running {
    pub(crate) id: ProcId,
    pub(crate) command: Vec<String>,
}

/// Every process that we may see and whose command line names something below `dir`.
pub(crate) fn below(dir: &Path) -> Vec<Running> {
    let prefix = format!("{}/", dir.display());
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = entries
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| running(pid, &prefix)).collect()
}

fn running(pid: i32, prefix: &str) -> Option<Running> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let command: Vec<String> = text.split('\0').map(str::to_owned).collect();
    command
        .iter()
        .any(|argument| argument.starts_with(prefix))
        .then_some(())?;
    Some(Running {
        id: ProcId::of(pid)?,
        command,
    })
}

/// Whether the process is the first of a pid namespace of its own.
pub(crate) fn is_namespace_init(pid: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    line.is_some_and(|pids| {
        let mut pids = pids.split_whitespace();
        pids.clone().count() > 1 && pids.next_back() == Some("1")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn stat_is_read_past_any_program_name() {
        let tail = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20 21";
        let table = [
            (format!("7 (bash) {tail}"), Some(4242)),
            (format!("7 (a) b (c) {tail}"), Some(4242)),
            (format!("7 (bash) Z{}", tail.trim_start_matches('S')), None),
            ("7 (bash) S 1".into(), None),
            (String::new(), None),
        ];
        for (stat, expected) in table {
            assert_eq!(parse_stat(&stat), expected, "{stat}");
        }
    }

    #[test]
    fn a_recycled_pid_is_somebody_else() {
        let me = ProcId::current().unwrap();
        assert!(me.is_alive());
        let before = ProcId {
            start: me.start.wrapping_sub(1),
            ..me.clone()
        };
        assert!(!before.is_alive());
        let last_boot = ProcId {
            boot: "another".into(),
            ..me
        };
        assert!(!last_boot.is_alive());
        // And is not killed: we are still here afterwards.
        before.kill();
        last_boot.kill();
    }

    #[test]
    fn kill_ends_exactly_that_process() {
        let mut child = Command::new("sleep").arg("100").spawn().unwrap();
        let id = ProcId::of(i32::try_from(child.id()).unwrap()).unwrap();
        id.kill();
        assert!(!id.is_alive());
        child.wait().unwrap();
    }

    #[test]
    fn processes_are_found_by_the_directory_they_name() {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("x.sh");
        // Waits for its stdin, without a child that would outlive it.
        fs::write(&script, "read line\n").unwrap();
        let piped = std::process::Stdio::piped();
        let mut child = Command::new("sh")
            .arg(&script)
            .stdin(piped)
            .spawn()
            .unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        // The command line changes at exec.
        let is_found = || {
            below(dir.path())
                .iter()
                .any(|running| running.id.pid() == pid)
        };
        assert!((0..200).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            is_found()
        }));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
