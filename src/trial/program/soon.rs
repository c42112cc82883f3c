//! What a program does soon, or not at all: how long it is given.

use crate::protocol::Line;
use crate::protocol::warden::{ProcessState, Request};
use crate::scenario::Step;
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

/// The time during which the program was ready to run, and other processes had the processors: one that `nice` runs gets hardly
/// any on a busy machine with a single one.
#[derive(Debug, Default)]
pub(crate) struct Starved {
    cpu: Option<i64>,
    time: Duration,
}

impl Starved {
    /// Adds the last turn, at the end of which the process table shows this of the program.
    pub(crate) fn add(&mut self, shown: &Line, turn: Duration) {
        let cpu = shown.number("cpu").ok();
        let ready = shown.get("state").as_deref() == Some(ProcessState::Running.word());
        if let (true, Some(before), Some(now)) = (ready, self.cpu, cpu) {
            let ran = u64::try_from(now.saturating_sub(before)).unwrap_or(0);
            self.time += turn.saturating_sub(Duration::from_micros(ran));
        }
        self.cpu = cpu;
    }

    /// By how much longer the program may take.
    ///
    /// # Errors
    /// [`Abort::Broken`] if it has got nowhere for too long.
    pub(crate) fn time(&self, most: Duration) -> Result<Duration, Abort> {
        match self.time > most {
            true => Err(Abort::Broken("the program is ready to run, but gets no processor".to_owned())),
            false => Ok(self.time),
        }
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

    /// How many signals a child has caught since it was last asked; none if it is gone.
    pub fn catches(&mut self, child: &Child) -> Result<i64, Abort> {
        let told = self.try_tell(child, Step::Getids);
        Ok(told.ok().and_then(Result::ok).and_then(|reply| reply.number("caught").ok()).unwrap_or(0))
    }

    /// The same, once it has caught one, unless the program has had its time.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_program_that_is_ready_and_gets_no_processor_is_starved() {
        let turn = Duration::from_secs(1);
        let most = turn * 3;
        let mut starved = Starved::default();
        let mut after = |state: ProcessState, cpu: Option<i64>| {
            let mut line = Line::new("ok").with("state", state.word());
            if let Some(cpu) = cpu {
                line = line.with("cpu", cpu);
            }
            starved.add(&line, turn);
            starved.time(most).ok().map(|time| time.as_millis())
        };
        let (running, asleep) = (ProcessState::Running, ProcessState::Asleep);
        // Nothing to compare with yet; it has run all the time; it sleeps; it is not visible.
        let second = 1_000_000;
        for (state, cpu) in [
            (running, Some(0)),
            (running, Some(second)),
            (asleep, Some(second)),
            (running, None),
            (running, Some(second)),
        ] {
            assert_eq!(after(state, cpu), Some(0), "{state:?} {cpu:?}");
        }
        // It has got no processor, one for half of the time, none.
        assert_eq!(after(running, Some(second)), Some(1000));
        assert_eq!(after(running, Some(second * 3 / 2)), Some(1500));
        assert_eq!(after(running, Some(second * 3 / 2)), Some(2500));
        // A process that exits shows no time any more.
        assert_eq!(after(running, Some(0)), None);
    }
}
