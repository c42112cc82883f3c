//! Steps that need a second thread.

use std::ffi::CString;
use std::sync::mpsc;
use std::thread::{Builder, JoinHandle, yield_now};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::work::STACK;
use crate::sys::process;
use crate::sys::process::workload;
use crate::sys::process_table::{self, State};

/// The time limit for the leader to disappear from the process table.
const LONG_ENOUGH: Duration = Duration::from_secs(5);

/// Starts a thread that runs `body`.
fn start<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> Result<JoinHandle<T>, Errno> {
    let io = |error: std::io::Error| Errno::from_io_error(&error).unwrap_or(Errno::AGAIN);
    Builder::new().stack_size(STACK).spawn(body).map_err(io)
}

/// Exits the calling thread with `code`, and once it is gone continues with `state` in a new one: `go_on` never
/// returns.
///
/// Returns the state if that is impossible: `ENOTSUP`, or the thread could not be created.
pub(super) fn leader_exit<T: Send + 'static>(state: T, code: i32, go_on: fn(T) -> !) -> (T, Errno) {
    if !workload::A_LEADER_CAN_EXIT {
        return (state, Errno::NOTSUP);
    }
    let leader = process::thread_id();
    let (hand_over, take_over) = mpsc::channel::<T>();
    let successor = start(move || {
        let Ok(state) = take_over.recv() else { return };
        wait_until_gone(leader);
        go_on(state)
    });
    match successor {
        Ok(_) => {
            // The send cannot fail while the receiving thread blocks on the channel.
            let _ = hand_over.send(state);
            exit_leader(code)
        }
        Err(error) => (state, error),
    }
}

fn exit_leader(code: i32) -> ! {
    loop {
        // Does not return if the system lets a leader exit; if it does return, sleeping forever comes closest.
        process::exit_thread(code);
        process::pause();
    }
}

/// Returns once the process table shows the thread as a zombie, no longer shows it, or shows no threads at all.
fn wait_until_gone(thread: i32) {
    let deadline = Instant::now() + LONG_ENOUGH;
    let gone = |state: State| matches!(state, State::Zombie | State::Dead);
    let pid = process::pid();
    while Instant::now() < deadline {
        match process_table::threads(pid).into_iter().find(|&(id, _)| id == thread) {
            Some((_, state)) if !gone(state) => yield_now(),
            _ => return,
        }
    }
}

/// Starts `count` threads that sleep for the life of the process.
pub(super) fn start_sleeping(count: u32) -> Result<(), Errno> {
    for _ in 0..count {
        start(|| {
            loop {
                process::pause();
            }
        })?;
    }
    Ok(())
}

/// A thread that sleeps until it is ended.
pub(super) struct Sleeper {
    id: i32,
    /// Dropping this wakes the thread.
    asleep: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl Sleeper {
    pub(super) fn start() -> Result<Sleeper, Errno> {
        let (asleep, awake) = mpsc::channel::<()>();
        let (sender, receiver) = mpsc::channel();
        let thread = start(move || {
            let _ = sender.send(process::thread_id());
            let _ = awake.recv();
        })?;
        let id = receiver.recv().map_err(|_| Errno::IO)?;
        Ok(Sleeper { id, asleep, thread })
    }

    /// Its thread ID, if threads have their own.
    pub(super) fn id(&self) -> i32 {
        self.id
    }

    /// Makes it exit; returns once it is gone.
    pub(super) fn end(self) {
        drop(self.asleep);
        let _ = self.thread.join();
        wait_until_gone(self.id);
    }
}

/// Terminates the whole process from a new thread, while the caller joins it.
pub(super) fn group_exit(code: i32) -> Errno {
    match start(move || process::exit_now(code)) {
        Ok(thread) => {
            let _ = thread.join();
            Errno::IO
        }
        Err(error) => error,
    }
}

/// Execs from a new thread, while the caller joins it. Returns why it failed.
pub(super) fn exec_from_thread(argv: Vec<CString>) -> Errno {
    let started = start(move || process::exec(&argv));
    started.map_or_else(|error| error, |thread| thread.join().unwrap_or(Errno::IO))
}
