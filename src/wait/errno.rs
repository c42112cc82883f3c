//! Errors by name, independent of their numbers.

use std::fmt;

use super::names;
use super::system::{Layout, Machine, System};

/// An error that a call failed with, by name.
///
/// The same name is the same error on every system. An error that has no name here is kept as it was given.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Errno(Kind);

#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Named(Name),
    Number(i32),
    /// A name that is not in the list, padded with zeros.
    Unlisted([u8; LONGEST]),
}

/// No system has a longer name.
const LONGEST: usize = 15;

macro_rules! names {
    ($($name:ident $text:literal)*) => {
        #[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(clippy::upper_case_acronyms)]
        enum Name {
            $($name,)*
        }

        impl Name {
            const ALL: &[(&str, Name)] = &[$(($text, Name::$name),)*];
        }

        impl Errno {
            $(
                #[doc = concat!("`", $text, "`")]
                pub const $name: Errno = Errno(Kind::Named(Name::$name));
            )*
        }
    };
}

names! {
    PERM "EPERM" NOENT "ENOENT" SRCH "ESRCH" INTR "EINTR" IO "EIO" NXIO "ENXIO" TOOBIG "E2BIG" NOEXEC "ENOEXEC"
    BADF "EBADF" CHILD "ECHILD" DEADLK "EDEADLK" NOMEM "ENOMEM" ACCES "EACCES" FAULT "EFAULT" NOTBLK "ENOTBLK"
    BUSY "EBUSY" EXIST "EEXIST" XDEV "EXDEV" NODEV "ENODEV" NOTDIR "ENOTDIR" ISDIR "EISDIR" INVAL "EINVAL"
    NFILE "ENFILE" MFILE "EMFILE" NOTTY "ENOTTY" TXTBSY "ETXTBSY" FBIG "EFBIG" NOSPC "ENOSPC" SPIPE "ESPIPE"
    ROFS "EROFS" MLINK "EMLINK" PIPE "EPIPE" DOM "EDOM" RANGE "ERANGE" AGAIN "EAGAIN" NOSYS "ENOSYS"
    NOTSUP "ENOTSUP" OPNOTSUPP "EOPNOTSUPP" TIMEDOUT "ETIMEDOUT" USERS "EUSERS" PROTO "EPROTO"
    OVERFLOW "EOVERFLOW" LOOP "ELOOP" NAMETOOLONG "ENAMETOOLONG" CANCELED "ECANCELED"
}

/// The errors from 1 to 34, which have these numbers everywhere; 11 is [`eleventh`].
const FIRST: [Errno; 34] = [
    Errno::PERM,
    Errno::NOENT,
    Errno::SRCH,
    Errno::INTR,
    Errno::IO,
    Errno::NXIO,
    Errno::TOOBIG,
    Errno::NOEXEC,
    Errno::BADF,
    Errno::CHILD,
    Errno::AGAIN,
    Errno::NOMEM,
    Errno::ACCES,
    Errno::FAULT,
    Errno::NOTBLK,
    Errno::BUSY,
    Errno::EXIST,
    Errno::XDEV,
    Errno::NODEV,
    Errno::NOTDIR,
    Errno::ISDIR,
    Errno::INVAL,
    Errno::NFILE,
    Errno::MFILE,
    Errno::NOTTY,
    Errno::TXTBSY,
    Errno::FBIG,
    Errno::NOSPC,
    Errno::SPIPE,
    Errno::ROFS,
    Errno::MLINK,
    Errno::PIPE,
    Errno::DOM,
    Errno::RANGE,
];

