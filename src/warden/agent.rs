//! The agent of the trial: startup, lines, exit.

use super::children::Children;
use super::inner::Inner;
use super::keeper::{self, Keeper};
use super::{Warden, garbage, read_some, write_all};
use crate::protocol::Line;
use crate::protocol::codec::Words;
use crate::protocol::line::LineReader;
use crate::protocol::warden::Begin;
use crate::subject::{Handles, Subject};
use crate::sys::descriptors;
use crate::sys::makeshift;
use crate::sys::process::{self, Forked, Handle, namespace};
use crate::sys::process_table::{self, Asleep, State, StopState};
use crate::sys::signal;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CString;
use std::time::{Duration, Instant};

/// The number of bytes of the agent's standard error that are kept, and of a program's output.
const KEPT: usize = 16 * 1024;

/// The maximum number of reads after a pipe's writer has died, so that another process writing to it cannot stall the
/// warden.
const LAST_READS: usize = 64;

/// How long an agent may live without its standard output: a dying one closes it slightly before its exit is visible.
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

/// What the children of an agent may do without a command.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(super) enum Activity {
    /// A tracer is resuming one, or has not consumed its exit yet.
    Resuming,
    /// One may be about to exit or stop: it is not held, or it is running, runnable or in an uninterruptible sleep.
    Runnable,
    /// A tracer has stopped some, with this total of context switches. If the total changes, they will go on once the
    /// tracer gets to it; if not, it is a job-control stop, which looks the same.
    TracerStopped { switches: u64 },
    /// Nothing.
    Idle,
}

/// The process that hosts the subject.
pub(super) struct Agent {
    /// The process forked by the warden.
    pub(super) handle: Handle,
    /// The pid of the process that speaks: the forked one, or a descendant if the agent's command is a wrapper.
    pub(super) pid: i32,
    pub(super) calls: BTreeMap<u64, CallState>,
    /// Descendants of the forked process when it said hello: a wrapper and its helpers.
    pub(super) wrapper: Vec<i32>,
    /// The pids named in its replies: children that need not have connected.
    pub(super) spawned: Vec<i32>,
    /// Whether it has said hello, by which it identifies itself once.
    greeted: bool,
    /// It is no agent but a program that runs a program: it speaks no protocol, and the driver asks for its exit.
    pub(super) program: bool,
    /// It lives in a PID namespace of its own, below this one.
    pub(super) keeper: Option<Keeper>,
    /// Whether its exit was seen.
    pub(super) ended: bool,
    /// When its standard output closed; cleared once it is dead or the driver has been notified.
    pub(super) muted_since: Option<Instant>,
    /// The wait status of the forked process, if reaping it returned one.
    pub(super) status: Option<i32>,
    stdin: Option<OwnedFd>,
    stdout: Option<OwnedFd>,
    stderr: Option<OwnedFd>,
    lines: LineReader,
    pub(super) stderr_text: Vec<u8>,
    /// What a program wrote to its standard output.
    pub(super) stdout_text: Vec<u8>,
    /// The inner warden of a program.
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
            calls: BTreeMap::new(),
            wrapper: Vec::new(),
            spawned: Vec::new(),
            greeted: false,
            program: false,
            keeper: None,
            ended: false,
            muted_since: None,
            status: None,
            stdin,
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

