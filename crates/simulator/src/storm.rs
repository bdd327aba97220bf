//! Requests without end, odd ones, in an unreliable proxy, as a script of bytes says.
//!
//! A property test, a fuzzer and a test on wasm32 all have bytes to offer, so each of them can raise a storm. Two laws are in it.
//! Whatever comes, a plugin does nothing that Envoy would punish, and once the storm is over every
//! message that it held goes on. And the same script leaves the same trace, whether the
//! plugin runs natively or as a module.

mod conditions;
mod odd;
mod script;
mod weather;

pub use script::Script;

use crate::exchange::Seen;
use crate::scenario::MakeEngine;
use crate::simulator::Simulator;
use crate::world::Random;
use weather::Weather;

/// Raises `rounds` storms over each of these configurations; gives how many those were.
///
/// # Errors
///
/// The first law that was broken, with the shortest beginning of its script that breaks it.
pub fn run(
    configurations: &[Vec<u8>],
    rounds: u64,
    engine: &MakeEngine<'_>,
) -> Result<u64, String> {
    let mut storms: u64 = 0;
    for configuration in configurations {
        for seed in 0..rounds {
            let script = script(seed);
            raise(engine, configuration, &script).map_err(|broken| {
                let (script, broken) =
                    shortest(engine, configuration, &script).unwrap_or((script, broken));
                let configuration = configuration.escape_ascii();
                format!("storm {seed} over {configuration}, script {script:?}, {broken}")
            })?;
            storms = storms.saturating_add(1);
        }
    }
    Ok(storms)
}

/// The script of a number.
#[must_use]
pub fn script(seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let length = random.next_u64() & 0x3ff;
    let mut script = vec![0; usize::try_from(length).unwrap_or_default()];
    random.fill(&mut script);
    script
}

fn shortest(
    engine: &MakeEngine<'_>,
    configuration: &[u8],
    script: &[u8],
) -> Option<(Vec<u8>, String)> {
    let beginnings = (0..script.len()).filter_map(|length| script.get(..length));
    let mut broken = beginnings
        .filter_map(|script| Some((script.to_vec(), raise(engine, configuration, script).err()?)));
    broken.next()
}

/// Raises the storm of `script` over a plugin with this configuration and gives what was seen, line by line.
///
/// # Errors
///
/// What the plugin did that Envoy would punish, or what it holds for ever; with the trace up to there.
pub fn raise(
    engine: &MakeEngine<'_>,
    configuration: &[u8],
    script: &[u8],
) -> Result<Vec<String>, String> {
    let mut script = Script::new(script);
    let workers = usize::from(script.below(3)).saturating_add(1);
    let mut simulator = Simulator::boxed(engine()?, workers);
    simulator.world_mut().random = Random::new(u64::from(script.byte()));
    simulator
        .configure(configuration)
        .map_err(|refused| refused.to_string())?;
    let mut weather = Weather::new(simulator, configuration.to_vec());
    while script.goes_on() {
        weather.event(&mut script)?;
    }
    weather.clear_up()
}

/// One line about what was seen; of long bodies only how long they are.
fn line(seen: &Seen) -> String {
    let body = |body: &[u8]| match body.len() {
        0..=64 => body.escape_ascii().to_string(),
        long => format!("{long} bytes"),
    };
    match seen {
        Seen::Continue(passed) => format!(
            "passed {:?} {} {:?} {}",
            passed.headers,
            body(&passed.body),
            passed.trailers,
            passed.end
        ),
        Seen::Reply(replied) => format!(
            "reply {:?} {} {}",
            replied.headers,
            body(&replied.body),
            replied.details
        ),
        Seen::Waiting => "held".to_owned(),
        Seen::Reset => "reset".to_owned(),
    }
}

#[cfg(test)]
mod tests;
