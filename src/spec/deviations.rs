//! Where a system is known to depart from a MUST: the clause, exactly what is observed, and who says so.
//!
//! A match is reported `deviates`; any other departure fails. The cases and the oracle read the same table.

use super::clause::{Clause, Profile};
use super::{linux, posix};

/// One known departure.
#[derive(Debug)]
pub struct Deviation {
    /// The system that departs.
    pub profile: Profile,
    /// The clause it departs from.
    pub clause: &'static Clause,
    /// The first release of the system that keeps to the clause; `None` while there is none.
    pub until: Option<Release>,
    /// What is observed instead, exactly as an expectation words what it got.
    pub observed: &'static str,
    /// Where it is documented or was measured.
    pub source: &'static str,
}

/// The first two numbers of a system's release, as `uname -r` begins: `(5, 17)`.
pub type Release = (u32, u32);

/// The release of a kernel from its name and its full release, as in `Linux 5.10.0-32-amd64`.
pub fn release(kernel: &str) -> Option<Release> {
    let mut numbers = kernel.split_ascii_whitespace().nth(1)?.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

const fn known(
    profile: Profile,
    clause: &'static Clause,
    observed: &'static str,
    source: &'static str,
) -> Deviation {
    Deviation { profile, clause, until: None, observed, source }
}

/// The table.
pub static ALL: &[Deviation] = &[
    known(
        Profile::Linux,
        &posix::SIGCHLD_PENDING_CLEARED,
        "pending",
        "measured on Linux 6.18: a wait leaves the pending SIGCHLD",
    ),
    known(
        Profile::Linux,
        &posix::WAITID_FULL_EXIT_VALUE,
        "0x5a",
        "_exit(2): only the low eight bits of the value are kept",
    ),
    known(
        Profile::Linux,
        &posix::WAITPID_ECHILD_AFTER_SETPGID,
        "still blocked",
        "measured on Linux 6.18: the end of a child that left the group wakes no waiter of the group",
    ),
    Deviation {
        until: Some((5, 17)),
        ..known(
            Profile::Linux,
            &linux::THREADS_PEEK_GROUP_CODE,
            "exited 5",
            "Linux 907c311f37ba (5.17): until then a peek told what the initial thread had exited with",
        )
    },
    known(
        Profile::NetBsd,
        &posix::WAITPID_NOHANG_ECHILD,
        "0",
        "NetBSD PR standards/51606: WNOHANG without children returned 0",
    ),
    known(
        Profile::NetBsd,
        &posix::WAITID_NOHANG_ECHILD,
        "0",
        "NetBSD PR standards/51606: WNOHANG without children returned 0",
    ),
    known(
        Profile::OpenBsd,
        &posix::WAITID_SI_UID,
        "effective uid",
        "OpenBSD waitid(2): si_uid is the effective user ID",
    ),
    known(
        Profile::DragonFly,
        &posix::STATUS_ONE_PREDICATE,
        "signaled and continued",
        "DragonFly <sys/wait.h>: 0x13 is both WIFSIGNALED and WIFCONTINUED",
    ),
    known(
        Profile::DragonFly,
        &posix::WAITID_FULL_EXIT_VALUE,
        "0x5a",
        "DragonFly wait(2): exit codes are limited to 0 to 255",
    ),
    known(
        Profile::DragonFly,
        &posix::WAITID_DUMPED,
        "CLD_KILLED",
        "DragonFly wait(2): CLD_DUMPED is not implemented",
    ),
    known(
        Profile::MacOs,
        &posix::WAITID_CONTINUED_PID,
        "not the child's pid",
        "XNU bsd/kern/kern_exit.c: si_pid of a continue is p_contproc",
    ),
    known(
        Profile::MacOs,
        &posix::WAITID_CONTINUED,
        "last stop signal",
        "XNU bsd/kern/kern_exit.c: si_status of a continue is the signal of the stop",
    ),
    known(
        Profile::MacOs,
        &posix::WAITID_NOWAIT_PEEK_EQUALS_REAP,
        "0x5a5a5a",
        "XNU bsd/kern/kern_exit.c: p_xhighbits is cleared by the first waitid, WNOWAIT or not",
    ),
    known(
        Profile::MacOs,
        &posix::WAITID_NOHANG_ZEROES,
        "untouched",
        "XNU bsd/kern/kern_exit.c: waitid copies nothing out when nothing is reported",
    ),
    known(
        Profile::MacOs,
        &posix::WAITID_SI_UID,
        "not set",
        "XNU bsd/kern/kern_exit.c: waitid does not fill si_uid",
    ),
    known(
        Profile::MacOs,
        &posix::WAITID_EINVAL_IDTYPE,
        "accepted",
        "XNU bsd/kern/kern_exit.c: an unknown idtype is not refused",
    ),
    known(
        Profile::MacOs,
        &posix::WAITID_EXITED_ONLY,
        "CLD_STOPPED",
        "dotnet/runtime#131944: with WEXITED, WNOHANG and WNOWAIT macOS 26 reports a stopped child",
    ),
    known(
        Profile::MacOs,
        &posix::SIGCHLD_PENDING_CLEARED,
        "pending",
        "XNU bsd/kern/kern_exit.c: cleared only if the child had no siblings",
    ),
];

/// The known departure of that system, in that release of it, from that clause with that observation. Of a release that is not
/// known only what all have is excused.
pub fn find(
    (profile, release): (Profile, Option<Release>),
    clause: &Clause,
    observed: &str,
) -> Option<&'static Deviation> {
    let concerns = |d: &Deviation| d.until.is_none_or(|until| release.is_some_and(|r| r < until));
    ALL.iter()
        .find(|d| d.profile == profile && d.clause.id == clause.id && d.observed == observed && concerns(d))
}
