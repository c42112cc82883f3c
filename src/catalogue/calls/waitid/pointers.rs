//! Null pointers, bad pointers, and unusual addresses.

use crate::catalogue::calls::rusage::bounds::{at_least, spawn_busy};
use crate::catalogue::calls::select::alike::{cause, settle};
use crate::scenario::{Scenario, Step};
use crate::spec::{Clause, linux, posix};
use crate::sys::call::abi::Usage;
use crate::trial::cases;
use crate::trial::{
    Abort, Call, Calls, Change, Child, Errno, IdType, Options, Outcome, Pointer, Seen, Target, Trial,
    WaitRequest,
};
use crate::wait::Signal;

cases! { "pointers";

    /// with a null status, the child is reported and reaped, and the usage is filled in
    null_status(ANY | PID; NONE; adapting) in Calls::WITH_STATUS
        => [posix::WAITPID_NULL_STATUS, linux::WAIT4_NULL_STATUS];

    /// with a null rusage, the child and its status are reported as usual
    null_rusage(ANY | PID; NONE; adapting) in Calls::WITH_USAGE => [linux::WAIT4_NULL_RUSAGE];

    /// with a null status and a null rusage, the child is reported and reaped
    null_both(ANY | PID; NONE; adapting) in Calls::WITH_USAGE
        => [posix::WAITPID_NULL_STATUS, linux::WAIT4_NULL_STATUS, linux::WAIT4_NULL_RUSAGE];

    /// null pointers change neither which children and events match nor what WNOHANG does
    null_with_options(ANY | PID | GROUP; NOHANG | UNTRACED | CONTINUED; adapting) in Calls::WITH_STATUS.and(Calls::WITH_OPTIONS)
        => [posix::WAITPID_NULL_STATUS, linux::WAIT4_NULL_RUSAGE];

    /// what waitid with a null infop does is recorded; Linux reaps the child
    null_infop(ANY | PID; NOHANG | NOWAIT) in Calls::only(&[Call::Waitid])
        => [posix::WAITID_NULL_INFOP, linux::WAITID_NULL_INFOP_REAPS, linux::WAITID_NULL_INFOP_RESULT];

    /// a bad status pointer gives EFAULT in the raw call; what happens to the child is recorded
    bad_status(ANY | PID; NOHANG; adapting) in Calls::WITH_STATUS
        => [posix::WAITPID_BAD_POINTER, linux::WAIT_EFAULT_STATUS, linux::WAIT_CHILD_AFTER_EFAULT];

    /// a bad rusage pointer gives EFAULT in the raw call; what happens to the child is recorded
    bad_rusage(ANY | PID; NOHANG; adapting) in Calls::WITH_USAGE => [
        posix::WAITPID_BAD_POINTER,
        linux::WAIT_EFAULT_RUSAGE,
        linux::WAIT_CHILD_AFTER_EFAULT,
        linux::WAIT_EFAULT_PARTIAL_WRITE,
    ];

    /// a bad infop gives EFAULT in the raw call; what happens to the child is recorded
    bad_infop(ANY | PID; NOHANG) in Calls::only(&[Call::Waitid])
        => [posix::WAITID_BAD_POINTER, linux::WAITID_EFAULT, linux::WAITID_CHILD_AFTER_EFAULT];

    /// the raw call ignores bad pointers if it reports nothing: 0 under WNOHANG, or ECHILD
    bad_but_unused(ANY; NOHANG) in Calls::WITH_STATUS.and(Calls::WITH_OPTIONS)
        => [linux::WAIT_EFAULT_ONLY_ON_REPORT];

    /// the raw call writes to buffers at odd addresses, and to those at the end of mapped memory
    unusual_addresses(ANY) in Calls::only(&[Call::Wait4, Call::Waitid]) => [linux::WAIT_ANY_WRITABLE_ADDRESS];

    /// which error an invalid option with a bad pointer gives is recorded; Linux's wait4 gives EINVAL and keeps the child
    einval_or_efault(ANY; NOHANG | OTHER) in Calls::WITH_OPTIONS
        => [posix::WAITPID_EINVAL_OR_EFAULT, linux::WAIT_EINVAL_BEFORE_EFAULT];

    /// the raw waitid fills in the usage even if infop is null, but not if there is nothing to report
    raw_waitid_usage(ANY; NOHANG) in Calls::only(&[Call::Waitid]) => [linux::RUSAGE_RAW_WAITID];

    /// the raw waitid ignores the upper halves of the registers of its first two arguments, which are ints
    upper_halves(PID | ID; NOHANG | NOWAIT) in Calls::only(&[Call::Waitid]) => [linux::WAITID_INT_ARGUMENTS];

    /// an infop in the kernel's part of the address space gives EFAULT
    kernel_address(ANY) in Calls::only(&[Call::Waitid]) => [linux::WAITID_EFAULT_KERNEL_ADDRESS];
}