/// The errors above 34 whose numbers the harness must know. Sources: `asm/errno.h` of Linux, `<sys/errno.h>` of the
/// others.
const fn further(system: System) -> &'static [(i32, Errno)] {
    match (system.layout(), system.machine()) {
        (Layout::Linux, Machine::Common) => &[
            (35, Errno::DEADLK),
            (38, Errno::NOSYS),
            (87, Errno::USERS),
            (95, Errno::OPNOTSUPP),
            (110, Errno::TIMEDOUT),
        ],
        (Layout::Linux, Machine::Mips) => &[
            (45, Errno::DEADLK),
            (89, Errno::NOSYS),
            (94, Errno::USERS),
            (122, Errno::OPNOTSUPP),
            (145, Errno::TIMEDOUT),
        ],
        (Layout::Linux, Machine::Sparc) => &[
            (45, Errno::OPNOTSUPP),
            (60, Errno::TIMEDOUT),
            (68, Errno::USERS),
            (78, Errno::DEADLK),
            (90, Errno::NOSYS),
        ],
        (Layout::Linux, Machine::Alpha) => &[
            (35, Errno::AGAIN),
            (45, Errno::OPNOTSUPP),
            (60, Errno::TIMEDOUT),
            (68, Errno::USERS),
            (78, Errno::NOSYS),
        ],
        (Layout::Linux, Machine::PaRisc) => &[
            (45, Errno::DEADLK),
            (209, Errno::USERS),
            (223, Errno::OPNOTSUPP),
            (238, Errno::TIMEDOUT),
            (251, Errno::NOSYS),
        ],
        (Layout::Illumos, _) => &[
            (45, Errno::DEADLK),
            (48, Errno::NOTSUP),
            (89, Errno::NOSYS),
            (94, Errno::USERS),
            (122, Errno::OPNOTSUPP),
            (145, Errno::TIMEDOUT),
        ],
        (Layout::MacOs, _) => &[
            (35, Errno::AGAIN),
            (45, Errno::NOTSUP),
            (60, Errno::TIMEDOUT),
            (68, Errno::USERS),
            (78, Errno::NOSYS),
            (102, Errno::OPNOTSUPP),
        ],
        (Layout::NetBsd, _) => &[
            (35, Errno::AGAIN),
            (45, Errno::OPNOTSUPP),
            (60, Errno::TIMEDOUT),
            (68, Errno::USERS),
            (78, Errno::NOSYS),
            (86, Errno::NOTSUP),
        ],
        (Layout::OpenBsd, _) => &[
            (35, Errno::AGAIN),
            (45, Errno::OPNOTSUPP),
            (60, Errno::TIMEDOUT),
            (68, Errno::USERS),
            (78, Errno::NOSYS),
            (91, Errno::NOTSUP),
        ],
        (Layout::FreeBsd | Layout::DragonFly, _) => &[
            (35, Errno::AGAIN),
            (45, Errno::OPNOTSUPP),
            (60, Errno::TIMEDOUT),
            (68, Errno::USERS),
            (78, Errno::NOSYS),
        ],
    }
}

/// Error 11: `EAGAIN` on System V, `EDEADLK` on BSD and on systems modelled on it.
const fn eleventh(system: System) -> Errno {
    match (system.layout(), system.machine()) {
        (Layout::Linux, Machine::Alpha) => Errno::DEADLK,
        (Layout::Linux | Layout::Illumos, _) => Errno::AGAIN,
        _ => Errno::DEADLK,
    }
}

impl Errno {
    /// No error: compared with when a request that should have failed succeeded.
    pub const NONE: Errno = Errno(Kind::Number(0));

    /// The error with this number on the given system.
    pub fn from_number_on(number: i32, system: System) -> Errno {
        if system == System::HOST
            && let Some(known) = names::errno_name(number).and_then(Errno::named)
        {
            return known;
        }
        let index = usize::try_from(number).ok().and_then(|n| n.checked_sub(1));
        match index.and_then(|index| FIRST.get(index)) {
            Some(_) if number == 11 => eleventh(system),
            Some(errno) => *errno,
            None => {
                let known = further(system).iter().find(|(n, _)| *n == number);
                known.map_or(Errno(Kind::Number(number)), |(_, errno)| *errno)
            }
        }
    }

