//! The idtypes that FreeBSD, NetBSD and DragonFly have beyond the standard.

use super::options::{each, record, zombie};
use crate::scenario::{Scenario, Step};
use crate::spec::{Clause, dragonfly, freebsd, netbsd};
use crate::trial::cases;
use crate::trial::{
    Abort, Calls, Change, Child, Errno, IdType, Need, Needs, Options, Outcome, Seen, Target, Trial,
};

cases! { "os";

    /// P_SID selects the children of one session, and a blocked wait ignores those of others
    by_session(ID; NOHANG) in Calls::WITH_INFO
        => [freebsd::WAITID_P_SID, netbsd::WAITID_P_UID_P_GID_P_SID, dragonfly::WAITID_P_SID];

    /// P_UID finds a child by its own user ID, and by no other
    by_user_id(ID; NOHANG) in Calls::WITH_INFO => [
        freebsd::WAITID_P_UID_P_GID,
        netbsd::WAITID_P_UID_P_GID_P_SID,
        dragonfly::WAITID_P_UID_P_GID,
    ];

    /// P_UID matches the effective user ID, not the real one
    by_effective_user_id(ID | PID; NOHANG) in Calls::WITH_INFO, needs Needs::of(&[Need::Root]) => [
        freebsd::WAITID_P_UID_P_GID,
        netbsd::WAITID_P_UID_P_GID_P_SID,
        dragonfly::WAITID_P_UID_P_GID,
    ];

    /// P_GID matches the effective group ID, not the real one
    by_effective_group_id(ID | PID; NOHANG) in Calls::WITH_INFO, needs Needs::of(&[Need::Root]) => [
        freebsd::WAITID_P_UID_P_GID,
        netbsd::WAITID_P_UID_P_GID_P_SID,
        dragonfly::WAITID_P_UID_P_GID,
    ];

    /// P_JAILID finds the children in a jail: none for a nonexistent one, and with 0 those outside of jails
    by_jail_id(ID; NOHANG | NOWAIT) in Calls::WITH_INFO
        => [freebsd::WAITID_P_JAILID, dragonfly::WAITID_P_JAILID];

    /// an idtype that the headers define but nothing implements gives EINVAL, or an error that is recorded
    unimplemented_idtypes(ID; NOHANG | NOWAIT) in Calls::WITH_INFO => [
        freebsd::WAITID_UNIMPLEMENTED_IDTYPE,
        netbsd::WAITID_UNIMPLEMENTED_IDTYPE,
        dragonfly::WAITID_UNIMPLEMENTED_IDTYPE,
    ];
}

/// An ID that no process of a trial has.
const OTHER: u32 = 65_533;

fn ids_clauses() -> [&'static Clause; 3] {
    [&freebsd::WAITID_P_UID_P_GID, &netbsd::WAITID_P_UID_P_GID_P_SID, &dragonfly::WAITID_P_UID_P_GID]
}

/// An ID that the child reports about itself.
fn id_of(t: &mut Trial, child: &Child, key: &'static str) -> Result<i64, Abort> {
    let ids = t.tell_for_reply(child, &Step::Getids)?;
    ids.number(key).map_err(|e| Abort::Protocol(format!("reply to getids: {e}")))
}

/// Has a child exit, and waits until it is a zombie.
fn exits(t: &mut Trial, child: &Child, code: i32) -> Outcome {
    t.tell(child, Step::exit(code))?;
    t.await_zombie(child)
}

/// A `WNOHANG` wait by that idtype.
fn look(t: &mut Trial, idtype: IdType, id: i64) -> Result<Seen, Abort> {
    t.wait(Target::Id(idtype, id), Options::NOHANG)
}

