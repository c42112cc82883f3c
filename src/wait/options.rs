//! The options of each call, as types that hold only valid ones.

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

use libc::c_int;

macro_rules! options {
    ($(#[$doc:meta])* $type:ident { $($(#[$flag_doc:meta])* $name:ident = $constant:ident;)* }) => {
        $(#[$doc])*
        #[derive(Copy, Clone, PartialEq, Eq, Hash, Default)]
        pub struct $type(c_int);

        impl $type {
            /// No option.
            pub const NONE: $type = $type(0);
            $($(#[$flag_doc])* pub const $name: $type = $type(libc::$constant);)*

            #[allow(unused_doc_comments, reason = "a flag's attributes also say on which systems it exists")]
            const NAMED: &[(&str, $type)] = &[$($(#[$flag_doc])* (stringify!($constant), $type::$name),)*];

            /// The bits, with the host's values.
            pub const fn bits(self) -> c_int {
                self.0
            }

            /// The options with these bits; `None` if one is unknown.
            pub fn from_bits(bits: c_int) -> Option<$type> {
                let known = $type::NAMED.iter().fold(0, |all, (_, option)| all | option.0);
                (bits & !known == 0).then_some($type(bits))
            }

            /// Whether every option of `other` is set.
            pub const fn contains(self, other: $type) -> bool {
                self.0 & other.0 == other.0
            }
        }

        impl BitOr for $type {
            type Output = $type;

            fn bitor(self, other: $type) -> $type {
                $type(self.0 | other.0)
            }
        }

        impl BitOrAssign for $type {
            fn bitor_assign(&mut self, other: $type) {
                self.0 |= other.0;
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut set = $type::NAMED.iter().filter(|(_, option)| self.contains(*option));
                match set.next() {
                    None => f.write_str("0"),
                    Some((first, _)) => {
                        f.write_str(first)?;
                        set.try_for_each(|(name, _)| write!(f, "|{name}"))
                    }
                }
            }
        }
    };
}

options! {
    /// Options of [`waitpid`](super::waitpid()), [`wait3`](super::wait3()) and [`wait4`](super::wait4()); terminated
    /// children are always reported.
    WaitOptions {
        /// `WNOHANG`: return immediately if there is nothing to report.
        NOHANG = WNOHANG;
        /// `WUNTRACED`: also report children that have stopped.
        UNTRACED = WUNTRACED;
        /// `WCONTINUED`: also report children that were continued from a job-control stop.
        CONTINUED = WCONTINUED;
        /// `__WALL`: children of any kind, whatever their exit signal.
        #[cfg(target_os = "linux")]
        ALL = __WALL;
        /// `__WCLONE`: only children whose exit signal is not SIGCHLD.
        #[cfg(target_os = "linux")]
        CLONE = __WCLONE;
        /// `__WNOTHREAD`: only children of the calling thread.
        #[cfg(target_os = "linux")]
        NOTHREAD = __WNOTHREAD;
    }
}

options! {
    /// Options of [`waitid`](super::waitid()) and `wait6`: at least one of EXITED, STOPPED and CONTINUED is required,
    /// or the call fails with `EINVAL`.
    IdOptions {
        /// `WNOHANG`: return immediately if there is nothing to report.
        NOHANG = WNOHANG;
        /// `WEXITED`: children that have terminated.
        EXITED = WEXITED;
        /// `WSTOPPED`: children that were stopped by a signal.
        STOPPED = WSTOPPED;
        /// `WCONTINUED`: children that were continued from a job-control stop.
        CONTINUED = WCONTINUED;
        /// `WNOWAIT`: peek; the report can be waited for again.
        NOWAIT = WNOWAIT;
        /// `WTRAPPED`: traced children that have stopped.
        #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
        TRAPPED = WTRAPPED;
        /// `__WALL`: children of any kind, whatever their exit signal (Linux 4.7).
        #[cfg(target_os = "linux")]
        ALL = __WALL;
        /// `__WCLONE`: only children whose exit signal is not SIGCHLD (Linux 4.7).
        #[cfg(target_os = "linux")]
        CLONE = __WCLONE;
        /// `__WNOTHREAD`: only children of the calling thread (Linux 4.7).
        #[cfg(target_os = "linux")]
        NOTHREAD = __WNOTHREAD;
    }
}