    /// The error that an agent on the given system reports: by name, or by its number there. `None` if it is neither.
    pub fn from_text(text: &str, system: System) -> Option<Errno> {
        if let Ok(number) = text.parse() {
            return Some(Errno::from_number_on(number, system));
        }
        Errno::named(text)
    }

    /// The error of this name; `None` if it cannot be a name.
    pub fn named(name: &str) -> Option<Errno> {
        let name = if name == "EWOULDBLOCK" { "EAGAIN" } else { name };
        if let Some((_, known)) = Name::ALL.iter().find(|(text, _)| *text == name) {
            return Some(Errno(Kind::Named(*known)));
        }
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let mut kept = [0; LONGEST];
        kept.get_mut(..name.len()).filter(|_| is_name)?.copy_from_slice(name.as_bytes());
        Some(Errno(Kind::Unlisted(kept)))
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Named(name) => {
                let found = Name::ALL.iter().find(|(_, known)| *known == name);
                f.write_str(found.map_or("?", |(text, _)| text))
            }
            Kind::Number(number) => number.fmt(f),
            Kind::Unlisted(name) => {
                let name = std::str::from_utf8(&name).unwrap_or_default();
                f.write_str(name.trim_end_matches('\0'))
            }
        }
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(os: &str, arch: &str, numbers: &[(i32, &str)]) {
        let system = System::from_names(os, arch).expect("a known system");
        for (number, name) in numbers {
            let errno = Errno::from_text(&number.to_string(), system).expect("a number");
            assert_eq!(errno.to_string(), *name, "{os} {arch} {number}");
            assert_eq!(Errno::from_text(name, system), Some(errno), "{os} {arch} {name}");
        }
    }

    #[test]
    fn one_name_many_numbers() {
        on("linux", "x86_64", &[(10, "ECHILD"), (11, "EAGAIN"), (35, "EDEADLK"), (38, "ENOSYS")]);
        on("linux", "mips", &[(10, "ECHILD"), (11, "EAGAIN"), (89, "ENOSYS"), (38, "38")]);
        on("linux", "alpha", &[(11, "EDEADLK"), (35, "EAGAIN"), (78, "ENOSYS")]);
        on("linux", "sparc64", &[(11, "EAGAIN"), (90, "ENOSYS")]);
        on("linux", "parisc64", &[(22, "EINVAL"), (251, "ENOSYS")]);
        on("illumos", "i86pc", &[(11, "EAGAIN"), (89, "ENOSYS")]);
        for os in ["freebsd", "netbsd", "openbsd", "dragonfly", "macos"] {
            on(os, "amd64", &[(3, "ESRCH"), (4, "EINTR"), (11, "EDEADLK"), (14, "EFAULT"), (35, "EAGAIN")]);
        }
    }

    #[test]
    fn what_has_no_name_here_is_kept() {
        let text = |text: &str| Errno::from_text(text, System::HOST).map(|errno| errno.to_string());
        assert_eq!(text("ENOTRECOVERABLE").as_deref(), Some("ENOTRECOVERABLE"));
        assert_eq!(text("123456").as_deref(), Some("123456"));
        assert_eq!(text("-7").as_deref(), Some("-7"));
        assert_eq!(text("EWOULDBLOCK").as_deref(), Some("EAGAIN"));
        assert_ne!(Errno::named("EDOOFUS"), Errno::named("ENOTCAPABLE"));
        for bad in ["", "E\n", "a name of no error", "ELONGERTHANANYNAME"] {
            assert_eq!(text(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn the_table_of_this_system_is_that_of_its_c_library() {
        for (number, errno) in (1..=34).map(|n| (n, FIRST[n as usize - 1])).filter(|(n, _)| *n != 11) {
            if let Some(known) = names::errno(&errno.to_string()) {
                assert_eq!(known, number, "{errno}");
            }
        }
        for (number, errno) in further(System::HOST).iter().chain([&(11, eleventh(System::HOST))]) {
            if let Some(known) = names::errno(&errno.to_string()) {
                assert_eq!(known, *number, "{errno}");
            }
        }
    }
}
