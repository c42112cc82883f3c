//! Expectations: one check of one clause.
//!
//! Each yields *pass*, *fail* or *not observed*. Clauses of systems other than the subject's are not checked at all.

use super::abort::{Abort, Outcome};
use super::core::{Child, Core};
use super::shown::{NoAnswer, Shown, Shows};
use super::states::state_of;
use super::verdict::{ClauseOutcome, Failure};
use crate::protocol::Change;
use crate::protocol::warden::ProcessState;
use crate::spec::clause::{Clause, Level};
use crate::spec::deviations;
use crate::spec::got::{Actual, Got, Value};
use std::fmt::Debug;

/// An expectation of one clause, completed by one of its methods.
#[must_use = "an expectation checks nothing until one of its methods is called"]
pub struct Expect<'t, 'a> {
    pub(super) core: &'t mut Core<'a>,
    pub(super) clause: &'static Clause,
    /// Another clause with the same requirement.
    also: Option<&'static Clause>,
    /// The value judged is a call's report of some child, which cannot have come too early.
    of_report: bool,
}

/// What a check found.
pub(super) enum Found {
    Held,
    Not { expected: String, actual: Actual },
    NotObserved(&'static str),
}

impl<'t, 'a> Expect<'t, 'a> {
    pub(crate) fn new(core: &'t mut Core<'a>, clause: &'static Clause) -> Expect<'t, 'a> {
        Expect { core, clause, also: None, of_report: false }
    }

    /// The same requirement from another clause, such as one from the system's own book; both fail together.
    pub fn and(mut self, clause: &'static Clause) -> Self {
        self.also = Some(clause);
        self
    }

    pub(super) fn judge(self, found: Found) -> Outcome {
        let Expect { core, clause, also, of_report } = self;
        if let Found::Not { .. } = found {
            // Looking for an excuse uses up messages of children, so look only after a failure.
            if let Some(stop) = core.inconclusive(of_report).or_else(|| core.own_failure()) {
                return Err(stop);
            }
        }
        let judged = Expect::judge_by(core, clause, &found);
        // A clause that fails must not hide the other one.
        let also = also.map_or(Ok(()), |also| Expect::judge_by(core, also, &found));
        judged.and(also)
    }

    fn judge_by(core: &mut Core<'a>, clause: &'static Clause, found: &Found) -> Outcome {
        if !clause.applies_to(core.profile) {
            return Ok(());
        }
        if !core.cited.iter().any(|c| c.id == clause.id) {
            return Err(Abort::Broken(format!("the case checks {} but does not cite it", clause.id)));
        }
        if core.source_of(clause).is_none() {
            // The subject did not promise it: the outcome is recorded.
            let came = match found {
                Found::Held => "held",
                Found::NotObserved(why) => why,
                Found::Not { actual, .. } => &actual.text,
            };
            let entry = (clause.id.to_owned(), came.to_owned());
            if !core.recorded.contains(&entry) {
                core.recorded.push(entry);
            }
            return Ok(());
        }
        let outcome = match found {
            Found::Held => ClauseOutcome::Pass,
            Found::NotObserved(_) => ClauseOutcome::NotObserved,
            Found::Not { actual, .. }
                if deviations::find(core.judged_as(), clause, &actual.got).is_some() =>
            {
                ClauseOutcome::Deviates
            }
            Found::Not { .. } if clause.level == Level::Must || core.common.strict => ClauseOutcome::Fail,
            Found::Not { .. } => ClauseOutcome::Warn,
        };
        core.credit(clause, outcome);
        if let (Some(promise), Found::Not { .. }) = (clause.promise(), found) {
            let source = core.source_of(clause).unwrap_or_default().to_owned();
            core.note(&format!("{promise} is promised by {source}"));
        }
        match found {
            Found::Held => Ok(()),
            Found::NotObserved(why) => {
                core.note(&format!("{} not observed: {why}", clause.id));
                Ok(())
            }
            Found::Not { expected, actual } => {
                let known = deviations::find(core.judged_as(), clause, &actual.got);
                let failure = Failure { clause, expected: expected.clone(), got: actual.text.clone() };
                match (known, outcome) {
                    (Some(deviation), _) => {
                        core.deviations.push((deviation, failure));
                        Ok(())
                    }
                    (None, ClauseOutcome::Fail) => Err(Abort::Fail(Box::new(failure))),
                    (None, _) => {
                        core.warnings.push(failure);
                        Ok(())
                    }
                }
            }
        }
    }

