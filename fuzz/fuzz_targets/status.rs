//! Status words of every system.
#![no_main]

#[allow(dead_code, reason = "each target takes its own")]
#[path = "../../tests/properties/laws.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|raw: i32| laws::status(raw));
