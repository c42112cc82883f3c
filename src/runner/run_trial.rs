//! One trial: start the agent, run the case, clean up, reach a verdict.

use super::event::{SubjectInfo, TrialReport, Verdict};
use super::handshake::{self, CLEAN_UP, Start, open};
use super::plan::{Planned, Surroundings};
use super::verdict;
use crate::trial::link::{Link, LinkError};
use crate::trial::{Abort, Common, Core};
use std::time::Instant;

/// The beginning of what a child says that cannot connect.
const CANNOT_CONNECT: &str = "a child cannot connect to the warden";

/// What all trials of a run share.
pub(crate) struct TrialContext {
    pub(crate) starts: Vec<Start>,
    pub(crate) subjects: Vec<SubjectInfo>,
    pub(crate) surroundings: Surroundings,
    pub(crate) common: Common,
    pub(crate) keep_trace: bool,
}

impl TrialContext {
    /// Why a trial cannot run here; `None` if it can.
    pub(crate) fn lack(&self, trial: &Planned) -> Option<String> {
        let subject = &self.subjects[trial.subject];
        trial.case.not_offered(subject).or_else(|| self.surroundings.lack(trial.case, subject.threads))
    }
}

/// A trial that was run.
pub(crate) struct FinishedTrial {
    pub(crate) report: TrialReport,
    pub(crate) protocol: Option<String>,
    pub(crate) warden_dead: bool,
}

/// Runs one trial; `None` if the run is being interrupted.
pub(crate) fn run_trial(link: &mut Link, planned: &Planned, context: &TrialContext) -> Option<FinishedTrial> {
    let common = &context.common;
    let began = Instant::now();
    let info = &context.subjects[planned.subject];
    let mut report = verdict::blank(planned, info);
    if let Some(why) = context.lack(planned) {
        report.verdict = Verdict::Skip(why);
        return Some(FinishedTrial { report, protocol: None, warden_dead: false });
    }
    link.reset();
    link.serve(&info.spec, report.id.clone());
    let mut result =
        match open(link, &context.starts[planned.subject], common.child.as_deref(), planned.case.begin()) {
            Ok((_, hello)) if info.contract.is_none() && !handshake::is_of(&hello, info) => Err(
                Abort::Protocol(format!("its hello differs from the one at the start of the run: {hello}")),
            ),
            Ok((opened, _)) => {
                let core = Core::new(link, planned.case.clauses, common, info, opened);
                let (core, result) = planned.case.run_on(core, planned.variant);
                verdict::collect(&mut report, core, result)
            }
            Err(stop) => Err(stop),
        };
    if matches!(result, Err(Abort::Interrupted)) {
        return None;
    }
    if let Some(damage) = link.damage() {
        result = Err(Abort::Broken(damage.to_owned()));
        report.clauses.clear();
        report.warnings.clear();
    }
    let mut warden_dead = false;
    match link.close(CLEAN_UP) {
        Ok((closed, broke)) => {
            // A violation next to correct answers.
            if let (Ok(()) | Err(Abort::Skip(_)), Some(what)) = (&result, broke) {
                result = Err(Abort::Protocol(what));
            }
            verdict::closed(&mut report, &mut result, &closed, planned.case, info);
        }
        Err(LinkError::Interrupted) => return None,
        Err(why) => {
            warden_dead = true;
            let frozen = matches!(why, LinkError::Late(_));
            let again = match &why {
                LinkError::Missing(what) => Some(what.clone()),
                _ => None,
            };
            // No pass if nobody knows what the trial left behind.
            if matches!(result, Ok(()) | Err(Abort::Skip(_))) {
                result = Err(why.into());
            }
            if let (Some(what), Ok(()) | Err(Abort::Skip(_) | Abort::Broken(_))) = (again, &result) {
                result = Err(Abort::Skip(what));
            }
            if let (true, Err(Abort::Broken(what))) = (frozen, &mut result) {
                *what = format!("the warden no longer answers: {what}");
            }
        }
    }
    let protocol = match &result {
        Err(Abort::Protocol(what)) => Some(what.clone()),
        _ => None,
    };
    if let (Err(Abort::Broken(why)), Some(said)) = (&mut result, link.stderr.trim().lines().last()) {
        // Who cannot connect says why on the only stream that it has.
        if said.starts_with(CANNOT_CONNECT) {
            *why = format!("{said}: {why}");
        }
    }
    verdict::decide(&mut report, result);
    report.stderr.clone_from(&link.stderr);
    let expected =
        matches!(report.verdict, Verdict::Pass | Verdict::Skip(_) | Verdict::Recorded | Verdict::Deviates(_));
    if context.keep_trace || !expected {
        report.trace = std::mem::take(&mut link.trace);
    }
    report.duration = began.elapsed();
    Some(FinishedTrial { report, protocol, warden_dead })
}
