//! Children that the waiting process itself traces: each stop is reported to it, without being asked for.

use super::taken;
use crate::harness::trial::{
    Calls, Case, Change, Child, Needs, Options, Outcome, Seen, Stop, Target, Traced, Trial, here,
};
use crate::scenario::{Offspring, Scenario, Step};
use crate::spec::linux;
use crate::sys::family::Call;
use crate::sys::trace::{self, Request};
use crate::wait::Signal;

pub const CASES: &[Case] = &[
    Case {
        id: "traced.stop-without-untraced",
        title: "a signal stops a traced child, and every call reports that stop without WUNTRACED, as no exit",
        clauses: &[&linux::PTRACE_STOP_WITHOUT_UNTRACED, &linux::PTRACE_STOP_ONCE],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: stop_without_untraced,
    },
    Case {
        id: "traced.any-signal",
        title: "every kind of signal stops a traced child but SIGKILL, which kills it",
        clauses: &[&linux::PTRACE_STOP_ANY_SIGNAL],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: any_signal,
    },
    Case {
        id: "traced.attached",
        title: "a child that is attached to stops by SIGSTOP; once detached from it ends like any other",
        clauses: &[&linux::PTRACE_ATTACH_STOPS],
        calls: Calls::WITH_OPTIONS.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: attached,
    },
    Case {
        id: "traced.events",
        title: "exec and exit of a traced child are stops by SIGTRAP, with the event in the bits above",
        clauses: &[&linux::PTRACE_EVENT_BITS],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: events,
    },
    Case {
        id: "traced.newborn",
        title: "what a traced child forks is traced too, and its first stop is reported under its own pid",
        clauses: &[&linux::PTRACE_EVENT_BITS, &linux::PTRACE_NEWBORN],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: newborn,
    },
    Case {
        id: "traced.system-calls",
        title: "the stops at a system call carry SIGTRAP with 0x80 where that was asked for",
        clauses: &[&linux::PTRACE_SYSCALL_STOP],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: system_calls,
    },
    Case {
        id: "traced.exec-trap",
        title: "exec in a traced child stops it with SIGTRAP if no event was asked for",
        clauses: &[&linux::PTRACE_EXEC_TRAP],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: exec_trap,
    },
    Case {
        id: "traced.info",
        title: "waitid tells the stop of a traced child as CLD_TRAPPED, with WEXITED alone and with WSTOPPED alone",
        clauses: &[&linux::PTRACE_CLD_TRAPPED],
        calls: Calls::only(&[Call::Waitid]),
        needs: Needs::NOTHING,
        at: here(),
        run: info,
    },
    Case {
        id: "traced.peeked",
        title: "a peek at the stop of a traced child repeats, and a take then ends it",
        clauses: &[&linux::PTRACE_NOWAIT, &linux::PTRACE_STOP_ONCE],
        calls: Calls::only(&[Call::Waitid]),
        needs: Needs::NOTHING,
        at: here(),
        run: peeked,
    },
    Case {
        id: "traced.nohang-running",
        title: "WNOHANG for a traced child that runs returns 0, and a call without it sleeps until it stops",
        clauses: &[&linux::PTRACE_NOHANG_RUNNING],
        calls: Calls::WITH_OPTIONS.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: nohang_running,
    },
    Case {
        id: "traced.without-exit-signal",
        title: "a traced child is found by a call without __WALL although it has no exit signal",
        clauses: &[&linux::PTRACE_WALL_IMPLIED],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: without_exit_signal,
    },
    Case {
        id: "traced.group-stop",
        title: "the group stop of a seized child is the stop signal with the event of a stop above it, told once",
        clauses: &[&linux::PTRACE_GROUP_STOP, &linux::PTRACE_STOP_ONCE],
        calls: Calls::WITH_OPTIONS.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: group_stop,
    },
    Case {
        id: "traced.leader-first",
        title: "the end of a traced child's initial thread is not reported while another of its threads lives",
        clauses: &[&linux::PTRACE_LEADER_DELAYED],
        calls: Calls::WITH_OPTIONS.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: leader_first,
    },
    Case {
        id: "traced.beside-untraced",
        title: "a wait for any reports the stop of a traced child and the end of another one",
        clauses: &[&linux::PTRACE_ANY_MIXES],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: beside_untraced,
    },
];

