//! Scripts of steps, and arguments of the child program, one per line.
#![no_main]

#[allow(dead_code, reason = "each target uses a part")]
#[path = "../../tests/properties/invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|text: &str| invariants::script(text));
