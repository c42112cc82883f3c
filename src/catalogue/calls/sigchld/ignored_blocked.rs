//! SIGCHLD that no handler receives: ignored, at its default action, pending, or for another process's child.

use super::handler::await_sigchld;
use crate::scenario::{Offspring, Scenario, Step};
use crate::spec::{Clause, linux, posix};
use crate::trial::cases;
use crate::trial::{
    Abort, Call, Calls, Change, Child, Disposition, Errno, Got, MaskChange, Needs, Options, Outcome,
    SigactionFlags, Target, Trial,
};
use crate::wait::Signal;

cases! { "sigchld";

    /// with SIGCHLD ignored, children leave no zombies, and a wait returns only once the last is gone
    ignored(ANY) in Calls::ENTRIES
        => [posix::SIGCHLD_IGNORED_NO_ZOMBIE, posix::SIGCHLD_IGNORED_WAITS_FOR_LAST_EXIT];

    /// with SIGCHLD ignored, a wait for a group fails with ECHILD once the last child in it is gone
    ignored_by_group(GROUP) in Calls::WITH_TARGET.few() => [linux::SIGCHLD_IGNORED_EVERY_TARGET];

    /// with SIGCHLD ignored, a wait on a pidfd fails with ECHILD once its child is gone
    ignored_by_pidfd(PIDFD) in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS
        => [linux::SIGCHLD_IGNORED_EVERY_TARGET];

    /// with SA_NOCLDWAIT, children leave no zombies, and a wait returns only once the last is gone
    nocldwait(ANY) in Calls::ENTRIES => [
        posix::SIGCHLD_NOCLDWAIT_NO_ZOMBIE,
        posix::SIGCHLD_NOCLDWAIT_WAITS_FOR_LAST_EXIT,
        posix::SIGCHLD_NOCLDWAIT_SIGNAL,
        linux::SIGCHLD_NOCLDWAIT_STILL_SENT,
    ];

    /// with SIGCHLD ignored, WNOHANG returns 0 while a child lives, and fails with ECHILD once it is gone
    ignored_nohang(ANY; NOHANG) in Calls::taking(Options::NOHANG).few() => [
        posix::SIGCHLD_IGNORED_NOHANG,
        posix::SIGCHLD_IGNORED_AFTER_FORK,
        posix::SIGCHLD_IGNORED_NO_ZOMBIE,
    ];

    /// with SIGCHLD ignored and every child already gone, a wait fails at once with ECHILD
    ignored_no_children_left(ANY) in Calls::ENTRIES => [posix::SIGCHLD_IGNORED_NO_CHILDREN_LEFT];

    /// a zombie from before SIGCHLD was ignored can still be reaped, with its status
    ignored_earlier_zombie(ANY) in Calls::ENTRIES => [posix::SIGCHLD_IGNORED_EARLIER_ZOMBIE];

    /// with SIGCHLD ignored, stops and continues are reported as usual
    ignored_stops(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few()
        => [posix::SIGCHLD_IGNORED_STOPS];

    /// with SIGCHLD at its default action children become zombies, even after it was ignored
    zombies_with_default_action(ANY) in Calls::ENTRIES
        => [posix::SIGCHLD_DEFAULT_ZOMBIE, posix::SIGCHLD_DEFAULT_RESTORED];

    /// a blocked SIGCHLD stays pending when one of two children is reaped, and is cleared with the last
    pending_after_reap(ANY) in Calls::ENTRIES
        => [posix::SIGCHLD_PENDING_WHILE_OTHERS_WAITABLE, posix::SIGCHLD_PENDING_CLEARED];

    /// a blocked SIGCHLD stays pending after a peek, and is discarded when it becomes ignored
    pending_after_peek(ANY; NOWAIT) in Calls::taking(Options::NOWAIT).few()
        => [posix::SIGCHLD_PENDING_AFTER_PEEK, posix::SIGCHLD_IGNORED_DISCARDS_PENDING];

    /// the exit of a grandchild generates no SIGCHLD; that of its parent does
    not_for_grandchild(ANY) in Calls::ENTRIES => [posix::SIGCHLD_NOT_FOR_GRANDCHILD];
}

/// Two children exit in turn while a call waits for any: it must stay blocked after the first, and fail after the last.
pub(crate) fn blocks_until_last_exit(
    t: &mut Trial,
    no_zombie: &'static Clause,
    to_last: &'static Clause,
) -> Outcome {
    let one = t.spawn(Scenario::held())?;
    let two = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(to_last).blocks(&pending)?;
    t.tell(&one, Step::exit(7))?;
    t.await_ended(&one)?;
    t.expect(no_zombie).and(to_last).blocks(&pending)?;
    t.tell(&two, Step::exit(9))?;
    t.await_ended(&two)?;
    let seen = t.finish(pending)?;
    t.expect(to_last).error(&seen, Errno::CHILD)
}

fn ignored(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Ignore, SigactionFlags::NONE)?;
    blocks_until_last_exit(t, &posix::SIGCHLD_IGNORED_NO_ZOMBIE, &posix::SIGCHLD_IGNORED_WAITS_FOR_LAST_EXIT)
}