/// How a call of that kind tells the stop of a traced child: only a siginfo has a word of its own for it.
fn stopped(t: &Trial, signal: Signal) -> Change {
    if t.call() == Call::Waitid { Change::Trapped(signal) } else { Change::Stopped(signal) }
}

/// The signal of a stop, with the event above it.
fn code(seen: &Seen) -> Option<i64> {
    match seen.status() {
        Some(word) => (word & 0xff == 0x7f).then_some(i64::from(word >> 8)),
        None => seen.info()?.status,
    }
}

/// What [`code`] gives of an event stop.
fn event(name: &str, signal: Signal) -> i64 {
    i64::from(trace::event(name) << 8 | signal.number())
}

/// Lets a stopped child go on without the signal that stopped it.
fn go_on(t: &mut Trial, child: &Child) -> Outcome {
    t.ptrace(Request::Cont, child, Traced::Nothing).map(drop)
}

/// A held child that the agent traces.
fn traced(t: &mut Trial) -> Result<Child, Stop> {
    t.spawn(Scenario::of([Step::Traceme]))
}

/// Ends a traced child that runs, and takes it.
fn end(t: &mut Trial, child: &Child, clause: &'static crate::spec::Clause) -> Outcome {
    t.tell(child, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, child, Change::Exited(7))
}

fn stop_without_untraced(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_STOP_WITHOUT_UNTRACED;
    let child = traced(t)?;
    let step = t.begin_step(&child, Step::raise(Signal::TERM))?;
    t.await_stopped(&child)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    let stop = stopped(t, Signal::TERM);
    t.expect(clause).reports(&seen, &child, stop)?;
    if t.call() != Call::Wait {
        let seen = t.wait(Target::Any, Options::NOHANG)?;
        t.expect(&linux::PTRACE_STOP_ONCE).nothing_ready(&seen)?;
    }
    go_on(t, &child)?;
    t.await_step(&child, step)?;
    end(t, &child, clause)
}

fn any_signal(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_STOP_ANY_SIGNAL;
    let child = traced(t)?;
    let real_time = Signal::realtime_range().into_iter().flat_map(|range| [*range.start(), *range.end()]);
    // Ones that would kill, stop, continue, or do nothing.
    let standard = [Signal::USR1, Signal::SEGV, Signal::TSTP, Signal::CONT, Signal::CHLD, Signal::WINCH];
    for signal in standard.into_iter().chain(real_time.map(Signal)) {
        let step = t.begin_step(&child, Step::raise(signal))?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        let stop = stopped(t, signal);
        t.expect(clause).reports(&seen, &child, stop)?;
        go_on(t, &child)?;
        t.await_step(&child, step)?;
    }
    t.signal(&child, Signal::KILL)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Killed(Signal::KILL, false))
}

fn attached(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_ATTACH_STOPS;
    let child = t.spawn(Scenario::held())?;
    t.ptrace(Request::Attach, &child, Traced::Nothing)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    let stop = stopped(t, Signal::STOP);
    t.expect(clause).reports(&seen, &child, stop)?;
    t.ptrace(Request::Detach, &child, Traced::Nothing)?;
    let seen = t.wait(Target::Any, Options::NOHANG | Options::UNTRACED | Options::CONTINUED)?;
    t.expect(clause).nothing_ready(&seen)?;
    end(t, &child, clause)
}

