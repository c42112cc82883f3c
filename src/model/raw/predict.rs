//! What the Linux kernel must return for a call, whatever its arguments (kernel/exit.c).
//!
//! The arguments are checked before any child is looked for; the memory behind the pointers is accessed last, when the child has
//! already been reaped. Where the clauses leave a choice, there is more than one answer.

use super::{Number, RawCall, bits};
use crate::model::op::{Selector, Wait};
use crate::model::state::{Permitted, Phase, State, is_wanted};
use crate::spec::{Clause, linux, posix};
use crate::sys::call::abi::{Call, Pointer};
use crate::trial::{Errno, Options};

/// The numbers behind the names.
#[derive(Copy, Clone, Debug)]
pub struct Numbers<'a> {
    /// The pids of the children, in order of creation.
    pub pids: &'a [i64],
    /// The pid of the agent, whose process group contains all of them.
    pub caller: i64,
}

impl Numbers<'_> {
    /// The number passed to a call.
    pub fn of(&self, state: &State, number: Number) -> i64 {
        let pid = |slot| state.last(slot).and_then(|child| self.pids.get(child)).copied();
        match number {
            // Without such a child: the pid of a process that is not a child.
            Number::Child(slot) => pid(slot).unwrap_or(i64::from(i32::MAX)),
            Number::MinusChild(slot) => -pid(slot).unwrap_or(i64::from(i32::MAX)),
            Number::Caller => self.caller,
            Number::MinusCaller => -self.caller,
            Number::Of(number) => number,
        }
    }
}

/// An allowed answer.
#[derive(Clone, Debug)]
pub struct Allowed {
    /// What the call returns.
    pub answer: Permitted,
    /// The clause that requires it; `None`: the clause depends on what is observed instead.
    pub clause: Option<&'static Clause>,
    /// The state after it.
    pub next: State,
}

/// Whether the memory behind a pointer is not writable.
fn faults(pointer: Pointer) -> bool {
    matches!(pointer, Pointer::Bad | Pointer::Kernel | Pointer::ReadOnly | Pointer::Across)
}

/// The call in the model's terms, for checking what it reports.
pub fn wait_of(call: &RawCall) -> Wait {
    let mut options = Options::NONE;
    for (bit, option) in [
        (bits::NOHANG, Options::NOHANG),
        (bits::STOPPED, Options::UNTRACED),
        (bits::CONTINUED, Options::CONTINUED),
        (bits::NOWAIT, Options::NOWAIT),
    ] {
        if call.options & bit != 0 {
            options = options | option;
        }
    }
    if call.call == Call::Waitid && call.options & bits::EXITED == 0 {
        options = options | Options::NOT_EXITED;
    }
    Wait { call: call.call, selector: Selector::Any, options, unknown: false, thread: 0 }
}

/// Every answer allowed in a state.
pub fn allowed(call: &RawCall, state: &State, numbers: &Numbers<'_>) -> Vec<Allowed> {
    let refusal = refusal(call, numbers.of(state, call.who) as i32);
    let answers = match refusal {
        Some((error, clause)) => vec![(Permitted::Error(error), Some(clause))],
        None => found(call, state, numbers).into_iter().map(|answer| (answer, None)).collect(),
    };
    let mut allowed = Vec::new();
    for (answer, clause) in answers {
        let wait = wait_of(call);
        let after = state.after(&wait, answer);
        let (fault, kept) = fault(call, answer);
        if let Some(clause) = fault {
            let answer = Permitted::Error(Errno::FAULT);
            allowed.push(Allowed { answer, clause: Some(clause), next: after.clone() });
            if after != *state {
                // Whether the child is lost is unspecified.
                allowed.push(Allowed { answer, clause: Some(clause), next: state.clone() });
            }
        }
        if kept {
            allowed.push(Allowed { answer, clause, next: after });
        }
    }
    allowed
}

/// The clause by which the call fails with `EFAULT` instead of an answer, and whether the answer itself is allowed.
fn fault(call: &RawCall, answer: Permitted) -> (Option<&'static Clause>, bool) {
    let reports = matches!(answer, Permitted::Report(..));
    match call.call {
        Call::Waitid if reports && faults(call.rusage) => (Some(&linux::WAITID_EFAULT), false),
        // The siginfo is cleared if there is nothing to report; since Linux 4.14 also if the call fails.
        Call::Waitid if faults(call.info) && answer != Permitted::Sleep => {
            (Some(&linux::WAITID_EFAULT), matches!(answer, Permitted::Error(_)))
        }
        Call::Waitid => (None, true),
        _ if reports && faults(call.status) => (Some(&linux::WAIT_EFAULT_STATUS), false),
        _ if reports && faults(call.rusage) => (Some(&linux::WAIT_EFAULT_RUSAGE), false),
        _ => (None, true),
    }
}