/// A wait for that child fails once it is gone, although another child is alive.
fn fails_once_gone(t: &mut Trial, child: &Child, target: Target<'_>) -> Outcome {
    let clause = &linux::SIGCHLD_IGNORED_EVERY_TARGET;
    t.spawn(Scenario::held())?;
    let pending = t.begin(target, Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(child, Step::exit(7))?;
    t.await_ended(child)?;
    let seen = t.finish(pending)?;
    t.expect(clause).error(&seen, Errno::CHILD)
}

fn ignored_by_group(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Ignore, SigactionFlags::NONE)?;
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    fails_once_gone(t, &child, Target::Group(&child))
}

fn ignored_by_pidfd(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Ignore, SigactionFlags::NONE)?;
    let child = t.spawn(Scenario::held())?;
    let fd = t.pidfd_open(&child, false)?;
    fails_once_gone(t, &child, Target::Pidfd(fd))
}

fn nocldwait(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::NOCLDWAIT)?;
    blocks_until_last_exit(
        t,
        &posix::SIGCHLD_NOCLDWAIT_NO_ZOMBIE,
        &posix::SIGCHLD_NOCLDWAIT_WAITS_FOR_LAST_EXIT,
    )?;
    let count = t.signals()?.count;
    // Whether the two are delivered separately or coalesced is a matter of timing.
    let sent = if count > 0 { "sent" } else { "not sent" };
    t.expect(&posix::SIGCHLD_NOCLDWAIT_SIGNAL).records("SIGCHLD under SA_NOCLDWAIT", sent)?;
    t.expect(&linux::SIGCHLD_NOCLDWAIT_STILL_SENT).within("SIGCHLDs delivered", Some(count), 1, 2)
}

fn ignored_nohang(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.sigaction(Signal::CHLD, Disposition::Ignore, SigactionFlags::NONE)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&posix::SIGCHLD_IGNORED_NOHANG).nothing_ready(&seen)?;
    let other = t.spawn(Scenario::held())?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&posix::SIGCHLD_IGNORED_AFTER_FORK).nothing_ready(&seen)?;
    t.tell(&other, Step::exit(9))?;
    t.await_ended(&other)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&posix::SIGCHLD_IGNORED_NO_ZOMBIE).error(&seen, Errno::CHILD)
}

fn ignored_no_children_left(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Ignore, SigactionFlags::NONE)?;
    for code in [7, 9] {
        let child = t.spawn(Scenario::held())?;
        t.tell(&child, Step::exit(code))?;
        t.await_ended(&child)?;
    }
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::SIGCHLD_IGNORED_NO_CHILDREN_LEFT).error(&seen, Errno::CHILD)
}

fn ignored_earlier_zombie(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    t.sigaction(Signal::CHLD, Disposition::Ignore, SigactionFlags::NONE)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::SIGCHLD_IGNORED_EARLIER_ZOMBIE).reaped(&seen, &child, Change::Exited(7))
}

