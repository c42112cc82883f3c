//! Grandchildren and orphans: whose child a process is, before and after its parent exits.

use crate::scenario::{Offspring, Scenario, Step};
use crate::spec::{freebsd, linux, posix};
use crate::trial::cases;
use crate::trial::{
    Abort, Calls, Change, Child, Disposition, Errno, Options, Outcome, SiCode, SigactionFlags, Target, Trial,
};
use crate::wait::Signal;

cases! { "orphans";

    /// the exit of a grandchild sends SIGCHLD only to its own parent
    grandchild_signal(ANY) in Calls::ENTRIES => [posix::SIGCHLD_NOT_FOR_GRANDCHILD];

    /// an orphan does not become its grandparent's child: it gets another parent, and we get ECHILD
    no_reaper(ANY) in Calls::ENTRIES => [posix::FORK_GRANDCHILD_IS_NOT_A_CHILD, posix::ORPHAN_NEW_PARENT];

    /// a reaper adopts a live orphan, blocks until it exits, and gets its status and SIGCHLD
    adopted_alive(ANY) in Calls::ENTRIES
        => [linux::SUBREAPER_ADOPTS, linux::SUBREAPER_SIGCHLD, freebsd::REAPER_ADOPTS];

    /// a reaper adopts an orphan that is already a zombie, and gets its status and SIGCHLD
    adopted_zombie(ANY) in Calls::ENTRIES => [
        linux::SUBREAPER_ADOPTS_ZOMBIE,
        linux::SUBREAPER_SIGCHLD,
        linux::SUBREAPER_REAPS_ALL,
        freebsd::REAPER_ADOPTS,
    ];

    /// a reaper reaps an adopted orphan by pid, and leaves the others alone
    adopted_by_pid(PID) in Calls::WITH_TARGET.few() => [linux::SUBREAPER_ADOPTS, freebsd::REAPER_ADOPTS];

    /// a blocked wait for any child reports an orphan adopted in the meantime
    adopted_while_blocked(ANY) in Calls::ENTRIES
        => [linux::SUBREAPER_BLOCKED_WAIT, linux::SUBREAPER_NOT_INHERITED];

    /// a zombie adopted by a process that ignores SIGCHLD disappears
    reaper_ignores_sigchld(ANY) in Calls::ENTRIES => [linux::SUBREAPER_SIGCHLD_IGNORED_ZOMBIE];
}

/// Has a child fork a held child, or vfork one that execs the child program. It may outlive its parent.
pub(crate) fn grandchild(t: &mut Trial, parent: &Child, exec: bool) -> Result<Child, Abort> {
    t.spawn_from(parent, |token| {
        let offspring = Offspring { token: Some(token), orphan: true, steps: vec![] };
        if exec { Step::VforkExec(offspring) } else { Step::Fork(offspring) }
    })
}

fn grandchild_signal(t: &mut Trial) -> Outcome {
    let clause = &posix::SIGCHLD_NOT_FOR_GRANDCHILD;
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::RESTART)?;
    let child = t.spawn(Scenario::held())?;
    let descendant = grandchild(t, &child, false)?;
    t.tell(&descendant, Step::exit(8))?;
    t.await_zombie(&descendant)?;
    t.tell(&child, Step::Wait { pid: 0 })?;
    let none = t.signals()?.count;
    t.expect(clause).equal("SIGCHLDs after the grandchild's exit:", &none, &0)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
    let one = t.await_signals(1)?.count;
    t.expect(clause).equal("SIGCHLDs after the child's exit:", &one, &1)
}

fn no_reaper(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let descendant = grandchild(t, &child, false)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::FORK_GRANDCHILD_IS_NOT_A_CHILD).reports(&seen, &child, Change::Exited(7))?;
    let parent = parent_of(t, &descendant)?;
    let others = parent != child.pid && parent != descendant.pid && parent != t.agent_pid();
    let got = format!("parent {parent}; the child was {}, we are {}", child.pid, t.agent_pid());
    t.expect(&posix::ORPHAN_NEW_PARENT).that(others, "an implementation-defined parent", got)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::FORK_GRANDCHILD_IS_NOT_A_CHILD).error(&seen, Errno::CHILD)?;
    t.tell(&descendant, Step::exit(8))
}

/// The parent that a process reports.
fn parent_of(t: &mut Trial, child: &Child) -> Result<i64, Abort> {
    let ids = t.tell_for_reply(child, &Step::Getids)?;
    ids.number("ppid").map_err(|e| Abort::Protocol(format!("reply to getids: {e}")))
}

fn adopted_alive(t: &mut Trial) -> Outcome {
    t.subreaper(true)?;
    let child = t.spawn(Scenario::held())?;
    let descendant = grandchild(t, &child, false)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    for clause in [&linux::SUBREAPER_ADOPTS, &freebsd::REAPER_ADOPTS] {
        t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
    }
    let recorded = record_signals(t)?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(&linux::SUBREAPER_ADOPTS).blocks(&pending)?;
    t.tell(&descendant, Step::exit(8))?;
    let seen = t.finish(pending)?;
    for clause in [&linux::SUBREAPER_ADOPTS, &freebsd::REAPER_ADOPTS] {
        t.expect(clause).reaped(&seen, &descendant, Change::Exited(8))?;
    }
    if recorded { signalled_for(t, &descendant) } else { Ok(()) }
}

