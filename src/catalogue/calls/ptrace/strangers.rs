//! A tracee that is no descendant of its tracer.

use crate::catalogue::calls::lifecycle::orphans::grandchild;
use crate::scenario::{Scenario, Step};
use crate::spec::linux;
use crate::sys::call::abi::Call;
use crate::sys::process::ptrace::Request;
use crate::trial::cases;
use crate::trial::{Abort, Calls, Change, Child, Errno, Options, Outcome, Target, Traced, Trial};
use crate::wait::Signal;

cases! { "ptrace-stranger";

    /// a tracer's waits report the stops and the death of a tracee that is no descendant of its own
    stops_and_death(ANY | PID; NOHANG) in Calls::WITH_TARGET => [linux::PTRACE_STRANGER];

    /// once it is detached, a process that is no descendant is not there for a wait any more
    detached(PID; NOHANG) in Calls::WITH_TARGET.few() => [linux::PTRACE_STRANGER];
}

/// An orphan of a child of the agent, which somebody else has adopted, and which the agent traces: its stop was reported.
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

fn stops_and_death(t: &mut Trial) -> Outcome {
    let orphan = stranger(t, |_| Target::Any)?;
    t.ptrace(Request::Cont, &orphan, Traced::Nothing)?;
    let seen = t.wait(Target::Child(&orphan), Options::NOHANG)?;
    t.expect(&linux::PTRACE_STRANGER).nothing_ready(&seen)?;
    let step = t.begin_step(&orphan, Step::raise(Signal::USR1))?;
    let seen = t.wait(Target::Child(&orphan), Options::NONE)?;
    let stop = stopped(t, Signal::USR1);
    t.expect(&linux::PTRACE_STRANGER).reports(&seen, &orphan, stop)?;
    t.ptrace(Request::Cont, &orphan, Traced::Nothing)?;
    t.await_step(&orphan, step)?;
    t.tell(&orphan, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&linux::PTRACE_STRANGER).reports(&seen, &orphan, Change::Exited(7))?;
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