    /// Ends the trial if the call did not return, which violates any expectation about it.
    pub(super) fn returned(self, seen: &impl Shown, expected: &str) -> Result<Self, Abort> {
        self.woken(seen, expected, Got::Asleep)
    }

    /// The same for a call that may have slept through an event; `asleep` says which.
    fn woken(self, seen: &impl Shown, expected: &str, asleep: Got) -> Result<Self, Abort> {
        let failure = |clause| Failure { clause, expected: expected.to_owned(), got: seen.outcome() };
        match seen.unanswered() {
            None => Ok(Expect { of_report: seen.is_report(), ..self }),
            Some(NoAnswer::Hung)
                if deviations::find(self.core.judged_as(), self.clause, &asleep).is_some() =>
            {
                let actual = (asleep, seen.outcome()).into();
                self.judge(Found::Not { expected: expected.to_owned(), actual })?;
                // There is no call left to finish.
                Err(Abort::Skip("the call is known to sleep on here".into()))
            }
            Some(NoAnswer::Hung) if self.core.source_of(self.clause).is_none() => {
                let actual = seen.outcome().into();
                self.judge(Found::Not { expected: expected.to_owned(), actual })?;
                Err(Abort::Recorded)
            }
            Some(NoAnswer::Hung) => {
                // The violation is that it sleeps, whatever value it would have returned.
                let clause = seen.clause_of_hang(self.clause);
                let failure = failure(clause);
                if clause.applies_to(self.core.profile) {
                    self.core.credit(clause, ClauseOutcome::Fail);
                }
                self.fails();
                Err(Abort::Hang(Box::new(failure)))
            }
            Some(NoAnswer::Crashed) => {
                let failure = failure(self.clause);
                self.fails();
                Err(Abort::Crash(Box::new(failure)))
            }
        }
    }

    /// Records that it did not hold, whatever later calls would show.
    pub(super) fn fails(self) {
        for clause in [Some(self.clause), self.also].into_iter().flatten() {
            if clause.applies_to(self.core.profile) {
                self.core.credit(clause, ClauseOutcome::Fail);
            }
        }
    }

    pub(super) fn check<T: Into<Actual>>(
        self,
        held: bool,
        expected: impl FnOnce() -> String,
        got: impl FnOnce() -> T,
    ) -> Outcome {
        self.judge(if held { Found::Held } else { Found::Not { expected: expected(), actual: got().into() } })
    }

    /// The call reported that change of that child, and a second look at the process table shows that the child is
    /// gone.
    pub fn reaped(self, seen: &impl Shown, child: &Child, change: Change) -> Outcome {
        let expected = format!("{} {change}, and the process gone", child.name);
        let this = self.woken(seen, &expected, Got::SleptThrough(change))?;
        match seen.change_for(child, change).of(change) {
            Shows::Yes(()) => {}
            Shows::NotObservable(why) => return this.judge(Found::NotObserved(why)),
            _ => return this.check(false, || expected, || seen.actual_of(child, change)),
        }
        let found = this.core.state_line(child)?;
        let state = state_of(&found).unwrap_or(ProcessState::Unknown);
        // A free pid may already belong to another process, perhaps of another trial.
        let is_another = found.get("below").as_deref() == Some("no");
        this.check(
            is_another || matches!(state, ProcessState::Gone | ProcessState::Unknown),
            || expected,
            || format!("{}, but the process is {state}", seen.outcome()),
        )
    }

    /// The call reported that change of that child.
    pub fn reports(self, seen: &impl Shown, child: &Child, change: Change) -> Outcome {
        let expected = format!("{} {change}", child.name);
        let this = self.woken(seen, &expected, Got::SleptThrough(change))?;
        match seen.change_for(child, change).of(change) {
            Shows::NotObservable(why) => this.judge(Found::NotObserved(why)),
            shown => this.check(shown == Shows::Yes(()), || expected, || seen.actual_of(child, change)),
        }
    }

    /// The call reported one of these changes of that child.
    pub fn reports_one_of(self, seen: &impl Shown, child: &Child, changes: &[Change]) -> Outcome {
        let words: Vec<String> = changes.iter().map(Change::to_string).collect();
        let expected = format!("{} {}", child.name, words.join(" or "));
        let this = self.returned(seen, &expected)?;
        let shown: Vec<_> =
            changes.iter().map(|change| seen.change_for(child, *change).of(*change)).collect();
        let hidden = shown.iter().find_map(|shown| match shown {
            Shows::NotObservable(why) => Some(*why),
            _ => None,
        });
        if let Some(why) = hidden {
            return this.judge(Found::NotObserved(why));
        }
        this.check(shown.contains(&Shows::Yes(())), || expected, || seen.outcome())
    }

