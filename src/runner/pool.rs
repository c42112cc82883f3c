//! Single trials from any thread: a pool of wardens, each serving one trial at a time.

use super::event::{SubjectInfo, TrialReport, Verdict};
use super::handshake::CLEAN_UP;
use super::opening::{Start, open};
use super::plan::Planned;
use super::run::Session;
use super::run_trial::{FinishedTrial, TrialContext, run_trial};
use super::verdict;
use super::wardens::Wardens;
use crate::sys::call::abi::Call;
use crate::trial::Case;
use crate::trial::link::{Link, LinkError};
use crate::trial::{Abort, Core, InterfaceName, Trial, Variant};
use std::sync::{Condvar, Mutex, PoisonError};

/// The wardens and subjects of a [`Session`], for callers that choose trials and threads themselves.
///
/// As many trials run in parallel as the session has wardens ([`crate::runner::settings::Settings::jobs`]); further
/// callers block. Trials that burn CPU time never run concurrently.
pub struct Pool {
    context: TrialContext,
    links: Mutex<Links>,
    changed: Condvar,
    burning: Mutex<()>,
    /// Dropped last: it removes the run's directory with the sockets of the wardens.
    _wardens: Wardens,
}

struct Links {
    free: Vec<Link>,
    /// The number of links with a live warden, in use or not.
    alive: usize,
}

/// A link checked out for a trial.
struct Lease<'p> {
    pool: &'p Pool,
    link: Option<Link>,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut links = self.pool.links();
        match self.link.take() {
            // A panic leaves a trial open.
            Some(link) if !std::thread::panicking() => links.free.push(link),
            _ => links.alive -= 1,
        }
        self.pool.changed.notify_all();
    }
}

impl Pool {
    /// Turns a session into a pool; the session's plan is not run.
    pub fn new(session: Session) -> Pool {
        let Session { links, spares, context, wardens, .. } = session;
        for spare in spares {
            spare.link.hang_up(CLEAN_UP);
        }
        let links = Mutex::new(Links { alive: links.len(), free: links });
        Pool { context, links, changed: Condvar::new(), burning: Mutex::new(()), _wardens: wardens }
    }

    /// Runs a case with one variant on the named subject.
    ///
    /// If the harness fails, the verdict is *broken*.
    pub fn run(&self, subject: &str, case: &'static Case, variant: impl Into<Variant>) -> TrialReport {
        let position = self.context.subjects.iter().position(|info| info.spec == subject);
        let planned = Planned { case, variant: variant.into(), subject: position.unwrap_or_default() };
        let broken = |why: String| {
            let mut report = verdict::blank(&planned, &self.context.subjects[planned.subject]);
            report.verdict = Verdict::Broken(why);
            report
        };
        if position.is_none() {
            return broken(format!("{subject} is not a subject of this session"));
        }
        let _alone = case.needs.burns.then(|| self.burning.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(mut lease) = self.lease() else { return broken("the wardens have died".into()) };
        let Some(link) = &mut lease.link else { return broken("the warden has died".into()) };
        match run_trial(link, &planned, &self.context, None) {
            Some(FinishedTrial { report, warden_dead, .. }) => {
                if warden_dead {
                    lease.link = None;
                }
                report
            }
            None => broken("interrupted".into()),
        }
    }

    /// Starts an agent of the named subject for a caller that chooses the steps as it goes; the trial belongs to
    /// `history` rather than to a case. Whatever it leaves behind is killed.
    ///
    /// # Errors
    /// Those of `visit`, and any failure before it runs.
    pub fn visit<T>(
        &self,
        subject: &str,
        history: &'static Case,
        visit: impl FnOnce(&mut Trial<'_>) -> Result<T, Abort>,
    ) -> Result<T, Abort> {
        let position = self.context.subjects.iter().position(|info| info.spec == subject);
        let position =
            position.ok_or_else(|| Abort::Broken(format!("{subject} is not a subject of this session")))?;
        if self.context.subjects[position].interface != InterfaceName::Calls {
            return Err(Abort::Broken(format!("{subject} makes no calls: only its cases judge it")));
        }
        let gone = || Abort::Broken("the wardens have died".into());
        let mut lease = self.lease().ok_or_else(gone)?;
        let link = lease.link.as_mut().ok_or_else(gone)?;
        let (info, common) = (&self.context.subjects[position], &self.context.common);
        link.reset();
        let call = info.calls.iter().find_map(|name| Call::from_name(name)).unwrap_or(Call::Waitpid);
        let visited = open(link, &self.context.starts[position], common.child.as_deref(), None).and_then(
            |(opened, _)| {
                let core = Core::new(link, history.clauses, common, info, opened);
                visit(&mut Trial::of(core, call))
            },
        );
        let visited = match link.damage() {
            Some(damage) => Err(Abort::Broken(damage.to_owned())),
            None => visited,
        };
        match link.close(CLEAN_UP) {
            Ok(_) => {}
            Err(LinkError::Interrupted) => return Err(Abort::Interrupted),
            Err(_) => lease.link = None,
        }
        visited
    }

    /// Whether the wardens host the named subject, so that its agent and children are forked from them.
    pub fn is_hosted(&self, subject: &str) -> bool {
        let starts = self.context.subjects.iter().zip(&self.context.starts);
        self.context.common.child.is_none()
            && starts.into_iter().any(|(i, s)| i.spec == subject && matches!(s, Start::Hosted(_)))
    }

    /// The subjects of the session, as they identified themselves.
    pub fn subjects(&self) -> &[SubjectInfo] {
        &self.context.subjects
    }

    /// The number of trials that can run in parallel.
    pub fn width(&self) -> usize {
        self.links().alive
    }

    /// Blocks until a link is free; `None` if no warden is alive.
    fn lease(&self) -> Option<Lease<'_>> {
        let mut links = self.links();
        loop {
            if let Some(link) = links.free.pop() {
                return Some(Lease { pool: self, link: Some(link) });
            }
            if links.alive == 0 {
                return None;
            }
            links = self.changed.wait(links).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn links(&self) -> std::sync::MutexGuard<'_, Links> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Dismisses the wardens and waits until they have cleaned up.
    pub fn end(self) {
        let links = self.links.into_inner().unwrap_or_else(PoisonError::into_inner);
        for link in links.free {
            link.hang_up(CLEAN_UP);
        }
    }
}
