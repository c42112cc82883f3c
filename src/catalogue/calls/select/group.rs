//! Waits for the children of a process group.

use crate::scenario::{Scenario, Step};
use crate::spec::{linux, pairs, posix};
use crate::trial::cases;
use crate::trial::{
    Abort, AgentRequest, Call, Calls, Change, Child, Errno, IdType, Needs, Options, Outcome, Target, Trial,
};
use crate::wait::Signal;

cases! { "group";

    /// a wait for the caller's own group reports its child in that group and not the one in another
    own(ANY | GROUP; NOHANG) in Calls::WITH_TARGET => [pairs::OWN_GROUP, pairs::ECHILD_EMPTY_GROUP];

    /// pid 0 means the group that the caller is in at the time of the call
    own_is_current_group(GROUP; NOHANG) in Calls::PID_FAMILY => [posix::WAITPID_OWN_GROUP_IS_CURRENT];

    /// with children in three groups, a wait for one group reports only its members, each once
    mixed(GROUP) in Calls::WITH_TARGET => [pairs::NAMED_GROUP, pairs::ECHILD_EMPTY_GROUP];

    /// a group that no longer exists, or that contains no child of the caller, gives ECHILD at once
    empty(PID | GROUP; NOHANG) in Calls::WITH_TARGET => [
        pairs::ECHILD_EMPTY_GROUP,
        posix::WAITPID_NOHANG_ECHILD,
        posix::WAITID_NOHANG_ECHILD,
        linux::WAIT_NO_SUCH_GROUP,
    ];

    /// a child that changes groups is found through its new group, and no longer through its old one
    after_setpgid(GROUP; NOHANG) in Calls::WITH_TARGET
        => [pairs::GROUP_LEFT_BY_SETPGID, pairs::GROUP_AFTER_SETPGID];

    /// so is one that its parent moves: alive, while another member sleeps on, when it stops and when it exits
    moved_by_parent(GROUP; NOHANG | UNTRACED) in Calls::WITH_TARGET.few()
        => [pairs::GROUP_AFTER_SETPGID];

    /// an unreported stop and an unreported continue follow a child that is moved to another group
    moved_with_event(GROUP; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_TARGET.few()
        => [posix::WAIT_EVENT_FOLLOWS_SETPGID];

    /// a zombie is found through its group, even if a live child shares it
    zombie_member(GROUP; NOHANG) in Calls::WITH_TARGET => [pairs::GROUP_OF_ZOMBIE];

    /// a zombie moved to another group by its parent is found through that group, and not through the old one
    moved_zombie(GROUP; NOHANG) in Calls::WITH_TARGET.few() => [pairs::GROUP_AFTER_SETPGID];

    /// a child that leads a session of its own is found through the group that it leads, too, alive, stopped and dead
    own_session(GROUP; NOHANG | UNTRACED) in Calls::WITH_TARGET.few() => [pairs::NAMED_GROUP];

    /// a wait blocked on a group stays blocked when a child outside the group exits
    other_child_does_not_wake(GROUP) in Calls::WITH_TARGET
        => [pairs::OTHER_GROUP_NO_WAKE, pairs::NAMED_GROUP];

    /// whether a wait blocked on a group reports a child that joins later is recorded
    joined_while_blocked(GROUP) in Calls::WITH_TARGET.few() => [posix::WAITPID_GROUP_JOINED_WHILE_BLOCKED];

    /// a wait asleep for a group reports the stop and the exit of a child that has joined meanwhile, and not those of one that has left
    changes_asleep(GROUP; UNTRACED) in Calls::WITH_TARGET.few() => [linux::WAIT_GROUP_AT_EVENT];

    /// so it does on a thread other than the first
    changes_asleep_on_a_thread(GROUP; UNTRACED) in Calls::WITH_TARGET.few(), needs Needs::THREADS
        => [linux::WAIT_GROUP_AT_EVENT];
}

/// A held child in a process group of its own.
fn spawn_leader(t: &mut Trial) -> Result<Child, Abort> {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    Ok(child)
}

/// A held child in another one's group.
fn spawn_member(t: &mut Trial, leader: &Child) -> Result<Child, Abort> {
    let child = t.spawn(Scenario::held())?;
    let pgid = i32::try_from(leader.pid).map_err(|e| Abort::Protocol(format!("pid {}: {e}", leader.pid)))?;
    t.tell(&child, Step::Setpgid { pgid })?;
    Ok(child)
}

/// Has a held child exit with that code, and waits until it is a zombie.
fn exit_to_zombie(t: &mut Trial, child: &Child, code: i32) -> Outcome {
    t.tell(child, Step::exit(code))?;
    t.await_zombie(child)
}

fn own(t: &mut Trial) -> Outcome {
    let outside = spawn_leader(t)?;
    let inside = t.spawn(Scenario::exits(12))?;
    exit_to_zombie(t, &outside, 11)?;
    t.await_zombie(&inside)?;
    let seen = t.wait(Target::OwnGroup, Options::NONE)?;
    t.expect(&pairs::OWN_GROUP).reaped(&seen, &inside, Change::Exited(12))?;
    for options in [Options::NONE, Options::NOHANG] {
        let seen = t.wait(Target::OwnGroup, options)?;
        t.expect(&pairs::ECHILD_EMPTY_GROUP).error(&seen, Errno::CHILD)?;
    }
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&pairs::OWN_GROUP).reaped(&seen, &outside, Change::Exited(11))
}

