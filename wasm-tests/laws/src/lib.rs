//! What holds for every input, natively and on wasm32 in Node.
//!
//! A module runs on a machine of 32 bits, and a plugin's proptests run on one of 64. So laws are functions of a script of bytes, and the
//! same functions run here in both places: those of the shared crates stand in this one, those of a plugin in the plugin, and
//! storms and scenarios are laws for every plugin. wasm-bindgen-test finds the tests, Node runs them.
//!
//! Rejected: compiling the proptests themselves for wasm32. Their source of randomness does not exist there.

mod filters;
mod matching;
pub mod plugins;

use simulator::storm::script;

/// A law: whatever the script says, it holds.
pub type Law = fn(&[u8]) -> Result<(), String>;

/// The laws of the shared crates, and those that plugins state.
pub const LAWS: &[(&str, Law)] = &[
    (
        "filter: no two workers lead at once",
        filters::no_two_leaders,
    ),
    ("filter: a lost race loses no count", filters::lost_races),
    (
        "filter: edited headers are those that a list would be",
        filters::edited_headers,
    ),
    (
        "filter: any bytes are a configuration or have mistakes with a place",
        filters::any_configuration,
    ),
    (
        "matcher: a spelling of a path does not change its normal form",
        matching::spelled_paths,
    ),
    (
        "matcher: any path has a normal form or is ambiguous",
        matching::any_path,
    ),
    (
        "matcher: a spelling of a host does not change whether it matches",
        matching::spelled_hosts,
    ),
    (
        "rate-limit: never more than rate * t + burst and what was leased",
        rate_limit::laws::bound,
    ),
    (
        "rate-limit: nor on a clock that jumps",
        rate_limit::laws::bound_on_any_clock,
    ),
    (
        "rate-limit: one worker gets everything",
        rate_limit::laws::one_worker_gets_everything,
    ),
    (
        "rate-limit: workers cost what they hold",
        rate_limit::laws::workers_cost_what_they_hold,
    ),
    (
        "rate-limit: foreign bytes in shared data",
        rate_limit::laws::foreign_bytes,
    ),
    ("rate-limit: odd requests", rate_limit::laws::spellings),
];

/// Whether `law` holds for so many scripts.
///
/// # Errors
///
/// How it was broken, and by which script.
pub fn holds(law: Law, rounds: u64) -> Result<(), String> {
    (0..rounds).try_for_each(|seed| {
        law(&script(seed)).map_err(|broken| format!("script {seed}: {broken}"))
    })
}
