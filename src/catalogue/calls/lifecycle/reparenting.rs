//! Which process adopts an orphan: nested subreapers, reapers that exit, PID namespaces and their init; and which pids new
//! processes get.

use crate::scenario::{Offspring, Scenario, Step};
use crate::spec::{linux, posix};
use crate::trial::cases;
use crate::trial::{
    Abort, By, Calls, Change, Child, CloneHow, Disposition, Errno, Options, Outcome, ProcessState,
    SigactionFlags, Target, Trial,
};
use crate::wait::Signal;

cases! { "reparenting";

    /// an orphan becomes a child of its nearest subreaper; the next one up gets ECHILD
    nearest_subreaper(PID; NOHANG) in Calls::WITH_TARGET.few() => [linux::SUBREAPER_NEAREST];

    /// when a subreaper exits, its adopted children and zombies go to the next subreaper up
    subreaper_exits(PID) in Calls::WITH_TARGET.few() => [linux::SUBREAPER_EXIT_REPARENTS_CHILDREN];

    /// a subreaper whose initial thread has exited still adopts
    subreaper_leader_exits(ANY) in Calls::ENTRIES => [linux::SUBREAPER_LEADER_EXITED];

    /// an exit that orphans a group with a stopped member sends that member SIGHUP and SIGCONT: it is killed by SIGHUP
    orphaned_group_hangup(PID) in Calls::ENTRIES => [posix::ORPHAN_GROUP_HANGUP];

    /// a zombie does not outlive its parent
    zombie_of_dead_parent(ANY) in Calls::ENTRIES => [posix::ORPHAN_ZOMBIE_REAPED_BY_NEW_PARENT];

    /// a child that is init of a new PID namespace is reported by its pid in the caller's namespace, even in SIGCHLD
    pidns_outer_pid(PID) in Calls::WITH_TARGET.few() => [linux::PIDNS_OUTER_PID];

    /// init of a PID namespace adopts its orphans, alive or as zombies, and can wait for them
    pidns_init_adopts(ANY) in Calls::ENTRIES => [linux::ORPHAN_TO_INIT, posix::ORPHAN_NEW_PARENT];

    /// by the time init of a PID namespace is reported, all its other processes are gone
    pidns_init_exits(ANY) in Calls::ENTRIES => [linux::PIDNS_INIT_EXITS];

    /// init of a PID namespace is killed by its parent's SIGKILL, but ignores its own
    pidns_init_signals(ANY) in Calls::ENTRIES => [linux::PIDNS_INIT_SIGNALS];

    /// a zombie's pid is skipped when it is next in turn, and is given out once the zombie is reaped
    zombie_pid_not_reused(ANY) in Calls::ENTRIES => [posix::ZOMBIE_PID_NOT_REUSED];

    /// a forked copy of the caller has no children: ECHILD, though the caller has a zombie
    fork_inherits_no_children(ANY) in Calls::ENTRIES => [posix::FORK_CHILD_HAS_NO_CHILDREN];
}

/// Has a child fork a held grandchild, which may outlive it.
fn fork_grandchild(t: &mut Trial, child: &Child) -> Result<Child, Abort> {
    t.spawn_from(child, |token| Step::Fork(Offspring { token: Some(token), orphan: true, steps: vec![] }))
}

/// The parent that a child reports, in its own namespace.
fn parent_of(t: &mut Trial, child: &Child) -> Result<i64, Abort> {
    let ids = t.tell_for_reply(child, &Step::Getids)?;
    ids.number("ppid").map_err(|e| Abort::Protocol(format!("reply to getids: {e}")))
}

/// Has a child reap `pid`, which must be its child.
fn reaps(
    t: &mut Trial,
    parent: &Child,
    pid: i32,
    status: i64,
    clause: &'static crate::spec::Clause,
) -> Outcome {
    let reaped = match t.try_tell(parent, Step::Wait { pid })? {
        Ok(reply) => format!("status {:#06x}", reply.number("status").unwrap_or(-1)),
        Err(errno) => errno.to_string(),
    };
    t.expect(clause).equal("the new parent's wait", &reaped, &format!("status {status:#06x}"))
}

fn nearest_subreaper(t: &mut Trial) -> Outcome {
    let clause = &linux::SUBREAPER_NEAREST;
    t.subreaper(true)?;
    let near = t.spawn(Scenario::of([Step::Subreaper { on: true }]))?;
    let middle = fork_grandchild(t, &near)?;
    let orphan = fork_grandchild(t, &middle)?;
    t.tell(&middle, Step::exit(8))?;
    reaps(t, &near, middle.pid as i32, 8 << 8, clause)?;
    let parent = parent_of(t, &orphan)?;
    t.expect(clause).equal("parent", &parent, &near.pid)?;
    let seen = t.wait(Target::Child(&orphan), Options::NOHANG)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    t.tell(&orphan, Step::exit(9))?;
    reaps(t, &near, orphan.pid as i32, 9 << 8, clause)
}

