//! Children traced by the waiting process itself: every stop is reported to it without being requested.

use crate::catalogue::calls::sigchld::every_kind::uid_of;
use crate::catalogue::calls::sigchld::handler::await_sigchld;
use crate::scenario::{Offspring, Scenario, Step};
use crate::spec::linux;
use crate::sys::call::abi::Call;
use crate::sys::process::ptrace::{self, Request};
use crate::trial::cases;
use crate::trial::reported_child;
use crate::trial::{
    Abort, By, Calls, Change, Child, CloneHow, Disposition, Errno, Needs, Options, Outcome, Seen, SiCode,
    SigactionFlags, Target, Traced, Trial,
};
use crate::wait::Signal;

cases! { "ptrace-parent";

    /// a signal stops a traced child, and every call reports the stop without WUNTRACED
    stop_without_wuntraced(ANY; NOHANG) in Calls::ENTRIES
        => [linux::PTRACE_STOP_WITHOUT_WUNTRACED, linux::PTRACE_STOP_ONCE];

    /// so it is by pid and by group, and it wakes a wait that sleeps
    every_target(ANY | PID | GROUP) in Calls::WITH_TARGET.few() => [linux::PTRACE_STOP_EVERY_TARGET];

    /// and through a pidfd
    by_pidfd(PIDFD) in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS
        => [linux::PTRACE_STOP_EVERY_TARGET];

    /// every kind of signal stops a traced child, except SIGKILL, which kills it
    any_signal(ANY) in Calls::ENTRIES => [linux::PTRACE_STOP_ANY_SIGNAL];

    /// attaching stops the child with SIGSTOP; once detached, it exits like any other
    attach_and_detach(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::ENTRIES => [linux::PTRACE_ATTACH_STOPS];

    /// exec and exit of a traced child are SIGTRAP stops with the event in the upper bits
    event_stops(ANY) in Calls::ENTRIES => [linux::PTRACE_EVENT_BITS];

    /// a traced child's fork is auto-attached, and its first stop is reported under its own pid
    fork_auto_attached(ANY | PID) in Calls::ENTRIES
        => [linux::PTRACE_EVENT_BITS, linux::PTRACE_FORK_AUTO_ATTACHED];

    /// with PTRACE_O_TRACESYSGOOD, syscall stops are reported as SIGTRAP | 0x80
    syscall_stops(ANY) in Calls::ENTRIES => [linux::PTRACE_SYSCALL_STOP];

    /// exec in a traced child stops it with SIGTRAP if no exec event was requested
    exec_trap(ANY) in Calls::ENTRIES => [linux::PTRACE_EXEC_TRAP];

    /// waitid reports a traced child's stop as CLD_TRAPPED, with WEXITED alone and with WSTOPPED alone
    cld_trapped(ANY; UNTRACED) in Calls::only(&[Call::Waitid]) => [linux::PTRACE_CLD_TRAPPED];

    /// peeks at a traced child's stop repeat, and one wait consumes it
    peek(ANY; NOHANG | NOWAIT) in Calls::only(&[Call::Waitid])
        => [linux::PTRACE_NOWAIT, linux::PTRACE_STOP_ONCE];

    /// WNOHANG returns 0 while a traced child runs, and a blocking call waits until the child stops
    nohang_running(ANY; NOHANG) in Calls::WITH_OPTIONS.few() => [linux::PTRACE_NOHANG_RUNNING];

    /// a traced child is found without __WALL, even if it has no exit signal
    no_exit_signal(ANY | PID) in Calls::ENTRIES => [linux::PTRACE_WALL_IMPLIED];

    /// a seized child's group stop is reported once, as the stop signal with PTRACE_EVENT_STOP in the upper bits
    group_stop(ANY; NOHANG | UNTRACED) in Calls::ENTRIES
        => [linux::PTRACE_GROUP_STOP, linux::PTRACE_STOP_ONCE];

    /// the exit of a traced child's initial thread is not reported while another of its threads lives
    leader_exits_first(ANY; NOHANG) in Calls::ENTRIES => [linux::PTRACE_LEADER_DELAYED];

    /// a wait for any child reports the stop of a traced child and the exit of an untraced one
    with_untraced_sibling(ANY) in Calls::ENTRIES => [linux::PTRACE_ANY_INCLUDES_UNTRACED];

    /// a thread started by a traced child is traced, too: its stop and its exit are reported under its own ID
    thread(ANY | PID) in Calls::WITH_TARGET.few() => [linux::PTRACE_THREADS];

    /// the stop of a traced child sends SIGCHLD with CLD_TRAPPED and the signal
    sigchld(ANY) in Calls::ENTRIES.few() => [linux::PTRACE_SIGCHLD_TRAPPED];

    /// the stops of a child traced by one thread are reported to the other threads, too, except with __WNOTHREAD
    other_thread(ANY; NOHANG | UNTRACED | NOTHREAD) in Calls::taking(Options::NOTHREAD).few(), needs Needs::THREADS
        => [linux::PTRACE_STOPS_FOR_ANY_THREAD];
}

/// How this call reports the stop of a traced child: only a siginfo distinguishes it.
fn stopped(t: &Trial, signal: Signal) -> Change {
    if t.call() == Call::Waitid { Change::Trapped(signal) } else { Change::Stopped(signal) }
}

/// The stop signal, with the event in the upper bits.
pub(super) fn code(seen: &Seen) -> Option<i64> {
    match seen.status() {
        Some(word) => (word & 0xff == 0x7f).then_some(i64::from(word >> 8)),
        None => seen.info()?.status,
    }
}

/// What [`code`] returns for an event stop.
pub(super) fn event(name: &str, signal: Signal) -> i64 {
    i64::from(ptrace::event(name) << 8 | signal.number())
}

/// Resumes a stopped child, discarding the signal that stopped it.
pub(super) fn resume(t: &mut Trial, child: &Child) -> Outcome {
    t.ptrace(Request::Cont, child, Traced::Nothing).map(drop)
}

/// A held child that the agent traces.
fn traced(t: &mut Trial) -> Result<Child, Abort> {
    t.spawn(Scenario::of([Step::Traceme]))
}

/// Has a running traced child exit, and reaps it.
fn exit_and_reap(t: &mut Trial, child: &Child, clause: &'static crate::spec::Clause) -> Outcome {
    t.tell(child, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, child, Change::Exited(7))
}

fn stop_without_wuntraced(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_STOP_WITHOUT_WUNTRACED;
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
    resume(t, &child)?;
    t.await_step(&child, step)?;
    exit_and_reap(t, &child, clause)
}

/// A stop that is there and one that wakes the call, by that target; then the child exits.
fn stops_found(t: &mut Trial, child: &Child, target: Target<'_>) -> Outcome {
    let clause = &linux::PTRACE_STOP_EVERY_TARGET;
    let stop = stopped(t, Signal::TERM);
    for asleep in [false, true] {
        let (seen, step) = if asleep {
            let pending = t.begin(target, Options::NONE)?;
            t.expect(clause).blocks(&pending)?;
            let step = t.begin_step(child, Step::raise(Signal::TERM))?;
            (t.finish(pending)?, step)
        } else {
            let step = t.begin_step(child, Step::raise(Signal::TERM))?;
            t.await_stopped(child)?;
            (t.wait(target, Options::NONE)?, step)
        };
        t.expect(clause).reports(&seen, child, stop)?;
        resume(t, child)?;
        t.await_step(child, step)?;
    }
    Ok(())
}

fn every_target(t: &mut Trial) -> Outcome {
    let child = traced(t)?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    for target in [Target::Any, Target::Child(&child), Target::Group(&child)] {
        stops_found(t, &child, target)?;
    }
    exit_and_reap(t, &child, &linux::PTRACE_STOP_EVERY_TARGET)
}

fn by_pidfd(t: &mut Trial) -> Outcome {
    let child = traced(t)?;
    let fd = t.pidfd_open(&child, false)?;
    stops_found(t, &child, Target::Pidfd(fd))?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
    t.expect(&linux::PTRACE_STOP_EVERY_TARGET).reaped(&seen, &child, Change::Exited(7))
}

fn any_signal(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_STOP_ANY_SIGNAL;
    let child = traced(t)?;
    let real_time = Signal::realtime_on(t.system());
    let real_time = real_time.clone().next().into_iter().chain(real_time.last());
    // Signals that would kill, stop, continue, or do nothing.
    let standard = [Signal::USR1, Signal::SEGV, Signal::TSTP, Signal::CONT, Signal::CHLD, Signal::WINCH];
    for signal in standard.into_iter().chain(real_time) {
        let step = t.begin_step(&child, Step::raise(signal))?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        let stop = stopped(t, signal);
        t.expect(clause).reports(&seen, &child, stop)?;
        resume(t, &child)?;
        t.await_step(&child, step)?;
    }
    t.signal(&child, Signal::KILL)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Killed(Signal::KILL, false))
}

