//! Whose child an orphan becomes: nested subreapers, reapers that end, PID namespaces and their first process; and which pids
//! are given to new processes.

use crate::scenario::{Offspring, Scenario, Step};
use crate::spec::{linux, posix};
use crate::trial::{Abort, Calls, Case, Change, Child, Needs, Options, Outcome, Target, Trial, here};
use crate::wait::Signal;

pub const CASES: &[Case] = &[
    Case {
        id: "reparenting.nearest-subreaper",
        title: "an orphan becomes a child of the nearest subreaper above it; the one above that gets ECHILD",
        clauses: &[&linux::SUBREAPER_NEAREST],
        calls: Calls::WITH_TARGET.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: nearest_subreaper,
    },
    Case {
        id: "reparenting.subreaper-exits",
        title: "when a subreaper ends, live children and zombies that it adopted go to the next one above it",
        clauses: &[&linux::SUBREAPER_EXIT_REPARENTS_CHILDREN],
        calls: Calls::WITH_TARGET.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: subreaper_ends,
    },
    Case {
        id: "reparenting.subreaper-leader-exits",
        title: "a subreaper whose initial thread ended goes on adopting",
        clauses: &[&linux::SUBREAPER_LEADER_EXITED],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: subreaper_without_leader,
    },
    Case {
        id: "reparenting.orphaned-group-hangup",
        title: "the end of a process that orphans a group with a stopped member sends it SIGHUP and SIGCONT: it dies of SIGHUP",
        clauses: &[&posix::ORPHAN_GROUP_HANGUP],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: orphaned_group,
    },
    Case {
        id: "reparenting.zombie-of-dead-parent",
        title: "a zombie whose parent ends does not stay",
        clauses: &[&posix::ORPHAN_ZOMBIE_REAPED_BY_NEW_PARENT],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: zombie_of_an_ended_parent,
    },
    Case {
        id: "reparenting.pidns-outer-pid",
        title: "a child that is process 1 of a new PID namespace is reported by its pid in the caller's",
        clauses: &[&linux::PIDNS_OUTER_PID],
        calls: Calls::WITH_TARGET.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: namespace_pid,
    },
    Case {
        id: "reparenting.pidns-init-adopts",
        title: "the first process of a PID namespace adopts its orphans, alive and as zombies, and can wait for them",
        clauses: &[&linux::ORPHAN_TO_INIT, &posix::ORPHAN_NEW_PARENT],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: namespace_adopts,
    },
    Case {
        id: "reparenting.pidns-init-exits",
        title: "when the first process of a PID namespace is reported, all others there are gone",
        clauses: &[&linux::PIDNS_INIT_EXITS],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: namespace_ends,
    },
    Case {
        id: "reparenting.pidns-init-signals",
        title: "the first process of a PID namespace dies of its parent's SIGKILL and ignores its own",
        clauses: &[&linux::PIDNS_INIT_SIGNALS],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: namespace_signals,
    },
    Case {
        id: "reparenting.zombie-pid-not-reused",
        title: "the pid of a zombie is not given to the next process although it is its turn; once it was taken it is",
        clauses: &[&posix::ZOMBIE_PID_NOT_REUSED],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: pid_of_a_zombie,
    },
    Case {
        id: "reparenting.fork-inherits-no-children",
        title: "a fork of the caller has none of its children: its wait fails with ECHILD, beside a zombie of the caller",
        clauses: &[&posix::FORK_CHILD_HAS_NO_CHILDREN],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: forked_caller,
    },
];

/// A held child of a child, which outlives it.
fn below(t: &mut Trial, child: &Child) -> Result<Child, Abort> {
    t.spawn_from(child, |token| Step::Fork(Offspring { token: Some(token), orphan: true, steps: vec![] }))
}

/// What a child says its parent is, in its own numbers.
fn parent_of(t: &mut Trial, child: &Child) -> Result<i64, Abort> {
    let ids = t.tell_for_reply(child, &Step::Getids)?;
    ids.number("ppid").map_err(|e| Abort::Protocol(format!("reply to getids: {e}")))
}

/// A step of a child that must find another process to be its child.
fn takes(
    t: &mut Trial,
    parent: &Child,
    pid: i32,
    status: i64,
    clause: &'static crate::spec::Clause,
) -> Outcome {
    let told = match t.try_tell(parent, Step::Wait { pid })? {
        Ok(reply) => format!("status {:#06x}", reply.number("status").unwrap_or(-1)),
        Err(errno) => errno,
    };
    t.expect(clause).equal("the wait of its new parent", &told, &format!("status {status:#06x}"))
}