/// A zombie that exited with 7.
fn zombie(t: &mut Trial) -> Result<Child, Abort> {
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    Ok(child)
}

/// A request for that child, or for any if the call has no target.
fn request_for(t: &Trial, child: &Child) -> WaitRequest {
    let target = if Calls::WITH_TARGET.has(t.call()) { Target::Child(child) } else { Target::Any };
    t.ask(target, Options::NONE)
}

/// A child that was reported without a status word has been reaped: it is no longer a child.
fn reported_and_reaped(t: &mut Trial, clause: &'static Clause, seen: &Seen, child: &Child) -> Outcome {
    t.expect(clause).reports_child(seen, child)?;
    let again = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).error(&again, Errno::CHILD)
}

fn null_status(t: &mut Trial) -> Outcome {
    let (child, own) = if Calls::WITH_USAGE.has(t.call()) {
        let (child, own) = busy_zombie(t)?;
        (child, Some(own))
    } else {
        (zombie(t)?, None)
    };
    let mut request = request_for(t, &child);
    request.status = Pointer::Null;
    let seen = t.perform(request)?;
    reported_and_reaped(t, &posix::WAITPID_NULL_STATUS, &seen, &child)?;
    match own {
        Some(own) => at_least(t, &linux::WAIT4_NULL_STATUS, &seen, &own),
        None => Ok(()),
    }
}

/// A zombie that exited with 7, and what it had used before.
fn busy_zombie(t: &mut Trial) -> Result<(Child, Usage), Abort> {
    let child = spawn_busy(t)?;
    let (own, _) = t.usage_so_far(&child)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    Ok((child, own))
}

fn null_rusage(t: &mut Trial) -> Outcome {
    let child = zombie(t)?;
    let mut request = request_for(t, &child);
    request.rusage = Pointer::Null;
    let seen = t.perform(request)?;
    t.expect(&linux::WAIT4_NULL_RUSAGE).reaped(&seen, &child, Change::Exited(7))
}

fn null_both(t: &mut Trial) -> Outcome {
    let child = zombie(t)?;
    let mut request = request_for(t, &child);
    request.status = Pointer::Null;
    request.rusage = Pointer::Null;
    let seen = t.perform(request)?;
    t.expect(&linux::WAIT4_NULL_STATUS).and(&linux::WAIT4_NULL_RUSAGE).reports_child(&seen, &child)?;
    reported_and_reaped(t, &posix::WAITPID_NULL_STATUS, &seen, &child)
}

fn null_with_options(t: &mut Trial) -> Outcome {
    let usual = t.ask(Target::Any, Options::NONE).rusage;
    if !Calls::WITH_USAGE.has(t.call()) {
        return follow_with(t, &posix::WAITPID_NULL_STATUS, (Pointer::Null, usual));
    }
    follow_with(t, &linux::WAIT4_NULL_RUSAGE, (Pointer::Buffer, Pointer::Null))?;
    for rusage in [Pointer::Buffer, Pointer::Null] {
        follow_with(t, &posix::WAITPID_NULL_STATUS, (Pointer::Null, rusage))?;
    }
    Ok(())
}

