//! JSON reports, whole and cut off.
#![no_main]

#[allow(dead_code, reason = "each target takes its own")]
#[path = "../../tests/properties/laws.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // Somewhere, and for the same bytes at the same place.
    let cut = bytes.iter().map(|byte| usize::from(*byte)).sum();
    laws::report(bytes, cut);
});
