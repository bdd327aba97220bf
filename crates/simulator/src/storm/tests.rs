use filter::config::Errors;
use filter::{Callbacks, Exchange, Outcome, Plugin, Wait};

use super::*;
use crate::native::Native;

/// Waits for a wake-up that never comes, for ever.
struct Sleeper;

impl Plugin for Sleeper {
    const NAME: &'static str = "sleeper";
    const CALLBACKS: Callbacks = Callbacks::REQUEST.and(Callbacks::TICK);
    type Stream = ();

    fn configure(_: &[u8]) -> Result<Self, Errors> {
        Ok(Self)
    }

    fn tick_period(&self) -> Option<std::time::Duration> {
        Some(std::time::Duration::from_hours(1))
    }

    fn on_request(&mut self, _: &mut dyn Exchange) -> Outcome<()> {
        let until = std::time::Duration::MAX;
        Outcome {
            edits: Vec::new(),
            next: filter::Next::Wait(Wait::Wake { until }, ()),
        }
    }
}

fn broken<P: Plugin>() -> String {
    run(&[b"{}".to_vec()], 20, &|| Ok(Box::new(Native::<P>::new()))).unwrap_err()
}

#[test]
fn a_plugin_that_holds_a_request_for_ever_is_found_with_a_short_script() {
    let found = broken::<Sleeper>();
    assert!(found.contains("is held for ever"), "{found}");
    let script = found
        .split("script [")
        .nth(1)
        .and_then(|rest| rest.split(']').next())
        .unwrap_or_default();
    assert!(script.split(',').count() < 200, "{found}");
}
