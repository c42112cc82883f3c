//! Threads of the parent, which share its children, and threads of a child, which exits with its last thread.

use crate::scenario::{Scenario, Step};
use crate::spec::{linux, pairs, posix};
use crate::trial::Seen;
use crate::trial::cases;
use crate::trial::{
    Abort, Calls, Change, Disposition, Errno, Needs, Options, Outcome, SigactionFlags, Target, Trial,
};
use crate::wait::Signal;

cases! { "threads";

    /// a thread reaps a child forked by another thread, whichever of the two is the initial one
    sibling_reaps(ANY) in Calls::ENTRIES, needs Needs::THREADS
        => [posix::WAITPID_ANY_THREAD, linux::THREADS_SHARE_CHILDREN];

    /// a thread blocks until another thread's child exits
    sibling_blocks(PID) in Calls::WITH_TARGET.few(), needs Needs::THREADS
        => [posix::WAITPID_ANY_THREAD, linux::THREADS_SHARE_CHILDREN];

    /// when two threads block on one child, one reaps it and the other gets ECHILD
    one_waiter_wins(PID) in Calls::WITH_TARGET.few(), needs Needs::THREADS
        => [pairs::ONE_WAITER_WINS, posix::WAITPID_ECHILD_AFTER_CONCURRENT_REAP];

    /// a wait for any child gets one while another thread stays blocked on a different pid
    any_child_with_by_pid_waiter(ANY | PID) in Calls::WITH_TARGET.few(), needs Needs::THREADS
        => [posix::WAITPID_ANY_WITH_BY_PID_WAITER, posix::WAITPID_OTHER_CHILD_NO_WAKE];

    /// WNOHANG for any child finds one while another thread is blocked on a different pid
    nohang_with_by_pid_waiter(ANY | PID; NOHANG) in Calls::WITH_TARGET.few(), needs Needs::THREADS
        => [posix::WAITPID_ANY_WITH_BY_PID_WAITER];

    /// three threads blocked on any child get three children, each once
    waiters_share(ANY) in Calls::ENTRIES, needs Needs::THREADS => [posix::WAITPID_WAITERS_SHARE];

    /// with __WNOTHREAD, not with __WALL alone, a thread finds its own child, and leaves a sibling thread's to the sibling
    wnothread(ANY | PID; NOTHREAD | ALL) in Calls::taking(Options::NOTHREAD), needs Needs::THREADS
        => [linux::THREADS_WNOTHREAD_OWN, linux::THREADS_WNOTHREAD_SIBLING, linux::CLONE_WALL_FINDS_ALL];

    /// a child stays waitable after the thread that forked it exits, even for a wait already blocked
    creator_exits(ANY) in Calls::ENTRIES, needs Needs::THREADS
        => [posix::THREADS_CREATOR_EXITS, linux::THREADS_CREATOR_EXITS];

    /// a zombie stays waitable after the thread that forked it exits
    creator_of_zombie_exits(ANY | PID; NONE; adapting) in Calls::ENTRIES, needs Needs::THREADS
        => [posix::THREADS_CREATOR_EXITS, linux::THREADS_CREATOR_EXITS];

    /// a child whose initial thread has exited is not waitable before its last thread exits
    leader_exits_first(PID; NOHANG | NOWAIT; adapting) in Calls::WITH_TARGET.few() => [
        posix::THREADS_INITIAL_THREAD_EXITS_FIRST,
        linux::THREADS_LEADER_EXITS_FIRST,
        linux::THREADS_LAST_THREAD_CODE,
    ];

    /// exit by a thread other than the initial one terminates the child with that code
    group_exit(ANY) in Calls::ENTRIES => [posix::THREADS_EXIT_TERMINATES_ALL, linux::THREADS_EXIT_GROUP_CODE];

    /// exit by a thread sets the code, whatever code the initial thread exited with
    group_exit_after_leader(ANY; NOHANG | NOWAIT) in Calls::ENTRIES => [
        posix::THREADS_EXIT_TERMINATES_ALL,
        linux::THREADS_EXIT_GROUP_CODE,
        linux::THREADS_PEEK_GROUP_CODE,
    ];

    /// exec by a thread other than the initial one keeps the pid and does not wake a waiter
    exec(ANY) in Calls::ENTRIES
        => [posix::THREADS_EXEC, linux::THREADS_EXEC_KEEPS_PID, linux::THREADS_EXEC_NO_SPURIOUS_WAKE];

    /// the stop and the continue of a child whose initial thread has exited are one event each
    stopped_once(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few()
        => [posix::STATUS_STOP_IS_ONE_EVENT];

    /// a multithreaded child that is killed is reported once
    killed_once(ANY) in Calls::ENTRIES => [posix::THREADS_KILLED_ONCE];
}

/// The trial's call on that thread of the agent.
fn wait_on(t: &mut Trial, thread: u32, target: Target<'_>, options: Options) -> Result<Seen, Abort> {
    let mut request = t.ask(target, options);
    request.thread = thread;
    t.perform(request)
}

fn sibling_reaps(t: &mut Trial) -> Outcome {
    for (creator, waiter, code) in [(1, 0, 7), (0, 1, 8), (1, 2, 9)] {
        let child = t.spawn_on(creator, Scenario::exits(code))?;
        t.await_zombie(&child)?;
        let seen = wait_on(t, waiter, Target::Any, Options::NONE)?;
        t.expect(&posix::WAITPID_ANY_THREAD).and(&linux::THREADS_SHARE_CHILDREN).reaped(
            &seen,
            &child,
            Change::Exited(code),
        )?;
    }
    Ok(())
}

fn sibling_blocks(t: &mut Trial) -> Outcome {
    let child = t.spawn_on(1, Scenario::held())?;
    let pending = t.begin_on(2, Target::Child(&child), Options::NONE)?;
    t.expect(&posix::WAITPID_ANY_THREAD).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(&posix::WAITPID_ANY_THREAD).and(&linux::THREADS_SHARE_CHILDREN).reaped(
        &seen,
        &child,
        Change::Exited(7),
    )
}

fn one_waiter_wins(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let first = t.begin_on(1, Target::Child(&child), Options::NONE)?;
    let second = t.begin_on(2, Target::Child(&child), Options::NONE)?;
    t.expect(&pairs::ONE_WAITER_WINS).blocks(&first)?;
    t.expect(&pairs::ONE_WAITER_WINS).blocks(&second)?;
    t.tell(&child, Step::exit(7))?;
    let (first, second) = (t.finish(first)?, t.finish(second)?);
    t.expect(&posix::WAITPID_ONE_WAITER_WINS).that(
        first.is_report() != second.is_report(),
        "exactly one report",
        format!("{} and {}", first.outcome(), second.outcome()),
    )?;
    let (winner, loser) = if first.is_report() { (first, second) } else { (second, first) };
    t.expect(&pairs::ONE_WAITER_WINS).reaped(&winner, &child, Change::Exited(7))?;
    t.expect(&posix::WAITPID_ECHILD_AFTER_CONCURRENT_REAP).error(&loser, Errno::CHILD)
}

fn any_child_with_by_pid_waiter(t: &mut Trial) -> Outcome {
    let awaited = t.spawn(Scenario::held())?;
    let other = t.spawn(Scenario::held())?;
    let by_pid = t.begin_on(1, Target::Child(&awaited), Options::NONE)?;
    t.expect(&posix::WAITPID_OTHER_CHILD_NO_WAKE).blocks(&by_pid)?;
    let any = t.begin_on(2, Target::Any, Options::NONE)?;
    t.expect(&posix::WAITPID_ANY_WITH_BY_PID_WAITER).blocks(&any)?;
    t.tell(&other, Step::exit(8))?;
    let seen = t.finish(any)?;
    t.expect(&posix::WAITPID_ANY_WITH_BY_PID_WAITER).reaped(&seen, &other, Change::Exited(8))?;
    t.expect(&posix::WAITPID_OTHER_CHILD_NO_WAKE).blocks(&by_pid)?;
    t.tell(&awaited, Step::exit(7))?;
    let seen = t.finish(by_pid)?;
    t.expect(&posix::WAITPID_OTHER_CHILD_NO_WAKE).reaped(&seen, &awaited, Change::Exited(7))
}

fn nohang_with_by_pid_waiter(t: &mut Trial) -> Outcome {
    let clause = &posix::WAITPID_ANY_WITH_BY_PID_WAITER;
    let awaited = t.spawn(Scenario::held())?;
    let by_pid = t.begin_on(1, Target::Child(&awaited), Options::NONE)?;
    t.expect(clause).blocks(&by_pid)?;
    let other = t.spawn(Scenario::exits(8))?;
    t.await_zombie(&other)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(clause).reaped(&seen, &other, Change::Exited(8))?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.tell(&awaited, Step::exit(7))?;
    let seen = t.finish(by_pid)?;
    t.expect(clause).reaped(&seen, &awaited, Change::Exited(7))
}

fn waiters_share(t: &mut Trial) -> Outcome {
    let clause = &posix::WAITPID_WAITERS_SHARE;
    let mut left = Vec::new();
    for code in [7, 8, 9] {
        left.push((t.spawn(Scenario::held())?, Change::Exited(code), code));
    }
    let mut waiters = Vec::new();
    for thread in 1..=3 {
        let pending = t.begin_on(thread, Target::Any, Options::NONE)?;
        t.expect(clause).blocks(&pending)?;
        waiters.push(pending);
    }
    for (child, _, code) in &left {
        t.tell(child, Step::exit(*code))?;
    }
    for pending in waiters {
        let seen = t.finish(pending)?;
        // A child reported twice, or one that is not ours, is no longer in the list: it fails as a mismatch.
        let at = left.iter().position(|(_, change, _)| seen.fits(*change)).unwrap_or(0);
        let (child, change, _) = left.remove(at);
        t.expect(clause).reaped(&seen, &child, change)?;
    }
    Ok(())
}

fn wnothread(t: &mut Trial) -> Outcome {
    let child = t.spawn_on(1, Scenario::exits(7))?;
    t.await_zombie(&child)?;
    // A kernel may look up a single pid by a different path than any child.
    for target in [Target::Any, Target::Child(&child)] {
        for options in [Options::NOTHREAD, Options::NOTHREAD | Options::ALL] {
            let seen = t.wait(target, options)?;
            t.expect(&linux::THREADS_WNOTHREAD_SIBLING).error(&seen, Errno::CHILD)?;
        }
    }
    let own = t.spawn(Scenario::exits(8))?;
    let seen = t.wait(Target::Any, Options::NOTHREAD)?;
    t.expect(&linux::THREADS_WNOTHREAD_OWN).reaped(&seen, &own, Change::Exited(8))?;
    let own = t.spawn(Scenario::exits(9))?;
    let seen = t.wait(Target::Child(&own), Options::NOTHREAD)?;
    t.expect(&linux::THREADS_WNOTHREAD_OWN).reaped(&seen, &own, Change::Exited(9))?;
    let seen = wait_on(t, 1, Target::Any, Options::NOTHREAD)?;
    t.expect(&linux::THREADS_WNOTHREAD_OWN).reaped(&seen, &child, Change::Exited(7))?;
    for by_pid in [false, true] {
        let child = t.spawn_on(1, Scenario::exits(6))?;
        t.await_zombie(&child)?;
        let seen = t.wait(if by_pid { Target::Child(&child) } else { Target::Any }, Options::ALL)?;
        t.expect(&linux::CLONE_WALL_FINDS_ALL).reaped(&seen, &child, Change::Exited(6))?;
    }
    Ok(())
}

fn creator_exits(t: &mut Trial) -> Outcome {
    let child = t.spawn_on(1, Scenario::held())?;
    // The initial thread reads the requests, so a third one waits.
    let pending = t.begin_on(2, Target::Any, Options::NONE)?;
    t.expect(&posix::THREADS_CREATOR_EXITS).blocks(&pending)?;
    t.exit_thread(1)?;
    t.expect(&posix::THREADS_CREATOR_EXITS).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(&posix::THREADS_CREATOR_EXITS).and(&linux::THREADS_CREATOR_EXITS).reaped(
        &seen,
        &child,
        Change::Exited(7),
    )
}

fn creator_of_zombie_exits(t: &mut Trial) -> Outcome {
    for by_pid in [false, true] {
        let child = t.spawn_on(1, Scenario::exits(7))?;
        t.await_zombie(&child)?;
        t.exit_thread(1)?;
        let targeted = by_pid && Calls::WITH_TARGET.has(t.call());
        let seen = t.wait(if targeted { Target::Child(&child) } else { Target::Any }, Options::NONE)?;
        t.expect(&posix::THREADS_CREATOR_EXITS).and(&linux::THREADS_CREATOR_EXITS).reaped(
            &seen,
            &child,
            Change::Exited(7),
        )?;
    }
    Ok(())
}

fn leader_exits_first(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Record, SigactionFlags::RESTART)?;
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::LeaderExit { code: 5 })?;
    let seen = t.wait(Target::Child(&child), Options::NOHANG)?;
    t.expect(&posix::THREADS_INITIAL_THREAD_EXITS_FIRST)
        .and(&linux::THREADS_LEADER_EXITS_FIRST)
        .nothing_ready(&seen)?;
    if Calls::taking(Options::NOWAIT).has(t.call()) {
        let seen = t.wait(Target::Child(&child), Options::NOHANG | Options::NOWAIT)?;
        t.expect(&posix::THREADS_INITIAL_THREAD_EXITS_FIRST).nothing_ready(&seen)?;
    }
    let pending = t.begin(Target::Child(&child), Options::NONE)?;
    t.expect(&posix::THREADS_INITIAL_THREAD_EXITS_FIRST).blocks(&pending)?;
    t.begin_step(&child, Step::ThreadExit { code: 6, report: false })?;
    let seen = t.finish(pending)?;
    t.expect(&posix::THREADS_INITIAL_THREAD_EXITS_FIRST).reports_child(&seen, &child)?;
    let either = [Change::Exited(6), Change::Exited(5)];
    t.expect(&linux::THREADS_LEADER_EXITS_FIRST).reports_one_of(&seen, &child, &either)?;
    let code = match seen.change() {
        Some(Change::Exited(6)) => "the last thread's".to_owned(),
        Some(Change::Exited(5)) => "the initial thread's".to_owned(),
        other => format!("{other:?}"),
    };
    t.record("exit code when each thread exits by itself", code);
    // A signal for the initial thread's exit would have been caught while the caller was blocked.
    let caught = t.await_signals(1)?;
    t.expect(&posix::THREADS_INITIAL_THREAD_EXITS_FIRST).equal("SIGCHLDs", &caught.count, &1)
}

