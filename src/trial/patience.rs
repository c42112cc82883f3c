//! How long an event is awaited: the whole time, until the same one has been missing a few times; longer where the machine is
//! slow.
//!
//! A sandbox in which no signal stops a process lacks that event in every trial that needs it. The first few trials wait
//! for it as long as for any other, and are judged as ever. Later ones wait a fraction, but never less than a number of
//! measured round trips, and if the event does not come they are skipped: what an event that was given less than the
//! whole time means, nobody knows.

use super::deadline::PROMPT;
use super::link::{Link, LinkError};
use super::missing::{Missing, Serving};
use std::time::Duration;

/// How long a warden takes to fork and answer on a busy machine, at most: a quiet one needs a fiftieth. Every deadline is made for
/// such a machine, and grows with what is slower (an emulator, a guest that gets no processor).
const BUSY_FORK: Duration = Duration::from_millis(20);
/// A deadline has to come on the slowest machine.
const SLOWEST: f64 = 50.0;
/// The longest time that a slow machine makes of a shorter one.
const LONGEST: Duration = Duration::from_secs(60);

/// The number of misses after which the deadline of an event is shortened.
const FEW: usize = 2;
/// The part of the whole time that it is given then,
const PART: u32 = 40;
/// and the least number of round trips to the warden and back.
const ROUND_TRIPS: u32 = 100;

/// How long to wait for an event.
#[derive(Debug, Clone)]
pub(crate) struct Patience {
    /// The time, scaled.
    pub(crate) time: Duration,
    event: String,
    /// It is less than the whole one, since this trial and others missed the event.
    same_as: Option<String>,
}

impl Patience {
    /// Whether it is less than the whole time.
    pub(crate) fn is_short(&self) -> bool {
        self.same_as.is_some()
    }
}

impl Link {
    /// That long, on a system as slow as this one was said to be, and was seen to be; the latter makes no minutes of
    /// seconds.
    pub fn scaled(&self, time: Duration) -> Duration {
        time.mul_f64(self.slowness).min(LONGEST.max(time)).mul_f64(self.scale)
    }

    /// How long the warden may take to answer a request to wait that long. Each part is scaled by itself: their sum would be cut
    /// to the longest time, at which the warden still waits.
    pub(crate) fn answer_time(&self, at_most: Duration) -> Duration {
        self.scaled(at_most) + self.scaled(PROMPT)
    }

    /// Learns from how long the warden took to fork. What stalls an emulator or a guest for a moment comes again, so a slow
    /// turn is forgotten slowly.
    pub(crate) fn forked_in(&mut self, took: Duration) {
        let now = took.as_secs_f64() / BUSY_FORK.as_secs_f64();
        self.slowness = now.max(self.slowness * 0.9).clamp(1.0, SLOWEST);
        self.answered_in(took);
    }

    /// Begins with what another link of the same machine has learnt.
    pub(crate) fn as_slow_as(&mut self, slowness: f64) {
        self.slowness = slowness;
    }

    /// How many times slower than a busy machine this one is.
    pub(crate) fn slowness(&self) -> f64 {
        self.slowness
    }

    /// How long to wait for an event that usually comes within that time.
    pub(crate) fn patience(&self, event: String, within: Duration) -> Patience {
        let whole = self.scaled(within);
        let same_as = self.serving.as_ref().and_then(|serving| {
            let missed = self.missing.lock();
            let trials = missed.get(&(serving.subject.clone(), event.clone()))?;
            (trials.len() >= FEW).then(|| trials[0].clone())
        });
        let time = match same_as {
            Some(_) => whole.min((whole / PART).max(self.round_trip * ROUND_TRIPS)),
            None => whole,
        };
        Patience { time, event, same_as }
    }

    /// The same for an event whose absence is judged: it always has the whole time.
    pub(crate) fn whole_patience(&self, within: Duration) -> Patience {
        Patience { time: self.scaled(within), event: String::new(), same_as: None }
    }

