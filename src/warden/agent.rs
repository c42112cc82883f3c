//! The agent of the trial: startup, lines, exit.

use super::children::Children;
use super::inner::Inner;
use super::keeper::Keeper;
use super::outbox::Outbox;
use super::{Warden, garbage, read_some};
use crate::protocol::Line;
use crate::protocol::line::LineReader;
use crate::sorted::{Map, Set};
use crate::sys::process::Handle;
use crate::sys::process_table::{self, Asleep, State, StopState};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use std::time::{Duration, Instant};

/// How many bytes of the agent's standard error, and of a program's output, are kept.
const KEPT: usize = 16 * 1024;

/// The maximum number of reads after a pipe's writer has died, so that another process writing to the pipe cannot stall
/// the warden.
const LAST_READS: usize = 64;

/// How long an agent may run without its standard output: a dying agent closes it slightly before its exit is visible.
const MUTE_LIMIT: Duration = Duration::from_secs(2);

/// The state of one wait call.
#[derive(Copy, Clone)]
pub(super) enum CallState {
    /// The agent announced it and has not answered.
    Entered {
        /// The calling thread.
        tid: i32,
    },
    /// The agent answered.
    Answered,
}

/// What the children of an agent may do without being told.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(super) enum Activity {
    /// A tracer is resuming one of them, or has not consumed its exit yet.
    Resuming,
    /// One of them may be about to exit or stop: it is not held, or it is running, runnable or in an uninterruptible
    /// sleep.
    Runnable,
    /// A tracer has stopped some of them, with this total of context switches. If the total changes, they will go on
    /// once the tracer gets to it; if not, it is a job-control stop, which looks the same.
    TracerStopped { switches: u64 },
    /// They are idle.
    Idle,
}

/// The process that hosts the subject.
pub(super) struct Agent {
    /// The process forked by the warden.
    pub(super) handle: Handle,
    /// The pid that speaks the protocol: the forked process, or a descendant if the agent's command is a wrapper.
    pub(super) pid: i32,
    pub(super) calls: Map<u64, CallState>,
    /// Descendants of the forked process when it said hello: a wrapper and its helpers.
    pub(super) wrapper: Vec<i32>,
    /// The pids in its replies: children that may not have connected.
    pub(super) spawned: Vec<i32>,
    /// Whether it has said hello; only the first hello identifies it.
    greeted: bool,
    /// It is not an agent but a program that runs a program: it does not speak the protocol, and the driver asks for
    /// its exit.
    pub(super) program: bool,
    /// The keeper of its PID namespace, if it runs in one below this one.
    pub(super) keeper: Option<Keeper>,
    /// Whether its exit was seen.
    pub(super) ended: bool,
    /// When its standard output closed; cleared once it is dead or the driver has been notified.
    pub(super) muted_since: Option<Instant>,
    /// The wait status of the forked process, if reaping it returned one.
    pub(super) status: Option<i32>,
    stdin: Option<Outbox>,
    stdout: Option<OwnedFd>,
    stderr: Option<OwnedFd>,
    lines: LineReader,
    pub(super) stderr_text: Vec<u8>,
    /// What a program wrote to its standard output.
    pub(super) stdout_text: Vec<u8>,
    /// The inner warden, for a program.
    pub(super) inner: Option<Inner>,
    /// The master side of a program's terminal.
    pub(super) terminal: Option<OwnedFd>,
}

impl Agent {
    /// A process that was just forked, with our ends of its streams.
    pub(super) fn new(handle: Handle, [stdin, stdout, stderr]: [Option<OwnedFd>; 3]) -> Agent {
        Agent {
            pid: handle.pid(),
            handle,
            calls: Map::new(),
            wrapper: Vec::new(),
            spawned: Vec::new(),
            greeted: false,
            program: false,
            keeper: None,
            ended: false,
            muted_since: None,
            status: None,
            stdin: stdin.map(Outbox::new),
            stdout,
            stderr,
            lines: LineReader::default(),
            stderr_text: Vec::new(),
            stdout_text: Vec::new(),
            inner: None,
            terminal: None,
        }
    }

