//! Lines from children, as received over a link.

use crate::protocol::Line;
use crate::trial::link::connection::{Link, LinkError, Message};
use std::time::{Duration, Instant};

impl Link {
    /// As [`Link::child_line`], for one turn of a longer wait that began at the given time and lasts that long.
    pub(crate) fn child_line_in_turn(
        &mut self,
        name: &str,
        word: &str,
        id: Option<u64>,
        (began, whole): (Instant, Duration),
        turn: Duration,
    ) -> Result<Line, LinkError> {
        self.child_line_until(self.deadline(turn).min(began + whole), name, word, id)
    }

    /// A line from a child with that word or id; being late is not yet a failure.
    pub fn child_line(
        &mut self,
        name: &str,
        word: &str,
        id: Option<u64>,
        within: Duration,
    ) -> Result<Line, LinkError> {
        self.child_line_until(self.deadline(within), name, word, id)
    }

    fn child_line_until(
        &mut self,
        deadline: Instant,
        name: &str,
        word: &str,
        id: Option<u64>,
    ) -> Result<Line, LinkError> {
        let late = format!("{word} of child {name}");
        self.await_message(deadline, &late, true, |m| match m {
            Message::Child(n, line) if n == name => match id {
                // An initial step could not be done: no other answer follows.
                Some(_) => (line.id() == id || is_failed_first_step(line)).then(|| line.clone()),
                // An initial step, or an exec, could not be done: nothing else follows.
                None => {
                    let failed = line.word() == "err" && (line.id().is_none() || word == "hello")
                        || is_failed_first_step(line);
                    (line.word() == word || failed).then(|| line.clone())
                }
            },
            _ => None,
        })
    }

    /// Takes a child's message that an initial step failed or is unknown, if it has arrived.
    pub(crate) fn refusal_of(&mut self, name: &str) -> Option<Line> {
        self.take_if(
            |message| matches!(message, Message::Child(of, line) if of == name && is_failed_first_step(line)),
        )
    }

    /// Takes a message that an initial step failed, from any child, if one has arrived.
    pub(crate) fn failed_first_step(&mut self) -> Option<Line> {
        self.take_if(|message| match message {
            Message::Child(_, line) => is_failed_first_step(line),
            _ => false,
        })
    }

    /// Takes the error of a step that was begun, if it has arrived.
    pub(crate) fn failed_step(&mut self, name: &str, id: u64) -> Option<Line> {
        self.take_if(|message| match message {
            Message::Child(of, line) => {
                of == name && matches!(line.word(), "err" | "unsupported") && line.id() == Some(id)
            }
            _ => false,
        })
    }

    fn take_if(&mut self, is_wanted: impl Fn(&Message) -> bool) -> Option<Line> {
        let at = self.inbox.iter().position(is_wanted)?;
        match self.inbox.remove(at)? {
            Message::Agent(line) | Message::Child(_, line) | Message::Warden(line) => Some(line),
        }
    }
}

/// Whether a child reports that an initial step failed or is unknown.
fn is_failed_first_step(line: &Line) -> bool {
    let failed = line.word() == "unsupported" || line.word() == "err" && line.get("step").is_some();
    failed && line.id().is_none()
}
