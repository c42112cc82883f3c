//! What a case may still conclude where the state of a process cannot be seen.
//!
//! Without a process table, a change that a case waits for is *due* rather than seen. A nonblocking call that may
//! report it is repeated until it reports something or a deadline passes; a report proves the change. As long as a
//! change is due, nothing is concluded from an empty answer or any other value, nothing is done to that child, and
//! nothing is changed that might race with the change: no verdict rests on a delay.

use super::abort::{Abort, Outcome};
use super::core::{Child, Core};
use super::due::{Due, PATIENCE, Visibility, may_report};
use crate::protocol::wait::{Flag, WaitRequest};
use crate::protocol::warden::ProcessState;
use crate::protocol::{Change, Line};
use crate::spec::clause::Clause;
use crate::spec::deviations;
use crate::spec::got::Got;
use crate::sys::call::abi::{Call, Pointer};
use crate::wait::Signal;

/// Requests that cannot race with a change of a child.
const HARMLESS: [&str; 11] = [
    "signals",
    "sigpending",
    "getrusage",
    "getids",
    "decode",
    "poll",
    "open",
    "times",
    "pidfd_info",
    "close",
    "spawn",
];

impl Core<'_> {
    /// Whether that state cannot be seen here.
    pub(crate) fn cannot_see(&self, state: ProcessState) -> bool {
        match self.common.observation {
            Visibility::Table => false,
            Visibility::Deaths => state != ProcessState::Zombie,
            Visibility::None => true,
        }
    }

    /// Records a state as due instead of waiting for it, if possible.
    pub(crate) fn expects_unseen(&mut self, of: &str, state: ProcessState) -> Outcome {
        let due = match state {
            ProcessState::Zombie => Due::End,
            ProcessState::Stopped => Due::Stop,
            ProcessState::Running => Due::Continue,
            _ => return Err(Abort::Skip(format!("no process table here to see that a process is {state}"))),
        };
        match self.known(of).map(|known| known.child.pid) {
            Some(pid) => {
                self.unseen.ambiguous |= self.unseen.due.iter().any(|(other, _)| *other != pid);
                self.unseen.due.push((pid, due));
            }
            None => return Err(Abort::Skip(format!("no process table here to see that {of} is {state}"))),
        }
        Ok(())
    }

    /// Whether this system is known to let such a call sleep on, or to sleep through a change that it asks for.
    pub(crate) fn may_sleep_on(&self, request: &WaitRequest) -> bool {
        let stops = [Signal::STOP, Signal::TSTP, Signal::TTIN, Signal::TTOU].map(Change::Stopped);
        let stops = stops
            .into_iter()
            .filter(|_| request.options.has(Flag::Untraced) || request.options.has(Flag::Stopped));
        let continues = request.options.has(Flag::Continued).then_some(Change::Continued);
        let asleep: Vec<Got> = stops.chain(continues).map(Got::SleptThrough).chain([Got::Asleep]).collect();
        let known = |clause: &Clause| {
            asleep.iter().any(|got| deviations::find(self.judged_as(), clause, got).is_some())
        };
        self.cited.iter().any(|clause| known(clause))
    }

    /// Ends the trial if that is known of the system: whether the call sleeps on cannot be seen here.
    pub(crate) fn known_to_sleep_on(&self, request: &WaitRequest) -> Outcome {
        match self.may_sleep_on(request) {
            true => Err(Abort::Skip("nothing here shows whether the caller sleeps".to_owned())),
            false => Ok(()),
        }
    }

    /// Whether a call that returned nothing should be repeated.
    pub(crate) fn may_come_yet(&mut self, request: &WaitRequest) -> bool {
        let at_once = request.options.has(Flag::NoHang);
        let may_report = self.unseen.due.iter().any(|(pid, due)| may_report(request, *pid, *due));
        // Without a siginfo, a report looks like no report: later ones may be this one, come too late.
        let shows = request.call != Call::Waitid || request.info == Pointer::Buffer;
        self.unseen.ambiguous |= at_once && !shows && may_report;
        at_once && shows && may_report
    }

    /// Records that a call was repeated in vain.
    pub(crate) fn missed(&mut self) {
        self.unseen.missed = true;
    }

    /// Records that a call has reported that child: its change is no longer due.
    pub(crate) fn was_reported(&mut self, pid: i64) {
        self.unseen.due.retain(|(due, _)| *due != pid);
    }

    /// Why nothing can be concluded from an observation, if so: a report of some child is conclusive, unless another
    /// child's change could have come before it.
    pub(crate) fn inconclusive(&self, is_report: bool) -> Option<Abort> {
        if !self.unseen.ambiguous && (is_report || self.unseen.due.is_empty()) {
            None
        } else if self.unseen.missed && !is_report {
            Some(Abort::Broken(format!(
                "nothing was reported within {} s, and nothing here shows whether there was anything to report",
                PATIENCE.as_secs()
            )))
        } else {
            Some(Abort::Skip(NOT_SEEN.to_owned()))
        }
    }

    /// Refuses to interrupt a call that may not have begun.
    pub(crate) fn leave_caller_alone(&self) -> Outcome {
        match self.common.observation {
            Visibility::Table => Ok(()),
            _ if self.link.is_in_a_call() => {
                Err(Abort::Skip("nothing here shows whether the caller sleeps".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Refuses to touch a child whose change is due.
    pub(crate) fn leave_alone(&self, child: &Child) -> Outcome {
        match self.unseen.due.iter().any(|(pid, _)| *pid == child.pid) {
            true => Err(Abort::Skip(NOT_SEEN.to_owned())),
            false => Ok(()),
        }
    }

    /// Refuses to end a process while another may not have stopped or resumed yet: its group may become orphaned.
    pub(crate) fn leave_family(&self) -> Outcome {
        match self.unseen.due.iter().any(|(_, due)| *due != Due::End) {
            true => Err(Abort::Skip(NOT_SEEN.to_owned())),
            false => Ok(()),
        }
    }

    /// Refuses a request that might race with a change that is due.
    pub(crate) fn leave_order(&self, request: &Line) -> Outcome {
        match self.unseen.due.is_empty() || HARMLESS.contains(&request.word()) {
            true => Ok(()),
            false => Err(Abort::Skip(NOT_SEEN.to_owned())),
        }
    }
}

/// The reason for a clause that is not observed, or for a trial that stops here.
pub(crate) const NOT_SEEN: &str = "nothing here shows that the previous change has happened";
