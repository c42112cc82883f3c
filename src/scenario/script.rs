//! A scenario: the steps of one child, and parsing scripts of them.

use super::error::StepError;
use super::library;
use super::step::Step;
use crate::wait::Signal;

/// What one child does.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Scenario {
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// Whether the child must be exec'ed even where a fork would do: it then inherits no memory, lock, handler or
    /// descriptor from its creator.
    pub fresh: bool,
}

impl Scenario {
    /// Only waits for commands.
    pub fn held() -> Scenario {
        Scenario::default()
    }

    /// Performs these steps.
    pub fn of(steps: impl IntoIterator<Item = Step>) -> Scenario {
        Scenario { steps: steps.into_iter().collect(), fresh: false }
    }

    /// Exits with a code at once.
    pub fn exits(code: i32) -> Scenario {
        Scenario::of([Step::exit(code)])
    }

    /// Sends a signal to its own process, and dies if the default action is to terminate: a child starts with every
    /// signal at its default action and unblocked.
    pub fn dies(signal: Signal) -> Scenario {
        Scenario::of([Step::kill_self(signal)])
    }

    /// Stops itself with `SIGSTOP`; held once continued.
    pub fn stops() -> Scenario {
        Scenario::of([Step::Stop(Signal::STOP)])
    }

    /// The scenario of this name in the [`library`].
    ///
    /// # Errors
    /// [`StepError::Word`] with the nearest name.
    pub fn named(name: &str) -> Result<Scenario, StepError> {
        let found = library::find(name).ok_or_else(|| StepError::word(name, library::names()))?;
        Ok(Scenario::of(found.steps()))
    }

    /// Appends a step.
    #[must_use]
    pub fn then(mut self, step: Step) -> Scenario {
        self.steps.push(step);
        self
    }

    /// Makes the child an exec'ed image of its own.
    #[must_use]
    pub fn fresh(mut self) -> Scenario {
        self.fresh = true;
        self
    }

    /// Whether a connected child waits for commands after these steps.
    pub fn is_held(&self) -> bool {
        !self.steps.last().is_some_and(Step::is_last)
    }

    /// The steps as lines: the value of `steps=` in `spawn`, and the arguments of `waitspec child`.
    pub fn lines(&self) -> Vec<String> {
        self.steps.iter().map(Step::to_string).collect()
    }
}

/// The steps of a script: each argument is a scenario name of the [`library`] or a step line.
///
/// A name that is both means the scenario; the library has such a name only if both are the same.
///
/// # Errors
/// [`StepError`] for the first argument that is neither, with the nearest name of either kind.
pub fn parse_script<S: AsRef<str>>(args: &[S]) -> Result<Vec<Step>, StepError> {
    let mut steps = Vec::new();
    for arg in args {
        let arg = arg.as_ref();
        match (library::find(arg), arg.parse::<Step>()) {
            (Some(named), _) => steps.extend(named.steps()),
            (None, Ok(step)) => steps.push(step),
            (None, Err(StepError::Word { word, .. })) => {
                return Err(StepError::word(&word, library::names()));
            }
            (None, Err(error)) => return Err(error),
        }
    }
    Ok(steps)
}
