//! The practices that the guide recommends, and the cases that show why.
//!
//! | practice | case |
//! |---|---|
//! | a pid is not reused before the wait | `examples.unreaped-pid-not-reused`, `stress.fork-and-reap` |
//! | always wait, or leave zombies | `zombie.until-reaped` |
//! | signals interrupt waits | `interrupted.by-handler` |
//! | which processes can be waited for | `by-pid.not-a-child`, `by-pid.grandchild`, `exec-spawn.after-setuid` |
//! | platforms differ | the profiles: clauses of other systems are not checked |
//! | handle errors | the themes `errors` and `interrupted` |
//! | use the usage for accounting | `examples.resource-usage`, the theme `rusage` |
//! | be aware of signals | `examples.signal` |
//! | keep track of pids | `by-pid.reaped-by-any-child-wait`, `by-pid.second-wait` |
//! | timeouts: WNOHANG with a deadline | `examples.deadline`, `examples.polling` |

use crate::scenario::{Scenario, Step};
use crate::spec::posix;
use crate::trial::cases;
use crate::trial::{Calls, Change, Options, Outcome, Target, Trial};

cases! { "examples";

    /// while a child is unreaped, no new child gets its pid
    unreaped_pid_not_reused(PID) in Calls::WITH_TARGET.few() => [posix::ZOMBIE_PID_NOT_REUSED];

    /// the last poll of a wait with a deadline finds a child that has exited since the previous poll
    deadline(ANY; NOHANG) in Calls::taking(Options::NOHANG).few()
        => [posix::WAITPID_NOHANG_ZERO, posix::WAITPID_NOHANG_REPORTS_READY];
}

fn unreaped_pid_not_reused(t: &mut Trial) -> Outcome {
    let clause = &posix::ZOMBIE_PID_NOT_REUSED;
    let unreaped = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&unreaped)?;
    for _ in 0..20 {
        let other = t.spawn(Scenario::exits(8))?;
        t.expect(clause).that(other.pid != unreaped.pid, "another pid", format!("{} again", unreaped.pid))?;
        let seen = t.wait(Target::Child(&other), Options::NONE)?;
        t.expect(clause).reports(&seen, &other, Change::Exited(8))?;
    }
    let seen = t.wait(Target::Child(&unreaped), Options::NONE)?;
    t.expect(clause).reaped(&seen, &unreaped, Change::Exited(7))
}

fn deadline(t: &mut Trial) -> Outcome {
    let clause = &posix::WAITPID_NOHANG_REPORTS_READY;
    let child = t.spawn(Scenario::held())?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&posix::WAITPID_NOHANG_ZERO).nothing_ready(&seen)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}
