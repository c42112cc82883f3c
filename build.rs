//! Links the program to a fixed address where that is known to work: on Linux with glibc, as a dynamic executable.
//!
//! Its tables hold 27,000 addresses. If it may be loaded anywhere, their relocations are a sixteenth of the file, and each process
//! that executes it writes all of them, on pages that its forks share. The library is not affected.

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |key: &str, value: &str| var(key).is_ok_and(|is| is == value);
    let is_static = var("CARGO_CFG_TARGET_FEATURE").is_ok_and(|features| features.contains("crt-static"));
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") && !is_static {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
