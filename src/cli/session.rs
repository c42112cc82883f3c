//! Options shared by the verbs that start agents, other than `run`.

use super::arguments::{CommandLine, TimeoutScale};
use super::run::{check_subjects, profile_names};
use crate::runner::interrupt;
use crate::runner::pool::Pool;
use crate::runner::run::Session;
use crate::runner::settings::{RunError, Settings};
use crate::spec::Profile;
use crate::trial::Abort;
use std::num::NonZeroUsize;

/// The subjects, and how to start their agents.
#[derive(Debug, clap::Args)]
pub struct SessionArgs {
    /// Subject to test: a name from `list subjects`, agent:CMD, so:PATH, preload:PATH or mutant:NAME (repeatable)
    #[arg(long = "subject", value_name = "S")]
    subjects: Vec<String>,
    /// Apply the clauses of this system instead of the one the subject reports
    #[arg(long, value_name = "P", value_parser = profile_names())]
    pub profile: Option<Profile>,
    /// Number of agents to run in parallel [default: 4 per CPU, at most 32]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    jobs: Option<NonZeroUsize>,
    /// Multiply every deadline by X, for slow machines and emulators
    #[arg(long, value_name = "X", default_value_t, allow_negative_numbers = true)]
    timeout_scale: TimeoutScale,
    /// Command that runs child scenarios, for agents that need their own child program
    #[arg(long, value_name = "CMD")]
    child: Option<CommandLine>,
    /// Command that starts a warden, on this machine or a remote one
    #[arg(long, value_name = "CMD")]
    warden: Option<CommandLine>,
}

impl SessionArgs {
    /// Starts the wardens; returns the pool and the names of the subjects. If none was given, these are `default`, unless that is
    /// empty. Must be called while there is only one thread.
    pub fn pool(&self, default: &[&str]) -> Result<(Pool, Vec<String>), RunError> {
        self.pool_of(default, None)
    }

    /// The same, with an agent of `other` alongside that of each subject; it is not among the names unless it was given.
    pub fn pool_with(&self, other: &str) -> Result<(Pool, Vec<String>), RunError> {
        self.pool_of(&[], Some(other))
    }

    fn pool_of(&self, default: &[&str], other: Option<&str>) -> Result<(Pool, Vec<String>), RunError> {
        check_subjects(&self.subjects)?;
        let default = || default.iter().map(|name| (*name).to_owned()).collect();
        let mut asked: Vec<String> = if self.subjects.is_empty() { default() } else { self.subjects.clone() };
        // No subject means the default ones.
        let hidden = other.filter(|name| !asked.is_empty() && !asked.iter().any(|one| one == name));
        asked.extend(hidden.map(str::to_owned));
        let jobs = self.jobs.map(NonZeroUsize::get);
        let settings = Settings {
            subjects: asked,
            profile: self.profile,
            jobs: if other.is_some() { Some(jobs.unwrap_or(2).max(2)) } else { jobs },
            timeout_scale: self.timeout_scale.0,
            child: self.child.as_ref().map(|c| c.words.clone()),
            warden: self.warden.as_ref().map(|w| w.words.clone()),
            ..Settings::default()
        };
        let pool = Pool::new(Session::start(&settings, &crate::mutants::registry())?);
        interrupt::catch();
        let shown = pool.subjects().iter().filter(|subject| hidden != Some(subject.spec.as_str()));
        let subjects = shown.map(|subject| subject.spec.clone()).collect();
        Ok((pool, subjects))
    }

    /// The user id of the children, if the wardens are local.
    pub fn uid(&self) -> Option<i64> {
        self.warden.is_none().then(|| rustix::process::getuid().as_raw().into())
    }
}

/// The error for a failure that is not that of a subject's call.
pub fn failed(subject: &str, stop: Abort) -> RunError {
    match stop {
        Abort::Interrupted => interrupt::die(),
        Abort::Protocol(what) => {
            RunError::Adapter(format!("{subject}: the agent violated the protocol: {what}"))
        }
        Abort::Recorded => RunError::Broken(format!("{subject}: no answer")),
        Abort::Broken(what) | Abort::Skip(what) => RunError::Broken(format!("{subject}: {what}")),
        Abort::Fail(f) | Abort::Hang(f) | Abort::Crash(f) => {
            RunError::Broken(format!("{subject}: {}", f.got))
        }
    }
}
