//! What the verbs that start agents besides `run` have in common.

use super::run::{CommandLine, check_subjects, command, positive, profile_names};
use crate::runner::pool::Pool;
use crate::runner::run::{Session, catch_interrupts, die_by_interrupt};
use crate::runner::settings::{RunError, Settings};
use crate::spec::Profile;
use crate::trial::Abort;

/// The subjects, and how their agents are started.
#[derive(Debug, clap::Args)]
pub struct SessionArgs {
    /// Whom to judge: a name of `list subjects`, agent:CMD, mutant:NAME (may be repeated)
    #[arg(long = "subject", value_name = "S")]
    subjects: Vec<String>,
    /// The system whose promises hold, instead of the one that the subject names
    #[arg(long, value_name = "P", value_parser = profile_names())]
    pub profile: Option<Profile>,
    /// How many agents live beside each other; by default four for each processor, 32 at most
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Multiply every deadline, for slow machines and emulators
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = positive)]
    timeout_scale: f64,
    /// The command that runs scenarios, for agents that need a child program of their own
    #[arg(long, value_name = "CMD", value_parser = command)]
    child: Option<CommandLine>,
    /// The command that starts a warden elsewhere
    #[arg(long, value_name = "CMD", value_parser = command)]
    warden: Option<CommandLine>,
}

impl SessionArgs {
    /// Starts the wardens; the subjects by name. To be called before there is any thread.
    pub fn pool(&self) -> Result<(Pool, Vec<String>), RunError> {
        check_subjects(&self.subjects)?;
        let settings = Settings {
            subjects: self.subjects.clone(),
            profile: self.profile,
            jobs: self.jobs,
            timeout_scale: self.timeout_scale,
            child: self.child.as_ref().map(|c| c.words.clone()),
            warden: self.warden.as_ref().map(|w| w.words.clone()),
            ..Settings::default()
        };
        let pool = Pool::new(Session::start(&settings, &crate::mutants::registry())?);
        catch_interrupts();
        let subjects = pool.subjects().iter().map(|s| s.spec.clone()).collect();
        Ok((pool, subjects))
    }

    /// The user of the children: ours, if the wardens are here.
    pub fn uid(&self) -> Option<i64> {
        self.warden.is_none().then(|| rustix::process::getuid().as_raw().into())
    }
}

/// What went wrong beside the subject's calls.
pub fn failed(subject: &str, stop: Abort) -> RunError {
    match stop {
        Abort::Interrupted => die_by_interrupt(),
        Abort::Protocol(what) => {
            RunError::Adapter(format!("{subject}: the agent broke the protocol: {what}"))
        }
        Abort::Broken(what) | Abort::Skip(what) => RunError::Broken(format!("{subject}: {what}")),
        Abort::Fail(f) | Abort::Hang(f) | Abort::Crash(f) => {
            RunError::Broken(format!("{subject}: {}", f.got))
        }
    }
}
