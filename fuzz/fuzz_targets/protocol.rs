//! Lines of the protocol: requests, answers, usage, steps; and how a stream is cut into them.
#![no_main]

#[allow(dead_code, reason = "each target takes its own")]
#[path = "../../tests/properties/laws.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    laws::stream(bytes, 1 + bytes.len() / 3);
    bytes.split(|b| *b == b'\n').for_each(laws::line);
});