    /// Sends one line. It is lost if the agent does not read: the pipe holds far more than a trial sends.
    pub(super) fn send(&mut self, line: &[u8]) {
        if let Some(stdin) = &self.stdin {
            let mut bytes = line.to_vec();
            bytes.push(b'\n');
            if write_all(stdin, &bytes).is_err() {
                self.stdin = None;
            }
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
        // One that sleeps in a wait call is connected, but waits for a child of its own rather than for commands.
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
                State::Zombie | State::Dead if p.has_another_tracer() => return Activity::Resuming,
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

    /// The children it forked, and those of its descendants it has adopted.
    fn own_children(&self, children: &Children) -> impl Iterator<Item = process_table::Process> {
        let pids: BTreeSet<i32> = self.spawned.iter().chain(&children.forked).copied().collect();
        let read = pids.into_iter().filter_map(|pid| process_table::glance(pid).ok().flatten());
        read.filter(|p| p.ppid == self.pid)
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

/// The three streams of an agent, both ends.
pub(super) struct Streams {
    pub(super) ours: [OwnedFd; 3],
    pub(super) theirs: [OwnedFd; 3],
}

pub(super) fn streams() -> Result<Streams, Errno> {
    let (in_read, in_write) = makeshift::pipe()?;
    let (out_read, out_write) = makeshift::pipe()?;
    let (err_read, err_write) = makeshift::pipe()?;
    for fd in [&in_write, &out_read, &err_read] {
        makeshift::nonblocking(fd)?;
    }
    Ok(Streams { ours: [in_write, out_read, err_read], theirs: [in_read, out_write, err_write] })
}

/// Why an agent was not started.
pub(super) enum Refused {
    /// What it needs is not to be had here.
    Lacking(String),
    /// Something went wrong.
    Broken(String),
}

fn broken(what: &str, error: Errno) -> Refused {
    Refused::Broken(format!("{what}: {}", errno(error)))
}

/// A stream between the warden and the keeper of a namespace, close-on-exec.
fn channel() -> Result<(OwnedFd, OwnedFd), Errno> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::empty(), None)?;
    for end in [&ours, &theirs] {
        rustix::io::fcntl_setfd(end, rustix::io::FdFlags::CLOEXEC)?;
    }
    Ok((ours, theirs))
}

/// In process 1 of a new namespace: returns in a child of it, which becomes the agent.
fn keep_agent(channel: OwnedFd) {
    process::die_with_parent(Some(libc::SIGKILL));
    match process::fork() {
        Ok(Forked::Child) => {}
        Err(_) => process::exit_now(125),
        Ok(Forked::Parent(agent)) => {
            let Ok(channel) =
                rustix::io::fcntl_dupfd_cloexec(&channel, 3).and_then(|high| descriptors::move_to(high, 3))
            else {
                process::exit_now(125)
            };
            // The agent's streams are the agent's alone.
            if let Ok(null) = rustix::fs::open(c"/dev/null", OFlags::RDWR, Mode::empty()) {
                let _ = rustix::stdio::dup2_stdin(&null);
                let _ = rustix::stdio::dup2_stdout(&null);
                let _ = rustix::stdio::dup2_stderr(&null);
                std::mem::forget(null);
            }
            descriptors::close_from(4);
            keeper::keep(channel, agent)
        }
    }
}

/// A subject that a warden hosts.
#[derive(Copy, Clone)]
enum Hosted {
    Calls(&'static dyn Subject),
    Handles(&'static dyn Handles),
}

impl Warden<'_> {
    fn host(&self, name: &str) -> Option<Hosted> {
        let calls = self.subjects.get(name).map(Hosted::Calls);
        calls.or_else(|| self.subjects.handles(name).map(Hosted::Handles))
    }

    /// Starts the agent of a trial.
    pub(super) fn open_agent(
        &mut self,
        nonce: String,
        subject: Option<String>,
        argv: Option<Words>,
        begin: Option<Begin>,
    ) -> Result<i32, Refused> {
        if self.agent.is_some() {
            return Err(Refused::Broken("a trial is already open".into()));
        }
        let argv = argv.map_or_else(Vec::new, |argv| argv.0);
        let argv: Vec<CString> = argv.into_iter().filter_map(|word| CString::new(word).ok()).collect();
        let hosted = match &subject {
            Some(name) => {
                Some(self.host(name).ok_or_else(|| Refused::Broken(format!("no subject {name} here")))?)
            }
            None if argv.is_empty() => {
                return Err(Refused::Broken("'subject=' or 'argv=' is missing".into()));
            }
            None => None,
        };
        let streams = streams().map_err(|e| broken("cannot make pipes for the agent", e))?;
        let own_pids = begin == Some(Begin::OwnPids);
        let channel = own_pids.then(channel).transpose().map_err(|e| broken("cannot make a stream", e))?;
        let forked = if own_pids { namespace::fork_as_init() } else { process::fork() };
        let pid = match forked {
            Err(e) if own_pids => {
                return Err(Refused::Lacking(format!("no PID namespace here: {}", errno(e))));
            }
            Err(e) => return Err(broken("cannot fork the agent", e)),
            Ok(Forked::Parent(pid)) => pid,
            Ok(Forked::Child) => {
                if let Some((_, theirs)) = channel {
                    keep_agent(theirs);
                }
                become_agent(streams.theirs);
                match hosted {
                    Some(subject) => {
                        let (input, output) = (
                            makeshift::duplicate(rustix::stdio::stdin()),
                            makeshift::duplicate(rustix::stdio::stdout()),
                        );
                        match (input, output) {
                            (Ok(input), Ok(output)) => match subject {
                                Hosted::Calls(subject) => crate::agent::serve(subject, input, output),
                                Hosted::Handles(handles) => {
                                    crate::agent::handles::serve_handles(handles, input, output, begin)
                                }
                            },
                            _ => process::exit_now(125),
                        }
                    }
                    None => {
                        // Built-in agents do this themselves.
                        signal::reset_all();
                        crate::agent::handles::begin_with(begin);
                        // An agent in another language may need its startup files: it starts in the driver's directory.
                        let _ = rustix::process::chdir(self.subjects.start_folder());
                        let errno = process::exec(&argv);
                        let why =
                            format!("cannot execute {}: {}\n", argv[0].to_string_lossy(), self::errno(errno));
                        let _ = write_all(rustix::stdio::stderr(), why.as_bytes());
                        process::exit_now(127)
                    }
                }
            }
        };
        let handle = Handle::open(pid).map_err(|e| broken("cannot watch the agent", e))?;
        self.children.clear();
        let mut agent = Agent::new(handle, streams.ours.map(Some));
        agent.keeper = channel.map(|(ours, _)| Keeper::new(ours));
        self.agent = Some(agent);
        self.children.nonce = nonce;
        Ok(pid)
    }

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
        let mut texts = Vec::new();
        // The driver need not know at once that a call was entered: it asks whether the call blocks.
        let mut urgent = ended;
        while let Some(line) = agent.lines.next_line() {
            let parsed = line.clone().and_then(|bytes| Line::parse(&bytes));
            match parsed {
                Ok(parsed) => {
                    if parsed.word() == "hello" && !std::mem::replace(&mut agent.greeted, true) {
                        let said = parsed.number("pid").ok().and_then(|p| i32::try_from(p).ok());
                        // In a namespace of its own it goes by another pid.
                        let said = said.filter(|p| *p != agent.pid && agent.keeper.is_none());
                        if let Some(pid) = said.filter(|p| self.sweeper.is_below_us(*p)) {
                            agent.pid = pid;
                            agent.wrapper = self.sweeper.pids();
                        } else if parsed.get("interface").as_deref() == Some("handle")
                            && agent.keeper.is_none()
                        {
                            // A runtime may have helpers, as one that makes all children.
                            agent.wrapper = self.sweeper.pids();
                        }
                    }
                    agent.note(&parsed);
                    urgent |= parsed.word() != "entering";
                    texts.push(format!("agent {parsed}"));
                }
                Err(why) => {
                    urgent = true;
                    texts.push(format!("warden {}", garbage("agent", &line, &why)));
                }
            }
        }
        if ended {
            if !agent.lines.rest().is_empty() {
                let rest = Ok(agent.lines.rest().to_vec());
                let why = crate::protocol::line::LineError::Unfinished;
                texts.push(format!("warden {}", garbage("agent", &rest, &why)));
            }
            agent.stdout = None;
            agent.muted_since = Some(Instant::now());
        }
        for text in texts {
            self.note(&text);
        }
        self.urgent |= urgent;
        true
    }

    /// Finds out whether an agent whose standard output closed has died, or lives on without it.
    pub(super) fn check_muted(&mut self) {
        let Some(agent) = &mut self.agent else { return };
        let Some(since) = agent.muted_since else { return };
        // The process that speaks may not be the one that was forked.
        let table = process_table::glance(agent.pid);
        let lives = agent.handle.has_ended() != Some(true)
            && matches!(table, Ok(Some(process)) if !process.is_waitable_zombie());
        if !lives {
            self.agent_exited();
        } else if since.elapsed() >= MUTE_LIMIT {
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
            // Of a program the driver asks for the exit.
            if !agent.program {
                self.tell(&Line::new("gone").with("of", "agent"));
            }
        }
    }
}

/// Reads once and keeps what there is room for: whether something came, `None` at the end.
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

/// Sets up the same start for every agent, whatever the driver inherited: default dispositions, an empty mask, a
/// process group that is not orphaned (its parent, the warden, is in the same session and another group), its three
/// streams and no other descriptor, and a parent-death signal.
pub(super) fn become_agent(theirs: [OwnedFd; 3]) {
    process::die_with_parent(Some(libc::SIGKILL));
    let _ = rustix::process::setpgid(None, None);
    // The ends may themselves be 0 to 2 if those were closed: move them out of the way first.
    let moved: Vec<OwnedFd> = theirs.iter().filter_map(|fd| makeshift::duplicate_from(fd, 3).ok()).collect();
    if let [stdin, stdout, stderr] = moved.as_slice() {
        let done = makeshift::as_standard(stdin, 0)
            .and_then(|()| makeshift::as_standard(stdout, 1))
            .and_then(|()| makeshift::as_standard(stderr, 2));
        if done.is_err() {
            process::exit_now(125);
        }
    } else {
        process::exit_now(125);
    }
    std::mem::forget(moved);
    std::mem::forget(theirs);
    descriptors::close_from(3);
}

pub(super) fn errno(e: Errno) -> String {
    crate::wait::names::errno_text(e.raw_os_error())
}