    pub(super) fn out_fd(&self) -> Option<BorrowedFd<'_>> {
        self.stdout.as_ref().map(AsFd::as_fd)
    }

    pub(super) fn err_fd(&self) -> Option<BorrowedFd<'_>> {
        self.stderr.as_ref().map(AsFd::as_fd)
    }

    /// The stream to the agent, as long as lines wait for it to read.
    pub(super) fn in_fd(&self) -> Option<BorrowedFd<'_>> {
        self.stdin.as_ref().and_then(Outbox::waiting)
    }

    /// Sends one line; it is lost if the agent has closed its input.
    pub(super) fn send(&mut self, line: &[u8]) {
        self.write(|stdin| stdin.send(line));
    }

    /// Sends what did not fit before.
    pub(super) fn send_rest(&mut self) {
        self.write(Outbox::flush);
    }

    fn write(&mut self, write: impl FnOnce(&mut Outbox) -> Result<(), Errno>) {
        if self.stdin.as_mut().is_some_and(|stdin| write(stdin).is_err()) {
            self.stdin = None;
        }
    }

    pub(super) fn call(&self, id: u64) -> Option<CallState> {
        self.calls.get(&id).copied()
    }

    /// What its own children may do next. A child is held if it waits for commands.
    pub(super) fn activity(&self, children: &Children) -> Activity {
        let held = |pid| children.holds(pid);
        let runs = |state| matches!(state, State::Running | State::DiskSleep);
        let threads_run = |pid| process_table::threads(pid).iter().any(|(_, state)| runs(*state));
        // A child that sleeps in a wait call is connected, but waits for its own child rather than for commands.
        let waits = |pid| process_table::is_asleep_in_wait(pid, pid) == Asleep::InWait;
        let mut busy = false;
        let mut traced = None;
        // Each is read once: a traced process may change from one moment to the next.
        for p in self.own_children(children) {
            match p.state {
                State::Stopped => {}
                State::TracingStop => match process_table::stop_of(p.pid) {
                    StopState::Traced { switches } => traced = Some(traced.unwrap_or(0) + switches),
                    _ => return Activity::Resuming,
                },
                State::Zombie | State::Dead if p.ppid == self.pid && p.has_another_tracer() => {
                    return Activity::Resuming;
                }
                // A leader that exited before the other threads.
                State::Zombie | State::Dead => {
                    busy |= p.threads.is_some_and(|n| n > 1) && (!held(p.pid) || threads_run(p.pid));
                }
                state => busy |= runs(state) || !held(p.pid) || threads_run(p.pid) || waits(p.pid),
            }
        }
        match traced {
            _ if busy => Activity::Runnable,
            Some(switches) => Activity::TracerStopped { switches },
            None => Activity::Idle,
        }
    }

    /// The children it forked, any of its descendants that it has adopted, and strangers that it traces.
    fn own_children(&self, children: &Children) -> impl Iterator<Item = process_table::Process> {
        let pids: Set<i32> = self.spawned.iter().chain(&children.forked).copied().collect();
        let read = pids.into_iter().filter_map(|pid| process_table::glance(pid).ok().flatten());
        read.filter(|p| p.ppid == self.pid || self.traces(p.pid))
    }

    /// Whether a thread of it traces that process: its waits report it like a child.
    fn traces(&self, pid: i32) -> bool {
        let tracer = process_table::read(pid).ok().flatten().and_then(|p| p.tracer);
        let is_ours = |tracer| process_table::threads(self.pid).iter().any(|(tid, _)| *tid == tracer);
        tracer.is_some_and(|tracer| tracer == self.pid || is_ours(tracer))
    }

    /// Tracks calls from the agent's lines.
    fn note(&mut self, line: &Line) {
        let Some(id) = line.id() else { return };
        match line.word() {
            "entering" => {
                let tid = line.number("tid").ok().and_then(|n| i32::try_from(n).ok()).unwrap_or(self.pid);
                self.calls.insert(id, CallState::Entered { tid });
            }
            _ => {
                self.calls.insert(id, CallState::Answered);
                let pid = line.number_opt("pid").ok().flatten().filter(|_| self.keeper.is_none());
                self.spawned.extend(pid.and_then(|p| i32::try_from(p).ok()));
            }
        }
    }
}

