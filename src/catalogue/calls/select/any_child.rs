//! Waits for any child: all are reported, each once, in whatever order.

use crate::scenario::{Scenario, Step};
use crate::spec::{linux, pairs, posix};
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::reported_child;
use crate::trial::{
    Calls, Change, Child, Disposition, Errno, MaskChange, Needs, Options, Outcome, Seen, SigactionFlags,
    Target, Trial,
};
use crate::wait::Signal;

cases! { "any-child";

    /// five children that have already exited are each reported once, without blocking, then ECHILD
    already_terminated(ANY) => [
        pairs::RETURNS_PID,
        pairs::NO_BLOCK_IF_READY,
        posix::WAITPID_ANY_EACH_ONCE,
        pairs::ANY_ORDER,
        pairs::ECHILD,
    ];

    /// whichever child exits, the younger or the older, wakes a blocked wait
    exits_while_blocked(ANY) => [pairs::BLOCKS_UNTIL_CHANGE, pairs::ECHILD];

    /// children in the caller's group and in groups of their own are all candidates
    every_group(ANY) in Calls::ENTRIES => [pairs::ANY_EVERY_GROUP];

    /// a dozen children that exit in any order are each reported once, then ECHILD
    dozen(ANY) in Calls::ENTRIES => [posix::WAITPID_ANY_EACH_ONCE, pairs::ECHILD];

    /// WNOHANG finds all of 64 exited children, each once, though fewer SIGCHLDs were delivered
    burst(ANY; NOHANG) in Calls::ENTRIES => [posix::WAITPID_ANY_EACH_ONCE, pairs::NOHANG_ECHILD];

    /// a reaped child is not reported again, neither while another child lives nor when that one exits
    not_reported_twice(ANY; NOHANG) in Calls::WITH_OPTIONS => [posix::STATUS_NOT_REPORTED_TWICE];

    /// a reaped child is not reported again by a wait for its group or for its own pid
    not_reported_twice_by_group(ANY | PID | GROUP; NOHANG) in Calls::WITH_TARGET.few()
        => [posix::STATUS_NOT_REPORTED_TWICE];

    /// without children the call fails with ECHILD and writes nothing
    no_children(ANY) => [pairs::ECHILD, linux::WAIT_ERROR_WRITES_NOTHING];

    /// for any child, also one in a group or session of its own, wait, wait3 and wait4 report the same as waitpid does for an identical one
    matches_waitpid(ANY) in Calls::only(&[Call::Wait, Call::Wait3, Call::Wait4])
        => [posix::WAIT_EQUALS_WAITPID_ANY, linux::WAIT3_EQUALS_WAITPID_ANY, linux::WAIT4_EQUALS_WAITPID];

    /// a blocked wait also reports a child forked by another thread in the meantime
    forked_while_blocked(ANY) in Calls::ENTRIES, needs Needs::THREADS
        => [posix::WAITPID_CHILD_FORKED_WHILE_BLOCKED];

    /// wait skips a stopped child, and leaves its stop for a call that requests it
    wait_ignores_stops(ANY) in Calls::only(&[Call::Wait]) => [posix::WAIT_ONLY_TERMINATION];
}

/// The reported child, removed from those left, and its expected change: each exits with a code of its own.
fn remove_reported(seen: &Seen, left: &mut Vec<(Child, i32)>) -> (Child, Change) {
    let (child, code) = reported_child(seen, left, |code| seen.fits(Change::Exited(*code)));
    (child, Change::Exited(code))
}

