//! Children with several live threads, which stop, die and exec as one; and several threads that peek at one child.

use crate::scenario::{Scenario, Step};
use crate::spec::{linux, posix};
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::{Calls, Change, Errno, Needs, Options, Outcome, Target, Trial};
use crate::wait::Signal;

cases! { "thread-group";

    /// the stop and the continue of a child with many live threads are one event each
    stop_and_continue(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few()
        => [posix::STATUS_STOP_IS_ONE_EVENT];

    /// a child with many live threads dies as a whole, even of a signal to a thread other than the first
    killed(ANY) in Calls::ENTRIES => [posix::THREADS_KILLED_ONCE];

    /// exit in one of many threads terminates all of them, and is reported once
    exit(ANY) in Calls::ENTRIES => [posix::THREADS_EXIT_TERMINATES_ALL];

    /// exec terminates the other threads without a report, whichever thread calls it
    exec(ANY; UNTRACED | CONTINUED) in Calls::ENTRIES => [posix::THREADS_EXEC, linux::THREADS_EXEC_KEEPS_PID];

    /// a child whose threads exit one by one is reported once the last one is gone, as exited with 0
    last_thread_exits(ANY) in Calls::ENTRIES => [posix::THREADS_LAST_THREAD_EXIT_IS_ZERO];

    /// of a child whose initial thread has exited, a wait for its group reports stops and continues, and its end with the last thread's
    leader_exits_first(GROUP; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in Calls::WITH_TARGET.few()
        => [posix::THREADS_INITIAL_THREAD_EXITS_FIRST, posix::STATUS_STOP_IS_ONE_EVENT];

    /// several threads blocked in a peek at one child all see its exit, and it stays waitable
    concurrent_peeks(PID; NOWAIT) in Calls::only(&[Call::Waitid]), needs Needs::THREADS
        => [posix::WAITID_NOWAIT_ALL_WAITERS_SEE];

    /// with one thread blocked in a peek and one in a wait, the wait reaps; the peek gets the child or ECHILD
    concurrent_peek_and_reap(PID; NOWAIT) in Calls::only(&[Call::Waitid]), needs Needs::THREADS
        => [posix::WAITID_ONE_WAITER_WINS];
}

fn stop_and_continue(t: &mut Trial) -> Outcome {
    let clause = &posix::STATUS_STOP_IS_ONE_EVENT;
    let child = t.spawn(Scenario::of([Step::Threads { count: 4 }]))?;
    let all = Options::UNTRACED | Options::CONTINUED;
    for _ in 0..2 {
        for (signal, change) in
            [(Signal::STOP, Change::Stopped(Signal::STOP)), (Signal::CONT, Change::Continued)]
        {
            t.signal(&child, signal)?;
            let seen = t.wait(Target::Any, all)?;
            t.expect(clause).reports(&seen, &child, change)?;
            let seen = t.wait(Target::Any, all | Options::NOHANG)?;
            t.expect(clause).nothing_ready(&seen)?;
        }
    }
    Ok(())
}

fn killed(t: &mut Trial) -> Outcome {
    let clause = &posix::THREADS_KILLED_ONCE;
    let child = t.spawn(Scenario::of([Step::Threads { count: 4 }]))?;
    t.signal(&child, Signal::KILL)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Killed(Signal::KILL, false))?;
    // Once the leader is gone, another thread performs the steps.
    let child = t.spawn(Scenario::of([Step::Threads { count: 4 }]))?;
    t.tell(&child, Step::LeaderExit { code: 5 })?;
    t.begin_step(&child, Step::raise(Signal::TERM))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Killed(Signal::TERM, false))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).error(&seen, Errno::CHILD)
}

fn exit(t: &mut Trial) -> Outcome {
    let clause = &posix::THREADS_EXIT_TERMINATES_ALL;
    let child = t.spawn(Scenario::of([Step::Threads { count: 4 }]))?;
    t.tell(&child, Step::GroupExit { code: 9, report: false })?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(9))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).error(&seen, Errno::CHILD)
}