/// Has the agent record its SIGCHLDs, if it can.
fn record_signals(t: &mut Trial) -> Result<bool, Abort> {
    match t.sigaction(Signal::CHLD, Disposition::Record, SigactionFlags::RESTART) {
        Ok(()) => Ok(true),
        Err(Abort::Skip(_)) => {
            t.expect(&linux::SUBREAPER_SIGCHLD).not_observed("the agent's handlers get no siginfo")?;
            Ok(false)
        }
        Err(other) => Err(other),
    }
}

/// The agent got a SIGCHLD for that process, which exited with 8.
fn signalled_for(t: &mut Trial, child: &Child) -> Outcome {
    let caught = t.await_signals(1)?.seen;
    let matches = caught.iter().any(|c| c.code == SiCode::Exited && c.pid == child.pid && c.status == 8);
    let expected = format!("SIGCHLD with CLD_EXITED, {} and 8", child.pid);
    t.expect(&linux::SUBREAPER_SIGCHLD).that(matches, expected, format!("{caught:?}"))
}

fn adopted_zombie(t: &mut Trial) -> Outcome {
    t.subreaper(true)?;
    let child = t.spawn(Scenario::held())?;
    let descendant = grandchild(t, &child, false)?;
    t.tell(&descendant, Step::exit(8))?;
    t.await_zombie(&descendant)?;
    let recorded = record_signals(t)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let mut left = vec![(&child, Change::Exited(7)), (&descendant, Change::Exited(8))];
    while !left.is_empty() {
        let seen = t.wait(Target::Any, Options::NONE)?;
        // Either may be reported first; the status identifies the child where the call does not.
        let at = left.iter().position(|(_, change)| seen.fits(*change)).unwrap_or(0);
        let (who, change) = left.remove(at);
        for clause in [&linux::SUBREAPER_ADOPTS_ZOMBIE, &freebsd::REAPER_ADOPTS] {
            t.expect(clause).reaped(&seen, who, change)?;
        }
    }
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&linux::SUBREAPER_REAPS_ALL).error(&seen, Errno::CHILD)?;
    if !recorded {
        return Ok(());
    }
    // The orphan's signal is sent first, at its adoption: that of the parent's own exit can only be merged into it.
    signalled_for(t, &descendant)
}

fn adopted_by_pid(t: &mut Trial) -> Outcome {
    t.subreaper(true)?;
    let child = t.spawn(Scenario::held())?;
    let descendant = grandchild(t, &child, false)?;
    let other = grandchild(t, &child, true)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&linux::SUBREAPER_ADOPTS).reports(&seen, &child, Change::Exited(7))?;
    t.tell(&descendant, Step::exit(8))?;
    t.tell(&other, Step::exit(9))?;
    t.await_zombie(&descendant)?;
    for (who, code) in [(&other, 9), (&descendant, 8)] {
        let seen = t.wait(Target::Child(who), Options::NONE)?;
        for clause in [&linux::SUBREAPER_ADOPTS, &freebsd::REAPER_ADOPTS] {
            t.expect(clause).reaped(&seen, who, Change::Exited(code))?;
        }
    }
    Ok(())
}

fn adopted_while_blocked(t: &mut Trial) -> Outcome {
    t.subreaper(true)?;
    let child = t.spawn(Scenario::held())?;
    let middle = grandchild(t, &child, false)?;
    let descendant = grandchild(t, &middle, false)?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(&linux::SUBREAPER_BLOCKED_WAIT).blocks(&pending)?;
    t.tell(&middle, Step::exit(8))?;
    t.tell(&child, Step::Wait { pid: middle.pid as i32 })?;
    // Being a subreaper is not inherited: the orphan skips the child and comes to the agent.
    let (parent, us) = (parent_of(t, &descendant)?, t.agent_pid());
    let got = format!("parent {parent}; the child is {}", child.pid);
    t.expect(&linux::SUBREAPER_NOT_INHERITED).that(parent != child.pid, format!("parent {us}"), got)?;
    t.expect(&linux::SUBREAPER_BLOCKED_WAIT).blocks(&pending)?;
    t.tell(&descendant, Step::exit(9))?;
    let seen = t.finish(pending)?;
    t.expect(&linux::SUBREAPER_BLOCKED_WAIT).reaped(&seen, &descendant, Change::Exited(9))
}

fn reaper_ignores_sigchld(t: &mut Trial) -> Outcome {
    let clause = &linux::SUBREAPER_SIGCHLD_IGNORED_ZOMBIE;
    t.subreaper(true)?;
    t.sigaction(Signal::CHLD, Disposition::Ignore, SigactionFlags::NONE)?;
    let child = t.spawn(Scenario::held())?;
    let descendant = grandchild(t, &child, false)?;
    t.tell(&descendant, Step::exit(8))?;
    t.await_zombie(&descendant)?;
    t.tell(&child, Step::exit(7))?;
    t.await_gone(&child)?;
    t.await_gone(&descendant)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).error(&seen, Errno::CHILD)
}
