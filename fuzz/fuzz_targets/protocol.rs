//! Protocol lines (requests, answers, usage, steps), and splitting a stream into them.
#![no_main]

#[allow(dead_code, reason = "each target uses a part")]
#[path = "../../tests/properties/invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    invariants::stream(bytes, 1 + bytes.len() / 3);
    bytes.split(|b| *b == b'\n').for_each(invariants::line);
});
