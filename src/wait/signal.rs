//! Signals by name, and the one table of their numbers on every system.
//!
//! Sources: `arch/*/include/uapi/asm/signal.h` of Linux and `signal(7)`, `<sys/signal.h>` of FreeBSD, NetBSD, OpenBSD,
//! DragonFly and macOS (which share the numbers of 4.4BSD up to 31), `<sys/iso/signal_iso.h>` of illumos.

use std::fmt;
use std::ops::RangeInclusive;

use libc::c_int;

use super::system::{Layout, Machine, System};

/// A signal: one with a name, or else the kernel's number of one without.
///
/// The same name is the same signal on every system, whatever its number there. Real-time signals have no names that all
/// C libraries agree on (`SIGRTMIN` is 34 in glibc and 35 in musl): they print as `SIG37`, by the kernel's number.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(Kind);

#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Named(Name),
    Number(c_int),
}

macro_rules! names {
    ($($name:ident)*) => {
        #[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(clippy::upper_case_acronyms)]
        enum Name {
            $($name,)*
        }

        impl Name {
            const ALL: &[(&str, Name)] = &[$((concat!("SIG", stringify!($name)), Name::$name),)*];
        }

        impl Signal {
            $(
                #[doc = concat!("`SIG", stringify!($name), "`")]
                pub const $name: Signal = Signal(Kind::Named(Name::$name));
            )*
        }
    };
}

names! {
    HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ
    VTALRM PROF WINCH IO SYS PWR STKFLT EMT INFO LOST THR LIBRT CKPT CKPTEXIT WAITING LWP FREEZE THAW CANCEL XRES JVM1
    JVM2
}

/// Alternative names of signals, accepted but never printed.
const ALIASES: &[(&str, Name)] =
    &[("SIGIOT", Name::ABRT), ("SIGCLD", Name::CHLD), ("SIGPOLL", Name::IO), ("SIGUNUSED", Name::SYS)];

macro_rules! table {
    ($($name:ident)*) => { [$(Name::$name,)*] };
}

/// The signals from 1 to 31.
type First = [Name; 31];

const LINUX: First = table!(
    HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU
    XFSZ VTALRM PROF WINCH IO PWR SYS
);
const BSD: First = table!(
    HUP INT QUIT ILL TRAP ABRT EMT FPE KILL BUS SEGV SYS PIPE ALRM TERM URG STOP TSTP CONT CHLD TTIN TTOU IO XCPU XFSZ
    VTALRM PROF WINCH INFO USR1 USR2
);
/// Linux on SPARC and Alpha: the 4.4BSD numbers, with one exception.
const LINUX_BSD: First = {
    let mut table = BSD;
    table[28] = Name::PWR;
    table
};
/// System V; Linux on MIPS has the same numbers.
const SYSTEM_V: First = table!(
    HUP INT QUIT ILL TRAP ABRT EMT FPE KILL BUS SEGV SYS PIPE ALRM TERM USR1 USR2 CHLD PWR WINCH URG IO STOP TSTP CONT
    TTIN TTOU VTALRM PROF XCPU XFSZ
);
const PA_RISC: First = table!(
    HUP INT QUIT ILL TRAP ABRT STKFLT FPE KILL BUS SEGV XCPU PIPE ALRM TERM USR1 USR2 CHLD PWR VTALRM PROF IO WINCH STOP
    TSTP CONT TTIN TTOU URG XFSZ SYS
);

/// The named signals of a system: 1 to 31, and those from 32 up.
const fn names_of(system: System) -> (&'static First, &'static [Name]) {
    match (system.layout(), system.machine()) {
        (Layout::Linux, Machine::Common) => (&LINUX, &[]),
        (Layout::Linux, Machine::Mips) => (&SYSTEM_V, &[]),
        (Layout::Linux, Machine::Sparc | Machine::Alpha) => (&LINUX_BSD, &[]),
        (Layout::Linux, Machine::PaRisc) => (&PA_RISC, &[]),
        (Layout::FreeBsd, _) => (&BSD, &table!(THR LIBRT)),
        (Layout::NetBsd, _) => (&BSD, &table!(PWR)),
        (Layout::OpenBsd, _) => (&BSD, &table!(THR)),
        (Layout::DragonFly, _) => (&BSD, &table!(THR CKPT CKPTEXIT)),
        (Layout::MacOs, _) => (&BSD, &[]),
        (Layout::Illumos, _) => (&SYSTEM_V, &table!(WAITING LWP FREEZE THAW CANCEL LOST XRES JVM1 JVM2 INFO)),
    }
}

