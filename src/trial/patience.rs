//! How long an event is awaited: the full time, until the same event has been missing a few times; longer on a slow
//! machine.
//!
//! In a sandbox where no signal stops a process, that event is missing in every trial that needs it. The first few
//! trials wait for it as long as for any other, and are judged as usual. Later ones wait a fraction of that, but at
//! least a number of measured round trips, and are skipped if the event does not come: the absence of an event that was
//! not given the full time means nothing. The more trials were skipped for it, the less time it gets, down to a tenth of
//! that: hundreds of trials miss the same event on a machine where each wait would take seconds.
//!
//! What the processes of a trial do does not depend on its subject, if several subjects share an agent: these share the
//! misses. What an agent does not answer is counted for its subject alone.

use super::deadline::PROMPT;
use super::link::connection::{Link, LinkError};
use super::missing::{Missing, Of, Serving, Trial};
use std::time::Duration;

/// How long a warden takes to fork and answer on a busy machine, at most: an idle one needs a fiftieth. Every deadline
/// is designed for such a machine, and scaled up for slower ones (an emulator, a guest that is starved of CPU time).
const BUSY_FORK: Duration = Duration::from_millis(20);
/// The upper bound on slowness: deadlines must be reached even on the slowest machine.
const SLOWEST: f64 = 50.0;
/// The longest time that slowness alone may extend a shorter one to.
const LONGEST: Duration = Duration::from_secs(60);

/// The number of misses after which the deadline of an event is shortened.
const FEW: usize = 2;
/// The same where it is proved that the process table does not show it.
const PROVED: usize = 1;
/// The fraction of the full time that it then gets,
const PART: u32 = 40;
/// and the minimum number of round trips to the warden,
const ROUND_TRIPS: u32 = 100;
/// or where it is proved that the process table does not show it, or enough trials were skipped for it.
const ROUND_TRIPS_PROVED: u32 = 10;
/// How many times less it gets at the end.
const LEAST: u32 = 10;

/// How long to wait for an event.
#[derive(Debug, Clone)]
pub(crate) struct Patience {
    /// The time, scaled.
    pub(crate) time: Duration,
    event: String,
    of: Of,
    /// The trial that missed the event before, if the time is less than the full one.
    same_as: Option<Trial>,
}

impl Patience {
    /// Whether it is less than the full time.
    pub(crate) fn is_short(&self) -> bool {
        self.same_as.is_some()
    }
}

impl Link {
    /// A time, scaled by the factor the user gave and by the measured slowness; the latter does not turn seconds into
    /// minutes.
    pub fn scaled(&self, time: Duration) -> Duration {
        time.mul_f64(self.slowness).min(LONGEST.max(time)).mul_f64(self.scale)
    }

    /// How long the warden may take to answer a request to wait that long. The two parts are scaled separately: their
    /// sum would be capped at the longest time, at which the warden is still waiting.
    pub(crate) fn answer_time(&self, at_most: Duration) -> Duration {
        self.scaled(at_most) + self.scaled(PROMPT)
    }

    /// Learns from the time that the warden took to fork. Whatever stalls an emulator or a guest briefly will do so
    /// again, so a slow turn is forgotten slowly.
    pub(crate) fn forked_in(&mut self, took: Duration) {
        let now = took.as_secs_f64() / BUSY_FORK.as_secs_f64();
        self.slowness = now.max(self.slowness * 0.9).clamp(1.0, SLOWEST);
        self.answered_in(took);
    }

    /// Starts from what another link on the same machine has learnt.
    pub(crate) fn as_slow_as(&mut self, slowness: f64) {
        self.slowness = slowness;
    }

    /// How many times slower than a busy machine this one is.
    pub(crate) fn slowness(&self) -> f64 {
        self.slowness
    }