fn ignored_stops(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Ignore, SigactionFlags::NONE)?;
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let seen = t.wait(Target::Any, Options::UNTRACED | Options::NOHANG)?;
    t.expect(&posix::SIGCHLD_IGNORED_STOPS).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    t.signal(&child, Signal::CONT)?;
    let seen = t.wait(Target::Any, Options::CONTINUED | Options::NOHANG)?;
    t.expect(&posix::SIGCHLD_IGNORED_STOPS).reports(&seen, &child, Change::Continued)
}

fn zombies_with_default_action(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Default, SigactionFlags::NONE)?;
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::SIGCHLD_DEFAULT_ZOMBIE).reaped(&seen, &child, Change::Exited(7))?;
    t.sigaction(Signal::CHLD, Disposition::Ignore, SigactionFlags::NONE)?;
    t.sigaction(Signal::CHLD, Disposition::Default, SigactionFlags::NONE)?;
    let child = t.spawn(Scenario::exits(9))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::SIGCHLD_DEFAULT_RESTORED).reaped(&seen, &child, Change::Exited(9))
}

/// Whether a SIGCHLD is pending for the agent, in the words of the clauses.
fn pending(t: &mut Trial) -> Result<&'static str, Abort> {
    Ok(if t.sigpending()?.contains(&Signal::CHLD) { "pending" } else { "cleared" })
}

fn pending_after_reap(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::RESTART)?;
    t.sigprocmask(MaskChange::Block, Signal::CHLD)?;
    let one = t.spawn(Scenario::exits(7))?;
    let two = t.spawn(Scenario::exits(9))?;
    t.await_zombie(&one)?;
    t.await_zombie(&two)?;
    // A child becomes waitable no sooner than its signal is generated.
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::SIGCHLD_PENDING_WHILE_OTHERS_WAITABLE).returns(&seen)?;
    let state = pending(t)?;
    t.expect(&posix::SIGCHLD_PENDING_WHILE_OTHERS_WAITABLE).that(state == "pending", "pending", state)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::SIGCHLD_PENDING_CLEARED).returns(&seen)?;
    t.expect(&posix::SIGCHLD_PENDING_CLEARED).that(seen.is_report(), "a child", seen.outcome())?;
    let state = pending(t)?;
    t.expect(&posix::SIGCHLD_PENDING_CLEARED).that(
        state == "cleared",
        "cleared",
        (Got::Pending(Signal::CHLD), state),
    )
}

fn pending_after_peek(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::RESTART)?;
    t.sigprocmask(MaskChange::Block, Signal::CHLD)?;
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, Options::NOWAIT)?;
    t.expect(&posix::SIGCHLD_PENDING_AFTER_PEEK).reports(&seen, &child, Change::Exited(7))?;
    let state = pending(t)?;
    t.expect(&posix::SIGCHLD_PENDING_AFTER_PEEK).that(state == "pending", "pending", state)?;
    t.sigaction(Signal::CHLD, Disposition::Ignore, SigactionFlags::NONE)?;
    let state = pending(t)?;
    t.expect(&posix::SIGCHLD_IGNORED_DISCARDS_PENDING).that(
        state == "cleared",
        "cleared",
        (Got::Pending(Signal::CHLD), state),
    )
}

fn not_for_grandchild(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::RESTART)?;
    let child = t.spawn(Scenario::held())?;
    let grandchild =
        t.spawn_from(&child, |token| Step::Fork(Offspring { token: Some(token), ..Offspring::default() }))?;
    t.tell(&grandchild, Step::exit(9))?;
    // Once its parent has reaped it, all effects of its exit have occurred.
    t.tell(&child, Step::Wait { pid: 0 })?;
    let count = t.signals()?.count;
    t.expect(&posix::SIGCHLD_NOT_FOR_GRANDCHILD).equal("SIGCHLDs for a grandchild:", &count, &0)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    await_sigchld(t, &posix::SIGCHLD_NOT_FOR_GRANDCHILD, "a child")?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::SIGCHLD_NOT_FOR_GRANDCHILD).reaped(&seen, &child, Change::Exited(7))
}
