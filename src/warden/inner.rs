//! The inner warden: process 1 of a PID namespace in which a program runs.
//!
//! Everything the program starts dies with it, and it dies with the warden: the kernel kills a namespace whose process
//! 1 has died. It reaps the orphans that the program does not, and reports the program's exit to the warden. A program
//! that must be process 1 itself has the warden as its parent.

use crate::sys::descriptors;
use crate::sys::process::container::{self, Privilege};
use crate::sys::process::{self, Forked, Handle, Reaped};
use crate::sys::signal;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::process::WaitOptions;
use std::time::{Duration, Instant};

/// How programs are contained, or why they are not.
pub(super) type Containment = Result<Privilege, String>;

/// How long a process that has nothing else to do may take to answer.
const SOON: Duration = Duration::from_secs(10);

/// Identifies the sender as the program.
const PROGRAM: &[u8] = b"P";
/// Precedes the wait status of the program.
const STATUS: u8 = b'S';
/// Precedes the pid, in the namespace, of an orphan that was reaped.
const ORPHAN: u8 = b'O';
/// The maximum number of such pids that are kept.
const ORPHANS: usize = 10_000;
/// Precedes an error number.
const ERROR: u8 = b'E';
/// Tells the other end to proceed.
const GO: &[u8] = b"g";

/// Its name in the protocol.
pub(super) const fn word(privilege: Privilege) -> &'static str {
    match privilege {
        Privilege::Root => "root",
        Privilege::Users => "users",
    }
}

/// The inner warden of a program, as the warden sees it.
pub(super) struct Inner {
    /// Its pid.
    pub(super) pid: i32,
    /// The orphans that it has reaped.
    pub(super) orphans: Vec<i32>,
    socket: OwnedFd,
}

impl Inner {
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Receives one of its messages: the status of the program, once reaped; `None` if there was no message.
    pub(super) fn take(&mut self) -> Option<Option<i32>> {
        let mut message = [0; 8];
        let Ok((5, _)) = container::receive(&self.socket, &mut message, true) else { return None };
        let number = i32::from_le_bytes([message[1], message[2], message[3], message[4]]);
        match message[0] {
            STATUS => return Some(Some(number)),
            ORPHAN if self.orphans.len() < ORPHANS => self.orphans.push(number),
            _ => {}
        }
        Some(None)
    }

    /// Kills it, and with it everything in its namespace.
    pub(super) fn end(&self) {
        let _ = process::kill(self.pid, libc::SIGKILL);
        reap_soon(self.pid);
    }
}

/// Reaps a child that was killed, or that exits by itself.
pub(super) fn reap_soon(pid: i32) -> Option<i32> {
    let handle = Handle::open(pid).ok()?;
    handle.await_end(SOON);
    let began = Instant::now();
    loop {
        match process::reap(pid) {
            Reaped::Gone(status) => return Some(status),
            Reaped::NotYet if began.elapsed() < SOON => std::thread::yield_now(),
            _ => return None,
        }
    }
}

/// Tries to create a namespace with a matching `/proc`, in which pids are translated to ours.
pub(super) fn try_out() -> Containment {
    let privilege = Privilege::of_us();
    let pid = start(privilege, true, |socket| {
        let _ = rustix::io::write(socket, PROGRAM);
        process::exit_now(0)
    });
    let (pid, inner) = pid?;
    let mut message = [0; 8];
    let received = soon(&inner.socket).and_then(|()| container::receive(&inner.socket, &mut message, true));
    reap_soon(pid);
    match received {
        Ok((1, sender)) if sender == pid => Ok(privilege),
        Ok((5, _)) if message[0] == ERROR => {
            let number = i32::from_le_bytes([message[1], message[2], message[3], message[4]]);
            Err(format!("cannot mount /proc: {}", crate::wait::names::errno_text(number)))
        }
        Ok(_) => Err("pids of another namespace are not translated to ours".to_owned()),
        Err(e) => Err(errno(e)),
    }
}

/// Waits until there is something to read.
fn soon(socket: &OwnedFd) -> Result<(), Errno> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let within = Timespec { tv_sec: SOON.as_secs().cast_signed(), tv_nsec: 0 };
    match poll(&mut [PollFd::new(socket, PollFlags::IN)], Some(&within))? {
        0 => Err(Errno::TIMEDOUT),
        _ => Ok(()),
    }
}

