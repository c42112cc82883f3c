//! What ends a wait that sleeps, and what does not.

use crate::scenario::{Scenario, Step};
use crate::spec::posix;
use crate::trial::{Calls, Case, Change, Need, Needs, Options, Outcome, Target, Trial, here};
use crate::wait::Signal;

pub const CASES: &[Case] = &[
    Case {
        id: "blocked.until-exit",
        title: "a wait sleeps while its child runs, and reports it when it ends",
        clauses: &[&posix::WAITPID_BLOCKS_UNTIL_CHANGE, &posix::WAITID_BLOCKS_UNTIL_EVENT],
        calls: Calls::ALL,
        needs: Needs::NOTHING,
        at: here(),
        run: until_exit,
    },
    Case {
        id: "blocked.not-if-ready",
        title: "a wait for a child that ended before does not sleep",
        clauses: &[&posix::WAITPID_NO_BLOCK_IF_READY, &posix::WAITID_NO_BLOCK_IF_READY],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: not_if_ready,
    },
    Case {
        id: "blocked.through-stop-and-continue",
        title: "a wait for terminations sleeps through a stop and a continue of its child",
        clauses: &[
            &posix::WAITPID_STOP_NEEDS_WUNTRACED,
            &posix::WAITPID_CONTINUE_NEEDS_WCONTINUED,
            &posix::WAITID_EXITED_ONLY,
        ],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: through_stop_and_continue,
    },
    Case {
        id: "blocked.until-stop",
        title: "a wait for stops or continues is woken by just these",
        clauses: &[&posix::WAITPID_STOP_WAKES_WAITER, &posix::WAITID_BLOCKS_UNTIL_EVENT],
        calls: Calls::WITH_OPTIONS.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: until_stop,
    },
    Case {
        id: "blocked.through-exit-of-other-child",
        title: "a wait for one child sleeps beside the zombie of another and through the end of a third",
        clauses: &[&posix::WAITPID_OTHER_CHILD_NO_WAKE, &posix::WAITPID_BY_PID_PRESERVES_OTHERS],
        calls: Calls::WITH_TARGET.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: another_child,
    },
    Case {
        id: "blocked.through-exit-in-other-group",
        title: "a wait for one process group sleeps through the end of a child of another",
        clauses: &[&posix::WAITPID_OTHER_CHILD_NO_WAKE],
        calls: Calls::WITH_TARGET.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: another_group,
    },
    Case {
        id: "blocked.echild-after-concurrent-reap",
        title: "of two threads asleep for one child one takes it, and the other fails with ECHILD",
        clauses: &[&posix::WAITPID_ECHILD_AFTER_CONCURRENT_REAP],
        calls: Calls::ENTRIES,
        needs: Needs::of(&[Need::Threads]),
        at: here(),
        run: emptied_by_take,
    },
    Case {
        id: "blocked.echild-with-sigchld-ignored",
        title: "with SIGCHLD ignored a wait for one child fails with ECHILD when that child is gone",
        clauses: &[&posix::SIGCHLD_IGNORED_BY_PID],
        calls: Calls::WITH_TARGET.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: emptied_by_ignoring,
    },
    Case {
        id: "blocked.echild-after-setpgid",
        title: "a wait for a group whose only child leaves it and ends fails with ECHILD",
        clauses: &[&posix::WAITPID_ECHILD_AFTER_SETPGID],
        calls: Calls::WITH_TARGET.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: emptied_by_setpgid,
    },
];

fn until_exit(t: &mut Trial) -> Outcome {
    let (waitpid, waitid) = (&posix::WAITPID_BLOCKS_UNTIL_CHANGE, &posix::WAITID_BLOCKS_UNTIL_EVENT);
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect_of(waitpid, waitid).blocks(&pending)?;
    // A child that does something has not changed state.
    t.tell(&child, Step::Getids)?;
    t.expect_of(waitpid, waitid).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let seen = t.finish(pending)?;
    t.expect_of(waitpid, waitid).reaped(&seen, &child, Change::Exited(7))
}

