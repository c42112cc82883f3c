//! Watching processes: each watch is answered once, by what the process table shows or by its deadline.

use super::Warden;
use super::agent::{Activity, Agent, CallState};
use super::children::Children;
use crate::protocol::Line;
use crate::protocol::line::FieldError;
use crate::sys::cpu;
use crate::sys::process_table::{self, Asleep, LastingStop, State};
use rustix::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// The state of a process that is awaited.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Awaited {
    Zombie,
    Stopped,
    Running,
    Asleep,
    Gone,
}

impl Awaited {
    fn from_word(word: &str) -> Option<Awaited> {
        Some(match word {
            "zombie" => Awaited::Zombie,
            "stopped" => Awaited::Stopped,
            "running" => Awaited::Running,
            "asleep" => Awaited::Asleep,
            "gone" => Awaited::Gone,
            _ => return None,
        })
    }
}

/// The word for a state in answers.
pub(super) fn word(state: State) -> &'static str {
    match state {
        State::Running => "running",
        State::Sleeping | State::DiskSleep => "asleep",
        State::Stopped => "stopped",
        State::TracingStop => "tracing-stop",
        State::Zombie | State::Dead => "zombie",
        State::Other(_) => "other",
    }
}

enum Goal {
    /// A process reaches a state.
    State { of: String, awaited: Awaited, stop: Option<LastingStop>, ended: bool },
    /// The agent sleeps in a call.
    Blocked { call: u64, seen_asleep: u32 },
    /// The agent answers a call, or proves that it never will.
    Answer {
        call: u64,
        grace: Duration,
        spin: Duration,
        /// No child will end or stop by itself any more, says the driver.
        settled: bool,
        /// Since when it sleeps there.
        asleep_since: Option<(Asleep, Instant)>,
        /// What its children might have done when they were last looked at.
        before: Activity,
        burnt: Option<Burnt>,
    },
}

/// One request that is answered later.
pub(super) struct Watch {
    id: u64,
    goal: Goal,
    began: Instant,
    deadline: Instant,
}

impl Watch {
    pub(super) fn new(id: u64, request: &Line) -> Result<Watch, FieldError> {
        let ms =
            |key| request.number(key).map(|n| Duration::from_millis(n.clamp(0, 86_400_000).unsigned_abs()));
        let call = || request.number("call").map(i64::unsigned_abs);
        let goal = match request.word() {
            "await" => {
                let word = request.text("for")?;
                let awaited = Awaited::from_word(&word).ok_or(FieldError::Bad("for", word))?;
                Goal::State { of: request.text("of")?, awaited, stop: None, ended: false }
            }
            "blocked" => Goal::Blocked { call: call()?, seen_asleep: 0 },
            _ => {
                let (grace, spin) = (ms("grace")?, ms("spin")?);
                let settled = request.flag("settled");
                let (asleep_since, before, burnt) = (None, Activity::Quiet, None);
                Goal::Answer { call: call()?, grace, spin, settled, asleep_since, before, burnt }
            }
        };
        let began = Instant::now();
        Ok(Watch { id, goal, began, deadline: began + ms("within")? })
    }

    /// What becomes readable when a watched process ends.
    pub(super) fn ending<'p>(
        &self,
        children: &'p Children,
        agent: Option<&'p Agent>,
    ) -> Option<BorrowedFd<'p>> {
        match &self.goal {
            Goal::State { of, awaited: Awaited::Zombie, ended: false, .. } => match (of.as_str(), agent) {
                ("agent", Some(agent)) if !agent.ended => agent.handle.poll_fd(),
                _ => children.get(of)?.handle.poll_fd(),
            },
            _ => None,
        }
    }
}

/// How long to pause between two looks when nothing happens.
pub(super) fn pause(idle_turns: u32) -> Duration {
    match idle_turns {
        0..3 => Duration::ZERO,
        3..100 => Duration::from_micros(50),
        100..400 => Duration::from_micros(250),
        _ => Duration::from_millis(2),
    }
}

/// How long to pause after a look that took so long. Where system calls are dear (a sandbox, a tracer), who looks all the time
/// leaves no processor to whom it looks at.
fn rest(look: Duration) -> Duration {
    /// A quiet machine needs a tenth.
    const DEAR: Duration = Duration::from_micros(500);
    /// What held up one look need not come again.
    const MOST: Duration = Duration::from_millis(10);
    if look > DEAR { look.min(MOST) } else { Duration::ZERO }
}

/// An answered call is looked at for hanging no more often than this.
const HANG_LOOK: Duration = Duration::from_millis(5);

