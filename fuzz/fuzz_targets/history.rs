//! Histories and traces of the model.
#![no_main]

#[allow(dead_code, reason = "each target uses a part")]
#[path = "../../tests/properties/invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|text: &str| invariants::history(text));
