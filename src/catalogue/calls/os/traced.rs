//! Traced children on the BSDs and macOS: their stops, and what `PT_CONTINUE` passes on.

use super::options::each;
use crate::scenario::{Scenario, Step};
use crate::spec::{Clause, dragonfly, freebsd, macos, netbsd, openbsd};
use crate::sys::process::ptrace::Request;
use crate::trial::cases;
use crate::trial::{Calls, Change, Options, Outcome, Target, Traced, Trial};
use crate::wait::Signal;

cases! { "traced";

    /// a signal stops a traced child, which is reported without WUNTRACED, once
    stop(ANY; NOHANG) in Calls::PID_FAMILY => [
        freebsd::PTRACE_STOP,
        netbsd::PTRACE_STOP,
        openbsd::PTRACE_STOP,
        dragonfly::PTRACE_STOP,
        macos::PTRACE_STOP,
    ];

    /// PT_CONTINUE without a signal discards the one that stopped the child; a given signal is delivered to it
    continued(ANY) in Calls::PID_FAMILY => [
        freebsd::PTRACE_CONTINUE,
        netbsd::PTRACE_CONTINUE,
        openbsd::PTRACE_CONTINUE,
        dragonfly::PTRACE_CONTINUE,
        macos::PTRACE_CONTINUE,
    ];
}

fn stop(t: &mut Trial) -> Outcome {
    let clauses: [&'static Clause; 5] = [
        &freebsd::PTRACE_STOP,
        &netbsd::PTRACE_STOP,
        &openbsd::PTRACE_STOP,
        &dragonfly::PTRACE_STOP,
        &macos::PTRACE_STOP,
    ];
    let child = t.spawn(Scenario::of([Step::Traceme]))?;
    t.begin_step(&child, Step::raise(Signal::TERM))?;
    t.await_stopped(&child)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    each(t, &clauses, |t, clause| t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::TERM)))?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    each(t, &clauses, |t, clause| t.expect(clause).nothing_ready(&seen))
}

fn continued(t: &mut Trial) -> Outcome {
    let clauses: [&'static Clause; 5] = [
        &freebsd::PTRACE_CONTINUE,
        &netbsd::PTRACE_CONTINUE,
        &openbsd::PTRACE_CONTINUE,
        &dragonfly::PTRACE_CONTINUE,
        &macos::PTRACE_CONTINUE,
    ];
    let child = t.spawn(Scenario::of([Step::Traceme]))?;
    for (with, signal) in [(Traced::Nothing, Signal::TERM), (Traced::Signal(Signal::USR1), Signal::TERM)] {
        let step = t.begin_step(&child, Step::raise(signal))?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        each(t, &clauses, |t, clause| t.expect(clause).reports(&seen, &child, Change::Stopped(signal)))?;
        t.ptrace(Request::Cont, &child, with)?;
        if matches!(with, Traced::Nothing) {
            t.await_step(&child, step)?;
        }
    }
    let seen = t.wait(Target::Any, Options::NONE)?;
    let killed = Change::Killed(Signal::USR1, false);
    each(t, &clauses, |t, clause| t.expect(clause).reaped(&seen, &child, killed))
}