    /// The call returned, with any result.
    pub fn returns(self, seen: &impl Shown) -> Outcome {
        let this = self.returned(seen, "a return")?;
        this.judge(Found::Held)
    }

    /// A value is as expected; `what` names it.
    pub fn equal<T: Value>(self, what: &str, got: &T, expected: &T) -> Outcome {
        self.check(got == expected, || format!("{what} {expected}"), || (got.got(), format!("{what} {got}")))
    }

    /// A value that the subject may not show is as expected.
    pub fn equal_if_seen<T: Value>(self, what: &str, got: Option<&T>, expected: &T) -> Outcome {
        match got {
            Some(got) => self.equal(what, got, expected),
            None => self.judge(Found::NotObserved("the subject does not show it")),
        }
    }

    /// A value is one of several.
    pub fn one_of<T: PartialEq + Debug>(self, what: &str, got: &T, allowed: &[T]) -> Outcome {
        self.check(
            allowed.contains(got),
            || format!("{what} one of {allowed:?}"),
            || format!("{what} {got:?}"),
        )
    }

    /// A value lies between two bounds; `what` names it with its unit. `None` is not observed.
    pub fn within(self, what: &str, got: Option<i64>, low: i64, high: i64) -> Outcome {
        match got {
            Some(got) => self.check(
                (low..=high).contains(&got),
                || {
                    if high == i64::MAX {
                        format!("{what} at least {low}")
                    } else {
                        format!("{what} from {low} to {high}")
                    }
                },
                || format!("{what} {got}"),
            ),
            None => self.judge(Found::NotObserved("the subject does not show it")),
        }
    }

    /// `si_status` of a child that passed that value to `exit`; some systems keep only part of it.
    pub fn exit_value(self, reported: i64, passed: i32) -> Outcome {
        let got = (Got::ExitValue { passed, reported }, format!("{reported:#x}"));
        self.check(reported == i64::from(passed), || format!("{passed:#x}"), || got)
    }

    /// A condition holds; both sides as text, with the actual value typed if a deviation may match it.
    pub fn that(self, held: bool, expected: impl Into<String>, got: impl Into<Actual>) -> Outcome {
        self.check(held, || expected.into(), || got)
    }

    /// The clause leaves this open: the implementation's choice is recorded, and nothing is judged.
    pub fn records(self, name: &str, value: impl Into<String>) -> Outcome {
        let Expect { core, clause, .. } = self;
        if !core.cited.iter().any(|c| c.id == clause.id) || clause.level != Level::Implementation {
            return Err(Abort::Broken(format!("{} is not one that the case may record", clause.id)));
        }
        let entry = (name.to_owned(), value.into());
        // The standard and a system may both leave this open.
        if clause.applies_to(core.profile) && !core.recorded.contains(&entry) {
            core.recorded.push(entry);
        }
        Ok(())
    }

    /// It could not be observed, for the given reason: the clause is not credited.
    pub fn not_observed(self, why: &'static str) -> Outcome {
        self.judge(Found::NotObserved(why))
    }
}

impl<'a> Core<'a> {
    /// Begins an expectation of that clause.
    pub fn expect(&mut self, clause: &'static Clause) -> Expect<'_, 'a> {
        Expect::new(self, clause)
    }

    /// Records the outcome of a clause: once, with its worst outcome.
    pub(crate) fn credit(&mut self, clause: &'static Clause, outcome: ClauseOutcome) {
        if self.source_of(clause).is_none() {
            // The subject did not promise it.
            return;
        }
        let rank = |o: ClauseOutcome| match o {
            ClauseOutcome::NotObserved => 0,
            ClauseOutcome::Pass => 1,
            ClauseOutcome::Warn => 2,
            ClauseOutcome::Deviates => 3,
            ClauseOutcome::Fail => 4,
        };
        match self.clauses.iter_mut().find(|(c, _)| c.id == clause.id) {
            Some((_, seen)) if rank(*seen) < rank(outcome) => *seen = outcome,
            Some(_) => {}
            None => self.clauses.push((clause, outcome)),
        }
    }
}