fn group_exit(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::of([Step::GroupExit { code: 12, report: false }]))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::THREADS_EXIT_TERMINATES_ALL).and(&linux::THREADS_EXIT_GROUP_CODE).reaped(
        &seen,
        &child,
        Change::Exited(12),
    )
}

fn group_exit_after_leader(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::LeaderExit { code: 5 })?;
    if Calls::WITH_OPTIONS.has(t.call()) {
        let seen = t.wait(Target::Any, Options::NOHANG)?;
        t.expect(&posix::THREADS_EXIT_TERMINATES_ALL).nothing_ready(&seen)?;
    }
    t.tell(&child, Step::exit(12))?;
    if Calls::WITH_INFO.has(t.call()) {
        t.await_zombie(&child)?;
        let seen = t.wait(Target::Any, Options::NOWAIT)?;
        t.expect(&linux::THREADS_PEEK_GROUP_CODE).reports_child(&seen, &child)?;
        t.expect(&linux::THREADS_PEEK_GROUP_CODE).reports(&seen, &child, Change::Exited(12))?;
    }
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::THREADS_EXIT_TERMINATES_ALL).and(&linux::THREADS_EXIT_GROUP_CODE).reaped(
        &seen,
        &child,
        Change::Exited(12),
    )
}

fn exec(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(&linux::THREADS_EXEC_NO_SPURIOUS_WAKE).blocks(&pending)?;
    t.tell(&child, Step::ExecFromThread { steps: vec![] })?;
    t.await_image(&child)?;
    t.expect(&linux::THREADS_EXEC_NO_SPURIOUS_WAKE).and(&posix::THREADS_EXEC).blocks(&pending)?;
    t.tell(&child, Step::exit(9))?;
    let seen = t.finish(pending)?;
    t.expect(&posix::THREADS_EXEC).and(&linux::THREADS_EXEC_KEEPS_PID).reaped(
        &seen,
        &child,
        Change::Exited(9),
    )?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&linux::THREADS_EXEC_KEEPS_PID).error(&seen, Errno::CHILD)
}

fn stopped_once(t: &mut Trial) -> Outcome {
    let clause = &posix::STATUS_STOP_IS_ONE_EVENT;
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::LeaderExit { code: 5 })?;
    let both = Options::UNTRACED | Options::CONTINUED | Options::NOHANG;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let seen = t.wait(Target::Any, both)?;
    t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    let seen = t.wait(Target::Any, both)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.signal(&child, Signal::CONT)?;
    let seen = t.wait(Target::Any, both)?;
    t.expect(clause).reports(&seen, &child, Change::Continued)?;
    let seen = t.wait(Target::Any, both)?;
    t.expect(clause).nothing_ready(&seen)
}

fn killed_once(t: &mut Trial) -> Outcome {
    let clause = &posix::THREADS_KILLED_ONCE;
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::LeaderExit { code: 5 })?;
    t.signal(&child, Signal::KILL)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Killed(Signal::KILL, false))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).error(&seen, Errno::CHILD)
}