fn nearest_subreaper(t: &mut Trial) -> Outcome {
    let clause = &linux::SUBREAPER_NEAREST;
    t.subreaper(true)?;
    let near = t.spawn(Scenario::of([Step::Subreaper { on: true }]))?;
    let middle = below(t, &near)?;
    let orphan = below(t, &middle)?;
    t.tell(&middle, Step::exit(8))?;
    takes(t, &near, middle.pid as i32, 8 << 8, clause)?;
    let parent = parent_of(t, &orphan)?;
    t.expect(clause).equal("parent", &parent, &near.pid)?;
    let seen = t.wait(Target::Child(&orphan), Options::NOHANG)?;
    t.expect(clause).error(&seen, "ECHILD")?;
    t.tell(&orphan, Step::exit(9))?;
    takes(t, &near, orphan.pid as i32, 9 << 8, clause)
}

fn subreaper_ends(t: &mut Trial) -> Outcome {
    let clause = &linux::SUBREAPER_EXIT_REPARENTS_CHILDREN;
    t.subreaper(true)?;
    let near = t.spawn(Scenario::of([Step::Subreaper { on: true }]))?;
    let middle = below(t, &near)?;
    let (alive, dead) = (below(t, &middle)?, below(t, &middle)?);
    t.tell(&middle, Step::exit(6))?;
    takes(t, &near, middle.pid as i32, 6 << 8, clause)?;
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

fn subreaper_without_leader(t: &mut Trial) -> Outcome {
    let clause = &linux::SUBREAPER_LEADER_EXITED;
    let near = t.spawn(Scenario::of([Step::Subreaper { on: true }]))?;
    t.tell(&near, Step::LeaderExit { code: 5 })?;
    let middle = below(t, &near)?;
    let orphan = below(t, &middle)?;
    t.tell(&middle, Step::exit(8))?;
    takes(t, &near, middle.pid as i32, 8 << 8, clause)?;
    t.tell(&orphan, Step::exit(9))?;
    takes(t, &near, orphan.pid as i32, 9 << 8, clause)?;
    t.tell(&near, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &near, Change::Exited(7))
}

fn orphaned_group(t: &mut Trial) -> Outcome {
    let clause = &posix::ORPHAN_GROUP_HANGUP;
    t.subreaper(true)?;
    // In a session of its own, so that nobody but this child keeps the group below from being an orphan.
    let child = t.spawn(Scenario::of([Step::Setsid]))?;
    let member = below(t, &child)?;
    t.tell(&member, Step::Setpgid { pgid: 0 })?;
    t.signal(&member, Signal::STOP)?;
    t.await_stopped(&member)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    let seen = t.wait(Target::Child(&member), Options::NONE)?;
    t.expect(clause).reaped(&seen, &member, Change::Killed(Signal::HUP, false))
}

fn zombie_of_an_ended_parent(t: &mut Trial) -> Outcome {
    let clause = &posix::ORPHAN_ZOMBIE_REAPED_BY_NEW_PARENT;
    // It is adopted by one that wants to hear of no child.
    t.subreaper(true)?;
    t.sigaction(Signal::CHLD, "ignore", &[])?;
    let child = t.spawn(Scenario::held())?;
    let zombie = below(t, &child)?;
    t.tell(&zombie, Step::exit(8))?;
    t.await_zombie(&zombie)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).error(&seen, "ECHILD")?;
    // It may be on its way out while nothing is left to be waited for.
    match t.await_gone(&zombie) {
        Err(Abort::Broken(why)) => t.expect(clause).that(false, "the zombie gone", why),
        gone => gone.and_then(|()| t.expect(clause).that(true, "the zombie gone", "")),
    }
}

/// A held child that is process 1 of a new PID namespace, whatever it forks being in it too; an ordinary user needs a user namespace for that.
fn first_of_namespace(t: &mut Trial) -> Result<Child, Abort> {
    let as_root = [("exit-signal", "SIGCHLD"), ("newpid", "yes")];
    match t.try_spawn_by("clone", Scenario::held(), &as_root)? {
        Ok((child, _)) => Ok(child),
        Err(_) => {
            let as_user = [("exit-signal", "SIGCHLD"), ("newpid", "yes"), ("newuser", "yes")];
            match t.try_spawn_by("clone", Scenario::held(), &as_user)? {
                Ok((child, _)) => Ok(child),
                Err(errno) => Err(Abort::Skip(format!("no PID namespace is to be had here: {errno}"))),
            }
        }
    }
}

