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
    /// The number of trials that burn CPU time taken by one worker; no other worker may take any.
    taken_to_burn: u32,
    /// The trials in progress, and when each started.
    running: Vec<(Planned, Instant)>,
    /// The number of rounds left.
    rounds: u32,
    closed: bool,
}

impl QueueState {
    fn is_empty(&self) -> bool {
        self.burning.is_empty() && self.others.is_empty()
    }

    /// Begins the next round, if there is one.
    fn next_round(&mut self, once: &[Planned]) -> bool {
        if self.rounds == 0 || once.is_empty() {
            return false;
        }
        self.rounds -= 1;
        let burns = |p: &&Planned| p.case.needs.burns;
        self.burning = once.iter().filter(burns).copied().collect();
        self.others = once.iter().filter(|p| !burns(p)).copied().collect();
        true
    }
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
            if state.taken_to_burn == 0
                && let Some(next) = state.burning.pop_front()
            {
                state.taken_to_burn = 1;
                return Some(next);
            }
            if let Some(next) = state.others.pop_front() {
                return Some(next);
            }
            if state.burning.is_empty() {
                if !state.next_round(&self.once) {
                    return None;
                }
                continue;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The trial that a worker is to run after its current one, if that can be known: when there are too few left for
    /// each of `workers` to get one, they go to whichever worker is free first. The trial does not run until
    /// [`Queue::begin`].
    pub(crate) fn take_ahead(&self, present: &Planned, workers: usize) -> Option<Planned> {
        let mut state = self.lock();
        if state.closed || (state.is_empty() && !state.next_round(&self.once)) {
            return None;
        }
        // One worker may run those that burn CPU time one after another.
        if state.taken_to_burn == u32::from(present.case.needs.burns)
            && let Some(next) = state.burning.pop_front()
        {
            state.taken_to_burn += 1;
            return Some(next);
        }
        if state.rounds == 0 && state.others.len() < workers {
            return None;
        }
        state.others.pop_front()
    }

    /// Starts a trial that was taken ahead; if the queue has been closed since, puts it back and returns `false`.
    pub(crate) fn begin(&self, taken: &Planned) -> bool {
        let mut state = self.lock();
        if state.closed {
            drop(state);
            self.give_back(taken);
            return false;
        }
        state.running.push((*taken, Instant::now()));
        true
    }

    /// Puts back a trial that was taken ahead, for another worker to run.
    pub(crate) fn give_back(&self, taken: &Planned) {
        let mut state = self.lock();
        if taken.case.needs.burns {
            state.taken_to_burn -= 1;
            state.burning.push_front(*taken);
        } else {
            state.others.push_front(*taken);
        }
        drop(state);
        self.changed.notify_all();
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
            self.lock().taken_to_burn -= 1;
            self.changed.notify_all();
        }
    }

    /// The trial that has been running the longest, and for how long.
    pub(crate) fn longest(&self) -> Option<(String, Duration)> {
        let state = self.lock();
        state
            .running
            .iter()
            .map(|(planned, since)| (planned.id(), since.elapsed()))
            .max_by_key(|(_, time)| *time)
    }

    /// Stops further trials from starting.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::call::abi::Call;
    use crate::trial::Variant;

    /// Trials, some of which burn CPU time.
    fn trials(burning: usize, others: usize) -> Vec<Planned> {
        let of = |burns: bool, many: usize| {
            let cases = crate::catalogue::cases().filter(move |case| case.needs.burns == burns);
            let planned = |case| Planned { case, variant: Variant::Call(Call::Waitpid), subject: 0 };
            cases.take(many).map(planned).collect::<Vec<_>>()
        };
        let trials = [of(true, burning), of(false, others)].concat();
        assert_eq!(trials.len(), burning + others, "the catalogue has that many");
        trials
    }

    #[test]
    fn a_worker_knows_its_next_trial_while_enough_are_left() {
        let queue = Queue::new(trials(0, 4), 1);
        let first = queue.take().unwrap();
        let second = queue.take_ahead(&first, 2).unwrap();
        assert_ne!(first.id(), second.id());
        assert_eq!(queue.state.lock().unwrap().running.len(), 1, "the second does not run yet");
        queue.done(&first);
        assert!(queue.begin(&second));
        assert!(queue.take_ahead(&second, 2).is_some());
        assert!(queue.take_ahead(&second, 2).is_none(), "the last one is for whichever worker is free first");
        assert!(queue.take().is_some());
        assert!(queue.take().is_none());
    }

    #[test]
    fn a_closed_queue_takes_back_what_has_not_begun() {
        let queue = Queue::new(trials(1, 3), 1);
        let first = queue.take().unwrap();
        assert!(first.case.needs.burns);
        let second = queue.take_ahead(&first, 1).unwrap();
        queue.close();
        queue.done(&first);
        assert!(!queue.begin(&second));
        assert_eq!(queue.left(), 3);
        assert!(queue.take().is_none() && queue.take_ahead(&first, 1).is_none());
    }

    #[test]
    fn trials_that_burn_time_are_one_worker_s_at_a_time() {
        let queue = Queue::new(trials(3, 3), 1);
        let burning = queue.take().unwrap();
        let next = queue.take_ahead(&burning, 1).unwrap();
        assert!(burning.case.needs.burns && next.case.needs.burns);
        let other = queue.take().unwrap();
        assert!(!other.case.needs.burns);
        assert!(!queue.take_ahead(&other, 1).unwrap().case.needs.burns);
        queue.done(&burning);
        assert!(!queue.take().unwrap().case.needs.burns, "the next one that burns is taken");
        queue.give_back(&next);
        assert_eq!(queue.take().map(|planned| planned.id()), Some(next.id()));
    }

    #[test]
    fn the_next_round_is_looked_into() {
        let queue = Queue::new(trials(0, 1), 3);
        let first = queue.take().unwrap();
        let second = queue.take_ahead(&first, 1).unwrap();
        assert_eq!(first.id(), second.id());
        queue.done(&first);
        assert!(queue.begin(&second));
        assert_eq!(queue.left(), 1);
    }
}
