//! What tests of `weft` on a cluster share: whether they run here, how a run of it ended, and waiting until
//! something holds.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::panic,
    reason = "what goes wrong is the test's result"
)]

use crate::cache::Cache;
use crate::capabilities;
use crate::output;
use serde_json::Value;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// Longer than anything takes on a machine that is busy.
const PATIENCE: Duration = Duration::from_mins(1);
const BETWEEN_LOOKS: Duration = Duration::from_millis(300);

/// Whether a test that needs a cluster is left out, which it says: it takes minutes and runs in the ladder only
/// (`WEFT_LADDER=1`), where whatever is missing is a failure.
pub fn is_left_out(test: &str) -> bool {
    if std::env::var_os("WEFT_LADDER").is_none_or(|set| set != "1") {
        output::say(&format!("LEFT OUT {test}: WEFT_LADDER=1 is not set"));
        return true;
    }
    let cache = Cache::from_env().expect("the lab has a cache");
    let lacks = capabilities::of(&cache).cluster;
    assert_eq!(lacks, None, "the ladder leaves nothing out");
    false
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub data: String,
    /// Standard error.
    pub talk: String,
}

impl Ran {
    /// Of a process that has ended.
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            data: String::from_utf8(output.stdout).expect("data is text"),
            talk: String::from_utf8(output.stderr).expect("talk is text"),
        }
    }

    /// Whether it said this, wherever.
    pub fn says(&self, text: &str) -> bool {
        self.talk.contains(text) || self.data.contains(text)
    }

    /// Checks the exit code, and that it said all of this.
    pub fn must(&self, code: i32, said: &[&str]) -> &Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for text in said {
            assert!(self.says(text), "{text:?} is missing in {self:#?}");
        }
        self
    }

    /// Its data, which is JSON.
    pub fn json(&self) -> Value {
        let read = serde_json::from_str(&self.data).ok();
        assert!(read.is_some(), "no JSON: {self:#?}");
        read.unwrap_or_default()
    }
}

/// Runs `weft` to its end. The harness shows what it said when the test fails: the whole story.
#[expect(clippy::print_stdout, reason = "the harness keeps it")]
pub fn run(line: &str, command: &mut Command) -> Ran {
    let start = Instant::now();
    let ran = Ran::of(command.output().expect("weft starts"));
    let (code, seconds) = (ran.code, start.elapsed().as_secs_f64());
    println!(
        "weft {line}\n{}{}[{code:?}, {seconds:.1} s]",
        ran.talk, ran.data
    );
    ran
}

/// Waits until something is well; what it says otherwise is why it is not.
pub fn eventually(what: &str, look: impl FnMut() -> Result<(), String>) {
    if let Err(why) = wait(look) {
        panic!("{what}: not yet: {why}");
    }
}

/// The same for one who goes on all the same.
///
/// # Errors
/// Why it is not well after all that time.
pub fn wait(mut look: impl FnMut() -> Result<(), String>) -> Result<(), String> {
    let start = Instant::now();
    loop {
        match look() {
            Err(why) if start.elapsed() >= PATIENCE => return Err(why),
            Err(_) => std::thread::sleep(BETWEEN_LOOKS),
            Ok(()) => return Ok(()),
        }
    }
}

/// The same where there is no more to say.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    eventually(what, || {
        holds().then_some(()).ok_or_else(|| "it is not".to_owned())
    });
}

/// A part of a test.
pub type Scenario<World> = fn(&World);

/// Runs scenarios side by side, each to its end: most of their time is waiting.
pub fn side_by_side<World: Sync>(world: &World, scenarios: &[(&str, Scenario<World>)]) {
    let failed: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = scenarios
            .iter()
            .map(|(name, scenario)| (name, scope.spawn(move || scenario(world))))
            .collect();
        let ended = running.into_iter();
        ended
            .filter_map(|(name, thread)| thread.join().is_err().then_some(name))
            .collect()
    });
    assert!(failed.is_empty(), "failed: {failed:?}");
}
