//! How children come to be and what they become: fork, vfork and exec, other groups, sessions and users.

use crate::scenario::{Offspring, Scenario, Step};
use crate::spec::{linux, posix};
use crate::trial::{Abort, Calls, Case, Change, Child, Need, Needs, Options, Outcome, Target, Trial, here};

pub const CASES: &[Case] = &[
    Case {
        id: "exec-spawn.with-and-without-exec",
        title: "a child that goes on in its parent's image and one in an image of its own are reported alike",
        clauses: &[&posix::WAITPID_EXIT_CODE, &posix::WAITID_EXITED, &linux::CLONE_ALL_PRIMITIVES_AGREE],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: forked_and_execed,
    },
    Case {
        id: "exec-spawn.vfork",
        title: "children made by vfork, which exit or exec, are reported like forked ones",
        clauses: &[&linux::VFORK_CHILD_WAITABLE, &linux::CLONE_ALL_PRIMITIVES_AGREE],
        calls: Calls::WITH_TARGET.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: vforked,
    },
    Case {
        id: "exec-spawn.exec-during-wait",
        title: "a child that calls exec is the same child: a waiter sleeps on, and gets the exit of the new image",
        clauses: &[&posix::EXEC_CHILD_KEEPS_IDENTITY],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: execs_later,
    },
    Case {
        id: "exec-spawn.exec-is-not-an-event",
        title: "exec in a child is no event, not even for a call that asks for stops and continues",
        clauses: &[&posix::EXEC_CHILD_KEEPS_IDENTITY],
        calls: Calls::WITH_OPTIONS.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: exec_is_no_event,
    },
    Case {
        id: "exec-spawn.own-session-any-child",
        title: "a child that left for a session of its own is found by a wait for any",
        clauses: &[&posix::WAITPID_ANY_EVERY_GROUP],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: own_session_any,
    },
    Case {
        id: "exec-spawn.own-session-by-pid",
        title: "a child that left for a session of its own is waited for by its pid",
        clauses: &[&posix::WAITPID_PID_ONLY_THAT_CHILD, &posix::WAITID_P_PID],
        calls: Calls::WITH_TARGET.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: own_session_pid,
    },
    Case {
        id: "exec-spawn.after-setuid",
        title: "a child that became another user is waited for like any other",
        clauses: &[&posix::WAIT_NEEDS_NO_PERMISSION],
        calls: Calls::ENTRIES,
        needs: Needs::of(&[Need::Root]),
        at: here(),
        run: other_user,
    },
];

fn forked_and_execed(t: &mut Trial) -> Outcome {
    for (scenario, code) in [(Scenario::exits(7), 7), (Scenario::exits(8).fresh(), 8)] {
        let child = t.spawn(scenario)?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        let change = Change::Exited(code);
        t.expect_of(&posix::WAITPID_EXIT_CODE, &posix::WAITID_EXITED)
            .and(&linux::CLONE_ALL_PRIMITIVES_AGREE)
            .reaped(&seen, &child, change)?;
    }
    Ok(())
}

/// A process with several threads or a big heap makes its children by vfork. Here another child does, and leaves them to
/// us: what adopts them waits for what vfork made.
fn vforked(t: &mut Trial) -> Outcome {
    t.subreaper(true)?;
    let child = t.spawn(Scenario::held())?;
    let exits = pid_of(t, &child, &Step::Vfork { code: 8 })?;
    let execs = Offspring { token: None, orphan: true, steps: vec![Step::exit(9)] };
    let execs = pid_of(t, &child, &Step::VforkExec(execs))?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&linux::CLONE_ALL_PRIMITIVES_AGREE).reaped(&seen, &child, Change::Exited(7))?;
    for (pid, code) in [(execs, 9), (exits, 8)] {
        let vforked = Child { name: "of vfork".into(), pid };
        let seen = t.wait(Target::Pid(pid), Options::NONE)?;
        for clause in [&linux::VFORK_CHILD_WAITABLE, &linux::CLONE_ALL_PRIMITIVES_AGREE] {
            t.expect(clause).reports(&seen, &vforked, Change::Exited(code))?;
        }
    }
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&linux::VFORK_CHILD_WAITABLE).error(&seen, "ECHILD")
}

/// Has a child make a process, and gives that one's pid.
fn pid_of(t: &mut Trial, child: &Child, step: &Step) -> Result<i64, Abort> {
    let reply = t.tell_for_reply(child, step)?;
    reply.number("pid").map_err(|e| Abort::Protocol(format!("reply to {step}: {e}")))
}

fn execs_later(t: &mut Trial) -> Outcome {
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

fn exec_is_no_event(t: &mut Trial) -> Outcome {
    let clause = &posix::EXEC_CHILD_KEEPS_IDENTITY;
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Exec { steps: vec![] })?;
    t.await_image(&child)?;
    let all = Options::UNTRACED | Options::CONTINUED | Options::NOHANG;
    let seen = t.wait(Target::Any, all)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.tell(&child, Step::exit(9))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, all)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(9))
}

fn own_session_any(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setsid)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::WAITPID_ANY_EVERY_GROUP).reaped(&seen, &child, Change::Exited(7))
}

fn own_session_pid(t: &mut Trial) -> Outcome {
    let other = t.spawn(Scenario::exits(8))?;
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setsid)?;
    t.await_zombie(&other)?;
    let pending = t.begin(Target::Child(&child), Options::NONE)?;
    t.expect_of(&posix::WAITPID_PID_ONLY_THAT_CHILD, &posix::WAITID_P_PID).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect_of(&posix::WAITPID_PID_ONLY_THAT_CHILD, &posix::WAITID_P_PID).reaped(
        &seen,
        &child,
        Change::Exited(7),
    )
}

fn other_user(t: &mut Trial) -> Outcome {
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
