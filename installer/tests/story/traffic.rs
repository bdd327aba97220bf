//! What the clients say of their requests: the log of each client pod, followed from its first line to its last. It is judged by what
//! failed and by whether it went on, not by how fast: rates are the machine's, and belong to benches.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::world::World;
use k8s_openapi::jiff::{SignedDuration, Timestamp};

/// The longest time without an answer: a client that hangs is seen, and no machine starves one that asks fifty times a second for so
/// long.
const GAP: SignedDuration = SignedDuration::from_mins(1);

/// All client pods that there were.
pub(crate) struct Traffic {
    folder: PathBuf,
    stop: Arc<AtomicBool>,
    follower: JoinHandle<()>,
    start: Instant,
    seen: std::cell::Cell<usize>,
}

impl Traffic {
    /// Follows the clients from now on.
    pub(crate) fn start(world: &World) -> Self {
        let folder = world.folder.path().join("traffic");
        std::fs::create_dir_all(&folder).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let kubectl = world.session.cache().bin("kubectl");
        let (config, into, until) = (world.cluster.kubeconfig(), folder.clone(), stop.clone());
        let follower = std::thread::spawn(move || {
            let command = || {
                let mut command = Command::new(&kubectl);
                command.arg("--kubeconfig").arg(&config).args(["-n", "app"]);
                command
            };
            let mut followed: BTreeMap<String, Child> = BTreeMap::new();
            while !until.load(Ordering::Relaxed) {
                let listed = command()
                    .args(["get", "pods", "-l", "app=client", "-o"])
                    .arg("jsonpath={range .items[?(@.status.phase=='Running')]}{.metadata.name}{'\\n'}{end}")
                    .output()
                    .unwrap();
                for pod in String::from_utf8_lossy(&listed.stdout).lines() {
                    followed.entry(pod.to_owned()).or_insert_with(|| {
                        command()
                            .args(["logs", "-f", "--timestamps", pod, "-c", "app"])
                            .stdout(File::create(into.join(pod)).unwrap())
                            .stderr(Stdio::null())
                            .spawn()
                            .unwrap()
                    });
                }
                std::thread::sleep(Duration::from_millis(300));
            }
            for child in followed.values_mut() {
                drop(child.kill());
                child.wait().unwrap();
            }
        });
        Self {
            folder,
            stop,
            follower,
            start: Instant::now(),
            seen: std::cell::Cell::new(0),
        }
    }

    /// Not one request has failed, and more were answered since the last look.
    #[expect(clippy::print_stdout, reason = "the figures are the test's result")]
    pub(crate) fn goes_on(&self, until: &str) {
        let (mut well, mut pods, mut wrong) = (0, 0, Vec::new());
        for file in std::fs::read_dir(&self.folder).unwrap() {
            let file = file.unwrap();
            let text = std::fs::read_to_string(file.path()).unwrap();
            pods += 1;
            match answered(&text) {
                Ok(count) => well += count,
                Err(why) => wrong.push(format!("{}: {why}", file.file_name().display())),
            }
        }
        let seconds = self.start.elapsed().as_secs_f64();
        println!("{until}: {well} requests of {pods} client pods answered in {seconds:.0} s");
        assert_eq!(wrong, Vec::<String>::new(), "{until}");
        assert!(
            well > self.seen.get(),
            "{until}: nothing since the last look"
        );
        self.seen.set(well);
    }

    /// Ends it; the next one begins anew.
    pub(crate) fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.follower.join().unwrap();
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

/// How many requests of a pod were answered, or what was wrong with its log: lines of when, and then what.
fn answered(log: &str) -> Result<usize, String> {
    // The last line may be half written.
    let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let mut times = Vec::new();
    for line in whole.lines() {
        let (at, what) = line.split_once(' ').unwrap_or((line, ""));
        if what.split(' ').next() != Some("200") {
            return Err(line.to_owned());
        }
        times.push(
            at.parse::<Timestamp>()
                .map_err(|error| format!("{line}: {error}"))?,
        );
    }
    for pair in times.windows(2) {
        let gap = pair[1].duration_since(pair[0]);
        if gap > GAP {
            return Err(format!("nothing for {gap:?} after {}", pair[0]));
        }
    }
    Ok(times.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_are_judged() {
        let line = |at: f64, what: &str| {
            let at = Timestamp::UNIX_EPOCH + SignedDuration::from_secs_f64(at);
            format!("{at} {what}\n")
        };
        let every = |seconds: f64, count: u32| -> String {
            (0..count)
                .map(|turn| line(f64::from(turn) * seconds, "200 "))
                .collect()
        };
        let stalled = every(0.02, 500) + &line(71.0, "200 ");
        let slow = every(0.02, 500) + &line(69.0, "200 ");
        let failed = every(0.02, 9) + &line(0.2, "503 ") + &line(0.3, "200 ");
        let refused = every(0.02, 9) + &line(0.2, "000 Connection refused");
        for (log, wanted) in [
            (String::new(), Ok(0)),
            (line(0.0, "200 "), Ok(1)),
            (every(0.02, 500), Ok(500)),
            (every(0.2, 500), Ok(500)),
            (slow, Ok(501)),
            (every(0.02, 500) + "1970-01-01T00:00:11Z 50", Ok(500)),
            (stalled, Err("nothing for")),
            (failed, Err("503")),
            (refused, Err("Connection refused")),
        ] {
            match (answered(&log), wanted) {
                (Ok(found), Ok(wanted)) => assert_eq!(found, wanted),
                (Err(why), Err(wanted)) => assert!(why.contains(wanted), "{why}"),
                (found, wanted) => panic!("{found:?} and not {wanted:?}"),
            }
        }
    }
}
