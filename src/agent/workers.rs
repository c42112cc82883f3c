//! The threads of requests with `thread=N`.

use crate::sorted::Map;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Sender, channel};
use std::thread::{Builder, JoinHandle};

use super::{Agent, Incoming, Refusal};

/// A worker needs little more than the frames of one call; the agent must stay small.
const STACK_BYTES: usize = 256 * 1024;

/// The threads by number; each is created when it is first used.
pub(super) struct Workers {
    agent: &'static Agent,
    workers: Map<u32, Worker>,
}

struct Worker {
    requests: Sender<Incoming>,
    thread: JoinHandle<()>,
}

impl Workers {
    pub(super) fn new(agent: &'static Agent) -> Workers {
        Workers { agent, workers: Map::new() }
    }

    /// Has thread `number` serve a request. Fails if the thread cannot be created.
    pub(super) fn give(&mut self, number: u32, incoming: Incoming) -> Result<(), Refusal> {
        if !self.workers.contains_key(&number) {
            let worker = self.start(number).map_err(|error| Refusal::no_thread(&error))?;
            self.workers.insert(number, worker);
        }
        // The thread exits only when its sender is dropped.
        let _ = self.workers[&number].requests.send(incoming);
        Ok(())
    }

    fn start(&self, number: u32) -> std::io::Result<Worker> {
        let agent = self.agent;
        let (requests, queue) = channel::<Incoming>();
        agent.threaded.store(true, Ordering::Relaxed);
        let thread =
            Builder::new().name(format!("worker {number}")).stack_size(STACK_BYTES).spawn(move || {
                for incoming in queue {
                    agent.answer(incoming);
                }
            })?;
        Ok(Worker { requests, thread })
    }

    /// Joins thread `number` once it has served its requests; does nothing if the thread does not exist.
    pub(super) fn end(&mut self, number: u32) {
        if let Some(worker) = self.workers.remove(&number) {
            drop(worker.requests);
            // A panic aborts the process.
            let _ = worker.thread.join();
        }
    }
}