/// Follows a child through a stop, a continue and its exit, by calls with these pointers for status and usage.
fn follow_with(t: &mut Trial, clause: &'static Clause, pointers: (Pointer, Pointer)) -> Outcome {
    let ask = |t: &mut Trial, target: Target<'_>, options: Options| {
        let mut request = t.ask(target, options | Options::NOHANG);
        (request.status, request.rusage) = pointers;
        t.perform(request)
    };
    let child = t.spawn(Scenario::held())?;
    let targeted = Calls::WITH_TARGET.has(t.call());
    let by_pid = if targeted { Target::Child(&child) } else { Target::Any };
    for (change, options) in [
        (Change::Stopped(Signal::STOP), Options::UNTRACED),
        (Change::Continued, Options::CONTINUED),
        (Change::Exited(7), Options::NONE),
    ] {
        let seen = ask(t, by_pid, options)?;
        t.expect(clause).nothing_ready(&seen)?;
        cause(t, &child, change)?;
        settle(t, &child, change)?;
        if targeted {
            // The child leads no group.
            let seen = ask(t, Target::Group(&child), options)?;
            t.expect(clause).error(&seen, Errno::CHILD)?;
        }
        let seen = ask(t, by_pid, options)?;
        match pointers.0 {
            Pointer::Null => t.expect(clause).reports_child(&seen, &child)?,
            _ => t.expect(clause).reports(&seen, &child, change)?,
        }
    }
    let seen = ask(t, Target::Any, Options::NONE)?;
    t.expect(clause).error(&seen, Errno::CHILD)
}

/// What a call returned, apart from the pid, which differs from run to run.
fn result_of(seen: &Seen) -> String {
    match seen.reply().map(|r| &r.ret) {
        Some(Err(errno)) => format!("-1 {errno}"),
        Some(Ok(0)) => "0".into(),
        Some(Ok(_)) => "a pid".into(),
        None => seen.outcome(),
    }
}

/// Whether a call with valid pointers still finds the child; the agent must have survived the earlier call.
fn child_after(t: &mut Trial) -> Result<&'static str, Abort> {
    let options = if t.call() == Call::Wait { Options::NONE } else { Options::NOHANG };
    let seen = t.wait(Target::Any, options)?;
    Ok(match (seen.change(), seen.errno()) {
        (Some(Change::Exited(7)), _) => "kept",
        (_, Some(Errno::CHILD)) => "lost",
        _ => "changed",
    })
}

fn null_infop(t: &mut Trial) -> Outcome {
    let clause = &linux::WAITID_NULL_INFOP_REAPS;
    if clause.applies_to(t.profile()) {
        let live = t.spawn(Scenario::held())?;
        let mut request = t.ask(Target::Child(&live), Options::NOHANG);
        request.info = Pointer::Null;
        let seen = t.perform(request.clone())?;
        t.expect(clause).that(seen.errno().is_none(), "success", result_of(&seen))?;
        t.tell(&live, Step::exit(8))?;
        t.await_zombie(&live)?;
        let mut peek = t.ask(Target::Child(&live), Options::NOWAIT);
        peek.info = Pointer::Null;
        let seen = t.perform(peek)?;
        t.expect(clause).that(seen.errno().is_none(), "success", result_of(&seen))?;
        let seen = t.wait(Target::Child(&live), Options::NONE)?;
        t.expect(clause).reaped(&seen, &live, Change::Exited(8))?;
    }
    let child = zombie(t)?;
    let mut request = request_for(t, &child);
    request.info = Pointer::Null;
    let seen = t.perform(request)?;
    t.expect(&posix::WAITID_NULL_INFOP).records("null infop", result_of(&seen))?;
    // A system may as well respond with a signal.
    if seen.reply().is_none() {
        return Ok(());
    }
    t.expect(&linux::WAITID_NULL_INFOP_RESULT).records("null infop", result_of(&seen))?;
    let after = child_after(t)?;
    t.expect(&posix::WAITID_NULL_INFOP).records("child after a null infop", after)?;
    let succeeded = seen.errno().is_none();
    t.expect(&linux::WAITID_NULL_INFOP_REAPS).that(succeeded, "success", result_of(&seen))?;
    t.expect(&linux::WAITID_NULL_INFOP_REAPS).that(after == "lost", "child lost", after)
}

