//! How a child terminates: faults, limits, abort, return from main, and handlers that exit or re-raise.

use crate::scenario::{Scenario, Step, Then};
use crate::spec::{linux, pairs, posix};
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::{Abort, Calls, Change, Need, Needs, Options, Outcome, Target, Trial};
use crate::wait::Signal;

/// The exit code of a child's handler that exits.
const CAUGHT: i32 = crate::scenario::step::CAUGHT;

cases! { "termination";

    /// an invalid memory access, a division by zero or an illegal instruction kills the child by signal
    fault(ANY) in Calls::ENTRIES => [posix::STATUS_SIGNALED_FAULT, posix::WAITID_KILLED];

    /// a broken pipe, a limit, a timer or a forbidden system call kills the child with its signal
    limits_and_timers(ANY) in Calls::ENTRIES, needs Needs::NOTHING.burning() => [pairs::SIGNALED];

    /// a child that exceeds its CPU time limit is killed by SIGXCPU
    cpu_limit(ANY) in Calls::ENTRIES => [posix::STATUS_SIGNALED_CPU_LIMIT];

    /// a child that ignores SIGXCPU is killed by SIGKILL at the hard CPU time limit
    cpu_hard_limit(ANY) in Calls::ENTRIES => [linux::WAIT_CPU_HARD_LIMIT];

    /// abort kills the child with SIGABRT, even if it is ignored, blocked or caught
    abort(ANY) in Calls::ENTRIES => [posix::STATUS_ABORT];

    /// the value returned from main is reported as the exit code
    return_from_main(ANY) in Calls::ENTRIES => [posix::STATUS_RETURN_FROM_MAIN];

    /// a child whose handler for a fatal signal calls _exit is reported as exited
    exit_in_handler(ANY) in Calls::ENTRIES => [posix::STATUS_EXIT_IN_HANDLER];

    /// a child whose handler restores the default and re-raises the signal is reported as killed by it
    reraised_signal(ANY) in Calls::ENTRIES => [posix::STATUS_RERAISED_SIGNAL];

    /// a signal whose handler returns is not an event, whatever its default action
    handler_returns(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few()
        => [posix::STATUS_CAUGHT_SIGNAL_NO_EVENT];

    /// an undumpable child killed by a core-dumping signal is reported as CLD_KILLED, core flag clear
    not_dumpable(ANY) in Calls::ENTRIES, needs Needs::of(&[Need::CoreFiles])
        => [linux::WAIT_CORE_NEEDS_DUMPABLE];
}

/// Spawns a child that provokes the signal for real; `None` if nothing here provokes it.
fn provoke(t: &mut Trial, signal: Signal) -> Result<Option<crate::trial::Child>, Abort> {
    let child = t.spawn(Scenario::of([Step::Incur(death(signal))]))?;
    match t.last_usage(&child) {
        Ok(_) => Ok(Some(child)),
        Err(Abort::Skip(why)) => {
            t.note(&format!("{signal}: {why}"));
            t.wait(Target::Any, Options::NONE)?;
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

fn death(signal: Signal) -> crate::scenario::Death {
    crate::scenario::Death { signal, core: Some(false), report: true }
}

/// The core flag may be set or clear: a limit of 0 need not apply to a core piped to a program.
fn killed(signal: Signal) -> [Change; 2] {
    [Change::Killed(signal, false), Change::Killed(signal, true)]
}

fn fault(t: &mut Trial) -> Outcome {
    for signal in [Signal::SEGV, Signal::FPE, Signal::ILL, Signal::BUS, Signal::TRAP] {
        let Some(child) = provoke(t, signal)? else { continue };
        let seen = t.wait(Target::Any, Options::NONE)?;
        let by_waitid = t.call() == Call::Waitid;
        let expect = t.expect(&posix::STATUS_SIGNALED_FAULT);
        let expect = if by_waitid { expect.and(&posix::WAITID_KILLED) } else { expect };
        expect.reports_one_of(&seen, &child, &killed(signal))?;
    }
    Ok(())
}

fn limits_and_timers(t: &mut Trial) -> Outcome {
    let all = [Signal::PIPE, Signal::XFSZ, Signal::ALRM, Signal::SYS, Signal::VTALRM, Signal::PROF];
    for signal in all {
        let Some(child) = provoke(t, signal)? else { continue };
        // A CPU-time timer expires late when others compete for the CPU.
        t.await_ended(&child)?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        // For example where all CPU time is accounted as system time.
        if let Some(why) = t.excuse(&child, seen.change())? {
            t.note(&format!("{signal}: {why}"));
            continue;
        }
        t.expect(&pairs::SIGNALED).reports_one_of(&seen, &child, &killed(signal))?;
    }
    Ok(())
}

fn cpu_limit(t: &mut Trial) -> Outcome {
    let Some(child) = provoke(t, Signal::XCPU)? else { return Ok(()) };
    // This takes longer when others compete for the CPU.
    t.await_ended(&child)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::STATUS_SIGNALED_CPU_LIMIT).reports_one_of(&seen, &child, &killed(Signal::XCPU))
}

fn cpu_hard_limit(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::of([Step::Ignore(Signal::XCPU), Step::Incur(death(Signal::KILL))]))?;
    // This takes longer when others compete for the CPU.
    t.await_ended(&child)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&linux::WAIT_CPU_HARD_LIMIT).reaped(&seen, &child, Change::Killed(Signal::KILL, false))
}

fn abort(t: &mut Trial) -> Outcome {
    let before: [&[Step]; 4] = [
        &[],
        &[Step::Ignore(Signal::ABRT)],
        &[Step::Block(Signal::ABRT)],
        &[Step::Catch { signal: Signal::ABRT, then: Then::Return }],
    ];
    for steps in before {
        let last = crate::scenario::Death { report: false, ..death(Signal::ABRT) };
        let child = t.spawn(Scenario::of(steps.iter().cloned().chain([Step::Incur(last)])))?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(&posix::STATUS_ABORT).reports_one_of(&seen, &child, &killed(Signal::ABRT))?;
    }
    Ok(())
}

fn return_from_main(t: &mut Trial) -> Outcome {
    for (code, exits) in [(7, 7), (0, 0)] {
        let child = t.spawn(Scenario::of([Step::Return { code }]).fresh())?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(&posix::STATUS_RETURN_FROM_MAIN).reaped(&seen, &child, Change::Exited(exits))?;
    }
    // A copy of the agent has no main of its own: exit() is equivalent to returning from main.
    let child = t.spawn(Scenario::of([Step::Return { code: 8 }]))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::STATUS_RETURN_FROM_MAIN).reaped(&seen, &child, Change::Exited(8))
}

