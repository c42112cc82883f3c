//! A known departure of a system, and the place where it may be observed.

use super::clause::{Book, Clause, Profile};
use super::got::Got;

/// One known deviation: a pattern on what an expectation got.
#[derive(Debug)]
pub struct Deviation {
    /// The system that deviates.
    pub profile: Profile,
    /// The clause it deviates from.
    pub clause: &'static Clause,
    /// The first release of the system that conforms to the clause; `None` while there is none.
    pub until: Option<Release>,
    /// Only 32-bit programs on a 64-bit kernel observe it.
    pub compat: bool,
    /// It is seen wherever a report is expected, whichever clause of the standard is being checked.
    pub everywhere: bool,
    /// Whether this is what is observed instead.
    pub matches: fn(&Got) -> bool,
    /// The same in words.
    pub observed: &'static str,
    /// Where it is documented or was measured.
    pub source: &'static str,
    /// It has been confirmed on that system, whether or not the suite has run there.
    pub shown: bool,
}

impl Deviation {
    pub(super) const fn shown(self) -> Deviation {
        Deviation { shown: true, ..self }
    }

    pub(super) const fn everywhere(self) -> Deviation {
        Deviation { everywhere: true, ..self }
    }

    /// Whether it is a deviation from that clause.
    pub(super) fn is_from(&self, clause: &Clause) -> bool {
        self.clause.id == clause.id || self.everywhere && clause.book() == Book::Posix
    }

    pub(super) const fn compat(self) -> Deviation {
        Deviation { compat: true, ..self }
    }

    /// The system that deviates, in words: `linux before 5.17`.
    pub fn system(&self) -> String {
        let of = if self.compat { ", 32-bit programs on a 64-bit kernel" } else { "" };
        match self.until {
            Some((major, minor)) => format!("{} before {major}.{minor}{of}", self.profile),
            None => format!("{}{of}", self.profile),
        }
    }
}

/// What a subject runs on, as far as it matters for known deviations.
#[derive(Copy, Clone, Debug)]
pub struct Place {
    /// The system.
    pub profile: Profile,
    /// Its release.
    pub release: Option<Release>,
    /// The subject is a 32-bit program on a 64-bit kernel.
    pub compat: bool,
}

impl From<Profile> for Place {
    /// Any release of that system.
    fn from(profile: Profile) -> Place {
        Place { profile, release: None, compat: false }
    }
}

/// Whether a program built for `arch` (Rust's name) is a 32-bit one on a 64-bit kernel, whose machine is `machine` (`uname`'s name).
pub fn is_compat(arch: &str, machine: &str) -> bool {
    let wide = |name: &str| name.contains("64") || name == "s390x";
    !arch.is_empty() && !wide(arch) && wide(machine)
}

/// The first two numbers of a system's release, as `uname -r` begins: `(5, 17)`.
pub type Release = (u32, u32);

/// The release of a kernel from its name and its full release, as in `Linux 5.10.0-32-amd64`.
pub fn release(kernel: &str) -> Option<Release> {
    release_of(kernel.split_ascii_whitespace().nth(1)?)
}

/// The same from the release alone, as in `5.10.0-32-amd64`.
pub fn release_of(text: &str) -> Option<Release> {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}