fn subreaper_exits(t: &mut Trial) -> Outcome {
    let clause = &linux::SUBREAPER_EXIT_REPARENTS_CHILDREN;
    t.subreaper(true)?;
    let near = t.spawn(Scenario::of([Step::Subreaper { on: true }]))?;
    let middle = fork_grandchild(t, &near)?;
    let (alive, dead) = (fork_grandchild(t, &middle)?, fork_grandchild(t, &middle)?);
    t.tell(&middle, Step::exit(6))?;
    reaps(t, &near, middle.pid as i32, 6 << 8, clause)?;
    t.tell(&dead, Step::exit(9))?;
    t.await_zombie(&dead)?;
    t.tell(&near, Step::exit(7))?;
    let seen = t.wait(Target::Child(&near), Options::NONE)?;
    t.expect(clause).reaped(&seen, &near, Change::Exited(7))?;
    let seen = t.wait(Target::Child(&dead), Options::NONE)?;
    t.expect(clause).reaped(&seen, &dead, Change::Exited(9))?;
    let pending = t.begin(Target::Child(&alive), Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&alive, Step::exit(8))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &alive, Change::Exited(8))
}

fn subreaper_leader_exits(t: &mut Trial) -> Outcome {
    let clause = &linux::SUBREAPER_LEADER_EXITED;
    let near = t.spawn(Scenario::of([Step::Subreaper { on: true }]))?;
    t.tell(&near, Step::LeaderExit { code: 5 })?;
    let middle = fork_grandchild(t, &near)?;
    let orphan = fork_grandchild(t, &middle)?;
    t.tell(&middle, Step::exit(8))?;
    reaps(t, &near, middle.pid as i32, 8 << 8, clause)?;
    t.tell(&orphan, Step::exit(9))?;
    reaps(t, &near, orphan.pid as i32, 9 << 8, clause)?;
    t.tell(&near, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &near, Change::Exited(7))
}

fn orphaned_group_hangup(t: &mut Trial) -> Outcome {
    let clause = &posix::ORPHAN_GROUP_HANGUP;
    t.subreaper(true)?;
    // In its own session, so that only this child keeps the member's group from being orphaned.
    let child = t.spawn(Scenario::of([Step::Setsid]))?;
    let member = fork_grandchild(t, &child)?;
    t.tell(&member, Step::Setpgid { pgid: 0 })?;
    t.signal(&member, Signal::STOP)?;
    t.await_stopped(&member)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    let seen = t.wait(Target::Child(&member), Options::NONE)?;
    t.expect(clause).reaped(&seen, &member, Change::Killed(Signal::HUP, false))
}

fn zombie_of_dead_parent(t: &mut Trial) -> Outcome {
    let clause = &posix::ORPHAN_ZOMBIE_REAPED_BY_NEW_PARENT;
    // We adopt it, and ignore SIGCHLD.
    t.subreaper(true)?;
    t.sigaction(Signal::CHLD, Disposition::Ignore, SigactionFlags::NONE)?;
    let child = t.spawn(Scenario::held())?;
    let zombie = fork_grandchild(t, &child)?;
    t.tell(&zombie, Step::exit(8))?;
    t.await_zombie(&zombie)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    // It may still be exiting when there is nothing left to wait for.
    match t.await_gone(&zombie) {
        Err(Abort::Broken(why)) => t.expect(clause).that(false, "zombie gone", why),
        gone => gone.and_then(|()| t.expect(clause).that(true, "zombie gone", "")),
    }
}

/// A held child that is init of a new PID namespace, shared by all it forks; an ordinary user needs a user namespace too.
pub(crate) fn spawn_pidns_init(t: &mut Trial) -> Result<Child, Abort> {
    let as_root = CloneHow { new_pids: true, ..CloneHow::signalling(Some(Signal::CHLD)) };
    match t.try_spawn_by(&By::Clone(as_root), Scenario::held())? {
        Ok((child, _)) => Ok(child),
        Err(_) => {
            let as_user = CloneHow { new_users: true, ..as_root };
            match t.try_spawn_by(&By::Clone(as_user), Scenario::held())? {
                Ok((child, _)) => Ok(child),
                Err(errno) => Err(Abort::Skip(format!("no PID namespace is available here: {errno}"))),
            }
        }
    }
}

/// The pid that a child reports, in its own namespace. Pids of what it forks there are known to us in that namespace only.
fn inner_pid(t: &mut Trial, child: &Child) -> Result<i64, Abort> {
    let ids = t.tell_for_reply(child, &Step::Getids)?;
    ids.number("pid").map_err(|e| Abort::Protocol(format!("reply to getids: {e}")))
}