fn own_is_current_group(t: &mut Trial) -> Outcome {
    let new = spawn_leader(t)?;
    let old = t.spawn(Scenario::held())?;
    // It does not matter which group an earlier call found the caller in.
    let seen = t.wait(Target::OwnGroup, Options::NOHANG)?;
    t.expect(&posix::WAITPID_OWN_GROUP_IS_CURRENT).nothing_ready(&seen)?;
    exit_to_zombie(t, &old, 11)?;
    let first = t.agent_pid();
    t.setpgid(None, new.pid)?;
    let seen = t.wait(Target::OwnGroup, Options::NOHANG)?;
    t.expect(&posix::WAITPID_OWN_GROUP_IS_CURRENT).nothing_ready(&seen)?;
    exit_to_zombie(t, &new, 12)?;
    let seen = t.wait(Target::OwnGroup, Options::NONE)?;
    t.expect(&posix::WAITPID_OWN_GROUP_IS_CURRENT).reaped(&seen, &new, Change::Exited(12))?;
    let seen = t.wait(Target::OwnGroup, Options::NONE)?;
    t.expect(&posix::WAITPID_OWN_GROUP_IS_CURRENT).error(&seen, Errno::CHILD)?;
    let seen = t.wait(Target::Pid(-first), Options::NONE)?;
    t.expect(&posix::WAITPID_OWN_GROUP_IS_CURRENT).reaped(&seen, &old, Change::Exited(11))
}

fn mixed(t: &mut Trial) -> Outcome {
    let alone = t.spawn(Scenario::exits(11))?;
    let first = spawn_leader(t)?;
    let first_member = spawn_member(t, &first)?;
    let second = spawn_leader(t)?;
    let second_member = spawn_member(t, &second)?;
    t.await_zombie(&alone)?;
    for (child, code) in [(&first, 21), (&first_member, 22), (&second, 31), (&second_member, 32)] {
        exit_to_zombie(t, child, code)?;
    }
    for (leader, mut left) in [
        (&second, vec![(&second, 31), (&second_member, 32)]),
        (&first, vec![(&first, 21), (&first_member, 22)]),
    ] {
        while !left.is_empty() {
            let seen = t.wait(Target::Group(leader), Options::NONE)?;
            let found = left.iter().position(|(_, code)| seen.fits(Change::Exited(*code)));
            let (child, code) = left.remove(found.unwrap_or(0));
            t.expect(&pairs::NAMED_GROUP).reaped(&seen, child, Change::Exited(code))?;
        }
        let seen = t.wait(Target::Group(leader), Options::NONE)?;
        t.expect(&pairs::ECHILD_EMPTY_GROUP).error(&seen, Errno::CHILD)?;
    }
    let seen = t.wait(Target::OwnGroup, Options::NONE)?;
    t.expect(&pairs::NAMED_GROUP).reaped(&seen, &alone, Change::Exited(11))
}

