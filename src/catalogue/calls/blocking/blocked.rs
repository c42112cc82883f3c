//! What wakes a blocked wait, and what does not.

use crate::scenario::{Scenario, Step};
use crate::spec::{pairs, posix};
use crate::trial::cases;
use crate::trial::{
    Calls, Change, Disposition, Errno, Got, Needs, Options, Outcome, SigactionFlags, Target, Trial,
};
use crate::wait::Signal;

cases! { "blocked";

    /// a wait blocks while its child runs, and reports the child when it exits
    until_exit(ANY) => [pairs::BLOCKS_UNTIL_CHANGE];

    /// a wait for a child that has already exited does not block
    not_if_ready(ANY) in Calls::ENTRIES => [pairs::NO_BLOCK_IF_READY];

    /// a wait for exits stays blocked while its child stops and continues
    through_stop_and_continue(ANY) in Calls::ENTRIES
        => [pairs::STOP_NEEDS_WUNTRACED, pairs::CONTINUE_NEEDS_WCONTINUED];

    /// a wait for stops or continues is woken by exactly those
    until_stop(ANY; UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few() => [pairs::STOP_WAKES_WAITER];

    /// a wait for one child ignores a sibling's zombie, and stays blocked when another sibling exits
    through_exit_of_other_child(PID) in Calls::WITH_TARGET.few()
        => [posix::WAITPID_OTHER_CHILD_NO_WAKE, posix::WAITPID_BY_PID_PRESERVES_OTHERS];

    /// a wait for one process group stays blocked when a child in another group exits
    through_exit_in_other_group(GROUP) in Calls::WITH_TARGET.few() => [posix::WAITPID_OTHER_CHILD_NO_WAKE];

    /// when two threads block on the same child, one reaps it and the other fails with ECHILD
    echild_after_concurrent_reap(ANY) in Calls::ENTRIES, needs Needs::THREADS
        => [posix::WAITPID_ECHILD_AFTER_CONCURRENT_REAP];

    /// with SIGCHLD ignored, a wait for one child fails with ECHILD once that child is gone
    echild_with_sigchld_ignored(PID) in Calls::WITH_TARGET.few() => [posix::SIGCHLD_IGNORED_BY_PID];

    /// a wait on a group fails with ECHILD after its only child leaves the group and exits
    echild_after_setpgid(GROUP) in Calls::WITH_TARGET.few() => [posix::WAITPID_ECHILD_AFTER_SETPGID];
}

fn until_exit(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(&pairs::BLOCKS_UNTIL_CHANGE).blocks(&pending)?;
    // Activity in a child is not a state change.
    t.tell(&child, Step::Getids)?;
    t.expect(&pairs::BLOCKS_UNTIL_CHANGE).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let seen = t.finish(pending)?;
    t.expect(&pairs::BLOCKS_UNTIL_CHANGE).reaped(&seen, &child, Change::Exited(7))
}

fn not_if_ready(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    // A live sibling must make no difference.
    t.spawn(Scenario::held())?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&pairs::NO_BLOCK_IF_READY).reaped(&seen, &child, Change::Exited(7))
}

fn through_stop_and_continue(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(&pairs::STOP_NEEDS_WUNTRACED).blocks(&pending)?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    t.expect(&pairs::STOP_NEEDS_WUNTRACED).blocks(&pending)?;
    t.signal(&child, Signal::CONT)?;
    // Once the child answers, its continue has taken full effect.
    t.tell(&child, Step::Getids)?;
    t.expect(&pairs::CONTINUE_NEEDS_WCONTINUED).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let seen = t.finish(pending)?;
    t.expect(&pairs::CONTINUE_NEEDS_WCONTINUED).reaped(&seen, &child, Change::Exited(7))
}

