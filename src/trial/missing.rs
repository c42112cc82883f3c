//! The events that were missing in the trials of a run, for [`super::patience`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The events that did not come in the trials of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Missing(Arc<Mutex<Trials>>);

/// By subject and event: the trials that missed it.
pub(super) type Trials = BTreeMap<(String, String), Vec<String>>;

impl Missing {
    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, Trials> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The trial that a link serves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Serving {
    pub(crate) subject: String,
    pub(crate) trial: String,
}
