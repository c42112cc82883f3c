//! Where a system is known to deviate from a MUST: the clause, exactly what is observed, and the source.
//!
//! A match is reported as `deviates`; anything else fails. The cases and the oracle read the same table.

use super::clause::{Clause, Profile};
pub use super::deviation::{Deviation, Place, Release, is_compat, release, release_of};
use super::got::Got;
use super::{dragonfly, freebsd, linux, netbsd, posix};
use crate::protocol::Change;
use crate::wait::{Signal, errno::Errno};

const fn known(
    profile: Profile,
    clause: &'static Clause,
    matches: fn(&Got) -> bool,
    observed: &'static str,
    source: &'static str,
) -> Deviation {
    Deviation {
        profile,
        clause,
        until: None,
        compat: false,
        everywhere: false,
        matches,
        observed,
        source,
        shown: false,
    }
}

/// Only the low eight bits of the value passed to `exit` are reported.
fn low_eight_bits(got: &Got) -> bool {
    matches!(got, Got::ExitValue { passed, reported } if *reported == i64::from(passed & 0xff))
}

/// The word of a continue also reads as a death by signal.
fn signaled_and_continued(got: &Got) -> bool {
    let both =
        Got::Predicates { of_continue: true, exited: false, signaled: true, stopped: false, continued: true };
    *got == both
}

/// The user time reported as a child's own includes that of its children.
fn includes_children(got: &Got) -> bool {
    matches!(got, Got::UserTimes { own, children } if own >= children && *children > 0)
}

/// A time from `times` is one clock tick less than rounding to whole ticks allows.
fn a_tick_short(got: &Got) -> bool {
    matches!(got, Got::Ticks { us, usage_us, tick_us } if us + tick_us < *usage_us && us + 2 * tick_us >= *usage_us)
}

/// A death with a core dump is reported as one by the same signal without.
fn without_core(got: &Got) -> bool {
    match got {
        Got::Reported {
            change: Change::Killed(reported, false),
            wanted: Some(Change::Killed(signal, true)),
        } => reported == signal,
        _ => false,
    }
}

/// `si_uid` is the effective user.
fn effective_user(got: &Got) -> bool {
    matches!(got, Got::Uid { reported, effective } if reported == effective)
}

/// `si_pid` of a continue is the sender of the signal, if known, and in any case not the child.
fn continue_of_its_sender(got: &Got) -> bool {
    match got {
        Got::Pid { reported, sender } => reported == sender,
        Got::OfAnother(change) => *change == Change::Continued,
        _ => false,
    }
}

/// No child matches.
fn no_child(got: &Got) -> bool {
    matches!(got, Got::Error(Errno::CHILD))
}

/// No signal.
fn no_signal(got: &Got) -> bool {
    matches!(got, Got::Signal(Signal::NONE))
}

/// A siginfo is filled in although nothing is reported.
fn of_live_child(got: &Got) -> bool {
    matches!(got, Got::Signal(Signal::CHLD) | Got::Number(1..))
}

/// The source, where both calls deviate.
const NO_CHILDREN: &str = "NetBSD PR standards/51606: WNOHANG without children returned 0";
const BARE_CODE: &str = "DragonFly sys/kern/kern_exit.c, kern_wait: the siginfo of a stop or a continue is zeroed but for si_code and si_status";
const NO_QUEUE: &str = "DragonFly sys/kern/kern_exit.c, kern_wait: no signal of the caller is touched";
const LOST_CONTINUE: &str = "measured on NetBSD 10.99.12: a continue does not wake a waiter that asks for it, and is lost; \
    sys/kern/kern_sig.c";

