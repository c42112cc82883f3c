//! The bytes between the driver and a warden: lines, in frames where the stream may lose some of them.

use crate::protocol::LineReader;
use crate::sys::makeshift;
use crate::trial::link::frames::{Frames, Taken};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

/// Both directions of a stream.
pub(crate) struct Stream {
    input: OwnedFd,
    output: OwnedFd,
    reader: LineReader,
    /// For a stream that may drop, garble or echo bytes.
    frames: Option<Frames>,
}

/// What has arrived.
pub(crate) enum Arrived {
    /// A line of the warden.
    Line(Vec<u8>),
    /// Frames were lost or changed; how.
    Damaged(String),
    /// More bytes without a line feed than a line may have.
    Endless,
}

/// The stream has ended, or failed with that error.
pub(crate) struct Closed(pub(crate) Option<Errno>);

impl Stream {
    /// A stream over two blocking descriptors.
    pub(crate) fn new(input: OwnedFd, output: OwnedFd) -> Stream {
        Stream { input, output, reader: LineReader::addressed(), frames: None }
    }

    /// The same, for a stream that may drop, garble or echo bytes.
    pub(crate) fn framed(self) -> Stream {
        Stream { frames: Some(Frames::default()), ..self }
    }

    /// The frames, if the stream has them.
    pub(crate) fn frames(&self) -> Option<&Frames> {
        self.frames.as_ref()
    }

    /// Sends lines in one write.
    pub(crate) fn send(&mut self, lines: &[String]) -> Result<(), Closed> {
        let mut bytes = Vec::new();
        for line in lines {
            match &mut self.frames {
                Some(frames) => bytes.extend_from_slice(&frames.wrap(line.as_bytes())),
                None => {
                    bytes.extend_from_slice(line.as_bytes());
                    bytes.push(b'\n');
                }
            }
        }
        let mut left = bytes.as_slice();
        while !left.is_empty() {
            match rustix::io::write(&self.output, left) {
                Ok(n) => left = &left[n..],
                Err(Errno::INTR) => {}
                Err(Errno::PIPE | Errno::CONNRESET) => return Err(Closed(None)),
                Err(errno) => return Err(Closed(Some(errno))),
            }
        }
        Ok(())
    }

    /// What arrives within that time.
    pub(crate) fn receive(&mut self, within: Duration) -> Result<Vec<Arrived>, Closed> {
        match is_readable(&self.input, within) {
            Ok(false) | Err(Errno::INTR) => return Ok(Vec::new()),
            Ok(true) => {}
            Err(errno) => return Err(Closed(Some(errno))),
        }
        let mut buffer = [MaybeUninit::uninit(); 8192];
        match rustix::io::read(&self.input, &mut buffer) {
            Ok(([], _)) | Err(Errno::CONNRESET) => return Err(Closed(None)),
            Ok((bytes, _)) => self.reader.push(bytes),
            Err(Errno::INTR | Errno::AGAIN) => return Ok(Vec::new()),
            Err(errno) => return Err(Closed(Some(errno))),
        }
        let mut arrived = Vec::new();
        while let Some(line) = self.reader.next_line() {
            arrived.push(match (line, &mut self.frames) {
                (Ok(bytes), None) => Arrived::Line(bytes),
                (Ok(bytes), Some(frames)) => match frames.take(&bytes) {
                    Taken::Line(line) => Arrived::Line(line),
                    Taken::Damaged(what) => Arrived::Damaged(what),
                    Taken::Nothing => continue,
                },
                (Err(_), None) => Arrived::Endless,
                (Err(_), Some(_)) => Arrived::Damaged("the line to the warden holds no line feed".into()),
            });
        }
        Ok(arrived)
    }

    /// Closes the driver's end, and waits until the warden has closed its end.
    pub(crate) fn close(self, within: Duration) {
        let Stream { input, output, .. } = self;
        let shut = rustix::net::shutdown(&output, rustix::net::Shutdown::Write);
        drop(output);
        if !matches!(shut, Ok(()) | Err(Errno::NOTSOCK | Errno::NOTCONN)) {
            // The other descriptor keeps a socket open: if it cannot be shut down, only closing the last one is
            // noticed.
            return;
        }
        let deadline = Instant::now() + within;
        let mut buffer = [0_u8; 4096];
        loop {
            match is_readable(&input, deadline.saturating_duration_since(Instant::now())) {
                Err(Errno::INTR) => continue,
                Ok(false) | Err(_) => return,
                Ok(true) => {}
            }
            match rustix::io::read(&input, &mut buffer) {
                Ok(n) if n > 0 => {}
                Err(Errno::INTR) => {}
                _ => return,
            }
        }
    }
}

/// Whether there is something to read, or end of file, within that time.
fn is_readable(input: &OwnedFd, within: Duration) -> Result<bool, Errno> {
    Ok(makeshift::readable(&[input.as_fd()], Some(within))?[0])
}