    /// How long to wait for an event that usually comes within that time.
    pub(crate) fn patience(&self, of: Of, event: String, within: Duration) -> Patience {
        let whole = self.scaled(within);
        let (few, round_trips) = match of {
            Of::System => (PROVED, ROUND_TRIPS_PROVED),
            Of::Subject | Of::Processes => (FEW, ROUND_TRIPS),
        };
        let missed_before = self.serving.as_ref().and_then(|serving| {
            let missed = self.missing.lock();
            let trials = missed.get(&(serving.owner(of), event.clone()))?;
            let skipped = u32::try_from(trials.len().checked_sub(few)?).unwrap_or(LEAST);
            Some((trials[0].clone(), skipped))
        });
        let (time, same_as) = match missed_before {
            Some((trial, skipped)) => {
                let least = self.round_trip * ROUND_TRIPS_PROVED;
                let part = (whole / PART).max(self.round_trip * round_trips) / (skipped + 1).min(LEAST);
                (whole.min(part.max(least)), Some(trial))
            }
            None => (whole, None),
        };
        Patience { time, event, of, same_as }
    }

    /// The same for an event whose absence is judged: it always gets the full time.
    pub(crate) fn whole_patience(&self, within: Duration) -> Patience {
        Patience { time: self.scaled(within), event: String::new(), of: Of::Subject, same_as: None }
    }

    /// The event did not come in that time. An error ends the trial without a verdict; `Ok` means that it had the full
    /// time.
    pub(crate) fn did_not_come(&self, patience: Patience) -> Result<(), LinkError> {
        let Some(serving) = &self.serving else { return Ok(()) };
        if !patience.event.is_empty() {
            let mut missed = self.missing.lock();
            let owner = serving.owner(patience.of);
            let trials = missed.entry((owner, patience.event.clone())).or_default();
            let trial = (serving.subject.clone(), serving.trial.clone());
            // One trial may miss an event more than once.
            if !trials.contains(&trial) {
                trials.push(trial);
            }
        }
        match patience.same_as {
            Some((subject, trial)) => {
                let whose = if subject == serving.subject { String::new() } else { format!(" of {subject}") };
                let event = patience.event;
                Err(LinkError::Missing(format!("same missing event as {trial}{whose}: {event}")))
            }
            None => Ok(()),
        }
    }

    /// Shares the record of missing events with the other links of a run.
    pub(crate) fn sharing(mut self, missing: &Missing) -> Link {
        self.missing = missing.clone();
        self
    }

    /// A trial begins; without a trial, nothing is remembered and no time is shortened.
    pub(crate) fn serve(&mut self, serving: Serving) {
        self.serving = Some(serving);
    }

    /// Records a round-trip time to the warden. Whatever stalls one will do so again, so a slow one is forgotten
    /// slowly.
    pub(super) fn answered_in(&mut self, took: Duration) {
        self.round_trip = took.max(self.round_trip.mul_f64(0.9));
    }
}

#[cfg(test)]
mod tests {
    use super::super::deadline::STATE;
    use super::super::link::connection::To;
    use super::*;
    use crate::protocol::Line;
    use std::sync::atomic::AtomicBool;
    use std::time::Instant;

    static NEVER: AtomicBool = AtomicBool::new(false);

    fn serving(subject: &str, trial: &str) -> Serving {
        let shared_agent = !subject.contains(':');
        Serving { subject: subject.to_owned(), shared_agent, trial: trial.to_owned() }
    }

    fn link(missing: &Missing, trial: &str) -> Link {
        let (read, write) = rustix::pipe::pipe().expect("a pipe");
        let mut link = Link::new(read, write, 1.0, &NEVER).sharing(missing);
        link.serve(serving("libc", trial));
        link
    }

    fn wait(link: &Link) -> Patience {
        link.patience(Of::Processes, "a child that is stopped".to_owned(), Duration::from_secs(20))
    }