/// A call with a bad pointer: judged where the pointer reaches the kernel unchanged, recorded elsewhere.
fn bad_pointer(
    t: &mut Trial,
    request: WaitRequest,
    what: &str,
    recorded: &'static Clause,
    fault: &'static Clause,
    fate: &'static Clause,
) -> Result<Seen, Abort> {
    let seen = t.perform(request)?;
    t.expect(recorded).records(what, result_of(&seen))?;
    if seen.reply().is_some() {
        let after = child_after(t)?;
        let name = format!("child after a {what}");
        t.expect(recorded).records(&name, after)?;
        t.expect(fate).records(&name, after)?;
    }
    if t.is_raw() {
        t.expect(fault).error(&seen, Errno::FAULT)?;
    }
    Ok(seen)
}

fn bad_status(t: &mut Trial) -> Outcome {
    let child = zombie(t)?;
    let mut request = request_for(t, &child);
    request.status = Pointer::Bad;
    let clauses = (&posix::WAITPID_BAD_POINTER, &linux::WAIT_EFAULT_STATUS, &linux::WAIT_CHILD_AFTER_EFAULT);
    bad_pointer(t, request, "bad status pointer", clauses.0, clauses.1, clauses.2).map(drop)
}

fn bad_rusage(t: &mut Trial) -> Outcome {
    let child = zombie(t)?;
    let mut request = request_for(t, &child);
    request.rusage = Pointer::Bad;
    let clauses = (&posix::WAITPID_BAD_POINTER, &linux::WAIT_EFAULT_RUSAGE, &linux::WAIT_CHILD_AFTER_EFAULT);
    let seen = bad_pointer(t, request, "bad rusage pointer", clauses.0, clauses.1, clauses.2)?;
    let status = seen.status().map_or("untouched".to_owned(), |word| format!("{word:#06x}"));
    t.expect(&linux::WAIT_EFAULT_PARTIAL_WRITE).records("status with a bad rusage pointer", status)
}

fn bad_infop(t: &mut Trial) -> Outcome {
    if t.is_raw() {
        // Zeros are stored if there is nothing to report.
        let live = t.spawn(Scenario::held())?;
        let mut request = t.ask(Target::Child(&live), Options::NOHANG);
        request.info = Pointer::Bad;
        let seen = t.perform(request)?;
        t.expect(&linux::WAITID_EFAULT).error(&seen, Errno::FAULT)?;
        t.tell(&live, Step::exit(8))?;
        let seen = t.wait(Target::Child(&live), Options::NONE)?;
        t.expect(&linux::WAITID_EFAULT).reaped(&seen, &live, Change::Exited(8))?;
    }
    let child = zombie(t)?;
    let mut request = request_for(t, &child);
    request.info = Pointer::Bad;
    let clauses = (&posix::WAITID_BAD_POINTER, &linux::WAITID_EFAULT, &linux::WAITID_CHILD_AFTER_EFAULT);
    bad_pointer(t, request, "bad infop", clauses.0, clauses.1, clauses.2).map(drop)
}

fn bad_but_unused(t: &mut Trial) -> Outcome {
    if !t.is_raw() {
        return Err(Abort::Skip("a bad pointer is defined only in a raw call".into()));
    }
    let mut request = t.ask(Target::Any, Options::NOHANG);
    request.status = Pointer::Bad;
    if Calls::WITH_USAGE.has(t.call()) {
        request.rusage = Pointer::Bad;
    }
    let seen = t.perform(request.clone())?;
    t.expect(&linux::WAIT_EFAULT_ONLY_ON_REPORT).error(&seen, Errno::CHILD)?;
    t.spawn(Scenario::held())?;
    let seen = t.perform(request)?;
    t.expect(&linux::WAIT_EFAULT_ONLY_ON_REPORT).nothing_ready(&seen)
}

