//! A framed link: waiting until there is a warden at its far end, and noticing when something was lost.

use crate::protocol::warden::Request;
use crate::trial::link::connection::{Link, LinkError, SLICE, To};
use crate::trial::link::frames::{Frames, on_the_line};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long a framed stream may be silent before the warden is asked whether everything arrived. Loss shows only in the
/// number of the next frame, and without this no one would send one until a deadline had passed.
const QUIET: Duration = Duration::from_secs(1);

/// How many bytes the driver sends before it makes sure that they have been read. A terminal drops what its queue has no
/// room for; on NetBSD and OpenBSD there is room for 1,024 bytes (`TTYHOG`).
const WINDOW: usize = 768;

impl Link {
    /// Sends lines, and waits in between until the warden has read what was sent before.
    pub(crate) fn send_in_step(&mut self, lines: &[String]) -> Result<(), LinkError> {
        for line in lines {
            let bytes = on_the_line(line.len());
            if self.unread > 0 && self.unread + bytes > WINDOW && !self.ended {
                self.await_reader()?;
            }
            self.unread += bytes;
            self.stream.send(std::slice::from_ref(line))?;
        }
        Ok(())
    }

    /// Waits until the warden answers, and so has read everything, or for a while: what was lost shows later.
    fn await_reader(&mut self) -> Result<(), LinkError> {
        let id = self.id();
        let ping = To::Warden(Request::Ping {}.to_line().with("id", id)).to_string();
        self.trace.push(format!("> {ping}"));
        self.pings.push(id);
        self.stream.send(&[ping])?;
        self.unread = 0;
        // Not scaled: a line that was lost is never answered, and shows when the next one comes.
        let deadline = Instant::now() + QUIET;
        while self.pings.contains(&id) && !self.interrupted.load(Ordering::Relaxed) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            self.receive(left.min(SLICE))?;
        }
        Ok(())
    }

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
    use crate::protocol::Line;
    use crate::sys::makeshift::{pipe, readable};
    use crate::trial::link::frames::tests::of_warden;
    use std::fs::File;
    use std::io::{BufRead, BufReader, Write};
    use std::os::fd::AsFd;
    use std::sync::atomic::AtomicBool;
    use std::sync::mpsc::channel;

    #[test]
    fn a_slow_reader_loses_nothing() {
        static INTERRUPTED: AtomicBool = AtomicBool::new(false);
        let (from_warden, to_driver) = pipe().expect("a pipe");
        let (from_driver, to_warden) = pipe().expect("a pipe");
        // The requests it got, and the most bytes that were on their way before it answered.
        let warden = std::thread::spawn(move || {
            let (mut frames, mut to_driver) = (Frames::default(), File::from(to_driver));
            let mut lines = BufReader::new(File::from(from_driver));
            let (mut requests, mut waiting, mut most) = (0, 0, 0);
            let mut line = String::new();
            while lines.read_line(&mut line).is_ok_and(|read| read > 0) {
                waiting += line.len();
                most = most.max(waiting);
                match line
                    .trim_end()
                    .rsplit_once(" id=")
                    .filter(|(before, _)| before.ends_with("warden ping"))
                {
                    Some((_, id)) => {
                        // Nothing more may come before the answer.
                        let early =
                            readable(&[lines.get_ref().as_fd()], Some(QUIET / 20)).expect("a poll")[0];
                        most = if early || !lines.buffer().is_empty() { usize::MAX } else { most };
                        waiting = 0;
                        let answer = of_warden(&mut frames, &format!("warden ok id={id}")).concat();
                        to_driver.write_all(&[&answer[..], b"\n"].concat()).expect("a driver");
                    }
                    None => requests += 1,
                }
                line.clear();
            }
            (requests, most)
        });
        let mut link = Link::new(from_warden, to_warden, 60.0, &INTERRUPTED).framed();
        let request = |n: u64| To::Agent(Line::new("getids").with("id", n).with("more", "x".repeat(40)));
        link.send(&(0..64).map(request).collect::<Vec<_>>()).expect("a warden");
        drop(link);
        let (requests, most) = warden.join().expect("no panic");
        assert_eq!(requests, 64);
        assert!(most <= 1024, "{most} bytes were on their way");
    }

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