fn pidns_outer_pid(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDNS_OUTER_PID;
    t.sigaction(Signal::CHLD, Disposition::Record, SigactionFlags::RESTART)?;
    let child = spawn_pidns_init(t)?;
    let inner = inner_pid(t, &child)?;
    t.expect(clause).equal("pid in its namespace", &inner, &1)?;
    let pending = t.begin(Target::Child(&child), Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    let caught: Vec<i64> = t.await_signals(1)?.seen.iter().map(|caught| caught.pid).collect();
    t.expect(clause).one_of("si_pid of SIGCHLD", &caught, &[vec![child.pid]])
}

fn pidns_init_adopts(t: &mut Trial) -> Outcome {
    let clause = &linux::ORPHAN_TO_INIT;
    // We are a subreaper too, but must not adopt across the namespace boundary.
    t.subreaper(true)?;
    let init = spawn_pidns_init(t)?;
    let middle = fork_grandchild(t, &init)?;
    let (alive, dead) = (fork_grandchild(t, &middle)?, fork_grandchild(t, &middle)?);
    t.tell(&dead, Step::exit(9))?;
    t.tell(&middle, Step::exit(8))?;
    reaps(t, &init, middle.pid as i32, 8 << 8, clause)?;
    let parent = parent_of(t, &alive)?;
    t.expect(clause).equal("parent of an orphan", &parent, &1)?;
    t.expect(&posix::ORPHAN_NEW_PARENT).that(parent != middle.pid, "another parent", parent.to_string())?;
    reaps(t, &init, dead.pid as i32, 9 << 8, clause)?;
    t.tell(&alive, Step::exit(6))?;
    reaps(t, &init, alive.pid as i32, 6 << 8, clause)?;
    t.tell(&init, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &init, Change::Exited(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).error(&seen, Errno::CHILD)
}

fn pidns_init_exits(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDNS_INIT_EXITS;
    let init = spawn_pidns_init(t)?;
    let child = fork_grandchild(t, &init)?;
    let grandchild = fork_grandchild(t, &child)?;
    t.tell(&init, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &init, Change::Exited(7))?;
    for process in [&child, &grandchild] {
        let state = t.state(process)?;
        t.expect(clause).that(
            matches!(state, ProcessState::Gone | ProcessState::Unknown),
            format!("{} gone", process.name),
            state.to_string(),
        )?;
    }
    Ok(())
}

fn pidns_init_signals(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDNS_INIT_SIGNALS;
    let init = spawn_pidns_init(t)?;
    // From inside the namespace, a signal with its default action does not reach it.
    for signal in [Signal::TERM, Signal::KILL] {
        let step = t.begin_step(&init, Step::kill_self(signal))?;
        let reply = t.expect(clause).answered(&init, step)?;
        if let Err(errno) = t.error_of(reply)? {
            return Err(Abort::Skip(format!("a child cannot perform kill-self here: {errno}")));
        }
    }
    t.signal(&init, Signal::KILL)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &init, Change::Killed(Signal::KILL, false))
}

fn zombie_pid_not_reused(t: &mut Trial) -> Outcome {
    let clause = &posix::ZOMBIE_PID_NOT_REUSED;
    let init = spawn_pidns_init(t)?;
    let forks = |t: &mut Trial, code| {
        let child = Offspring { steps: vec![Step::exit(code)], ..Offspring::default() };
        let reply = t.tell_for_reply(&init, &Step::Fork(child))?;
        reply.number("pid").map_err(|e| Abort::Protocol(format!("reply to fork: {e}")))
    };
    let zombie = forks(t, 8)?;
    let rewind = Step::LastPid { pid: zombie as i32 - 1 };
    match t.try_tell(&init, rewind.clone())? {
        Ok(_) => {}
        Err(errno) => return Err(Abort::Skip(format!("cannot set the last pid here: {errno}"))),
    }
    let next = forks(t, 9)?;
    t.expect(clause).that(next != zombie, format!("a pid other than {zombie}"), next.to_string())?;
    reaps(t, &init, zombie as i32, 8 << 8, clause)?;
    // No other process forks in this namespace: that the pid is assigned now shows that it was next in turn before.
    t.tell(&init, rewind)?;
    let third = forks(t, 6)?;
    if third != zombie {
        t.note("the pid was not reused after the reap either");
    }
    reaps(t, &init, third as i32, 6 << 8, clause)?;
    reaps(t, &init, next as i32, 9 << 8, clause)?;
    t.tell(&init, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &init, Change::Exited(7))
}

fn fork_inherits_no_children(t: &mut Trial) -> Outcome {
    let clause = &posix::FORK_CHILD_HAS_NO_CHILDREN;
    let zombie = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&zombie)?;
    let request = t.ask(Target::Any, Options::NONE);
    let seen = t.call_in_fork(request)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &zombie, Change::Exited(7))
}
