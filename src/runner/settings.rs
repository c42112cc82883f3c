//! What a run is asked to do, and how it can fail to do it.

use crate::spec::Profile;
use crate::sys::call::abi::Call;
use std::fmt;

/// Which trials run, how often and in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Patterns on `case@call` ([`crate::runner::select::matches`]); a trial runs if one of them matches. Empty: every case.
    pub patterns: Vec<String>,
    /// The calls to try. Empty: every call that a case takes.
    pub calls: Vec<Call>,
    /// Clause ids, or globs on them; only cases that cite one of them run. Empty: no restriction.
    pub clauses: Vec<String>,
    /// `(M, N)`: only the M-th (from 1) of N parts.
    pub shard: Option<(u32, u32)>,
    /// How often each trial runs.
    pub repeat: u32,
    /// Stop at the first trial whose verdict counts against the subject.
    pub until_fail: bool,
    /// The seed of a random order; `None`: the order of the catalogue.
    pub shuffle: Option<u64>,
}

impl Selection {
    /// Whether calls are asked for by name: then a case is tried with each of them, whatever else would do for it.
    pub fn names_calls(&self) -> bool {
        !self.calls.is_empty() || self.patterns.iter().any(|pattern| pattern.contains('@'))
    }
}

impl Default for Selection {
    fn default() -> Selection {
        Selection {
            patterns: Vec::new(),
            calls: Vec::new(),
            clauses: Vec::new(),
            shard: None,
            repeat: 1,
            until_fail: false,
            shuffle: None,
        }
    }
}

/// Everything that a run is asked to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The subjects, as `--subject` takes them. Empty: the default ones of this system.
    pub subjects: Vec<String>,
    /// Which trials.
    pub selection: Selection,
    /// The profile whose clauses apply; `None`: the one that each agent's `hello` calls for.
    pub profile: Option<Profile>,
    /// The number of wardens at work; `None`: four for each processor, 32 at most, and one for each where a fork is slow.
    pub jobs: Option<usize>,
    /// What every deadline and grace period is multiplied with.
    pub timeout_scale: f64,
    /// A SHOULD that does not hold fails.
    pub strict: bool,
    /// Keep the protocol lines of every trial, not only of those that did not pass.
    pub trace: bool,
    /// The command that runs scenarios, for agents that need a child program of their own.
    pub child: Option<Vec<String>>,
    /// The command that starts a warden elsewhere, spoken to over its standard input and output.
    pub warden: Option<Vec<String>>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            subjects: Vec::new(),
            selection: Selection::default(),
            profile: None,
            jobs: None,
            timeout_scale: 1.0,
            strict: false,
            trace: false,
            child: None,
            warden: None,
        }
    }
}

/// Why a run could not be carried out. Each is one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunError {
    /// What was asked for makes no sense: an unknown name, a file that cannot be written.
    Usage(String),
    /// Nothing was selected, or a filter matched nothing.
    Nothing(String),
    /// An agent or a library would not start, or broke the protocol.
    Adapter(String),
    /// The harness or the surroundings went wrong.
    Broken(String),
}

impl RunError {
    /// The exit code that the error asks for.
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
