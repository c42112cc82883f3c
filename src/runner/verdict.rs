//! From the events of a trial to its verdict and report.

use super::event::{ClauseOutcome, Failure, SubjectInfo, TrialReport, Verdict};
use super::plan::Planned;
use crate::protocol::Line;
use crate::trial::Case;
use crate::trial::{Abort, Core, InterfaceName, Outcome};
use crate::wait::Signal;
use std::time::Duration;

/// The report of a trial that has not started.
pub(crate) fn blank(planned: &Planned, info: &SubjectInfo) -> TrialReport {
    let agent = format!("{} {}", info.name, info.version);
    TrialReport {
        id: planned.id(),
        subject: info.spec.clone(),
        agent,
        verdict: Verdict::Pass,
        clauses: Vec::new(),
        failure: None,
        warnings: Vec::new(),
        steps: Vec::new(),
        children: Vec::new(),
        recorded: Vec::new(),
        notes: Vec::new(),
        stderr: String::new(),
        trace: Vec::new(),
        processes: 0,
        duration: Duration::ZERO,
    }
}

/// The outcome of a trial, once requirements that do not bind its subject have been set aside.
///
/// A promise binds only the subject that made it. A violation of one that was not made is recorded. If the agent died,
/// nothing more can be judged.
fn bound(trial: &mut Core<'_>, result: Outcome) -> Outcome {
    let (Err(Abort::Fail(failure)) | Err(Abort::Hang(failure)) | Err(Abort::Crash(failure))) = &result else {
        return result;
    };
    if let Some(source) = trial.source_of(failure.clause) {
        if let Some(promise) = failure.clause.promise() {
            let note = format!("{promise} is promised by {source}");
            trial.note(&note);
        }
        return result;
    }
    if matches!(result, Err(Abort::Crash(_))) {
        return Err(Abort::Broken(format!("{}, and it did not promise {}", failure.got, failure.clause.id)));
    }
    trial.recorded.push((failure.clause.id.to_owned(), failure.got.clone()));
    Err(Abort::Recorded)
}

/// Moves what a trial gathered into the report, with the state of its children if it did not complete. Returns the
/// outcome.
pub(crate) fn collect(report: &mut TrialReport, mut trial: Core<'_>, result: Outcome) -> Outcome {
    let result = bound(&mut trial, result);
    if matches!(result, Err(Abort::Fail(_) | Abort::Hang(_) | Abort::Crash(_) | Abort::Broken(_))) {
        report.children = trial.describe_children();
    }
    if let Err(Abort::Fail(failure)) = &result {
        // A failure outside any expectation, e.g. a zombie that vanished.
        trial.credit(failure.clause, ClauseOutcome::Fail);
    }
    report.clauses = trial.clauses;
    report.warnings = trial.warnings;
    report.steps = trial.steps;
    report.recorded = trial.recorded;
    report.notes = trial.notes;
    report.processes = trial.processes;
    if let Some((deviation, failure)) = trial.deviations.into_iter().next() {
        report.verdict = Verdict::Deviates(deviation.source.to_owned());
        report.failure = Some(failure);
    }
    result
}

/// Adds what the warden found when it closed the trial.
pub(crate) fn closed(
    report: &mut TrialReport,
    result: &mut Outcome,
    closed: &Line,
    case: &Case,
    info: &SubjectInfo,
) {
    let leaked = closed.list("leaked");
    if !leaked.is_empty() && result.is_ok() {
        report.verdict = Verdict::Leak;
        report.notes.push(format!("left behind: {}", leaked.join(", ")));
    }
    let stuck = closed.number("stuck").unwrap_or(0);
    if stuck > 0 {
        report.notes.push(format!(
            "processes that could not be reaped, since the warden's wait does not report them: {stuck}"
        ));
    }
    // How a program terminated was judged by its case.
    let is_program = case.interface() == InterfaceName::Program;
    let killed = closed.get("killed").filter(|_| !is_program).and_then(|name| Signal::from_name(&name));
    let Some(signal) = killed.filter(|signal| *signal != Signal::KILL) else { return };
    match result {
        Err(Abort::Crash(failure)) => failure.got = format!("{} (killed by {signal})", failure.got),
        // Requests to its children failed because they died with it.
        Err(Abort::Broken(why)) => {
            let clause = case.clauses[0];
            if info.source_of(clause).is_none() {
                *why = format!("{why} (killed by {signal})");
                return;
            }
            let got = format!("{why} (killed by {signal})");
            let failure = Failure { clause, expected: "the agent to stay alive".to_owned(), got };
            report.clauses.push((clause, ClauseOutcome::Fail));
            *result = Err(Abort::Crash(Box::new(failure)));
        }
        _ => {}
    }
}

/// Decides the verdict.
pub(crate) fn decide(report: &mut TrialReport, result: Outcome) {
    match result {
        Ok(()) | Err(Abort::Recorded) if report.verdict != Verdict::Pass => {}
        Ok(()) | Err(Abort::Recorded) => {
            let any = |outcome| report.clauses.iter().any(|(_, o)| *o == outcome);
            report.verdict = if any(ClauseOutcome::Pass) || any(ClauseOutcome::Warn) {
                Verdict::Pass
            } else if !report.recorded.is_empty() {
                Verdict::Recorded
            } else if any(ClauseOutcome::NotObserved) {
                Verdict::Skip("nothing here can be observed".into())
            } else {
                Verdict::Skip("no clause of this profile was checked".into())
            };
        }
        Err(Abort::Fail(failure)) => {
            report.verdict = Verdict::Fail;
            report.failure = Some(*failure);
        }
        Err(Abort::Hang(failure)) => {
            report.verdict = Verdict::Hang;
            report.failure = Some(*failure);
        }
        Err(Abort::Crash(failure)) => {
            report.verdict = Verdict::Crash;
            report.failure = Some(*failure);
        }
        // A deviation stands even if it cut the trial short.
        Err(Abort::Skip(_)) if matches!(report.verdict, Verdict::Deviates(_)) => {}
        Err(Abort::Skip(why)) => report.verdict = Verdict::Skip(why),
        Err(Abort::Broken(why)) => report.verdict = Verdict::Broken(why),
        Err(Abort::Protocol(what)) => {
            report.verdict = Verdict::Broken(format!("the agent broke the protocol: {what}"))
        }
        Err(Abort::Interrupted) => report.verdict = Verdict::Broken("interrupted".into()),
    }
}
