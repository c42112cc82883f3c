//! Every exit value and every stop signal is reported alike: by any selector, ready, asleep or with WNOHANG, peeked at or
//! not, on any thread, and when stops and continues are asked for at once; so is what becomes of adopted children and of those
//! of other threads.

use super::alike::{Caller, Fate, Way, When, held, lives};
use crate::catalogue::calls::lifecycle::adopted::adopt;
use crate::scenario::Scenario;
use crate::spec::{linux, pairs, posix};
use crate::trial::cases;
use crate::trial::{
    By, Call, Calls, Change, CloneHow, Disposition, Needs, Options, Outcome, SigactionFlags, Trial,
};
use crate::wait::Signal;

cases! { "values";

    /// a wait for any child reports each exit value and stop signal alike, ready or asleep, with WNOHANG or without
    any_child(ANY; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in Calls::WITH_OPTIONS.few()
        => [posix::WAIT_REPORTS_ALIKE, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// so does a wait by pid
    by_pid(PID; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in Calls::WITH_TARGET.few()
        => [posix::WAIT_REPORTS_ALIKE, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// so does a wait for a group
    by_group(GROUP; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in Calls::WITH_TARGET.few()
        => [posix::WAIT_REPORTS_ALIKE, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// so does a wait through a pidfd
    by_pidfd(PIDFD; NOHANG | UNTRACED | CONTINUED | NOWAIT) in Calls::only(&[Call::Waitid]),
        needs Needs::PIDFD_WAITS
        => [linux::PIDFD_REPORTS_ALIKE, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// so does a wait of a thread, for any child, by group, and for the caller's own group
    on_a_thread(ANY | GROUP; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in Calls::WITH_TARGET.few(),
        needs Needs::THREADS
        => [posix::WAIT_REPORTS_ALIKE, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// so does a wait of a thread through a pidfd
    pidfd_on_a_thread(PIDFD; NOHANG | UNTRACED | CONTINUED | NOWAIT) in Calls::only(&[Call::Waitid]),
        needs Needs::PIDFD_WAITS
        => [linux::PIDFD_REPORTS_ALIKE, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// a child that another thread made is reported alike
    of_a_thread(ANY; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in Calls::WITH_OPTIONS.few(),
        needs Needs::THREADS
        => [posix::WAIT_REPORTS_ALIKE, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// a child with another exit signal is reported alike with __WALL, and as SIGCHLD in the siginfo
    other_exit_signal(ANY; NOHANG | UNTRACED | CONTINUED | NOWAIT | ALL; adapting) in Calls::WITH_OPTIONS.few()
        => [linux::CLONE_WALL_FINDS_ALL, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// an adopted child is reported alike
    adopted(ANY | PID; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in Calls::WITH_TARGET.few() => [
        linux::SUBREAPER_ORDINARY_CHILD,
        pairs::STOP_WAKES_WAITER,
        posix::WAITID_SI_UID,
        posix::WAITID_SI_SIGNO,
    ];
}

const fn fate(when: When, stop: Signal, end: Change, peeks: bool) -> Fate {
    Fate { when, stop, end, peeks, both: true }
}

/// Exit values with the eighth bit, stop signals other than SIGSTOP, deaths of a live child by an ordinary signal.
const FATES: [Fate; 6] = [
    fate(When::Ready, Signal::TSTP, Change::Exited(200), true),
    fate(When::Asleep, Signal::TTIN, Change::Exited(129), false),
    fate(When::NoHang, Signal::TTOU, Change::Exited(255), false),
    fate(When::Asleep, Signal::TTOU, Change::Killed(Signal::USR2, false), true),
    fate(When::Ready, Signal::TTIN, Change::Killed(Signal::TERM, false), false),
    fate(When::NoHang, Signal::TSTP, Change::Killed(Signal::ALRM, false), true),
];

/// These, and a death by a real-time signal where there are any.
fn fates(t: &Trial) -> Vec<Fate> {
    let real_time = Signal::realtime_on(t.system()).nth(5);
    let deaths =
        real_time.map(|signal| fate(When::NoHang, Signal::STOP, Change::Killed(signal, false), true));
    FATES.into_iter().chain(deaths).collect()
}

fn any_child(t: &mut Trial) -> Outcome {
    let fates = fates(t);
    lives(t, &Caller::ANY, &fates, held)
}

fn by_pid(t: &mut Trial) -> Outcome {
    let fates = fates(t);
    lives(t, &Caller::by(Way::Pid), &fates, held)
}

fn by_group(t: &mut Trial) -> Outcome {
    let fates = fates(t);
    lives(t, &Caller::by(Way::Group), &fates, held)
}

fn by_pidfd(t: &mut Trial) -> Outcome {
    let fates = fates(t);
    lives(t, &Caller { clause: &linux::PIDFD_REPORTS_ALIKE, ..Caller::by(Way::Pidfd) }, &fates, held)
}

fn on_a_thread(t: &mut Trial) -> Outcome {
    for way in [Way::Any, Way::Group, Way::OwnGroup] {
        lives(t, &Caller { thread: 1, ..Caller::by(way) }, &FATES[..3], held)?;
    }
    Ok(())
}

fn pidfd_on_a_thread(t: &mut Trial) -> Outcome {
    let caller = Caller { thread: 1, clause: &linux::PIDFD_REPORTS_ALIKE, ..Caller::by(Way::Pidfd) };
    lives(t, &caller, &FATES[..4], held)
}

fn of_a_thread(t: &mut Trial) -> Outcome {
    lives(t, &Caller::ANY, &FATES[..4], |t| t.spawn_on(1, Scenario::held()))
}

fn other_exit_signal(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::USR1, Disposition::Count, SigactionFlags::RESTART)?;
    let caller = Caller { with: Options::ALL, clause: &linux::CLONE_WALL_FINDS_ALL, ..Caller::ANY };
    let clone = By::Clone(CloneHow::signalling(Some(Signal::USR1)));
    lives(t, &caller, &FATES[..4], |t| t.spawn_by(&clone, Scenario::held()).map(|(child, _)| child))
}

fn adopted(t: &mut Trial) -> Outcome {
    t.subreaper(true)?;
    for way in [Way::Any, Way::Pid] {
        let caller = Caller { clause: &linux::SUBREAPER_ORDINARY_CHILD, ..Caller::by(way) };
        lives(t, &caller, &FATES[..4], |t| adopt(t, &linux::SUBREAPER_ORDINARY_CHILD, |_, _| Ok(())))?;
    }
    Ok(())
}
