//! Why something is not a step.

use std::fmt;

use super::grammar::FORMS;
use crate::protocol::line::{FieldError, LineError};
use crate::protocol::nearest;

/// Why something is not a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StepError {
    /// The text is not a line of the protocol.
    Line {
        /// The text.
        text: String,
        /// Why not.
        error: LineError,
    },
    /// No step has that word (nor any scenario that name, where one could stand).
    Word {
        /// The word.
        word: String,
        /// The nearest valid one.
        nearest: Option<&'static str>,
    },
    /// The step has no such key.
    Key {
        /// The step's word.
        step: &'static str,
        /// The key.
        key: String,
        /// The keys that it has.
        keys: &'static str,
        /// The nearest valid one.
        nearest: Option<&'static str>,
    },
    /// A key is missing, or its value is not of the key's kind.
    Field {
        /// The step's word.
        step: &'static str,
        /// The key, and the value if there was one.
        error: FieldError,
        /// What was wanted.
        wanted: &'static str,
        /// The nearest valid name, where the value is a name.
        nearest: Option<&'static str>,
    },
}

impl StepError {
    /// An unknown word, where a step's or one of `more` would have been right.
    pub(super) fn word(word: &str, more: impl IntoIterator<Item = &'static str>) -> StepError {
        let names = FORMS.iter().map(|form| form.word).chain(more);
        StepError::Word { word: word.to_owned(), nearest: nearest(word, names) }
    }
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nearest = match self {
            StepError::Line { text, error } => {
                write!(f, "'{text}' is not a step: {error}")?;
                &None
            }
            StepError::Word { word, nearest } => {
                write!(f, "there is no step or scenario '{word}'")?;
                nearest
            }
            StepError::Key { step, key, keys, nearest } => {
                let keys = if keys.is_empty() { "none" } else { keys };
                write!(f, "the step '{step}' has no key '{key}' (its keys: {keys})")?;
                nearest
            }
            StepError::Field { step, error, wanted, nearest } => {
                write!(f, "the step '{step}': {error} (wanted: {wanted})")?;
                nearest
            }
        };
        match nearest {
            Some(name) => write!(f, "; did you mean '{name}'?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for StepError {}
