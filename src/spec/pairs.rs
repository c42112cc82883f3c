//! Pairs of clauses: one requirement that is worded separately for `waitid` and for the calls that return a status word.
//!
//! A case cites a pair and expects it as if it were one clause; the call of the trial selects the half that applies.

use super::cited::Cited;
use super::clause::Clause;
use super::{linux, posix};

/// The same requirement for the calls that return a status word and for `waitid`.
#[derive(Debug)]
pub struct Pair {
    /// Of `wait`, `waitpid`, `wait3`, `wait4` and `wait6`.
    pub waitpid: &'static Clause,
    /// Of `waitid`.
    pub waitid: &'static Clause,
}

impl Pair {
    /// As an entry in a case's list.
    pub(crate) const fn cited(&'static self) -> Cited {
        Cited::Both(self.waitpid, self.waitid)
    }
}

impl From<&'static Pair> for Cited {
    fn from(pair: &'static Pair) -> Cited {
        pair.cited()
    }
}

/// Declares pairs: `NAME: waitpid's clause, waitid's clause;`.
macro_rules! pairs {
    ($($name:ident: $waitpid:expr, $waitid:expr;)+) => {
        $(
            #[doc = concat!("`", stringify!($waitpid), "` and `", stringify!($waitid), "`")]
            pub static $name: Pair = Pair { waitpid: &$waitpid, waitid: &$waitid };
        )+
    };
}

