//! The trials that are left of a run.

use super::plan::Planned;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};

/// The trials that are left, shared by the workers. Those that burn CPU time are begun first, never two at once.
pub(crate) struct Queue {
    once: Vec<Planned>,
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Default)]
struct QueueState {
    burning: VecDeque<Planned>,
    others: VecDeque<Planned>,
    someone_burns: bool,
    /// How often all of it is done again.
    rounds: u32,
    closed: bool,
}

impl Queue {
    /// Each of these trials, `repeat` times: a round begins when all of the one before it have begun.
    pub(crate) fn new(once: Vec<Planned>, repeat: u32) -> Queue {
        let state = QueueState { rounds: repeat.max(1), ..QueueState::default() };
        Queue { once, state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next trial to begin; `None` when there is none, or the run ends early.
    pub(crate) fn take(&self) -> Option<Planned> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if !state.someone_burns
                && let Some(next) = state.burning.pop_front()
            {
                state.someone_burns = true;
                return Some(next);
            }
            if let Some(next) = state.others.pop_front() {
                return Some(next);
            }
            if state.burning.is_empty() {
                if state.rounds == 0 || self.once.is_empty() {
                    return None;
                }
                state.rounds -= 1;
                let burns = |p: &&Planned| p.case.needs.burns;
                state.burning = self.once.iter().filter(burns).copied().collect();
                state.others = self.once.iter().filter(|p| !burns(p)).copied().collect();
                continue;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A trial has ended.
    pub(crate) fn done(&self, planned: &Planned) {
        if planned.case.needs.burns {
            self.lock().someone_burns = false;
            self.changed.notify_all();
        }
    }

    /// Nothing more is begun.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// How many trials were not begun.
    pub(crate) fn left(&self) -> usize {
        let state = self.lock();
        state.burning.len() + state.others.len() + state.rounds as usize * self.once.len()
    }
}
