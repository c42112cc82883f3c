//! Which error a wait fails with, which of two takes precedence, and that a failed call reaps nothing.

use crate::scenario::{Offspring, Scenario, Step};
use crate::spec::{linux, pairs, posix};
use crate::trial::cases;
use crate::trial::{
    Abort, Call, Calls, Change, Errno, Flag, IdType, Options, Outcome, Seen, Target, Trial, WaitRequest,
};

cases! { "errors";

    /// without children, a wait fails with ECHILD at once
    no_children(ANY) => [pairs::ECHILD];

    /// each call exists and accepts each of its options: without children, ECHILD
    provided(ANY; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in Calls::ALL => [posix::WAITPID_PROVIDED];

    /// without children, a WNOHANG wait fails with ECHILD; it does not return 0
    no_children_nohang(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::taking(Options::NOHANG)
        => [pairs::NOHANG_ECHILD];

    /// a reaped child is no longer a child: ECHILD, even with WNOHANG
    after_reap(PID; NOHANG) in Calls::WITH_TARGET => [pairs::ECHILD_AFTER_REAP];

    /// with a live child, waiting for the caller itself or a grandchild fails with ECHILD at once
    not_a_child(PID) in Calls::WITH_TARGET => [pairs::ECHILD_NOT_A_CHILD];

    /// with a live child, a pid or group that does not exist gives ECHILD at once
    nonexistent_pid_and_group(PID | GROUP; NOHANG) in Calls::WITH_TARGET
        => [pairs::ECHILD_WITH_LIVE_CHILD, pairs::ECHILD_EMPTY_GROUP, linux::WAIT_NO_SUCH_GROUP];

    /// an option bit undefined on every system gives EINVAL, and the terminated child is kept
    unknown_option(ANY; OTHER) in Calls::WITH_OPTIONS => [pairs::EINVAL_OPTIONS, pairs::EINVAL_KEEPS_CHILD];

    /// what WEXITED and WNOWAIT do in the older calls is recorded; Linux rejects them and keeps the child
    waitid_only_options(ANY; NOHANG | NOWAIT) in Calls::WITH_STATUS.and(Calls::WITH_OPTIONS)
        => [posix::WAITPID_WAITID_ONLY_OPTIONS, linux::WAIT_REJECTS_WEXITED, linux::WAIT_REJECTS_WNOWAIT];

    /// what waitid without an event option does is recorded; Linux gives EINVAL and keeps the child
    no_event_option(PID; NOHANG | NOWAIT) in Calls::only(&[Call::Waitid])
        => [posix::WAITID_NO_EVENT_OPTION, linux::WAITID_NO_EVENT_OPTION_EINVAL];

    /// an idtype undefined on every system gives EINVAL, and the terminated child is kept
    unknown_idtype(PID | ID; NOHANG) in Calls::only(&[Call::Waitid])
        => [posix::WAITID_EINVAL_IDTYPE, posix::WAITID_EINVAL_KEEPS_CHILD, linux::WAITID_UNKNOWN_IDTYPE];

    /// what ids 0 and -1 select is recorded; Linux gives EINVAL, except P_PGID 0, and keeps the child
    zero_and_negative_ids(PID | GROUP; NOHANG | NOWAIT) in Calls::only(&[Call::Waitid]) => [posix::WAITID_ID_ZERO, posix::WAITID_ID_NEGATIVE, linux::WAITID_PID_NOT_POSITIVE, linux::WAITID_PGID_NEGATIVE];

    /// what pid INT_MIN does is recorded; Linux gives ESRCH
    int_min(PID | GROUP; NOHANG) in Calls::PID_FAMILY => [posix::WAITPID_INT_MIN, linux::WAIT_INT_MIN_ESRCH];

    /// which error takes precedence for bad options without children is recorded; Linux gives EINVAL
    einval_or_echild(ANY; NOHANG | OTHER) in Calls::WITH_OPTIONS
        => [posix::WAITPID_EINVAL_OR_ECHILD, pairs::EINVAL_BEFORE_ECHILD];

    /// without children, each known option bit gives ECHILD, each unknown one EINVAL
    every_bit_without_children(ANY; NOHANG | OTHER) in Calls::WITH_OPTIONS => [pairs::OPTION_BITS];

    /// with a live child, each unknown option bit gives EINVAL
    every_bit_with_live_child(ANY; NOHANG | OTHER) in Calls::WITH_OPTIONS => [pairs::OPTION_BITS];

    /// with a zombie, each unknown option bit gives EINVAL, and the zombie is kept
    every_bit_with_zombie(ANY; NOHANG | OTHER) in Calls::WITH_OPTIONS => [pairs::OPTION_BITS];

    /// any two known option bits, and all of them at once, are accepted: ECHILD without children, 0 or ECHILD with a live one; an unknown bit is refused beside them
    bits_combined(ANY; NOHANG | OTHER) in Calls::WITH_OPTIONS.few() => [pairs::OPTION_BITS];

    /// a successful wait after a failed one returns its child, and the next failure has its own error
    no_stale_error(ANY) => [posix::WAITPID_NO_STRAY_ERRNO];
}

/// An option bit undefined on every system.
const UNKNOWN_BIT: u32 = 1 << 20;

fn no_children(t: &mut Trial) -> Outcome {
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&pairs::ECHILD).error(&seen, Errno::CHILD)
}

fn provided(t: &mut Trial) -> Outcome {
    let call = t.call();
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::WAITPID_PROVIDED).error(&seen, Errno::CHILD)?;
    for option in [Options::NOHANG, Options::UNTRACED, Options::CONTINUED, Options::NOWAIT] {
        if Calls::taking(option).has(call) {
            let seen = t.wait(Target::Any, option)?;
            t.expect(&posix::WAITPID_PROVIDED).error(&seen, Errno::CHILD)?;
        }
    }
    Ok(())
}

