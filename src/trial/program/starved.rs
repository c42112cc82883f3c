//! Time that a program cannot use, because others have the processors.

use crate::protocol::Line;
use crate::protocol::warden::ProcessState;
use crate::trial::abort::Abort;
use std::time::Duration;

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