fn by_session(t: &mut Trial) -> Outcome {
    let clauses: [&'static Clause; 3] =
        [&freebsd::WAITID_P_SID, &netbsd::WAITID_P_UID_P_GID_P_SID, &dragonfly::WAITID_P_SID];
    let other = t.spawn(Scenario::held())?;
    let session = id_of(t, &other, "sid")?;
    let child = t.spawn(Scenario::of([Step::Setsid]))?;
    exits(t, &other, 8)?;
    let pending = t.begin(Target::Id(IdType::Sid, child.pid), Options::NONE)?;
    each(t, &clauses, |t, clause| t.expect(clause).blocks(&pending))?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    each(t, &clauses, |t, clause| t.expect(clause).reaped(&seen, &child, Change::Exited(7)))?;
    let seen = look(t, IdType::Sid, child.pid)?;
    each(t, &clauses, |t, clause| t.expect(clause).error(&seen, Errno::CHILD))?;
    let seen = look(t, IdType::Sid, session)?;
    each(t, &clauses, |t, clause| t.expect(clause).reaped(&seen, &other, Change::Exited(8)))
}

fn by_user_id(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let user = id_of(t, &child, "euid")?;
    exits(t, &child, 7)?;
    let seen = look(t, IdType::Uid, user + 1)?;
    each(t, &ids_clauses(), |t, clause| t.expect(clause).error(&seen, Errno::CHILD))?;
    let seen = look(t, IdType::Uid, user)?;
    each(t, &ids_clauses(), |t, clause| t.expect(clause).reaped(&seen, &child, Change::Exited(7)))
}

fn by_effective_user_id(t: &mut Trial) -> Outcome {
    by_effective_id(t, IdType::Uid, Step::Seteuid { uid: OTHER })
}

fn by_effective_group_id(t: &mut Trial) -> Outcome {
    by_effective_id(t, IdType::Gid, Step::Setegid { gid: OTHER })
}

/// The zombie's effective ID differs from that of the live child; the real IDs are the same.
fn by_effective_id(t: &mut Trial, idtype: IdType, change: Step) -> Outcome {
    let other = zombie(t)?;
    let child = t.spawn(Scenario::of([change]))?;
    let seen = look(t, idtype, OTHER.into())?;
    each(t, &ids_clauses(), |t, clause| t.expect(clause).nothing_ready(&seen))?;
    exits(t, &child, 8)?;
    let seen = look(t, idtype, OTHER.into())?;
    each(t, &ids_clauses(), |t, clause| t.expect(clause).reaped(&seen, &child, Change::Exited(8)))?;
    let seen = look(t, idtype, OTHER.into())?;
    each(t, &ids_clauses(), |t, clause| t.expect(clause).error(&seen, Errno::CHILD))?;
    let seen = t.wait(Target::Child(&other), Options::NOHANG)?;
    each(t, &ids_clauses(), |t, clause| t.expect(clause).reaped(&seen, &other, Change::Exited(7)))
}

fn by_jail_id(t: &mut Trial) -> Outcome {
    let clauses: [&'static Clause; 2] = [&freebsd::WAITID_P_JAILID, &dragonfly::WAITID_P_JAILID];
    let child = t.spawn(Scenario::held())?;
    let jailed = t.tell_for_reply(&child, &Step::Getids)?.flag("jailed");
    exits(t, &child, 7)?;
    let nowhere = Target::Id(IdType::JailId, i32::MAX.into());
    let seen = t.wait(nowhere, Options::NOHANG | Options::NOWAIT)?;
    each(t, &clauses, |t, clause| t.expect(clause).error(&seen, Errno::CHILD))?;
    let seen = look(t, IdType::JailId, 0)?;
    each(t, &clauses, |t, clause| match jailed {
        true => t.expect(clause).not_observed("a process cannot see the ID of its own jail"),
        false => t.expect(clause).reaped(&seen, &child, Change::Exited(7)),
    })
}

fn unimplemented_idtypes(t: &mut Trial) -> Outcome {
    let musts: [&'static Clause; 2] =
        [&freebsd::WAITID_UNIMPLEMENTED_IDTYPE, &dragonfly::WAITID_UNIMPLEMENTED_IDTYPE];
    let child = zombie(t)?;
    for idtype in [IdType::Ppid, IdType::Cid, IdType::CpuId, IdType::PsetId] {
        let seen = t.wait(Target::Id(idtype, child.pid), Options::NOHANG | Options::NOWAIT)?;
        each(t, &musts, |t, clause| t.expect(clause).error(&seen, Errno::INVAL))?;
        record(t, &[&netbsd::WAITID_UNIMPLEMENTED_IDTYPE], &idtype.to_string(), &seen.outcome())?;
    }
    Ok(())
}