fn no_children_nohang(t: &mut Trial) -> Outcome {
    for options in [Options::NOHANG, Options::NOHANG | Options::UNTRACED | Options::CONTINUED] {
        let seen = t.wait(Target::Any, options)?;
        t.expect(&pairs::NOHANG_ECHILD).error(&seen, Errno::CHILD)?;
    }
    Ok(())
}

fn after_reap(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&pairs::ECHILD_AFTER_REAP).reaped(&seen, &child, Change::Exited(7))?;
    for options in [Options::NONE, Options::NOHANG] {
        let seen = t.wait(Target::Child(&child), options)?;
        t.expect(&pairs::ECHILD_AFTER_REAP).error(&seen, Errno::CHILD)?;
    }
    Ok(())
}

fn not_a_child(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let grandchild =
        t.spawn_from(&child, |token| Step::Fork(Offspring { token: Some(token), ..Offspring::default() }))?;
    for pid in [t.agent_pid(), grandchild.pid] {
        let seen = t.wait(Target::Pid(pid), Options::NONE)?;
        t.expect(&pairs::ECHILD_NOT_A_CHILD).error(&seen, Errno::CHILD)?;
    }
    Ok(())
}

fn nonexistent_pid_and_group(t: &mut Trial) -> Outcome {
    // No system assigns such high pids.
    const NONEXISTENT: i64 = i32::MAX as i64;
    t.spawn(Scenario::held())?;
    for options in [Options::NONE, Options::NOHANG] {
        let seen = t.wait(Target::Pid(NONEXISTENT), options)?;
        t.expect(&pairs::ECHILD_WITH_LIVE_CHILD).error(&seen, Errno::CHILD)?;
        if Calls::PID_FAMILY.has(t.call()) {
            let seen = t.wait(Target::Pid(-NONEXISTENT), options)?;
            t.expect(&posix::WAITPID_ECHILD_EMPTY_GROUP)
                .and(&linux::WAIT_NO_SUCH_GROUP)
                .error(&seen, Errno::CHILD)?;
        } else {
            let seen = t.wait(Target::Id(IdType::Pgid, NONEXISTENT), options)?;
            t.expect(&pairs::ECHILD_EMPTY_GROUP).error(&seen, Errno::CHILD)?;
        }
    }
    Ok(())
}

fn unknown_option(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    let mut request = t.ask(Target::Any, Options::NONE);
    request.options.raw = UNKNOWN_BIT;
    let seen = t.perform(request)?;
    t.expect(&pairs::EINVAL_OPTIONS).error(&seen, Errno::INVAL)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&pairs::EINVAL_KEEPS_CHILD).reaped(&seen, &child, Change::Exited(7))
}

fn waitid_only_options(t: &mut Trial) -> Outcome {
    let refused =
        [(Flag::Exited, &linux::WAIT_REJECTS_WEXITED), (Flag::NoWait, &linux::WAIT_REJECTS_WNOWAIT)];
    for (option, clause) in refused {
        let child = t.spawn(Scenario::exits(7))?;
        t.await_zombie(&child)?;
        let mut request = t.ask(Target::Any, Options::NONE);
        request.options.flags.push(option);
        let seen = t.perform(request)?;
        t.expect(clause).returns(&seen)?;
        let left = t.wait(Target::Any, Options::NOHANG)?;
        let kept = if left.is_report() { "kept" } else { "reaped" };
        t.expect(&posix::WAITPID_WAITID_ONLY_OPTIONS)
            .records(option.name(), format!("{}, child {kept}", errno_or_success(&seen)))?;
        t.expect(clause).error(&seen, Errno::INVAL)?;
        t.expect(clause).reaped(&left, &child, Change::Exited(7))?;
    }
    Ok(())
}