const fn name_on(number: c_int, system: System) -> Option<Name> {
    let (first, more) = names_of(system);
    if number >= 1 && number <= 31 {
        Some(first[number as usize - 1])
    } else if number >= 32 && (number as usize - 32) < more.len() {
        Some(more[number as usize - 32])
    } else {
        None
    }
}

impl Signal {
    /// No signal: 0, as `kill` takes it; `si_signo` of a `waitid` that reports nothing.
    pub const NONE: Signal = Signal(Kind::Number(0));

    /// The standard signals of this system, with their names.
    pub fn all_standard() -> impl Iterator<Item = (&'static str, Signal)> {
        Signal::all_on(System::HOST)
    }

    /// The named signals of a system, in numerical order.
    pub fn all_on(system: System) -> impl Iterator<Item = (&'static str, Signal)> {
        let (first, more) = names_of(system);
        let signals = first.iter().chain(more).map(|name| Signal(Kind::Named(*name)));
        signals.map(|signal| (signal.name().unwrap_or_default(), signal))
    }

    /// The signal with this number on this system.
    pub const fn from_number(number: c_int) -> Signal {
        Signal::from_number_on(number, System::HOST)
    }

    /// The signal with this number on the given system.
    ///
    /// ```
    /// use waitspec::wait::{Signal, System};
    /// assert_eq!(Signal::from_number_on(17, System::FREEBSD), Signal::STOP);
    /// ```
    pub const fn from_number_on(number: c_int, system: System) -> Signal {
        match name_on(number, system) {
            Some(name) => Signal(Kind::Named(name)),
            None => Signal(Kind::Number(number)),
        }
    }

    /// Its number on this system; -1, which every call rejects, for a signal that only other systems have.
    pub const fn number(self) -> c_int {
        match self.number_on(System::HOST) {
            Some(number) => number,
            None => -1,
        }
    }

    /// Its number on the given system, if that has such a signal.
    pub const fn number_on(self, system: System) -> Option<c_int> {
        let name = match self.0 {
            Kind::Number(number) if name_on(number, system).is_none() => return Some(number),
            Kind::Number(_) => return None,
            Kind::Named(name) => name,
        };
        // One number, two names.
        let name = match (name, system.layout(), system.machine()) {
            (Name::LOST, Layout::Linux, Machine::Sparc) | (Name::INFO, Layout::Linux, Machine::Alpha) => {
                Name::PWR
            }
            _ => name,
        };
        let mut number = 1;
        while let Some(known) = name_on(number, system) {
            if known as u8 == name as u8 {
                return Some(number);
            }
            number += 1;
        }
        None
    }

