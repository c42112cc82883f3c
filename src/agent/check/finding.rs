//! What a check finds.

use crate::protocol::handle::Introduction;
use crate::sys::call::abi::Call;

/// One mistake of an agent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The rule that it breaks; the documentation of the module lists them.
    pub rule: &'static str,
    /// What was sent, what was received and what was expected, in one line.
    pub message: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.rule, self.message)
    }
}

/// What a check found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CheckReport {
    /// The agent's name and version, if it said hello.
    pub agent: Option<String>,
    /// The calls that it offers and that were tried.
    pub calls: Vec<Call>,
    /// For a handle agent, what its hello says.
    pub handles: Option<Introduction>,
    /// Its mistakes, in the order in which they were found.
    pub findings: Vec<Finding>,
}

impl CheckReport {
    /// Whether nothing was found.
    pub fn passed(&self) -> bool {
        self.findings.is_empty()
    }
}
