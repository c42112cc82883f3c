//! How a child comes to its end: real faults, limits, abort, return from main, and handlers that exit or pass a signal on.

use crate::scenario::child::STEP_FAILED;
use crate::scenario::{Scenario, Step, Then};
use crate::spec::{linux, posix};
use crate::sys::call::abi::Call;
use crate::trial::{Abort, Calls, Case, Change, Need, Needs, Options, Outcome, Target, Trial, here};
use crate::wait::Signal;

/// What a handler of a child exits with.
const CAUGHT: i32 = crate::scenario::step::CAUGHT;

pub const CASES: &[Case] = &[
    Case {
        id: "termination.fault",
        title: "a child that accesses memory it must not, divides by zero or runs into no instruction dies of that fault",
        clauses: &[&posix::STATUS_SIGNALED_FAULT, &posix::WAITID_KILLED],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: fault,
    },
    Case {
        id: "termination.limits-and-timers",
        title: "a child that the system sends a signal for a pipe, a limit, a timer or a forbidden call dies of that signal",
        clauses: &[&posix::STATUS_SIGNALED, &posix::WAITID_KILLED],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING.burning(),
        at: here(),
        run: limit_and_timer,
    },
    Case {
        id: "termination.cpu-limit",
        title: "a child that used up its processor time dies of SIGXCPU",
        clauses: &[&posix::STATUS_SIGNALED_CPU_LIMIT],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: cpu_limit,
    },
    Case {
        id: "termination.cpu-hard-limit",
        title: "a child that ignores SIGXCPU and used up its processor time to the hard limit dies of SIGKILL",
        clauses: &[&linux::WAIT_CPU_HARD_LIMIT],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: cpu_hard_limit,
    },
    Case {
        id: "termination.abort",
        title: "abort ends a child by SIGABRT, also where that is ignored, blocked or caught",
        clauses: &[&posix::STATUS_ABORT],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: abort,
    },
    Case {
        id: "termination.return-from-main",
        title: "a value that main returns is reported as the exit value",
        clauses: &[&posix::STATUS_RETURN_FROM_MAIN],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: return_from_main,
    },
    Case {
        id: "termination.exit-in-handler",
        title: "a child whose handler of a deadly signal calls _exit is reported as exited",
        clauses: &[&posix::STATUS_EXIT_IN_HANDLER],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: caught_and_exited,
    },
    Case {
        id: "termination.reraised-signal",
        title: "a child whose handler restores the default and raises the signal again is reported as killed by it",
        clauses: &[&posix::STATUS_RERAISED_SIGNAL],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: raised_again,
    },
    Case {
        id: "termination.handler-returns",
        title: "a signal whose handler returns is no event, whatever it would have done to the child",
        clauses: &[&posix::STATUS_CAUGHT_SIGNAL_NO_EVENT],
        calls: Calls::WITH_OPTIONS.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: caught_and_gone_on,
    },
    Case {
        id: "termination.not-dumpable",
        title: "a child that may not be dumped dies of a core-dumping signal without the core flag, as CLD_KILLED",
        clauses: &[&linux::WAIT_CORE_NEEDS_DUMPABLE],
        calls: Calls::ENTRIES,
        needs: Needs::of(&[Need::CoreFiles]),
        at: here(),
        run: not_dumpable,
    },
];

/// A child that does what the system answers with that signal: `false` where nothing here has that answer.
fn dies_for_real(t: &mut Trial, signal: Signal) -> Result<Option<crate::trial::Child>, Abort> {
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

/// A core-dumping signal may set the core flag or not: a limit of 0 need not hold for a core that is piped to a program.
fn killed(signal: Signal) -> [Change; 2] {
    [Change::Killed(signal, false), Change::Killed(signal, true)]
}

fn fault(t: &mut Trial) -> Outcome {
    for signal in [Signal::SEGV, Signal::FPE, Signal::ILL, Signal::BUS, Signal::TRAP] {
        let Some(child) = dies_for_real(t, signal)? else { continue };
        let seen = t.wait(Target::Any, Options::NONE)?;
        let by_waitid = t.call() == Call::Waitid;
        let expect = t.expect(&posix::STATUS_SIGNALED_FAULT);
        let expect = if by_waitid { expect.and(&posix::WAITID_KILLED) } else { expect };
        expect.reports_one_of(&seen, &child, &killed(signal))?;
    }
    Ok(())
}

fn limit_and_timer(t: &mut Trial) -> Outcome {
    let all = [Signal::PIPE, Signal::XFSZ, Signal::ALRM, Signal::SYS, Signal::VTALRM, Signal::PROF];
    for signal in all {
        let Some(child) = dies_for_real(t, signal)? else { continue };
        // A timer of processor time runs out late beside others who want the processor.
        t.await_ended(&child)?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        if seen.change() == Some(Change::Exited(STEP_FAILED)) {
            // As where all time is counted as system time.
            t.note(&format!("{signal}: the system did not send it"));
            continue;
        }
        t.expect_of(&posix::STATUS_SIGNALED, &posix::WAITID_KILLED).reports_one_of(
            &seen,
            &child,
            &killed(signal),
        )?;
    }
    Ok(())
}

fn cpu_limit(t: &mut Trial) -> Outcome {
    let Some(child) = dies_for_real(t, Signal::XCPU)? else { return Ok(()) };
    // That takes its time beside others who want the processor.
    t.await_ended(&child)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::STATUS_SIGNALED_CPU_LIMIT).reports_one_of(&seen, &child, &killed(Signal::XCPU))
}

fn cpu_hard_limit(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::of([Step::Ignore(Signal::XCPU), Step::Incur(death(Signal::KILL))]))?;
    // That takes its time beside others who want the processor.
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
    // A copy of the agent's process has no main of its own: exit(), which is what returning from main comes to.
    let child = t.spawn(Scenario::of([Step::Return { code: 8 }]))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::STATUS_RETURN_FROM_MAIN).reaped(&seen, &child, Change::Exited(8))
}

fn caught_and_exited(t: &mut Trial) -> Outcome {
    for signal in [Signal::TERM, Signal::SEGV] {
        let steps = [Step::Catch { signal, then: Then::Exit }, Step::raise(signal)];
        let child = t.spawn(Scenario::of(steps))?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(&posix::STATUS_EXIT_IN_HANDLER).reaped(&seen, &child, Change::Exited(CAUGHT))?;
    }
    Ok(())
}

fn raised_again(t: &mut Trial) -> Outcome {
    for signal in [Signal::TERM, Signal::INT] {
        let steps = [Step::Catch { signal, then: Then::Reraise }, Step::kill_self(signal)];
        let child = t.spawn(Scenario::of(steps))?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(&posix::STATUS_RERAISED_SIGNAL).reaped(&seen, &child, Change::Killed(signal, false))?;
    }
    Ok(())
}

fn caught_and_gone_on(t: &mut Trial) -> Outcome {
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