fn empty(t: &mut Trial) -> Outcome {
    let live = t.spawn(Scenario::held())?;
    let gone = spawn_leader(t)?;
    exit_to_zombie(t, &gone, 11)?;
    let seen = t.wait(Target::Child(&gone), Options::NONE)?;
    t.expect(&pairs::ECHILD_EMPTY_GROUP).reaped(&seen, &gone, Change::Exited(11))?;
    let seen = t.wait(Target::Group(&gone), Options::NONE)?;
    t.expect(&pairs::ECHILD_EMPTY_GROUP).error(&seen, Errno::CHILD)?;
    let by_id = t.call() == Call::Waitid;
    let nohang = if by_id { &posix::WAITID_NOHANG_ECHILD } else { &posix::WAITPID_NOHANG_ECHILD };
    let seen = t.wait(Target::Group(&gone), Options::NOHANG)?;
    t.expect(&pairs::ECHILD_EMPTY_GROUP).and(nohang).error(&seen, Errno::CHILD)?;
    if Calls::PID_FAMILY.has(t.call()) {
        // No pid is that large: Linux assigns pids up to 2^22.
        for pid in [-(1 << 23), -i64::from(i32::MAX)] {
            let seen = t.wait(Target::Pid(pid), Options::NONE)?;
            t.expect(&linux::WAIT_NO_SUCH_GROUP).error(&seen, Errno::CHILD)?;
        }
    }
    // The session leader's group exists, and contains no child of the caller. A PID namespace hides it as 0.
    let ids = t.tell_for_reply(&live, &Step::Getids)?;
    let sid = ids.number("sid").map_err(|e| Abort::Protocol(format!("reply to getids: {e}")))?;
    if sid > 1 {
        let group = match Calls::PID_FAMILY.has(t.call()) {
            true => Target::Pid(-sid),
            false => Target::Id(IdType::Pgid, sid),
        };
        let seen = t.wait(group, Options::NONE)?;
        t.expect(&pairs::ECHILD_EMPTY_GROUP).error(&seen, Errno::CHILD)?;
    }
    Ok(())
}

fn after_setpgid(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let seen = t.wait(Target::OwnGroup, Options::NOHANG)?;
    t.expect(&pairs::GROUP_AFTER_SETPGID).nothing_ready(&seen)?;
    let seen = t.wait(Target::Group(&child), Options::NOHANG)?;
    t.expect(&pairs::GROUP_LEFT_BY_SETPGID).error(&seen, Errno::CHILD)?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    let seen = t.wait(Target::OwnGroup, Options::NOHANG)?;
    t.expect(&pairs::GROUP_LEFT_BY_SETPGID).error(&seen, Errno::CHILD)?;
    let pending = t.begin(Target::Group(&child), Options::NONE)?;
    t.expect(&pairs::GROUP_AFTER_SETPGID).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(&pairs::GROUP_AFTER_SETPGID).reaped(&seen, &child, Change::Exited(7))
}

/// Moves a child into a process group; 0 means a new one of its own.
fn move_child(t: &mut Trial, child: &Child, pgid: i64) -> Outcome {
    match t.attempt(&AgentRequest::Setpgid { pid: child.pid as i32, pgid: pgid as i32 })? {
        Ok(_) => Ok(()),
        Err(Errno::ACCES) => Err(Abort::Skip("a child that has execed cannot be moved by its parent".into())),
        Err(errno) => Err(Abort::Broken(format!("the agent cannot move {}: {errno}", child.name))),
    }
}

