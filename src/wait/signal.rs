//! Signal numbers and their names: the one table of this crate.

use std::fmt;
use std::ops::RangeInclusive;

use libc::c_int;

/// A signal, by its number in the kernel that it came from.
///
/// Names are the host's. A number without a name (the real-time signals have none that all C libraries agree on:
/// `SIGRTMIN` is 34 in glibc and 35 in musl) prints as `SIG37`.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(pub c_int);

macro_rules! signals {
    ($($(#[$only:meta])* $name:ident = $constant:ident;)*) => {
        impl Signal {
            $(
                $(#[$only])*
                #[doc = concat!("`", stringify!($constant), "`")]
                pub const $name: Signal = Signal(libc::$constant);
            )*
        }

        const STANDARD: &[(&str, Signal)] = &[
            $($(#[$only])* (stringify!($constant), Signal::$name),)*
        ];
    };
}

signals! {
    HUP = SIGHUP;
    INT = SIGINT;
    QUIT = SIGQUIT;
    ILL = SIGILL;
    TRAP = SIGTRAP;
    ABRT = SIGABRT;
    BUS = SIGBUS;
    FPE = SIGFPE;
    KILL = SIGKILL;
    USR1 = SIGUSR1;
    SEGV = SIGSEGV;
    USR2 = SIGUSR2;
    PIPE = SIGPIPE;
    ALRM = SIGALRM;
    TERM = SIGTERM;
    CHLD = SIGCHLD;
    CONT = SIGCONT;
    STOP = SIGSTOP;
    TSTP = SIGTSTP;
    TTIN = SIGTTIN;
    TTOU = SIGTTOU;
    URG = SIGURG;
    XCPU = SIGXCPU;
    XFSZ = SIGXFSZ;
    VTALRM = SIGVTALRM;
    PROF = SIGPROF;
    WINCH = SIGWINCH;
    IO = SIGIO;
    SYS = SIGSYS;
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "illumos", target_os = "solaris"))]
    PWR = SIGPWR;
    #[cfg(all(target_os = "linux", not(any(
        target_arch = "mips", target_arch = "mips32r6", target_arch = "mips64", target_arch = "mips64r6",
        target_arch = "sparc", target_arch = "sparc64"
    ))))]
    STKFLT = SIGSTKFLT;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    EMT = SIGEMT;
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "solaris", target_os = "illumos")))]
    INFO = SIGINFO;
    #[cfg(target_os = "freebsd")]
    THR = SIGTHR;
    #[cfg(target_os = "freebsd")]
    LIBRT = SIGLIBRT;
}

/// Second names of standard signals, which are understood but never printed.
const ALIASES: &[(&str, Signal)] =
    &[("SIGIOT", Signal::ABRT), ("SIGCLD", Signal::CHLD), ("SIGPOLL", Signal::IO)];

impl Signal {
    /// The standard signals of this system, with their names.
    pub fn all_standard() -> impl Iterator<Item = (&'static str, Signal)> {
        STANDARD.iter().copied()
    }

    /// Its number.
    pub const fn number(self) -> c_int {
        self.0
    }

    /// `SIGTERM` and the like, for a standard signal of this system.
    pub fn name(self) -> Option<&'static str> {
        STANDARD.iter().find(|(_, signal)| *signal == self).map(|(name, _)| *name)
    }

    /// The signal of that name: `SIGTERM`, `TERM`, or `SIG37` for the kernel's number 37.
    ///
    /// ```
    /// use waitspec::wait::Signal;
    /// assert_eq!(Signal::from_name("TERM"), Some(Signal::TERM));
    /// assert_eq!(Signal::from_name("SIG37").unwrap().to_string(), "SIG37");
    /// assert_eq!(Signal::from_name("SIGNONE"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Signal> {
        let short = name.strip_prefix("SIG").unwrap_or(name);
        if short.starts_with(|c: char| c.is_ascii_digit()) {
            return short.parse().ok().map(Signal);
        }
        let mut known = STANDARD.iter().chain(ALIASES);
        known.find(|(full, _)| full.strip_prefix("SIG") == Some(short)).map(|(_, signal)| *signal)
    }

    /// Whether the default action ends the process with a core file (`signal(7)`, `signal(3)` of the BSDs).
    pub fn dumps_core(self) -> bool {
        [
            Signal::QUIT,
            Signal::ILL,
            Signal::TRAP,
            Signal::ABRT,
            Signal::BUS,
            Signal::FPE,
            Signal::SEGV,
            Signal::SYS,
        ]
        .contains(&self)
            // OpenBSD and macOS end the process without one.
            || cfg!(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "netbsd"))
                && [Signal::XCPU, Signal::XFSZ].contains(&self)
    }

    /// The real-time signals as the kernel sees them; `None` where it has none (OpenBSD, DragonFly, macOS).
    ///
    /// Linux begins at 32, also where the C library keeps the first two or three for its threads
    /// ([`Signal::kept_by_c_library`]). <https://man7.org/linux/man-pages/man7/signal.7.html>,
    /// <https://man.freebsd.org/cgi/man.cgi?query=signal&sektion=3>, <https://man.netbsd.org/signal.7>
    pub fn realtime_range() -> Option<RangeInclusive<c_int>> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        return Some(FIRST_REALTIME..=libc::SIGRTMAX());
        #[cfg(any(target_os = "illumos", target_os = "solaris"))]
        return Some(libc::SIGRTMIN()..=libc::SIGRTMAX());
        #[cfg(target_os = "freebsd")]
        return Some(65..=126);
        #[cfg(target_os = "netbsd")]
        return Some(33..=63);
        #[cfg(any(target_os = "openbsd", target_os = "dragonfly", target_vendor = "apple"))]
        return None;
    }

    /// The real-time signals that this C library keeps to itself: its functions refuse them, the kernel does not.
    pub fn kept_by_c_library() -> std::ops::Range<c_int> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        return FIRST_REALTIME..libc::SIGRTMIN();
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        return 0..0;
    }
}

/// The kernel's own `SIGRTMIN`, which no C library shows.
#[cfg(any(target_os = "linux", target_os = "android"))]
const FIRST_REALTIME: c_int = 32;

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "SIG{}", self.0),
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
