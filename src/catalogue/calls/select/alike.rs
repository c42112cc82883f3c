//! What is reported for a child does not depend on how a call finds it: by any selector, ready, asleep or with WNOHANG, with
//! or without a peek, on any thread; nor on how the child was created and what it has become since.

use crate::catalogue::calls::lifecycle::reparenting::spawn_pidns_init;
use crate::catalogue::calls::ptrace::third_party;
use crate::catalogue::calls::rusage::bounds::field_within;
use crate::catalogue::calls::waitid::siginfo::{LARGE_UID, OTHER_USER};
use crate::scenario::{Scenario, Step};
use crate::spec::{Clause, Profile, linux, pairs, posix};
use crate::trial::cases;
use crate::trial::{
    Abort, By, Call, Calls, Change, Child, CloneHow, Need, Needs, Options, Outcome, Pointer, Seen, Target,
    Trial, WaitRequest,
};
use crate::wait::Signal;

/// The calls that can wait for stops and continues.
const EVERY: Calls = Calls::WITH_OPTIONS.few();

cases! { "alike";

    /// a wait for any child reports stop, continue, exit and death the same whether ready or asleep, with or without WNOHANG
    any_child(ANY; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in EVERY
        => [posix::WAIT_REPORTS_ALIKE, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// a wait by pid reports stop, continue, exit and death the same whether ready or asleep, with or without WNOHANG
    by_pid(PID; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in Calls::WITH_TARGET.few()
        => [posix::WAIT_REPORTS_ALIKE, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// a wait for a group reports stop, continue, exit and death the same whether ready or asleep, with or without WNOHANG
    by_group(GROUP; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in Calls::WITH_TARGET
        => [posix::WAIT_REPORTS_ALIKE, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// a wait for the caller's own group reports stop, continue, exit and death the same in every situation
    own_group(GROUP; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in Calls::WITH_TARGET
        => [posix::WAIT_REPORTS_ALIKE, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// a wait through a pidfd reports stop, continue, exit and death the same in every situation
    by_pidfd(PIDFD; NOHANG | UNTRACED | CONTINUED | NOWAIT) in Calls::only(&[Call::Waitid]),
        needs Needs::PIDFD_WAITS
        => [linux::PIDFD_REPORTS_ALIKE, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// a wait on a thread other than the child's creator reports stop, continue, exit and death the same in every situation
    on_a_thread(PID; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in Calls::WITH_TARGET.few(),
        needs Needs::THREADS
        => [posix::WAIT_REPORTS_ALIKE, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// a child created by posix_spawn is reported like any other
    posix_spawn(ANY | GROUP; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in EVERY
        => [posix::WAIT_REPORTS_ALIKE, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// a child without an exit signal is reported like any other with __WALL
    without_exit_signal(ANY; NOHANG | UNTRACED | CONTINUED | NOWAIT | ALL; adapting) in EVERY
        => [linux::CLONE_WALL_FINDS_ALL, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// with __WNOTHREAD, a thread's own child is reported like any other
    own_with_wnothread(ANY; NOHANG | UNTRACED | CONTINUED | NOWAIT | NOTHREAD; adapting) in EVERY
        => [linux::THREADS_WNOTHREAD_OWN, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// so it is if that thread is not the first
    threads_own_with_wnothread(ANY; NOHANG | UNTRACED | CONTINUED | NOWAIT | NOTHREAD; adapting) in EVERY,
        needs Needs::THREADS
        => [linux::THREADS_WNOTHREAD_OWN, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// a child that has execed is reported like any other
    after_exec(ANY; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in EVERY
        => [posix::WAIT_REPORTS_ALIKE, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// a child that leads its own session is reported like any other
    own_session(ANY; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in EVERY
        => [posix::WAIT_REPORTS_ALIKE, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// a child of another user is reported like any other
    other_user(ANY; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in EVERY, needs Needs::of(&[Need::Root])
        => [posix::WAIT_REPORTS_ALIKE, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// a child with several threads is reported like any other
    several_threads(ANY; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in EVERY
        => [posix::WAIT_REPORTS_ALIKE, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// a child that another process has traced and left is reported like any other
    traced_before(ANY; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in EVERY
        => [linux::PTRACE_DETACHED_ALIKE, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// a child that is init of a PID namespace is reported like any other, as any and by its group
    init_of_pidns(ANY | GROUP; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in Calls::WITH_TARGET.few(),
        needs Needs::of(&[Need::Root])
        => [linux::PIDNS_REPORTS_ALIKE, pairs::STOP_WAKES_WAITER, posix::WAITID_SI_UID, posix::WAITID_SI_SIGNO];

    /// an unreported continue is still reported after the child has execed or created a session
    event_survives(ANY; NOHANG | UNTRACED | CONTINUED) in EVERY => [posix::WAIT_EVENT_SURVIVES_CHANGE];
}

/// How a call selects its child.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    Any,
    Pid,
    Group,
    OwnGroup,
    Pidfd,
}

/// What happens first: the event, or the call.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(crate) enum When {
    Ready,
    Asleep,
    NoHang,
}

/// The caller, and the clause to check.
pub(crate) struct Caller {
    pub(crate) way: Way,
    pub(crate) with: Options,
    pub(crate) thread: u32,
    pub(crate) clause: &'static Clause,
}

impl Caller {
    pub(crate) const ANY: Caller =
        Caller { way: Way::Any, with: Options::NONE, thread: 0, clause: &posix::WAIT_REPORTS_ALIKE };

    pub(crate) const fn by(way: Way) -> Caller {
        Caller { way, ..Caller::ANY }
    }
}

/// A child whose changes are followed.
struct Watched {
    child: Child,
    pidfd: Option<i64>,
    uid: i64,
    /// The page faults that it had at first.
    faults: i64,
}

/// The life of a child: what stops it, how it ends, and how that is seen.
#[derive(Copy, Clone)]
pub(crate) struct Fate {
    pub(crate) when: When,
    pub(crate) stop: Signal,
    pub(crate) end: Change,
    /// Each change is peeked at first, where the call has peeks.
    pub(crate) peeks: bool,
    /// Calls ask for stops and continues at once, and not for the one that comes.
    pub(crate) both: bool,
}

const fn fate(when: When, exits: bool) -> Fate {
    let end = if exits { Change::Exited(7) } else { Change::Killed(Signal::KILL, false) };
    Fate { when, stop: Signal::STOP, end, peeks: exits, both: false }
}

/// Each situation with one kind of termination, then with the other.
const FATES: [Fate; 6] = [
    fate(When::Ready, true),
    fate(When::NoHang, true),
    fate(When::Asleep, false),
    fate(When::Ready, false),
    fate(When::NoHang, false),
    fate(When::Asleep, true),
];

impl Watched {
    fn target<'c>(&'c self, caller: &Caller) -> Target<'c> {
        match (caller.way, self.pidfd) {
            (Way::Any, _) => Target::Any,
            (Way::Group, _) => Target::Group(&self.child),
            (Way::OwnGroup, _) => Target::OwnGroup,
            (Way::Pidfd, Some(fd)) => Target::Pidfd(fd),
            (Way::Pid | Way::Pidfd, _) => Target::Child(&self.child),
        }
    }

    /// The call with these options, and with a usage buffer if the call has one.
    fn request(&self, t: &Trial, caller: &Caller, options: Options) -> WaitRequest {
        let mut request = t.ask(self.target(caller), options);
        request.thread = caller.thread;
        if has_usage(t) {
            request.rusage = Pointer::Buffer;
        }
        request
    }

    /// The call reported that change, with all its details.
    fn reported(&self, t: &mut Trial, caller: &Caller, seen: &Seen, change: Change, reaps: bool) -> Outcome {
        if reaps {
            t.expect(caller.clause).reaped(seen, &self.child, change)?;
        } else {
            t.expect(caller.clause).reports(seen, &self.child, change)?;
        }
        if Calls::WITH_INFO.has(t.call()) {
            let fields = seen.fields();
            t.expect(&posix::WAITID_SI_UID).user(seen, self.uid, self.uid)?;
            t.expect(&posix::WAITID_SI_SIGNO).field(seen, "si_signo", fields.signo, Signal::CHLD)?;
        }
        if has_usage(t) && linux::RUSAGE_EVERY_REPORT.applies_to(t.profile()) {
            let faults: (&str, fn(&crate::sys::call::abi::Usage) -> Option<i64>) =
                ("ru_minflt", |u| u.minflt);
            field_within(t, caller.clause, seen, faults, (self.faults, i64::MAX))?;
        }
        Ok(())
    }
}

/// Whether the trial's call has a usage argument of its own.
fn has_usage(t: &Trial) -> bool {
    Calls::only(&[Call::Wait3, Call::Wait4]).has(t.call())
}

/// Triggers the change.
pub(crate) fn cause(t: &mut Trial, child: &Child, change: Change) -> Outcome {
    match change {
        Change::Stopped(signal) | Change::Killed(signal, _) => t.signal(child, signal),
        Change::Continued => t.signal(child, Signal::CONT),
        Change::Exited(code) => t.tell(child, Step::exit(code)),
        _ => Err(Abort::Broken("no such change of a child is caused here".into())),
    }
}

/// Waits until it has happened.
pub(crate) fn settle(t: &mut Trial, child: &Child, change: Change) -> Outcome {
    match change {
        Change::Stopped(_) => t.await_stopped(child),
        // It takes effect as soon as the signal is sent.
        Change::Continued => Ok(()),
        _ => t.await_zombie(child),
    }
}

/// One change of a child, reported by the call; first by a peek, if the call has them and `peeks` is set.
fn seen_once(t: &mut Trial, caller: &Caller, watched: &Watched, fate: &Fate, change: Change) -> Outcome {
    let Fate { when, peeks, .. } = *fate;
    let event = match change {
        _ if fate.both => Options::UNTRACED | Options::CONTINUED,
        Change::Stopped(_) => Options::UNTRACED,
        Change::Continued => Options::CONTINUED,
        _ => Options::NONE,
    };
    let nohang = if when == When::NoHang { Options::NOHANG } else { Options::NONE };
    let options = event | caller.with | nohang;
    let peeks = peeks && Calls::taking(Options::NOWAIT).has(t.call());
    let ends = matches!(change, Change::Exited(_) | Change::Killed(..));
    // A peek does not ask for terminations, too.
    let alone = if ends { Options::NONE } else { Options::NOT_EXITED };
    let first = if peeks { options | Options::NOWAIT | alone } else { options };
    let first = watched.request(t, caller, first);
    let seen = if when == When::Asleep {
        let pending = t.begin_request(first)?;
        t.expect(caller.clause).blocks(&pending)?;
        cause(t, &watched.child, change)?;
        let seen = t.finish(pending)?;
        if change == Change::Continued && seen.is_hung() {
            // A system whose continues wake nobody is known for that.
            t.expect(&pairs::STOP_WAKES_WAITER).reports(&seen, &watched.child, change)?;
        }
        seen
    } else {
        if when == When::NoHang {
            let seen = t.perform(first.clone())?;
            t.expect(caller.clause).nothing_ready(&seen)?;
        }
        cause(t, &watched.child, change)?;
        settle(t, &watched.child, change)?;
        t.perform(first)?
    };
    watched.reported(t, caller, &seen, change, ends && !peeks)?;
    if peeks {
        let again = watched.request(t, caller, options);
        let seen = t.perform(again)?;
        watched.reported(t, caller, &seen, change, ends)?;
    }
    Ok(())
}

/// Follows one child for each fate through a stop, a continue and its termination.
pub(crate) fn lives(
    t: &mut Trial,
    caller: &Caller,
    fates: &[Fate],
    make: impl Fn(&mut Trial) -> Result<Child, Abort>,
) -> Outcome {
    for fate in fates {
        let child = make(t)?;
        if caller.way == Way::Group {
            t.tell(&child, Step::Setpgid { pgid: 0 })?;
        }
        let ids = t.tell_for_reply(&child, &Step::Getids)?;
        let mut uid = ids.number("uid").map_err(|e| Abort::Protocol(format!("reply to getids: {e}")))?;
        // To the superuser, a uid that is never stored looks right.
        if uid == 0
            && Calls::WITH_INFO.has(t.call())
            && t.try_tell(&child, Step::Setuid { uid: OTHER_USER })?.is_ok()
        {
            uid = OTHER_USER.into();
        }
        let (own, _) = t.usage_so_far(&child)?;
        let pidfd = if caller.way == Way::Pidfd { Some(t.pidfd_open(&child, false)?) } else { None };
        let watched = Watched { child, pidfd, uid, faults: own.minflt.unwrap_or(0) };
        for change in [Change::Stopped(fate.stop), Change::Continued, fate.end] {
            seen_once(t, caller, &watched, fate, change)?;
        }
    }
    Ok(())
}

pub(crate) fn held(t: &mut Trial) -> Result<Child, Abort> {
    t.spawn(Scenario::held())
}

fn any_child(t: &mut Trial) -> Outcome {
    lives(t, &Caller::ANY, &FATES, held)
}

fn by_pid(t: &mut Trial) -> Outcome {
    lives(t, &Caller::by(Way::Pid), &FATES, held)
}

fn by_group(t: &mut Trial) -> Outcome {
    lives(t, &Caller::by(Way::Group), &FATES, held)
}

fn own_group(t: &mut Trial) -> Outcome {
    lives(t, &Caller::by(Way::OwnGroup), &FATES, held)
}

fn by_pidfd(t: &mut Trial) -> Outcome {
    lives(t, &Caller { clause: &linux::PIDFD_REPORTS_ALIKE, ..Caller::by(Way::Pidfd) }, &FATES, held)
}

fn on_a_thread(t: &mut Trial) -> Outcome {
    lives(t, &Caller { thread: 1, ..Caller::by(Way::Pid) }, &FATES[..3], held)
}

fn posix_spawn(t: &mut Trial) -> Outcome {
    let spawned = |t: &mut Trial| t.spawn_by(&By::PosixSpawn, Scenario::held()).map(|(child, _)| child);
    lives(t, &Caller::ANY, &FATES[..3], spawned)?;
    if Calls::WITH_TARGET.has(t.call()) {
        lives(t, &Caller::by(Way::Group), &FATES[..3], spawned)?;
    }
    Ok(())
}

fn without_exit_signal(t: &mut Trial) -> Outcome {
    let caller = Caller { with: Options::ALL, clause: &linux::CLONE_WALL_FINDS_ALL, ..Caller::ANY };
    let clone = By::Clone(CloneHow::signalling(None));
    lives(t, &caller, &FATES[..3], |t| t.spawn_by(&clone, Scenario::held()).map(|(child, _)| child))
}

fn own_with_wnothread(t: &mut Trial) -> Outcome {
    let caller = Caller { with: Options::NOTHREAD, clause: &linux::THREADS_WNOTHREAD_OWN, ..Caller::ANY };
    lives(t, &caller, &FATES[..3], held)
}

fn threads_own_with_wnothread(t: &mut Trial) -> Outcome {
    let clause = &linux::THREADS_WNOTHREAD_OWN;
    let caller = Caller { with: Options::NOTHREAD, thread: 1, clause, ..Caller::ANY };
    lives(t, &caller, &FATES, |t| t.spawn_on(1, Scenario::held()))
}

/// Has a child perform the step that changes it.
fn change(t: &mut Trial, child: &Child, step: &Step) -> Outcome {
    t.tell(child, step.clone())?;
    if matches!(step, Step::Exec { .. }) { t.await_image(child) } else { Ok(()) }
}

/// Follows children that have performed that step.
fn lives_after(t: &mut Trial, step: &Step) -> Outcome {
    lives(t, &Caller::ANY, &FATES[..3], |t| {
        let child = held(t)?;
        change(t, &child, step)?;
        Ok(child)
    })
}

fn after_exec(t: &mut Trial) -> Outcome {
    lives_after(t, &Step::Exec { steps: vec![] })
}

fn own_session(t: &mut Trial) -> Outcome {
    lives_after(t, &Step::Setsid)
}

fn other_user(t: &mut Trial) -> Outcome {
    lives_after(t, &Step::Setuid { uid: OTHER_USER })?;
    // Where there are users of more than 16 bits.
    let probe = held(t)?;
    let large = t.try_tell(&probe, Step::Setuid { uid: LARGE_UID })?.is_ok();
    t.tell(&probe, Step::exit(0))?;
    t.await_zombie(&probe)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::WAIT_REPORTS_ALIKE).reports(&seen, &probe, Change::Exited(0))?;
    if large { lives_after(t, &Step::Setuid { uid: LARGE_UID }) } else { Ok(()) }
}

fn several_threads(t: &mut Trial) -> Outcome {
    lives_after(t, &Step::Threads { count: 4 })
}

fn traced_before(t: &mut Trial) -> Outcome {
    if t.profile() != Profile::Linux {
        return Err(Abort::Skip("only Linux is known to report it alike".into()));
    }
    let caller = Caller { clause: &linux::PTRACE_DETACHED_ALIKE, ..Caller::ANY };
    lives(t, &caller, &FATES[..3], third_party::traced_before)
}

fn init_of_pidns(t: &mut Trial) -> Outcome {
    for way in [Way::Any, Way::Group] {
        let caller = Caller { clause: &linux::PIDNS_REPORTS_ALIKE, ..Caller::by(way) };
        lives(t, &caller, &FATES[..3], spawn_pidns_init)?;
    }
    Ok(())
}

fn event_survives(t: &mut Trial) -> Outcome {
    let clause = &posix::WAIT_EVENT_SURVIVES_CHANGE;
    let all = Options::UNTRACED | Options::CONTINUED | Options::NOHANG;
    for step in [Step::Exec { steps: vec![] }, Step::Setsid] {
        let child = held(t)?;
        // An implementation may compare what it finds with what it found before.
        let seen = t.wait(Target::Any, all)?;
        t.expect(clause).nothing_ready(&seen)?;
        t.signal(&child, Signal::STOP)?;
        t.await_stopped(&child)?;
        t.signal(&child, Signal::CONT)?;
        change(t, &child, &step)?;
        let seen = t.wait(Target::Any, all)?;
        t.expect(clause).reports(&seen, &child, Change::Continued)?;
        let seen = t.wait(Target::Any, all)?;
        t.expect(clause).nothing_ready(&seen)?;
        t.tell(&child, Step::exit(7))?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    }
    Ok(())
}
