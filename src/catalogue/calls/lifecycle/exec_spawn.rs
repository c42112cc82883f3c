//! How children are created and change: fork, vfork and exec, other groups, sessions and users.

use crate::scenario::{Offspring, Scenario, Step};
use crate::spec::{linux, pairs, posix};
use crate::trial::cases;
use crate::trial::{Abort, Calls, Change, Child, Errno, Need, Needs, Options, Outcome, Target, Trial};
use crate::wait::Signal;

cases! { "exec-spawn";

    /// a child running its parent's image and one that has execed are reported in the same way
    with_and_without_exec(ANY) in Calls::ENTRIES => [pairs::EXIT_CODE, linux::CLONE_ALL_PRIMITIVES_AGREE];

    /// vforked children that exit or exec are reported like forked ones
    vfork(ANY | PID) in Calls::WITH_TARGET.few()
        => [linux::VFORK_CHILD_WAITABLE, linux::CLONE_ALL_PRIMITIVES_AGREE];

    /// a child that execs stays the same child: its waiter stays blocked, then gets the new image's exit
    exec_during_wait(ANY) in Calls::ENTRIES => [posix::EXEC_CHILD_KEEPS_IDENTITY];

    /// exec in a child is not an event, even for a call that requests stops and continues
    exec_is_not_an_event(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few()
        => [posix::EXEC_CHILD_KEEPS_IDENTITY];

    /// a child that has execed is still found through its group: alive, stopped and dead
    group_after_exec(GROUP; NOHANG | UNTRACED) in Calls::WITH_TARGET.few() => [posix::EXEC_CHILD_KEEPS_IDENTITY];

    /// a child in its own session is found by a wait for any child
    own_session_any_child(ANY) in Calls::ENTRIES => [posix::WAITPID_ANY_EVERY_GROUP];

    /// a child in its own session is found by a wait for its pid
    own_session_by_pid(PID) in Calls::WITH_TARGET.few() => [pairs::PID_ONLY_THAT_CHILD];

    /// a child that has changed its user ID is waited for like any other
    after_setuid(ANY) in Calls::ENTRIES, needs Needs::of(&[Need::Root]) => [posix::WAIT_NEEDS_NO_PERMISSION];
}

fn with_and_without_exec(t: &mut Trial) -> Outcome {
    for (scenario, code) in [(Scenario::exits(7), 7), (Scenario::exits(8).fresh(), 8)] {
        let child = t.spawn(scenario)?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        let change = Change::Exited(code);
        t.expect(&pairs::EXIT_CODE).and(&linux::CLONE_ALL_PRIMITIVES_AGREE).reaped(&seen, &child, change)?;
    }
    Ok(())
}

/// A process with several threads or a large heap spawns its children with vfork. Here an intermediate child does so and
/// leaves them to us: we adopt, and then reap, what vfork created.
fn vfork(t: &mut Trial) -> Outcome {
    t.subreaper(true)?;
    let child = t.spawn(Scenario::held())?;
    let exits = pid_of(t, &child, &Step::Vfork { code: 8 })?;
    let execs = Offspring { token: None, orphan: true, steps: vec![Step::exit(9)] };
    let execs = pid_of(t, &child, &Step::VforkExec(execs))?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&linux::CLONE_ALL_PRIMITIVES_AGREE).reaped(&seen, &child, Change::Exited(7))?;
    for (pid, code) in [(execs, 9), (exits, 8)] {
        let vforked = Child { name: "vforked".into(), pid };
        let seen = t.wait(Target::Pid(pid), Options::NONE)?;
        for clause in [&linux::VFORK_CHILD_WAITABLE, &linux::CLONE_ALL_PRIMITIVES_AGREE] {
            t.expect(clause).reports(&seen, &vforked, Change::Exited(code))?;
        }
    }
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&linux::VFORK_CHILD_WAITABLE).error(&seen, Errno::CHILD)
}

/// Has a child create a process, and returns its pid.
fn pid_of(t: &mut Trial, child: &Child, step: &Step) -> Result<i64, Abort> {
    let reply = t.tell_for_reply(child, step)?;
    reply.number("pid").map_err(|e| Abort::Protocol(format!("reply to {step}: {e}")))
}

fn exec_during_wait(t: &mut Trial) -> Outcome {
    let clause = &posix::EXEC_CHILD_KEEPS_IDENTITY;
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&child, Step::Exec { steps: vec![] })?;
    t.await_image(&child)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&child, Step::exit(9))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(9))
}

fn exec_is_not_an_event(t: &mut Trial) -> Outcome {
    let clause = &posix::EXEC_CHILD_KEEPS_IDENTITY;
    let all = Options::UNTRACED | Options::CONTINUED | Options::NOHANG;
    let child = t.spawn(Scenario::held())?;
    // Calls before and after: an implementation may compare what it finds.
    let seen = t.wait(Target::Any, all)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.tell(&child, Step::Exec { steps: vec![] })?;
    t.await_image(&child)?;
    let seen = t.wait(Target::Any, all)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.tell(&child, Step::exit(9))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, all)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(9))
}

fn group_after_exec(t: &mut Trial) -> Outcome {
    let clause = &posix::EXEC_CHILD_KEEPS_IDENTITY;
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    let seen = t.wait(Target::Group(&child), Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.tell(&child, Step::Exec { steps: vec![] })?;
    t.await_image(&child)?;
    let seen = t.wait(Target::Group(&child), Options::NOHANG | Options::UNTRACED)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.signal(&child, Signal::STOP)?;
    let seen = t.wait(Target::Group(&child), Options::UNTRACED)?;
    t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    t.signal(&child, Signal::KILL)?;
    let seen = t.wait(Target::Group(&child), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Killed(Signal::KILL, false))
}

fn own_session_any_child(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setsid)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::WAITPID_ANY_EVERY_GROUP).reaped(&seen, &child, Change::Exited(7))
}

fn own_session_by_pid(t: &mut Trial) -> Outcome {
    let other = t.spawn(Scenario::exits(8))?;
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setsid)?;
    t.await_zombie(&other)?;
    let pending = t.begin(Target::Child(&child), Options::NONE)?;
    t.expect(&pairs::PID_ONLY_THAT_CHILD).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(&pairs::PID_ONLY_THAT_CHILD).reaped(&seen, &child, Change::Exited(7))
}

fn after_setuid(t: &mut Trial) -> Outcome {
    const NOBODY: u32 = 65_534;
    let clause = &posix::WAIT_NEEDS_NO_PERMISSION;
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setuid { uid: NOBODY })?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}
