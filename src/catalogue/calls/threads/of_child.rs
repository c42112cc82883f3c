//! Threads of a child: none of them is a child, whether alive or exited.

use crate::scenario::{Scenario, Step};
use crate::spec::{linux, posix};
use crate::trial::cases;
use crate::trial::{Abort, Calls, Change, Child, Errno, Options, Outcome, Target, Trial};

cases! { "thread-of-child";

    /// a thread that exits while its process, a child, lives is not reported by any call, and wakes none
    exits(ANY; NOHANG | UNTRACED | CONTINUED; adapting) in Calls::ENTRIES => [posix::THREADS_EXIT_IS_NO_EVENT];

    /// the ID of a child's thread does not select the child: ECHILD, even with __WALL
    by_id(PID; NOHANG | ALL; adapting) in Calls::WITH_TARGET.few()
        => [linux::THREADS_OF_CHILD_NEVER_WAITABLE];
}

/// Has a child start a thread: its ID.
fn start_thread(t: &mut Trial, child: &Child) -> Result<i64, Abort> {
    let reply = t.tell_for_reply(child, &Step::StartThread)?;
    reply.number("tid").map_err(|e| Abort::Protocol(format!("reply to start-thread: {e}")))
}

fn exits(t: &mut Trial) -> Outcome {
    let clause = &posix::THREADS_EXIT_IS_NO_EVENT;
    let child = t.spawn(Scenario::held())?;
    if Calls::WITH_OPTIONS.has(t.call()) {
        start_thread(t, &child)?;
        start_thread(t, &child)?;
        let all = Options::NOHANG | Options::UNTRACED | Options::CONTINUED;
        let seen = t.wait(Target::Any, all)?;
        t.expect(clause).nothing_ready(&seen)?;
        t.tell(&child, Step::EndThreads)?;
        for options in [Options::NOHANG, all] {
            let seen = t.wait(Target::Any, options)?;
            t.expect(clause).nothing_ready(&seen)?;
        }
    }
    start_thread(t, &child)?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&child, Step::EndThreads)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn by_id(t: &mut Trial) -> Outcome {
    let clause = &linux::THREADS_OF_CHILD_NEVER_WAITABLE;
    let child = t.spawn(Scenario::held())?;
    let tid = start_thread(t, &child)?;
    for options in [Options::NONE, Options::NOHANG, Options::ALL] {
        if !Calls::taking(options).has(t.call()) {
            continue;
        }
        let seen = t.wait(Target::Pid(tid), options)?;
        t.expect(clause).error(&seen, Errno::CHILD)?;
    }
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}