fn exec(t: &mut Trial) -> Outcome {
    for step in [Step::Exec { steps: vec![] }, Step::ExecFromThread { steps: vec![] }] {
        let child = t.spawn(Scenario::of([Step::Threads { count: 4 }]))?;
        let pending = t.begin(Target::Any, Options::UNTRACED | Options::CONTINUED)?;
        t.expect(&posix::THREADS_EXEC).blocks(&pending)?;
        t.tell(&child, step)?;
        t.await_image(&child)?;
        t.expect(&posix::THREADS_EXEC).blocks(&pending)?;
        t.tell(&child, Step::exit(7))?;
        let seen = t.finish(pending)?;
        t.expect(&linux::THREADS_EXEC_KEEPS_PID).reaped(&seen, &child, Change::Exited(7))?;
        t.expect(&posix::THREADS_EXEC).reports(&seen, &child, Change::Exited(7))?;
    }
    Ok(())
}

fn last_thread_exits(t: &mut Trial) -> Outcome {
    let clause = &posix::THREADS_LAST_THREAD_EXIT_IS_ZERO;
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::LeaderExit { code: 0 })?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.begin_step(&child, Step::ThreadExit { code: 0, report: false })?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(0))
}

fn leader_exits_first(t: &mut Trial) -> Outcome {
    let clause = &posix::THREADS_INITIAL_THREAD_EXITS_FIRST;
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    t.tell(&child, Step::LeaderExit { code: 5 })?;
    let peeks = Calls::taking(Options::NOWAIT).has(t.call());
    for peek in [Options::NONE].into_iter().chain(peeks.then_some(Options::NOWAIT)) {
        let seen = t.wait(Target::Group(&child), Options::NOHANG | peek)?;
        t.expect(clause).nothing_ready(&seen)?;
    }
    let events = Options::UNTRACED | Options::CONTINUED | Options::NOHANG;
    for (signal, change) in [(Signal::STOP, Change::Stopped(Signal::STOP)), (Signal::CONT, Change::Continued)]
    {
        t.signal(&child, signal)?;
        if signal == Signal::STOP {
            t.await_stopped(&child)?;
        }
        let seen = t.wait(Target::Group(&child), events)?;
        t.expect(&posix::STATUS_STOP_IS_ONE_EVENT).reports(&seen, &child, change)?;
    }
    let pending = t.begin(Target::Group(&child), Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.begin_step(&child, Step::ThreadExit { code: 6, report: false })?;
    let seen = t.finish(pending)?;
    t.expect(clause).reports_child(&seen, &child)
}

fn concurrent_peeks(t: &mut Trial) -> Outcome {
    let clause = &posix::WAITID_NOWAIT_ALL_WAITERS_SEE;
    let child = t.spawn(Scenario::held())?;
    let mut peeks = Vec::new();
    for thread in 1..=3 {
        let pending = t.begin_on(thread, Target::Child(&child), Options::NOWAIT)?;
        t.expect(clause).blocks(&pending)?;
        peeks.push(pending);
    }
    t.tell(&child, Step::exit(7))?;
    for pending in peeks {
        let seen = t.finish(pending)?;
        t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
    }
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn concurrent_peek_and_reap(t: &mut Trial) -> Outcome {
    let clause = &posix::WAITID_ONE_WAITER_WINS;
    let child = t.spawn(Scenario::held())?;
    let peek = t.begin_on(1, Target::Child(&child), Options::NOWAIT)?;
    t.expect(clause).blocks(&peek)?;
    let reap = t.begin_on(2, Target::Child(&child), Options::NONE)?;
    t.expect(clause).blocks(&reap)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(reap)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    let seen = t.finish(peek)?;
    match seen.errno() {
        Some(_) => t.expect(clause).error(&seen, Errno::CHILD),
        None => t.expect(clause).reports(&seen, &child, Change::Exited(7)),
    }
}
