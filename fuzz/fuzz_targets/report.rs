//! JSON reports, complete and cut off.
#![no_main]

#[allow(dead_code, reason = "each target uses a part")]
#[path = "../../tests/properties/invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // Any position, the same for the same bytes.
    let cut = bytes.iter().map(|byte| usize::from(*byte)).sum();
    invariants::report(bytes, cut);
});
