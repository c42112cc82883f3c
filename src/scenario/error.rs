//! Parse errors of steps.

use std::fmt;

use super::grammar::FORMS;
use crate::protocol::line::{FieldError, LineError};
use crate::protocol::nearest;

/// Why a text is not a valid step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StepError {
    /// The text is not a line of the protocol.
    Line {
        /// The text.
        text: String,
        /// The parse error.
        error: LineError,
    },
    /// Unknown step word (or scenario name, where one is allowed).
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
        /// The step's keys.
        keys: &'static str,
        /// The nearest valid one.
        nearest: Option<&'static str>,
    },
    /// A key is missing or its value is invalid.
    Field {
        /// The step's word.
        step: &'static str,
        /// The key, and the value if any.
        error: FieldError,
        /// What was expected.
        wanted: &'static str,
        /// The nearest valid name, where the value is one.
        nearest: Option<&'static str>,
    },
}

impl StepError {
    /// The error for an unknown word, with a hint from the steps and `more`.
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
                write!(f, "unknown step or scenario '{word}'")?;
                nearest
            }
            StepError::Key { step, key, keys, nearest } => {
                let keys = if keys.is_empty() { "none" } else { keys };
                write!(f, "step '{step}' has no key '{key}' (keys: {keys})")?;
                nearest
            }
            StepError::Field { step, error, wanted, nearest } => {
                write!(f, "step '{step}': {error} (expected {wanted})")?;
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
