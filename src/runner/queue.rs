//! The remaining trials of a run.

use super::plan::Planned;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The remaining trials, shared by the workers. Those that burn CPU time start first, one at a time.
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
    /// The trials in progress, and since when.
    running: Vec<(Planned, Instant)>,
    /// The number of rounds left.
    rounds: u32,
    closed: bool,
}

impl Queue {
    /// A queue of these trials, `repeat` times: a round starts once every trial of the previous one has.
    pub(crate) fn new(once: Vec<Planned>, repeat: u32) -> Queue {
        let state = QueueState { rounds: repeat.max(1), ..QueueState::default() };
        Queue { once, state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next trial; `None` if there is none or the queue is closed.
    pub(crate) fn take(&self) -> Option<Planned> {
        let taken = self.wait_for_one()?;
        self.lock().running.push((taken, Instant::now()));
        Some(taken)
    }

    fn wait_for_one(&self) -> Option<Planned> {
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

    /// Marks a trial as finished.
    pub(crate) fn done(&self, planned: &Planned) {
        let mut state = self.lock();
        if let Some(at) = state
            .running
            .iter()
            .position(|(running, _)| (running.id(), running.subject) == (planned.id(), planned.subject))
        {
            state.running.remove(at);
        }
        drop(state);
        if planned.case.needs.burns {
            self.lock().someone_burns = false;
            self.changed.notify_all();
        }
    }

    /// The trial that has been running for the longest time, and that time.
    pub(crate) fn longest(&self) -> Option<(String, Duration)> {
        let state = self.lock();
        state
            .running
            .iter()
            .map(|(planned, since)| (planned.id(), since.elapsed()))
            .max_by_key(|(_, time)| *time)
    }

    /// Lets no further trial start.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// The number of trials that were not started.
    pub(crate) fn left(&self) -> usize {
        let state = self.lock();
        state.burning.len() + state.others.len() + state.rounds as usize * self.once.len()
    }
}
