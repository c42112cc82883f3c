//! Watching processes: each watch is answered once, by the process table or at its deadline.

use super::Warden;
use super::agent::{Activity, Agent, CallState};
use super::children::Children;
use crate::protocol::Line;
use crate::protocol::warden::{ProcessState, Request};
use crate::subject::handle::report_of;
use crate::sys::cpu;
use crate::sys::process_table::{self, Asleep, LastingStop, State};
use crate::wait::System;
use rustix::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// A state in the protocol's terms.
pub(super) fn seen(state: State) -> ProcessState {
    match state {
        State::Running => ProcessState::Running,
        State::Sleeping | State::DiskSleep => ProcessState::Asleep,
        State::Stopped => ProcessState::Stopped,
        State::TracingStop => ProcessState::TracingStop,
        State::Zombie | State::Dead => ProcessState::Zombie,
        State::Other(_) => ProcessState::Other,
    }
}

enum Goal {
    /// A process reaches a state.
    State { of: String, awaited: ProcessState, stop: Option<LastingStop>, ended: bool },
    /// The agent sleeps in a call.
    Blocked { call: u64, seen_asleep: u32, baseline: Option<CpuBaseline> },
    /// The program exits.
    Exit,
    /// The program writes this, or exits.
    Output { until: Option<Vec<u8>> },
    /// The agent answers a call, or proves that it never will.
    Answer {
        call: u64,
        grace: Duration,
        spin: Duration,
        /// Whether the driver says that no child will exit or stop by itself any more.
        settled: bool,
        /// Where it is asleep, and since when.
        asleep_since: Option<(Asleep, Instant)>,
        /// What its children might have been doing at the last check.
        before: Activity,
        baseline: Option<CpuBaseline>,
    },
}

/// A time in milliseconds, at most a day.
fn span(ms: u64) -> Duration {
    Duration::from_millis(ms.min(86_400_000))
}

/// A pending request.
pub(super) struct Watch {
    id: u64,
    goal: Goal,
    began: Instant,
    deadline: Instant,
    /// Whether the deadline had passed before the last look at what has arrived.
    late: bool,
}

impl Watch {
    /// `None` if the request does not ask for anything to be watched.
    pub(super) fn new(id: u64, request: Request) -> Option<Watch> {
        let (goal, within) = match request {
            Request::Await { of, state, within } => {
                (Goal::State { of, awaited: state, stop: None, ended: false }, within)
            }
            Request::Blocked { call, within } => {
                (Goal::Blocked { call, seen_asleep: 0, baseline: None }, within)
            }
            Request::Answer { call, grace, spin, within, settled } => {
                let (grace, spin) = (span(grace), span(spin));
                let (asleep_since, before, baseline) = (None, Activity::Idle, None);
                (Goal::Answer { call, grace, spin, settled, asleep_since, before, baseline }, within)
            }
            Request::Exit { within } => (Goal::Exit, within),
            Request::Output { until, within } => (Goal::Output { until: until.map(|bytes| bytes.0) }, within),
            _ => return None,
        };
        let began = Instant::now();
        Some(Watch { id, goal, began, deadline: began + span(within), late: false })
    }

    /// The descriptor that becomes readable when the watched process exits.
    pub(super) fn ending<'p>(
        &self,
        children: &'p Children,
        agent: Option<&'p Agent>,
    ) -> Option<BorrowedFd<'p>> {
        match &self.goal {
            Goal::State { of, awaited: ProcessState::Zombie, ended: false, .. } => match (of.as_str(), agent)
            {
                ("agent", Some(agent)) if !agent.ended => agent.handle.poll_fd(),
                _ => children.get(of)?.handle.poll_fd(),
            },
            _ => None,
        }
    }
}

/// The pause between two checks while nothing happens.
pub(super) fn pause(idle_turns: u32) -> Duration {
    match idle_turns {
        0..3 => Duration::ZERO,
        3..100 => Duration::from_micros(50),
        100..400 => Duration::from_micros(250),
        _ => Duration::from_millis(2),
    }
}

/// The pause after a check that took this long. Where system calls are slow (a sandbox, a tracer), constant polling
/// would starve the process being observed.
fn backoff(look: Duration) -> Duration {
    /// An idle machine needs a tenth of this.
    const SLOW: Duration = Duration::from_micros(500);
    /// Whatever delayed one check need not recur.
    const MAX: Duration = Duration::from_millis(10);
    if look > SLOW { look.min(MAX) } else { Duration::ZERO }
}