/// The error, or that there was none, without a pid, which would differ from run to run.
fn errno_or_success(seen: &Seen) -> String {
    match seen.errno() {
        Some(errno) => errno.to_string(),
        None => if seen.is_report() { "reported" } else { "0" }.to_owned(),
    }
}

fn no_event_option(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    for options in [Options::NOHANG, Options::NOWAIT, Options::NOHANG | Options::NOWAIT, Options::NONE] {
        let seen = t.wait(Target::Child(&child), options | Options::NOT_EXITED)?;
        t.expect(&linux::WAITID_NO_EVENT_OPTION_EINVAL).returns(&seen)?;
        let flags = options.with(Options::NOT_EXITED).flags(Call::Waitid);
        let names = flags.iter().map(|flag| flag.name()).collect::<Vec<_>>().join("|");
        let name = if names.is_empty() { "no option".to_owned() } else { format!("{names} alone") };
        t.expect(&posix::WAITID_NO_EVENT_OPTION).records(&name, errno_or_success(&seen))?;
        t.expect(&linux::WAITID_NO_EVENT_OPTION_EINVAL).error(&seen, Errno::INVAL)?;
    }
    let seen = t.wait(Target::Child(&child), Options::NOHANG)?;
    t.expect(&linux::WAITID_NO_EVENT_OPTION_EINVAL).reaped(&seen, &child, Change::Exited(7))
}

fn unknown_idtype(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    // Some share their low bits with one that exists.
    let mut unknown = vec![1000, -7, 256, 257, 65_536, 65_537, i32::MIN.into()];
    if linux::WAITID_UNKNOWN_IDTYPE.applies_to(t.profile()) {
        // Other systems define some of these.
        unknown.extend(4..=32);
    }
    for idtype in unknown {
        let seen = t.wait(Target::Id(IdType::Number(idtype), child.pid), Options::NOHANG)?;
        t.expect(&posix::WAITID_EINVAL_IDTYPE).returns(&seen)?;
        t.expect(&posix::WAITID_EINVAL_IDTYPE)
            .and(&linux::WAITID_UNKNOWN_IDTYPE)
            .error(&seen, Errno::INVAL)?;
    }
    let seen = t.wait(Target::Child(&child), Options::NOHANG)?;
    t.expect(&posix::WAITID_EINVAL_KEEPS_CHILD).reaped(&seen, &child, Change::Exited(7))
}

fn zero_and_negative_ids(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    let asked = [
        (IdType::Pid, 0, &posix::WAITID_ID_ZERO, &linux::WAITID_PID_NOT_POSITIVE),
        (IdType::Pid, -1, &posix::WAITID_ID_NEGATIVE, &linux::WAITID_PID_NOT_POSITIVE),
        (IdType::Pgid, -1, &posix::WAITID_ID_NEGATIVE, &linux::WAITID_PGID_NEGATIVE),
    ];
    for (idtype, id, recorded, clause) in asked {
        let seen = t.wait(Target::Id(idtype, id), Options::NOHANG | Options::NOWAIT)?;
        t.expect(clause).returns(&seen)?;
        t.expect(recorded).records(&format!("{idtype} {id}"), errno_or_success(&seen))?;
        t.expect(clause).error(&seen, Errno::INVAL)?;
    }
    let seen = t.wait(Target::Child(&child), Options::NOHANG)?;
    t.expect(&linux::WAITID_PID_NOT_POSITIVE).reaped(&seen, &child, Change::Exited(7))
}

fn int_min(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Pid(i32::MIN.into()), Options::NOHANG)?;
    t.expect(&linux::WAIT_INT_MIN_ESRCH).returns(&seen)?;
    t.expect(&posix::WAITPID_INT_MIN).records("pid INT_MIN", errno_or_success(&seen))?;
    t.expect(&linux::WAIT_INT_MIN_ESRCH).error(&seen, Errno::SRCH)?;
    let seen = t.wait(Target::Child(&child), Options::NOHANG)?;
    t.expect(&linux::WAIT_INT_MIN_ESRCH).reaped(&seen, &child, Change::Exited(7))
}

fn einval_or_echild(t: &mut Trial) -> Outcome {
    let mut request = t.ask(Target::Any, Options::NOHANG);
    request.options.raw = UNKNOWN_BIT;
    let seen = t.perform(request)?;
    t.expect(&pairs::EINVAL_BEFORE_ECHILD).returns(&seen)?;
    t.expect(&posix::WAITPID_EINVAL_OR_ECHILD)
        .records("an unknown option without children", errno_or_success(&seen))?;
    t.expect(&pairs::EINVAL_BEFORE_ECHILD).error(&seen, Errno::INVAL)
}

