//! What becomes of the children of a program, while it runs and afterwards.

use crate::protocol::warden::{ProcessState, Request};
use crate::trial::abort::{Abort, Outcome};
use crate::trial::core::Child;
use crate::trial::deadline::{PROMPT, ms};
use crate::trial::program::interface::{TURN, Trial};
use crate::trial::program::outcome::Offer;
use std::time::Instant;

impl Trial<'_> {
    /// A child of the same name, run again; `None` if that does not happen.
    pub fn meets_again(&mut self, child: &Child) -> Result<Option<Child>, Abort> {
        let offer = Offer { name: child.name.clone(), command: String::new() };
        match self.meet(&offer) {
            Err(Abort::Broken(_)) => Ok(None),
            met => met.map(Some),
        }
    }

    /// Waits until everything that the program has run is gone, too: a shell need not wait for each command of a
    /// pipeline.
    pub fn await_nobody(&mut self) -> Outcome {
        let began = Instant::now();
        while began.elapsed() < self.link.scaled(PROMPT) && self.tally()? != (0, 0) {
            self.take_a_turn()?;
        }
        Ok(())
    }

    /// Whether the program left that child, zombie or alive, to process 1 of its namespace.
    pub fn was_inherited(&mut self, child: &Child) -> Result<bool, Abort> {
        let reply = self.core.link.ask_warden(&Request::Tally {}, PROMPT)?;
        Ok(reply.list("orphans").contains(&child.pid.to_string()))
    }

    /// Whether the program has become that child by an exec.
    pub fn has_become(&mut self, child: &Child) -> Result<bool, Abort> {
        let program = self.program_line()?.get("pid");
        let child = self.state_line(child)?.get("pid");
        Ok(program.is_some() && program == child)
    }

    /// Waits until a child that was told to stop has stopped, or is gone because the program took the stop for
    /// termination.
    pub fn await_stopped_or_exit(&mut self, child: &Child) -> Outcome {
        let began = Instant::now();
        // A stop under a tracer takes a while to show.
        let within = ms(self.link.scaled(TURN * 3));
        while began.elapsed() < self.link.scaled(PROMPT) {
            let request = Request::Await { of: child.name.clone(), state: ProcessState::Stopped, within };
            let reply = self.core.link.ask_warden(&request, PROMPT)?;
            let gone = |state: &str| ["gone", "zombie"].contains(&state);
            if reply.word() == "ok"
                || reply.get("state").is_some_and(|state| gone(&state))
                || self.has_exited()?
            {
                return Ok(());
            }
        }
        // Nothing but a SIGCONT undoes a SIGSTOP that it was sent.
        Err(Abort::Skip(format!("{} does not stay stopped: something continues it", child.name)))
    }
}