/// What a child says its pid is, in its own numbers. (Of what it makes there, these are the only ones that are known here.)
fn inner_pid(t: &mut Trial, child: &Child) -> Result<i64, Abort> {
    let ids = t.tell_for_reply(child, &Step::Getids)?;
    ids.number("pid").map_err(|e| Abort::Protocol(format!("reply to getids: {e}")))
}

fn namespace_pid(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDNS_OUTER_PID;
    let child = first_of_namespace(t)?;
    let inner = inner_pid(t, &child)?;
    t.expect(clause).equal("pid in its namespace", &inner, &1)?;
    let pending = t.begin(Target::Child(&child), Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn namespace_adopts(t: &mut Trial) -> Outcome {
    let clause = &linux::ORPHAN_TO_INIT;
    // It is asked for no orphan of the namespace, however near it stands.
    t.subreaper(true)?;
    let first = first_of_namespace(t)?;
    let middle = below(t, &first)?;
    let (alive, dead) = (below(t, &middle)?, below(t, &middle)?);
    t.tell(&dead, Step::exit(9))?;
    t.tell(&middle, Step::exit(8))?;
    takes(t, &first, middle.pid as i32, 8 << 8, clause)?;
    let parent = parent_of(t, &alive)?;
    t.expect(clause).equal("parent of an orphan", &parent, &1)?;
    t.expect(&posix::ORPHAN_NEW_PARENT).that(parent != middle.pid, "another parent", parent.to_string())?;
    takes(t, &first, dead.pid as i32, 9 << 8, clause)?;
    t.tell(&alive, Step::exit(6))?;
    takes(t, &first, alive.pid as i32, 6 << 8, clause)?;
    t.tell(&first, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &first, Change::Exited(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).error(&seen, "ECHILD")
}

fn namespace_ends(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDNS_INIT_EXITS;
    let first = first_of_namespace(t)?;
    let child = below(t, &first)?;
    let grandchild = below(t, &child)?;
    t.tell(&first, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &first, Change::Exited(7))?;
    for one in [&child, &grandchild] {
        let state = t.state(one)?;
        t.expect(clause).that(
            ["gone", "unknown"].contains(&state.as_str()),
            format!("{} gone", one.name),
            state,
        )?;
    }
    Ok(())
}

fn namespace_signals(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDNS_INIT_SIGNALS;
    let first = first_of_namespace(t)?;
    // From inside, a signal at its default action does not reach it.
    t.tell(&first, Step::kill_self(Signal::TERM))?;
    t.tell(&first, Step::kill_self(Signal::KILL))?;
    t.signal(&first, Signal::KILL)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &first, Change::Killed(Signal::KILL, false))
}

fn pid_of_a_zombie(t: &mut Trial) -> Outcome {
    let clause = &posix::ZOMBIE_PID_NOT_REUSED;
    let first = first_of_namespace(t)?;
    let forks = |t: &mut Trial, code| {
        let child = Offspring { steps: vec![Step::exit(code)], ..Offspring::default() };
        let reply = t.tell_for_reply(&first, &Step::Fork(child))?;
        reply.number("pid").map_err(|e| Abort::Protocol(format!("reply to fork: {e}")))
    };
    let zombie = forks(t, 8)?;
    let again = Step::LastPid { pid: zombie as i32 - 1 };
    match t.try_tell(&first, again.clone())? {
        Ok(_) => {}
        Err(errno) => return Err(Abort::Skip(format!("the last pid cannot be set here: {errno}"))),
    }
    let next = forks(t, 9)?;
    t.expect(clause).that(next != zombie, format!("another pid than {zombie}"), next.to_string())?;
    takes(t, &first, zombie as i32, 8 << 8, clause)?;
    // Nobody else makes processes in the namespace: now it is given, which shows that it could have been before.
    t.tell(&first, again)?;
    let third = forks(t, 6)?;
    if third != zombie {
        t.note("the pid was not given to the next process after the take either");
    }
    takes(t, &first, third as i32, 6 << 8, clause)?;
    takes(t, &first, next as i32, 9 << 8, clause)?;
    t.tell(&first, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &first, Change::Exited(7))
}

fn forked_caller(t: &mut Trial) -> Outcome {
    let clause = &posix::FORK_CHILD_HAS_NO_CHILDREN;
    let zombie = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&zombie)?;
    let request = t.ask(Target::Any, Options::NONE);
    let seen = t.call_in_fork(request)?;
    t.expect(clause).error(&seen, "ECHILD")?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &zombie, Change::Exited(7))
}
