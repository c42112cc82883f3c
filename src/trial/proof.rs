//! A change that an implementation owes and that does not come: a failure on proof, else the trial is broken. Late is not
//! missing.

use super::abort::{Abort, Outcome};
use super::core::{Child, Core};
use super::deadline::PROMPT;
use super::states::state_of;
use super::verdict::Failure;
use crate::protocol::Line;
use crate::protocol::warden::{ProcessState, Request};
use crate::scenario::Step;
use crate::spec::posix;
use crate::wait::Signal;

/// The signals that stop a process by default.
const STOPS: [Signal; 4] = [Signal::STOP, Signal::TSTP, Signal::TTIN, Signal::TTOU];

/// How long a child may take to answer a step: one that is stopped or dead never does.
const ANSWER: std::time::Duration = PROMPT.checked_div(10).expect("a tenth");

impl Core<'_> {
    /// A signal was sent to a child.
    pub(crate) fn was_signalled(&mut self, child: &Child, signal: Signal) {
        if STOPS.contains(&signal) || signal == Signal::KILL {
            self.stop_due(&child.name, signal);
        } else if signal == Signal::CONT {
            self.stops_due.retain(|(name, due)| *name != child.name || *due == Signal::KILL);
        }
    }

    /// That child is to stop or to die by that signal.
    pub(crate) fn stop_due(&mut self, name: &str, signal: Signal) {
        if self.stops_due.iter().any(|(other, due)| other == name && *due == Signal::KILL) {
            return;
        }
        self.stops_due.retain(|(other, _)| other != name);
        self.stops_due.push((name.to_owned(), signal));
    }

    /// What it means that a process did not reach a state that it was to reach.
    pub(crate) fn did_not_become(&mut self, of: &str, wanted: ProcessState, seen: ProcessState) -> Abort {
        // A step of its own that failed is no fault of the implementation.
        if let Some(excuse) = self.own_failure() {
            return excuse;
        }
        let (clause, proved) = match wanted {
            ProcessState::Stopped => (&posix::PROCESS_STOPS, self.goes_on(of, &STOPS) && self.must_stop(of)),
            ProcessState::Zombie => (&posix::PROCESS_TERMINATES, self.goes_on(of, &[])),
            _ => (&posix::PROCESS_STOPS, false),
        };
        match proved {
            true => Abort::Fail(Failure {
                clause,
                expected: format!("{of} to become {wanted}"),
                got: format!("{of} is {seen}: no signal is pending, and it has done another step"),
            }),
            false => Abort::Broken(format!("{of} did not become {wanted}: it is {seen}")),
        }
    }

    /// Ends the trial where a call that sleeps on has nothing to report, because a child that was to stop or to die did not.
    pub(crate) fn stops_have_come(&mut self) -> Outcome {
        for (name, signal) in self.stops_due.clone() {
            let Some(child) = self.known(&name).map(|known| known.child.clone()) else { continue };
            let seen = self.state(&child)?;
            if matches!(seen, ProcessState::Running | ProcessState::Asleep) {
                let wanted =
                    if signal == Signal::KILL { ProcessState::Zombie } else { ProcessState::Stopped };
                return Err(self.did_not_become(&name, wanted, seen));
            }
        }
        Ok(())
    }

    /// Whether a process goes on: it does a further step, and none of these signals is pending, or none at all.
    fn goes_on(&mut self, of: &str, signals: &[Signal]) -> bool {
        let Some(known) = self.known(of) else { return false };
        if !known.connects {
            return false;
        }
        let child = known.child.clone();
        let Ok(id) = self.send_step(&child, &Step::Getids) else { return false };
        let Ok(answer) = self.link.child_line(of, "ok", Some(id), ANSWER) else { return false };
        if answer.word() != "ok" || answer.get("pending").is_none() {
            return false;
        }
        let pending = answer.list("pending");
        let names: Vec<String> = signals.iter().map(Signal::to_string).collect();
        if names.is_empty() { pending.is_empty() } else { !pending.iter().any(|name| names.contains(name)) }
    }

    /// Whether a stop is sure to take effect: by SIGSTOP always, by another signal only in a group that is not orphaned.
    fn must_stop(&mut self, of: &str) -> bool {
        let signal = self.stops_due.iter().find(|(name, _)| name == of).map(|(_, signal)| *signal);
        if signal == Some(Signal::STOP) {
            return true;
        }
        let mut ids = |of: &str| -> Option<(i64, i64, i64)> {
            let line: Line = self.link.ask_warden(&Request::State { of: of.to_owned() }, PROMPT).ok()?;
            state_of(&line)?;
            let number = |key| line.number(key).ok();
            Some((number("ppid")?, number("pgid")?, number("sid")?))
        };
        let (Some((parent, group, session)), Some((_, above, same))) = (ids(of), ids("agent")) else {
            return false;
        };
        signal.is_some() && parent == self.agent.pid && group != above && session == same
    }
}
