//! What other threads do while one sleeps in a wait: it holds up none of them.

use crate::protocol::agent::{Disposition, MaskChange, UsageOf};
use crate::scenario::{Scenario, Step};
use crate::spec::cited::Cited;
use crate::spec::{linux, pairs, posix};
use crate::trial::cases;
use crate::trial::{
    Abort, AgentRequest, Call, Calls, Change, Child, Needs, Options, Outcome, Seen, Target, Trial,
};
use crate::wait::Signal;

cases! { "meanwhile";

    /// while a thread sleeps in a wait, others create a child, move it to a group, change actions and masks, and read usage
    other_requests(PID) in Calls::WITH_TARGET.few(), needs Needs::THREADS => [posix::WAIT_SUSPENDS_ONE_THREAD];

    /// while threads sleep by pid and for a group, WNOHANG reports a zombie as any child, by pid and by group, or returns 0
    nohang(ANY | PID | GROUP; NOHANG) in Calls::WITH_TARGET.few(), needs Needs::THREADS
        => [pairs::NOHANG_NEVER_BLOCKS, pairs::NOHANG_REPORTS_READY, pairs::NOHANG_ZERO];

    /// so it does through a pidfd
    nohang_by_pidfd(PID | PIDFD; NOHANG) in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS
        => [posix::WAITID_NOHANG_NEVER_BLOCKS, posix::WAITID_NOHANG_REPORTS_READY, linux::PIDFD_NOHANG_ZERO];
}

fn other_requests(t: &mut Trial) -> Outcome {
    let clause = &posix::WAIT_SUSPENDS_ONE_THREAD;
    let awaited = t.spawn(Scenario::held())?;
    let other = t.spawn(Scenario::held())?;
    let pending = t.begin_on(1, Target::Child(&awaited), Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    let pid = i32::try_from(other.pid).map_err(|e| Abort::Broken(e.to_string()))?;
    for request in [
        AgentRequest::Setpgid { pid, pgid: pid },
        AgentRequest::Getrusage { who: UsageOf::Children },
        AgentRequest::Sigaction {
            sig: Signal::USR2,
            action: Disposition::Count,
            restart: true,
            nocldstop: false,
            nocldwait: false,
        },
        AgentRequest::Sigprocmask { how: MaskChange::Block, sig: Signal::USR2, thread: None },
    ] {
        let in_time = t.answers_meanwhile(&request, &awaited)?;
        t.expect(clause).that(in_time, format!("an answer to {}", request.word()), LATE)?;
    }
    let born = t.spawns_meanwhile(Scenario::exits(8), &awaited)?;
    t.expect(clause).that(born.is_ok(), "a child created", LATE)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&awaited, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &awaited, Change::Exited(7))
}

/// What is proved by the answer that comes then.
const LATE: &str = "nothing until the wait of the other thread returned";

/// A child that WNOHANG finds by that target: live, then as a zombie.
fn found(
    t: &mut Trial,
    zero: impl Into<Cited>,
    reports: impl Into<Cited>,
    child: &Child,
    target: Target<'_>,
) -> Outcome {
    let seen = t.wait(target, Options::NOHANG)?;
    t.expect(zero).nothing_ready(&seen)?;
    t.tell(child, Step::exit(8))?;
    t.await_zombie(child)?;
    let seen = t.wait(target, Options::NOHANG)?;
    t.expect(reports).reaped(&seen, child, Change::Exited(8))
}

fn nohang(t: &mut Trial) -> Outcome {
    let never = &pairs::NOHANG_NEVER_BLOCKS;
    let in_a_group = t.spawn(Scenario::held())?;
    t.tell(&in_a_group, Step::Setpgid { pgid: 0 })?;
    let by_pid = t.spawn(Scenario::held())?;
    let of_a_group = t.begin_on(1, Target::Group(&in_a_group), Options::NONE)?;
    t.expect(never).blocks(&of_a_group)?;
    let of_a_pid = t.begin_on(2, Target::Child(&by_pid), Options::NONE)?;
    t.expect(never).blocks(&of_a_pid)?;
    for way in 0..3 {
        let child = t.spawn(Scenario::held())?;
        let target = [Target::Any, Target::OwnGroup, Target::Child(&child)][way];
        found(t, &pairs::NOHANG_ZERO, &pairs::NOHANG_REPORTS_READY, &child, target)?;
    }
    for (child, pending) in [(&in_a_group, of_a_group), (&by_pid, of_a_pid)] {
        t.expect(never).blocks(&pending)?;
        t.tell(child, Step::exit(7))?;
        let seen: Seen = t.finish(pending)?;
        t.expect(&pairs::NOHANG_REPORTS_READY).reports(&seen, child, Change::Exited(7))?;
    }
    Ok(())
}

fn nohang_by_pidfd(t: &mut Trial) -> Outcome {
    let never = &posix::WAITID_NOHANG_NEVER_BLOCKS;
    let awaited = t.spawn(Scenario::held())?;
    let pending = t.begin_on(1, Target::Child(&awaited), Options::NONE)?;
    t.expect(never).blocks(&pending)?;
    let child = t.spawn(Scenario::held())?;
    let fd = t.pidfd_open(&child, false)?;
    let reports = &posix::WAITID_NOHANG_REPORTS_READY;
    found(t, &linux::PIDFD_NOHANG_ZERO, reports, &child, Target::Pidfd(fd))?;
    t.expect(never).blocks(&pending)?;
    t.tell(&awaited, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(reports).reports(&seen, &awaited, Change::Exited(7))
}
