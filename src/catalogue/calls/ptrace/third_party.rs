//! Children traced by another process: their parent is notified only after the tracer.

use crate::catalogue::calls::rusage::bounds::{
    REPORTING, at_least_own, exact_once, grown_as_reported, spawn_busy, wait_usage,
};
use crate::scenario::{Scenario, Step};
use crate::spec::linux;
use crate::sys::call::abi::Call;
use crate::sys::process::ptrace::Request;
use crate::trial::cases;
use crate::trial::{Abort, Calls, Change, Child, Options, Outcome, Target, Trial};
use crate::wait::Signal;

cases! { "ptrace-third-party";

    /// the exit of a child traced by another process is hidden from its parent until the tracer reaps it
    tracer_reaps_first(ANY; NOHANG) in Calls::WITH_OPTIONS.few()
        => [linux::PTRACE_TRACER_FIRST, linux::PTRACE_PARENT_AFTER];

    /// a parent blocked on a child traced by another process stays blocked until the tracer reaps it
    parent_blocks_for_tracer(ANY) in Calls::ENTRIES
        => [linux::PTRACE_TRACER_FIRST, linux::PTRACE_PARENT_AFTER];

    /// a blocked parent stays blocked while a tracer attaches and detaches, and then gets the real exit
    attach_and_detach(ANY) in Calls::ENTRIES => [linux::PTRACE_DETACH_DURING_WAIT];

    /// the parent of a child traced by another process sees only its group stop
    group_stops_only(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few()
        => [linux::PTRACE_PARENT_SEES_NO_TRAPS];

    /// when the tracer exits without reaping the child, the child's parent gets its status
    tracer_exits(PID) in Calls::ENTRIES => [linux::PTRACE_TRACER_EXITS];

    /// the report to the parent of a child that its tracer has reaped includes the usage, which is then credited
    usage_after_tracer(ANY; NOHANG) in REPORTING.few()
        => [linux::PTRACE_PARENT_AFTER, linux::RUSAGE_LOWER_BOUND, linux::RUSAGE_CHILDREN_DELTA];

    /// what poll reports for a zombie's pidfd before the tracer has reaped it is recorded
    zombie_pidfd_poll(ANY) in Calls::only(&[Call::Waitid]) => [linux::PTRACE_PIDFD_READABLE];
}

/// A ptrace request from the tracer.
fn trace_step(request: Request, child: &Child, signal: Option<Signal>) -> Step {
    Step::Trace { request, pid: child.pid as i32, signal, options: vec![] }
}

/// Has the tracer consume the child's pending event.
fn wait_step(child: &Child) -> Step {
    Step::Wait { pid: child.pid as i32 }
}

/// A child, and another one that traces it.
fn traced(t: &mut Trial) -> Result<(Child, Child), Abort> {
    let child = t.spawn(Scenario::held())?;
    let tracer = t.spawn(Scenario::held())?;
    t.tell(&tracer, trace_step(Request::Seize, &child, None))?;
    Ok((child, tracer))
}

fn tracer_reaps_first(t: &mut Trial) -> Outcome {
    let (child, tracer) = traced(t)?;
    t.tell(&child, Step::exit(7))?;
    t.await_dead(&child)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&linux::PTRACE_TRACER_FIRST).nothing_ready(&seen)?;
    t.tell(&tracer, wait_step(&child))?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&linux::PTRACE_PARENT_AFTER).reaped(&seen, &child, Change::Exited(7))?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&linux::PTRACE_PARENT_AFTER).nothing_ready(&seen)
}

fn parent_blocks_for_tracer(t: &mut Trial) -> Outcome {
    let (child, tracer) = traced(t)?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(&linux::PTRACE_TRACER_FIRST).blocks(&pending)?;
    t.signal(&child, Signal::KILL)?;
    t.await_dead(&child)?;
    t.expect(&linux::PTRACE_TRACER_FIRST).blocks(&pending)?;
    t.tell(&tracer, wait_step(&child))?;
    let seen = t.finish(pending)?;
    t.expect(&linux::PTRACE_PARENT_AFTER).reaped(&seen, &child, Change::Killed(Signal::KILL, false))
}

