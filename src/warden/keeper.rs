//! Process 1 of an agent's PID namespace: creates decoys there, which take over the pids of children that were reaped.
//!
//! A decoy blocks every signal and is not a child of the agent: any signal that is pending for it in the end was meant
//! for the child that previously had its pid.

use crate::protocol::Line;
use crate::protocol::line::LineReader;
use crate::protocol::wait::{errno_text, signal_text};
use crate::sys::process::{self, Forked, Handle, Reaped, namespace};
use crate::sys::signal;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use std::time::Duration;

/// How long the keeper may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The warden's end of the stream to a keeper.
pub(super) struct Keeper {
    stream: OwnedFd,
    reader: LineReader,
}

impl Keeper {
    pub(super) fn new(stream: OwnedFd) -> Keeper {
        Keeper { stream, reader: LineReader::default() }
    }

    /// Sends a request and waits for the answer, which is `ok ...` or `err why=TEXT`.
    pub(super) fn ask(&mut self, request: &Line) -> Line {
        let lost = |why: &str| Line::new("err").with("why", format!("the keeper of the namespace {why}"));
        if rustix::io::write(&self.stream, format!("{request}\n").as_bytes()).is_err() {
            return lost("is gone");
        }
        loop {
            if let Some(line) = self.reader.next_line() {
                return line
                    .and_then(|bytes| Line::parse(&bytes))
                    .unwrap_or_else(|_| lost("sent a malformed answer"));
            }
            if !is_ready(&self.stream, PATIENCE) {
                return lost("does not answer");
            }
            let mut buffer = [0; 256];
            match rustix::io::read(&self.stream, &mut buffer) {
                Ok(0) => return lost("is gone"),
                Ok(n) => self.reader.push(&buffer[..n]),
                Err(Errno::INTR) => {}
                Err(_) => return lost("cannot be read from"),
            }
        }
    }
}

fn is_ready(fd: impl AsFd, within: Duration) -> bool {
    let timeout = Timespec::try_from(within).ok();
    let mut polled = [PollFd::new(&fd, PollFlags::IN)];
    rustix::io::retry_on_intr(|| poll(&mut polled, timeout.as_ref())).is_ok_and(|n| n > 0)
}

/// Serves one warden as process 1 of a namespace, until the warden hangs up or the agent exits, which kills everything
/// in it.
pub(super) fn keep(stream: OwnedFd, agent: i32) -> ! {
    signal::block_all();
    let Ok(agent) = Handle::open(agent) else { process::exit_now(1) };
    let mut reader = LineReader::default();
    let mut decoy = None;
    loop {
        while let Some(Ok(bytes)) = reader.next_line() {
            let answer = match Line::parse(&bytes) {
                Ok(line) if line.word() == "decoy" => match make(line.number("pid").unwrap_or(0)) {
                    Ok(made) => {
                        decoy = Some(made);
                        Line::new("ok")
                    }
                    Err(errno) => Line::new("err").with("why", errno_text(errno.raw_os_error())),
                },
                Ok(line) if line.word() == "pending" => pending(decoy.as_ref()),
                _ => Line::new("err").with("why", "it does not know this request"),
            };
            let _ = rustix::io::write(&stream, format!("{answer}\n").as_bytes());
        }
        let mut polled = vec![PollFd::new(&stream, PollFlags::IN)];
        if let Some(fd) = agent.poll_fd() {
            polled.push(PollFd::from_borrowed_fd(fd, PollFlags::IN));
        }
        if poll(&mut polled, None).is_err() {
            continue;
        }
        if polled.get(1).is_some_and(|agent| !agent.revents().is_empty()) {
            let code = match process::reap(agent.pid()) {
                Reaped::Gone(status) => crate::wait::WaitStatus::from_raw(status).exit_status().unwrap_or(1),
                _ => 1,
            };
            process::exit_now(code)
        }
        if !polled[0].revents().is_empty() {
            let mut buffer = [0; 256];
            match rustix::io::read(&stream, &mut buffer) {
                Ok(n) if n > 0 => reader.push(&buffer[..n]),
                Err(Errno::INTR) => {}
                _ => process::exit_now(0),
            }
        }
    }
}

/// Creates a decoy with that pid; returns the stream on which to query it.
fn make(pid: i64) -> Result<OwnedFd, Errno> {
    let pid = i32::try_from(pid).ok().filter(|pid| *pid > 1).ok_or(Errno::INVAL)?;
    let (ours, theirs) = rustix::net::socketpair(
        rustix::net::AddressFamily::UNIX,
        rustix::net::SocketType::STREAM,
        rustix::net::SocketFlags::empty(),
        None,
    )?;
    match namespace::fork_with_pid(pid)? {
        Forked::Parent(_) => Ok(ours),
        Forked::Child => {
            drop(ours);
            // It inherits the keeper's mask.
            while matches!(rustix::io::read(&theirs, &mut [0_u8; 1]), Ok(1) | Err(Errno::INTR)) {
                let pending = signal::pending().into_iter().map(|signal| signal_text(i64::from(signal)));
                let line = format!("{}\n", Line::new("ok").with_list("sigs", pending));
                let _ = rustix::io::write(&theirs, line.as_bytes());
            }
            process::exit_now(0)
        }
    }
}

/// The signals that are pending for the decoy.
fn pending(decoy: Option<&OwnedFd>) -> Line {
    let none = || Line::new("err").with("why", "there is no decoy");
    let Some(decoy) = decoy else { return none() };
    let mut buffer = [0; 256];
    let answers = rustix::io::write(decoy, b"?").is_ok() && is_ready(decoy, PATIENCE);
    match answers.then(|| rustix::io::read(decoy, &mut buffer)) {
        Some(Ok(n)) if n > 0 => Line::parse(buffer[..n].trim_ascii_end()).unwrap_or_else(|_| none()),
        // It was killed by a signal that cannot be blocked.
        _ => Line::new("ok").with_list("sigs", ["SIGKILL"]),
    }
}
