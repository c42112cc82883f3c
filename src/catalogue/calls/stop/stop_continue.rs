//! Stops and continues: when they are reported, how many times, and what replaces them.

use crate::scenario::{Scenario, Step, Then};
use crate::spec::{pairs, posix};
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::{Calls, Change, Child, Errno, Options, Outcome, ProcessState, Target, Trial};
use crate::wait::Signal;

cases! { "stop-continue";

    /// a stop is reported once with WUNTRACED
    stop_once(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::taking(Options::UNTRACED)
        => [pairs::WUNTRACED_REPORTS_STOP, pairs::STOPPED, posix::STATUS_STOP_ONCE];

    /// the stops of two children are both reported, and so are their continues
    of_two_children(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few()
        => [posix::STATUS_EVENTS_OF_EACH_CHILD];

    /// an unreported stop and an unreported continue are kept while another child is born, stops, and is reaped
    beside_another_child(PID; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_TARGET.few()
        => [posix::STATUS_EVENTS_OF_EACH_CHILD];

    /// a continue is reported once with WCONTINUED
    continue_once(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::taking(Options::CONTINUED)
        => [pairs::WCONTINUED_REPORTS_CONTINUE, pairs::CONTINUED, posix::STATUS_CONTINUE_ONCE];

    /// a stop is not reported without WUNTRACED, and is kept for a later call that requests it
    unrequested_stop_retained(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::taking(Options::UNTRACED)
        => [pairs::STOP_NEEDS_WUNTRACED, posix::WAITPID_UNREQUESTED_STOP_RETAINED];

    /// a continue is not reported without WCONTINUED, and is kept for a later call that requests it
    unrequested_continue_retained(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::taking(Options::CONTINUED)
        => [pairs::CONTINUE_NEEDS_WCONTINUED, pairs::CONTINUE_KEPT_FOR_WCONTINUED];

    /// a call blocked without WUNTRACED and WCONTINUED returns only on exit
    blocks_through_both(ANY) => [pairs::STOP_NEEDS_WUNTRACED, posix::WAIT_ONLY_TERMINATION];

    /// a stop wakes a blocked call that requested it, and so does a continue
    wakes_waiter(ANY; UNTRACED | CONTINUED) in Calls::taking(Options::UNTRACED) => [pairs::STOP_WAKES_WAITER];

    /// an exit is reported with WUNTRACED, with WCONTINUED and with both
    termination_always(ANY; UNTRACED | CONTINUED) in Calls::taking(Options::UNTRACED)
        => [pairs::TERMINATION_ALWAYS];

    /// after an unreported stop and a continue, only the continue is reported
    continue_replaces_stop(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::taking(Options::UNTRACED).few()
        => [posix::STATUS_CONTINUE_REPLACES_STOP];

    /// after stop, continue and stop, only the last stop is reported, with its own signal
    stop_replaces_continue(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::taking(Options::UNTRACED).few()
        => [posix::STATUS_STOP_REPLACES_CONTINUE];

    /// after an exit, an unreported continue is no longer reported
    exit_replaces_continue(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::taking(Options::UNTRACED).few()
        => [posix::STATUS_EXIT_REPLACES_ALL];

    /// after SIGKILL of a stopped child, its unreported stop is no longer reported
    kill_replaces_stop(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::taking(Options::UNTRACED).few()
        => [posix::STATUS_EXIT_REPLACES_ALL, posix::STATUS_KILL_WHILE_STOPPED];

    /// a stop signal to a stopped child creates no event, neither then nor after the child is continued
    stop_while_stopped(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::taking(Options::UNTRACED).few()
        => [posix::STATUS_STOP_WHILE_STOPPED];

    /// SIGCONT to a child that is not stopped creates no event
    continue_while_running(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::taking(Options::CONTINUED).few()
        => [posix::STATUS_CONTINUE_WHILE_RUNNING];

    /// SIGCONT continues a child that ignores, blocks or catches it, and the continue is reported
    continue_if_ignored(ANY; NOHANG | CONTINUED) in Calls::taking(Options::CONTINUED).few()
        => [posix::STATUS_CONTINUE_IF_IGNORED];

    /// a child that ignores or blocks SIGTSTP keeps running, and creates no event
    ignored_stop(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::taking(Options::UNTRACED).few()
        => [posix::STATUS_CAUGHT_STOP];

    /// a blocked stop signal stops a child once it is unblocked, but not if SIGCONT has come in the meantime
    pending_stop(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::taking(Options::UNTRACED).few()
        => [posix::STATUS_CONTINUE_DISCARDS_STOP];

    /// SIGTSTP, SIGTTIN and SIGTTOU also stop a child, and each is reported as itself
    job_control_signals(ANY; UNTRACED | CONTINUED) in Calls::taking(Options::UNTRACED).few()
        => [posix::STATUS_STOPPED_JOB_CONTROL];

    /// in an orphaned process group, SIGTSTP does not stop a process, but SIGSTOP does
    orphaned_group(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::taking(Options::UNTRACED).few()
        => [posix::STATUS_ORPHANED_GROUP_NO_STOP];

    /// each of five stops and continues is a separate event
    repeated(ANY; UNTRACED | CONTINUED) in Calls::taking(Options::UNTRACED).few()
        => [posix::STATUS_EVENTS_REPEAT];

    /// SIGTERM to a stopped child takes effect only once it is continued
    term_while_stopped(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::taking(Options::UNTRACED).few()
        => [posix::STATUS_TERM_WHILE_STOPPED];
}

/// Any event, without blocking.
const ANY_EVENT: Options = Options::NOHANG.with(Options::UNTRACED).with(Options::CONTINUED);
const STOPS: Options = Options::NOHANG.with(Options::UNTRACED);
const CONTINUES: Options = Options::NOHANG.with(Options::CONTINUED);

/// Stops a child with that signal, and waits until it has stopped.
fn stop(t: &mut Trial, child: &Child, signal: Signal) -> Outcome {
    t.signal(child, signal)?;
    t.await_stopped(child)
}

fn of_two_children(t: &mut Trial) -> Outcome {
    let clause = &posix::STATUS_EVENTS_OF_EACH_CHILD;
    let one = t.spawn(Scenario::held())?;
    let two = t.spawn(Scenario::held())?;
    for (signal, options, change) in [
        (Signal::STOP, Options::UNTRACED, Change::Stopped(Signal::STOP)),
        (Signal::CONT, Options::CONTINUED, Change::Continued),
    ] {
        for child in [&one, &two] {
            t.signal(child, signal)?;
            if signal == Signal::STOP {
                t.await_stopped(child)?;
            }
        }
        let mut left = vec![&one, &two];
        while !left.is_empty() {
            let seen = t.wait(Target::Any, options | Options::NOHANG)?;
            // Either may be reported first; one reported twice is no longer in the list.
            let at = left.iter().position(|child| seen.reports(child)).unwrap_or(0);
            let child = left.remove(at);
            t.expect(clause).reports(&seen, child, change)?;
        }
        let seen = t.wait(Target::Any, options | Options::NOHANG)?;
        t.expect(clause).nothing_ready(&seen)?;
    }
    Ok(())
}

fn beside_another_child(t: &mut Trial) -> Outcome {
    let clause = &posix::STATUS_EVENTS_OF_EACH_CHILD;
    let child = t.spawn(Scenario::held())?;
    for (signal, change) in [(Signal::STOP, Change::Stopped(Signal::STOP)), (Signal::CONT, Change::Continued)]
    {
        t.signal(&child, signal)?;
        if signal == Signal::STOP {
            t.await_stopped(&child)?;
        }
        let other = t.spawn(Scenario::held())?;
        t.signal(&other, Signal::TSTP)?;
        let seen = t.wait(Target::Child(&other), Options::UNTRACED)?;
        t.expect(clause).reports(&seen, &other, Change::Stopped(Signal::TSTP))?;
        t.signal(&other, Signal::KILL)?;
        let seen = t.wait(Target::Child(&other), Options::NONE)?;
        t.expect(clause).reaped(&seen, &other, Change::Killed(Signal::KILL, false))?;
        for again in [false, true] {
            let seen = t.wait(Target::Child(&child), ANY_EVENT)?;
            if again {
                t.expect(clause).nothing_ready(&seen)?;
            } else {
                t.expect(clause).reports(&seen, &child, change)?;
            }
        }
    }
    Ok(())
}

fn stop_once(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    stop(t, &child, Signal::STOP)?;
    let seen = t.wait(Target::Any, Options::UNTRACED)?;
    t.expect(&pairs::WUNTRACED_REPORTS_STOP).reports_child(&seen, &child)?;
    let stopped = Change::Stopped(Signal::STOP);
    t.expect(&pairs::STOPPED).reports(&seen, &child, stopped)?;
    for _ in 0..2 {
        let seen = t.wait(Target::Any, ANY_EVENT)?;
        t.expect(&posix::STATUS_STOP_ONCE).nothing_ready(&seen)?;
    }
    Ok(())
}

fn continue_once(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    stop(t, &child, Signal::STOP)?;
    t.signal(&child, Signal::CONT)?;
    let seen = t.wait(Target::Any, Options::CONTINUED)?;
    t.expect(&pairs::WCONTINUED_REPORTS_CONTINUE).reports_child(&seen, &child)?;
    t.expect(&pairs::CONTINUED).reports(&seen, &child, Change::Continued)?;
    for _ in 0..2 {
        let seen = t.wait(Target::Any, ANY_EVENT)?;
        t.expect(&posix::STATUS_CONTINUE_ONCE).nothing_ready(&seen)?;
    }
    Ok(())
}

fn unrequested_stop_retained(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    stop(t, &child, Signal::STOP)?;
    for options in [Options::NOHANG, CONTINUES, Options::NOHANG] {
        let seen = t.wait(Target::Any, options)?;
        t.expect(&pairs::STOP_NEEDS_WUNTRACED).nothing_ready(&seen)?;
    }
    let seen = t.wait(Target::Any, STOPS)?;
    let stopped = Change::Stopped(Signal::STOP);
    t.expect(&posix::WAITPID_UNREQUESTED_STOP_RETAINED).reports(&seen, &child, stopped)
}

fn unrequested_continue_retained(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    stop(t, &child, Signal::STOP)?;
    t.signal(&child, Signal::CONT)?;
    for options in [Options::NOHANG, STOPS, Options::NOHANG] {
        let seen = t.wait(Target::Any, options)?;
        t.expect(&pairs::CONTINUE_NEEDS_WCONTINUED).nothing_ready(&seen)?;
    }
    let seen = t.wait(Target::Any, CONTINUES)?;
    t.expect(&pairs::CONTINUE_KEPT_FOR_WCONTINUED).reports(&seen, &child, Change::Continued)
}

fn blocks_through_both(t: &mut Trial) -> Outcome {
    let clause = match t.call() {
        Call::Wait => &posix::WAIT_ONLY_TERMINATION,
        Call::Waitid => &posix::WAITID_EXITED_ONLY,
        _ => &posix::WAITPID_STOP_NEEDS_WUNTRACED,
    };
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    stop(t, &child, Signal::STOP)?;
    t.expect(clause).blocks(&pending)?;
    t.signal(&child, Signal::CONT)?;
    t.await_running(&child)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn wakes_waiter(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Any, Options::UNTRACED)?;
    t.expect(&pairs::STOP_WAKES_WAITER).blocks(&pending)?;
    t.signal(&child, Signal::STOP)?;
    let seen = t.finish(pending)?;
    let stopped = Change::Stopped(Signal::STOP);
    t.expect(&pairs::STOP_WAKES_WAITER).reports(&seen, &child, stopped)?;
    let pending = t.begin(Target::Any, Options::CONTINUED)?;
    t.expect(&pairs::STOP_WAKES_WAITER).blocks(&pending)?;
    t.signal(&child, Signal::CONT)?;
    let seen = t.finish(pending)?;
    t.expect(&pairs::STOP_WAKES_WAITER).reports(&seen, &child, Change::Continued)
}

fn termination_always(t: &mut Trial) -> Outcome {
    for options in [Options::UNTRACED, Options::CONTINUED, Options::UNTRACED.with(Options::CONTINUED)] {
        let child = t.spawn(Scenario::exits(7))?;
        let seen = t.wait(Target::Any, options)?;
        t.expect(&pairs::TERMINATION_ALWAYS).reaped(&seen, &child, Change::Exited(7))?;
    }
    Ok(())
}

fn continue_replaces_stop(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    stop(t, &child, Signal::STOP)?;
    t.signal(&child, Signal::CONT)?;
    let seen = t.wait(Target::Any, STOPS)?;
    t.expect(&posix::STATUS_CONTINUE_REPLACES_STOP).nothing_ready(&seen)?;
    let seen = t.wait(Target::Any, ANY_EVENT)?;
    t.expect(&posix::STATUS_CONTINUE_REPLACES_STOP).reports(&seen, &child, Change::Continued)?;
    let seen = t.wait(Target::Any, ANY_EVENT)?;
    t.expect(&posix::STATUS_CONTINUE_REPLACES_STOP).nothing_ready(&seen)
}

fn stop_replaces_continue(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    stop(t, &child, Signal::STOP)?;
    t.signal(&child, Signal::CONT)?;
    t.await_running(&child)?;
    stop(t, &child, Signal::TSTP)?;
    let seen = t.wait(Target::Any, CONTINUES)?;
    t.expect(&posix::STATUS_STOP_REPLACES_CONTINUE).nothing_ready(&seen)?;
    let seen = t.wait(Target::Any, ANY_EVENT)?;
    let stopped = Change::Stopped(Signal::TSTP);
    t.expect(&posix::STATUS_STOP_REPLACES_CONTINUE).reports(&seen, &child, stopped)?;
    let seen = t.wait(Target::Any, ANY_EVENT)?;
    t.expect(&posix::STATUS_STOP_REPLACES_CONTINUE).nothing_ready(&seen)
}

fn exit_replaces_continue(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    stop(t, &child, Signal::STOP)?;
    t.signal(&child, Signal::CONT)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, ANY_EVENT)?;
    t.expect(&posix::STATUS_EXIT_REPLACES_ALL).reaped(&seen, &child, Change::Exited(7))?;
    let seen = t.wait(Target::Any, ANY_EVENT)?;
    t.expect(&posix::STATUS_EXIT_REPLACES_ALL).error(&seen, Errno::CHILD)
}

fn kill_replaces_stop(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    stop(t, &child, Signal::STOP)?;
    t.signal(&child, Signal::KILL)?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, ANY_EVENT)?;
    let killed = Change::Killed(Signal::KILL, false);
    t.expect(&posix::STATUS_KILL_WHILE_STOPPED)
        .and(&posix::STATUS_EXIT_REPLACES_ALL)
        .reaped(&seen, &child, killed)?;
    let seen = t.wait(Target::Any, ANY_EVENT)?;
    t.expect(&posix::STATUS_EXIT_REPLACES_ALL).error(&seen, Errno::CHILD)
}

fn stop_while_stopped(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    stop(t, &child, Signal::STOP)?;
    let seen = t.wait(Target::Any, Options::UNTRACED)?;
    let stopped = Change::Stopped(Signal::STOP);
    t.expect(&posix::STATUS_STOP_WHILE_STOPPED).reports(&seen, &child, stopped)?;
    for again in [Signal::STOP, Signal::TSTP] {
        t.signal(&child, again)?;
        let seen = t.wait(Target::Any, ANY_EVENT)?;
        t.expect(&posix::STATUS_STOP_WHILE_STOPPED).nothing_ready(&seen)?;
    }
    t.signal(&child, Signal::CONT)?;
    // A child that answers is running, so it has not stopped a second time.
    t.tell(&child, Step::Getids)?;
    let seen = t.wait(Target::Any, ANY_EVENT)?;
    t.expect(&posix::STATUS_STOP_WHILE_STOPPED).reports(&seen, &child, Change::Continued)?;
    let seen = t.wait(Target::Any, ANY_EVENT)?;
    t.expect(&posix::STATUS_STOP_WHILE_STOPPED).nothing_ready(&seen)
}

fn continue_while_running(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    for _ in 0..2 {
        t.signal(&child, Signal::CONT)?;
        t.tell(&child, Step::Getids)?;
        let seen = t.wait(Target::Any, ANY_EVENT)?;
        t.expect(&posix::STATUS_CONTINUE_WHILE_RUNNING).nothing_ready(&seen)?;
    }
    Ok(())
}

fn continue_if_ignored(t: &mut Trial) -> Outcome {
    let caught = Step::Catch { signal: Signal::CONT, then: Then::Return };
    for deaf in [Step::Ignore(Signal::CONT), Step::Block(Signal::CONT), caught] {
        let child = t.spawn(Scenario::held())?;
        t.tell(&child, deaf)?;
        stop(t, &child, Signal::STOP)?;
        t.signal(&child, Signal::CONT)?;
        t.tell(&child, Step::Getids)?;
        let seen = t.wait(Target::Any, CONTINUES)?;
        t.expect(&posix::STATUS_CONTINUE_IF_IGNORED).reports(&seen, &child, Change::Continued)?;
    }
    Ok(())
}

fn ignored_stop(t: &mut Trial) -> Outcome {
    for deaf in [Step::Ignore(Signal::TSTP), Step::Block(Signal::TSTP)] {
        let child = t.spawn(Scenario::held())?;
        t.tell(&child, deaf)?;
        t.signal(&child, Signal::TSTP)?;
        t.tell(&child, Step::Getids)?;
        let seen = t.wait(Target::Any, ANY_EVENT)?;
        t.expect(&posix::STATUS_CAUGHT_STOP).nothing_ready(&seen)?;
        t.tell(&child, Step::exit(7))?;
        let seen = t.wait(Target::Any, Options::UNTRACED)?;
        t.expect(&posix::STATUS_CAUGHT_STOP).reaped(&seen, &child, Change::Exited(7))?;
    }
    Ok(())
}

fn pending_stop(t: &mut Trial) -> Outcome {
    let clause = &posix::STATUS_CONTINUE_DISCARDS_STOP;
    let child = t.spawn(Scenario::held())?;
    for continued in [false, true] {
        t.tell(&child, Step::Block(Signal::TSTP))?;
        t.signal(&child, Signal::TSTP)?;
        let seen = t.wait(Target::Any, ANY_EVENT)?;
        t.expect(clause).nothing_ready(&seen)?;
        if continued {
            t.signal(&child, Signal::CONT)?;
        }
        let step = t.begin_step(&child, Step::Unblock(Signal::TSTP))?;
        if continued {
            t.expect(clause).answered(&child, step)?;
            let seen = t.wait(Target::Any, ANY_EVENT)?;
            t.expect(clause).nothing_ready(&seen)?;
        } else {
            let seen = t.wait(Target::Any, Options::UNTRACED)?;
            t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::TSTP))?;
            t.signal(&child, Signal::CONT)?;
            let seen = t.wait(Target::Any, Options::CONTINUED)?;
            t.expect(clause).reports(&seen, &child, Change::Continued)?;
            t.await_step(&child, step)?;
        }
    }
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::UNTRACED)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn job_control_signals(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    for signal in [Signal::TSTP, Signal::TTIN, Signal::TTOU] {
        t.signal(&child, signal)?;
        let seen = t.wait(Target::Any, Options::UNTRACED)?;
        let stopped = Change::Stopped(signal);
        t.expect(&posix::STATUS_STOPPED_JOB_CONTROL).reports(&seen, &child, stopped)?;
        t.signal(&child, Signal::CONT)?;
        let seen = t.wait(Target::Any, Options::CONTINUED)?;
        t.expect(&posix::STATUS_STOPPED_JOB_CONTROL).reports(&seen, &child, Change::Continued)?;
    }
    Ok(())
}

fn orphaned_group(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    // No member of its new session is the parent of a member of its group.
    t.tell(&child, Step::Setsid)?;
    t.signal(&child, Signal::TSTP)?;
    let step = t.begin_step(&child, Step::Getids)?;
    t.expect(&posix::STATUS_ORPHANED_GROUP_NO_STOP).answered(&child, step)?;
    let seen = t.wait(Target::Any, ANY_EVENT)?;
    t.expect(&posix::STATUS_ORPHANED_GROUP_NO_STOP).nothing_ready(&seen)?;
    t.signal(&child, Signal::STOP)?;
    let seen = t.wait(Target::Any, Options::UNTRACED)?;
    let stopped = Change::Stopped(Signal::STOP);
    t.expect(&posix::STATUS_ORPHANED_GROUP_NO_STOP).reports(&seen, &child, stopped)
}

fn repeated(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    for _ in 0..5 {
        t.signal(&child, Signal::STOP)?;
        let seen = t.wait(Target::Any, Options::UNTRACED)?;
        let stopped = Change::Stopped(Signal::STOP);
        t.expect(&posix::STATUS_EVENTS_REPEAT).reports(&seen, &child, stopped)?;
        t.signal(&child, Signal::CONT)?;
        let seen = t.wait(Target::Any, Options::CONTINUED)?;
        t.expect(&posix::STATUS_EVENTS_REPEAT).reports(&seen, &child, Change::Continued)?;
    }
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::UNTRACED)?;
    t.expect(&posix::STATUS_EVENTS_REPEAT).reaped(&seen, &child, Change::Exited(7))
}

fn term_while_stopped(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    stop(t, &child, Signal::STOP)?;
    let seen = t.wait(Target::Any, Options::UNTRACED)?;
    let stopped = Change::Stopped(Signal::STOP);
    t.expect(&posix::STATUS_TERM_WHILE_STOPPED).reports(&seen, &child, stopped)?;
    t.signal(&child, Signal::TERM)?;
    let seen = t.wait(Target::Any, ANY_EVENT)?;
    t.expect(&posix::STATUS_TERM_WHILE_STOPPED).nothing_ready(&seen)?;
    let state = t.state(&child)?;
    // Under strace, every stop shows as a tracing stop.
    let stopped = [ProcessState::Stopped, ProcessState::TracingStop];
    t.expect(&posix::STATUS_TERM_WHILE_STOPPED).one_of("child state", &state, &stopped)?;
    t.signal(&child, Signal::CONT)?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, ANY_EVENT)?;
    let killed = Change::Killed(Signal::TERM, false);
    t.expect(&posix::STATUS_TERM_WHILE_STOPPED).reaped(&seen, &child, killed)
}