fn attach_and_detach(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_DETACH_DURING_WAIT;
    let child = t.spawn(Scenario::held())?;
    let tracer = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&tracer, trace_step(Request::Attach, &child, None))?;
    t.tell(&tracer, wait_step(&child))?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&tracer, trace_step(Request::Detach, &child, None))?;
    t.await_running(&child)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn group_stops_only(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_PARENT_SEES_NO_TRAPS;
    let (child, tracer) = traced(t)?;
    let all = Options::UNTRACED | Options::CONTINUED | Options::NOHANG;
    // A signal being delivered stops the child only for the tracer.
    let step = t.begin_step(&child, Step::raise(Signal::USR1))?;
    t.await_stopped(&child)?;
    let seen = t.wait(Target::Any, all)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.tell(&tracer, wait_step(&child))?;
    let seen = t.wait(Target::Any, all)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.tell(&tracer, trace_step(Request::Cont, &child, None))?;
    t.await_step(&child, step)?;
    // So does a stop signal, until it is injected and the whole process stops.
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    t.tell(&tracer, wait_step(&child))?;
    let seen = t.wait(Target::Any, all)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.tell(&tracer, trace_step(Request::Cont, &child, Some(Signal::STOP)))?;
    t.tell(&tracer, wait_step(&child))?;
    let seen = t.wait(Target::Any, all)?;
    t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    let seen = t.wait(Target::Any, all)?;
    t.expect(clause).nothing_ready(&seen)
}

fn usage_after_tracer(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_PARENT_AFTER;
    exact_once(t, |t| {
        let before = t.usage_of_children()?;
        let child = spawn_busy(t)?;
        let tracer = t.spawn(Scenario::held())?;
        t.tell(&tracer, trace_step(Request::Seize, &child, None))?;
        let (own, _) = t.usage_so_far(&child)?;
        t.tell(&child, Step::exit(7))?;
        t.await_dead(&child)?;
        let seen = t.wait(Target::Any, Options::NOHANG)?;
        t.expect(clause).nothing_ready(&seen)?;
        t.tell(&tracer, wait_step(&child))?;
        let seen = wait_usage(t, Target::Any, Options::NONE)?;
        t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
        at_least_own(t, &seen, &own)?;
        grown_as_reported(t, &seen, &before, &own)
    })
}

/// A child that another one, which lives on, has stopped, traced and left.
pub(crate) fn traced_before(t: &mut Trial) -> Result<Child, Abort> {
    let child = t.spawn(Scenario::held())?;
    let tracer = t.spawn(Scenario::held())?;
    t.tell(&tracer, trace_step(Request::Attach, &child, None))?;
    t.tell(&tracer, wait_step(&child))?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&linux::PTRACE_DETACHED_ALIKE).nothing_ready(&seen)?;
    t.tell(&tracer, trace_step(Request::Detach, &child, None))?;
    t.await_running(&child)?;
    Ok(child)
}

fn tracer_exits(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_TRACER_EXITS;
    let (child, tracer) = traced(t)?;
    t.tell(&child, Step::exit(7))?;
    t.await_dead(&child)?;
    t.tell(&tracer, Step::exit(8))?;
    let seen = t.wait(Target::Child(&tracer), Options::NONE)?;
    t.expect(clause).reaped(&seen, &tracer, Change::Exited(8))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn zombie_pidfd_poll(t: &mut Trial) -> Outcome {
    let (child, _) = traced(t)?;
    let fd = t.pidfd_open(&child, false)?;
    t.tell(&child, Step::exit(7))?;
    t.await_dead(&child)?;
    let readable = t.poll(fd)?.join(" ");
    let readable = if readable.is_empty() { "not readable".to_owned() } else { readable };
    t.expect(&linux::PTRACE_PIDFD_READABLE).records("pidfd of a traced zombie", readable)
}