    #[test]
    fn what_is_missing_again_and_again_is_given_less_time_and_skips() {
        let missing = Missing::default();
        for trial in ["a@wait", "b@wait"] {
            let link = link(&missing, trial);
            let patience = wait(&link);
            assert_eq!((patience.time, patience.is_short()), (Duration::from_secs(20), false), "{trial}");
            assert_eq!(link.did_not_come(patience.clone()), Ok(()));
            // The same trial counts only once.
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
        assert_eq!(wait(&third).time, Duration::from_millis(250));
        // The same trial is skipped only once.
        let _ = third.did_not_come(wait(&third));
        assert_eq!(wait(&third).time, Duration::from_millis(250));
        // Never less than a slow warden needs to answer, and never more than the full time.
        third.answered_in(Duration::from_millis(30));
        assert_eq!(wait(&third).time, Duration::from_millis(1500));
        for trial in 0..20 {
            let next = link(&missing, &format!("{trial}@wait"));
            let _ = next.did_not_come(wait(&next));
        }
        assert_eq!(wait(&third).time, Duration::from_millis(300));
        third.answered_in(Duration::from_secs(1));
        assert_eq!(wait(&third).time, Duration::from_secs(10));
        third.answered_in(Duration::from_secs(4));
        assert_eq!(wait(&third).time, Duration::from_secs(20));
        // Another event, and no trial at all.
        let other = "a child that exits".to_owned();
        assert!(!third.patience(Of::Processes, other, Duration::from_secs(20)).is_short());
        third.reset();
        assert!(!wait(&third).is_short());
    }

    #[test]
    fn subjects_that_share_an_agent_share_what_its_processes_miss() {
        let missing = Missing::default();
        let ask = |link: &Link, of| link.patience(of, "an event".to_owned(), Duration::from_secs(20));
        let mut first = link(&missing, "a@wait");
        for subject in ["libc", "rustix"] {
            first.serve(serving(subject, "a@wait"));
            for of in [Of::Processes, Of::Subject] {
                let patience = ask(&first, of);
                assert!(!patience.is_short(), "{subject} {of:?}");
                assert_eq!(first.did_not_come(patience), Ok(()));
            }
        }
        let mut next = link(&missing, "b@wait");
        next.serve(serving("syscall", "b@wait"));
        assert!(!ask(&next, Of::Subject).is_short());
        let short = ask(&next, Of::Processes);
        assert!(short.is_short());
        let why = next.did_not_come(short).expect_err("no verdict");
        assert_eq!(why, LinkError::Missing("same missing event as a@wait of libc: an event".to_owned()));
        for other in ["mutant:no-echild", "agent:./other"] {
            next.serve(serving(other, "b@wait"));
            assert!(!ask(&next, Of::Processes).is_short(), "{other}");
        }
    }

    #[test]
    fn what_the_process_table_is_proved_not_to_show_is_missed_once() {
        let missing = Missing::default();
        let ask = |link: &Link| link.patience(Of::System, "a stop".to_owned(), Duration::from_secs(20));
        let first = link(&missing, "a@wait");
        assert!(!ask(&first).is_short());
        assert_eq!(first.did_not_come(ask(&first)), Ok(()));
        let mut next = link(&missing, "b@wait");
        next.serve(serving("agent:./other", "b@wait"));
        assert!(ask(&next).is_short());
        // A sandbox takes long to fork.
        next.answered_in(Duration::from_millis(300));
        assert_eq!(ask(&next).time, Duration::from_secs(3));
    }

    #[test]
    fn what_has_arrived_is_in_time_however_late_it_is_read() {
        let (read, write) = rustix::pipe::pipe().expect("a pipe");
        let (_sink, output) = rustix::pipe::pipe().expect("a pipe");
        let mut link = Link::new(read, output, 1.0, &NEVER);
        let request = Line::new("getids").with("id", 7);
        link.send(&[To::Agent(request)]).expect("someone may read it");
        assert_eq!(link.await_reply(7, Duration::ZERO), Err(LinkError::Late("the agent's reply".to_owned())));
        rustix::io::write(&write, b"agent ok id=7\n").expect("room in a pipe");
        assert_eq!(link.await_reply(7, Duration::ZERO), Ok(()));
    }

    #[test]
    fn what_a_request_itself_takes_is_not_scaled() {
        let mut link = link(&Missing::default(), "a@wait");
        link.scale = 1e-6;
        let (began, itself) = (Instant::now(), Duration::from_millis(30));
        assert!(link.await_reply_after(itself, 7, PROMPT).is_err());
        assert!(began.elapsed() >= itself);
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
