//! What the manuals of other systems promise about options, ids and errors beyond the standard; each promise is checked only
//! on that system.

use crate::protocol::wait::OptionSet;
use crate::scenario::{Scenario, Step};
use crate::spec::{Clause, Profile, dragonfly, freebsd, illumos, macos, netbsd, openbsd};
use crate::trial::cases;
use crate::trial::{
    Abort, By, Call, Calls, Change, CloneHow, Errno, Flag, IdType, Options, Outcome, Pointer, ProcessState,
    Seen, SiCode, Target, Trial,
};
use crate::wait::Signal;

const WAITID: Calls = Calls::only(&[Call::Waitid]);
const WAIT6: Calls = Calls::only(&[Call::Wait6]);

cases! { "os";

    /// without an event option, waitid and wait6 fail with EINVAL, with a live child and with a zombie
    no_event_option(ANY; NOHANG | NOWAIT) in Calls::WITH_INFO => [
        freebsd::WAIT6_NO_EVENT_OPTION_EINVAL,
        netbsd::WAIT6_NO_EVENT_OPTION_EINVAL,
        openbsd::WAITID_NO_EVENT_OPTION_EINVAL,
        dragonfly::WAIT6_NO_EVENT_OPTION_EINVAL,
        macos::WAITID_NO_EVENT_OPTION,
    ];

    /// waitid and wait6 report a termination only if WEXITED is given
    needs_wexited(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_INFO => [
        freebsd::WAIT6_NEEDS_WEXITED,
        netbsd::WAIT6_NEEDS_EVENT_OPTIONS,
        dragonfly::WAIT6_NEEDS_EVENT_OPTIONS,
        openbsd::WAITID_NEEDS_EVENT_OPTIONS,
    ];

    /// waitid and wait6 report a traced child's trap only if WTRAPPED is given
    needs_wtrapped(ANY; NOHANG | OTHER) in Calls::WITH_INFO
        => [freebsd::WAIT6_NEEDS_WTRAPPED, netbsd::WAIT6_NEEDS_EVENT_OPTIONS, illumos::WAITID_NEEDS_WTRAPPED];

    /// WNOHANG with nothing to report returns 0, with neither signal nor pid in the siginfo
    nohang_zero(ANY; NOHANG) in Calls::only(&[Call::Wait4, Call::Wait6, Call::Waitid]) => [
        freebsd::WAIT6_NOHANG_ZERO,
        freebsd::WAITID_NOHANG_ZEROES,
        netbsd::WAIT4_NOHANG_ZERO,
        netbsd::WAITID_NOHANG_ZEROES,
        openbsd::WAITID_NOHANG_ZEROES,
        dragonfly::WAIT6_NOHANG_ZERO,
        dragonfly::WAITID_NOHANG_ZEROES,
        macos::WAITID_NOHANG_SIGINFO,
        illumos::WAITID_NOHANG_SI_PID,
    ];

    /// wait6 returns the pid, status and siginfo as wait4 does, and accepts null pointers, each alone and all, asleep or not
    wait6(ANY | PID; NOHANG | UNTRACED | CONTINUED) in WAIT6 => [
        freebsd::WAIT6_RETURNS_PID,
        freebsd::WAIT4_EQUALS_WAIT6,
        freebsd::WAIT6_NULL_POINTERS,
        netbsd::WAIT6_NULL_POINTERS,
        dragonfly::WAIT6_RETURNS_PID,
        dragonfly::WAIT6_NULL_POINTERS,
    ];

    /// the older calls accept WNOWAIT and WEXITED where documented; elsewhere the result is recorded
    waitid_only_options(PID; NOWAIT) in Calls::PID_FAMILY => [
        freebsd::WAITPID_ACCEPTS_WNOWAIT,
        freebsd::WAITPID_ACCEPTS_WEXITED,
        dragonfly::WAITPID_ACCEPTS_WNOWAIT,
        netbsd::WAITPID_WAITID_ONLY_OPTIONS,
        macos::WAIT4_WAITID_ONLY_OPTIONS,
        illumos::WAITPID_WNOWAIT,
    ];

    /// P_PGID 0 and P_PID 0 mean the caller's process group; elsewhere what P_PID 0 does is recorded
    id_zero(PID | GROUP; NOHANG) in Calls::WITH_INFO => [
        freebsd::WAITID_ID_ZERO_IS_OWN_GROUP,
        netbsd::WAITID_ID_ZERO_IS_OWN_GROUP,
        dragonfly::WAITID_ID_ZERO_IS_OWN_GROUP,
        openbsd::WAITID_ID_ZERO,
        macos::WAITID_ID_ZERO,
    ];

    /// a bad status pointer gives EFAULT; whether the child is lost is recorded; macOS keeps it
    bad_status_pointer(PID; NOHANG) in Calls::only(&[Call::Wait4]) => [
        freebsd::WAIT_EFAULT,
        freebsd::WAIT_CHILD_AFTER_EFAULT,
        netbsd::WAIT_CHILD_AFTER_EFAULT,
        openbsd::WAIT_CHILD_AFTER_EFAULT,
        dragonfly::WAIT_CHILD_AFTER_EFAULT,
        macos::WAIT4_EFAULT_KEEPS_CHILD,
    ];

    /// what pid INT_MIN does is recorded
    int_min(GROUP; NOHANG) in Calls::PID_FAMILY
        => [freebsd::WAIT_INT_MIN, openbsd::WAIT_INT_MIN, macos::WAIT_INT_MIN];

    /// where WSTOPPED is a different bit, WUNTRACED does not make waitid report stops
    wstopped_is_not_wuntraced(ANY; NOHANG | UNTRACED) in WAITID => [macos::WAITID_WSTOPPED_IS_NOT_WUNTRACED];

    /// every option bit other than WNOHANG, WUNTRACED and WCONTINUED gives EINVAL
    invalid_option_bits(PID; OTHER) in Calls::PID_FAMILY => [openbsd::WAIT_OPTION_BITS];

    /// an idtype other than the standard three gives EINVAL
    invalid_idtypes(ID; NOHANG) in WAITID => [openbsd::WAITID_EINVAL_IDTYPE];

    /// waitid with a null infop reaps the child on FreeBSD; on OpenBSD the result is recorded
    null_infop(PID) in WAITID => [freebsd::WAITID_NULL_INFOP, openbsd::WAITID_NULL_INFOP];

    /// with WNOZOMBIE, a zombie is not a candidate, and is kept
    wnozombie(PID; NOHANG | OTHER) in Calls::PID_FAMILY => [netbsd::WAIT_WNOZOMBIE];

    /// without WALTSIG, only children whose exit signal is SIGCHLD match; with it, only the others; with WALLSIG, all
    exit_signals(ANY; NOHANG | OTHER) in Calls::PID_FAMILY => [netbsd::WAIT_WALTSIG, netbsd::WAIT_WALLSIG];
}

/// Checks each of the clauses that apply on this system.
pub(crate) fn each(
    t: &mut Trial,
    clauses: &[&'static Clause],
    check: impl Fn(&mut Trial, &'static Clause) -> Outcome,
) -> Outcome {
    let profile = t.profile();
    clauses.iter().filter(|clause| clause.applies_to(profile)).try_for_each(|clause| check(t, clause))
}

/// Records a value under each clause that applies.
pub(crate) fn record(t: &mut Trial, clauses: &[&'static Clause], name: &str, value: &str) -> Outcome {
    each(t, clauses, |t, clause| t.expect(clause).records(name, value))
}

/// A call with exactly these options.
pub(crate) fn wait_with(t: &mut Trial, target: Target<'_>, options: &[Flag]) -> Result<Seen, Abort> {
    let mut request = t.ask(target, Options::NONE);
    request.options = OptionSet::of(options.iter().copied());
    t.perform(request)
}

/// A zombie without an exit signal, which terminated with that code.
fn zombie_without_signal(t: &mut Trial, code: i32) -> Result<crate::trial::Child, Abort> {
    let how = By::Clone(CloneHow::signalling(None));
    let (child, _) = t.spawn_by(&how, Scenario::exits(code))?;
    t.await_zombie(&child)?;
    Ok(child)
}

fn exit_signals(t: &mut Trial) -> Outcome {
    const USUAL: &[Flag] = &[Flag::NoHang];
    const OTHERS: &[Flag] = &[Flag::NoHang, Flag::AltSig];
    const ALL: &[Flag] = &[Flag::NoHang, Flag::AllSig];
    let (alt, all) = (&netbsd::WAIT_WALTSIG, &netbsd::WAIT_WALLSIG);
    for (first, second) in [(USUAL, OTHERS), (OTHERS, USUAL)] {
        let cloned = zombie_without_signal(t, 8)?;
        let forked = zombie(t)?;
        let (found, left) =
            if first == USUAL { ((&forked, 7), (&cloned, 8)) } else { ((&cloned, 8), (&forked, 7)) };
        let seen = wait_with(t, Target::Any, first)?;
        t.expect(alt).reaped(&seen, found.0, Change::Exited(found.1))?;
        let seen = wait_with(t, Target::Any, first)?;
        t.expect(alt).error(&seen, Errno::CHILD)?;
        let seen = wait_with(t, Target::Any, second)?;
        t.expect(alt).reaped(&seen, left.0, Change::Exited(left.1))?;
    }
    let cloned = zombie_without_signal(t, 8)?;
    let seen = wait_with(t, Target::Any, ALL)?;
    t.expect(all).reaped(&seen, &cloned, Change::Exited(8))?;
    let forked = zombie(t)?;
    let seen = wait_with(t, Target::Any, ALL)?;
    t.expect(all).reaped(&seen, &forked, Change::Exited(7))
}

pub(crate) fn zombie(t: &mut Trial) -> Result<crate::trial::Child, Abort> {
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    Ok(child)
}

fn no_event_option(t: &mut Trial) -> Outcome {
    let musts: [&'static Clause; 4] = [
        &freebsd::WAIT6_NO_EVENT_OPTION_EINVAL,
        &netbsd::WAIT6_NO_EVENT_OPTION_EINVAL,
        &openbsd::WAITID_NO_EVENT_OPTION_EINVAL,
        &dragonfly::WAIT6_NO_EVENT_OPTION_EINVAL,
    ];
    t.spawn(Scenario::held())?;
    for _ in 0..2 {
        for options in [&[Flag::NoHang][..], &[Flag::NoHang, Flag::NoWait]] {
            let seen = wait_with(t, Target::Any, options)?;
            each(t, &musts, |t, clause| t.expect(clause).error(&seen, Errno::INVAL))?;
            record(t, &[&macos::WAITID_NO_EVENT_OPTION], "waitid without events", &seen.outcome())?;
        }
        zombie(t)?;
    }
    Ok(())
}

fn needs_wexited(t: &mut Trial) -> Outcome {
    let clauses: [&'static Clause; 4] = [
        &freebsd::WAIT6_NEEDS_WEXITED,
        &netbsd::WAIT6_NEEDS_EVENT_OPTIONS,
        &dragonfly::WAIT6_NEEDS_EVENT_OPTIONS,
        &openbsd::WAITID_NEEDS_EVENT_OPTIONS,
    ];
    let child = zombie(t)?;
    for event in [Flag::Stopped, Flag::Continued] {
        let seen = wait_with(t, Target::Any, &[event, Flag::NoHang])?;
        each(t, &clauses, |t, clause| t.expect(clause).that(!seen.is_report(), "no report", seen.outcome()))?;
    }
    let seen = t.wait(Target::Any, Options::NONE)?;
    each(t, &clauses, |t, clause| t.expect(clause).reports(&seen, &child, Change::Exited(7)))
}

fn needs_wtrapped(t: &mut Trial) -> Outcome {
    let clauses: [&'static Clause; 3] =
        [&freebsd::WAIT6_NEEDS_WTRAPPED, &netbsd::WAIT6_NEEDS_EVENT_OPTIONS, &illumos::WAITID_NEEDS_WTRAPPED];
    let child = t.spawn(Scenario::of([Step::Traceme]))?;
    t.begin_step(&child, Step::raise(Signal::USR1))?;
    t.await_stopped(&child)?;
    let seen = wait_with(t, Target::Any, &[Flag::Exited, Flag::NoHang])?;
    each(t, &clauses, |t, clause| t.expect(clause).nothing_ready(&seen))?;
    let seen = wait_with(t, Target::Any, &[Flag::Exited, Flag::Trapped])?;
    // The status word of wait6 is that of any stop.
    let by_id = t.call() == Call::Waitid;
    let change = if by_id { Change::Trapped(Signal::USR1) } else { Change::Stopped(Signal::USR1) };
    let code = seen.fields().code;
    each(t, &clauses, |t, clause| {
        t.expect(clause).reports(&seen, &child, change)?;
        t.expect(clause).field(&seen, "si_code", code, SiCode::Trapped)
    })
}

fn nohang_zero(t: &mut Trial) -> Outcome {
    t.spawn(Scenario::held())?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    let zero: [&'static Clause; 3] =
        [&freebsd::WAIT6_NOHANG_ZERO, &netbsd::WAIT4_NOHANG_ZERO, &dragonfly::WAIT6_NOHANG_ZERO];
    each(t, &zero, |t, clause| t.expect(clause).nothing_ready(&seen))?;
    if !Calls::WITH_INFO.has(t.call()) {
        return Ok(());
    }
    let info = seen.fields();
    let zeroes: [&'static Clause; 4] = [
        &freebsd::WAITID_NOHANG_ZEROES,
        &netbsd::WAITID_NOHANG_ZEROES,
        &openbsd::WAITID_NOHANG_ZEROES,
        &dragonfly::WAITID_NOHANG_ZEROES,
    ];
    // DragonFly's wait6 leaves uninitialized kernel stack there.
    let promised = t.profile() != Profile::DragonFly || t.call() == Call::Waitid;
    each(t, if promised { &zeroes[..] } else { &[] }, |t, clause| {
        t.expect(clause).field(&seen, "si_signo", info.signo, Signal::NONE)?;
        t.expect(clause).field(&seen, "si_pid", info.pid, 0)
    })?;
    each(t, &[&illumos::WAITID_NOHANG_SI_PID], |t, clause| {
        t.expect(clause).field(&seen, "si_pid", info.pid, 0)
    })?;
    let shown = if seen.info().is_some() { "written" } else { "untouched" };
    record(t, &[&macos::WAITID_NOHANG_SIGINFO], "siginfo of waitid with WNOHANG", shown)
}

fn wait6(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    let returning: [&'static Clause; 2] = [&freebsd::WAIT6_RETURNS_PID, &dragonfly::WAIT6_RETURNS_PID];
    each(t, &returning, |t, clause| {
        t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
        let info = seen.fields();
        t.expect(clause).field(&seen, "si_pid", info.pid, child.pid)?;
        t.expect(clause).field(&seen, "si_status", info.status, 7)
    })?;
    let twin = t.spawn(Scenario::exits(7))?;
    let by_wait4 = t.wait_by(Call::Wait4, Target::Child(&twin), Options::NONE)?;
    each(t, &[&freebsd::WAIT4_EQUALS_WAIT6], |t, clause| {
        t.expect(clause).reports(&by_wait4, &twin, Change::Exited(7))?;
        t.expect(clause).equal_if_seen("status", by_wait4.status().as_ref(), &seen.status().unwrap_or(-1))
    })?;
    let nulls: [&'static Clause; 3] =
        [&freebsd::WAIT6_NULL_POINTERS, &netbsd::WAIT6_NULL_POINTERS, &dragonfly::WAIT6_NULL_POINTERS];
    let child = t.spawn(Scenario::exits(8))?;
    let mut request = t.ask(Target::Child(&child), Options::NONE);
    (request.status, request.rusage, request.info) = (Pointer::Null, Pointer::Null, Pointer::Null);
    let seen = t.perform(request)?;
    let ret = seen.reply().and_then(|reply| reply.ret.ok());
    each(t, &nulls, |t, clause| t.expect(clause).equal_if_seen("returned", ret.as_ref(), &child.pid))?;
    for null in 0..3 {
        let child = t.spawn(Scenario::exits(9))?;
        let mut request = t.ask(Target::Child(&child), Options::NONE);
        request.rusage = Pointer::Buffer;
        *[&mut request.status, &mut request.rusage, &mut request.info][null] = Pointer::Null;
        let seen = t.perform(request)?;
        each(t, &nulls, |t, clause| match null {
            0 => t.expect(clause).reports_child(&seen, &child),
            _ => t.expect(clause).reports(&seen, &child, Change::Exited(9)),
        })?;
    }
    let child = t.spawn(Scenario::held())?;
    let mut request = t.ask(Target::Child(&child), Options::UNTRACED);
    (request.status, request.rusage, request.info) = (Pointer::Null, Pointer::Null, Pointer::Null);
    let pending = t.begin_request(request)?;
    each(t, &nulls, |t, clause| t.expect(clause).blocks(&pending))?;
    t.signal(&child, Signal::STOP)?;
    let seen = t.finish(pending)?;
    each(t, &nulls, |t, clause| t.expect(clause).reports_child(&seen, &child))
}

fn waitid_only_options(t: &mut Trial) -> Outcome {
    let accepting: [&'static Clause; 2] =
        [&freebsd::WAITPID_ACCEPTS_WNOWAIT, &dragonfly::WAITPID_ACCEPTS_WNOWAIT];
    let recorded: [&'static Clause; 3] =
        [&netbsd::WAITPID_WAITID_ONLY_OPTIONS, &macos::WAIT4_WAITID_ONLY_OPTIONS, &illumos::WAITPID_WNOWAIT];
    let child = zombie(t)?;
    let seen = wait_with(t, Target::Child(&child), &[Flag::NoWait])?;
    each(t, &accepting, |t, clause| t.expect(clause).reports(&seen, &child, Change::Exited(7)))?;
    let state = t.state(&child)?;
    each(t, &accepting, |t, clause| {
        t.expect(clause).that(state != ProcessState::Gone, "child kept", state.to_string())
    })?;
    record(t, &recorded, "WNOWAIT in waitpid", &format!("{}, child {state}", seen.outcome()))?;
    if state == ProcessState::Gone {
        return Ok(());
    }
    let seen = wait_with(t, Target::Child(&child), &[Flag::Exited])?;
    record(t, &[&netbsd::WAITPID_WAITID_ONLY_OPTIONS], "WEXITED in waitpid", &seen.outcome())?;
    each(t, &[&freebsd::WAITPID_ACCEPTS_WEXITED], |t, clause| {
        t.expect(clause).reaped(&seen, &child, Change::Exited(7))
    })
}

fn id_zero(t: &mut Trial) -> Outcome {
    let musts: [&'static Clause; 3] = [
        &freebsd::WAITID_ID_ZERO_IS_OWN_GROUP,
        &netbsd::WAITID_ID_ZERO_IS_OWN_GROUP,
        &dragonfly::WAITID_ID_ZERO_IS_OWN_GROUP,
    ];
    let other = t.spawn(Scenario::of([Step::Setpgid { pgid: 0 }]))?;
    t.tell(&other, Step::exit(8))?;
    t.await_zombie(&other)?;
    for idtype in [IdType::Pgid, IdType::Pid] {
        let child = zombie(t)?;
        let seen = t.wait(Target::Id(idtype, 0), Options::NOHANG)?;
        each(t, &musts, |t, clause| t.expect(clause).reports(&seen, &child, Change::Exited(7)))?;
        if idtype == IdType::Pid {
            let clauses: [&'static Clause; 2] = [&openbsd::WAITID_ID_ZERO, &macos::WAITID_ID_ZERO];
            record(t, &clauses, "P_PID 0", &seen.outcome())?;
        }
    }
    Ok(())
}

fn bad_status_pointer(t: &mut Trial) -> Outcome {
    let child = zombie(t)?;
    let mut request = t.ask(Target::Child(&child), Options::NONE);
    request.status = Pointer::Bad;
    let seen = t.perform(request)?;
    each(t, &[&freebsd::WAIT_EFAULT], |t, clause| t.expect(clause).error(&seen, Errno::FAULT))?;
    let seen = t.wait(Target::Child(&child), Options::NOHANG)?;
    each(t, &[&macos::WAIT4_EFAULT_KEEPS_CHILD], |t, clause| {
        t.expect(clause).reaped(&seen, &child, Change::Exited(7))
    })?;
    let kept = if seen.is_report() { "kept" } else { "lost" };
    let clauses: [&'static Clause; 4] = [
        &freebsd::WAIT_CHILD_AFTER_EFAULT,
        &netbsd::WAIT_CHILD_AFTER_EFAULT,
        &openbsd::WAIT_CHILD_AFTER_EFAULT,
        &dragonfly::WAIT_CHILD_AFTER_EFAULT,
    ];
    record(t, &clauses, "child after EFAULT", kept)
}

fn int_min(t: &mut Trial) -> Outcome {
    t.spawn(Scenario::held())?;
    let seen = t.wait(Target::Pid(i32::MIN.into()), Options::NOHANG)?;
    let clauses: [&'static Clause; 3] =
        [&freebsd::WAIT_INT_MIN, &openbsd::WAIT_INT_MIN, &macos::WAIT_INT_MIN];
    record(t, &clauses, "pid INT_MIN", &seen.outcome())
}

fn wstopped_is_not_wuntraced(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let seen = wait_with(t, Target::Any, &[Flag::Exited, Flag::Untraced, Flag::NoHang])?;
    each(t, &[&macos::WAITID_WSTOPPED_IS_NOT_WUNTRACED], |t, clause| {
        t.expect(clause).that(!seen.is_report(), "no report", seen.outcome())
    })
}

fn invalid_option_bits(t: &mut Trial) -> Outcome {
    /// OpenBSD's `WNOHANG`, `WUNTRACED` and `WCONTINUED`: the clause is about its numbers.
    const KNOWN: u32 = 1 | 2 | 8;
    let child = zombie(t)?;
    for bit in (0..32).map(|shift| 1_u32 << shift).filter(|bit| bit & KNOWN == 0) {
        let mut request = t.ask(Target::Child(&child), Options::NONE);
        request.options = OptionSet { flags: vec![], raw: bit };
        let seen = t.perform(request)?;
        each(t, &[&openbsd::WAIT_OPTION_BITS], |t, clause| t.expect(clause).error(&seen, Errno::INVAL))?;
    }
    Ok(())
}

fn invalid_idtypes(t: &mut Trial) -> Outcome {
    t.spawn(Scenario::held())?;
    for idtype in [3, 4, 5, 8, 16, -1] {
        let seen = t.wait(Target::Id(IdType::Number(idtype), 0), Options::NOHANG)?;
        each(t, &[&openbsd::WAITID_EINVAL_IDTYPE], |t, clause| t.expect(clause).error(&seen, Errno::INVAL))?;
    }
    Ok(())
}

fn null_infop(t: &mut Trial) -> Outcome {
    let child = zombie(t)?;
    let mut request = t.ask(Target::Child(&child), Options::NONE);
    request.info = Pointer::Null;
    let seen = t.perform(request)?;
    let state = t.state(&child)?;
    each(t, &[&freebsd::WAITID_NULL_INFOP], |t, clause| {
        let ret = seen.reply().and_then(|reply| reply.ret.ok());
        t.expect(clause).equal_if_seen("returned", ret.as_ref(), &0)?;
        t.expect(clause).that(
            matches!(state, ProcessState::Gone | ProcessState::Unknown),
            "child gone",
            state.to_string(),
        )
    })?;
    record(
        t,
        &[&openbsd::WAITID_NULL_INFOP],
        "waitid with a null infop",
        &format!("{}, child {state}", seen.outcome()),
    )
}

fn wnozombie(t: &mut Trial) -> Outcome {
    let child = zombie(t)?;
    let seen = wait_with(t, Target::Child(&child), &[Flag::NoZombie, Flag::NoHang])?;
    each(t, &[&netbsd::WAIT_WNOZOMBIE], |t, clause| {
        t.expect(clause).that(!seen.is_report(), "no report", seen.outcome())
    })?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    each(t, &[&netbsd::WAIT_WNOZOMBIE], |t, clause| t.expect(clause).reaped(&seen, &child, Change::Exited(7)))
}