fn events(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_EVENT_BITS;
    let child = t.spawn(Scenario::held())?;
    t.ptrace(Request::Seize, &child, Traced::Options(&["exec", "exit"]))?;
    t.tell(&child, Step::Exec { steps: vec![] })?;
    for name in ["exec", "exit"] {
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(clause).reports_child(&seen, &child)?;
        t.expect(clause).equal_if_seen("stop", code(&seen).as_ref(), &event(name, Signal::TRAP))?;
        if name == "exec" {
            go_on(t, &child)?;
            t.await_image(&child)?;
            t.tell(&child, Step::exit(7))?;
        }
    }
    go_on(t, &child)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn newborn(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.ptrace(Request::Seize, &child, Traced::Options(&["fork"]))?;
    let steps = Offspring { orphan: true, steps: vec![Step::Pause], ..Offspring::default() };
    let step = t.begin_step(&child, Step::Fork(steps))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&linux::PTRACE_EVENT_BITS).reports_child(&seen, &child)?;
    let forked = event("fork", Signal::TRAP);
    t.expect(&linux::PTRACE_EVENT_BITS).equal_if_seen("stop", code(&seen).as_ref(), &forked)?;
    let pid = t.ptrace(Request::EventMessage, &child, Traced::Nothing)?;
    let newborn = Child { name: "the newborn".into(), pid };
    let seen = t.wait(Target::Pid(pid), Options::NONE)?;
    t.expect(&linux::PTRACE_NEWBORN).reports_child(&seen, &newborn)?;
    t.expect(&linux::PTRACE_NEWBORN).equal_if_seen(
        "stop",
        code(&seen).as_ref(),
        &event("stop", Signal::TRAP),
    )?;
    go_on(t, &newborn)?;
    go_on(t, &child)?;
    t.await_step(&child, step)?;
    end(t, &child, &linux::PTRACE_NEWBORN)
}

fn system_calls(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_SYSCALL_STOP;
    let child = traced(t)?;
    let step = t.begin_step(&child, Step::raise(Signal::USR1))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    let stop = stopped(t, Signal::USR1);
    t.expect(clause).reports(&seen, &child, stop)?;
    t.ptrace(Request::SetOptions, &child, Traced::Options(&["sysgood"]))?;
    // The way out of one call, or the way into the next one, and so on.
    for _ in 0..3 {
        t.ptrace(Request::Syscall, &child, Traced::Nothing)?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(clause).reports_child(&seen, &child)?;
        let trap = i64::from(Signal::TRAP.number() | 0x80);
        t.expect(clause).equal_if_seen("stop", code(&seen).as_ref(), &trap)?;
    }
    go_on(t, &child)?;
    t.await_step(&child, step)?;
    end(t, &child, clause)
}

fn exec_trap(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_EXEC_TRAP;
    let child = traced(t)?;
    t.tell(&child, Step::Exec { steps: vec![] })?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reports_child(&seen, &child)?;
    let trap = i64::from(Signal::TRAP.number());
    t.expect(clause).equal_if_seen("stop", code(&seen).as_ref(), &trap)?;
    go_on(t, &child)?;
    t.await_image(&child)?;
    end(t, &child, clause)
}

fn info(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_CLD_TRAPPED;
    let child = traced(t)?;
    for options in [Options::NONE, Options::NOT_EXITED | Options::UNTRACED] {
        let step = t.begin_step(&child, Step::raise(Signal::USR1))?;
        let seen = t.wait(Target::Any, options)?;
        t.expect(clause).reports(&seen, &child, Change::Trapped(Signal::USR1))?;
        let info = seen.fields();
        t.expect(clause).field(&seen, "si_code", info.code, "CLD_TRAPPED".to_owned())?;
        t.expect(clause).field(&seen, "si_status", info.status, Signal::USR1.number().into())?;
        go_on(t, &child)?;
        t.await_step(&child, step)?;
    }
    Ok(())
}

