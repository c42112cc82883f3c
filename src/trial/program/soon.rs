//! What a program does soon, or not at all: how long it is given.

use crate::protocol::warden::{ProcessState, Request};
use crate::trial::abort::{Abort, Outcome};
use crate::trial::core::Child;
use crate::trial::deadline::{PROMPT, ms};
use crate::trial::program::interface::{HANG, TURN, Trial, exit_within, output};
use crate::trial::program::outcome::ProgramOutcome;
use std::time::{Duration, Instant};

/// How long a program has been at rest. One that waits for a processor has not had its time, however long that takes.
struct Patience {
    began: Instant,
    at_rest: Option<Instant>,
}

impl Patience {
    fn new() -> Patience {
        Patience { began: Instant::now(), at_rest: None }
    }

    /// Begins again: the program has got on.
    fn renew(&mut self) {
        self.at_rest = None;
    }
}

impl Trial<'_> {
    /// Whether the program has been at rest for so long that it does nothing more by itself.
    fn has_had_its_time(&mut self, patience: &mut Patience) -> Result<bool, Abort> {
        if self.program_line()?.get("state").as_deref() == Some(ProcessState::Running.word()) {
            patience.at_rest = None;
        }
        let at_rest = *patience.at_rest.get_or_insert_with(Instant::now);
        Ok(at_rest.elapsed() > self.link.scaled(HANG)
            || patience.began.elapsed() > self.link.scaled(PROMPT * 3))
    }

    /// Whether there is soon no zombie any more: not if the program sleeps and leaves some.
    pub fn zombies_go(&mut self) -> Result<bool, Abort> {
        let mut patience = Patience::new();
        let mut least = i64::MAX;
        loop {
            let (_, zombies) = self.tally()?;
            if zombies == 0 {
                return Ok(true);
            }
            if zombies < least {
                least = zombies;
                patience.renew();
            }
            if self.has_had_its_time(&mut patience)? {
                return Ok(false);
            }
            exit_within(&mut self.core, TURN / 10)?;
        }
    }

    /// Whether a process is soon gone from the table: not if the program leaves it a zombie.
    pub fn goes(&mut self, child: &Child) -> Result<bool, Abort> {
        let mut patience = Patience::new();
        while !matches!(self.state(child)?, ProcessState::Gone | ProcessState::Unknown) {
            if self.has_had_its_time(&mut patience)? {
                return Ok(false);
            }
            self.take_a_turn()?;
        }
        Ok(true)
    }

    /// Whether a child that was stopped soon runs again, or has terminated.
    pub fn goes_on(&mut self, child: &Child) -> Result<bool, Abort> {
        let mut patience = Patience::new();
        while self.state(child)? == ProcessState::Stopped {
            if self.has_had_its_time(&mut patience)? {
                return Ok(false);
            }
            self.take_a_turn()?;
        }
        Ok(true)
    }

    /// Between two looks at a process: until the program exits, if it does so soon. One that has exited is not waited for.
    pub(crate) fn take_a_turn(&mut self) -> Outcome {
        if exit_within(&mut self.core, TURN / 20)?.is_some() {
            crate::sys::makeshift::pause(TURN / 20);
        }
        Ok(())
    }

    /// Gives the program time to stop with its command, which few do.
    pub fn program_stops_soon(&mut self) -> Outcome {
        let within = ms(self.link.scaled(TURN * 3));
        let request = Request::Await { of: "agent".to_owned(), state: ProcessState::Stopped, within };
        self.core.link.ask_warden(&request, PROMPT).map(drop).map_err(Abort::from)
    }

    /// How many signals a child has caught since it was last asked, once it has caught one, unless the program has had its time.
    pub fn caught_soon(&mut self, child: &Child) -> Result<i64, Abort> {
        let mut patience = Patience::new();
        loop {
            let caught = self.catches(child)?;
            if caught > 0 || self.has_had_its_time(&mut patience)? {
                return Ok(caught);
            }
            self.take_a_turn()?;
        }
    }

    /// The exit of the program, if it comes soon: before it has slept for as long as one that is said to hang.
    pub fn exits_soon(&mut self) -> Result<Option<ProgramOutcome>, Abort> {
        let mut patience = Patience::new();
        loop {
            match exit_within(&mut self.core, TURN)? {
                None if !self.has_had_its_time(&mut patience)? => {}
                came => return Ok(came),
            }
        }
    }

    /// What the program has written once it has written that, if it does so soon.
    pub fn output_soon(&mut self, text: &str) -> Result<String, Abort> {
        let mut patience = Patience::new();
        loop {
            let (written, came) = output(&mut self.core, Some(text), TURN)?;
            if came || self.has_had_its_time(&mut patience)? {
                return Ok(written.out);
            }
            if exit_within(&mut self.core, Duration::ZERO)?.is_some() {
                return Ok(output(&mut self.core, None, Duration::ZERO)?.0.out);
            }
        }
    }
}