fn attach_and_detach(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_ATTACH_STOPS;
    let child = t.spawn(Scenario::held())?;
    t.ptrace(Request::Attach, &child, Traced::Nothing)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    let stop = stopped(t, Signal::STOP);
    t.expect(clause).reports(&seen, &child, stop)?;
    t.ptrace(Request::Detach, &child, Traced::Nothing)?;
    let seen = t.wait(Target::Any, Options::NOHANG | Options::UNTRACED | Options::CONTINUED)?;
    t.expect(clause).nothing_ready(&seen)?;
    exit_and_reap(t, &child, clause)
}

fn event_stops(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_EVENT_BITS;
    let child = t.spawn(Scenario::held())?;
    t.ptrace(Request::Seize, &child, Traced::Options(&["exec", "exit"]))?;
    t.tell(&child, Step::Exec { steps: vec![] })?;
    for name in ["exec", "exit"] {
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(clause).reports_child(&seen, &child)?;
        t.expect(clause).equal_if_seen("stop", code(&seen).as_ref(), &event(name, Signal::TRAP))?;
        if name == "exec" {
            resume(t, &child)?;
            t.await_image(&child)?;
            t.tell(&child, Step::exit(7))?;
        }
    }
    resume(t, &child)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn fork_auto_attached(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.ptrace(Request::Seize, &child, Traced::Options(&["fork"]))?;
    let steps = Offspring { orphan: true, steps: vec![Step::Pause], ..Offspring::default() };
    let step = t.begin_step(&child, Step::Fork(steps))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&linux::PTRACE_EVENT_BITS).reports_child(&seen, &child)?;
    let fork_event = event("fork", Signal::TRAP);
    t.expect(&linux::PTRACE_EVENT_BITS).equal_if_seen("stop", code(&seen).as_ref(), &fork_event)?;
    let pid = t.ptrace(Request::EventMessage, &child, Traced::Nothing)?;
    let forked = Child { name: "the forked child".into(), pid };
    let seen = t.wait(Target::Pid(pid), Options::NONE)?;
    t.expect(&linux::PTRACE_FORK_AUTO_ATTACHED).reports_child(&seen, &forked)?;
    t.expect(&linux::PTRACE_FORK_AUTO_ATTACHED).equal_if_seen(
        "stop",
        code(&seen).as_ref(),
        &event("stop", Signal::TRAP),
    )?;
    resume(t, &forked)?;
    resume(t, &child)?;
    t.await_step(&child, step)?;
    exit_and_reap(t, &child, &linux::PTRACE_FORK_AUTO_ATTACHED)
}