fn moved_by_parent(t: &mut Trial) -> Outcome {
    let entered = &pairs::GROUP_AFTER_SETPGID;
    let leader = spawn_leader(t)?;
    let child = t.spawn(Scenario::held())?;
    move_child(t, &child, leader.pid)?;
    let seen = t.wait(Target::Group(&leader), Options::NOHANG)?;
    t.expect(entered).nothing_ready(&seen)?;
    let pending = t.begin(Target::Group(&leader), Options::UNTRACED)?;
    t.expect(entered).blocks(&pending)?;
    t.signal(&child, Signal::STOP)?;
    let seen = t.finish(pending)?;
    t.expect(entered).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    t.signal(&child, Signal::CONT)?;
    let pending = t.begin(Target::Group(&leader), Options::NONE)?;
    t.expect(entered).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(entered).reaped(&seen, &child, Change::Exited(7))?;
    // The only member, in a new group of its own.
    let alone = t.spawn(Scenario::held())?;
    move_child(t, &alone, 0)?;
    let pending = t.begin(Target::Group(&alone), Options::NONE)?;
    t.expect(entered).blocks(&pending)?;
    t.tell(&alone, Step::exit(8))?;
    let seen = t.finish(pending)?;
    t.expect(entered).reaped(&seen, &alone, Change::Exited(8))
}

fn moved_with_event(t: &mut Trial) -> Outcome {
    let clause = &posix::WAIT_EVENT_FOLLOWS_SETPGID;
    let first = t.agent_pid();
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    move_child(t, &child, 0)?;
    let stops = Options::UNTRACED | Options::NOHANG;
    let seen = t.wait(Target::OwnGroup, stops)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    let seen = t.wait(Target::Group(&child), stops)?;
    t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    t.signal(&child, Signal::CONT)?;
    move_child(t, &child, first)?;
    let continues = Options::CONTINUED | Options::NOHANG;
    let seen = t.wait(Target::Group(&child), continues)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    let seen = t.wait(Target::OwnGroup, continues)?;
    t.expect(clause).reports(&seen, &child, Change::Continued)
}

fn zombie_member(t: &mut Trial) -> Outcome {
    let zombie = spawn_leader(t)?;
    let live = spawn_member(t, &zombie)?;
    exit_to_zombie(t, &zombie, 11)?;
    let seen = t.wait(Target::Group(&zombie), Options::NONE)?;
    t.expect(&pairs::GROUP_OF_ZOMBIE).reaped(&seen, &zombie, Change::Exited(11))?;
    // The group outlives its leader.
    let seen = t.wait(Target::Group(&zombie), Options::NOHANG)?;
    t.expect(&pairs::GROUP_OF_ZOMBIE).nothing_ready(&seen)?;
    exit_to_zombie(t, &live, 12)?;
    let seen = t.wait(Target::Group(&zombie), Options::NONE)?;
    t.expect(&pairs::GROUP_OF_ZOMBIE).reaped(&seen, &live, Change::Exited(12))
}

fn own_session(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setsid)?;
    let seen = t.wait(Target::Group(&child), Options::NOHANG)?;
    t.expect(&pairs::NAMED_GROUP).nothing_ready(&seen)?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let seen = t.wait(Target::Group(&child), Options::UNTRACED)?;
    t.expect(&pairs::NAMED_GROUP).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    t.signal(&child, Signal::KILL)?;
    let seen = t.wait(Target::Group(&child), Options::NONE)?;
    t.expect(&pairs::NAMED_GROUP).reaped(&seen, &child, Change::Killed(Signal::KILL, false))
}

fn other_child_does_not_wake(t: &mut Trial) -> Outcome {
    let inside = spawn_leader(t)?;
    let outside = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Group(&inside), Options::NONE)?;
    t.expect(&pairs::OTHER_GROUP_NO_WAKE).blocks(&pending)?;
    exit_to_zombie(t, &outside, 12)?;
    t.expect(&pairs::OTHER_GROUP_NO_WAKE).blocks(&pending)?;
    t.tell(&inside, Step::exit(11))?;
    let seen = t.finish(pending)?;
    t.expect(&pairs::NAMED_GROUP).reaped(&seen, &inside, Change::Exited(11))
}

