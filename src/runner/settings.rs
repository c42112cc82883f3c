//! What to run, and why a run can fail.

use crate::spec::Profile;
use crate::sys::call::abi::Call;
use std::fmt;

/// All settings of a run: which subjects and trials, how many times, in which order, and how.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(not(feature = "internals"), non_exhaustive)]
pub struct Settings {
    /// The subjects, as given to `--subject`. Empty: the defaults of this system.
    pub subjects: Vec<String>,
    /// Patterns for `case@call`: parts of a name, or globs with `*`; a trial runs if any matches. Empty: all.
    pub patterns: Vec<String>,
    /// Patterns of the same form; trials that match any of them do not run.
    pub excluded: Vec<String>,
    /// The calls to judge. Empty: every call a case supports.
    pub calls: Vec<Call>,
    /// Clause ids or globs; only cases that cite a match run. Empty: no restriction.
    pub clauses: Vec<String>,
    /// `(M, N)`: only the M-th (from 1) of N parts.
    pub shard: Option<(u32, u32)>,
    /// The number of times each trial runs.
    pub repeat: u32,
    /// Stop at the first trial with a bad verdict.
    pub until_fail: bool,
    /// Stop at this many trials with a bad verdict; `None`: never.
    pub max_failures: Option<usize>,
    /// The seed of a random order; `None`: catalogue order.
    pub shuffle: Option<u64>,
    /// The profile whose clauses apply; `None`: the one matching each agent's `hello`.
    pub profile: Option<Profile>,
    /// The number of wardens; `None`: four per CPU, at most 32, or one per CPU where fork is slow.
    pub jobs: Option<usize>,
    /// The factor applied to every deadline and grace period.
    pub timeout_scale: f64,
    /// Whether a violated SHOULD clause is a failure.
    pub strict: bool,
    /// Keep the protocol trace of every trial, not only of those that did not pass.
    pub trace: bool,
    /// The command that runs scenarios, for agents that need their own child program.
    pub child: Option<Vec<String>>,
    /// The command that starts a remote warden, which communicates over its standard input and output.
    pub warden: Option<Vec<String>>,
    /// The contract of a program: the name of a known one, or a file; `None`: chosen by the name of the program.
    pub contract: Option<String>,
}

impl Settings {
    /// These settings with no selection of trials: each trial runs once.
    #[cfg(feature = "testing")]
    pub(crate) fn of_every_trial(&self) -> Settings {
        let Settings { profile, timeout_scale, strict, trace, child, warden, contract, .. } = self.clone();
        Settings { profile, timeout_scale, strict, trace, child, warden, contract, ..Settings::default() }
    }

    /// The number of trials with a bad verdict after which the run ends.
    pub(crate) fn most_failures(&self) -> Option<usize> {
        let most = self.max_failures.unwrap_or(usize::MAX);
        let most = if self.until_fail { 1 } else { most };
        (most < usize::MAX).then_some(most)
    }

    /// Whether calls are named explicitly: each is then tried with every selected case, even where another call would
    /// do.
    pub(crate) fn names_calls(&self) -> bool {
        !self.calls.is_empty() || self.patterns.iter().any(|pattern| pattern.contains('@'))
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            subjects: Vec::new(),
            patterns: Vec::new(),
            excluded: Vec::new(),
            calls: Vec::new(),
            clauses: Vec::new(),
            shard: None,
            repeat: 1,
            until_fail: false,
            max_failures: None,
            shuffle: None,
            profile: None,
            jobs: None,
            timeout_scale: 1.0,
            strict: false,
            trace: false,
            child: None,
            warden: None,
            contract: None,
        }
    }
}

/// Why a run could not complete. Each message is one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunError {
    /// Invalid input: an unknown name, a file that cannot be written.
    Usage(String),
    /// Nothing was selected, or a filter matched nothing.
    Nothing(String),
    /// An agent or a library did not start, or broke the protocol.
    Adapter(String),
    /// The harness or its environment failed.
    Broken(String),
}

impl RunError {
    /// The exit code of the error.
    pub const fn exit_code(&self) -> u8 {
        match self {
            RunError::Usage(_) => 2,
            RunError::Broken(_) => 3,
            RunError::Nothing(_) => 4,
            RunError::Adapter(_) => 5,
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Usage(m) | RunError::Nothing(m) | RunError::Adapter(m) | RunError::Broken(m) => {
                f.write_str(m)
            }
        }
    }
}

impl std::error::Error for RunError {}