fn thread(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_THREADS;
    let child = t.spawn(Scenario::held())?;
    t.ptrace(Request::Seize, &child, Traced::Options(&["clone"]))?;
    let step = t.begin_step(&child, Step::StartThread)?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(clause).reports_child(&seen, &child)?;
    t.expect(clause).equal_if_seen("stop", code(&seen).as_ref(), &event("clone", Signal::TRAP))?;
    let id = t.ptrace(Request::EventMessage, &child, Traced::Nothing)?;
    let thread = Child { name: "the thread".into(), pid: id };
    let seen = t.wait(Target::Pid(id), Options::NONE)?;
    t.expect(clause).reports_child(&seen, &thread)?;
    t.expect(clause).equal_if_seen("stop", code(&seen).as_ref(), &event("stop", Signal::TRAP))?;
    resume(t, &thread)?;
    resume(t, &child)?;
    t.await_step(&child, step)?;
    t.tell(&child, Step::EndThreads)?;
    let seen = t.wait(Target::Pid(id), Options::NONE)?;
    t.expect(clause).reports(&seen, &thread, Change::Exited(0))?;
    let seen = t.wait(Target::Pid(id), Options::NONE)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    exit_and_reap(t, &child, clause)
}

fn syscall_stops(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_SYSCALL_STOP;
    let child = traced(t)?;
    let step = t.begin_step(&child, Step::raise(Signal::USR1))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    let stop = stopped(t, Signal::USR1);
    t.expect(clause).reports(&seen, &child, stop)?;
    t.ptrace(Request::SetOptions, &child, Traced::Options(&["sysgood"]))?;
    // The stops alternate between the exit of one system call and the entry of the next.
    for _ in 0..3 {
        t.ptrace(Request::Syscall, &child, Traced::Nothing)?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(clause).reports_child(&seen, &child)?;
        let trap = i64::from(t.number(Signal::TRAP) | 0x80);
        t.expect(clause).equal_if_seen("stop", code(&seen).as_ref(), &trap)?;
    }
    resume(t, &child)?;
    t.await_step(&child, step)?;
    exit_and_reap(t, &child, clause)
}

