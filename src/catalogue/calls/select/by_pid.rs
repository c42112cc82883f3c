//! Waits for one child by its pid.

use crate::scenario::{Offspring, Scenario, Step};
use crate::spec::posix;
use crate::trial::cases;
use crate::trial::{Abort, Calls, Change, Errno, Options, Outcome, Target, Trial};

cases! { "by-pid";

    /// four zombies are each reaped by pid, in a different order than they exited, with their own status
    out_of_order(PID) in Calls::WITH_TARGET
        => [posix::WAITPID_PID_ONLY_THAT_CHILD, posix::WAITPID_BY_PID_PRESERVES_OTHERS, posix::WAITID_P_PID];

    /// a wait blocked on one child stays blocked when another exits
    other_child_does_not_wake(PID) in Calls::WITH_TARGET
        => [posix::WAITPID_OTHER_CHILD_NO_WAKE, posix::WAITPID_BY_PID_PRESERVES_OTHERS, posix::WAITID_P_PID];

    /// a second wait for a reaped pid fails with ECHILD, with and without WNOHANG
    second_wait(PID; NOHANG) in Calls::WITH_TARGET.few() => [
        posix::WAITPID_ECHILD_AFTER_REAP,
        posix::WAITPID_NOHANG_ECHILD,
        posix::WAITID_ECHILD,
        posix::WAITID_NOHANG_ECHILD,
    ];

    /// a child reaped by an any-child wait can no longer be waited for by pid
    reaped_by_any_child_wait(ANY | PID; NOHANG) in Calls::WITH_TARGET.few() => [
        posix::STATUS_CONSUMED_ONCE,
        posix::WAITPID_ECHILD_WITH_LIVE_CHILD,
        posix::WAITID_ECHILD_WITH_LIVE_CHILD,
    ];

    /// with a live child, the pids of the caller, process 1 and the session leader give ECHILD at once
    not_a_child(PID; NOHANG) in Calls::WITH_TARGET
        => [posix::WAITPID_ECHILD_NOT_A_CHILD, posix::WAITID_ECHILD_WITH_LIVE_CHILD];

    /// a grandchild, alive or dead, is not a child of the caller
    grandchild(ANY | PID; NOHANG) in Calls::WITH_TARGET.few() => [
        posix::WAITPID_ECHILD_NOT_A_CHILD,
        posix::WAITID_ECHILD_WITH_LIVE_CHILD,
        posix::FORK_GRANDCHILD_IS_NOT_A_CHILD,
    ];
}

fn out_of_order(t: &mut Trial) -> Outcome {
    let mut children = Vec::new();
    for code in 11..=14 {
        children.push((t.spawn(Scenario::exits(code))?, code));
    }
    for (child, _) in &children {
        t.await_zombie(child)?;
    }
    for (turn, index) in [2, 0, 3, 1].into_iter().enumerate() {
        let (child, code) = &children[index];
        let seen = t.wait(Target::Child(child), Options::NONE)?;
        // The first reap shows that the other zombies do not matter, the later ones that earlier reaps did no harm.
        let clause = match turn {
            0 => &posix::WAITPID_PID_ONLY_THAT_CHILD,
            _ => &posix::WAITPID_BY_PID_PRESERVES_OTHERS,
        };
        t.expect_of(clause, &posix::WAITID_P_PID).reaped(&seen, child, Change::Exited(*code))?;
    }
    Ok(())
}

fn other_child_does_not_wake(t: &mut Trial) -> Outcome {
    let awaited = t.spawn(Scenario::held())?;
    let other = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Child(&awaited), Options::NONE)?;
    t.expect_of(&posix::WAITPID_OTHER_CHILD_NO_WAKE, &posix::WAITID_P_PID).blocks(&pending)?;
    t.tell(&other, Step::exit(12))?;
    t.await_zombie(&other)?;
    t.expect_of(&posix::WAITPID_OTHER_CHILD_NO_WAKE, &posix::WAITID_P_PID).blocks(&pending)?;
    t.tell(&awaited, Step::exit(11))?;
    let seen = t.finish(pending)?;
    t.expect_of(&posix::WAITPID_OTHER_CHILD_NO_WAKE, &posix::WAITID_P_PID).reaped(
        &seen,
        &awaited,
        Change::Exited(11),
    )?;
    let seen = t.wait(Target::Child(&other), Options::NONE)?;
    t.expect_of(&posix::WAITPID_BY_PID_PRESERVES_OTHERS, &posix::WAITID_P_PID).reaped(
        &seen,
        &other,
        Change::Exited(12),
    )
}

