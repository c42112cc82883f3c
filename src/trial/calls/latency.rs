//! How long a call that sleeps takes to return once its child is dead, compared with a blocking poll in the same agent.
//!
//! Both are started by a request, seen asleep, released by the same step of the same kind of child at a random phase,
//! and answered over the same path. Any delay that the machine adds, it adds to both.

use super::family::{Pending, Target, Trial};
use super::observed::Seen;
use super::uses::Options;
use crate::protocol::Change;
use crate::protocol::Line;
use crate::protocol::agent::Request;
use crate::protocol::warden::Request as WardenRequest;
use crate::scenario::{Scenario, Step};
use crate::sorted::sort;
use crate::trial::abort::Abort;
use crate::trial::deadline::{PROMPT, ms};
use crate::trial::link::connection::To;
use std::time::{Duration, Instant};

/// The number of waits, and of polls, in a batch.
const EACH: usize = 16;
/// The rank that is compared: more extreme values are ignored, since other activity may have disturbed them.
const NTH: usize = 4;
/// The longest time that a release is delayed.
const PHASE: Duration = Duration::from_millis(8);

/// The result of a batch.
pub(crate) struct Latency {
    /// The fourth smallest time of a wait.
    pub(crate) wait: Duration,
    /// The fourth largest time of a poll.
    pub(crate) reference: Duration,
}

impl Trial<'_> {
    /// Alternates waits and polls. `Err` in `Ok`: a wait that did not report its child.
    pub(crate) fn latency(&mut self, seed: u64) -> Result<Result<Latency, Seen>, Abort> {
        let (mut waits, mut polls) = (Vec::new(), Vec::new());
        let mut random = seed;
        for _ in 0..EACH {
            // The constants are those of Knuth's MMIX generator.
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let phase = PHASE.mul_f64((random >> 40) as f64 / (1_u64 << 24) as f64);
            match self.timed_poll(phase)? {
                Ok(time) => polls.push(time),
                Err(seen) => return Ok(Err(seen)),
            }
            match self.timed_wait(phase)? {
                Ok(time) => waits.push(time),
                Err(seen) => return Ok(Err(seen)),
            }
        }
        sort(&mut waits);
        sort(&mut polls);
        Ok(Ok(Latency { wait: waits[NTH - 1], reference: polls[EACH - NTH] }))
    }

    pub(crate) fn timed_wait(&mut self, phase: Duration) -> Result<Result<Duration, Seen>, Abort> {
        let child = self.spawn(Scenario::held())?;
        let pending = self.begin(Target::Child(&child), Options::NONE)?;
        self.await_sleeper(&pending)?;
        std::thread::sleep(phase);
        let began = Instant::now();
        self.tell(&child, Step::exit(7))?;
        let time = self.reply_comes(&pending).then(|| began.elapsed());
        let seen = self.finish(pending)?;
        let reported = seen.change() == Some(Change::Exited(7));
        Ok(time.filter(|_| reported).ok_or(seen))
    }

    /// Whether the reply to a call comes in time; [`Trial::finish`] then picks it up.
    fn reply_comes(&mut self, pending: &Pending) -> bool {
        self.link.await_reply(pending.id, PROMPT).is_ok()
    }

    fn timed_poll(&mut self, phase: Duration) -> Result<Result<Duration, Seen>, Abort> {
        let child = self.spawn(Scenario::held())?;
        let fd = self.pidfd_open(&child, false)?;
        let id = self.link.id();
        let request = Request::AwaitReadable { fd: fd as i32 }.to_line();
        self.steps.push(format!("a blocking poll of the pidfd of {}", child.name));
        self.link.send(&[To::Agent(request.with("id", id))])?;
        let within = ms(self.link.scaled(PROMPT));
        let asleep = self.link.ask_warden_to_wait(&WardenRequest::Blocked { call: id, within }, PROMPT)?;
        if !matches!(asleep.get("how").as_deref(), Some("asleep" | "syscall")) {
            return Err(Abort::Skip("a blocking poll is not seen to sleep here".to_owned()));
        }
        std::thread::sleep(phase);
        let began = Instant::now();
        self.tell(&child, Step::exit(7))?;
        let reply: Line = self.link.agent_reply(id, PROMPT, "await-readable")?;
        let time = began.elapsed();
        if reply.word() != "ok" {
            return Err(Abort::Skip("no blocking poll of a pidfd here".to_owned()));
        }
        self.close_fd(fd)?;
        let seen = self.wait(Target::Child(&child), Options::NONE)?;
        let reported = seen.change() == Some(Change::Exited(7));
        Ok(if reported { Ok(time) } else { Err(seen) })
    }
}