impl Warden<'_> {
    /// How long the loop may sleep in poll: for ever without anything to watch.
    pub(super) fn patience(&self) -> Option<Duration> {
        let speechless = self.agent.as_ref().and_then(|a| a.speechless).map(|_| HANG_LOOK);
        let watched = self.watches.iter().map(|watch| match &watch.goal {
            // Awaited by an event, looked at for hanging now and then.
            Goal::Answer { .. } => HANG_LOOK,
            Goal::Blocked { call, .. } if !self.has_entered(*call) => HANG_LOOK,
            Goal::State { .. } if watch.ending(&self.children, self.agent.as_ref()).is_some() => HANG_LOOK,
            _ => pause(self.idle_turns).max(rest(self.look)),
        });
        watched.chain(speechless).min()
    }

    fn has_entered(&self, call: u64) -> bool {
        self.agent.as_ref().is_some_and(|a| a.call(call).is_some())
    }

    /// Answers every watch whose goal is reached or whose time is up.
    pub(super) fn look_at_watches(&mut self) {
        let mut watches = std::mem::take(&mut self.watches);
        watches.retain_mut(|watch| match self.look(watch) {
            Some(answer) => {
                self.tell(&answer.with("id", watch.id));
                false
            }
            None => true,
        });
        self.watches.append(&mut watches);
    }

    fn look(&self, watch: &mut Watch) -> Option<Line> {
        let late = Instant::now() >= watch.deadline;
        let late_line = || late.then(|| Line::new("late"));
        match &mut watch.goal {
            Goal::State { of, awaited, stop, ended } => {
                let Some(handle) = self.handle(of) else {
                    return Some(Line::new("err").with("why", format!("no process {of}")));
                };
                // A zombie that still has a tracer, or threads, is looked at again and again from here on.
                *ended = *awaited == Awaited::Zombie && handle.has_ended() == Some(true);
                if *awaited == Awaited::Zombie && !*ended && !late && handle.poll_fd().is_some() {
                    return None;
                }
                // What the trial itself traces moves when it is told to; only others' tracers come and go.
                let ours = |tracer| {
                    self.agent.as_ref().is_some_and(|a| a.pid == tracer)
                        || self.children.known.iter().any(|c| c.handle.pid() == tracer)
                };
                let (reached, state) = reached(handle.pid(), *ended, *awaited, stop, ours);
                // What no table shows now it will not show later; only a pidfd may still tell of an end.
                let hopeless = state == "unknown"
                    && !(*awaited == Awaited::Zombie && handle.has_ended().is_some())
                    && !self.sweeper.has_a_table();
                if reached {
                    Some(Line::new("ok").with("state", state))
                } else if hopeless {
                    Some(Line::new("late").with("state", state))
                } else {
                    late_line().map(|line| line.with("state", state))
                }
            }
            Goal::Blocked { call, seen_asleep } => {
                if let Some(done) = self.settled(*call) {
                    return Some(done);
                }
                let Some((agent, tid)) = self.entered(*call) else { return late_line() };
                match process_table::is_asleep_in_wait(agent.pid, tid) {
                    Asleep::InWait => Some(Line::new("ok").with("how", "syscall")),
                    Asleep::Asleep => {
                        *seen_asleep += 1;
                        (*seen_asleep >= 2).then(|| Line::new("ok").with("how", "asleep")).or_else(late_line)
                    }
                    Asleep::Awake => {
                        *seen_asleep = 0;
                        late_line()
                    }
                    // Nothing can be seen here: the time that it had to answer is the best there is.
                    Asleep::Unknown if watch.began.elapsed() >= UNSEEN => {
                        Some(Line::new("ok").with("how", "assumed"))
                    }
                    Asleep::Unknown => late_line(),
                }
            }
            Goal::Answer { call, grace, spin, settled, asleep_since, before, burnt } => {
                if let Some(done) = self.settled(*call) {
                    return Some(done);
                }
                // Most calls are answered before anybody need look.
                if watch.began.elapsed() < HANG_LOOK {
                    return late_line();
                }
                // Nobody would hear of its answer, and that is soon known.
                if self.agent.as_ref().is_some_and(|a| a.speechless.is_some()) {
                    return late_line();
                }
                // Of calls that were sent together an earlier one may be the one that does not return.
                let Some((entered, agent, tid)) = self.entered_up_to(*call) else { return late_line() };
                let asleep = process_table::is_asleep_in_wait(agent.pid, tid);
                match asleep {
                    Asleep::InWait | Asleep::Asleep => {
                        // Who slept in the wait and sleeps elsewhere now may have answered.
                        let (_, since) = match *asleep_since {
                            Some((there, since)) if there == asleep => (there, since),
                            _ => *asleep_since.insert((asleep, Instant::now())),
                        };
                        // Sleeping elsewhere than in a wait call may be a pause between two polls.
                        let patience = if asleep == Asleep::InWait { *grace } else { *grace * 5 };
                        // A child that is on its way to its end (late to a processor, or writing its core) may be what it
                        // sleeps for. The table is read only once the patience is half gone: most calls never get there.
                        if since.elapsed() >= patience / 2 {
                            let activity = agent.activity(&self.children);
                            let stopped = matches!(activity, Activity::Traced { .. });
                            let patience = if stopped { patience * TRACED } else { patience };
                            let goes_on = match activity {
                                Activity::Moving => true,
                                Activity::Busy => !*settled,
                                Activity::Traced { .. } | Activity::Quiet => activity != *before,
                            };
                            *before = activity;
                            if goes_on {
                                *asleep_since = None;
                            } else if since.elapsed() >= patience && self.sleeps_on(agent, tid, asleep) {
                                return Some(Line::new("ok").with("how", "asleep"));
                            }
                        }
                    }
                    Asleep::Awake => *asleep_since = None,
                    Asleep::Unknown => {}
                }
                if burnt_since(burnt, entered, agent.pid).is_some_and(|burnt| burnt >= *spin) {
                    return Some(Line::new("ok").with("how", "spinning"));
                }
                late_line()
            }
        }
    }

    /// Whether that thread sleeps still when every processor has done what it was at: a child that is dead in the table may
    /// be about to wake it.
    fn sleeps_on(&self, agent: &Agent, tid: i32, asleep: Asleep) -> bool {
        cpu::visit_each();
        process_table::is_asleep_in_wait(agent.pid, tid) == asleep
    }

    /// The end of a call: answered, or the agent died.
    fn settled(&self, call: u64) -> Option<Line> {
        let agent = self.agent.as_ref()?;
        let how = match agent.call(call) {
            Some(CallState::Answered) => "answered",
            _ if agent.ended => "died",
            _ => return None,
        };
        Some(Line::new("ok").with("how", how))
    }

    fn entered(&self, call: u64) -> Option<(&Agent, i32)> {
        let agent = self.agent.as_ref()?;
        match agent.call(call) {
            Some(CallState::Entered { tid, .. }) => Some((agent, tid)),
            _ => None,
        }
    }

    /// The last call up to that id that was entered and not answered.
    fn entered_up_to(&self, call: u64) -> Option<(u64, &Agent, i32)> {
        let agent = self.agent.as_ref()?;
        let entered = agent.calls.range(..=call).rev().find_map(|(id, state)| match state {
            CallState::Entered { tid, .. } => Some((*id, *tid)),
            CallState::Answered => None,
        });
        entered.map(|(id, tid)| (id, agent, tid))
    }
}