    /// The event did not come in that time. An error ends the trial without a verdict; without one, it had the whole
    /// time.
    pub(crate) fn did_not_come(&self, patience: Patience) -> Result<(), LinkError> {
        if let Some(trial) = patience.same_as {
            return Err(LinkError::Missing(format!("same missing event as {trial}: {}", patience.event)));
        }
        if let Some(Serving { subject, trial }) = self.serving.as_ref().filter(|_| !patience.event.is_empty())
        {
            let mut missed = self.missing.lock();
            let trials = missed.entry((subject.clone(), patience.event)).or_default();
            // One trial may miss an event more than once.
            if !trials.contains(trial) {
                trials.push(trial.clone());
            }
        }
        Ok(())
    }

    /// Shares what is missing with the other links of a run.
    pub(crate) fn sharing(mut self, missing: &Missing) -> Link {
        self.missing = missing.clone();
        self
    }

    /// A trial of that subject begins; without one, nothing is remembered and no time is shortened.
    pub(crate) fn serve(&mut self, subject: &str, trial: String) {
        self.serving = Some(Serving { subject: subject.to_owned(), trial });
    }

    /// Takes the time of a round trip to the warden. What stalls one comes again, so a slow one is forgotten slowly.
    pub(super) fn answered_in(&mut self, took: Duration) {
        self.round_trip = took.max(self.round_trip.mul_f64(0.9));
    }
}

#[cfg(test)]
mod tests {
    use super::super::deadline::STATE;
    use super::*;
    use std::sync::atomic::AtomicBool;

    static NEVER: AtomicBool = AtomicBool::new(false);

    fn link(missing: &Missing, trial: &str) -> Link {
        let (read, write) = rustix::pipe::pipe().expect("a pipe");
        let mut link = Link::new(read, write, 1.0, &NEVER).sharing(missing);
        link.serve("libc", trial.to_owned());
        link
    }

    fn wait(link: &Link) -> Patience {
        link.patience("a child that is stopped".to_owned(), Duration::from_secs(20))
    }

    #[test]
    fn what_is_missing_again_and_again_is_given_less_time_and_skips() {
        let missing = Missing::default();
        for trial in ["a@wait", "b@wait"] {
            let link = link(&missing, trial);
            let patience = wait(&link);
            assert_eq!((patience.time, patience.is_short()), (Duration::from_secs(20), false), "{trial}");
            assert_eq!(link.did_not_come(patience.clone()), Ok(()));
            // The same trial counts once.
            assert_eq!(link.did_not_come(patience), Ok(()));
        }
        let mut third = link(&missing, "c@wait");
        let patience = wait(&third);
        assert_eq!((patience.time, patience.is_short()), (Duration::from_millis(500), true));
        let why = third.did_not_come(patience).expect_err("no verdict");
        assert_eq!(
            why,
            LinkError::Missing("same missing event as a@wait: a child that is stopped".to_owned())
        );
        // Never less than what a slow warden needs to answer, and never more than the whole time.
        third.answered_in(Duration::from_millis(30));
        assert_eq!(wait(&third).time, Duration::from_secs(3));
        third.answered_in(Duration::from_secs(1));
        assert_eq!(wait(&third).time, Duration::from_secs(20));
        // Another event, another subject, and no trial at all.
        assert!(!third.patience("a child that exits".to_owned(), Duration::from_secs(20)).is_short());
        third.serve("rustix", "c@wait".to_owned());
        assert!(!wait(&third).is_short());
        third.serve("libc", "c@wait".to_owned());
        third.reset();
        assert!(!wait(&third).is_short());
    }

    #[test]
    fn however_slow_the_machine_no_wait_lasts_for_minutes() {
        let mut link = link(&Missing::default(), "a@wait");
        link.as_slow_as(50.0);
        assert_eq!(link.scaled(Duration::from_secs(8)), Duration::from_secs(60));
        assert_eq!(link.scaled(Duration::from_secs(90)), Duration::from_secs(90));
        assert_eq!(link.scaled(Duration::from_millis(200)), Duration::from_secs(10));
    }

    #[test]
    fn however_slow_the_machine_a_warden_that_waited_in_vain_can_still_say_so() {
        let mut link = link(&Missing::default(), "a@wait");
        for slowness in [1.0, 2.5, 7.0, 50.0] {
            link.as_slow_as(slowness);
            for within in [STATE, PROMPT, Duration::from_secs(90)] {
                let (waits, answers) = (link.scaled(within), link.answer_time(within));
                assert!(answers >= waits + PROMPT, "{slowness}: {answers:?} for a wait of {waits:?}");
            }
        }
    }
}
