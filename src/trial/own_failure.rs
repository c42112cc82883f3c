//! What a child says of itself: that a step failed, or that its program could not be run. It is never judged as wait's answer.

use super::abort::{Abort, Outcome};
use super::children::By;
use super::core::{Child, Core, Interface, Trial};
use super::deadline::PROMPT;
use super::link::LinkError;
use super::verdict::Outcome as ClauseOutcome;
use crate::protocol::{Change, Line};
use crate::scenario::child::{CONNECTION_LOST, STEP_FAILED, USAGE};
use crate::scenario::step::CAUGHT;
use crate::scenario::{Scenario, Step};
use crate::wait::Signal;

/// How a child was made, and the exit codes that it may have by its scenario.
#[derive(Debug, Clone)]
pub(crate) struct Making {
    /// `None`: by another child, or in a way of its own.
    pub(crate) by: Option<By>,
    /// With a fresh image.
    pub(crate) fresh: bool,
    /// The low eight bits of each; `None` if nothing is known of them.
    pub(crate) codes: Option<Vec<i32>>,
}

impl Making {
    pub(crate) const UNKNOWN: Making = Making { by: None, fresh: false, codes: None };

    pub(crate) fn of(by: &By, scenario: &Scenario) -> Making {
        let mut codes = Vec::new();
        scenario.steps.iter().for_each(|step| gather(&step.to_line(), &mut codes));
        Making { by: Some(*by), fresh: scenario.fresh, codes: Some(codes) }
    }

    /// Another step was begun.
    pub(crate) fn begins(&mut self, step: &Step) {
        if let Some(codes) = &mut self.codes {
            gather(&step.to_line(), codes);
        }
    }
}

/// Adds the exit codes that a step names, those of its own steps included.
fn gather(step: &Line, codes: &mut Vec<i32>) {
    codes.extend(step.number("code").ok().map(|code| (code & 0xff) as i32));
    if step.word() == "catch" {
        codes.push(CAUGHT);
    }
    step.list("steps").iter().filter_map(|text| text.parse().ok()).for_each(|line| gather(&line, codes));
}

/// An exit that no step of the child's scenario asks for.
#[derive(Debug, Clone)]
pub(crate) struct Suspicion {
    name: String,
    code: i32,
    making: Making,
}

/// A step that a child was told to begin, and whose answer has not been asked for.
#[derive(Debug, Clone)]
pub(crate) struct Begun {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) word: &'static str,
}

/// How long a child's own words may take to arrive once its exit was reported.
const WORDS: std::time::Duration = PROMPT.checked_div(10).expect("a tenth");

impl Core<'_> {
    /// Takes note of a change of that child that the subject reported.
    pub(crate) fn was_reported_as(&mut self, pid: i64, change: Option<Change>) {
        let Some(Change::Exited(code)) = change else { return };
        let code = code & 0xff;
        let Some(known) = self.children.iter().rev().find(|known| known.child.pid == pid) else { return };
        let (name, making) = (known.child.name.clone(), known.making.clone());
        if making.codes.as_ref().is_some_and(|codes| !codes.contains(&code)) && code != 0 {
            self.suspicion = Some(Suspicion { name, code, making });
        }
    }

    /// Why what was seen is no answer of the subject, if a child said that it failed itself.
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
        match code {
            STEP_FAILED => match self.link.child_line(&name, "err", None, WORDS) {
                Ok(line) => Some(self.step_failed(&line.get("step").unwrap_or_default(), &line)),
                Err(LinkError::Late(_)) => Some(Abort::Broken(format!(
                    "{name} exited with {code}: a step of its own failed, and it did not say which"
                ))),
                Err(other) => Some(other.into()),
            },
            CONNECTION_LOST => {
                Some(Abort::Broken(format!("{name} exited with {code}: it lost its connection")))
            }
            USAGE => Some(Abort::Broken(format!("{name} exited with {code}: it does not know a step"))),
            _ => None,
        }
    }

    /// Why that child could not do its steps, if that is what its exit means: a case that goes on without it asks for it.
    pub fn excuse(&mut self, child: &Child, change: Option<Change>) -> Result<Option<String>, Abort> {
        if change != Some(Change::Exited(STEP_FAILED)) {
            return Ok(None);
        }
        self.suspicion.take_if(|suspicion| suspicion.name == child.name);
        match self.link.child_line(&child.name, "err", None, WORDS) {
            Ok(line) => {
                let errno = self.errno(&line)?;
                Ok(Some(format!("it cannot {} here: {errno}", line.get("step").unwrap_or_default())))
            }
            Err(LinkError::Late(_)) => Ok(Some("a step of its own failed".to_owned())),
            Err(other) => Err(other.into()),
        }
    }

    /// Takes back what was credited against the subject.
    fn retract(&mut self) {
        let held = |outcome| matches!(outcome, ClauseOutcome::Pass | ClauseOutcome::NotObserved);
        self.clauses.retain(|(_, outcome)| held(*outcome));
        self.deviations.clear();
        self.warnings.clear();
    }
}

impl<I: Interface> Trial<'_, I> {
    /// The outcome of a case, once it is sure that no child's own failure was taken for an answer.
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

    /// Whether an exit that nobody asked for is that of a program that could not be run: another child, made in the same way,
    /// then does not come to say hello.
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
                // It is killed with the trial, too.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_codes_of_a_scenario_are_known() {
        let codes = |lines: &[&str]| {
            let steps: Vec<Step> = lines.iter().map(|line| line.parse().expect("a step")).collect();
            Making::of(&By::PosixSpawn, &Scenario::of(steps)).codes.expect("known")
        };
        assert_eq!(codes(&["burn-user us=1", "exit code=326"]), [70]);
        assert_eq!(codes(&["exec steps=exit%20code=2"]), [2]);
        assert_eq!(codes(&["catch sig=SIGTERM do=exit", "pause"]), [CAUGHT]);
        assert!(codes(&["kill-self sig=SIGKILL"]).is_empty());
    }
}