fn unusual_addresses(t: &mut Trial) -> Outcome {
    if !t.knows_all_pointers() {
        return Err(Abort::Skip("the agent has no buffers at unusual addresses".into()));
    }
    let clause = &linux::WAIT_ANY_WRITABLE_ADDRESS;
    for pointer in [Pointer::Misaligned, Pointer::PageEnd] {
        zombie(t)?;
        let mut request = t.ask(Target::Any, Options::NONE);
        match t.call() {
            Call::Waitid => request.info = pointer,
            _ => request.status = pointer,
        }
        // The contents of such a buffer are not visible.
        let seen = t.perform(request)?;
        t.expect(clause).that(seen.errno().is_none(), "success", result_of(&seen))?;
        let after = t.wait(Target::Any, Options::NONE)?;
        t.expect(clause).error(&after, Errno::CHILD)?;
        let child = zombie(t)?;
        let mut request = t.ask(Target::Any, Options::NONE);
        request.rusage = pointer;
        let seen = t.perform(request)?;
        t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    }
    Ok(())
}

/// What a caller may leave in the upper half of a register.
const UPPER: i64 = 0x5a5a_5a5a << 32;

fn upper_halves(t: &mut Trial) -> Outcome {
    let clause = &linux::WAITID_INT_ARGUMENTS;
    if !t.is_raw() {
        return Err(Abort::Skip("only a raw call has registers for arguments".into()));
    }
    let child = zombie(t)?;
    // Linux's P_PID and P_ALL, and a zero-extended -1.
    for (idtype, id) in [(1 | UPPER, child.pid | UPPER), (1, child.pid | UPPER), (UPPER, 0)] {
        let ask = Target::Id(IdType::Number(idtype), id);
        let seen = t.wait(ask, Options::NOHANG | Options::NOWAIT)?;
        t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
    }
    let seen = t.wait(Target::Id(IdType::Number(1), 0xffff_ffff), Options::NOHANG)?;
    t.expect(clause).error(&seen, Errno::INVAL)?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

/// An option bit undefined on every system.
pub(super) const UNKNOWN_BIT: u32 = 1 << 20;

fn einval_or_efault(t: &mut Trial) -> Outcome {
    if !t.is_raw() {
        return Err(Abort::Skip("a bad pointer is defined only in a raw call".into()));
    }
    zombie(t)?;
    let mut request = t.ask(Target::Any, Options::NOHANG);
    request.options.raw = UNKNOWN_BIT;
    if t.call() == Call::Waitid {
        request.info = Pointer::Bad;
    } else {
        request.status = Pointer::Bad;
    }
    let seen = t.perform(request)?;
    t.expect(&posix::WAITPID_EINVAL_OR_EFAULT)
        .records("an unknown option and a bad pointer", result_of(&seen))?;
    // waitid stores a siginfo even when it fails, so EFAULT wins there, although nothing guarantees it.
    if t.call() == Call::Waitid {
        return Ok(());
    }
    t.expect(&linux::WAIT_EINVAL_BEFORE_EFAULT).error(&seen, Errno::INVAL)?;
    let after = child_after(t)?;
    t.expect(&linux::WAIT_EINVAL_BEFORE_EFAULT).that(after == "kept", "child kept", after)
}

fn raw_waitid_usage(t: &mut Trial) -> Outcome {
    let clause = &linux::RUSAGE_RAW_WAITID;
    let child = spawn_busy(t)?;
    let (own, _) = t.usage_so_far(&child)?;
    let mut request = t.ask(Target::Any, Options::NOHANG);
    request.rusage = Pointer::Buffer;
    let seen = t.perform(request.clone())?;
    t.expect(clause).nothing_ready(&seen)?;
    t.expect(clause).that(seen.usage().is_none(), "usage unchanged", "usage written")?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    request.info = Pointer::Null;
    let seen = t.perform(request)?;
    t.expect(clause).returns(&seen)?;
    at_least(t, clause, &seen, &own)
}

fn kernel_address(t: &mut Trial) -> Outcome {
    if !t.is_raw() {
        return Err(Abort::Skip("a bad pointer is defined only in a raw call".into()));
    }
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    let mut request = t.ask(Target::Any, Options::NONE);
    request.info = Pointer::Kernel;
    let seen = t.perform(request)?;
    t.expect(&linux::WAITID_EFAULT_KERNEL_ADDRESS).error(&seen, Errno::FAULT)
}