impl Warden<'_> {
    /// Reads the agent's output and relays it; `false` if there was none.
    pub(super) fn read_agent(&mut self) -> bool {
        let Some(agent) = &mut self.agent else { return false };
        let Some(stdout) = &agent.stdout else { return false };
        if agent.program {
            let more = keep_text(stdout, &mut agent.stdout_text);
            if more.is_none() {
                agent.stdout = None;
            }
            return more == Some(true);
        }
        let ended = match read_some(stdout, &mut agent.lines) {
            Ok(false) => return false,
            Ok(true) => false,
            Err(_) => true,
        };
        // Its lines are forwarded byte for byte.
        let mut notes: Vec<(&[u8], Vec<u8>)> = Vec::new();
        // The driver need not know at once that a call was entered: it will ask whether the call blocks.
        let mut urgent = ended;
        while let Some(line) = agent.lines.next_line() {
            let parsed = line.as_deref().map_err(Clone::clone).and_then(Line::parse);
            match parsed {
                Ok(parsed) => {
                    if parsed.word() == "hello" && !std::mem::replace(&mut agent.greeted, true) {
                        let said = parsed.number("pid").ok().and_then(|p| i32::try_from(p).ok());
                        // In its own namespace, it knows itself by another pid.
                        let said = said.filter(|p| *p != agent.pid && agent.keeper.is_none());
                        if let Some(pid) = said.filter(|p| self.sweeper.is_below_us(*p)) {
                            agent.pid = pid;
                            agent.wrapper = self.sweeper.pids();
                        } else if parsed.get("interface").as_deref() == Some("handle")
                            && agent.keeper.is_none()
                        {
                            // A runtime may have helpers, such as one that creates all children.
                            agent.wrapper = self.sweeper.pids();
                        }
                    }
                    agent.note(&parsed);
                    urgent |= parsed.word() != "entering";
                    notes.push((b"agent ", line.unwrap_or_default()));
                }
                Err(why) => {
                    urgent = true;
                    notes.push((b"warden ", garbage("agent", &line, &why).to_string().into_bytes()));
                }
            }
        }
        if ended {
            if !agent.lines.rest().is_empty() {
                let rest = Ok(agent.lines.rest().to_vec());
                let why = crate::protocol::line::LineError::Unfinished;
                notes.push((b"warden ", garbage("agent", &rest, &why).to_string().into_bytes()));
            }
            agent.stdout = None;
            agent.muted_since = Some(Instant::now());
        }
        for (address, line) in notes {
            self.note_bytes(&[address, &line]);
        }
        self.urgent |= urgent;
        true
    }

    /// Determines whether an agent whose standard output closed has died, or is still running.
    pub(super) fn check_muted(&mut self) {
        let Some(agent) = &mut self.agent else { return };
        let Some(since) = agent.muted_since else { return };
        // The process that speaks the protocol may not be the one that was forked.
        let table = process_table::glance(agent.pid);
        let lives = agent.handle.has_ended() != Some(true)
            && matches!(&table, Ok(Some(process)) if !process.is_waitable_zombie());
        // It may be exiting, and waiting for a CPU.
        let runs = matches!(&table, Ok(Some(p)) if matches!(p.state, State::Running | State::DiskSleep));
        if !lives {
            self.agent_exited();
        } else if since.elapsed() >= MUTE_LIMIT * if runs { 10 } else { 1 } {
            agent.muted_since = None;
            self.tell(&Line::new("eof").with("of", "agent"));
        }
    }

    /// Keeps the beginning of the agent's standard error.
    pub(super) fn read_stderr(&mut self) {
        let Some(agent) = &mut self.agent else { return };
        let Some(stderr) = &agent.stderr else { return };
        if keep_text(stderr, &mut agent.stderr_text).is_none() {
            agent.stderr = None;
        }
    }

    /// The agent has died: drains its output first.
    pub(super) fn agent_exited(&mut self) {
        for _ in 0..LAST_READS {
            if !self.read_agent() {
                break;
            }
        }
        self.read_stderr();
        if let Some(agent) = &mut self.agent
            && !agent.ended
        {
            agent.ended = true;
            agent.muted_since = None;
            // For a program, the driver asks for the exit.
            if !agent.program {
                self.tell(&Line::new("gone").with("of", "agent"));
            }
        }
    }
}

/// Reads once and keeps as much as there is room for. Returns whether there was anything, or `None` at end of file.
pub(super) fn keep_text(from: &OwnedFd, text: &mut Vec<u8>) -> Option<bool> {
    let mut buffer = [0_u8; 4096];
    match rustix::io::read(from, &mut buffer) {
        Ok(n) if n > 0 => {
            let room = KEPT.saturating_sub(text.len());
            text.extend_from_slice(&buffer[..n.min(room)]);
            Some(true)
        }
        Err(Errno::AGAIN | Errno::INTR) => Some(false),
        _ => None,
    }
}
