//! Steps that need a second thread.

use std::ffi::CString;
use std::sync::mpsc;
use std::thread::{Builder, yield_now};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::child::Child;
use super::step::Step;
use crate::protocol::Line;
use crate::sys::process;
use crate::sys::process::workload;
use crate::sys::process_table::{self, State};

/// The stack of a thread, in bytes: little, since it counts for the child's resident set where it is used.
pub(super) const STACK: usize = 256 * 1024;

/// How long the leader's end is looked for in the process table.
const LONG_ENOUGH: Duration = Duration::from_secs(5);

/// Starts a thread that does `body`.
fn start(body: impl FnOnce() + Send + 'static) -> Result<std::thread::JoinHandle<()>, Errno> {
    let io = |error: std::io::Error| Errno::from_io_error(&error).unwrap_or(Errno::AGAIN);
    Builder::new().stack_size(STACK).spawn(body).map_err(io)
}

/// Lets the calling thread exit with `code`, and has a new one answer and go on once it is gone.
///
/// Returns the child when there is no such thing: `ENOTSUP`, or the thread could not be made.
pub(super) fn leader_exit(child: Child, code: i32, id: Option<u64>) -> (Child, Errno) {
    if !workload::A_LEADER_CAN_EXIT {
        return (child, Errno::NOTSUP);
    }
    let leader = process::thread_id();
    let (hand_over, take_over) = mpsc::channel::<Child>();
    let successor = start(move || {
        let Ok(mut child) = take_over.recv() else { return };
        wait_until_gone(leader);
        child.answer(&Step::LeaderExit { code }, id, Ok(Line::new("ok")));
        std::process::exit(child.go_on())
    });
    match successor {
        Ok(_) => {
            // A channel's send cannot fail while the receiver's thread waits in it.
            let _ = hand_over.send(child);
            exit_leader(code)
        }
        Err(error) => (child, error),
    }
}

fn exit_leader(code: i32) -> ! {
    loop {
        // It does not return where a leader can exit; if it did, to sleep for good is as near as the leader could come.
        process::exit_thread(code);
        process::pause();
    }
}

/// Returns when the process table shows that thread as a zombie or no longer, or shows no threads at all.
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

/// Starts so many threads that sleep for as long as the process lives.
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

/// Has a new thread end the whole process, while the caller waits for it.
pub(super) fn group_exit(code: i32) -> Errno {
    match start(move || process::exit_now(code)) {
        Ok(thread) => {
            let _ = thread.join();
            Errno::IO
        }
        Err(error) => error,
    }
}

/// Has a new thread replace the image, while the caller waits for it. Returns why it could not.
pub(super) fn exec_from_thread(argv: Vec<CString>) -> Errno {
    let (tell, told) = mpsc::channel();
    let started = start(move || {
        let _ = tell.send(process::exec(&argv));
    });
    match started {
        Ok(thread) => {
            let _ = thread.join();
            told.recv().unwrap_or(Errno::IO)
        }
        Err(error) => error,
    }
}
