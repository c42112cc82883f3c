//! Children that another process traces: their parent learns of them only after the tracer did.

use crate::harness::trial::{Calls, Case, Change, Child, Needs, Options, Outcome, Stop, Target, Trial, here};
use crate::scenario::{Scenario, Step};
use crate::spec::linux;
use crate::sys::family::Call;
use crate::sys::trace::Request;
use crate::wait::Signal;

pub const CASES: &[Case] = &[
    Case {
        id: "tracer.comes-first",
        title: "the end of a child that another process traces is hidden from its parent until the tracer took it",
        clauses: &[&linux::PTRACE_TRACER_FIRST, &linux::PTRACE_PARENT_AFTER],
        calls: Calls::WITH_OPTIONS.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: comes_first,
    },
    Case {
        id: "tracer.parent-sleeps-on",
        title: "a parent asleep for a child that another process traces sleeps over its end until the tracer took it",
        clauses: &[&linux::PTRACE_TRACER_FIRST, &linux::PTRACE_PARENT_AFTER],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: parent_sleeps_on,
    },
    Case {
        id: "tracer.attach-and-detach",
        title: "a parent asleep for a child sleeps on while a tracer attaches to it and detaches, and gets its true end",
        clauses: &[&linux::PTRACE_DETACH_DURING_WAIT],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: attach_and_detach,
    },
    Case {
        id: "tracer.stops",
        title: "of the stops of a child that another process traces its parent is told the group stop only",
        clauses: &[&linux::PTRACE_PARENT_SEES_NO_TRAPS],
        calls: Calls::WITH_OPTIONS.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: stops,
    },
    Case {
        id: "tracer.ends",
        title: "when the tracer ends without having taken the end of a child, the child's parent gets it",
        clauses: &[&linux::PTRACE_TRACER_ENDS],
        calls: Calls::WITH_TARGET.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: ends,
    },
    Case {
        id: "tracer.pidfd",
        title: "what poll says of the pidfd of a zombie that a tracer has not taken yet is recorded",
        clauses: &[&linux::PTRACE_PIDFD_READABLE],
        calls: Calls::only(&[Call::Waitid]),
        needs: Needs::NOTHING,
        at: here(),
        run: pidfd,
    },
];

/// A request of the tracer about a child.
fn trace(request: Request, child: &Child, signal: Option<Signal>) -> Step {
    Step::Trace { request, pid: child.pid as i32, signal, options: vec![] }
}

/// The tracer takes what there is of a child.
fn takes(child: &Child) -> Step {
    Step::Wait { pid: child.pid as i32 }
}

/// A child, and another one that traces it.
fn traced(t: &mut Trial) -> Result<(Child, Child), Stop> {
    let child = t.spawn(Scenario::held())?;
    let tracer = t.spawn(Scenario::held())?;
    t.tell(&tracer, trace(Request::Seize, &child, None))?;
    Ok((child, tracer))
}

fn comes_first(t: &mut Trial) -> Outcome {
    let (child, tracer) = traced(t)?;
    t.tell(&child, Step::exit(7))?;
    t.await_dead(&child)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&linux::PTRACE_TRACER_FIRST).nothing_ready(&seen)?;
    t.tell(&tracer, takes(&child))?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&linux::PTRACE_PARENT_AFTER).reaped(&seen, &child, Change::Exited(7))?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&linux::PTRACE_PARENT_AFTER).nothing_ready(&seen)
}

fn parent_sleeps_on(t: &mut Trial) -> Outcome {
    let (child, tracer) = traced(t)?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(&linux::PTRACE_TRACER_FIRST).blocks(&pending)?;
    t.signal(&child, Signal::KILL)?;
    t.await_dead(&child)?;
    t.expect(&linux::PTRACE_TRACER_FIRST).blocks(&pending)?;
    t.tell(&tracer, takes(&child))?;
    let seen = t.finish(pending)?;
    t.expect(&linux::PTRACE_PARENT_AFTER).reaped(&seen, &child, Change::Killed(Signal::KILL, false))
}

fn attach_and_detach(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_DETACH_DURING_WAIT;
    let child = t.spawn(Scenario::held())?;
    let tracer = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&tracer, trace(Request::Attach, &child, None))?;
    t.tell(&tracer, takes(&child))?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&tracer, trace(Request::Detach, &child, None))?;
    t.await_running(&child)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn stops(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_PARENT_SEES_NO_TRAPS;
    let (child, tracer) = traced(t)?;
    let all = Options::UNTRACED | Options::CONTINUED | Options::NOHANG;
    // A signal on its way stops the child for the tracer only.
    let step = t.begin_step(&child, Step::raise(Signal::USR1))?;
    t.await_stopped(&child)?;
    let seen = t.wait(Target::Any, all)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.tell(&tracer, takes(&child))?;
    let seen = t.wait(Target::Any, all)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.tell(&tracer, trace(Request::Cont, &child, None))?;
    t.await_step(&child, step)?;
    // So does a stop signal, until it is let through and the whole child stops.
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    t.tell(&tracer, takes(&child))?;
    let seen = t.wait(Target::Any, all)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.tell(&tracer, trace(Request::Cont, &child, Some(Signal::STOP)))?;
    t.tell(&tracer, takes(&child))?;
    let seen = t.wait(Target::Any, all)?;
    t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    let seen = t.wait(Target::Any, all)?;
    t.expect(clause).nothing_ready(&seen)
}

fn ends(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_TRACER_ENDS;
    let (child, tracer) = traced(t)?;
    t.tell(&child, Step::exit(7))?;
    t.await_dead(&child)?;
    t.tell(&tracer, Step::exit(8))?;
    let seen = t.wait(Target::Child(&tracer), Options::NONE)?;
    t.expect(clause).reaped(&seen, &tracer, Change::Exited(8))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn pidfd(t: &mut Trial) -> Outcome {
    let (child, _) = traced(t)?;
    let fd = t.pidfd_open(&child, false)?;
    t.tell(&child, Step::exit(7))?;
    t.await_dead(&child)?;
    let readable = t.poll(fd)?.join(" ");
    let readable = if readable.is_empty() { "not readable".to_owned() } else { readable };
    t.expect(&linux::PTRACE_PIDFD_READABLE).records("pidfd-of-traced-zombie", readable)
}
