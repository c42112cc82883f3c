//! What comes from a warden: read, sorted by address, and parsed once.

use crate::protocol::Line;
use crate::trial::link::connection::{Link, LinkError, Message};
use crate::trial::link::frames::is_greeting;
use crate::trial::link::stream::{Arrived, Closed};
use std::time::{Duration, Instant};

/// More lines and bytes than any trial has: a flood from an agent or a child is cut off rather than kept in memory.
const FLOOD: usize = 20_000;
const FLOOD_BYTES: usize = 16 << 20;

/// How much of a line an error shows, in characters.
const SHOWN: usize = 200;

impl Link {
    /// Reads what arrives within that time into the inbox.
    pub(crate) fn receive(&mut self, within: Duration) -> Result<(), LinkError> {
        let mut broken = None;
        let arrived = self.stream.receive(within).map_err(|closed| self.end_of_stream(closed))?;
        for arrived in arrived {
            let came = match arrived {
                // Greetings are repeated until they are answered, so one says nothing about whether our lines arrive.
                Arrived::Line(bytes) if is_greeting(&bytes) => Ok(()),
                Arrived::Line(bytes) => {
                    self.heard = Instant::now();
                    self.take(&bytes)
                }
                Arrived::Damaged(what) => Err(LinkError::Damaged(what)),
                Arrived::Endless => Err(LinkError::Protocol("the warden sent a line without end".into())),
            };
            if let Err(error) = came {
                broken.get_or_insert(error);
            }
        }
        if let Some(LinkError::Damaged(what)) = &broken {
            self.damage.get_or_insert_with(|| what.clone());
        }
        broken.map_or(Ok(()), Err)
    }

    /// The error for the end of the stream; for a machine behind a framed one with its last words, such as a kernel
    /// panic.
    fn end_of_stream(&mut self, closed: Closed) -> LinkError {
        self.ended = true;
        match self.stream.frames() {
            Some(frames) if frames.is_greeted() => {
                LinkError::Damaged(format!("the line to the warden ended; {}", frames.last_words()))
            }
            _ => closed.into(),
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        let text = String::from_utf8_lossy(bytes);
        let (address, rest) = text.split_once(' ').unwrap_or((&text, ""));
        if !self.closing {
            self.received += 1;
            self.received_bytes += bytes.len();
            if self.received > FLOOD || self.received_bytes > FLOOD_BYTES {
                let what = format!("more than {FLOOD} lines or {FLOOD_BYTES} bytes in one trial");
                return Err(LinkError::Protocol(what));
            }
            self.trace.push(format!("< {text}"));
        }
        let parse = |s: &str| s.parse::<Line>().map_err(|e| broken(e, s));
        let message = match address {
            "agent" => {
                let line = parse(rest)?;
                self.outstanding.received(&line).map_err(|why| broken(why, rest))?;
                if line.word() == "entering" {
                    // Meant for the warden, which watches the caller.
                    return Ok(());
                }
                self.late_write |= line.flag("late-write");
                Message::Agent(line)
            }
            "child" => {
                let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                Message::Child(name.to_owned(), parse(rest)?)
            }
            "warden" => {
                let line = parse(rest)?;
                match (line.word(), line.get("of").as_deref()) {
                    ("gone", Some("agent")) => {
                        self.agent_gone = true;
                        return Ok(());
                    }
                    ("eof", Some("agent")) => {
                        return Err(LinkError::Protocol(
                            "it closed its standard output but is still running".into(),
                        ));
                    }
                    ("stderr", _) => {
                        self.stderr = line.get("text").unwrap_or_default();
                        return Ok(());
                    }
                    ("garbage", _) => {
                        let field = |key| line.get(key).unwrap_or_default();
                        let mut what =
                            format!("{} from the {}: {:?}", field("why"), field("from"), field("what"));
                        if field("from") == "agent" {
                            what += "; standard output is for the protocol alone; write anything else to standard error";
                        }
                        return Err(LinkError::Protocol(what));
                    }
                    ("elsewhere", Some(name)) => {
                        let pid = line.get("pid").unwrap_or_default();
                        if pid == "1" {
                            return Err(LinkError::NoPid(name.to_owned()));
                        }
                        return Err(LinkError::Elsewhere(format!("child {name} (pid {pid})")));
                    }
                    ("line-error", _) => {
                        let field = |key| line.get(key).unwrap_or_default();
                        let what = format!(
                            "the line to the warden is not clean: at its end {} (at frame {})",
                            field("why"),
                            field("frame")
                        );
                        return Err(LinkError::Damaged(what));
                    }
                    ("unfit", _) => {
                        let why = line.get("why").unwrap_or_default();
                        return Err(LinkError::Unfit(format!("the warden could not start: {why}")));
                    }
                    _ => match self.pings.iter().position(|&ping| line.id() == Some(ping)) {
                        Some(answered) => {
                            self.pings.swap_remove(answered);
                            return Ok(());
                        }
                        None => Message::Warden(line),
                    },
                }
            }
            _ => {
                return Err(LinkError::Protocol(format!(
                    "a line that is not from a warden: {} (`--warden 'framed:COMMAND'` passes over what a console adds)",
                    shown(&text)
                )));
            }
        };
        if !self.closing || matches!(message, Message::Warden(_)) {
            self.inbox.push_back(message);
        }
        Ok(())
    }
}

/// What is wrong with a line, and its beginning.
fn broken(why: impl std::fmt::Display, line: &str) -> LinkError {
    LinkError::Protocol(format!("{why}: {}", shown(line)))
}

fn shown(line: &str) -> String {
    line.chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::line::counts;
    use crate::sys::makeshift::pipe;
    use std::fs::File;
    use std::io::{BufRead, BufReader, Write};
    use std::sync::atomic::AtomicBool;

    #[test]
    fn a_request_is_written_once_and_its_answer_parsed_once() {
        static INTERRUPTED: AtomicBool = AtomicBool::new(false);
        let (from_warden, to_driver) = pipe().expect("a pipe");
        let (from_driver, to_warden) = pipe().expect("a pipe");
        let mut link = Link::new(from_warden, to_warden, 1.0, &INTERRUPTED);
        // It answers without a parser: both counts are the driver's.
        let warden = std::thread::spawn(move || {
            let mut line = String::new();
            BufReader::new(File::from(from_driver)).read_line(&mut line).expect("a request");
            let id = line.rsplit_once(" id=").map(|(_, id)| id.trim_end()).expect("an id");
            writeln!(File::from(to_driver), "agent ok  id={id}").expect("a reader");
            line
        });
        let before = counts();
        let reply = link.ask_agent(Line::new("getids"), Duration::from_secs(60)).expect("an answer");
        let after = counts();
        assert_eq!(reply.word(), "ok");
        assert_eq!((after.0 - before.0, after.1 - before.1), (1, 1), "lines written and parsed");
        let sent = warden.join().expect("no panic");
        assert_eq!(link.trace[0], format!("> {}", sent.trim_end()), "the trace is the same text");
        assert!(link.trace[1].starts_with("< agent ok  id="), "{:?}", link.trace);
    }
}
