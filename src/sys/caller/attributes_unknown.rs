//! Other systems: nothing more.

pub(super) fn attributes() -> Vec<(&'static str, String)> {
    Vec::new()
}