fn not_if_ready(t: &mut Trial) -> Outcome {
    let (waitpid, waitid) = (&posix::WAITPID_NO_BLOCK_IF_READY, &posix::WAITID_NO_BLOCK_IF_READY);
    let child = t.spawn(Scenario::exits(7))?;
    // Another that lives must not matter.
    t.spawn(Scenario::held())?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect_of(waitpid, waitid).reaped(&seen, &child, Change::Exited(7))
}

fn through_stop_and_continue(t: &mut Trial) -> Outcome {
    let (stops, only_exits) = (&posix::WAITPID_STOP_NEEDS_WUNTRACED, &posix::WAITID_EXITED_ONLY);
    let continues = &posix::WAITPID_CONTINUE_NEEDS_WCONTINUED;
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect_of(stops, only_exits).blocks(&pending)?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    t.expect_of(stops, only_exits).blocks(&pending)?;
    t.signal(&child, Signal::CONT)?;
    // A child that answers again has been through all that its continuing does.
    t.tell(&child, Step::Getids)?;
    t.expect_of(continues, only_exits).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let seen = t.finish(pending)?;
    t.expect_of(continues, only_exits).reaped(&seen, &child, Change::Exited(7))
}

fn until_stop(t: &mut Trial) -> Outcome {
    let (waitpid, waitid) = (&posix::WAITPID_STOP_WAKES_WAITER, &posix::WAITID_BLOCKS_UNTIL_EVENT);
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Any, Options::UNTRACED)?;
    t.expect_of(waitpid, waitid).blocks(&pending)?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let seen = t.finish(pending)?;
    t.expect_of(waitpid, waitid).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    let pending = t.begin(Target::Any, Options::CONTINUED)?;
    t.expect_of(waitpid, waitid).blocks(&pending)?;
    t.signal(&child, Signal::CONT)?;
    // Once the child answers again its continuing has woken whom it was to wake.
    t.tell(&child, Step::Getids)?;
    let seen = t.finish(pending)?;
    t.expect_of(waitpid, waitid).reports(&seen, &child, Change::Continued)
}

fn another_child(t: &mut Trial) -> Outcome {
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

fn another_group(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let other = t.spawn(Scenario::of([Step::Setpgid { pgid: 0 }]))?;
    // It is in its group once it answers.
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

fn emptied_by_take(t: &mut Trial) -> Outcome {
    let clause = &posix::WAITPID_ECHILD_AFTER_CONCURRENT_REAP;
    let child = t.spawn(Scenario::held())?;
    let mut request = t.ask(Target::Any, Options::NONE);
    request.thread = 1;
    let first = t.begin_request(request.clone())?;
    t.expect(clause).blocks(&first)?;
    request.thread = 2;
    let second = t.begin_request(request)?;
    t.expect(clause).blocks(&second)?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let (first, second) = (t.finish(first)?, t.finish(second)?);
    t.expect(clause).returns(&first)?;
    t.expect(clause).returns(&second)?;
    let (winner, loser) = if first.is_report() { (first, second) } else { (second, first) };
    t.expect(clause).reaped(&winner, &child, Change::Exited(7))?;
    t.expect(clause).error(&loser, "ECHILD")
}

fn emptied_by_ignoring(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, "ignore", &[])?;
    let child = t.spawn(Scenario::held())?;
    // It keeps a wait for any child asleep, not this one.
    t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Child(&child), Options::NONE)?;
    t.expect(&posix::SIGCHLD_IGNORED_BY_PID).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let seen = t.finish(pending)?;
    t.expect(&posix::SIGCHLD_IGNORED_BY_PID).error(&seen, "ECHILD")
}

fn emptied_by_setpgid(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::OwnGroup, Options::NONE)?;
    t.expect(&posix::WAITPID_ECHILD_AFTER_SETPGID).blocks(&pending)?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.finish(pending)?;
    let got = if seen.is_hung() { "still blocked".to_owned() } else { seen.outcome() };
    t.expect(&posix::WAITPID_ECHILD_AFTER_SETPGID).that(seen.errno() == Some("ECHILD"), "-1 ECHILD", got)
}
