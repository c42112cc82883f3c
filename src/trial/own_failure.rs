//! A child's own failure: a step failed, or its program could not be run. This is never judged as wait's answer.

use super::abort::{Abort, Outcome};
use super::core::{Child, Core, Interface, Trial};
use super::deadline::PROMPT;
use super::making::{Begun, Suspicion};
use super::verdict::ClauseOutcome;
use crate::protocol::warden::Request;
use crate::protocol::{Change, Line};
use crate::scenario::Scenario;
use crate::scenario::child::{STEP_FAILED, USAGE};
use crate::wait::Signal;

/// How many answers guarantee that the warden has read what a child wrote earlier, besides one for each child whose
/// connection may be accepted first: it accepts a connection, reads whose it is, and reads on in three iterations of its
/// loop, and accepts and answers at most once per iteration.
const TURNS: usize = 4;

impl Core<'_> {
    /// Records a change of that child that the subject reported.
    pub(crate) fn was_reported_as(&mut self, pid: i64, change: Option<Change>) {
        let Some(Change::Exited(code)) = change else { return };
        let code = code & 0xff;
        let Some(known) = self.children.iter().rev().find(|known| known.child.pid == pid) else { return };
        let (name, making) = (known.child.name.clone(), known.making.clone());
        if making.codes.as_ref().is_some_and(|codes| !codes.contains(&code)) && code != 0 {
            self.suspicion = Some(Suspicion { name, code, making });
        }
    }

    /// Why the observation says nothing about the subject, if a child said that the failure was its own.
    pub(crate) fn own_failure(&mut self) -> Option<Abort> {
        if let Some(line) = self.link.failed_first_step() {
            return Some(self.step_failed(&line.get("step").unwrap_or_default(), &line));
        }
        for at in 0..self.begun.len() {
            let Begun { id, name, word } = self.begun[at].clone();
            if let Some(line) = self.link.failed_step(&name, id) {
                return Some(self.step_failed(word, &line));
            }
        }
        let Suspicion { name, code, .. } = self.suspicion.clone()?;
        match self.words(&name, code) {
            Ok(Some(line)) => Some(self.step_failed(&line.get("step").unwrap_or_default(), &line)),
            Ok(None) => None,
            Err(abort) => Some(abort),
        }
    }

    /// What that child said about its failure, if it exited with that code. The code alone proves nothing: it may be
    /// the report that is wrong.
    fn words(&mut self, name: &str, code: i32) -> Result<Option<Line>, Abort> {
        if code != STEP_FAILED && code != USAGE {
            return Ok(None);
        }
        // It wrote the message before it exited, and its exit was reported before this.
        for _ in 0..TURNS + self.children.len() {
            if let Some(line) = self.link.refusal_of(name) {
                return Ok(Some(line));
            }
            self.link.ask_warden(&Request::Ping {}, PROMPT)?;
        }
        match self.link.refusal_of(name) {
            None if self.is_mute(name) => Err(Abort::Broken(format!(
                "{name} exited with {code}, as a child whose step failed, and has no connection to say so"
            ))),
            said => Ok(said),
        }
    }

    /// Whether that child cannot connect, not even to say that it failed.
    fn is_mute(&mut self, name: &str) -> bool {
        !self.has_place(name) && self.known(name).is_some_and(|known| !known.connects)
    }

    /// Why that child could not do its steps, if its exit means that: for a case that can go on without it.
    pub fn excuse(&mut self, child: &Child, change: Option<Change>) -> Result<Option<String>, Abort> {
        let Some(Change::Exited(code)) = change else { return Ok(None) };
        let Some(line) = self.words(&child.name, code & 0xff)? else { return Ok(None) };
        self.suspicion.take_if(|suspicion| suspicion.name == child.name);
        if line.word() != "err" {
            return Err(self.step_failed("", &line));
        }
        let errno = self.errno(&line)?;
        Ok(Some(format!("it cannot perform {} here: {errno}", line.get("step").unwrap_or_default())))
    }

    /// Withdraws everything that was credited against the subject.
    fn retract(&mut self) {
        let held = |outcome| matches!(outcome, ClauseOutcome::Pass | ClauseOutcome::NotObserved);
        self.clauses.retain(|(_, outcome)| held(*outcome));
        self.deviations.clear();
        self.warnings.clear();
    }
}

impl<I: Interface> Trial<'_, I> {
    /// The outcome of a case, once it is certain that a child's own failure was not mistaken for a wrong answer.
    pub(crate) fn unless_its_own_failure(&mut self, outcome: Outcome) -> Outcome {
        let held = |outcome| matches!(outcome, ClauseOutcome::Pass | ClauseOutcome::NotObserved);
        let blames = match &outcome {
            Ok(()) => self.core.clauses.iter().any(|(_, outcome)| !held(*outcome)),
            Err(Abort::Fail(_) | Abort::Hang(_)) => true,
            Err(_) => false,
        };
        if !blames || self.core.link.is_closed_to_questions() {
            return outcome;
        }
        match self.core.own_failure().or_else(|| self.cannot_run()) {
            Some(excuse) => {
                self.core.retract();
                Err(excuse)
            }
            None => outcome,
        }
    }

    /// Whether an unexplained exit means that the child's program cannot be run: then another child, created in the
    /// same way, does not say hello either.
    fn cannot_run(&mut self) -> Option<Abort> {
        let Suspicion { name, code, making } = self.core.suspicion.take()?;
        if self.core.link.is_in_a_call() {
            return None;
        }
        let scenario = Scenario { fresh: making.fresh, ..Scenario::held() };
        let (steps, children) = (self.core.steps.len(), self.core.children.len());
        let birth = self.core.birth(&making.by?, &scenario);
        let started = self.with.start(&mut self.core, &birth);
        let child = started.and_then(|started| self.core.join(birth, started));
        let excuse = match child {
            Ok(child) => {
                // It would be killed with the trial anyway.
                let _ = self.core.try_signal(&child, Signal::KILL);
                None
            }
            Err(Abort::Broken(why)) => Some(Abort::Broken(format!("{name} exited with {code}: {why}"))),
            Err(_) => None,
        };
        self.core.steps.truncate(steps);
        self.core.children.truncate(children);
        excuse
    }
}