/// Starts a program in its own namespace, and returns its pid. If it is process 1 there (`first`), there is no inner
/// warden, and the pid in the `Inner` returned is the program's.
pub(super) fn start(
    privilege: Privilege,
    first: bool,
    program: impl FnOnce(&OwnedFd),
) -> Result<(i32, Inner), String> {
    let (ours, theirs) = container::messages().map_err(errno)?;
    let pid = match container::fork_first(privilege).map_err(errno)? {
        Forked::Parent(pid) => pid,
        Forked::Child => {
            drop(ours);
            process::die_with_parent(Some(libc::SIGKILL));
            // If the warden is already gone, there is no one to die with.
            if rustix::io::read(&theirs, &mut [0; 1]) != Ok(1) {
                process::exit_now(1)
            }
            if let Err(error) = container::own_proc() {
                let _ = rustix::io::write(&theirs, &with_number(ERROR, error.raw_os_error()));
                process::exit_now(1)
            }
            if first {
                program(&theirs);
                process::exit_now(1)
            }
            match process::fork() {
                Ok(Forked::Parent(pid)) => keep(&theirs, pid),
                Ok(Forked::Child) => {
                    let sent = rustix::io::write(&theirs, PROGRAM);
                    if sent.is_err() || rustix::io::read(&theirs, &mut [0; 1]) != Ok(1) {
                        process::exit_now(1)
                    }
                    program(&theirs);
                    process::exit_now(1)
                }
                Err(error) => {
                    let _ = rustix::io::write(&theirs, &with_number(ERROR, error.raw_os_error()));
                    process::exit_now(1)
                }
            }
        }
    };
    drop(theirs);
    let inner = Inner { pid, orphans: Vec::new(), socket: ours };
    let failed = |inner: &Inner, why: String| {
        inner.end();
        Err(why)
    };
    if let Err(error) = container::map_users(pid, privilege) {
        return failed(&inner, format!("cannot map the user: {}", errno(error)));
    }
    if let Err(error) = rustix::io::write(&inner.socket, GO) {
        return failed(&inner, errno(error));
    }
    if first {
        return Ok((pid, inner));
    }
    let mut message = [0; 8];
    let received = soon(&inner.socket).and_then(|()| container::receive(&inner.socket, &mut message, true));
    match received {
        Ok((1, sender)) if sender > 1 => Ok((sender, inner)),
        Ok((5, _)) => {
            let number = i32::from_le_bytes([message[1], message[2], message[3], message[4]]);
            failed(&inner, crate::wait::names::errno_text(number))
        }
        Ok(_) => failed(&inner, "the inner warden died".to_owned()),
        Err(error) => failed(&inner, errno(error)),
    }
}

/// Lets a program started by [`start`] proceed, once it is being watched.
pub(super) fn release(inner: &Inner) {
    let _ = rustix::io::write(&inner.socket, GO);
}

fn with_number(kind: u8, number: i32) -> [u8; 5] {
    let [a, b, c, d] = number.to_le_bytes();
    [kind, a, b, c, d]
}

/// The inner warden: reaps until it is killed.
fn keep(socket: &OwnedFd, program: i32) -> ! {
    signal::reset_all();
    let Some(socket) = alone(socket) else { process::exit_now(1) };
    let tell = |kind, number| {
        let _ = rustix::io::write(&socket, &with_number(kind, number));
    };
    let mut ended = None;
    loop {
        // Whatever the program left behind is reaped before its exit is reported.
        let options = if ended.is_some() { WaitOptions::NOHANG } else { WaitOptions::empty() };
        match (rustix::process::wait(options), ended) {
            (Ok(Some((pid, status))), None) if pid.as_raw_pid() == program => ended = Some(status.as_raw()),
            (Ok(Some((pid, _))), _) => tell(ORPHAN, pid.as_raw_pid()),
            (Err(Errno::INTR), _) => {}
            (_, Some(status)) => {
                tell(STATUS, status);
                ended = None;
            }
            // No children are left: wait until the warden is done with us, or dies.
            (_, None) => {
                let _ = rustix::io::read(&socket, &mut [0; 1]);
                process::exit_now(0)
            }
        }
    }
}

/// Closes every descriptor but this one: the program must hold the last copies of its streams.
fn alone(socket: &OwnedFd) -> Option<OwnedFd> {
    let high = rustix::io::fcntl_dupfd_cloexec(socket, 4).ok()?;
    let socket = descriptors::move_to(high, 3).ok()?;
    descriptors::close_from(4);
    let null = rustix::fs::open(c"/dev/null", rustix::fs::OFlags::RDWR, rustix::fs::Mode::empty()).ok()?;
    let _ = rustix::stdio::dup2_stdin(&null);
    let _ = rustix::stdio::dup2_stdout(&null);
    let _ = rustix::stdio::dup2_stderr(&null);
    Some(socket)
}

fn errno(e: Errno) -> String {
    crate::wait::names::errno_text(e.raw_os_error())
}
