//! What is wrong with an agent.

/// One mistake of an agent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The rule that it breaks; the module's page lists them.
    pub rule: &'static str,
    /// What was sent, what came and what was expected, in one line.
    pub message: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.rule, self.message)
    }
}