/// The CPU time of the agent when it was first seen in a call.
struct Burnt {
    call: u64,
    before: Duration,
}

/// The CPU time that the agent has used since it was first seen in that call.
fn burnt_since(burnt: &mut Option<Burnt>, call: u64, pid: i32) -> Option<Duration> {
    let now = process_table::read(pid).ok().flatten()?.cpu;
    let first = burnt.take_if(|b| b.call == call).unwrap_or(Burnt { call, before: now });
    Some(now.saturating_sub(burnt.insert(first).before))
}

/// How much more patience a caller gets whose child is traced: strace follows many processes one by one, and may itself wait
/// for a processor.
const TRACED: u32 = 30;

/// How long a caller that cannot be observed is given to answer before it counts as asleep.
const UNSEEN: Duration = Duration::from_millis(60);

/// Whether a process is in an awaited state, and the state that it is in. `ended` is what its pidfd says; `stop` is what was
/// seen of a stop so far.
fn reached(
    pid: i32,
    ended: bool,
    awaited: Awaited,
    stop: &mut Option<LastingStop>,
    ours: impl Fn(i32) -> bool,
) -> (bool, &'static str) {
    let process = match process_table::read(pid) {
        Ok(Some(process)) => process,
        Ok(None) => return (matches!(awaited, Awaited::Gone | Awaited::Zombie), "gone"),
        // No process table: the pidfd alone says that it has ended.
        Err(_) if ended => return (true, "zombie"),
        Err(_) => return (false, "unknown"),
    };
    let done = match awaited {
        Awaited::Zombie => process.is_waitable_zombie(),
        Awaited::Gone => false,
        Awaited::Stopped if process.tracer.is_some_and(ours) => process_table::is_stopped(pid),
        Awaited::Stopped => stop.get_or_insert_with(|| LastingStop::of(pid)).holds(),
        Awaited::Running => matches!(process.state, State::Running | State::Sleeping | State::DiskSleep),
        Awaited::Asleep => process.state.is_asleep(),
    };
    (done, word(process.state))
}
