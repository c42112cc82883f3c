//! What children say over a link.

use super::link::{Link, LinkError, Message};
use crate::protocol::Line;
use std::time::{Duration, Instant};

impl Link {
    /// The answer of a child to what it was told.
    pub(crate) fn child_answer(
        &mut self,
        name: &str,
        word: &str,
        id: Option<u64>,
        within: Duration,
    ) -> Result<Line, LinkError> {
        let patience = self.patience(format!("an answer of a child ({word})"), within);
        match self.child_line_until(Instant::now() + patience.time, name, word, id) {
            Err(late @ LinkError::Late(_)) => self.did_not_come(patience).and(Err(late)),
            other => other,
        }
    }

    /// A line of that word, or with that id, from a child; that it is late means nothing yet.
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
                // A step that it was started with could not be done: no other answer follows.
                Some(_) => (line.id() == id || is_failed_first_step(line)).then(|| line.clone()),
                // A step that it was started with could not be done, or an exec: nothing else follows.
                None => {
                    let failed = line.word() == "err" && (line.id().is_none() || word == "hello")
                        || is_failed_first_step(line);
                    (line.word() == word || failed).then(|| line.clone())
                }
            },
            _ => None,
        })
    }

    /// What that child says of an initial step that failed, or of why it does none.
    pub(crate) fn child_refusal(&mut self, name: &str, within: Duration) -> Result<Line, LinkError> {
        let late = format!("a refusal of child {name}");
        self.await_message(self.deadline(within), &late, true, |message| match message {
            Message::Child(of, line) if of == name => is_failed_first_step(line).then(|| line.clone()),
            _ => None,
        })
    }

    /// Takes what a child said of an initial step that failed, if anybody did so far.
    pub(crate) fn failed_first_step(&mut self) -> Option<Line> {
        self.take_if(|message| match message {
            Message::Child(_, line) => is_failed_first_step(line),
            _ => false,
        })
    }

    /// Takes the error of a step that was begun, if it has come.
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

/// Whether a child says that it could not do a step that it was started with, or does not know one.
fn is_failed_first_step(line: &Line) -> bool {
    let failed = line.word() == "unsupported" || line.word() == "err" && line.get("step").is_some();
    failed && line.id().is_none()
}