fn exec_trap(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_EXEC_TRAP;
    let child = traced(t)?;
    t.tell(&child, Step::Exec { steps: vec![] })?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reports_child(&seen, &child)?;
    let trap = i64::from(t.number(Signal::TRAP));
    t.expect(clause).equal_if_seen("stop", code(&seen).as_ref(), &trap)?;
    resume(t, &child)?;
    t.await_image(&child)?;
    exit_and_reap(t, &child, clause)
}

fn cld_trapped(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_CLD_TRAPPED;
    let child = traced(t)?;
    for options in [Options::NONE, Options::NOT_EXITED | Options::UNTRACED] {
        let step = t.begin_step(&child, Step::raise(Signal::USR1))?;
        let seen = t.wait(Target::Any, options)?;
        t.expect(clause).reports(&seen, &child, Change::Trapped(Signal::USR1))?;
        let info = seen.fields();
        t.expect(clause).field(&seen, "si_code", info.code, SiCode::Trapped)?;
        t.expect(clause).field(&seen, "si_status", info.signal, Signal::USR1)?;
        resume(t, &child)?;
        t.await_step(&child, step)?;
    }
    Ok(())
}

fn peek(t: &mut Trial) -> Outcome {
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
    resume(t, &child)?;
    t.await_step(&child, step)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)
}