fn peeked(t: &mut Trial) -> Outcome {
    let child = traced(t)?;
    t.begin_step(&child, Step::raise(Signal::USR1))?;
    for _ in 0..3 {
        let seen = t.wait(Target::Any, Options::NOWAIT)?;
        t.expect(&linux::PTRACE_NOWAIT).reports(&seen, &child, Change::Trapped(Signal::USR1))?;
    }
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&linux::PTRACE_NOWAIT).reports(&seen, &child, Change::Trapped(Signal::USR1))?;
    for options in [Options::NOHANG, Options::NOHANG | Options::NOWAIT] {
        let seen = t.wait(Target::Any, options)?;
        t.expect(&linux::PTRACE_STOP_ONCE).nothing_ready(&seen)?;
    }
    Ok(())
}

fn nohang_running(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_NOHANG_RUNNING;
    let child = traced(t)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    let step = t.begin_step(&child, Step::raise(Signal::USR1))?;
    let seen = t.finish(pending)?;
    let stop = stopped(t, Signal::USR1);
    t.expect(clause).reports(&seen, &child, stop)?;
    go_on(t, &child)?;
    t.await_step(&child, step)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)
}

fn without_exit_signal(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_WALL_IMPLIED;
    let (child, _) = t.spawn_by("clone", Scenario::of([Step::Traceme]), &[("exit-signal", "0")])?;
    let step = t.begin_step(&child, Step::raise(Signal::USR1))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    let stop = stopped(t, Signal::USR1);
    t.expect(clause).reports(&seen, &child, stop)?;
    go_on(t, &child)?;
    t.await_step(&child, step)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn group_stop(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_GROUP_STOP;
    let child = t.spawn(Scenario::held())?;
    t.ptrace(Request::Seize, &child, Traced::Nothing)?;
    t.signal(&child, Signal::STOP)?;
    // First the signal is on its way, and stops the child as any signal does; then it is let through.
    let seen = t.wait(Target::Any, Options::NONE)?;
    let stop = stopped(t, Signal::STOP);
    t.expect(clause).reports(&seen, &child, stop)?;
    t.ptrace(Request::Cont, &child, Traced::Signal(Signal::STOP))?;
    // Its tracer is its parent too, who asks for the stops of those it does not trace.
    let seen = t.wait(Target::Any, Options::UNTRACED)?;
    t.expect(clause).reports_child(&seen, &child)?;
    let group = event("stop", Signal::STOP);
    t.expect(clause).equal_if_seen("stop", code(&seen).as_ref(), &group)?;
    let seen = t.wait(Target::Any, Options::NOHANG | Options::UNTRACED)?;
    t.expect(&linux::PTRACE_STOP_ONCE).nothing_ready(&seen)?;
    // It listens for its continuation, which is an event of its own; until then there is none.
    t.ptrace(Request::Listen, &child, Traced::Nothing)?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.signal(&child, Signal::CONT)?;
    let seen = t.finish(pending)?;
    t.expect(clause).reports_child(&seen, &child)?;
    let continued = event("stop", Signal::TRAP);
    t.expect(clause).equal_if_seen("stop", code(&seen).as_ref(), &continued)
}

fn leader_first(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_LEADER_DELAYED;
    let child = t.spawn(Scenario::held())?;
    t.ptrace(Request::Seize, &child, Traced::Nothing)?;
    t.tell(&child, Step::LeaderExit { code: 5 })?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn beside_untraced(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_ANY_MIXES;
    let child = traced(t)?;
    let other = t.spawn(Scenario::exits(8))?;
    t.begin_step(&child, Step::raise(Signal::USR1))?;
    t.await_stopped(&child)?;
    t.await_zombie(&other)?;
    let stop = stopped(t, Signal::USR1);
    let mut left = vec![(child, stop), (other, Change::Exited(8))];
    for _ in 0..2 {
        let seen = t.wait(Target::Any, Options::NONE)?;
        let (child, change) = taken(&seen, &mut left, |change| seen.change() == Some(*change));
        t.expect(clause).reports(&seen, &child, change)?;
    }
    Ok(())
}