fn joined_while_blocked(t: &mut Trial) -> Outcome {
    let leader = t.spawn(Scenario::of([Step::Setpgid { pgid: 0 }]))?;
    let joining = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Group(&leader), Options::NONE)?;
    t.await_sleeper(&pending)?;
    t.tell(&joining, Step::Setpgid { pgid: leader.pid as i32 })?;
    t.tell(&joining, Step::exit(8))?;
    t.await_ended(&joining)?;
    // If the call ignored the joining child, it would block forever.
    t.tell(&leader, Step::exit(7))?;
    let seen = t.finish(pending)?;
    let which = match seen.change() {
        Some(Change::Exited(8)) => "reported".to_owned(),
        Some(Change::Exited(7)) => "not reported".to_owned(),
        _ => seen.outcome(),
    };
    t.expect(&posix::WAITPID_GROUP_JOINED_WHILE_BLOCKED)
        .records("child that joined the group during the wait", which)
}

/// Moves a child that does so itself.
fn moves(t: &mut Trial, child: &Child, pgid: i64) -> Outcome {
    t.tell(child, Step::Setpgid { pgid: pgid as i32 })
}

/// Children join and leave the group that a call sleeps for on that thread, and then stop and exit.
fn change_asleep(t: &mut Trial, thread: u32) -> Outcome {
    let clause = &linux::WAIT_GROUP_AT_EVENT;
    let own = t.agent_pid();
    let (leader, leaving) = (t.spawn(Scenario::held())?, t.spawn(Scenario::held())?);
    let (stopping, exiting) = (t.spawn(Scenario::held())?, t.spawn(Scenario::held())?);
    moves(t, &leader, 0)?;
    moves(t, &leaving, leader.pid)?;
    let pending = t.begin_on(thread, Target::Group(&leader), Options::UNTRACED)?;
    t.expect(clause).blocks(&pending)?;
    moves(t, &leaving, own)?;
    t.signal(&leaving, Signal::STOP)?;
    t.await_stopped(&leaving)?;
    t.expect(clause).blocks(&pending)?;
    t.signal(&leaving, Signal::KILL)?;
    t.await_ended(&leaving)?;
    t.expect(clause).blocks(&pending)?;
    moves(t, &stopping, leader.pid)?;
    t.signal(&stopping, Signal::STOP)?;
    let seen = t.finish(pending)?;
    t.expect(clause).reports(&seen, &stopping, Change::Stopped(Signal::STOP))?;
    let pending = t.begin_on(thread, Target::Group(&leader), Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    moves(t, &exiting, leader.pid)?;
    t.tell(&exiting, Step::exit(8))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &exiting, Change::Exited(8))?;
    let seen = t.wait(Target::OwnGroup, Options::NONE)?;
    t.expect(clause).reaped(&seen, &leaving, Change::Killed(Signal::KILL, false))?;
    // The caller's own group, which this child joins from another.
    let joining = t.spawn(Scenario::held())?;
    let member = t.spawn(Scenario::held())?;
    moves(t, &joining, leader.pid)?;
    let pending = t.begin_on(thread, Target::OwnGroup, Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    moves(t, &joining, own)?;
    t.tell(&joining, Step::exit(9))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &joining, Change::Exited(9))?;
    t.tell(&member, Step::exit(10))?;
    let seen = t.wait(Target::OwnGroup, Options::NONE)?;
    t.expect(clause).reaped(&seen, &member, Change::Exited(10))
}

fn changes_asleep(t: &mut Trial) -> Outcome {
    change_asleep(t, 0)
}

fn changes_asleep_on_a_thread(t: &mut Trial) -> Outcome {
    change_asleep(t, 1)
}

fn moved_zombie(t: &mut Trial) -> Outcome {
    let clause = &pairs::GROUP_AFTER_SETPGID;
    let leader = t.spawn(Scenario::held())?;
    t.tell(&leader, Step::Setpgid { pgid: 0 })?;
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    let moves = AgentRequest::Setpgid { pid: child.pid as i32, pgid: leader.pid as i32 };
    if let Err(errno) = t.attempt(&moves)? {
        return Err(Abort::Skip(format!("a zombie cannot be moved to another group here: {errno}")));
    }
    let seen = t.wait(Target::OwnGroup, Options::NOHANG)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    let seen = t.wait(Target::Group(&leader), Options::NOHANG)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}