fn second_wait(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect_of(&posix::WAITPID_ECHILD_AFTER_REAP, &posix::WAITID_ECHILD).reaped(
        &seen,
        &child,
        Change::Exited(7),
    )?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect_of(&posix::WAITPID_ECHILD_AFTER_REAP, &posix::WAITID_ECHILD).error(&seen, Errno::CHILD)?;
    let seen = t.wait(Target::Child(&child), Options::NOHANG)?;
    t.expect_of(&posix::WAITPID_NOHANG_ECHILD, &posix::WAITID_NOHANG_ECHILD).error(&seen, Errno::CHILD)
}

fn reaped_by_any_child_wait(t: &mut Trial) -> Outcome {
    let reaped = t.spawn(Scenario::exits(7))?;
    let live = t.spawn(Scenario::held())?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::STATUS_CONSUMED_ONCE).reaped(&seen, &reaped, Change::Exited(7))?;
    for options in [Options::NONE, Options::NOHANG] {
        let seen = t.wait(Target::Child(&reaped), options)?;
        t.expect_of(&posix::WAITPID_ECHILD_WITH_LIVE_CHILD, &posix::WAITID_ECHILD_WITH_LIVE_CHILD)
            .error(&seen, Errno::CHILD)?;
    }
    t.tell(&live, Step::exit(8))?;
    let seen = t.wait(Target::Child(&live), Options::NONE)?;
    t.expect(&posix::STATUS_CONSUMED_ONCE).reaped(&seen, &live, Change::Exited(8))
}

fn not_a_child(t: &mut Trial) -> Outcome {
    let live = t.spawn(Scenario::held())?;
    let ids = t.tell_for_reply(&live, &Step::Getids)?;
    let id = |key| ids.number(key).map_err(|e| Abort::Protocol(format!("reply to getids: {e}")));
    // In its own PID namespace the session leader may have no pid; then sid is 0, which selects something else.
    let mut others = vec![id("ppid")?, 1];
    others.extend(Some(id("sid")?).filter(|sid| *sid > 1));
    for pid in others {
        for options in [Options::NONE, Options::NOHANG] {
            let seen = t.wait(Target::Pid(pid), options)?;
            t.expect_of(&posix::WAITPID_ECHILD_NOT_A_CHILD, &posix::WAITID_ECHILD_WITH_LIVE_CHILD)
                .error(&seen, Errno::CHILD)?;
        }
    }
    Ok(())
}

fn grandchild(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let token = |token| Step::Fork(Offspring { token: Some(token), ..Offspring::default() });
    let grandchild = t.spawn_from(&child, token)?;
    for options in [Options::NONE, Options::NOHANG] {
        let seen = t.wait(Target::Child(&grandchild), options)?;
        t.expect_of(&posix::WAITPID_ECHILD_NOT_A_CHILD, &posix::WAITID_ECHILD_WITH_LIVE_CHILD)
            .and(&posix::FORK_GRANDCHILD_IS_NOT_A_CHILD)
            .error(&seen, Errno::CHILD)?;
    }
    t.tell(&grandchild, Step::exit(5))?;
    t.await_zombie(&grandchild)?;
    let seen = t.wait(Target::Child(&grandchild), Options::NONE)?;
    t.expect_of(&posix::WAITPID_ECHILD_NOT_A_CHILD, &posix::WAITID_ECHILD_WITH_LIVE_CHILD)
        .error(&seen, Errno::CHILD)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&posix::FORK_GRANDCHILD_IS_NOT_A_CHILD).nothing_ready(&seen)?;
    // Its own parent can still reap it.
    t.tell(&child, Step::Wait { pid: 0 })?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::FORK_GRANDCHILD_IS_NOT_A_CHILD).reaped(&seen, &child, Change::Exited(7))
}
