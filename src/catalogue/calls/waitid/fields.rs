//! What `waitid` reports beyond the usual: values over eight bits, fields nobody reads, users without a number.

use crate::protocol::Line;
use crate::protocol::wait::OptionSet;
use crate::scenario::Scenario;
use crate::spec::{linux, posix};
use crate::sys::call::abi::Call;
use crate::trial::{Calls, Case, Change, Needs, Options, Outcome, Target, Trial, here};
use crate::wait::Signal;

const WAITID: Calls = Calls::only(&[Call::Waitid]);

pub const CASES: &[Case] = &[
    Case {
        id: "waitid.full-exit-value",
        title: "waitid tells all 32 bits of an exit value",
        clauses: &[&posix::WAITID_FULL_EXIT_VALUE],
        calls: Calls::WITH_INFO,
        needs: Needs::NOTHING,
        at: here(),
        run: full_exit_value,
    },
    Case {
        id: "waitid.si-errno",
        title: "si_errno of every event is 0, and which other bytes waitid writes is recorded",
        clauses: &[&linux::WAITID_SI_ERRNO_ZERO, &linux::WAITID_UNDEFINED_SIGINFO_BYTES],
        calls: WAITID,
        needs: Needs::NOTHING,
        at: here(),
        run: si_errno,
    },
    Case {
        id: "waitid.wuntraced-is-wstopped",
        title: "WUNTRACED asks waitid for stops",
        clauses: &[&linux::WAITID_WUNTRACED_IS_WSTOPPED],
        calls: WAITID,
        needs: Needs::NOTHING,
        at: here(),
        run: untraced_is_stopped,
    },
    Case {
        id: "waitid.unmapped-uid",
        title: "si_uid is the overflow user where the caller's user namespace has no number for the child's",
        clauses: &[&linux::WAITID_SI_UID_UNMAPPED],
        calls: WAITID,
        needs: Needs::NOTHING,
        at: here(),
        run: unmapped_user,
    },
];

fn full_exit_value(t: &mut Trial) -> Outcome {
    const VALUE: i64 = 0x5a_5a5a;
    let child = t.spawn(Scenario::exits(VALUE as i32))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    let clause = &posix::WAITID_FULL_EXIT_VALUE;
    t.expect(clause).reports_child(&seen, &child)?;
    match seen.fields().status {
        Some(status) => t.expect(clause).that(status == VALUE, format!("{VALUE:#x}"), format!("{status:#x}")),
        None => t.expect(clause).not_observed("the subject does not show it"),
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
                .records("other-bytes-of-siginfo-written", bytes.to_string())?;
        }
    }
    Ok(())
}

fn untraced_is_stopped(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let mut request = t.ask(Target::Any, Options::NONE);
    request.options = OptionSet::named(["WUNTRACED"]);
    let seen = t.perform(request)?;
    let stopped = Change::Stopped(Signal::STOP);
    t.expect(&linux::WAITID_WUNTRACED_IS_WSTOPPED).reports(&seen, &child, stopped)
}

fn unmapped_user(t: &mut Trial) -> Outcome {
    /// `/proc/sys/kernel/overflowuid`, as it is unless somebody changes it.
    const OVERFLOW: i64 = 65_534;
    t.take_away(Line::new("unshare-users"))?;
    let child = t.spawn(Scenario::exits(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&linux::WAITID_SI_UID_UNMAPPED).reports(&seen, &child, Change::Exited(7))?;
    t.expect(&linux::WAITID_SI_UID_UNMAPPED).field(&seen, "si_uid", seen.fields().uid, OVERFLOW)
}
