//! Where nothing shows the state of a process: what a case may still conclude there.
//!
//! Without a process table a change that a case waits for is *due*, not seen. A call without blocking that may report it is made
//! again until it reports something or a deadline is over; a report proves the change. As long as a change is due, nothing is
//! concluded from an empty answer or from any other value, nothing is done to that child, and nothing is changed that its change
//! could meet before or after: no verdict rests on a delay.

use super::abort::{Abort, Outcome};
use super::core::{Child, Core};
use super::due::{Due, PATIENCE, Visibility, may_report};
use crate::protocol::Line;
use crate::protocol::wait::{Flag, WaitRequest};
use crate::protocol::warden::ProcessState;
use crate::spec::clause::Clause;
use crate::spec::deviations;
use crate::spec::got::Got;
use crate::sys::call::abi::{Call, Pointer};

/// Requests that change nothing which a change of a child could meet.
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

    /// Notes that a state is due instead of awaiting it, if that can be.
    pub(crate) fn expects_unseen(&mut self, of: &str, state: ProcessState) -> Outcome {
        let due = match state {
            ProcessState::Zombie => Due::End,
            ProcessState::Stopped => Due::Stop,
            ProcessState::Running => Due::Continue,
            _ => return Err(Abort::Skip(format!("no process table here to see that a process is {state}"))),
        };
        match self.known(of).map(|known| known.child.pid) {
            Some(pid) => {
                self.unseen.crowd |= self.unseen.due.iter().any(|(other, _)| *other != pid);
                self.unseen.due.push((pid, due));
            }
            None => return Err(Abort::Skip(format!("no process table here to see that {of} is {state}"))),
        }
        Ok(())
    }

    /// Ends the trial where this system is known to let such a call sleep on: that it does cannot be seen here.
    pub(crate) fn known_to_sleep_on(&self) -> Outcome {
        let known = |clause: &Clause| deviations::find(self.judged_as(), clause, &Got::Asleep).is_some();
        match self.cited.iter().any(|clause| known(clause)) {
            true => Err(Abort::Skip("nothing here shows whether the caller sleeps".to_owned())),
            false => Ok(()),
        }
    }

    /// Whether a call that came back empty is to be made again.
    pub(crate) fn may_come_yet(&self, request: &WaitRequest) -> bool {
        let at_once = request.options.has(Flag::NoHang);
        // Without a siginfo a report looks like none.
        let shows = request.call != Call::Waitid || request.info == Pointer::Buffer;
        at_once && shows && self.unseen.due.iter().any(|(pid, due)| may_report(request, *pid, *due))
    }

    /// A call was made again and again in vain.
    pub(crate) fn missed(&mut self) {
        self.unseen.missed = true;
    }

    /// A call has reported that child: what was due of it has come.
    pub(crate) fn was_reported(&mut self, pid: i64) {
        self.unseen.due.retain(|(due, _)| *due != pid);
    }

    /// Why nothing can be concluded from what was found, if that is so: from a report of some child one can, unless another one
    /// could have come before it.
    pub(crate) fn inconclusive(&self, is_report: bool) -> Option<Abort> {
        if !self.unseen.crowd && (is_report || self.unseen.due.is_empty()) {
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

    /// Refuses to do something to a child whose change is due.
    pub(crate) fn leave_alone(&self, child: &Child) -> Outcome {
        match self.unseen.due.iter().any(|(pid, _)| *pid == child.pid) {
            true => Err(Abort::Skip(NOT_SEEN.to_owned())),
            false => Ok(()),
        }
    }

    /// Refuses to end a process while another one may not have stopped or gone on yet: its group may become an orphan.
    pub(crate) fn leave_family(&self) -> Outcome {
        match self.unseen.due.iter().any(|(_, due)| *due != Due::End) {
            true => Err(Abort::Skip(NOT_SEEN.to_owned())),
            false => Ok(()),
        }
    }

    /// Refuses a request that what is due could meet before or after.
    pub(crate) fn leave_order(&self, request: &Line) -> Outcome {
        match self.unseen.due.is_empty() || HARMLESS.contains(&request.word()) {
            true => Ok(()),
            false => Err(Abort::Skip(NOT_SEEN.to_owned())),
        }
    }
}

/// Why a clause is not observed, or a trial goes no further.
pub(crate) const NOT_SEEN: &str = "nothing here shows that the change before it has come";