    /// The name, such as `SIGTERM`, of a signal that has one.
    pub fn name(self) -> Option<&'static str> {
        match self.0 {
            Kind::Named(name) => Name::ALL.iter().find(|(_, known)| *known == name).map(|(text, _)| *text),
            Kind::Number(_) => None,
        }
    }

    /// The signal of this name on any system: `SIGTERM`, `TERM`, or `SIG37` for this kernel's number 37.
    ///
    /// ```
    /// use waitspec::wait::Signal;
    /// assert_eq!(Signal::from_name("TERM"), Some(Signal::TERM));
    /// assert_eq!(Signal::from_name("SIG37").unwrap().to_string(), "SIG37");
    /// assert_eq!(Signal::from_name("SIGNONE"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Signal> {
        Signal::from_name_on(name, System::HOST)
    }

    /// As [`Signal::from_name`], with the kernel's numbers of the given system.
    pub fn from_name_on(name: &str, system: System) -> Option<Signal> {
        let short = name.strip_prefix("SIG").unwrap_or(name);
        let number = if short.starts_with(|c: char| c.is_ascii_digit()) {
            short.parse().ok()
        } else if short.len() == name.len() && name.starts_with('-') {
            name.parse().ok()
        } else {
            let mut known = Name::ALL.iter().chain(ALIASES);
            let named = known.find(|(full, _)| full.strip_prefix("SIG") == Some(short))?.1;
            let signal = Signal(Kind::Named(named));
            match signal.number_on(system) {
                Some(number) => Some(number),
                None => return Some(signal),
            }
        };
        number.map(|number| Signal::from_number_on(number, system))
    }

    /// The standard signals whose default action terminates the process.
    pub(crate) const DEADLY: [Signal; 20] = [
        Signal::HUP,
        Signal::INT,
        Signal::QUIT,
        Signal::ILL,
        Signal::TRAP,
        Signal::ABRT,
        Signal::BUS,
        Signal::FPE,
        Signal::KILL,
        Signal::USR1,
        Signal::SEGV,
        Signal::USR2,
        Signal::PIPE,
        Signal::ALRM,
        Signal::TERM,
        Signal::XCPU,
        Signal::XFSZ,
        Signal::VTALRM,
        Signal::PROF,
        Signal::SYS,
    ];

    /// The signals with a name that terminate a process by default on that system: those that do so everywhere, and on Linux also
    /// its own. On MIPS there is no SIGSTKFLT.
    pub(crate) fn deadly_on(system: System) -> impl Iterator<Item = Signal> + Clone {
        let more: &[Signal] = match system.layout() {
            Layout::Linux => &[Signal::IO, Signal::STKFLT, Signal::PWR],
            _ => &[],
        };
        let more = more.iter().copied().filter(move |signal| signal.number_on(system).is_some());
        Signal::DEADLY.into_iter().chain(more)
    }

    /// The signals that an init which forwards all of them keeps: they cannot be caught, are about its own children and terminal,
    /// or mean a fault of its own.
    pub(crate) const NOT_FORWARDED: [Signal; 14] = [
        Signal::KILL,
        Signal::STOP,
        Signal::CHLD,
        Signal::CONT,
        Signal::TSTP,
        Signal::TTIN,
        Signal::TTOU,
        Signal::ILL,
        Signal::TRAP,
        Signal::ABRT,
        Signal::BUS,
        Signal::FPE,
        Signal::SEGV,
        Signal::SYS,
    ];

    /// Whether the default action terminates the process with a core dump (`signal(7)`, `signal(3)` of the BSDs).
    pub fn dumps_core(self) -> bool {
        self.dumps_core_on(System::HOST)
    }

    /// As [`Signal::dumps_core`], on the given system.
    pub fn dumps_core_on(self, system: System) -> bool {
        let anywhere = [
            Signal::QUIT,
            Signal::ILL,
            Signal::TRAP,
            Signal::ABRT,
            Signal::BUS,
            Signal::FPE,
            Signal::SEGV,
            Signal::SYS,
        ];
        // OpenBSD and macOS terminate the process without one.
        let limits = [Signal::XCPU, Signal::XFSZ];
        anywhere.contains(&self)
            || matches!(system.layout(), Layout::Linux | Layout::FreeBsd | Layout::NetBsd)
                && limits.contains(&self)
    }

    /// The real-time signals as the kernel numbers them; `None` where it has none (OpenBSD, DragonFly, macOS).
    ///
    /// On Linux they begin at 32, even where the C library reserves the first two or three for its threads
    /// ([`Signal::kept_by_c_library`]). <https://man7.org/linux/man-pages/man7/signal.7.html>,
    /// <https://man.freebsd.org/cgi/man.cgi?query=signal&sektion=3>, <https://man.netbsd.org/signal.7>
    pub const fn realtime_range() -> Option<RangeInclusive<c_int>> {
        Signal::realtime_range_on(System::HOST)
    }

    /// As [`Signal::realtime_range`], on the given system.
    pub const fn realtime_range_on(system: System) -> Option<RangeInclusive<c_int>> {
        match (system.layout(), system.machine()) {
            // The kernel also has 128, but no status word can represent a death by it.
            (Layout::Linux, Machine::Mips) => Some(FIRST_REALTIME..=127),
            (Layout::Linux, _) => Some(FIRST_REALTIME..=64),
            (Layout::FreeBsd, _) => Some(65..=126),
            (Layout::NetBsd, _) => Some(33..=63),
            (Layout::Illumos, _) => Some(42..=74),
            (Layout::OpenBsd | Layout::DragonFly | Layout::MacOs, _) => None,
        }
    }

    /// The real-time signals of the given system.
    pub fn realtime_on(system: System) -> impl Iterator<Item = Signal> + Clone {
        let numbers = Signal::realtime_range_on(system).into_iter().flatten();
        numbers.map(move |number| Signal::from_number_on(number, system))
    }

    /// Whether it is a real-time signal on the given system.
    pub fn is_realtime_on(self, system: System) -> bool {
        let range = Signal::realtime_range_on(system);
        matches!((self.0, range), (Kind::Number(number), Some(range)) if range.contains(&number))
    }

    /// The real-time signals that this C library reserves: its functions reject them, the kernel does not.
    pub fn kept_by_c_library() -> std::ops::Range<c_int> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        return FIRST_REALTIME..libc::SIGRTMIN();
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        return 0..0;
    }
}

