//! What the clients say of their requests: the log of each client pod, followed from its first line to its last.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::world::World;

/// Requests that must have been made in a while for it to count.
const SOME: usize = 200;

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

    /// Not one request has failed, and there were some.
    #[expect(clippy::print_stdout, reason = "the figures are the test's result")]
    pub(crate) fn goes_on(&self, until: &str) {
        let (mut well, mut pods, mut failed) = (0, 0, Vec::new());
        for file in std::fs::read_dir(&self.folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            pods += 1;
            well += text.lines().filter(|line| status(line) == "200").count();
            failed.extend(
                text.lines()
                    .filter(|line| status(line) != "200")
                    .map(str::to_owned),
            );
        }
        let seconds = self.start.elapsed().as_secs_f64();
        println!(
            "{until}: {well} requests of {pods} client pods answered in {seconds:.0} s, {} failed",
            failed.len()
        );
        assert_eq!(failed, Vec::<String>::new(), "{until}");
        assert!(well > self.seen.get() + SOME, "{until}: {well}");
        self.seen.set(well);
    }

    /// Ends it; the next one begins anew.
    pub(crate) fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.follower.join().unwrap();
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

/// A line is when, and then what.
fn status(line: &str) -> &str {
    line.split(' ').nth(1).unwrap_or_default()
}
