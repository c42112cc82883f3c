//! A framed link: waiting until there is a warden at its far end, and noticing when something was lost.

use crate::protocol::warden::Request;
use crate::trial::link::connection::{Link, LinkError, SLICE, To};
use crate::trial::link::frames::Frames;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long a framed stream may be silent before the warden is asked whether everything arrived. Loss shows only in the
/// number of the next frame, and without this no one would send one until a deadline had passed.
const QUIET: Duration = Duration::from_secs(1);

impl Link {
    /// Waits until the warden at the far end of a framed stream is heard from; anything before that is startup noise.
    pub(crate) fn await_greeting(&mut self, within: Duration) -> Result<(), LinkError> {
        let deadline = self.deadline(within);
        while let Some(frames) = self.stream.frames().filter(|frames| !frames.is_greeted()) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(LinkError::Damaged(format!(
                    "no warden said hello on the line; {}",
                    frames.last_words()
                )));
            }
            if self.interrupted.load(Ordering::Relaxed) {
                return Err(LinkError::Interrupted);
            }
            match self.receive(left.min(SLICE)) {
                // Damage during startup is noise, too.
                Ok(()) | Err(LinkError::Damaged(_)) => {}
                Err(LinkError::WardenGone) => {
                    let words = self.stream.frames().map(Frames::last_words).unwrap_or_default();
                    return Err(LinkError::Damaged(format!(
                        "the line closed before a warden said hello; {words}"
                    )));
                }
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    /// Makes both ends of a framed stream send something after a silence, so that earlier loss is noticed.
    pub(crate) fn ask_after_silence(&mut self) -> Result<(), LinkError> {
        if self.stream.frames().is_none() || self.heard.elapsed() < QUIET {
            return Ok(());
        }
        let id = self.id();
        self.pings.push(id);
        self.heard = Instant::now();
        self.send(&[To::Warden(Request::Ping {}.to_line().with("id", id))])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::makeshift::pipe;
    use crate::trial::link::frames::tests::of_warden;
    use std::fs::File;
    use std::io::{BufRead, BufReader, Write};
    use std::sync::atomic::AtomicBool;
    use std::sync::mpsc::channel;

    #[test]
    fn hellos_do_not_hide_that_a_request_was_lost() {
        static INTERRUPTED: AtomicBool = AtomicBool::new(false);
        let (from_warden, to_driver) = pipe().expect("a pipe");
        let (from_driver, to_warden) = pipe().expect("a pipe");
        let (heard, pinged) = channel();
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(File::from(from_driver)).lines().map_while(Result::ok) {
                if line.contains("warden ping") {
                    let _ = heard.send(());
                }
            }
        });
        // It hears nothing but the ping, and says hello ten times for each time it is asked.
        let warden = std::thread::spawn(move || {
            let (mut frames, mut to_driver) = (Frames::default(), File::from(to_driver));
            let mut say = |line: &str| {
                let lines = of_warden(&mut frames, line).join(&b'\n');
                to_driver.write_all(&[&lines[..], b"\n"].concat()).is_ok()
            };
            while say("warden hello framed=1") {
                if pinged.recv_timeout(QUIET / 10).is_ok() {
                    return say("warden line-error why=lost frame=1");
                }
            }
            false
        });
        let mut link = Link::new(from_warden, to_warden, 1.0, &INTERRUPTED).framed();
        link.await_greeting(Duration::from_secs(60)).expect("it says hello");
        let answer = link.ask_warden(&Request::Probe {}, Duration::from_secs(60));
        assert!(matches!(answer, Err(LinkError::Damaged(_))), "{answer:?}");
        assert!(warden.join().expect("no panic"));
        drop(link);
        reader.join().expect("no panic");
    }
}