/// The bits that Linux knows, by their ABI values, which are the same on every architecture: the driver may run elsewhere.
/// `__WNOTHREAD`, `__WALL`, `__WCLONE`, `WNOHANG`, `WUNTRACED` (and `WSTOPPED`), `WCONTINUED`.
const COMMON_BITS: u32 = 0xE000_0000 | 0x1 | 0x2 | 0x8;
/// Those that `waitid` accepts in addition: `WEXITED`, `WNOWAIT`.
const WAITID_BITS: u32 = 0x4 | 0x0100_0000;

/// A WNOHANG wait for any child with one extra bit, and whether Linux knows the bit.
fn with_bit(t: &Trial, bit: u32) -> (WaitRequest, bool) {
    let known = if t.call() == Call::Waitid { COMMON_BITS | WAITID_BITS } else { COMMON_BITS };
    let mut request = t.ask(Target::Any, Options::NOHANG);
    request.options.raw = bit;
    (request, known & bit != 0)
}

/// One call for each bit of an int, or only for each unknown one.
fn every_bit(
    t: &mut Trial,
    mut check: impl FnMut(&mut Trial, Seen, bool) -> Outcome,
    known_too: bool,
) -> Outcome {
    if !linux::WAIT_OPTION_BITS.applies_to(t.profile()) {
        return Err(Abort::Skip("the option bits are known for Linux only".into()));
    }
    for bit in (0..u32::BITS).map(|shift| 1 << shift) {
        let (request, known) = with_bit(t, bit);
        if known_too || !known {
            let seen = t.perform(request)?;
            check(t, seen, known)?;
        }
    }
    Ok(())
}

fn every_bit_without_children(t: &mut Trial) -> Outcome {
    let check = |t: &mut Trial, seen: Seen, known: bool| {
        let errno = if known { Errno::CHILD } else { Errno::INVAL };
        t.expect(&pairs::OPTION_BITS).error(&seen, errno)
    };
    every_bit(t, check, true)
}

/// The check for unknown bits.
fn expect_einval(t: &mut Trial, seen: Seen, _known: bool) -> Outcome {
    t.expect(&pairs::OPTION_BITS).error(&seen, Errno::INVAL)
}

fn every_bit_with_live_child(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    every_bit(t, expect_einval, false)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&pairs::OPTION_BITS).reaped(&seen, &child, Change::Exited(7))
}

fn every_bit_with_zombie(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    every_bit(t, expect_einval, false)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&pairs::OPTION_BITS).reaped(&seen, &child, Change::Exited(7))
}

fn bits_combined(t: &mut Trial) -> Outcome {
    /// Selects no forked child unless `__WALL` is there, too.
    const WCLONE: u32 = 0x8000_0000;
    const WALL: u32 = 0x4000_0000;
    if !linux::WAIT_OPTION_BITS.applies_to(t.profile()) {
        return Err(Abort::Skip("the option bits are known for Linux only".into()));
    }
    let bits: Vec<u32> = (0..u32::BITS).map(|shift| 1 << shift).filter(|bit| with_bit(t, *bit).1).collect();
    let pairs = bits.iter().enumerate().flat_map(|(at, one)| bits[..at].iter().map(move |other| one | other));
    let every: Vec<u32> = pairs.chain([bits.iter().sum()]).collect();
    for bits in &every {
        let seen = t.perform(with_bit(t, *bits).0)?;
        t.expect(&pairs::OPTION_BITS).error(&seen, Errno::CHILD)?;
    }
    t.spawn(Scenario::held())?;
    let known: u32 = bits.iter().sum();
    for unknown in (0..u32::BITS).map(|shift| 1 << shift).filter(|bit| known & bit == 0) {
        let seen = t.perform(with_bit(t, known | unknown).0)?;
        t.expect(&pairs::OPTION_BITS).error(&seen, Errno::INVAL)?;
    }
    for bits in every {
        let seen = t.perform(with_bit(t, bits).0)?;
        if bits & (WCLONE | WALL) == WCLONE {
            t.expect(&pairs::OPTION_BITS).error(&seen, Errno::CHILD)?;
        } else {
            t.expect(&pairs::OPTION_BITS).nothing_ready(&seen)?;
        }
    }
    Ok(())
}

fn no_stale_error(t: &mut Trial) -> Outcome {
    for code in [7, 0] {
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(&posix::WAITPID_NO_STRAY_ERRNO).error(&seen, Errno::CHILD)?;
        let child = t.spawn(Scenario::exits(code))?;
        t.await_zombie(&child)?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(&posix::WAITPID_NO_STRAY_ERRNO).reaped(&seen, &child, Change::Exited(code))?;
    }
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::WAITPID_NO_STRAY_ERRNO).error(&seen, Errno::CHILD)
}
