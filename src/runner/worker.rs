//! The worker threads of a run: each runs one trial at a time, and may start the agent of its next trial ahead.

use super::handshake::{self, CLEAN_UP};
use super::interrupt;
use super::plan::Planned;
use super::queue::Queue;
use super::run_trial::{Ahead, FinishedTrial, TrialContext, run_trial, start_ahead};
use super::wardens::Wardens;
use crate::trial::link::Link;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many wardens in a row may die or freeze at one place.
const DEATHS: u32 = 16;

/// A link to a warden, and its place among the wardens.
pub(super) struct Post {
    pub(super) place: usize,
    pub(super) link: Link,
    /// The number of wardens that have died here since one last survived a trial.
    deaths: u32,
}

impl Post {
    pub(super) fn new(place: usize, link: Link) -> Post {
        Post { place, link, deaths: 0 }
    }
}

/// When each worker that is replacing a warden began to.
#[derive(Clone)]
pub(super) struct Replacing(Arc<Mutex<Vec<Option<Instant>>>>);

impl Replacing {
    pub(super) fn of(workers: usize) -> Replacing {
        Replacing(Arc::new(Mutex::new(vec![None; workers])))
    }

    fn note(&self, number: usize, since: Option<Instant>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)[number] = since;
    }

    /// Which workers have been replacing their wardens for longer than this.
    pub(super) fn stuck(&self, within: Duration) -> Vec<bool> {
        let replacing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        replacing.iter().map(|since| since.is_some_and(|since| since.elapsed() > within)).collect()
    }
}

/// One worker.
pub(super) struct Worker {
    pub(super) number: usize,
    /// The number of workers.
    pub(super) workers: usize,
    pub(super) queue: Arc<Queue>,
    pub(super) context: Arc<TrialContext>,
    pub(super) wardens: Arc<Mutex<Wardens>>,
    pub(super) replacing: Replacing,
    pub(super) finished: Sender<FinishedTrial>,
    /// Where the current trial runs.
    pub(super) post: Post,
    /// Where the agent of the next trial starts.
    pub(super) spare: Option<Post>,
}

impl Worker {
    /// Runs trials until none is left.
    pub(super) fn work(mut self) {
        let mut next = None;
        let has_warden = loop {
            let taken = match next.take() {
                Some((planned, ahead)) => self.queue.begin(&planned).then_some((planned, ahead)),
                None => self.queue.take().map(|planned| (planned, None)),
            };
            let Some((planned, ahead)) = taken else { break true };
            next = self.look_ahead(&planned);
            let ran = run_trial(&mut self.post.link, &planned, &self.context, ahead);
            self.queue.done(&planned);
            let Some(ran) = ran else { break true };
            let dead = ran.warden_dead;
            let received = self.finished.send(ran).is_ok();
            if dead && !self.replace() {
                break false;
            }
            if !dead {
                self.post.deaths = 0;
            }
            if !received {
                break true;
            }
            if let (Some(_), Some(spare)) = (&next, &mut self.spare) {
                std::mem::swap(&mut self.post, spare);
            }
        };
        if let Some((planned, _)) = next {
            self.queue.give_back(&planned);
        }
        let post = has_warden.then_some(self.post);
        for post in [post, self.spare].into_iter().flatten() {
            post.link.hang_up(CLEAN_UP);
        }
    }

    /// Starts the agent of the next trial.
    fn look_ahead(&mut self, present: &Planned) -> Option<(Planned, Option<Ahead>)> {
        let spare = self.spare.as_mut()?;
        let next = self.queue.take_ahead(present, self.workers)?;
        let ahead = start_ahead(&mut spare.link, &next, &self.context);
        Some((next, ahead))
    }

    /// Replaces a warden that has died or no longer answers.
    fn replace(&mut self) -> bool {
        self.post.deaths += 1;
        self.replacing.note(self.number, Some(Instant::now()));
        let next = self.successor();
        self.replacing.note(self.number, None);
        match next {
            Some(link) => {
                self.post.link = link;
                true
            }
            None => false,
        }
    }

    fn successor(&self) -> Option<Link> {
        let Post { place, link, deaths } = &self.post;
        if *deaths > DEATHS || interrupt::is_pending() {
            return None;
        }
        let mut wardens = self.wardens.lock().unwrap_or_else(PoisonError::into_inner);
        let (input, output) = wardens.replace(*place).ok()?;
        drop(wardens);
        let mut next = link.again(input, output);
        handshake::await_greeting(&mut next).ok()?;
        Some(next)
    }
}
