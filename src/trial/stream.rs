//! The bytes between the driver and a warden: lines, in frames where the stream may lose some.

use super::frames::{Frames, Taken};
use crate::protocol::LineReader;
use crate::sys::makeshift;
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

/// Both directions of a stream.
pub(super) struct Stream {
    input: OwnedFd,
    output: OwnedFd,
    reader: LineReader,
    /// Of a stream that may drop, garble or echo bytes.
    frames: Option<Frames>,
}

/// What came.
pub(super) enum Arrived {
    /// A line of the warden.
    Line(Vec<u8>),
    /// Frames lost or changed something: what.
    Damaged(String),
    /// More bytes without a line feed than a line may have.
    Endless,
}

/// The stream has ended.
pub(super) struct Closed;

impl Stream {
    /// A stream over two descriptors that block.
    pub(super) fn new(input: OwnedFd, output: OwnedFd) -> Stream {
        Stream { input, output, reader: LineReader::addressed(), frames: None }
    }

    /// The same where it may drop, garble or echo bytes.
    pub(super) fn framed(self) -> Stream {
        Stream { frames: Some(Frames::default()), ..self }
    }

    /// The frames, of a stream that has them.
    pub(super) fn frames(&self) -> Option<&Frames> {
        self.frames.as_ref()
    }

    /// Sends lines in one piece.
    pub(super) fn send(&mut self, lines: &[String]) -> Result<(), Closed> {
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
                Err(_) => return Err(Closed),
            }
        }
        Ok(())
    }

    /// What comes within that time.
    pub(super) fn receive(&mut self, within: Duration) -> Result<Vec<Arrived>, Closed> {
        match is_readable(&self.input, within) {
            Ok(false) | Err(Errno::INTR) => return Ok(Vec::new()),
            Ok(true) => {}
            Err(_) => return Err(Closed),
        }
        let mut buffer = [MaybeUninit::uninit(); 8192];
        match rustix::io::read(&self.input, &mut buffer) {
            Ok(([], _)) => return Err(Closed),
            Ok((bytes, _)) => self.reader.push(bytes),
            Err(Errno::INTR | Errno::AGAIN) => return Ok(Vec::new()),
            Err(_) => return Err(Closed),
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

    /// Closes the driver's end, and waits until the warden has closed its own.
    pub(super) fn close(self, within: Duration) {
        let Stream { input, output, .. } = self;
        let _ = rustix::net::shutdown(&output, rustix::net::Shutdown::Write);
        drop(output);
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

/// Whether there is something to read, or the end of the stream, within that time.
fn is_readable(input: &OwnedFd, within: Duration) -> Result<bool, Errno> {
    Ok(makeshift::readable(&[input.as_fd()], Some(within))?[0])
}
