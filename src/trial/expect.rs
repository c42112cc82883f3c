//! Expectations: one check of one clause.
//!
//! Each yields *pass*, *fail* or *not observed*. A clause of another system than the subject's is not checked at all.

use super::abort::{Abort, Outcome};
use super::calls::Instead;
use super::core::{Child, Pending, Trial};
use super::observed::{End, Seen};
use super::states::state_of;
use super::verdict::{Failure, Outcome as ClauseOutcome};
use crate::protocol::Change;
use crate::protocol::warden::ProcessState;
use crate::spec::cited::Cited;
use crate::spec::clause::{Clause, Level};
use crate::spec::deviations;
use crate::spec::got::{Got, Told, Value};
use crate::sys::call::abi::{Call, Memory};
use crate::wait::errno::Errno;
use std::fmt::Debug;

/// An expectation of one clause, to be ended by one of its methods.
#[must_use = "an expectation checks nothing until one of its methods is called"]
pub struct Expect<'t, 'a> {
    trial: &'t mut Trial<'a>,
    clause: &'static Clause,
    /// Another clause that asks for the same.
    also: Option<&'static Clause>,
}

/// What a check found.
enum Found {
    Held,
    Not { expected: String, told: Told },
    NotObserved(&'static str),
}

impl<'t, 'a> Expect<'t, 'a> {
    pub(crate) fn new(trial: &'t mut Trial<'a>, clause: &'static Clause) -> Expect<'t, 'a> {
        Expect { trial, clause, also: None }
    }

    /// The same is asked for by another clause, as one of the system's own book; both fail together.
    pub fn and(mut self, clause: &'static Clause) -> Self {
        self.also = Some(clause);
        self
    }

    fn judge(self, found: Found) -> Outcome {
        let Expect { trial, clause, also } = self;
        let judged = Expect::judge_by(trial, clause, &found);
        // A clause that fails must not hide the other.
        let also = also.map_or(Ok(()), |also| Expect::judge_by(trial, also, &found));
        judged.and(also)
    }

    fn judge_by(trial: &mut Trial<'a>, clause: &'static Clause, found: &Found) -> Outcome {
        if !clause.applies_to(trial.profile) {
            return Ok(());
        }
        if !trial.cited.iter().any(|c| c.id == clause.id) {
            return Err(Abort::Broken(format!("the case checks {} but does not cite it", clause.id)));
        }
        let outcome = match found {
            Found::Held => ClauseOutcome::Pass,
            Found::NotObserved(_) => ClauseOutcome::NotObserved,
            Found::Not { told, .. } if deviations::find(trial.judged_as(), clause, &told.got).is_some() => {
                ClauseOutcome::Deviates
            }
            Found::Not { .. } if clause.level == Level::Must || trial.common.strict => ClauseOutcome::Fail,
            Found::Not { .. } => ClauseOutcome::Warn,
        };
        trial.credit(clause, outcome);
        match found {
            Found::Held => Ok(()),
            Found::NotObserved(why) => {
                trial.note(&format!("{} not observed: {why}", clause.id));
                Ok(())
            }
            Found::Not { expected, told } => {
                let known = deviations::find(trial.judged_as(), clause, &told.got);
                let failure = Failure { clause, expected: expected.clone(), got: told.text.clone() };
                match (known, outcome) {
                    (Some(deviation), _) => {
                        trial.deviations.push((deviation, failure));
                        Ok(())
                    }
                    (None, ClauseOutcome::Fail) => Err(Abort::Fail(failure)),
                    (None, _) => {
                        trial.warnings.push(failure);
                        Ok(())
                    }
                }
            }
        }
    }

    /// Ends the trial if the call did not return: that breaks whatever was expected of it.
    fn returned(self, seen: &Seen, expected: &str) -> Result<Self, Abort> {
        let failure = || Failure { clause: self.clause, expected: expected.to_owned(), got: seen.outcome() };
        match &seen.end {
            End::Returned(_) => Ok(self),
            End::Hung(_) => {
                let failure = failure();
                self.fails();
                Err(Abort::Hang(failure))
            }
            End::Crashed => {
                let failure = failure();
                self.fails();
                Err(Abort::Crash(failure))
            }
        }
    }

    /// Notes that it did not hold, whatever the calls that come would show.
    fn fails(self) {
        for clause in [Some(self.clause), self.also].into_iter().flatten() {
            if clause.applies_to(self.trial.profile) {
                self.trial.credit(clause, ClauseOutcome::Fail);
            }
        }
    }

    fn check<T: Into<Told>>(
        self,
        held: bool,
        expected: impl FnOnce() -> String,
        got: impl FnOnce() -> T,
    ) -> Outcome {
        self.judge(if held { Found::Held } else { Found::Not { expected: expected(), told: got().into() } })
    }

