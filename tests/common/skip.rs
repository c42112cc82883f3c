//! Skips inside a test.

use std::fmt::Display;

/// Says why a test, or a part of it, is skipped. CI sets `WAITSPEC_NO_SKIPS` where everything is installed: a skip is then a failure.
pub fn skip(why: impl Display) {
    assert!(!are_failures(), "skipped, against WAITSPEC_NO_SKIPS: {why}");
    eprintln!("skipped: {why}");
}

/// Whether nothing may be skipped here.
pub fn are_failures() -> bool {
    std::env::var_os("WAITSPEC_NO_SKIPS").is_some()
}
