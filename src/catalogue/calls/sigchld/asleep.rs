//! Whatever becomes of SIGCHLD, a change of a child ends the call that sleeps: no wait is built on the delivery of a signal.

use crate::scenario::{Scenario, Step};
use crate::spec::cited::Cited;
use crate::spec::{pairs, posix};
use crate::trial::cases;
use crate::trial::{
    Abort, Call, Calls, Change, Child, Disposition, Errno, MaskChange, Needs, Options, Outcome,
    SigactionFlags, Target, Trial,
};
use crate::wait::Signal;

cases! { "sigchld-asleep";

    /// a stop, a continue and an end wake a wait for any child with SIGCHLD ignored, blocked, pending, SA_NOCLDSTOP or SA_NOCLDWAIT
    any_child(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few() => [posix::SIGCHLD_WAKES_REGARDLESS, pairs::STOP_WAKES_WAITER];

    /// they wake a wait by pid
    by_pid(PID; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_TARGET.few() => [posix::SIGCHLD_WAKES_REGARDLESS, pairs::STOP_WAKES_WAITER];

    /// they wake a wait for a group
    by_group(GROUP; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_TARGET.few() => [posix::SIGCHLD_WAKES_REGARDLESS, pairs::STOP_WAKES_WAITER];

    /// they wake a wait through a pidfd
    by_pidfd(PIDFD; NOHANG | UNTRACED | CONTINUED) in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS
        => [posix::SIGCHLD_WAKES_REGARDLESS, pairs::STOP_WAKES_WAITER];

    /// the end of a child wakes a peek, which fails where no zombie is left
    peek(PID; UNTRACED | CONTINUED | NOWAIT) in Calls::taking(Options::NOWAIT) => [posix::SIGCHLD_WAKES_REGARDLESS, pairs::STOP_WAKES_WAITER];

    /// a zombie from before SA_NOCLDWAIT was set can still be reaped, with its status
    nocldwait_earlier_zombie(ANY) in Calls::ENTRIES => [posix::SIGCHLD_NOCLDWAIT_EARLIER_ZOMBIE];
}

/// What becomes of SIGCHLD.
struct Fate {
    action: Disposition,
    flags: SigactionFlags,
    blocked: bool,
}

impl Fate {
    const fn of(action: Disposition, flags: SigactionFlags) -> Fate {
        Fate { action, flags, blocked: false }
    }

    /// Whether a child that ends leaves no zombie.
    fn leaves_none(&self) -> bool {
        self.action == Disposition::Ignore || self.flags.nocldwait
    }
}

/// The blocked ones last: once it is blocked, the signal stays pending.
const FATES: [Fate; 6] = [
    Fate::of(Disposition::Ignore, SigactionFlags::NONE),
    Fate::of(Disposition::Count, SigactionFlags::NOCLDSTOP),
    Fate::of(Disposition::Count, SigactionFlags::NOCLDWAIT),
    Fate::of(Disposition::Count, SigactionFlags::RESTART),
    Fate { blocked: true, ..Fate::of(Disposition::Default, SigactionFlags::NONE) },
    Fate { blocked: true, ..Fate::of(Disposition::Count, SigactionFlags::RESTART) },
];

/// The life of a child for each of them, seen by calls that sleep.
fn lives(
    t: &mut Trial,
    with: Options,
    target: impl Fn(&Child, Option<i64>) -> Target<'_>,
    prepare: impl Fn(&mut Trial, &Child) -> Result<Option<i64>, Abort>,
) -> Outcome {
    let clause = &posix::SIGCHLD_WAKES_REGARDLESS;
    for fate in FATES {
        t.sigaction(Signal::CHLD, fate.action, fate.flags)?;
        if fate.blocked {
            t.sigprocmask(MaskChange::Block, Signal::CHLD)?;
        }
        let child = t.spawn(Scenario::held())?;
        let fd = prepare(t, &child)?;
        let peeks = with.contains(Options::NOWAIT);
        if !peeks {
            let seen = t.wait(target(&child, fd), Options::NOHANG)?;
            t.expect(clause).nothing_ready(&seen)?;
        }
        for (signal, options, change) in [
            (Signal::STOP, Options::UNTRACED, Change::Stopped(Signal::STOP)),
            (Signal::CONT, Options::CONTINUED, Change::Continued),
        ] {
            let pending = t.begin(target(&child, fd), options | with)?;
            t.expect(clause).blocks(&pending)?;
            t.signal(&child, signal)?;
            let seen = t.finish(pending)?;
            // A system whose continues wake nobody is known for that.
            let slept_on = change == Change::Continued && seen.is_hung();
            let which: Cited = if slept_on { (&pairs::STOP_WAKES_WAITER).into() } else { clause.into() };
            t.expect(which).reports(&seen, &child, change)?;
            if peeks {
                let seen = t.wait(target(&child, fd), options)?;
                t.expect(clause).reports(&seen, &child, change)?;
            }
        }
        let pending = t.begin(target(&child, fd), with)?;
        t.expect(clause).blocks(&pending)?;
        t.tell(&child, Step::exit(7))?;
        t.await_ended(&child)?;
        let seen = t.finish(pending)?;
        if fate.leaves_none() {
            t.expect(clause).error(&seen, Errno::CHILD)?;
            continue;
        }
        t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
        if peeks {
            let seen = t.wait(target(&child, fd), Options::NONE)?;
            t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
        }
    }
    Ok(())
}

fn any_child(t: &mut Trial) -> Outcome {
    lives(t, Options::NONE, |_, _| Target::Any, |_, _| Ok(None))
}

fn by_pid(t: &mut Trial) -> Outcome {
    lives(t, Options::NONE, |child, _| Target::Child(child), |_, _| Ok(None))
}

fn by_group(t: &mut Trial) -> Outcome {
    lives(
        t,
        Options::NONE,
        |child, _| Target::Group(child),
        |t, child| {
            t.tell(child, Step::Setpgid { pgid: 0 })?;
            Ok(None)
        },
    )
}

fn by_pidfd(t: &mut Trial) -> Outcome {
    lives(
        t,
        Options::NONE,
        |_, fd| Target::Pidfd(fd.unwrap_or(-1)),
        |t, child| t.pidfd_open(child, false).map(Some),
    )
}

fn peek(t: &mut Trial) -> Outcome {
    lives(t, Options::NOWAIT, |child, _| Target::Child(child), |_, _| Ok(None))
}

fn nocldwait_earlier_zombie(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::NOCLDWAIT)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::SIGCHLD_NOCLDWAIT_EARLIER_ZOMBIE).reaped(&seen, &child, Change::Exited(7))
}