pairs! {
    ANY_EVERY_GROUP: posix::WAITPID_ANY_EVERY_GROUP, posix::WAITID_P_ALL;
    ANY_ORDER: posix::WAITPID_ANY_ORDER, posix::WAITID_ANY_ORDER;
    BLOCKS_UNTIL_CHANGE: posix::WAITPID_BLOCKS_UNTIL_CHANGE, posix::WAITID_BLOCKS_UNTIL_EVENT;
    BY_PID_PRESERVES_OTHERS: posix::WAITPID_BY_PID_PRESERVES_OTHERS, posix::WAITID_P_PID;
    CONTINUED: posix::STATUS_CONTINUED, posix::WAITID_CONTINUED;
    CONTINUE_KEPT_FOR_WCONTINUED: posix::WAITPID_WCONTINUED_REPORTS_CONTINUE, posix::WAITID_EXITED_ONLY;
    CONTINUE_NEEDS_WCONTINUED: posix::WAITPID_CONTINUE_NEEDS_WCONTINUED, posix::WAITID_EXITED_ONLY;
    CORE_NOT_FOR_TERM: posix::STATUS_CORE_NOT_FOR_TERM, posix::WAITID_KILLED;
    ECHILD: posix::WAITPID_ECHILD, posix::WAITID_ECHILD;
    ECHILD_AFTER_REAP: posix::WAITPID_ECHILD_AFTER_REAP, posix::WAITID_ECHILD;
    ECHILD_EMPTY_GROUP: posix::WAITPID_ECHILD_EMPTY_GROUP, posix::WAITID_ECHILD_WITH_LIVE_CHILD;
    ECHILD_NOT_A_CHILD: posix::WAITPID_ECHILD_NOT_A_CHILD, posix::WAITID_ECHILD_WITH_LIVE_CHILD;
    ECHILD_WITH_LIVE_CHILD: posix::WAITPID_ECHILD_WITH_LIVE_CHILD, posix::WAITID_ECHILD_WITH_LIVE_CHILD;
    EINTR: posix::WAITPID_EINTR, posix::WAITID_EINTR;
    EINTR_KEEPS_CHILD: posix::WAITPID_EINTR_KEEPS_CHILD, posix::WAITID_EINTR_KEEPS_CHILD;
    EINVAL_BEFORE_ECHILD: linux::WAIT_EINVAL_BEFORE_ECHILD, linux::WAITID_EINVAL_BEFORE_ECHILD;
    EINVAL_KEEPS_CHILD: posix::WAITPID_EINVAL_KEEPS_CHILD, posix::WAITID_EINVAL_KEEPS_CHILD;
    EINVAL_OPTIONS: posix::WAITPID_EINVAL_OPTIONS, posix::WAITID_EINVAL_OPTIONS;
    EXIT_CODE: posix::WAITPID_EXIT_CODE, posix::WAITID_EXITED;
    EXIT_EVERY_VALUE: posix::STATUS_EXIT_EVERY_VALUE, posix::WAITID_EXITED;
    GROUP_AFTER_SETPGID: posix::WAITPID_GROUP_AFTER_SETPGID, posix::WAITID_P_PGID;
    GROUP_LEFT_BY_SETPGID: posix::WAITPID_GROUP_AFTER_SETPGID, posix::WAITID_ECHILD_WITH_LIVE_CHILD;
    GROUP_OF_ZOMBIE: posix::WAITPID_GROUP_OF_ZOMBIE, posix::WAITID_P_PGID;
    NAMED_GROUP: posix::WAITPID_NAMED_GROUP, posix::WAITID_P_PGID;
    NOHANG_ECHILD: posix::WAITPID_NOHANG_ECHILD, posix::WAITID_NOHANG_ECHILD;
    NOHANG_NEVER_BLOCKS: posix::WAITPID_NOHANG_NEVER_BLOCKS, posix::WAITID_NOHANG_NEVER_BLOCKS;
    NOHANG_REPORTS_READY: posix::WAITPID_NOHANG_REPORTS_READY, posix::WAITID_NOHANG_REPORTS_READY;
    NOHANG_WITH_UNRELATED_ZOMBIE: posix::WAITPID_NOHANG_WITH_UNRELATED_ZOMBIE, posix::WAITID_NOHANG_ZERO;
    NOHANG_ZERO: posix::WAITPID_NOHANG_ZERO, posix::WAITID_NOHANG_ZERO;
    NO_BLOCK_IF_READY: posix::WAITPID_NO_BLOCK_IF_READY, posix::WAITID_NO_BLOCK_IF_READY;
    NO_OVERRUN: linux::WAIT4_NO_OVERRUN, linux::WAITID_NO_OVERRUN;
    ONE_WAITER_WINS: posix::WAITPID_ONE_WAITER_WINS, posix::WAITID_ONE_WAITER_WINS;
    OPTIONS_COMBINE: posix::WAITPID_OPTIONS_COMBINE, posix::WAITID_EVENTS_COMBINE;
    OPTION_BITS: linux::WAIT_OPTION_BITS, linux::WAITID_OPTION_BITS;
    OTHER_CHILD_NO_WAKE: posix::WAITPID_OTHER_CHILD_NO_WAKE, posix::WAITID_P_PID;
    OTHER_GROUP_NO_WAKE: posix::WAITPID_OTHER_CHILD_NO_WAKE, posix::WAITID_P_PGID;
    OWN_GROUP: posix::WAITPID_OWN_GROUP, posix::WAITID_P_PGID;
    PID_ONLY_THAT_CHILD: posix::WAITPID_PID_ONLY_THAT_CHILD, posix::WAITID_P_PID;
    RESTART: posix::WAITPID_RESTART, posix::WAITID_RESTART;
    RETURNS_PID: posix::WAITPID_RETURNS_PID, posix::WAITID_RETURNS_ZERO;
    SIGNALED: posix::STATUS_SIGNALED, posix::WAITID_KILLED;
    SIGNALED_REALTIME: posix::STATUS_SIGNALED_REALTIME, posix::WAITID_KILLED;
    STOPPED: posix::STATUS_STOPPED, posix::WAITID_STOPPED;
    STOP_NEEDS_WUNTRACED: posix::WAITPID_STOP_NEEDS_WUNTRACED, posix::WAITID_EXITED_ONLY;
    STOP_WAKES_WAITER: posix::WAITPID_STOP_WAKES_WAITER, posix::WAITID_BLOCKS_UNTIL_EVENT;
    TERMINATION_ALWAYS: posix::WAITPID_TERMINATION_ALWAYS, posix::WAITID_EVENTS_COMBINE;
    WCONTINUED_REPORTS_CONTINUE: posix::WAITPID_WCONTINUED_REPORTS_CONTINUE, posix::WAITID_CONTINUED;
    WUNTRACED_REPORTS_STOP: posix::WAITPID_WUNTRACED_REPORTS_STOP, posix::WAITID_STOPPED;
}