/// The table.
pub static ALL: &[Deviation] = &[
    known(
        Profile::Linux,
        &posix::SIGCHLD_PENDING_CLEARED,
        |got| matches!(got, Got::Pending(Signal::CHLD)),
        "pending",
        "measured on Linux 6.18: a wait leaves the pending SIGCHLD",
    ),
    known(
        Profile::Linux,
        &posix::WAITID_FULL_EXIT_VALUE,
        low_eight_bits,
        "the low eight bits",
        "_exit(2): only the low eight bits of the value are kept",
    ),
    known(
        Profile::Linux,
        &posix::WAITPID_ECHILD_AFTER_SETPGID,
        |got| matches!(got, Got::Asleep),
        "still blocked",
        "measured on Linux 6.18: the exit of a child that has left the process group does not wake a waiter on that group",
    ),
    Deviation {
        until: Some((5, 17)),
        ..known(
            Profile::Linux,
            &linux::THREADS_PEEK_GROUP_CODE,
            |got| matches!(got, Got::Reported { change: Change::Exited(5), .. }),
            "exited 5",
            "Linux 907c311f37ba (5.17): until then a peek reported the exit value of the initial thread",
        )
    },
    known(
        Profile::Linux,
        &linux::CLONE_EXIT_SIGNAL_SENT,
        |got| matches!(got, Got::ExitValue { reported: 0, .. }),
        "si_status 0",
        "measured on Linux 6.18: the fields copied to a 32-bit siginfo depend on the signal, not on si_code",
    )
    .compat(),
    known(
        Profile::Linux,
        &posix::RUSAGE_TIMES_AGREE,
        a_tick_short,
        "one clock tick less",
        "measured on Linux 6.18: times converts ticks twice for a 32-bit program",
    )
    .compat(),
    known(
        Profile::NetBsd,
        &posix::WAITPID_NOHANG_ECHILD,
        |got| matches!(got, Got::Nothing),
        "0, nothing to report",
        NO_CHILDREN,
    ),
    known(
        Profile::NetBsd,
        &posix::WAITID_NOHANG_ECHILD,
        |got| matches!(got, Got::Nothing),
        "0, nothing to report",
        NO_CHILDREN,
    ),
    known(
        Profile::NetBsd,
        &posix::WAITPID_STOP_WAKES_WAITER,
        |got| matches!(got, Got::SleptThrough(Change::Continued)),
        "still blocked after a continue",
        LOST_CONTINUE,
    )
    .everywhere(),
    known(
        Profile::NetBsd,
        &posix::WAITID_BLOCKS_UNTIL_EVENT,
        |got| matches!(got, Got::SleptThrough(Change::Continued)),
        "still blocked after a continue",
        LOST_CONTINUE,
    ),
    known(
        Profile::NetBsd,
        &posix::SIGCHLD_NOCLDSTOP_SILENT,
        |got| matches!(got, Got::Number(1)),
        "one SIGCHLD, for the continue",
        "measured on NetBSD 10.99.12: SA_NOCLDSTOP does not concern continues",
    ),
    known(
        Profile::NetBsd,
        &posix::SIGCHLD_IGNORED_BY_PID,
        |got| matches!(got, Got::Asleep),
        "still blocked while another child lives",
        "measured on NetBSD 10.99.12: with SIGCHLD ignored a wait for one child sleeps until the last one has exited",
    ),
    known(
        Profile::NetBsd,
        &netbsd::WAIT6_USAGE_SPLIT,
        includes_children,
        "its children's time in its own",
        "NetBSD sys/kern/kern_exit.c, proc_free: the usage of the children is added to that of the process first",
    ),
    known(
        Profile::NetBsd,
        &netbsd::WAITID_NOHANG_ZEROES,
        of_live_child,
        "the siginfo of a live child",
        "NetBSD sys/kern/kern_exit.c, match_process: wait6 fills the siginfo of every child that it looks at",
    ),
    known(
        Profile::NetBsd,
        &posix::WAITID_EINVAL_IDTYPE,
        no_child,
        "ECHILD",
        "NetBSD sys/kern/kern_exit.c, match_process: an unknown idtype matches no child",
    ),
    known(
        Profile::NetBsd,
        &posix::SIGCHLD_PENDING_CLEARED,
        |got| matches!(got, Got::Pending(Signal::CHLD)),
        "pending",
        "measured on NetBSD 10.99.12: a wait leaves the pending SIGCHLD",
    ),
    known(
        Profile::NetBsd,
        &posix::STATUS_STOPPED_BY_TCSETPGRP,
        |got| matches!(got, Got::SleptThrough(Change::Stopped(Signal::TTOU))),
        "no SIGTTOU",
        "measured on NetBSD 10.99.12: tcsetpgrp from a background group raises no SIGTTOU",
    ),
    known(
        Profile::NetBsd,
        &posix::WAITID_SI_UID,
        effective_user,
        "effective uid",
        "NetBSD sys/kern/kern_exit.c, match_process: si_uid is the effective user ID",
    ),
    known(
        Profile::NetBsd,
        &posix::WAIT_CANCELLATION_POINT,
        |got| matches!(got, Got::Error(Errno::INTR)),
        "EINTR",
        "NetBSD lib/libpthread/pthread_cancelstub.c: nothing there for wait6, which waitid calls",
    ),
    known(
        Profile::NetBsd,
        &posix::WAIT_FINDS_AMONG_ALL,
        |got| {
            matches!(got, Got::Nothing | Got::Asleep | Got::SleptThrough(Change::Stopped(_)))
                || of_live_child(got)
        },
        "a stopped child is not found after a continue was reported",
        "NetBSD sys/kern/kern_exit.c, match_process, find_stopped_child: a continue that is reported is subtracted from \
         p_nstopchild, to which sys/kern/kern_sig.c, kpsignal2 did not add it, and the search ends where that is 0",
    ),
    known(
        Profile::FreeBsd,
        &freebsd::WAIT6_USAGE_SPLIT,
        includes_children,
        "its children's time in its own",
        "FreeBSD sys/kern/kern_exit.c, exit1: the usage of the children is added to that of the process",
    ),
    known(
        Profile::FreeBsd,
        &posix::WAITID_EINVAL_IDTYPE,
        no_child,
        "ECHILD",
        "FreeBSD sys/kern/kern_exit.c, proc_to_reap: an unknown idtype matches no child",
    ),
    known(
        Profile::FreeBsd,
        &freebsd::PDFORK_NOT_BY_GROUP,
        |got| matches!(got, Got::Reported { wanted: None, .. }),
        "the child",
        "FreeBSD sys/kern/kern_exit.c, proc_to_reap: only P_ALL skips a child that has a process descriptor",
    ),
    known(
        Profile::FreeBsd,
        &freebsd::WAITID_UNIMPLEMENTED_IDTYPE,
        no_child,
        "ECHILD",
        "FreeBSD sys/kern/kern_exit.c, proc_to_reap: an idtype that is not implemented matches no child",
    ),
    known(
        Profile::FreeBsd,
        &freebsd::WAITID_NOHANG_ZEROES,
        of_live_child,
        "the siginfo of a live child",
        "FreeBSD sys/kern/kern_exit.c, proc_to_reap: wait6 fills the siginfo of every child that it looks at",
    ),
    known(
        Profile::FreeBsd,
        &posix::WAITID_SI_UID,
        effective_user,
        "effective uid",
        "FreeBSD sys/kern/kern_exit.c, proc_to_reap: si_uid is the effective user ID",
    ),
    known(
        Profile::OpenBsd,
        &posix::WAITID_SI_UID,
        effective_user,
        "effective uid",
        "OpenBSD waitid(2): si_uid is the effective user ID",
    ),
    known(
        Profile::DragonFly,
        &posix::WAITID_EINVAL_IDTYPE,
        no_child,
        "ECHILD",
        "DragonFly sys/kern/kern_exit.c, kern_wait: an unknown idtype matches no child",
    ),
    known(
        Profile::DragonFly,
        &dragonfly::WAITID_UNIMPLEMENTED_IDTYPE,
        no_child,
        "ECHILD",
        "DragonFly sys/kern/kern_exit.c, kern_wait: an idtype that is not implemented matches no child",
    ),
    known(
        Profile::DragonFly,
        &dragonfly::WAITID_P_JAILID,
        |got| matches!(got, Got::Reported { .. }),
        "a child that is in no jail",
        "DragonFly sys/kern/kern_exit.c, kern_wait: a process without a jail matches every jail ID",
    ),
    known(
        Profile::DragonFly,
        &posix::WAITID_SI_PID,
        |got| matches!(got, Got::Number(0) | Got::Nameless(_)),
        "0 for a stop or a continue",
        BARE_CODE,
    )
    .everywhere(),
    known(Profile::DragonFly, &posix::WAITID_SI_SIGNO, no_signal, "0 for a stop or a continue", BARE_CODE),
    known(
        Profile::DragonFly,
        &posix::WAITID_STOPPED,
        no_signal,
        "si_status 0",
        "DragonFly sys/kern/kern_exit.c, kern_wait: si_status is WSTOPSIG of a signal number, which is 0",
    ),
    known(
        Profile::DragonFly,
        &posix::WAITID_CONTINUED,
        no_signal,
        "si_status 0",
        "DragonFly sys/kern/kern_exit.c, kern_wait: si_status is WSTOPSIG of a signal number, which is 0",
    ),
    known(
        Profile::DragonFly,
        &posix::WAITID_CONTINUED_PID,
        |got| matches!(got, Got::Pid { reported: 0, .. }),
        "0",
        BARE_CODE,
    ),
    known(
        Profile::DragonFly,
        &posix::SIGCHLD_PENDING_CLEARED,
        |got| matches!(got, Got::Pending(Signal::CHLD)),
        "pending",
        NO_QUEUE,
    ),
    known(
        Profile::DragonFly,
        &dragonfly::SIGCHLD_QUEUED_PER_CHILD,
        |got| matches!(got, Got::Pending(Signal::CHLD)),
        "pending after the last child was reaped",
        NO_QUEUE,
    ),
    known(
        Profile::DragonFly,
        &posix::WAIT_CANCELLATION_POINT,
        |got| matches!(got, Got::Asleep),
        "still blocked",
        "DragonFly lib/libthread_xu/thread/thr_syscalls.c: nothing there for wait6, which waitid calls; \
         pthread_cancel sends a signal only to a thread at a cancellation point",
    ),
    known(
        Profile::DragonFly,
        &posix::WAITID_SI_UID,
        |got| effective_user(got) || matches!(got, Got::Uid { reported: 0, .. }),
        "effective uid, and 0 for a stop or a continue",
        "DragonFly sys/kern/kern_exit.c, kern_wait: only the siginfo of a termination has an si_uid, the effective user ID",
    ),
    known(
        Profile::DragonFly,
        &posix::STATUS_ONE_PREDICATE,
        signaled_and_continued,
        "signaled and continued",
        "DragonFly <sys/wait.h>: 0x13 is both WIFSIGNALED and WIFCONTINUED",
    ),
    known(
        Profile::DragonFly,
        &posix::STATUS_EVERY_WORD,
        signaled_and_continued,
        "signaled and continued",
        "DragonFly <sys/wait.h>: 0x13 is both WIFSIGNALED and WIFCONTINUED",
    ),
    known(
        Profile::DragonFly,
        &posix::WAITID_FULL_EXIT_VALUE,
        low_eight_bits,
        "the low eight bits",
        "DragonFly wait(2): exit codes are limited to 0 to 255",
    ),
    known(
        Profile::DragonFly,
        &posix::WAITID_DUMPED,
        without_core,
        "CLD_KILLED",
        "DragonFly wait(2): CLD_DUMPED is not implemented",
    ),
    known(
        Profile::MacOs,
        &posix::WAITID_CONTINUED_PID,
        continue_of_its_sender,
        "the pid of the process that sent SIGCONT",
        "XNU bsd/kern/kern_exit.c, waitid_nocancel: si_pid of a continue is p_contproc",
    )
    .everywhere(),
    known(
        Profile::MacOs,
        &posix::WAITID_CONTINUED,
        |got| matches!(got, Got::Signal(Signal::STOP)),
        "last stop signal",
        "XNU bsd/kern/kern_exit.c: si_status of a continue is the signal of the stop",
    ),
    known(
        Profile::MacOs,
        &posix::WAITID_NOWAIT_PEEK_EQUALS_REAP,
        |got| matches!(got, Got::ExitValue { passed, reported } if *reported == i64::from(passed & 0xff_ffff)),
        "the low 24 bits in every look but the first",
        "XNU bsd/kern/kern_exit.c: p_xhighbits is cleared by the first waitid, WNOWAIT or not",
    ),
    known(
        Profile::MacOs,
        &posix::WAITID_NOHANG_ZEROES,
        |got| matches!(got, Got::Untouched),
        "untouched",
        "XNU bsd/kern/kern_exit.c: waitid copies nothing out when nothing is reported",
    ),
    known(
        Profile::MacOs,
        &posix::WAITID_SI_UID,
        |got| matches!(got, Got::NotSet | Got::Uid { reported: 0, .. }),
        "not set",
        "XNU bsd/kern/kern_exit.c: waitid does not fill si_uid",
    ),
    known(
        Profile::MacOs,
        &posix::WAITID_EINVAL_IDTYPE,
        |got| matches!(got, Got::Nothing | Got::Reported { .. }),
        "accepted",
        "XNU bsd/kern/kern_exit.c: an unknown idtype is not refused",
    ),
    known(
        Profile::MacOs,
        &posix::WAITID_EXITED_ONLY,
        |got| matches!(got, Got::Reported { change: Change::Stopped(_), wanted: None }),
        "CLD_STOPPED",
        "dotnet/runtime#131944: with WEXITED, WNOHANG and WNOWAIT macOS 26 reports a stopped child",
    )
    .shown(),
    known(
        Profile::MacOs,
        &posix::SIGCHLD_PENDING_CLEARED,
        |got| matches!(got, Got::Pending(Signal::CHLD)),
        "pending",
        "XNU bsd/kern/kern_exit.c: cleared only if the child had no siblings",
    ),
];

/// The known deviation of that system, in that release, from that clause with that observation. If the release is not
/// known, only deviations of all releases are excused.
pub fn find(place: impl Into<Place>, clause: &Clause, got: &Got) -> Option<&'static Deviation> {
    let place = place.into();
    let concerns = |d: &Deviation| {
        let before = d.until.is_none_or(|until| place.release.is_some_and(|release| release < until));
        d.profile == place.profile && before && (place.compat || !d.compat)
    };
    ALL.iter().find(|d| concerns(d) && d.is_from(clause) && (d.matches)(got))
}
