//! One trial: start the agent, run the case, clean up, reach a verdict.

use super::event::{SubjectInfo, TrialReport, Verdict};
use super::handshake::{self, CLEAN_UP};
use super::opening::{Start, Started, greet, open, start_agent};
use super::plan::{Planned, Surroundings};
use super::verdict;
use crate::trial::link::{Link, LinkError};
use crate::trial::missing::Serving;
use crate::trial::{Abort, Common, Core};
use std::time::Instant;

/// How the message of a child that cannot connect begins.
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

/// A trial that has run.
pub(crate) struct FinishedTrial {
    pub(crate) report: TrialReport,
    pub(crate) protocol: Option<String>,
    pub(crate) warden_dead: bool,
}

/// An agent that was started before its trial began, or why it was not.
pub(crate) type Ahead = Result<Started, Abort>;

/// Starts the agent of a later trial on a free warden, without waiting for it; `None` if the trial starts no agent, or
/// one that starts instantly.
pub(crate) fn start_ahead(link: &mut Link, planned: &Planned, context: &TrialContext) -> Option<Ahead> {
    let start = &context.starts[planned.subject];
    if !start.is_executed() || context.lack(planned).is_some() {
        return None;
    }
    prepare(link, planned, context);
    Some(start_agent(link, start, planned.case.begin()))
}

fn prepare(link: &mut Link, planned: &Planned, context: &TrialContext) {
    link.reset();
    let subject = context.subjects[planned.subject].spec.clone();
    let hosted = matches!(context.starts[planned.subject], Start::Hosted(_));
    let shared_agent = hosted && ["libc", "rustix", "syscall", "waitspec"].contains(&subject.as_str());
    link.serve(Serving { subject, shared_agent, trial: planned.id() });
}

/// Runs one trial, with its agent if one was started ahead on this link; `None` if the run is being interrupted.
pub(crate) fn run_trial(
    link: &mut Link,
    planned: &Planned,
    context: &TrialContext,
    ahead: Option<Ahead>,
) -> Option<FinishedTrial> {
    let common = &context.common;
    let began = Instant::now();
    let info = &context.subjects[planned.subject];
    let mut report = verdict::blank(planned, info);
    if let Some(why) = context.lack(planned) {
        report.verdict = Verdict::Skip(why);
        return Some(FinishedTrial { report, protocol: None, warden_dead: false });
    }
    let child = common.child.as_deref();
    let opened = match ahead {
        Some(started) => started.and_then(|started| greet(link, started, child)),
        None => {
            prepare(link, planned, context);
            open(link, &context.starts[planned.subject], child, planned.case.begin())
        }
    };
    let mut result = match opened {
        Ok((_, hello)) if info.contract.is_none() && !handshake::is_of(&hello, info) => {
            Err(Abort::Protocol(format!("its hello differs from the one at the start of the run: {hello}")))
        }
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
            // The answers were right, but the protocol was violated along the way.
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
            // A trial cannot pass if nothing is known about what it left behind.
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
        // A child that cannot connect can only say so on its standard error.
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
