//! Lists of known failures.
#![no_main]

#[allow(dead_code, reason = "each target takes its own")]
#[path = "../../tests/properties/laws.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|text: &str| laws::baseline(text));