fn already_terminated(t: &mut Trial) -> Outcome {
    let mut left = Vec::new();
    for code in 11..=15 {
        left.push((t.spawn(Scenario::exits(code))?, code));
    }
    for (child, _) in &left {
        t.await_zombie(child)?;
    }
    let mut order = String::new();
    let mut reported = Vec::new();
    while !left.is_empty() {
        let seen = t.wait(Target::Any, Options::NONE)?;
        // With its own code, it is not a wrong pid but a child that is reported again.
        let again = reported.iter().any(|of| *of == (seen.pid(), seen.change()));
        t.expect(&posix::WAITPID_ANY_EACH_ONCE).that(!again, "a child not reported yet", seen.outcome())?;
        if seen.pid().is_some() {
            reported.push((seen.pid(), seen.change()));
        }
        let (child, change) = remove_reported(&seen, &mut left);
        t.expect(&pairs::NO_BLOCK_IF_READY).returns(&seen)?;
        // Codes are unique: a report with another child's pid is a wrong pid as much as a wrong code.
        t.expect(&pairs::RETURNS_PID).and(&posix::WAITPID_ANY_EACH_ONCE).reaped(&seen, &child, change)?;
        order += &child.name;
    }
    t.expect(&pairs::ANY_ORDER).records("order of five zombies", order)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&pairs::ECHILD).error(&seen, Errno::CHILD)
}

fn exits_while_blocked(t: &mut Trial) -> Outcome {
    let older = t.spawn(Scenario::held())?;
    let younger = t.spawn(Scenario::held())?;
    for (child, code) in [(&younger, 12), (&older, 11)] {
        let pending = t.begin(Target::Any, Options::NONE)?;
        t.expect(&pairs::BLOCKS_UNTIL_CHANGE).blocks(&pending)?;
        t.tell(child, Step::exit(code))?;
        let seen = t.finish(pending)?;
        t.expect(&pairs::BLOCKS_UNTIL_CHANGE).reaped(&seen, child, Change::Exited(code))?;
    }
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&pairs::ECHILD).error(&seen, Errno::CHILD)
}

fn every_group(t: &mut Trial) -> Outcome {
    let mut left = vec![(t.spawn(Scenario::exits(11))?, 11)];
    for code in [12, 13] {
        let child = t.spawn(Scenario::of([Step::Setpgid { pgid: 0 }, Step::exit(code)]))?;
        left.push((child, code));
    }
    while !left.is_empty() {
        let seen = t.wait(Target::Any, Options::NONE)?;
        let (child, change) = remove_reported(&seen, &mut left);
        t.expect(&pairs::ANY_EVERY_GROUP).reaped(&seen, &child, change)?;
    }
    Ok(())
}

fn dozen(t: &mut Trial) -> Outcome {
    let children = t.spawn_all((1..=12).map(Scenario::exits))?;
    let mut left: Vec<_> = children.into_iter().zip(1..).collect();
    for seen in t.wait_times(12, Target::Any, Options::NONE)? {
        let (child, change) = remove_reported(&seen, &mut left);
        t.expect(&posix::WAITPID_ANY_EACH_ONCE).reports(&seen, &child, change)?;
    }
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&pairs::ECHILD).error(&seen, Errno::CHILD)
}

fn burst(t: &mut Trial) -> Outcome {
    // While SIGCHLD is blocked, at most one is pending, however many children exit.
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::RESTART)?;
    t.sigprocmask(MaskChange::Block, Signal::CHLD)?;
    let children = t.spawn_all((1..=64).map(Scenario::exits))?;
    t.await_zombies(&children)?;
    let mut left: Vec<_> = children.into_iter().zip(1..).collect();
    t.sigprocmask(MaskChange::Unblock, Signal::CHLD)?;
    let caught = t.signals()?.count;
    t.record("SIGCHLDs caught for 64 children", caught.to_string());
    for seen in t.wait_times(64, Target::Any, Options::NOHANG)? {
        let (child, change) = remove_reported(&seen, &mut left);
        t.expect(&posix::WAITPID_ANY_EACH_ONCE).reports(&seen, &child, change)?;
    }
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&pairs::NOHANG_ECHILD).error(&seen, Errno::CHILD)
}

fn no_children(t: &mut Trial) -> Outcome {
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&pairs::ECHILD).error(&seen, Errno::CHILD)?;
    if Calls::WITH_STATUS.has(t.call()) {
        t.expect(&linux::WAIT_ERROR_WRITES_NOTHING).untouched(&seen)?;
    }
    Ok(())
}

