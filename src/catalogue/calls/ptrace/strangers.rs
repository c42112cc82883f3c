//! A tracee that is not a descendant of its tracer.

use crate::catalogue::calls::lifecycle::orphans::grandchild;
use crate::scenario::{Scenario, Step};
use crate::spec::linux;
use crate::sys::call::abi::Call;
use crate::sys::process::ptrace::Request;
use crate::trial::cases;
use crate::trial::{Abort, Calls, Change, Child, Errno, Needs, Options, Outcome, Target, Traced, Trial};
use crate::wait::Signal;

cases! { "ptrace-stranger";

    /// a tracer's waits report the stops and the death of a tracee that is not its descendant
    stops_and_death(ANY | PID; NOHANG) in Calls::WITH_TARGET => [linux::PTRACE_STRANGER];

    /// so do its waits through a pidfd of that tracee
    by_pidfd(PID | PIDFD; NOHANG) in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS => [linux::PTRACE_STRANGER];

    /// once detached, a process that is not a descendant can no longer be waited for
    detached(PID; NOHANG) in Calls::WITH_TARGET.few() => [linux::PTRACE_STRANGER];

    /// the usage of a tracee that is not a child is not added to the tracer's RUSAGE_CHILDREN
    not_credited(PID; NOHANG) in Calls::WITH_TARGET.few()
        => [linux::PTRACE_STRANGER, linux::PTRACE_STRANGER_NOT_CREDITED];
}

/// An orphaned grandchild of the agent, adopted by another process and traced by the agent; its stop has been reported.
fn stranger(t: &mut Trial, target: fn(&Child) -> Target<'_>) -> Result<Child, Abort> {
    let child = t.spawn(Scenario::held())?;
    let orphan = grandchild(t, &child, false)?;
    t.tell(&child, Step::exit(6))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&linux::PTRACE_STRANGER).reaped(&seen, &child, Change::Exited(6))?;
    let seen = t.wait(Target::Child(&orphan), Options::NOHANG)?;
    t.expect(&linux::PTRACE_STRANGER).error(&seen, Errno::CHILD)?;
    t.ptrace(Request::Attach, &orphan, Traced::Nothing)?;
    let seen = t.wait(target(&orphan), Options::NONE)?;
    let stop = stopped(t, Signal::STOP);
    t.expect(&linux::PTRACE_STRANGER).reports(&seen, &orphan, stop)?;
    Ok(orphan)
}

/// How this call reports the stop of a traced process.
fn stopped(t: &Trial, signal: Signal) -> Change {
    if t.call() == Call::Waitid { Change::Trapped(signal) } else { Change::Stopped(signal) }
}

/// A stop by a signal and the exit of a stranger, whose first stop has been reported, in waits with these two targets.
fn follow(t: &mut Trial, orphan: &Child, by: Target<'_>, last: Target<'_>) -> Outcome {
    t.ptrace(Request::Cont, orphan, Traced::Nothing)?;
    let seen = t.wait(by, Options::NOHANG)?;
    t.expect(&linux::PTRACE_STRANGER).nothing_ready(&seen)?;
    let step = t.begin_step(orphan, Step::raise(Signal::USR1))?;
    let seen = t.wait(by, Options::NONE)?;
    let stop = stopped(t, Signal::USR1);
    t.expect(&linux::PTRACE_STRANGER).reports(&seen, orphan, stop)?;
    t.ptrace(Request::Cont, orphan, Traced::Nothing)?;
    t.await_step(orphan, step)?;
    t.tell(orphan, Step::exit(7))?;
    let seen = t.wait(last, Options::NONE)?;
    t.expect(&linux::PTRACE_STRANGER).reports(&seen, orphan, Change::Exited(7))
}

fn by_pidfd(t: &mut Trial) -> Outcome {
    let orphan = stranger(t, |orphan| Target::Child(orphan))?;
    let fd = t.pidfd_open(&orphan, false)?;
    follow(t, &orphan, Target::Pidfd(fd), Target::Pidfd(fd))
}

fn stops_and_death(t: &mut Trial) -> Outcome {
    let orphan = stranger(t, |_| Target::Any)?;
    follow(t, &orphan, Target::Child(&orphan), Target::Any)?;
    let seen = t.wait(Target::Child(&orphan), Options::NOHANG)?;
    t.expect(&linux::PTRACE_STRANGER).error(&seen, Errno::CHILD)
}

fn detached(t: &mut Trial) -> Outcome {
    let orphan = stranger(t, |orphan| Target::Child(orphan))?;
    t.ptrace(Request::Detach, &orphan, Traced::Nothing)?;
    let seen = t.wait(Target::Child(&orphan), Options::NOHANG)?;
    t.expect(&linux::PTRACE_STRANGER).error(&seen, Errno::CHILD)?;
    t.tell(&orphan, Step::exit(7))
}

fn not_credited(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_STRANGER_NOT_CREDITED;
    let orphan = stranger(t, |orphan| Target::Child(orphan))?;
    t.ptrace(Request::Cont, &orphan, Traced::Nothing)?;
    t.tell(&orphan, Step::MinorFaults { count: 300 })?;
    let before = t.usage_of_children()?;
    t.tell(&orphan, Step::exit(7))?;
    let seen = t.wait(Target::Child(&orphan), Options::NONE)?;
    t.expect(&linux::PTRACE_STRANGER).reports(&seen, &orphan, Change::Exited(7))?;
    let now = t.usage_of_children()?;
    let growth = now.minflt.zip(before.minflt).map(|(now, before)| now - before);
    t.expect(clause).within("growth of ru_minflt", growth, 0, 0)
}