    /// The call returned 0 and reported no child.
    pub fn nothing_ready(self, seen: &Seen) -> Outcome {
        let this = self.returned(seen, "0")?;
        this.check(seen.is_nothing(), || "0".into(), || seen.told(None))
    }

    /// The call failed with that error.
    pub fn error(self, seen: &Seen, errno: Errno) -> Outcome {
        let this = self.returned(seen, &format!("-1 {errno}"))?;
        this.check(seen.errno() == Some(errno), || format!("-1 {errno}"), || seen.told(None))
    }

    /// The call reported that change of that child, and a second look at the process table shows it gone.
    pub fn reaped(self, seen: &Seen, child: &Child, change: Change) -> Outcome {
        let expected = format!("{} {change}, and the process gone", child.name);
        let this = self.returned(seen, &expected)?;
        if !reports(seen, child, Some(change)) {
            return this.check(false, || expected, || told(seen, child, change));
        }
        let found = this.trial.state_line(child)?;
        let state = state_of(&found).unwrap_or(ProcessState::Unknown);
        // A pid that is free may be another process's by now, of another trial for one.
        let is_another = found.get("below").as_deref() == Some("no");
        this.check(
            is_another || matches!(state, ProcessState::Gone | ProcessState::Unknown),
            || expected,
            || format!("{}, but the process is {state}", seen.outcome()),
        )
    }

    /// The call reported that change of that child.
    pub fn reports(self, seen: &Seen, child: &Child, change: Change) -> Outcome {
        let expected = format!("{} {change}", child.name);
        let this = self.returned(seen, &expected)?;
        this.check(reports(seen, child, Some(change)), || expected, || told(seen, child, change))
    }

    /// The call reported one of those changes of that child.
    pub fn reports_one_of(self, seen: &Seen, child: &Child, changes: &[Change]) -> Outcome {
        let words: Vec<String> = changes.iter().map(Change::to_string).collect();
        let expected = format!("{} {}", child.name, words.join(" or "));
        let this = self.returned(seen, &expected)?;
        let held = changes.iter().any(|change| reports(seen, child, Some(*change)));
        this.check(held, || expected, || seen.outcome())
    }

    /// The call reported that child, whatever became of it.
    pub fn reports_child(self, seen: &Seen, child: &Child) -> Outcome {
        let expected = format!("child {} ({})", child.name, child.pid);
        let this = self.returned(seen, &expected)?;
        this.check(reports(seen, child, None), || expected, || seen.outcome())
    }

    /// The call returned, whatever it returned.
    pub fn returns(self, seen: &Seen) -> Outcome {
        let this = self.returned(seen, "a return")?;
        this.judge(Found::Held)
    }

    /// The call did not write to any of its buffers.
    pub fn untouched(self, seen: &Seen) -> Outcome {
        let this = self.returned(seen, "every buffer untouched")?;
        let Some(reply) = seen.reply() else { return Ok(()) };
        let memories = [
            ("status", described(&reply.status)),
            ("rusage", described(&reply.rusage)),
            ("siginfo", described(&reply.info)),
        ];
        let written: Vec<String> = memories
            .iter()
            .filter_map(|(name, m)| m.as_ref().map(|m| (name, m)))
            .filter(|(_, m)| m.as_str() != "untouched")
            .map(|(name, m)| format!("{name} {m}"))
            .collect();
        if memories.iter().all(|(_, m)| m.is_none()) {
            return this.judge(Found::NotObserved("the subject does not show its memory"));
        }
        this.check(written.is_empty(), || "every buffer untouched".into(), || written.join(", "))
    }

    /// The call wrote nothing behind its buffers.
    pub fn no_spill(self, seen: &Seen) -> Outcome {
        let this = self.returned(seen, "nothing written behind the buffers")?;
        match seen.reply().and_then(|r| r.spill) {
            None => this.judge(Found::NotObserved("the subject does not show its memory")),
            Some(spill) => this.check(
                !spill,
                || "nothing written behind the buffers".into(),
                || "bytes behind a buffer were written",
            ),
        }
    }

    /// The call that was begun sleeps.
    pub fn blocks(self, pending: &Pending) -> Outcome {
        match self.trial.blocked(pending)? {
            None => self.judge(Found::Held),
            Some(Instead::Died) => {
                let expected = format!("{} to sleep", pending.shown);
                let failure = Failure { clause: self.clause, expected, got: Instead::Died.to_string() };
                self.fails();
                Err(Abort::Crash(failure))
            }
            Some(instead) => {
                let shown = pending.shown.clone();
                let outcome = self.check(false, || format!("{shown} to sleep"), || instead.to_string());
                // A departure that is known ends the trial too: there is no call to finish any more.
                outcome.and(Err(Abort::Skip("the call does not sleep here".into())))
            }
        }
    }

