//! The stream of requests to the agent.

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;

/// The nonblocking end of a pipe, and what did not fit into it. A pipe may hold no more than a page (those of NetBSD with
/// `PIPE_SOCKETPAIR`, or Linux's once a user has many), and a trial sends more than that at once.
pub(super) struct Outbox {
    pipe: OwnedFd,
    rest: Vec<u8>,
}

impl Outbox {
    pub(super) fn new(pipe: OwnedFd) -> Outbox {
        Outbox { pipe, rest: Vec::new() }
    }

    /// The pipe, if something waits for room in it.
    pub(super) fn waiting(&self) -> Option<BorrowedFd<'_>> {
        (!self.rest.is_empty()).then(|| self.pipe.as_fd())
    }

    /// Sends one line, after what is waiting. Fails if it never will.
    pub(super) fn send(&mut self, line: &[u8]) -> Result<(), Errno> {
        self.rest.extend_from_slice(line);
        self.rest.push(b'\n');
        self.flush()
    }

    /// Sends as much of what is waiting as there is room for.
    pub(super) fn flush(&mut self) -> Result<(), Errno> {
        let mut sent = 0;
        let ended = loop {
            match rustix::io::write(&self.pipe, &self.rest[sent..]) {
                Ok(n) => sent += n,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break Ok(()),
                Err(errno) => break Err(errno),
            }
            if sent == self.rest.len() {
                break Ok(());
            }
        };
        self.rest.drain(..sent);
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::makeshift;

    #[test]
    fn what_does_not_fit_into_the_pipe_is_sent_later() {
        let (reader, pipe) = makeshift::pipe().unwrap();
        for end in [&reader, &pipe] {
            makeshift::nonblocking(end).unwrap();
        }
        let mut outbox = Outbox::new(pipe);
        let mut expected = Vec::new();
        // Far more than any pipe holds.
        for number in 0..200_000 {
            let line = format!("spawn id={number}").into_bytes();
            outbox.send(&line).unwrap();
            expected.extend_from_slice(&line);
            expected.push(b'\n');
        }
        assert!(outbox.waiting().is_some());
        let (mut got, mut buffer) = (Vec::new(), [0; 4096]);
        while got.len() < expected.len() {
            match rustix::io::read(&reader, &mut buffer) {
                Ok(n) => got.extend_from_slice(&buffer[..n]),
                Err(errno) => {
                    assert_eq!((errno, outbox.waiting().is_some()), (Errno::AGAIN, true));
                    outbox.flush().unwrap();
                }
            }
        }
        assert!(got == expected && outbox.waiting().is_none());
        drop(reader);
        assert_eq!(outbox.send(b"spawn"), Err(Errno::PIPE));
    }
}
