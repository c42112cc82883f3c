//! A scenario: the steps of one child, and the script that names them.

use super::error::StepError;
use super::library;
use super::step::Step;
use crate::wait::Signal;

/// What one child does.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Scenario {
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// Whether the child must be an image of its own, exec'ed, even where a fork would do: it then has no memory, lock, handler
    /// or descriptor of the process that made it.
    pub fresh: bool,
}

impl Scenario {
    /// Does nothing but wait to be told.
    pub fn held() -> Scenario {
        Scenario::default()
    }

    /// Does these steps.
    pub fn of(steps: impl IntoIterator<Item = Step>) -> Scenario {
        Scenario { steps: steps.into_iter().collect(), fresh: false }
    }

    /// Exits with that code at once.
    pub fn exits(code: i32) -> Scenario {
        Scenario::of([Step::exit(code)])
    }

    /// Sends that signal to its own process. It dies if the default action is deadly: a child begins with every signal at its
    /// default and none blocked.
    pub fn dies(signal: Signal) -> Scenario {
        Scenario::of([Step::kill_self(signal)])
    }

    /// Stops itself by `SIGSTOP`, and is held when continued.
    pub fn stops() -> Scenario {
        Scenario::of([Step::Stop(Signal::STOP)])
    }

    /// The scenario of that name in the [`library`].
    ///
    /// # Errors
    /// [`StepError::Word`] with the nearest name.
    pub fn named(name: &str) -> Result<Scenario, StepError> {
        let found = library::find(name).ok_or_else(|| StepError::word(name, library::names()))?;
        Ok(Scenario::of(found.steps()))
    }

    /// With one more step.
    #[must_use]
    pub fn then(mut self, step: Step) -> Scenario {
        self.steps.push(step);
        self
    }

    /// In an image of its own.
    #[must_use]
    pub fn fresh(mut self) -> Scenario {
        self.fresh = true;
        self
    }

    /// Whether a connected child waits to be told once these steps are done.
    pub fn is_held(&self) -> bool {
        !self.steps.last().is_some_and(Step::is_last)
    }

    /// Its steps as lines: the value of `steps=` in `spawn`, and the arguments of `waitspec child`.
    pub fn lines(&self) -> Vec<String> {
        self.steps.iter().map(Step::to_string).collect()
    }
}

/// The steps that a script means: each argument is the name of a scenario of the [`library`] or one step line.
///
/// A name that is both is the scenario; the library has such a name only where it means the same.
///
/// # Errors
/// [`StepError`] for the first argument that is neither, with the nearest name of both.
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
