//! Waits for one child by its pid.

use crate::scenario::{Offspring, Scenario, Step};
use crate::spec::{pairs, posix};
use crate::trial::cases;
use crate::trial::{Abort, Calls, Change, Errno, Options, Outcome, Target, Trial};

cases! { "by-pid";

    /// four zombies are each reaped by pid, in a different order than they exited, with their own status
    out_of_order(PID) in Calls::WITH_TARGET => [pairs::PID_ONLY_THAT_CHILD, pairs::BY_PID_PRESERVES_OTHERS];

    /// a wait blocked on one child stays blocked when another exits
    other_child_does_not_wake(PID) in Calls::WITH_TARGET
        => [pairs::OTHER_CHILD_NO_WAKE, pairs::BY_PID_PRESERVES_OTHERS];

    /// a second wait for a reaped pid fails with ECHILD, with and without WNOHANG
    second_wait(PID; NOHANG) in Calls::WITH_TARGET.few() => [pairs::ECHILD_AFTER_REAP, pairs::NOHANG_ECHILD];

    /// a child reaped by an any-child wait can no longer be waited for by pid
    reaped_by_any_child_wait(ANY | PID; NOHANG) in Calls::WITH_TARGET.few()
        => [posix::STATUS_CONSUMED_ONCE, pairs::ECHILD_WITH_LIVE_CHILD];

    /// with a live child, the pids of the caller, process 1 and the session leader give ECHILD at once
    not_a_child(PID; NOHANG) in Calls::WITH_TARGET => [pairs::ECHILD_NOT_A_CHILD];

    /// a grandchild, alive or dead, is not a child of the caller
    grandchild(ANY | PID; NOHANG) in Calls::WITH_TARGET.few()
        => [pairs::ECHILD_NOT_A_CHILD, posix::FORK_GRANDCHILD_IS_NOT_A_CHILD];
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
        // The first reap shows that the other zombies do not matter, the later ones that earlier reaps had no side effects.
        let clause = match turn {
            0 => &pairs::PID_ONLY_THAT_CHILD,
            _ => &pairs::BY_PID_PRESERVES_OTHERS,
        };
        t.expect(clause).reaped(&seen, child, Change::Exited(*code))?;
    }
    Ok(())
}

fn other_child_does_not_wake(t: &mut Trial) -> Outcome {
    let awaited = t.spawn(Scenario::held())?;
    let other = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Child(&awaited), Options::NONE)?;
    t.expect(&pairs::OTHER_CHILD_NO_WAKE).blocks(&pending)?;
    t.tell(&other, Step::exit(12))?;
    t.await_zombie(&other)?;
    t.expect(&pairs::OTHER_CHILD_NO_WAKE).blocks(&pending)?;
    t.tell(&awaited, Step::exit(11))?;
    let seen = t.finish(pending)?;
    t.expect(&pairs::OTHER_CHILD_NO_WAKE).reaped(&seen, &awaited, Change::Exited(11))?;
    let seen = t.wait(Target::Child(&other), Options::NONE)?;
    t.expect(&pairs::BY_PID_PRESERVES_OTHERS).reaped(&seen, &other, Change::Exited(12))
}

fn second_wait(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&pairs::ECHILD_AFTER_REAP).reaped(&seen, &child, Change::Exited(7))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&pairs::ECHILD_AFTER_REAP).error(&seen, Errno::CHILD)?;
    let seen = t.wait(Target::Child(&child), Options::NOHANG)?;
    t.expect(&pairs::NOHANG_ECHILD).error(&seen, Errno::CHILD)
}

fn reaped_by_any_child_wait(t: &mut Trial) -> Outcome {
    let reaped = t.spawn(Scenario::exits(7))?;
    let live = t.spawn(Scenario::held())?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::STATUS_CONSUMED_ONCE).reaped(&seen, &reaped, Change::Exited(7))?;
    for options in [Options::NONE, Options::NOHANG] {
        let seen = t.wait(Target::Child(&reaped), options)?;
        t.expect(&pairs::ECHILD_WITH_LIVE_CHILD).error(&seen, Errno::CHILD)?;
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
            t.expect(&pairs::ECHILD_NOT_A_CHILD).error(&seen, Errno::CHILD)?;
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
        t.expect(&pairs::ECHILD_NOT_A_CHILD)
            .and(&posix::FORK_GRANDCHILD_IS_NOT_A_CHILD)
            .error(&seen, Errno::CHILD)?;
    }
    t.tell(&grandchild, Step::exit(5))?;
    t.await_zombie(&grandchild)?;
    let seen = t.wait(Target::Child(&grandchild), Options::NONE)?;
    t.expect(&pairs::ECHILD_NOT_A_CHILD).error(&seen, Errno::CHILD)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&posix::FORK_GRANDCHILD_IS_NOT_A_CHILD).nothing_ready(&seen)?;
    // Its own parent can still reap it.
    t.tell(&child, Step::Wait { pid: 0 })?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::FORK_GRANDCHILD_IS_NOT_A_CHILD).reaped(&seen, &child, Change::Exited(7))
}
