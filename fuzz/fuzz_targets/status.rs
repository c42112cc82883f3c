//! Status words, on every system.
#![no_main]

#[allow(dead_code, reason = "each target uses a part")]
#[path = "../../tests/properties/invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|raw: i32| invariants::status(raw));