/// The minimum interval between hang checks of an unanswered call.
const HANG_CHECK: Duration = Duration::from_millis(5);

impl Warden<'_> {
    /// The timeout of the loop's poll: infinite if there is nothing to watch.
    pub(super) fn patience(&self) -> Option<Duration> {
        let muted_since = self.agent.as_ref().and_then(|a| a.muted_since).map(|_| HANG_CHECK);
        let watched = self.watches.iter().map(|watch| match &watch.goal {
            // Answered by an event; checked for a hang now and then.
            Goal::Answer { .. } => HANG_CHECK,
            Goal::Exit | Goal::Output { .. }
                if self.agent.as_ref().is_some_and(|a| a.handle.poll_fd().is_some()) =>
            {
                HANG_CHECK
            }
            Goal::Blocked { call, .. } if !self.has_entered(*call) => HANG_CHECK,
            Goal::State { .. } if watch.ending(&self.children, self.agent.as_ref()).is_some() => HANG_CHECK,
            _ => pause(self.idle_turns).max(backoff(self.look)),
        });
        watched.chain(muted_since).min()
    }

    fn has_entered(&self, call: u64) -> bool {
        self.agent.as_ref().is_some_and(|a| a.call(call).is_some())
    }

    /// After a poll that began then and was to take that long at most: which watches are late. All that had arrived by
    /// their deadline has been found by now.
    pub(super) fn note_late(&mut self, began: Instant, within: Option<Duration>) {
        let lost = within.map_or(Duration::ZERO, |within| cpu::not_run(began.elapsed(), within));
        for watch in &mut self.watches {
            watch.deadline += lost;
            watch.late = began >= watch.deadline;
        }
    }

    /// Answers every watch whose goal has been reached or whose deadline has passed.
    pub(super) fn check_watches(&mut self) {
        if self.watches.iter().any(|watch| matches!(watch.goal, Goal::Exit | Goal::Output { .. })) {
            self.reap_program();
        }
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
        let late = watch.late;
        let late_line = || late.then(|| Line::new("late"));
        match &mut watch.goal {
            Goal::State { of, awaited, stop, ended } => {
                let Some(handle) = self.handle(of) else {
                    return Some(Line::new("err").with("why", format!("no process {of}")));
                };
                // A zombie with a tracer or live threads is polled from here on.
                *ended = *awaited == ProcessState::Zombie && handle.has_ended() == Some(true);
                if *awaited == ProcessState::Zombie && !*ended && !late && handle.poll_fd().is_some() {
                    return None;
                }
                // Processes traced by the trial move only on request; only foreign tracers act by themselves.
                let ours = |tracer| {
                    self.agent.as_ref().is_some_and(|a| a.pid == tracer)
                        || self.children.known.iter().any(|c| c.handle.pid() == tracer)
                };
                let (reached, state) = reached(handle.pid(), *ended, *awaited, stop, ours);
                // If the table does not show it now it never will; only a pidfd can still report an exit.
                let hopeless = reached == Reached::Never
                    || state == ProcessState::Unknown
                        && !(*awaited == ProcessState::Zombie && handle.has_ended().is_some())
                        && !self.sweeper.has_a_table();
                if reached == Reached::Yes {
                    Some(Line::new("ok").with("state", state))
                } else if hopeless {
                    Some(Line::new("late").with("state", state))
                } else {
                    late_line().map(|line| line.with("state", state))
                }
            }
            Goal::Exit => match self.agent.as_ref().and_then(|agent| agent.status) {
                Some(status) => Some(report_of(System::HOST.decode(status).event()).add_to(Line::new("ok"))),
                None => late_line(),
            },
            Goal::Output { until } => {
                let agent = self.agent.as_ref()?;
                let has =
                    |wanted: &Vec<u8>| agent.stdout_text.windows(wanted.len()).any(|part| part == wanted);
                let done = agent.status.is_some() || until.as_ref().is_some_and(has);
                let line = if done { Some(Line::new("ok")) } else { late_line() };
                line.map(|line| agent.with_output(line))
            }
            Goal::Blocked { call, seen_asleep, baseline } => {
                if let Some(done) = self.outcome_of(*call) {
                    return Some(done);
                }
                let Some((agent, tid)) = self.entered(*call) else { return late_line() };
                let burnt = cpu_since(baseline, *call, agent.pid);
                match process_table::is_asleep_in_wait(agent.pid, tid) {
                    Asleep::InWait => Some(Line::new("ok").with("how", "syscall")),
                    Asleep::InOtherCall => {
                        *seen_asleep += 1;
                        (*seen_asleep >= 2).then(|| Line::new("ok").with("how", "asleep")).or_else(late_line)
                    }
                    Asleep::Awake => {
                        *seen_asleep = 0;
                        late.then(|| starved(watch.began, watch.deadline, agent.pid, tid, burnt))?
                    }
                    // Not observable here: the best evidence is that it has had time to answer.
                    Asleep::Unknown if watch.began.elapsed() >= UNOBSERVABLE => {
                        Some(Line::new("ok").with("how", "assumed"))
                    }
                    Asleep::Unknown => late_line(),
                }
            }
            Goal::Answer { call, grace, spin, settled, asleep_since, before, baseline } => {
                if let Some(done) = self.outcome_of(*call) {
                    return Some(done);
                }
                // Most calls are answered long before a check.
                if watch.began.elapsed() < HANG_CHECK {
                    return late_line();
                }
                // Its answer could not arrive, and that is known soon.
                if self.agent.as_ref().is_some_and(|a| a.muted_since.is_some()) {
                    return late_line();
                }
                // If calls are pipelined, an earlier one may be the one that hangs.
                let Some((entered, agent, tid)) = self.entered_up_to(*call) else { return late_line() };
                let asleep = process_table::is_asleep_in_wait(agent.pid, tid);
                match asleep {
                    Asleep::InWait | Asleep::InOtherCall => {
                        // A thread that has moved from the wait to another sleep may have answered.
                        let (_, since) = match *asleep_since {
                            Some((there, since)) if there == asleep => (there, since),
                            _ => *asleep_since.insert((asleep, Instant::now())),
                        };
                        // A sleep outside a wait call may be a pause between two polls.
                        let patience = if asleep == Asleep::InWait { *grace } else { *grace * 5 };
                        // It may be waiting for a child that is exiting (waiting for a CPU, or dumping core). The table
                        // is read only once half the time is used up: most calls never get there.
                        if since.elapsed() >= patience / 2 {
                            let activity = agent.activity(&self.children);
                            let stopped = matches!(activity, Activity::TracerStopped { .. });
                            let patience = if stopped { patience * TRACED_FACTOR } else { patience };
                            let goes_on = match activity {
                                Activity::Resuming => true,
                                Activity::Runnable => !*settled,
                                Activity::TracerStopped { .. } | Activity::Idle => activity != *before,
                            };
                            *before = activity;
                            if goes_on {
                                *asleep_since = None;
                            } else if since.elapsed() >= patience && self.is_still_asleep(agent, tid, asleep)
                            {
                                return Some(Line::new("ok").with("how", "asleep"));
                            }
                        }
                    }
                    Asleep::Awake => *asleep_since = None,
                    Asleep::Unknown => {}
                }
                let burnt = cpu_since(baseline, entered, agent.pid);
                if burnt.is_some_and(|burnt| burnt >= *spin) {
                    return Some(Line::new("ok").with("how", "spinning"));
                }
                late.then(|| starved(watch.began, watch.deadline, agent.pid, tid, burnt))?
            }
        }
    }

    /// Whether the thread is still asleep once every CPU has finished what it was doing: a child that is dead in the
    /// table may be about to wake it.
    fn is_still_asleep(&self, agent: &Agent, tid: i32, asleep: Asleep) -> bool {
        cpu::visit_each();
        process_table::is_asleep_in_wait(agent.pid, tid) == asleep
    }

    /// The outcome of a call: answered, or the agent died.
    fn outcome_of(&self, call: u64) -> Option<Line> {
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

    /// The last call up to this id that was entered but not answered.
    fn entered_up_to(&self, call: u64) -> Option<(u64, &Agent, i32)> {
        let agent = self.agent.as_ref()?;
        let entered = agent.calls.up_to(&call).rev().find_map(|(id, state)| match state {
            CallState::Entered { tid, .. } => Some((*id, *tid)),
            CallState::Answered => None,
        });
        entered.map(|(id, tid)| (id, agent, tid))
    }
}

