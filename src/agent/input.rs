//! Reading requests.

use crate::protocol::{Line, LineReader};
use crate::sys::process;
use rustix::fd::OwnedFd;
use rustix::io::Errno;

/// Passes each request that arrives on `input` to `dispatch`, and exits: 0 at the end of `input`, 1 if it cannot be
/// read.
pub(super) fn serve(input: &OwnedFd, mut dispatch: impl FnMut(Line)) -> ! {
    let mut reader = LineReader::default();
    let mut buffer = [0; 4096];
    loop {
        while let Some(bytes) = reader.next_line() {
            match bytes.and_then(|bytes| Line::parse(&bytes)) {
                Ok(line) => dispatch(line),
                // A reply would need an id.
                Err(error) => eprintln!("the agent received a malformed line: {error}"),
            }
        }
        match rustix::io::read(input, &mut buffer) {
            Ok(0) => process::exit_now(0),
            Ok(n) => reader.push(&buffer[..n]),
            Err(Errno::INTR) => {}
            Err(error) => {
                eprintln!("the agent cannot read its requests: {error}");
                process::exit_now(1)
            }
        }
    }
}