fn until_stop(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Any, Options::UNTRACED)?;
    t.expect(&pairs::STOP_WAKES_WAITER).blocks(&pending)?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let seen = t.finish(pending)?;
    t.expect(&pairs::STOP_WAKES_WAITER).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    let pending = t.begin(Target::Any, Options::CONTINUED)?;
    t.expect(&pairs::STOP_WAKES_WAITER).blocks(&pending)?;
    t.signal(&child, Signal::CONT)?;
    // Once the child answers, its continue has woken every waiter it was going to wake.
    t.tell(&child, Step::Getids)?;
    let seen = t.finish(pending)?;
    t.expect(&pairs::STOP_WAKES_WAITER).reports(&seen, &child, Change::Continued)
}

fn through_exit_of_other_child(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let early = t.spawn(Scenario::exits(8))?;
    t.await_zombie(&early)?;
    let late = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Child(&child), Options::NONE)?;
    t.expect(&posix::WAITPID_OTHER_CHILD_NO_WAKE).blocks(&pending)?;
    t.tell(&late, Step::exit(9))?;
    t.await_zombie(&late)?;
    t.expect(&posix::WAITPID_OTHER_CHILD_NO_WAKE).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let seen = t.finish(pending)?;
    t.expect(&posix::WAITPID_OTHER_CHILD_NO_WAKE).reaped(&seen, &child, Change::Exited(7))?;
    for (other, code) in [(&late, 9), (&early, 8)] {
        let seen = t.wait(Target::Child(other), Options::NONE)?;
        t.expect(&posix::WAITPID_BY_PID_PRESERVES_OTHERS).reaped(&seen, other, Change::Exited(code))?;
    }
    Ok(())
}

fn through_exit_in_other_group(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let other = t.spawn(Scenario::of([Step::Setpgid { pgid: 0 }]))?;
    // Once it answers, it has joined its group.
    t.tell(&other, Step::Getids)?;
    let pending = t.begin(Target::OwnGroup, Options::NONE)?;
    t.expect(&posix::WAITPID_OTHER_CHILD_NO_WAKE).blocks(&pending)?;
    t.tell(&other, Step::exit(9))?;
    t.await_zombie(&other)?;
    t.expect(&posix::WAITPID_OTHER_CHILD_NO_WAKE).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let seen = t.finish(pending)?;
    t.expect(&posix::WAITPID_OTHER_CHILD_NO_WAKE).reaped(&seen, &child, Change::Exited(7))
}

fn echild_after_concurrent_reap(t: &mut Trial) -> Outcome {
    let clause = &posix::WAITPID_ECHILD_AFTER_CONCURRENT_REAP;
    let child = t.spawn(Scenario::held())?;
    let first = t.begin_on(1, Target::Any, Options::NONE)?;
    t.expect(clause).blocks(&first)?;
    let second = t.begin_on(2, Target::Any, Options::NONE)?;
    t.expect(clause).blocks(&second)?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let (first, second) = (t.finish(first)?, t.finish(second)?);
    t.expect(clause).returns(&first)?;
    t.expect(clause).returns(&second)?;
    let (winner, loser) = if first.is_report() { (first, second) } else { (second, first) };
    t.expect(clause).reaped(&winner, &child, Change::Exited(7))?;
    t.expect(clause).error(&loser, Errno::CHILD)
}

fn echild_with_sigchld_ignored(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Ignore, SigactionFlags::NONE)?;
    let child = t.spawn(Scenario::held())?;
    // It keeps a wait for any child blocked, but not this one.
    t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Child(&child), Options::NONE)?;
    t.expect(&posix::SIGCHLD_IGNORED_BY_PID).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let seen = t.finish(pending)?;
    t.expect(&posix::SIGCHLD_IGNORED_BY_PID).error(&seen, Errno::CHILD)
}

fn echild_after_setpgid(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::OwnGroup, Options::NONE)?;
    t.expect(&posix::WAITPID_ECHILD_AFTER_SETPGID).blocks(&pending)?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.finish(pending)?;
    let got = if seen.is_hung() { (Got::Asleep, "still blocked").into() } else { seen.actual(None) };
    t.expect(&posix::WAITPID_ECHILD_AFTER_SETPGID).that(seen.errno() == Some(Errno::CHILD), "-1 ECHILD", got)
}
