//! Names of signals on systems other than the host.
//!
//! The names of the host's signals are in [`crate::wait::Signal`]; these tables only make `decode --os` readable.
//! Sources: `signal(7)` (Linux, as on x86, Arm, RISC-V), `signal(3)` of FreeBSD, NetBSD, OpenBSD and macOS (all have the
//! numbers of 4.4BSD up to 31), `signal.h(3HEAD)` of illumos.

use crate::wait::{Layout, Signal};

const LINUX: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
    "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
    "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

const BSD: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "EMT", "FPE", "KILL", "BUS", "SEGV", "SYS", "PIPE", "ALRM",
    "TERM", "URG", "STOP", "TSTP", "CONT", "CHLD", "TTIN", "TTOU", "IO", "XCPU", "XFSZ", "VTALRM", "PROF",
    "WINCH", "INFO", "USR1", "USR2",
];

const ILLUMOS: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "EMT", "FPE", "KILL", "BUS", "SEGV", "SYS", "PIPE", "ALRM",
    "TERM", "USR1", "USR2", "CHLD", "PWR", "WINCH", "URG", "POLL", "STOP", "TSTP", "CONT", "TTIN", "TTOU",
    "VTALRM", "PROF", "XCPU", "XFSZ",
];

/// The name of a signal on a system, or `SIG37` if it has none.
pub fn name(layout: Layout, signal: Signal) -> String {
    if layout == Layout::HOST {
        return signal.to_string();
    }
    let names = match layout {
        Layout::Linux => &LINUX,
        Layout::Illumos => &ILLUMOS,
        Layout::FreeBsd | Layout::NetBsd | Layout::OpenBsd | Layout::DragonFly | Layout::MacOs => &BSD,
    };
    let index = usize::try_from(signal.number()).ok().and_then(|n| n.checked_sub(1));
    match index.and_then(|i| names.get(i)) {
        Some(name) => format!("SIG{name}"),
        None => format!("SIG{}", signal.number()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_different_names() {
        let foreign = |layout, number| name(layout, Signal(number));
        assert_eq!(foreign(Layout::Illumos, 25), "SIGCONT");
        assert_eq!(foreign(Layout::Illumos, 0), "SIG0");
        assert_eq!(foreign(Layout::Illumos, 42), "SIG42");
        assert_eq!((LINUX[18], BSD[18], ILLUMOS[22]), ("STOP", "CONT", "STOP"));
    }

    #[test]
    #[cfg(target_os = "linux")]
    #[cfg(not(any(target_arch = "mips", target_arch = "mips64", target_arch = "sparc64")))]
    fn the_table_of_this_system_is_right() {
        for (index, short) in LINUX.iter().enumerate() {
            assert_eq!(Signal(index as i32 + 1).to_string(), format!("SIG{short}"));
        }
    }
}
