//! A child that does not answer: if it is stopped or dead it never will, so there is no need to wait for the deadline.

use super::abort::Abort;
use super::core::{Child, Core};
use super::deadline::{PROMPT, STATE};
use super::expect::Expect;
use super::link::connection::LinkError;
use super::missing::Of;
use super::states::state_of;
use crate::protocol::Line;
use crate::protocol::warden::{ProcessState, Request};
use std::time::{Duration, Instant};

/// How long a child may be silent before its state is checked. A state seen twice, this long apart, is taken as final.
const LOOK: Duration = PROMPT.checked_div(50).expect("a part");

/// How many other processes may compete with a child that burns CPU time.
const OTHERS: u32 = 60;

/// The result of waiting for a child.
pub(super) enum Heard {
    Line(Line),
    /// It cannot answer in that state.
    Never(ProcessState),
}

impl Core<'_> {
    /// Waits until a step that was begun is done.
    pub fn await_step(&mut self, child: &Child, id: u64) -> Result<Line, Abort> {
        self.await_long_step(child, id, Duration::ZERO)
    }

    /// The same for a step that uses that much CPU time.
    pub(super) fn await_long_step(&mut self, child: &Child, id: u64, cpu: Duration) -> Result<Line, Abort> {
        self.spoken(child, "ok", Some(id), STATE + cpu * OTHERS)
    }

    /// A line with that word or id from a child that is expected to keep running.
    pub(super) fn spoken(
        &mut self,
        child: &Child,
        word: &str,
        id: Option<u64>,
        within: Duration,
    ) -> Result<Line, Abort> {
        match self.await_words(child, word, id, within)? {
            Heard::Line(line) => Ok(line),
            Heard::Never(state) => Err(never(child, word, state)),
        }
    }

    fn await_words(
        &mut self,
        child: &Child,
        word: &str,
        id: Option<u64>,
        within: Duration,
    ) -> Result<Heard, Abort> {
        self.begun.retain(|begun| Some(begun.id) != id);
        let began = Instant::now();
        let patience = self.link.patience(Of::Processes, format!("an answer of a child ({word})"), within);
        let (mut last, mut lasting) = (None, None);
        loop {
            let turn = if lasting.is_none() { LOOK } else { Duration::ZERO };
            match self.link.child_line_in_turn(&child.name, word, id, (began, patience.time), turn) {
                Ok(line) => return Ok(Heard::Line(line)),
                Err(LinkError::Late(_)) => {}
                Err(other) => return Err(other.into()),
            }
            if let Some(state) = lasting {
                return Ok(Heard::Never(state));
            }
            let seen = self.silent_state(child)?;
            // The warden reads what children have written before it answers. So whatever this one said before it got into
            // that state has arrived with the second answer, even if the machine was too busy to deliver it earlier.
            lasting = seen.filter(|_| seen == last);
            last = seen;
            if lasting.is_none() && began.elapsed() >= patience.time {
                self.link.did_not_come(patience)?;
                return Err(LinkError::Late(format!("{word} of child {}", child.name)).into());
            }
        }
    }

    /// The state of a child, if it cannot do anything in that state.
    fn silent_state(&mut self, child: &Child) -> Result<Option<ProcessState>, Abort> {
        let line = self.link.ask_warden(&Request::State { of: child.name.clone() }, PROMPT)?;
        let silent = [ProcessState::Stopped, ProcessState::Zombie, ProcessState::Gone];
        Ok(state_of(&line).filter(|state| silent.contains(state)))
    }
}

fn never(child: &Child, word: &str, state: ProcessState) -> Abort {
    let what = if word == "last" { "last words" } else { "answer" };
    Abort::Broken(format!("no {what} of child {}: it is {state}", child.name))
}

impl Expect<'_, '_> {
    /// The child answers a step that was begun: nothing has stopped or killed it.
    pub fn answered(self, child: &Child, id: u64) -> Result<Line, Abort> {
        match self.core.await_words(child, "ok", Some(id), STATE)? {
            Heard::Line(line) => Ok(line),
            Heard::Never(state) => {
                self.that(false, format!("{} to go on", child.name), format!("{} is {state}", child.name))?;
                // Where the clause does not apply, the child may be unable to go on.
                Err(never(child, "ok", state))
            }
        }
    }
}