fn no_exit_signal(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_WALL_IMPLIED;
    let (child, _) = t.spawn_by(&By::Clone(CloneHow::signalling(None)), Scenario::of([Step::Traceme]))?;
    let step = t.begin_step(&child, Step::raise(Signal::USR1))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    let stop = stopped(t, Signal::USR1);
    t.expect(clause).reports(&seen, &child, stop)?;
    resume(t, &child)?;
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
    // The signal is delivered first, and stops the child as any signal does; then it is injected.
    let seen = t.wait(Target::Any, Options::NONE)?;
    let stop = stopped(t, Signal::STOP);
    t.expect(clause).reports(&seen, &child, stop)?;
    t.ptrace(Request::Cont, &child, Traced::Signal(Signal::STOP))?;
    // The tracer is also the parent, which may request stops of untraced children.
    let seen = t.wait(Target::Any, Options::UNTRACED)?;
    t.expect(clause).reports_child(&seen, &child)?;
    let stop_event = event("stop", Signal::STOP);
    t.expect(clause).equal_if_seen("stop", code(&seen).as_ref(), &stop_event)?;
    let seen = t.wait(Target::Any, Options::NOHANG | Options::UNTRACED)?;
    t.expect(&linux::PTRACE_STOP_ONCE).nothing_ready(&seen)?;
    // PTRACE_LISTEN: the continue is the next event; until then there is none.
    t.ptrace(Request::Listen, &child, Traced::Nothing)?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.signal(&child, Signal::CONT)?;
    let seen = t.finish(pending)?;
    t.expect(clause).reports_child(&seen, &child)?;
    let continue_event = event("stop", Signal::TRAP);
    t.expect(clause).equal_if_seen("stop", code(&seen).as_ref(), &continue_event)
}

fn leader_exits_first(t: &mut Trial) -> Outcome {
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

fn with_untraced_sibling(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_ANY_INCLUDES_UNTRACED;
    let child = traced(t)?;
    let other = t.spawn(Scenario::exits(8))?;
    t.begin_step(&child, Step::raise(Signal::USR1))?;
    t.await_stopped(&child)?;
    t.await_zombie(&other)?;
    let stop = stopped(t, Signal::USR1);
    let mut left = vec![(child, stop), (other, Change::Exited(8))];
    for _ in 0..2 {
        let seen = t.wait(Target::Any, Options::NONE)?;
        let (child, change) = reported_child(&seen, &mut left, |change| seen.fits(*change));
        t.expect(clause).reports(&seen, &child, change)?;
    }
    Ok(())
}

fn sigchld(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_SIGCHLD_TRAPPED;
    let child = traced(t)?;
    let uid = uid_of(t, &child)?;
    t.sigaction(Signal::CHLD, Disposition::Record, SigactionFlags::RESTART)?;
    let step = t.begin_step(&child, Step::raise(Signal::USR1))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    let stop = stopped(t, Signal::USR1);
    t.expect(clause).reports(&seen, &child, stop)?;
    let signals = await_sigchld(t, clause, "a stop of a traced child")?;
    let got: Vec<_> = signals.seen.iter().map(|caught| (caught.code, caught.pid, caught.status)).collect();
    let number = i64::from(t.number(Signal::USR1));
    t.expect(clause).one_of(
        "si_code, si_pid, si_status",
        &got,
        &[vec![(SiCode::Trapped, child.pid, number)]],
    )?;
    if let Some(caught) = signals.seen.first() {
        t.expect(clause).equal("si_uid", &caught.uid, &uid)?;
    }
    resume(t, &child)?;
    t.await_step(&child, step)?;
    exit_and_reap(t, &child, clause)
}

fn other_thread(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_STOPS_FOR_ANY_THREAD;
    // The thread that forks it becomes its tracer.
    let child = t.spawn_on(1, Scenario::of([Step::Traceme]))?;
    t.begin_step(&child, Step::raise(Signal::USR1))?;
    t.await_stopped(&child)?;
    let seen = t.wait(Target::Any, Options::NOHANG | Options::NOTHREAD)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    // With an option for stops: where none is seen, the call is repeated until the child has stopped.
    let seen = t.wait(Target::Any, Options::NOHANG | Options::UNTRACED)?;
    let stop = stopped(t, Signal::USR1);
    t.expect(clause).reports(&seen, &child, stop)?;
    t.signal(&child, Signal::KILL)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Killed(Signal::KILL, false))
}
