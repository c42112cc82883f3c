//! Calls interrupted by a handler without SA_RESTART, for every target and option, but only on the thread that handles the
//! signal.

use crate::scenario::{Scenario, Step};
use crate::spec::{Profile, pairs, posix};
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::{
    Abort, By, Calls, Change, Child, CloneHow, Disposition, Errno, HandlerFlag, MaskChange, Needs, Options,
    Outcome, SigactionFlags, Target, Trial,
};
use crate::wait::Signal;

cases! { "eintr";

    /// a handler interrupts a wait by pid, and the child can still be reaped
    by_pid(PID) in Calls::WITH_TARGET.few() => [pairs::EINTR, pairs::EINTR_KEEPS_CHILD];

    /// a handler interrupts a wait for a group, and the child can still be reaped
    by_group(GROUP) in Calls::WITH_TARGET.few() => [pairs::EINTR, pairs::EINTR_KEEPS_CHILD];

    /// a handler interrupts a wait through a pidfd, and the child can still be reaped
    by_pidfd(PIDFD) in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS
        => [pairs::EINTR, pairs::EINTR_KEEPS_CHILD];

    /// a handler interrupts a wait for stops and continues, and the child can still be reaped
    for_events(ANY; UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few() => [pairs::EINTR, pairs::EINTR_KEEPS_CHILD];

    /// a handler interrupts a peek, and the child can still be reaped
    peek(ANY; NOWAIT) in Calls::taking(Options::NOWAIT) => [pairs::EINTR, pairs::EINTR_KEEPS_CHILD];

    /// a handler interrupts a wait with __WALL, __WCLONE and __WNOTHREAD, and the child can still be reaped
    linux_options(ANY; ALL | CLONE | NOTHREAD) in Calls::taking(Options::NOTHREAD).few()
        => [pairs::EINTR, pairs::EINTR_KEEPS_CHILD];

    /// the handler of every signal interrupts a wait, and with SA_RESTART leaves it asleep
    every_signal(ANY) in Calls::ENTRIES => [pairs::EINTR, pairs::RESTART];

    /// a handler's other flags do not change whether it interrupts a wait: SA_RESETHAND, SA_NODEFER and SA_ONSTACK
    other_flags(ANY) in Calls::ENTRIES.few() => [pairs::EINTR, pairs::RESTART];

    /// the SIGCHLD for the stop of another child interrupts a wait, and so does that for its continue where there is one
    by_stop_of_another(PID) in Calls::WITH_TARGET.few() => [pairs::EINTR, pairs::EINTR_KEEPS_CHILD];

    /// an interrupted wait consumes no stop or continue that it did not ask for, and the next call with WNOHANG reports each
    leaves_events(ANY | PID | GROUP; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in Calls::WITH_TARGET.few()
        => [pairs::EINTR, pairs::EINTR_KEEPS_CHILD];

    /// so it is on a pidfd
    leaves_events_by_pidfd(PIDFD; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in Calls::only(&[Call::Waitid]),
        needs Needs::PIDFD_WAITS => [pairs::EINTR, pairs::EINTR_KEEPS_CHILD];

    /// a handler that runs on another thread does not interrupt a wait
    not_of_another_thread(PID) in Calls::WITH_TARGET.few(), needs Needs::THREADS
        => [posix::WAIT_SIGNAL_OF_OTHER_THREAD];
}

/// A subject that retries interrupted calls hides EINTR.
fn needs_eintr(t: &Trial) -> Outcome {
    if t.retries_eintr() {
        return Err(Abort::Skip("the subject retries interrupted calls".into()));
    }
    Ok(())
}

/// Has a handler interrupt a call; the next call then finds the child, which has exited.
fn interrupt(t: &mut Trial, child: &Child, target: Target<'_>, options: Options) -> Outcome {
    needs_eintr(t)?;
    t.sigaction(Signal::USR1, Disposition::Count, SigactionFlags::NONE)?;
    let pending = t.begin(target, options)?;
    t.expect(&pairs::EINTR).blocks(&pending)?;
    t.signal_agent(Signal::USR1)?;
    let seen = t.finish(pending)?;
    t.expect(&pairs::EINTR).error(&seen, Errno::INTR)?;
    t.tell(child, Step::exit(7))?;
    t.await_zombie(child)?;
    let events = Options::UNTRACED | Options::CONTINUED | Options::NOWAIT;
    let seen = t.wait(target, options.without(events))?;
    t.expect(&pairs::EINTR_KEEPS_CHILD).reaped(&seen, child, Change::Exited(7))
}

fn other_flags(t: &mut Trial) -> Outcome {
    needs_eintr(t)?;
    let child = t.spawn(Scenario::held())?;
    let flags = [
        (Signal::USR1, HandlerFlag::Once),
        (Signal::USR2, HandlerFlag::NoDefer),
        (Signal::WINCH, HandlerFlag::OnStack),
    ];
    for (signal, flag) in flags {
        t.handle_with(signal, false, flag)?;
        let pending = t.begin(Target::Any, Options::NONE)?;
        t.expect(&pairs::EINTR).blocks(&pending)?;
        t.signal_agent(signal)?;
        let seen = t.finish(pending)?;
        t.expect(&pairs::EINTR).error(&seen, Errno::INTR)?;
        t.handle_with(signal, true, flag)?;
    }
    t.signals()?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    for (signal, _) in flags {
        t.expect(&pairs::RESTART).blocks(&pending)?;
        t.signal_agent(signal)?;
    }
    t.expect(&pairs::RESTART).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(&pairs::RESTART).reaped(&seen, &child, Change::Exited(7))?;
    let count = t.signals()?.count;
    t.expect(&pairs::RESTART).equal("signals handled:", &count, &3)
}

fn by_pid(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    interrupt(t, &child, Target::Child(&child), Options::NONE)
}

fn by_group(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    interrupt(t, &child, Target::Group(&child), Options::NONE)
}

fn by_pidfd(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let fd = t.pidfd_open(&child, false)?;
    interrupt(t, &child, Target::Pidfd(fd), Options::NONE)
}

fn for_events(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    interrupt(t, &child, Target::Any, Options::UNTRACED | Options::CONTINUED)
}

fn peek(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    interrupt(t, &child, Target::Any, Options::NOWAIT)
}

fn linux_options(t: &mut Trial) -> Outcome {
    if t.profile() != Profile::Linux {
        return Err(Abort::Skip("another system has other children with these options".into()));
    }
    let clone = By::Clone(CloneHow::signalling(None));
    for (options, cloned) in [(Options::NOTHREAD, false), (Options::ALL, true), (Options::CLONE, true)] {
        let child = if cloned { t.spawn_by(&clone, Scenario::held())?.0 } else { t.spawn(Scenario::held())? };
        interrupt(t, &child, Target::Any, options)?;
    }
    Ok(())
}

fn every_signal(t: &mut Trial) -> Outcome {
    needs_eintr(t)?;
    let child = t.spawn(Scenario::held())?;
    // Those that the default action kills by, stops by, continues by and ignores, and one with a queue.
    let each =
        [Signal::HUP, Signal::TERM, Signal::ALRM, Signal::TSTP, Signal::CONT, Signal::URG, Signal::WINCH];
    let real_time = Signal::realtime_on(t.system()).nth(5);
    for signal in each.into_iter().chain(real_time) {
        t.sigaction(signal, Disposition::Count, SigactionFlags::NONE)?;
        let pending = t.begin(Target::Any, Options::NONE)?;
        t.expect(&pairs::EINTR).blocks(&pending)?;
        t.signal_agent(signal)?;
        let seen = t.finish(pending)?;
        t.expect(&pairs::EINTR).error(&seen, Errno::INTR)?;
        t.sigaction(signal, Disposition::Count, SigactionFlags::RESTART)?;
    }
    let pending = t.begin(Target::Any, Options::NONE)?;
    for signal in each.into_iter().chain(Signal::realtime_on(t.system()).nth(5)) {
        t.expect(&pairs::RESTART).blocks(&pending)?;
        t.signal_agent(signal)?;
    }
    t.expect(&pairs::RESTART).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(&pairs::RESTART).reaped(&seen, &child, Change::Exited(7))
}

fn by_stop_of_another(t: &mut Trial) -> Outcome {
    needs_eintr(t)?;
    let child = t.spawn(Scenario::held())?;
    let other = t.spawn(Scenario::held())?;
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::NONE)?;
    for signal in [Signal::STOP, Signal::CONT] {
        if signal == Signal::CONT && t.profile() != Profile::Linux {
            continue;
        }
        let pending = t.begin(Target::Child(&child), Options::NONE)?;
        t.expect(&pairs::EINTR).blocks(&pending)?;
        t.signal(&other, signal)?;
        let seen = t.finish(pending)?;
        t.expect(&pairs::EINTR).error(&seen, Errno::INTR)?;
    }
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&pairs::EINTR_KEEPS_CHILD).reaped(&seen, &child, Change::Exited(7))
}

/// Has a handler interrupt a call that does not ask for the event that there is.
fn interrupted(t: &mut Trial, target: Target<'_>, options: Options) -> Outcome {
    let pending = t.begin(target, options)?;
    t.expect(&pairs::EINTR).blocks(&pending)?;
    t.signal_agent(Signal::USR1)?;
    let seen = t.finish(pending)?;
    t.expect(&pairs::EINTR).error(&seen, Errno::INTR)
}

/// A child that stops, continues, stops and exits; each time a call that asks for something else is interrupted first.
fn leave_events(t: &mut Trial, child: &Child, target: Target<'_>) -> Outcome {
    let clause = &pairs::EINTR_KEEPS_CHILD;
    t.signal(child, Signal::STOP)?;
    t.await_stopped(child)?;
    interrupted(t, target, Options::NONE)?;
    let seen = t.wait(target, Options::UNTRACED | Options::NOHANG)?;
    t.expect(clause).reports(&seen, child, Change::Stopped(Signal::STOP))?;
    t.signal(child, Signal::CONT)?;
    interrupted(t, target, Options::UNTRACED)?;
    let seen = t.wait(target, Options::CONTINUED | Options::NOHANG)?;
    t.expect(clause).reports(&seen, child, Change::Continued)?;
    if Calls::taking(Options::NOWAIT).has(t.call()) {
        interrupted(t, target, Options::NOWAIT)?;
        t.signal(child, Signal::STOP)?;
        let seen = t.wait(target, Options::UNTRACED)?;
        t.expect(clause).reports(&seen, child, Change::Stopped(Signal::STOP))?;
        t.signal(child, Signal::CONT)?;
    }
    interrupted(t, target, Options::NONE)?;
    t.tell(child, Step::exit(7))?;
    t.await_zombie(child)?;
    let seen = t.wait(target, Options::NOHANG)?;
    t.expect(clause).reaped(&seen, child, Change::Exited(7))
}

fn leaves_events(t: &mut Trial) -> Outcome {
    needs_eintr(t)?;
    t.sigaction(Signal::USR1, Disposition::Count, SigactionFlags::NONE)?;
    let child = t.spawn(Scenario::held())?;
    leave_events(t, &child, Target::Any)?;
    // For a call that looks for one child or group, there are others, with an event each.
    let zombie = t.spawn(Scenario::exits(9))?;
    t.await_zombie(&zombie)?;
    let stopped = t.spawn(Scenario::held())?;
    t.signal(&stopped, Signal::STOP)?;
    t.await_stopped(&stopped)?;
    for by_group in [false, true] {
        let child = t.spawn(Scenario::held())?;
        t.tell(&child, Step::Setpgid { pgid: 0 })?;
        leave_events(t, &child, if by_group { Target::Group(&child) } else { Target::Child(&child) })?;
    }
    let clause = &pairs::EINTR_KEEPS_CHILD;
    let seen = t.wait(Target::Child(&stopped), Options::UNTRACED | Options::NOHANG)?;
    t.expect(clause).reports(&seen, &stopped, Change::Stopped(Signal::STOP))?;
    let seen = t.wait(Target::Child(&zombie), Options::NOHANG)?;
    t.expect(clause).reaped(&seen, &zombie, Change::Exited(9))
}

fn leaves_events_by_pidfd(t: &mut Trial) -> Outcome {
    needs_eintr(t)?;
    t.sigaction(Signal::USR1, Disposition::Count, SigactionFlags::NONE)?;
    let child = t.spawn(Scenario::held())?;
    let fd = t.pidfd_open(&child, false)?;
    leave_events(t, &child, Target::Pidfd(fd))
}

fn not_of_another_thread(t: &mut Trial) -> Outcome {
    let clause = &posix::WAIT_SIGNAL_OF_OTHER_THREAD;
    needs_eintr(t)?;
    let child = t.spawn(Scenario::held())?;
    t.sigaction(Signal::USR1, Disposition::Count, SigactionFlags::NONE)?;
    t.sigprocmask_on(1, MaskChange::Block, Signal::USR1)?;
    let pending = t.begin_on(1, Target::Child(&child), Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.signal_agent(Signal::USR1)?;
    let count = t.await_signals(1)?.count;
    t.expect(clause).equal("signals handled:", &count, &1)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}
