//! The signal handlers of a child.

use super::step::{CAUGHT, Then};
use crate::sys::process::exit_now;
use crate::sys::signal::{self, Action, Flags};

/// The action whose handler does this.
pub(super) fn of(then: Then) -> Action {
    match then {
        Then::Return => Action::Count,
        Then::Exit => Action::Hook(exit),
        Then::Reraise => Action::Hook(reraise),
    }
}

fn exit(_: i32) {
    exit_now(CAUGHT)
}

/// The signal is blocked while its handler runs: it takes its default action once this returns.
fn reraise(signal: i32) {
    let _ = signal::set_action(signal, Action::Default, Flags::default());
    let _ = signal::raise(signal);
}
