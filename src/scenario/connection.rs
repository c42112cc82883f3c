//! The connection of a child to the warden.

use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use rustix::io::Errno;

use super::ChildOptions;
use crate::protocol::line::LineError;
use crate::protocol::{Line, LineReader};
use crate::sys::makeshift;
use crate::sys::process::exit_now;
use crate::wait::names::errno_text;

/// The exit code of a child whose connection failed or closed before it exited (`EX_OSERR`).
pub const CONNECTION_LOST: i32 = 71;

/// A connection to the warden.
pub(super) struct Connection {
    stream: UnixStream,
    reader: LineReader,
}

impl Connection {
    /// The connection that these options ask for, if any; the child exits if it cannot be made.
    pub(super) fn of(options: &ChildOptions) -> Option<Connection> {
        let (path, _) = options.connect.as_ref()?;
        match UnixStream::connect(path) {
            Ok(stream) => Some(Connection { stream, reader: LineReader::default() }),
            Err(error) => {
                let errno = error.raw_os_error().map_or_else(|| error.to_string(), errno_text);
                let _ = writeln!(std::io::stderr(), "a child cannot connect to the warden: {errno}");
                exit_now(CONNECTION_LOST)
            }
        }
    }

    /// The next line; the child exits when the connection closes.
    pub(super) fn read(&mut self) -> Result<Line, LineError> {
        let mut buffer = [0; 1024];
        loop {
            if let Some(line) = self.reader.next_line() {
                return line.and_then(|bytes| Line::parse(&bytes));
            }
            // With `read`, as on any stream: not every system has `recv`.
            match rustix::io::read(&self.stream, &mut buffer) {
                Ok(n) if n > 0 => self.reader.push(&buffer[..n]),
                Err(Errno::INTR) => {}
                _ => exit_now(CONNECTION_LOST),
            }
        }
    }

    /// Writes all of it, without raising SIGPIPE if no one is reading.
    pub(super) fn write(&self, mut bytes: &[u8]) -> Result<(), Errno> {
        // On Apple systems this takes a socket option, which the standard library sets.
        #[cfg(target_vendor = "apple")]
        let quietly = rustix::net::SendFlags::empty();
        #[cfg(not(target_vendor = "apple"))]
        let quietly = rustix::net::SendFlags::NOSIGNAL;
        while !bytes.is_empty() {
            let sent = rustix::net::send(&self.stream, bytes, quietly);
            match makeshift::or(sent, || rustix::io::write(&self.stream, bytes)) {
                Ok(n) => bytes = &bytes[n..],
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }

    /// Sleeps until it is closed; returns earlier if a signal comes.
    pub(super) fn sleep_until_closed(&self) {
        if makeshift::sleep_until_closed(&[self.stream.as_fd()]).is_ok() {
            exit_now(CONNECTION_LOST);
        }
    }
}
