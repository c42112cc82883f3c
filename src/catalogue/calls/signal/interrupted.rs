//! Signals that arrive during a wait.

use crate::scenario::{Scenario, Step};
use crate::spec::{linux, pairs, posix};
use crate::trial::cases;
use crate::trial::{
    Abort, Calls, Change, Disposition, Errno, MaskChange, Options, Outcome, Pending, ProcessState,
    SigactionFlags, Target, Trial,
};
use crate::wait::Signal;

cases! { "interrupted";

    /// a handler without SA_RESTART interrupts a wait with EINTR, and the child can still be reaped
    by_handler(ANY) => [pairs::EINTR, pairs::EINTR_KEEPS_CHILD];

    /// a SIGCHLD handler run for another child interrupts a wait with EINTR, and reaps neither child
    by_sigchld_of_other_child(PID) in Calls::WITH_TARGET => [pairs::EINTR, pairs::EINTR_KEEPS_CHILD];

    /// a wait interrupted with EINTR writes neither status nor usage
    writes_nothing(ANY) in Calls::WITH_STATUS => [linux::WAIT_ERROR_WRITES_NOTHING];

    /// a handler with SA_RESTART leaves a wait blocked, every time it runs
    restarted(ANY | PID; NONE; adapting) => [pairs::RESTART];

    /// a signal ignored explicitly or by default does not interrupt a wait
    not_by_ignored_signal(ANY) in Calls::ENTRIES => [posix::WAITPID_IGNORED_SIGNAL];

    /// a blocked signal does not interrupt a wait; it is handled once unblocked
    not_by_blocked_signal(ANY) in Calls::ENTRIES => [posix::WAITPID_MASKED_SIGNAL];

    /// SIGCHLD with its default action, for another child, does not interrupt a wait
    not_by_default_sigchld(PID) in Calls::WITH_TARGET.few() => [posix::WAITPID_DEFAULT_SIGCHLD];

    /// a waiter that is stopped and continued keeps waiting, and reports a child that exits later
    stopped_waiter(ANY) in Calls::ENTRIES => [posix::WAITPID_STOPPED_WAITER];

    /// once continued, a stopped waiter reports a child that exited while it was stopped
    exit_while_waiter_stopped(ANY) in Calls::ENTRIES => [posix::WAITPID_STOPPED_WAITER];
}

/// A subject that retries interrupted calls hides EINTR.
fn needs_eintr(t: &Trial) -> Outcome {
    if t.retries_eintr() {
        return Err(Abort::Skip("the subject retries interrupted calls".into()));
    }
    Ok(())
}

fn by_handler(t: &mut Trial) -> Outcome {
    needs_eintr(t)?;
    t.sigaction(Signal::USR1, Disposition::Count, SigactionFlags::NONE)?;
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(&pairs::EINTR).blocks(&pending)?;
    t.signal_agent(Signal::USR1)?;
    let seen = t.finish(pending)?;
    t.expect(&pairs::EINTR).error(&seen, Errno::INTR)?;
    let count = t.signals()?.count;
    t.expect(&pairs::EINTR).equal("signals handled:", &count, &1)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&pairs::EINTR_KEEPS_CHILD).reaped(&seen, &child, Change::Exited(7))
}

fn by_sigchld_of_other_child(t: &mut Trial) -> Outcome {
    needs_eintr(t)?;
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::NONE)?;
    let child = t.spawn(Scenario::held())?;
    let other = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Child(&child), Options::NONE)?;
    t.expect(&pairs::EINTR).blocks(&pending)?;
    t.tell(&other, Step::exit(9))?;
    t.await_zombie(&other)?;
    let seen = t.finish(pending)?;
    t.expect(&pairs::EINTR).error(&seen, Errno::INTR)?;
    t.sigaction(Signal::CHLD, Disposition::Default, SigactionFlags::NONE)?;
    let seen = t.wait(Target::Child(&other), Options::NONE)?;
    t.expect(&pairs::EINTR_KEEPS_CHILD).reaped(&seen, &other, Change::Exited(9))?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&pairs::EINTR_KEEPS_CHILD).reaped(&seen, &child, Change::Exited(7))
}

fn writes_nothing(t: &mut Trial) -> Outcome {
    needs_eintr(t)?;
    t.sigaction(Signal::USR1, Disposition::Count, SigactionFlags::NONE)?;
    t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(&linux::WAIT_ERROR_WRITES_NOTHING).blocks(&pending)?;
    t.signal_agent(Signal::USR1)?;
    let seen = t.finish(pending)?;
    t.expect(&linux::WAIT_ERROR_WRITES_NOTHING).error(&seen, Errno::INTR)?;
    if !seen.shows_memory() {
        return t
            .expect(&linux::WAIT_ERROR_WRITES_NOTHING)
            .not_observed("the subject does not expose its buffers");
    }
    t.expect(&linux::WAIT_ERROR_WRITES_NOTHING).untouched(&seen)
}