/// The error with which the arguments are rejected, whatever children there are.
fn refusal(call: &RawCall, who: i32) -> Option<(Errno, &'static Clause)> {
    let clone = bits::NOTHREAD | bits::ALL | bits::CLONE;
    let events = bits::STOPPED | bits::CONTINUED;
    if call.call != Call::Waitid {
        if call.options & !(bits::NOHANG | events | clone) != 0 {
            return Some((Errno::INVAL, &linux::WAIT_OPTION_BITS));
        }
        return (who == i32::MIN).then_some((Errno::SRCH, &linux::WAIT_INT_MIN_ESRCH));
    }
    let events = events | bits::EXITED;
    if call.options & !(bits::NOHANG | bits::NOWAIT | events | clone) != 0 {
        return Some((Errno::INVAL, &linux::WAITID_OPTION_BITS));
    }
    if call.options & events == 0 {
        return Some((Errno::INVAL, &linux::WAITID_NO_EVENT_OPTION_EINVAL));
    }
    match call.idtype as i32 {
        0 => None,
        1 => (who <= 0).then_some((Errno::INVAL, &linux::WAITID_PID_NOT_POSITIVE)),
        2 => (who < 0).then_some((Errno::INVAL, &linux::WAITID_PGID_NEGATIVE)),
        3 if who < 0 => Some((Errno::INVAL, &linux::PIDFD_NEGATIVE_EINVAL)),
        // The generator never produces the number of an open pidfd.
        3 => Some((Errno::BADF, &linux::PIDFD_OTHER_FD_EBADF)),
        _ => Some((Errno::INVAL, &posix::WAITID_EINVAL_IDTYPE)),
    }
}

/// Whether a call waits for a child; all children are in the caller's group.
fn is_meant(call: &RawCall, pid: i64, who: i32, caller: i64) -> bool {
    // All are ordinary children: their exit signal is SIGCHLD.
    if call.options & bits::CLONE != 0 && call.options & bits::ALL == 0 {
        return false;
    }
    let who = i64::from(who);
    match (call.call, call.idtype as i32) {
        (Call::Waitid, 0) => true,
        (Call::Waitid, 1) => who == pid,
        (Call::Waitid, _) => who == 0 || who == caller,
        _ => match who {
            -1 | 0 => true,
            1.. => who == pid,
            _ => -who == caller,
        },
    }
}

/// What a call with valid arguments returns.
fn found(call: &RawCall, state: &State, numbers: &Numbers<'_>) -> Vec<Permitted> {
    let who = numbers.of(state, call.who) as i32;
    let wait = wait_of(call);
    let meant: Vec<usize> = (0..state.children.len())
        .filter(|child| state.children[*child].phase != Phase::Gone)
        .filter(|child| is_meant(call, numbers.pids[*child], who, numbers.caller))
        .collect();
    let reports: Vec<Permitted> = meant
        .iter()
        .filter_map(|child| Some((*child, state.children[*child].unreported?)))
        .filter(|(_, news)| is_wanted(*news, &wait))
        .map(|(child, news)| Permitted::Report(child, news))
        .collect();
    if !reports.is_empty() {
        return reports;
    }
    if meant.iter().all(|child| state.children[*child].phase == Phase::Zombie) {
        return vec![Permitted::Error(Errno::CHILD)];
    }
    vec![if call.options & bits::NOHANG != 0 { Permitted::Nothing } else { Permitted::Sleep }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::op::{Op, Slot};

    fn answers(call: &RawCall, state: &State) -> Vec<Permitted> {
        let numbers = Numbers { pids: &[100, 101], caller: 50 };
        allowed(call, state, &numbers).into_iter().map(|allowed| allowed.answer).collect()
    }

    #[test]
    fn arguments_come_before_children_and_memory_last() {
        let plain = RawCall {
            call: Call::Wait4,
            idtype: 0,
            who: Number::Of(-1),
            options: bits::NOHANG,
            status: Pointer::Buffer,
            rusage: Pointer::Null,
            info: Pointer::Null,
        };
        let none = State::default();
        let mut state = State::default();
        state.act(&Op::Spawn { slot: Slot(0), exits: Some(7) });
        state.act(&Op::Spawn { slot: Slot(1), exits: None });
        let error = |error| vec![Permitted::Error(error)];
        assert_eq!(answers(&plain, &none), error(Errno::CHILD));
        assert_eq!(answers(&RawCall { options: 0x10, ..plain }, &none), error(Errno::INVAL));
        assert_eq!(
            answers(&RawCall { who: Number::Of(i64::from(i32::MIN)), ..plain }, &none),
            error(Errno::SRCH)
        );
        let (bad, clone) = (RawCall { status: Pointer::Across, ..plain }, bits::NOHANG | bits::CLONE);
        assert_eq!(answers(&bad, &none), error(Errno::CHILD));
        // The child is lost, or kept.
        assert_eq!(answers(&bad, &state), [Permitted::Error(Errno::FAULT), Permitted::Error(Errno::FAULT)]);
        assert_eq!(answers(&RawCall { who: Number::Of(101), ..bad }, &state), [Permitted::Nothing]);
        assert_eq!(answers(&RawCall { options: clone, ..plain }, &state), error(Errno::CHILD));
        assert!(matches!(
            answers(&RawCall { options: clone | bits::ALL, ..plain }, &state)[..],
            [Permitted::Report(0, _)]
        ));
        let waitid = RawCall { call: Call::Waitid, options: bits::EXITED | bits::NOHANG, ..plain };
        assert_eq!(
            answers(&RawCall { info: Pointer::Bad, who: Number::Of(101), idtype: 1, ..waitid }, &state),
            error(Errno::FAULT)
        );
        assert_eq!(
            answers(&RawCall { idtype: (7 << 32) | 1, who: Number::Of(0), ..waitid }, &state),
            error(Errno::INVAL)
        );
        assert_eq!(
            answers(&RawCall { idtype: 3, who: Number::Of(9999), ..waitid }, &state),
            error(Errno::BADF)
        );
    }
}