fn exit_in_handler(t: &mut Trial) -> Outcome {
    for signal in [Signal::TERM, Signal::SEGV] {
        let steps = [Step::Catch { signal, then: Then::Exit }, Step::raise(signal)];
        let child = t.spawn(Scenario::of(steps))?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(&posix::STATUS_EXIT_IN_HANDLER).reaped(&seen, &child, Change::Exited(CAUGHT))?;
    }
    Ok(())
}

fn reraised_signal(t: &mut Trial) -> Outcome {
    for signal in [Signal::TERM, Signal::INT] {
        let steps = [Step::Catch { signal, then: Then::Reraise }, Step::kill_self(signal)];
        let child = t.spawn(Scenario::of(steps))?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(&posix::STATUS_RERAISED_SIGNAL).reaped(&seen, &child, Change::Killed(signal, false))?;
    }
    Ok(())
}

fn handler_returns(t: &mut Trial) -> Outcome {
    let clause = &posix::STATUS_CAUGHT_SIGNAL_NO_EVENT;
    let child = t.spawn(Scenario::held())?;
    let all = Options::UNTRACED | Options::CONTINUED | Options::NOHANG;
    for signal in [Signal::TERM, Signal::TSTP, Signal::CONT] {
        t.tell(&child, Step::Catch { signal, then: Then::Return })?;
        t.tell(&child, Step::kill_self(signal))?;
        let seen = t.wait(Target::Any, all)?;
        t.expect(clause).nothing_ready(&seen)?;
    }
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, all)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn not_dumpable(t: &mut Trial) -> Outcome {
    for signal in [Signal::ABRT, Signal::SEGV] {
        let steps = [Step::Dumpable { on: false }, Step::raise(signal).with_core(true)];
        let child = t.spawn(Scenario::of(steps))?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(&linux::WAIT_CORE_NEEDS_DUMPABLE).reaped(&seen, &child, Change::Killed(signal, false))?;
    }
    Ok(())
}