/// The agent's CPU time when it was first seen in a call.
struct CpuBaseline {
    call: u64,
    before: Duration,
}

/// The CPU time the agent has used since it was first seen in the call.
fn cpu_since(baseline: &mut Option<CpuBaseline>, call: u64, pid: i32) -> Option<Duration> {
    let now = process_table::glance(pid).ok().flatten()?.cpu;
    let first = baseline.take_if(|b| b.call == call).unwrap_or(CpuBaseline { call, before: now });
    Some(now.saturating_sub(baseline.insert(first).before))
}

/// The CPU time below which a caller has not run.
const HARDLY_ANY: Duration = Duration::from_millis(50);

/// The answer at the deadline: none yet, for twice the time, as long as the caller is ready to run or waits for a disk and
/// has hardly run since it was first seen in the call. If it is still ready to run then, a busy machine is to blame for
/// that, not the caller. No disk takes that long: it sleeps uninterruptibly.
fn starved(began: Instant, deadline: Instant, pid: i32, tid: i32, burnt: Option<Duration>) -> Option<Line> {
    let waits = |state| matches!(state, State::Running | State::DiskSleep);
    let threads = process_table::threads(pid);
    let state = threads.iter().find(|(thread, _)| *thread == tid).map(|(_, state)| *state);
    let starved = state.is_some_and(waits) && burnt.is_some_and(|burnt| burnt < HARDLY_ANY);
    match starved {
        true if deadline.elapsed() < deadline.saturating_duration_since(began) => None,
        true if state == Some(State::Running) => Some(Line::new("late").with("how", "starved")),
        _ => Some(Line::new("late")),
    }
}