    /// A value is what it must be; `what` names it.
    pub fn equal<T: Value>(self, what: &str, got: &T, expected: &T) -> Outcome {
        self.check(got == expected, || format!("{what} {expected}"), || (got.got(), format!("{what} {got}")))
    }

    /// A value that the subject may not show is what it must be.
    pub fn equal_if_seen<T: Value>(self, what: &str, got: Option<&T>, expected: &T) -> Outcome {
        match got {
            Some(got) => self.equal(what, got, expected),
            None => self.judge(Found::NotObserved("the subject does not show it")),
        }
    }

    /// A field of the siginfo, as `Seen::fields` gave it, is what it must be. A typed subject need not offer it; one that shows
    /// its memory has left it unwritten.
    pub fn field<T: Value>(self, seen: &Seen, what: &str, got: Option<T>, expected: T) -> Outcome {
        match got {
            None if seen.shows_memory() => {
                self.check(false, || format!("{what} {expected}"), || (Got::NotSet, "not set"))
            }
            got => self.equal_if_seen(what, got.as_ref(), &expected),
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

    /// `si_status` of a child that passed that value to `exit`, of which some systems keep a part.
    pub fn exit_value(self, told: i64, passed: i32) -> Outcome {
        let got = (Got::ExitValue { passed, told }, format!("{told:#x}"));
        self.check(told == i64::from(passed), || format!("{passed:#x}"), || got)
    }

    /// `si_uid` of a child whose effective user is that, and whose real one is expected.
    pub fn user(self, seen: &Seen, real: i64, effective: i64) -> Outcome {
        match seen.fields().uid {
            Some(told) => self.check(
                told == real,
                || format!("si_uid {real}"),
                || (Got::Uid { told, effective }, format!("si_uid {told}")),
            ),
            None => self.field(seen, "si_uid", None, real),
        }
    }

    /// A condition holds; both sides in words, with what was got typed where a deviation may be about it.
    pub fn that(self, held: bool, expected: impl Into<String>, got: impl Into<Told>) -> Outcome {
        self.check(held, || expected.into(), || got)
    }

    /// The clause leaves it open: what this implementation chose is recorded, and nothing judged.
    pub fn records(self, name: &str, value: impl Into<String>) -> Outcome {
        let Expect { trial, clause, .. } = self;
        if !trial.cited.iter().any(|c| c.id == clause.id) || clause.level != Level::Implementation {
            return Err(Abort::Broken(format!("{} is not one that the case may record", clause.id)));
        }
        let entry = (name.to_owned(), value.into());
        // The standard and a system may leave the same open.
        if clause.applies_to(trial.profile) && !trial.recorded.contains(&entry) {
            trial.recorded.push(entry);
        }
        Ok(())
    }

    /// It could not be observed, for this reason: the clause is not credited.
    pub fn not_observed(self, why: &'static str) -> Outcome {
        self.judge(Found::NotObserved(why))
    }
}

fn described<T>(memory: &Memory<T>) -> Option<String> {
    match memory {
        Memory::Wrote(_) => Some("written".into()),
        Memory::Untouched => Some("untouched".into()),
        Memory::NotObserved | Memory::NoBuffer => None,
    }
}

/// What a call came back with that was to report that change of that child.
fn told(seen: &Seen, child: &Child, wanted: Change) -> Told {
    let of_it = reports(seen, child, None);
    seen.told(of_it.then_some(wanted))
}

/// Whether a call reported that child, and that change if one is given.
///
/// A typed `waitid` need not offer `si_pid`: then any report counts, and what the process table shows decides.
fn reports(seen: &Seen, child: &Child, change: Option<Change>) -> bool {
    let returned = match (&seen.reply().map(|r| &r.ret), seen.request.call) {
        // waitid returns 0, and tells the child in its siginfo.
        (Some(Ok(ret)), Call::Waitid) => *ret == 0,
        (Some(Ok(ret)), _) => *ret == child.pid,
        _ => false,
    };
    let same_child = seen.pid().is_none_or(|pid| pid == child.pid) && seen.is_report();
    returned && same_child && change.is_none_or(|want| seen.change() == Some(want))
}

impl<'a> Trial<'a> {
    /// Begins an expectation of that clause, or of that half of a pair that is about the trial's call.
    pub fn expect(&mut self, clause: impl Into<Cited>) -> Expect<'_, 'a> {
        let clause = match clause.into() {
            Cited::One(clause) => clause,
            Cited::Both(_, waitid) if self.call == Call::Waitid => waitid,
            Cited::Both(waitpid, _) => waitpid,
        };
        Expect::new(self, clause)
    }

    /// Notes what became of a clause: once, with its worst outcome.
    pub(crate) fn credit(&mut self, clause: &'static Clause, outcome: ClauseOutcome) {
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
