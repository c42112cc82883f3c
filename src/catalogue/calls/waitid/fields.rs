//! Less common parts of what `waitid` reports: values wider than 8 bits, unused fields, users without a mapping.

use crate::protocol::wait::OptionSet;
use crate::scenario::Scenario;
use crate::spec::{linux, posix};
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::{AgentRequest, Calls, Change, Flag, Options, Outcome, Target, Trial};
use crate::wait::Signal;

const WAITID: Calls = Calls::only(&[Call::Waitid]);

cases! { "waitid";

    /// waitid reports all 32 bits of an exit value
    full_exit_value(ANY) in Calls::WITH_INFO => [posix::WAITID_FULL_EXIT_VALUE];

    /// si_errno is 0 for every event; which other bytes of siginfo waitid writes is recorded
    si_errno(ANY; UNTRACED | CONTINUED) in WAITID
        => [linux::WAITID_SI_ERRNO_ZERO, linux::WAITID_UNDEFINED_SIGINFO_BYTES];

    /// WUNTRACED makes waitid report stops
    wuntraced_is_wstopped(ANY; UNTRACED) in WAITID => [linux::WAITID_WUNTRACED_IS_WSTOPPED];

    /// si_uid is the overflow uid if the child's has no mapping in the caller's user namespace
    unmapped_uid(ANY) in WAITID => [linux::WAITID_SI_UID_UNMAPPED];
}

fn full_exit_value(t: &mut Trial) -> Outcome {
    const VALUE: i32 = 0x5a_5a5a;
    let child = t.spawn(Scenario::exits(VALUE))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    let clause = &posix::WAITID_FULL_EXIT_VALUE;
    t.expect(clause).reports_child(&seen, &child)?;
    match seen.fields().status {
        Some(status) => t.expect(clause).exit_value(status, VALUE),
        None => t.expect(clause).not_observed("the subject does not expose si_status"),
    }
}

fn si_errno(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let all = Options::UNTRACED | Options::CONTINUED;
    for signal in [Signal::STOP, Signal::CONT, Signal::KILL] {
        t.signal(&child, signal)?;
        let seen = t.wait(Target::Any, all)?;
        t.expect(&linux::WAITID_SI_ERRNO_ZERO).reports_child(&seen, &child)?;
        let info = seen.fields();
        t.expect(&linux::WAITID_SI_ERRNO_ZERO).field(&seen, "si_errno", info.errno, 0)?;
        if let Some(bytes) = info.other_bytes {
            t.expect(&linux::WAITID_UNDEFINED_SIGINFO_BYTES)
                .records("other bytes of siginfo written", bytes.to_string())?;
        }
    }
    Ok(())
}

fn wuntraced_is_wstopped(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let mut request = t.ask(Target::Any, Options::NONE);
    request.options = OptionSet::of([Flag::Untraced]);
    let seen = t.perform(request)?;
    let stopped = Change::Stopped(Signal::STOP);
    t.expect(&linux::WAITID_WUNTRACED_IS_WSTOPPED).reports(&seen, &child, stopped)
}

fn unmapped_uid(t: &mut Trial) -> Outcome {
    /// The default of `/proc/sys/kernel/overflowuid`.
    const OVERFLOW: i64 = 65_534;
    t.take_away(&AgentRequest::UnshareUsers {})?;
    let child = t.spawn(Scenario::exits(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&linux::WAITID_SI_UID_UNMAPPED).reports(&seen, &child, Change::Exited(7))?;
    t.expect(&linux::WAITID_SI_UID_UNMAPPED).field(&seen, "si_uid", seen.fields().uid, OVERFLOW)
}