fn matches_waitpid(t: &mut Trial) -> Outcome {
    let clause = match t.call() {
        Call::Wait => &posix::WAIT_EQUALS_WAITPID_ANY,
        Call::Wait3 => &linux::WAIT3_EQUALS_WAITPID_ANY,
        _ => &linux::WAIT4_EQUALS_WAITPID,
    };
    for fate in [
        vec![Step::exit(3)],
        vec![Step::kill_self(Signal::TERM)],
        vec![Step::Setpgid { pgid: 0 }, Step::exit(4)],
        vec![Step::Setsid, Step::exit(5)],
    ] {
        t.spawn(Scenario::of(fate.clone()))?;
        let by_waitpid = t.wait_by(Call::Waitpid, Target::Any, Options::NONE)?;
        t.expect(clause).returns(&by_waitpid)?;
        let twin = t.spawn(Scenario::of(fate))?;
        t.await_zombie(&twin)?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        let shown = by_waitpid.change().unwrap_or(Change::Unknown(-1));
        t.expect(clause).reaped(&seen, &twin, shown)?;
    }
    let by_waitpid = t.wait_by(Call::Waitpid, Target::Any, Options::NONE)?;
    t.expect(clause).returns(&by_waitpid)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).error(&seen, by_waitpid.errno().unwrap_or(Errno::CHILD))
}

fn forked_while_blocked(t: &mut Trial) -> Outcome {
    let held = t.spawn(Scenario::held())?;
    let pending = t.begin_on(1, Target::Any, Options::NONE)?;
    t.expect(&posix::WAITPID_CHILD_FORKED_WHILE_BLOCKED).blocks(&pending)?;
    let later = t.spawn(Scenario::exits(9))?;
    let seen = t.finish(pending)?;
    t.expect(&posix::WAITPID_CHILD_FORKED_WHILE_BLOCKED).reaped(&seen, &later, Change::Exited(9))?;
    t.tell(&held, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::WAITPID_CHILD_FORKED_WHILE_BLOCKED).reaped(&seen, &held, Change::Exited(7))
}

fn wait_ignores_stops(t: &mut Trial) -> Outcome {
    let clause = &posix::WAIT_ONLY_TERMINATION;
    let stopped = t.spawn(Scenario::held())?;
    t.signal(&stopped, Signal::STOP)?;
    t.await_stopped(&stopped)?;
    let child = t.spawn(Scenario::exits(8))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(8))?;
    let seen = t.wait_by(Call::Waitpid, Target::Child(&stopped), Options::UNTRACED | Options::NOHANG)?;
    t.expect(clause).reports(&seen, &stopped, Change::Stopped(Signal::STOP))
}

/// Two children, the first of which has been reaped; next is a call for any of them.
fn with_one_reaped(t: &mut Trial, by: Target<'_>) -> Outcome {
    let clause = &posix::STATUS_NOT_REPORTED_TWICE;
    let first = t.spawn(Scenario::exits(7))?;
    let other = t.spawn(Scenario::held())?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &first, Change::Exited(7))?;
    for _ in 0..2 {
        let seen = t.wait(by, Options::NOHANG)?;
        t.expect(clause).nothing_ready(&seen)?;
    }
    let pending = t.begin(by, Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&other, Step::exit(8))?;
    t.await_ended(&other)?;
    let seen = t.finish(pending)?;
    t.expect(clause).reports(&seen, &other, Change::Exited(8))?;
    let seen = t.wait(by, Options::NOHANG)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    if !matches!(by, Target::Any) {
        let seen = t.wait(Target::Child(&first), Options::NOHANG)?;
        t.expect(clause).error(&seen, Errno::CHILD)?;
    }
    Ok(())
}

fn not_reported_twice(t: &mut Trial) -> Outcome {
    with_one_reaped(t, Target::Any)
}

fn not_reported_twice_by_group(t: &mut Trial) -> Outcome {
    with_one_reaped(t, Target::OwnGroup)
}