/// The factor by which more time is given to a caller whose child is traced: strace serves many processes in turn, and
/// may itself have to wait for a CPU.
const TRACED_FACTOR: u32 = 30;

/// The time after which a caller that cannot be observed counts as asleep.
const UNOBSERVABLE: Duration = Duration::from_millis(60);

#[derive(Copy, Clone, PartialEq, Eq)]
enum Reached {
    Yes,
    NotYet,
    /// It is dead, and can no longer do what was expected.
    Never,
}

/// Whether a process has reached a state, and its current state. `ended` is what its pidfd reports; `stop` tracks a
/// stop so far.
fn reached(
    pid: i32,
    ended: bool,
    awaited: ProcessState,
    stop: &mut Option<LastingStop>,
    ours: impl Fn(i32) -> bool,
) -> (Reached, ProcessState) {
    let of_the_dead = matches!(awaited, ProcessState::Gone | ProcessState::Zombie);
    let process = match process_table::glance(pid) {
        Ok(Some(process)) => process,
        Ok(None) => {
            return (if of_the_dead { Reached::Yes } else { Reached::Never }, ProcessState::Gone);
        }
        // Without a process table, only the pidfd reports the exit.
        Err(_) if ended => return (Reached::Yes, ProcessState::Zombie),
        Err(_) => return (Reached::NotYet, ProcessState::Unknown),
    };
    let done = match awaited {
        ProcessState::Zombie => process.is_waitable_zombie(),
        ProcessState::Gone => false,
        ProcessState::Stopped if process.tracer.is_some_and(ours) => process_table::is_stopped(pid),
        ProcessState::Stopped => stop.get_or_insert_with(|| LastingStop::of(pid)).holds(),
        ProcessState::Running => matches!(process.state, State::Running | State::Sleeping | State::DiskSleep),
        ProcessState::Asleep => process.state.is_asleep(),
        other => seen(process.state) == other,
    };
    let reached = match done {
        true => Reached::Yes,
        false if !of_the_dead && process.is_waitable_zombie() => Reached::Never,
        false => Reached::NotYet,
    };
    // The threads' stop was read after the state, which may be from before the stop.
    let state = match (awaited, seen(process.state)) {
        (ProcessState::Stopped, before) if done && before != ProcessState::TracingStop => {
            ProcessState::Stopped
        }
        (_, state) => state,
    };
    (reached, state)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// The answer for this thread, which runs.
    fn answer(had: Duration, late: Duration, burnt: Option<Duration>) -> Option<Line> {
        let pid = crate::sys::process::pid();
        let tid = rustix::thread::gettid().as_raw_nonzero().get();
        let deadline = Instant::now().checked_sub(late).expect("a machine that is up");
        starved(deadline.checked_sub(had).expect("a machine that is up"), deadline, pid, tid, burnt)
    }

    #[test]
    fn who_is_ready_and_given_no_cpu_is_not_to_blame() {
        let second = Duration::from_secs(1);
        let late = || Some(Line::new("late"));
        assert_eq!(answer(second * 60, second, Some(Duration::ZERO)), None);
        let starved = Some(Line::new("late").with("how", "starved"));
        assert_eq!(answer(second, second * 2, Some(Duration::ZERO)), starved);
        assert_eq!(answer(second * 60, second, Some(second)), late());
        assert_eq!(answer(second * 60, second, None), late());
    }
}
