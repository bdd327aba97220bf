//! The laws, as tests: natively with `cargo test --package laws`, and in Node as `scripts/ladder node` runs them.

use laws::{LAWS, holds, plugins};

/// How many scripts a law meets.
const ROUNDS: u64 = 300;
/// How many storms a configuration meets.
const STORMS: u64 = 20;

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn every_law_holds() -> Result<(), String> {
    let broken: Vec<String> = LAWS
        .iter()
        .filter_map(|(name, law)| Some(format!("{name}: {}", holds(*law, ROUNDS).err()?)))
        .collect();
    if broken.is_empty() {
        Ok(())
    } else {
        Err(broken.join("\n"))
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn every_scenario_passes() -> Result<(), String> {
    let passed = plugins::scenarios().map_err(|failures| failures.to_string())?;
    if passed > 0 {
        Ok(())
    } else {
        Err("there are no scenarios".to_owned())
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn every_plugin_weathers_storms() -> Result<(), String> {
    plugins::storms(STORMS).map(drop)
}

/// That this runs where it should: a module's machine has 32 bits.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen_test::wasm_bindgen_test]
fn addresses_have_32_bits() {
    assert_eq!(usize::BITS, 32);
}