/// `SIGRTMIN` of the Linux kernel, which no C library exposes.
const FIRST_REALTIME: c_int = 32;

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name(), self.0) {
            (Some(name), _) => f.write_str(name),
            (None, Kind::Number(number @ 1..)) => write!(f, "SIG{number}"),
            (None, Kind::Number(number)) => write!(f, "{number}"),
            (None, Kind::Named(_)) => Err(fmt::Error),
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(os: &str, arch: &str, numbers: &[(c_int, &str)]) {
        let system = System::from_names(os, arch).expect("a known system");
        for (number, name) in numbers {
            let signal = Signal::from_number_on(*number, system);
            assert_eq!(signal.to_string(), *name, "{os} {arch} {number}");
            assert_eq!(signal.number_on(system), Some(*number), "{os} {arch} {name}");
            assert_eq!(Signal::from_name_on(name, system), Some(signal), "{os} {arch} {name}");
        }
    }

    #[test]
    fn one_name_many_numbers() {
        on("linux", "x86_64", &[(7, "SIGBUS"), (16, "SIGSTKFLT"), (17, "SIGCHLD"), (19, "SIGSTOP")]);
        on("linux", "mips64el", &[(7, "SIGEMT"), (18, "SIGCHLD"), (23, "SIGSTOP"), (25, "SIGCONT")]);
        on("linux", "sparc64", &[(17, "SIGSTOP"), (19, "SIGCONT"), (20, "SIGCHLD"), (29, "SIGPWR")]);
        on("linux", "alpha", &[(17, "SIGSTOP"), (12, "SIGSYS"), (29, "SIGPWR"), (30, "SIGUSR1")]);
        on("linux", "hppa", &[(7, "SIGSTKFLT"), (12, "SIGXCPU"), (24, "SIGSTOP"), (31, "SIGSYS")]);
        on("freebsd", "amd64", &[(7, "SIGEMT"), (29, "SIGINFO"), (32, "SIGTHR"), (33, "SIGLIBRT")]);
        on("netbsd", "mips", &[(17, "SIGSTOP"), (20, "SIGCHLD"), (32, "SIGPWR"), (33, "SIG33")]);
        on("openbsd", "amd64", &[(32, "SIGTHR"), (33, "SIG33")]);
        on("dragonfly", "x86_64", &[(33, "SIGCKPT"), (34, "SIGCKPTEXIT")]);
        on("macos", "arm64", &[(7, "SIGEMT"), (30, "SIGUSR1"), (32, "SIG32")]);
        on("illumos", "i86pc", &[(18, "SIGCHLD"), (25, "SIGCONT"), (41, "SIGINFO"), (42, "SIG42")]);
    }

    #[test]
    fn every_number_has_one_signal_and_back() {
        for system in System::ALL {
            for number in -2..=128 {
                let signal = Signal::from_number_on(number, system);
                assert_eq!(signal.number_on(system), Some(number), "{system:?} {number}");
                assert_eq!(Signal::from_name_on(&signal.to_string(), system), Some(signal), "{system:?}");
            }
            let range = Signal::realtime_range_on(system).into_iter().flatten();
            for number in range {
                assert!(Signal::from_number_on(number, system).is_realtime_on(system));
            }
        }
    }

    #[test]
    fn what_a_system_lacks_has_a_name_and_no_number() {
        let linux = System::new(Layout::Linux, Machine::Common);
        assert_eq!(Signal::INFO.number_on(linux), None);
        assert_eq!(Signal::STKFLT.number_on(System::of(Layout::FreeBsd)), None);
        assert_eq!(Signal::from_name_on("SIGINFO", linux), Some(Signal::INFO));
        // 33 is SIGLIBRT there.
        assert_eq!(Signal::from_number_on(33, linux).number_on(System::of(Layout::FreeBsd)), None);
        let alpha = System::new(Layout::Linux, Machine::Alpha);
        assert_eq!(Signal::from_name_on("SIGINFO", alpha), Some(Signal::PWR));
    }

    #[test]
    fn the_table_of_this_system_is_that_of_its_c_library() {
        macro_rules! same {
            ($($(#[$only:meta])* $name:ident)*) => {
                $($(#[$only])* assert_eq!(
                    Signal::from_number(libc::$name).to_string(), stringify!($name)
                );)*
            };
        }
        same!(
            SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE SIGALRM
            SIGTERM SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGWINCH
            SIGIO SIGSYS
            #[cfg(any(target_os = "linux", target_os = "android", target_os = "illumos"))] SIGPWR
            #[cfg(not(any(target_os = "linux", target_os = "android")))] SIGEMT
            #[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "openbsd", target_vendor = "apple"))]
            SIGINFO
            #[cfg(target_os = "freebsd")] SIGTHR
            #[cfg(target_os = "freebsd")] SIGLIBRT
        );
        #[cfg(any(target_os = "linux", target_os = "android", target_os = "illumos", target_os = "solaris"))]
        assert_eq!(Signal::realtime_range().map(|range| *range.end()), Some(libc::SIGRTMAX()));
    }
}
