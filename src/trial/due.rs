//! What of processes can be seen where the wardens run, and which changes are due because they cannot be seen.

use crate::protocol::Line;
use crate::protocol::wait::{Flag, IdType, Target, WaitRequest};
use crate::sys::call::abi::Call;
use std::time::Duration;

/// How long a call without blocking is made again.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// How long to pause before a call is made once more: nothing is ordered by it.
pub(crate) fn pause(turns: u32) -> Duration {
    Duration::from_micros(u64::from(turns.min(100)) * 50)
}

/// What of processes can be seen where the wardens run.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum Visibility {
    /// Their states.
    #[default]
    Table,
    /// That they have ended.
    Deaths,
    /// Nothing.
    None,
}

impl Visibility {
    /// What a warden's answer to `probe` says; one that says nothing of it tries for itself.
    pub fn of(probed: &Line) -> Visibility {
        match probed.get("observation").as_deref() {
            Some("none") => Visibility::None,
            Some("deaths") => Visibility::Deaths,
            _ => Visibility::Table,
        }
    }
}

/// A change of a child that was awaited and not seen.
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
    /// A call was made again in vain until its deadline.
    pub(crate) missed: bool,
    /// Two children were due at once: which of them came first is not known.
    pub(crate) crowd: bool,
}

/// Whether a call could report that change of that child. Of groups and descriptors nobody knows here.
pub(crate) fn may_report(request: &WaitRequest, pid: i64, due: Due) -> bool {
    let meant = match &request.target {
        Target::Pid(_) if matches!(request.call, Call::Wait | Call::Wait3) => true,
        Target::Pid(target) => *target == pid || *target <= 0,
        Target::Id { idtype, who } => *idtype != IdType::Pid || *who == pid,
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

    fn asks(call: Call, target: Target, options: &[Flag], due: Due) -> bool {
        let mut request = WaitRequest::new(call, target);
        request.options = OptionSet::of(options.iter().copied());
        may_report(&request, 7, due)
    }

    #[test]
    fn a_call_is_made_again_only_for_what_it_may_report() {
        let id = |who| Target::Id { idtype: IdType::Pid, who };
        assert!(asks(Call::Wait4, Target::Pid(7), &[Flag::NoHang], Due::End));
        assert!(asks(Call::Wait4, Target::Pid(-1), &[Flag::NoHang], Due::End));
        assert!(!asks(Call::Wait4, Target::Pid(8), &[Flag::NoHang], Due::End));
        assert!(!asks(Call::Waitpid, Target::Pid(7), &[Flag::NoHang], Due::Stop));
        assert!(asks(Call::Waitpid, Target::Pid(7), &[Flag::NoHang, Flag::Untraced], Due::Stop));
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
