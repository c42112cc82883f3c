//! Events that were missing in the trials of a run, for [`super::patience`].

use crate::sorted::Map;
use std::sync::{Arc, Mutex, PoisonError};

/// The events that did not come in the trials of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Missing(Arc<Mutex<Trials>>);

/// By whoever it depends on (see [`Serving::owner`]) and event: the trials that missed it.
pub(super) type Trials = Map<(String, String), Vec<Trial>>;

/// A trial: its subject, and its id.
pub(super) type Trial = (String, String);

impl Missing {
    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, Trials> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// On whom it depends whether an event comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// The subject: what its agent answers.
    Subject,
    /// The agent's program and the system: what its processes do.
    Processes,
    /// The system alone: what its process table shows.
    System,
}

/// The trial that a link serves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Serving {
    pub(crate) subject: String,
    /// Whether its agent is the one that all correct built-in subjects share.
    pub(crate) shared_agent: bool,
    pub(crate) trial: String,
}

impl Serving {
    /// Whose misses count for an event.
    pub(super) fn owner(&self, of: Of) -> String {
        match of {
            Of::Subject => format!("subject {}", self.subject),
            Of::Processes if !self.shared_agent => format!("processes of {}", self.subject),
            Of::Processes => "processes".to_owned(),
            Of::System => "system".to_owned(),
        }
    }
}
