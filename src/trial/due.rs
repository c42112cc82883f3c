//! What can be seen of processes where the wardens run, and which changes are due because they cannot be seen.

use crate::protocol::Line;
use crate::protocol::wait::{Flag, IdType, RawTarget, WaitRequest};
use crate::sys::call::abi::Call;
use std::time::Duration;

/// How long a nonblocking call is repeated.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// The pause before a call is repeated: nothing is ordered by it.
pub(crate) fn pause(turns: u32) -> Duration {
    Duration::from_micros(u64::from(turns.min(100)) * 50)
}

/// What can be seen of processes where the wardens run.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum Visibility {
    /// Their states.
    #[default]
    Table,
    /// Only that they have terminated.
    Deaths,
    /// Nothing.
    None,
}

impl Visibility {
    /// What a warden's answer to `probe` says; a warden that does not say looks for itself.
    pub fn of(probed: &Line) -> Visibility {
        match probed.get("observation").as_deref() {
            Some("none") => Visibility::None,
            Some("deaths") => Visibility::Deaths,
            _ => Visibility::Table,
        }
    }
}

/// A change of a child that was awaited but not seen.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Due {
    End,
    Stop,
    Continue,
}

/// The changes of a trial that are due.
#[derive(Debug, Default)]
pub(crate) struct Unseen {
    pub(crate) due: Vec<(i64, Due)>,
    /// A call was repeated in vain until its deadline.
    pub(crate) missed: bool,
    /// Not even a report is conclusive: two children were due at once, and it is not known which changed first, or a call without a
    /// siginfo may have reported the change.
    pub(crate) ambiguous: bool,
}

/// Whether a call could report that change of that child. It is not known here who is in a group or behind a
/// descriptor.
pub(crate) fn may_report(request: &WaitRequest, pid: i64, due: Due) -> bool {
    let meant = match &request.target {
        RawTarget::Pid(_) if matches!(request.call, Call::Wait | Call::Wait3) => true,
        RawTarget::Pid(target) => *target == pid || *target <= 0,
        RawTarget::Id { idtype, who } => *idtype != IdType::Pid || *who == pid,
    };
    let has = |flag| request.options.has(flag);
    let by_id = matches!(request.call, Call::Waitid | Call::Wait6);
    meant
        && match due {
            Due::End => !by_id || has(Flag::Exited),
            Due::Stop => has(Flag::Untraced) || has(Flag::Stopped),
            Due::Continue => has(Flag::Continued),
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::wait::OptionSet;

    fn asks(call: Call, target: RawTarget, options: &[Flag], due: Due) -> bool {
        let mut request = WaitRequest::new(call, target);
        request.options = OptionSet::of(options.iter().copied());
        may_report(&request, 7, due)
    }

    #[test]
    fn a_call_is_made_again_only_for_what_it_may_report() {
        let id = |who| RawTarget::Id { idtype: IdType::Pid, who };
        assert!(asks(Call::Wait4, RawTarget::Pid(7), &[Flag::NoHang], Due::End));
        assert!(asks(Call::Wait4, RawTarget::Pid(-1), &[Flag::NoHang], Due::End));
        assert!(!asks(Call::Wait4, RawTarget::Pid(8), &[Flag::NoHang], Due::End));
        assert!(!asks(Call::Waitpid, RawTarget::Pid(7), &[Flag::NoHang], Due::Stop));
        assert!(asks(Call::Waitpid, RawTarget::Pid(7), &[Flag::NoHang, Flag::Untraced], Due::Stop));
        assert!(!asks(Call::Waitid, id(7), &[Flag::Stopped], Due::End));
        assert!(asks(Call::Waitid, id(7), &[Flag::Stopped], Due::Stop));
        assert!(!asks(Call::Waitid, id(8), &[Flag::Exited], Due::End));
        assert!(asks(Call::Waitid, id(7), &[Flag::Continued], Due::Continue));
    }

    #[test]
    fn a_warden_that_says_nothing_can_see() {
        let of = |text: &str| Visibility::of(&text.parse().expect("a line"));
        assert_eq!(of("ok id=1"), Visibility::Table);
        assert_eq!(of("ok id=1 observation=table"), Visibility::Table);
        assert_eq!(of("ok id=1 observation=deaths"), Visibility::Deaths);
        assert_eq!(of("ok id=1 observation=none"), Visibility::None);
    }
}