/// The number of signals sent to a waiter: a call restarted once must be restarted again.
const TIMES: i64 = 3;

fn restarted(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::USR1, Disposition::Count, SigactionFlags::RESTART)?;
    let child = t.spawn(Scenario::held())?;
    // The restarted call is the same call: it still skips another child that is ready.
    let target = if Calls::WITH_TARGET.has(t.call()) {
        let other = t.spawn(Scenario::exits(8))?;
        t.await_zombie(&other)?;
        Target::Child(&child)
    } else {
        Target::Any
    };
    let pending = t.begin(target, Options::NONE)?;
    t.expect(&pairs::RESTART).blocks(&pending)?;
    for _ in 0..TIMES {
        t.signal_agent(Signal::USR1)?;
        // After a signal, the process stays awake until its handler is done and it blocks again.
        t.expect(&pairs::RESTART).blocks(&pending)?;
    }
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let seen = t.finish(pending)?;
    t.expect(&pairs::RESTART).reaped(&seen, &child, Change::Exited(7))?;
    let count = t.signals()?.count;
    t.expect(&pairs::RESTART).within("signals handled", Some(count), 1, TIMES)
}

fn not_by_ignored_signal(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::USR1, Disposition::Ignore, SigactionFlags::NONE)?;
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(&posix::WAITPID_IGNORED_SIGNAL).blocks(&pending)?;
    // The last two are ignored by default.
    for signal in [Signal::USR1, Signal::URG, Signal::CONT] {
        t.signal_agent(signal)?;
        t.expect(&posix::WAITPID_IGNORED_SIGNAL).blocks(&pending)?;
    }
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let seen = t.finish(pending)?;
    t.expect(&posix::WAITPID_IGNORED_SIGNAL).reaped(&seen, &child, Change::Exited(7))
}

fn not_by_blocked_signal(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::USR1, Disposition::Count, SigactionFlags::NONE)?;
    t.sigprocmask(MaskChange::Block, Signal::USR1)?;
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(&posix::WAITPID_MASKED_SIGNAL).blocks(&pending)?;
    t.signal_agent(Signal::USR1)?;
    t.expect(&posix::WAITPID_MASKED_SIGNAL).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let seen = t.finish(pending)?;
    t.expect(&posix::WAITPID_MASKED_SIGNAL).reaped(&seen, &child, Change::Exited(7))?;
    let while_blocked = t.signals()?.count;
    t.expect(&posix::WAITPID_MASKED_SIGNAL).equal("signals handled while blocked:", &while_blocked, &0)?;
    t.sigprocmask(MaskChange::Unblock, Signal::USR1)?;
    let count = t.await_signals(1)?.count;
    t.expect(&posix::WAITPID_MASKED_SIGNAL).equal("signals handled:", &count, &1)
}

fn not_by_default_sigchld(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Default, SigactionFlags::NONE)?;
    let child = t.spawn(Scenario::held())?;
    let other = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Child(&child), Options::NONE)?;
    t.expect(&posix::WAITPID_DEFAULT_SIGCHLD).blocks(&pending)?;
    t.tell(&other, Step::exit(9))?;
    t.await_zombie(&other)?;
    t.expect(&posix::WAITPID_DEFAULT_SIGCHLD).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let seen = t.finish(pending)?;
    t.expect(&posix::WAITPID_DEFAULT_SIGCHLD).reaped(&seen, &child, Change::Exited(7))
}

/// A wait for any child that blocks, and whose process is then stopped.
fn block_then_stop(t: &mut Trial) -> Result<Pending, Abort> {
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(&posix::WAITPID_STOPPED_WAITER).blocks(&pending)?;
    t.signal_agent(Signal::STOP)?;
    t.await_agent(ProcessState::Stopped)?;
    Ok(pending)
}

fn stopped_waiter(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = block_then_stop(t)?;
    t.signal_agent(Signal::CONT)?;
    t.expect(&posix::WAITPID_STOPPED_WAITER).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let seen = t.finish(pending)?;
    t.expect(&posix::WAITPID_STOPPED_WAITER).reaped(&seen, &child, Change::Exited(7))
}

fn exit_while_waiter_stopped(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = block_then_stop(t)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    t.signal_agent(Signal::CONT)?;
    let seen = t.finish(pending)?;
    t.expect(&posix::WAITPID_STOPPED_WAITER).reaped(&seen, &child, Change::Exited(7))
}
