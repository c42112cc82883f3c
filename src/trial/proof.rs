//! A change of state that an implementation owes but does not deliver: a failure if that is proved, otherwise the trial
//! is broken. Late is not missing.

use super::abort::{Abort, Outcome};
use super::core::{Child, Core};
use super::deadline::{PROMPT, STATE};
use super::missing::Of;
use super::states::{HIDDEN_STOP, state_of};
use super::verdict::Failure;
use crate::protocol::Line;
use crate::protocol::warden::{ProcessState, Request};
use crate::scenario::Step;
use crate::spec::posix;
use crate::wait::Signal;

/// The signals whose default action is to stop the process.
const STOPS: [Signal; 4] = [Signal::STOP, Signal::TSTP, Signal::TTIN, Signal::TTOU];

impl Core<'_> {
    /// Records that a signal was sent to a child.
    pub(crate) fn was_signalled(&mut self, child: &Child, signal: Signal) {
        if STOPS.contains(&signal) || signal == Signal::KILL {
            self.stop_due(&child.name, signal);
        } else if signal == Signal::CONT {
            self.stops_due.retain(|(name, due)| *name != child.name || *due == Signal::KILL);
        }
    }

    /// Records that a child is due to stop or die by that signal.
    pub(crate) fn stop_due(&mut self, name: &str, signal: Signal) {
        if self.stops_due.iter().any(|(other, due)| other == name && *due == Signal::KILL) {
            return;
        }
        self.stops_due.retain(|(other, _)| other != name);
        self.stops_due.push((name.to_owned(), signal));
    }

    /// What it means that a process did not reach a state that it should have reached.
    pub(crate) fn did_not_become(&mut self, of: &str, wanted: ProcessState, seen: ProcessState) -> Abort {
        // If one of its own steps failed, the implementation is not at fault.
        if let Some(excuse) = self.own_failure() {
            return excuse;
        }
        if seen == ProcessState::Zombie && wanted != ProcessState::Gone && self.lives_on(of) {
            if wanted == ProcessState::Stopped
                && let Err(same) =
                    self.link.did_not_come(self.link.patience(Of::System, HIDDEN_STOP.to_owned(), STATE))
            {
                return same.into();
            }
            return Abort::Skip(format!(
                "the process table here shows {of} as a zombie, and it does another step"
            ));
        }
        let (clause, proved) = match wanted {
            // A call that is answered after the signal was sent shows that the signal had no effect.
            ProcessState::Stopped if of == "agent" => (&posix::PROCESS_STOPS, self.agent_goes_on()),
            ProcessState::Stopped => (&posix::PROCESS_STOPS, self.goes_on(of, &STOPS) && self.must_stop(of)),
            ProcessState::Zombie => (&posix::PROCESS_TERMINATES, self.goes_on(of, &[])),
            _ => (&posix::PROCESS_STOPS, false),
        };
        match proved {
            true => Abort::Fail(Box::new(Failure {
                clause,
                expected: format!("{of} to become {wanted}"),
                got: match of {
                    "agent" => format!("{of} is {seen}, and the call that it was in has returned since"),
                    _ => format!("{of} is {seen}: no signal is pending, and it has done another step"),
                },
            })),
            false => Abort::Broken(format!("{of} did not become {wanted}: it is {seen}")),
        }
    }

    /// Ends the trial if a sleeping call has nothing to report because a child that should have stopped or died did
    /// not.
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

    /// Whether a process that the table shows as a zombie still does steps: it may actually be stopped.
    fn lives_on(&mut self, of: &str) -> bool {
        let Some(child) = self.known(of).map(|known| known.child.clone()) else { return false };
        self.try_signal(&child, Signal::CONT).is_ok_and(|errno| errno.is_none()) && self.goes_on(of, &STOPS)
    }

    /// Whether a process keeps running: it does another step, and none of these signals is pending (none at all, if
    /// empty).
    fn goes_on(&mut self, of: &str, signals: &[Signal]) -> bool {
        let Some(known) = self.known(of) else { return false };
        if !known.connects {
            return false;
        }
        let child = known.child.clone();
        let Ok(id) = self.send_step(&child, &Step::Getids) else { return false };
        let Ok(answer) = self.link.child_line(of, "ok", Some(id), PROMPT) else { return false };
        if answer.word() != "ok" || answer.get("pending").is_none() {
            return false;
        }
        let pending = answer.list("pending");
        let names: Vec<String> = signals.iter().map(Signal::to_string).collect();
        if names.is_empty() { pending.is_empty() } else { !pending.iter().any(|name| names.contains(name)) }
    }

    /// Whether the agent, which is in a call, returns from it once its children exit.
    fn agent_goes_on(&mut self) -> bool {
        let Some(call) = self.link.call_in_progress().filter(|call| !self.link.has_reply(*call)) else {
            return false;
        };
        let children: Vec<Child> =
            self.children.iter().filter(|known| known.connects).map(|known| known.child.clone()).collect();
        for child in &children {
            // One that has already exited is no witness.
            let _ = self.send_step(child, &Step::exit(0));
        }
        self.link.await_reply(call, PROMPT).is_ok()
    }

    /// Whether a stop is certain to take effect: SIGSTOP always, other signals only if the process group is not
    /// orphaned.
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
        let (Some((parent, group, session)), Some((warden, above, same))) = (ids(of), ids("agent")) else {
            return false;
        };
        // A group is not orphaned if a member's parent is in another group of the same session: for a group of children
        // this is the agent; for the agent's own group, the warden, if it leads the session.
        let of_children = group != above && parent == self.agent.pid;
        let with_agent = group == above && group == self.agent.pid && same == warden && group != warden;
        signal.is_some() && session == same && (of_children || with_agent)
    }
}
