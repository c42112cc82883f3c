//! A child controlled by a byte on a pipe.

use std::sync::mpsc;
use std::time::Duration;

use rustix::fd::OwnedFd;
use waitspec::sys::process::{self, Forked};
use waitspec::wait::{Errno, IdOptions, Pid, Signal, try_waitid, waitid};

/// Aborts the test process if a test takes this long: a wait that hangs must not hang the run.
const LONGEST: Duration = Duration::from_secs(60);

/// A forked child that lives until it receives a byte, and exits with it.
pub struct Child {
    pub pid: Pid,
    tell: OwnedFd,
    _watchdog: mpsc::Sender<()>,
}

impl Child {
    /// A child that waits for its byte.
    pub fn held() -> Child {
        Child::after(|| {})
    }

    /// A child that does something async-signal-safe and then waits for its byte.
    pub fn after(first: impl FnOnce()) -> Child {
        let (watchdog, over) = mpsc::channel::<()>();
        std::thread::spawn(move || {
            if over.recv_timeout(LONGEST) == Err(mpsc::RecvTimeoutError::Timeout) {
                eprintln!("a test did not end within {LONGEST:?}");
                std::process::abort();
            }
        });
        let (hear, tell) = rustix::pipe::pipe().expect("a pipe");
        match process::fork().expect("fork") {
            Forked::Child => {
                first();
                let mut byte = [0_u8];
                loop {
                    match rustix::io::read(&hear, &mut byte) {
                        Ok(1) => process::exit_now(byte[0].into()),
                        Err(Errno::INTR) => {}
                        // The parent, which held the other end of the pipe, is gone.
                        _ => process::exit_now(99),
                    }
                }
            }
            Forked::Parent(pid) => {
                Child { pid: Pid::from_raw(pid).expect("a pid"), tell, _watchdog: watchdog }
            }
        }
    }

    /// A child that has exited and has not been reaped.
    pub fn zombie(code: u8) -> Child {
        let child = Child::held();
        child.exit(code);
        child.await_change(IdOptions::EXITED);
        child
    }

    /// Lets it exit.
    pub fn exit(&self, code: u8) {
        assert_eq!(rustix::io::write(&self.tell, &[code]), Ok(1));
    }

    /// Sends it a signal. It has not been reaped, so the pid is its own.
    pub fn signal(&self, signal: Signal) {
        process::kill(self.pid.as_raw_nonzero().get(), signal.number()).expect("our child");
    }

    /// Blocks until the change can be waited for, without consuming it.
    pub fn await_change(&self, change: IdOptions) {
        waitid(self.pid, change | IdOptions::NOWAIT).expect("our child");
    }
}

impl Drop for Child {
    /// Leaves no child behind when a test fails. A child that has been reaped is not touched: its pid may be reused.
    fn drop(&mut self) {
        let ours = try_waitid(self.pid, IdOptions::EXITED | IdOptions::NOWAIT).is_ok();
        if ours {
            self.signal(Signal::KILL);
            let _ = waitid(self.pid, IdOptions::EXITED);
        }
    }
}
