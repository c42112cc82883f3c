//! The warden: supervises the processes of one trial at a time.
//!
//! It is forked from the driver while the driver is single-threaded, leads its own session, becomes a subreaper where
//! supported, and outlives the driver just long enough to kill its descendants. It starts the agent, relays lines,
//! sends signals and watches the process table. It never relies on a wait call: those are under test.
//!
//! # Requests
//!
//! Each carries `id=N` and is answered by one line with the same `id`.
//!
//! | request | effect | answer |
//! |---|---|---|
//! | `probe` | probes the environment | `ok kernel=K machine=M methods=M,... notes=T,... root=yes core=yes`, `pidfd-waits=ERRNO` if they are refused |
//! | `open subject=NAME` or `open argv=A,B,...`, `nonce=N` | starts the agent of a trial; children connect with tokens `N-NAME` | `ok pid=N socket=PATH exe=PATH`, `err why=TEXT` |
//! | `open ... begin=sigchld-ignored`, `sigchld-blocked` or `own-pids` | the same, with SIGCHLD ignored or blocked, or as process 2 of a new PID namespace | the same; `err why=TEXT lacking=yes` if namespaces are not available |
//! | `decoy pid=N` | for an agent with its own namespace: creates a process with that pid there, which blocks every signal | `ok`, `err why=TEXT` |
//! | `pending` | the signals that are pending for the last decoy | `ok sigs=S,...`, `err why=TEXT` |
//! | `contain` | tries a PID namespace, for programs to be run in | `ok how=root` or `users`, `err why=TEXT` |
//! | `run argv=A,B,... nonce=N` | starts a program that runs a program, again if it has exited, in a PID namespace if possible (`first=yes`: as its process 1); `terminal=yes`: in a session with a terminal; with these signals `ignored=S,...` and `blocked=S,...`; `zombie=yes`: as the parent of a child that has exited with 3; `files=PATH,TEXT,...` are created in its folder first | as `open` |
//! | `place` | where children will connect and the program will be started | `ok socket=PATH exe=PATH folder=PATH` |
//! | `exit within=MS` | waits until the program has exited, and reaps it | `ok code=N`, `ok signal=S [core=yes]`, `late` |
//! | `output [until=BYTES] within=MS` | waits until the program has written that to standard output, or has exited | `ok out=BYTES err=BYTES`, `late out=BYTES err=BYTES` |
//! | `tally` | counts the descendants of the warden, excluding the inner one | `ok processes=N zombies=N orphans=PID,...`: the orphans that the inner one reaped, by their pids in the namespace |
//! | `statuses` | creates 12 children that terminate in known ways, and reaps them | `ok statuses=MADE:REPORTED,...` |
//! | `adopt name=A pid=N` | names a child that does not connect; it must be a descendant of the warden in the process table | `ok`, `err why=TEXT` |
//! | `signal to=A sig=S` (`to=agent`) | sends a signal | `ok`, `err errno=E` |
//! | `freeze of=A frozen=yes` or `frozen=no` | freezes or thaws a child by a cgroup v2 | `ok`, `err why=TEXT` |
//! | `await of=A for=zombie,stopped,running,asleep or gone within=MS` | waits for this state in the process table | `ok state=S`, `late state=S`; the latter at once if it can never come |
//! | `blocked call=N within=MS` | waits until the agent sleeps in the call with this id, or has answered it | `ok how=syscall,asleep or assumed`, `ok how=answered`, `ok how=died`, `late`, `late how=starved`: it is ready to run, and hardly did |
//! | `answer call=N grace=MS spin=MS within=MS [settled=yes]` | waits until the call with that id is answered; a caller that was asleep for `grace`, or burnt `spin` of CPU time, hangs, unless a child may still exit by itself (`settled`: none will) | `ok how=answered`, `ok how=died`, `ok how=asleep`, `ok how=spinning`, `late`, `late how=starved` |
//! | `state of=A` | reads the process table | `ok state=S pid=N ppid=N pgid=N sid=N`, for the agent also `cpu=US switches=N`, of all threads, and for a program `resident=BYTES caught=SIG,...` |
//! | `ping` | nothing: shows that the stream works in both directions | `ok` |
//! | `close` | closes the trial: kills and reaps all descendants of the warden | `ok leaked=P,... agent=STATUS [killed=SIGNAL] stuck=N`, preceded by the agent's remaining output |
//!
//! Output of the agent and the children is relayed as `agent LINE` and `child NAME LINE`, a malformed line as `warden
//! garbage from=agent what=BYTES`; `warden gone of=agent` reports that the agent died, `warden eof of=agent` that it
//! closed its standard output but is still running, `warden eof of=NAME` that a connection closed, `warden elsewhere
//! of=NAME pid=N` that a child is not below the warden (it was told to exit, and no signal is sent to it), `warden
//! stderr text=BYTES` what the agent wrote to standard error.

mod agent;
mod children;
mod freezer;
pub(crate) mod heap;
mod inner;
mod keeper;
mod known_statuses;
mod outbox;
mod probe;
pub mod program;
mod requests;
mod run;
mod start;
mod sweep;
pub(crate) mod tempdir;
mod watch;

use crate::protocol::Line;
use crate::protocol::line::{LineError, LineReader};
use crate::subject::Registry;
use crate::sys::process_table::Descendants;
use crate::sys::{makeshift, process, signal};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use std::mem::MaybeUninit;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A warden's streams and directory.
pub struct Post {
    /// From the driver.
    pub input: OwnedFd,
    /// To the driver; may be the same stream.
    pub output: OwnedFd,
    /// Its own directory, created if missing; removed at exit together with its parent once that is empty.
    pub folder: PathBuf,
    /// Its own descendants: the driver may know that other processes are none.
    pub below: Descendants,
}

impl Post {
    /// Of a program that was executed as a warden: it knows no other process yet.
    fn of_program((input, output): (OwnedFd, OwnedFd), folder: PathBuf) -> Post {
        Post { input, output, folder, below: Descendants::new(process::pid()) }
    }
}

/// Serves one driver until its stream closes. Must be called in a single-threaded process without children.
pub fn serve(post: Post, subjects: &Registry) -> ! {
    signal::know_dispositions();
    // The driver decides when a run is over; the warden exits when its stream closes.
    let of_the_run = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGPIPE, libc::SIGQUIT];
    // A case may use these as a child's exit signal, and a faulty system keeps them for the adopting process.
    let of_children = [libc::SIGUSR1, libc::SIGUSR2];
    for signal in of_the_run.into_iter().chain(of_children) {
        let _ = signal::set_action(signal, signal::Action::Ignore, signal::Flags::default());
    }
    let _ = process::new_session();
    let adopts = process::set_subreaper(true).is_ok();
    let mut warden = match Warden::new(post, subjects, adopts) {
        Ok(warden) => warden,
        Err((output, why)) => {
            let line = format!("warden unfit why={}\n", crate::protocol::line::encode(why.as_bytes()));
            let _ = write_all(&output, line.as_bytes());
            process::exit_now(3)
        }
    };
    while warden.turn() {}
    warden.leave();
    process::exit_now(0)
}

/// Serves a remote driver on standard input and output: `ssh host waitspec warden`.
pub fn serve_stdio(subjects: &Registry) -> ! {
    match (own_streams(), crate::warden::tempdir::make()) {
        (Ok(streams), Ok(parent)) => {
            let folder = parent.join("w0");
            let _pieces = heap::FreePieces::take();
            serve(Post::of_program(streams, folder), subjects)
        }
        _ => process::exit_now(3),
    }
}

/// Standard input and output, reserved for the driver.
fn own_streams() -> Result<(OwnedFd, OwnedFd), Errno> {
    let streams =
        (makeshift::duplicate(rustix::stdio::stdin())?, makeshift::duplicate(rustix::stdio::stdout())?);
    // Other writes to standard output must not corrupt the stream.
    makeshift::as_standard(rustix::stdio::stderr(), 1)?;
    Ok(streams)
}

/// The state of a warden.
struct Warden<'a> {
    input: OwnedFd,
    output: OwnedFd,
    from_driver: LineReader,
    folder: PathBuf,
    subjects: &'a Registry,
    listener: children::Listener,
    agent: Option<agent::Agent>,
    children: children::Children,
    watches: Vec<watch::Watch>,
    sweeper: sweep::Sweeper,
    /// The number of consecutive idle turns while something is being watched: the more, the longer the pauses.
    idle_turns: u32,
    /// The duration of the last check of all watches.
    look: Duration,
    /// Output queued for the driver.
    unsent: Vec<u8>,
    /// Whether someone may be waiting for the queued output.
    urgent: bool,
    /// The path of this program, once looked up.
    exe: Option<PathBuf>,
    /// How programs are contained, once tried.
    containment: Option<inner::Containment>,
    /// What earlier runs of the trial's program left behind.
    left_behind: Vec<(i32, crate::sys::process_table::State)>,
    /// The cgroup that freezes children of this trial, once one has been frozen.
    freezer: Option<freezer::Freezer>,
    open: bool,
}

/// What a poll found ready.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Source {
    Driver,
    Listener,
    /// There is room again for what could not be sent to it.
    AgentIn,
    AgentOut,
    AgentErr,
    AgentEnd,
    /// The inner warden reports the exit of the program.
    Inner,
    /// The program's terminal.
    Terminal,
    PendingPeer(usize),
    Child(usize),
    /// The exit of a watched process; watches are checked in any case.
    Watched,
}

impl<'a> Warden<'a> {
    fn new(post: Post, subjects: &'a Registry, adopts: bool) -> Result<Warden<'a>, (OwnedFd, String)> {
        let text = |e: Errno| crate::wait::names::errno_text(e.raw_os_error());
        let made = match makeshift::make_directory(&post.folder) {
            // Done by the driver.
            Err(Errno::EXIST) => Ok(()),
            made => made,
        };
        let ready = made
            .map_err(|e| format!("cannot create the directory {}: {}", post.folder.display(), text(e)))
            .and_then(|()| {
                // Core files and other leftovers of children land in a directory that is removed.
                makeshift::or(rustix::process::chdir(&post.folder), || Ok(()))
                    .map_err(|e| format!("cannot enter {}: {}", post.folder.display(), text(e)))
            })
            .and_then(|()| {
                let path = post.folder.join("s");
                children::Listener::bind(&path)
                    .map_err(|(what, e)| format!("cannot {what} at {}: {}", path.display(), text(e)))
            });
        let listener = match ready {
            Ok(listener) => listener,
            Err(why) => return Err((post.output, why)),
        };
        let Post { input, output, folder, below } = post;
        Ok(Warden {
            input,
            output,
            from_driver: LineReader::addressed(),
            folder,
            subjects,
            listener,
            agent: None,
            children: children::Children::new(),
            watches: Vec::new(),
            sweeper: sweep::Sweeper::new(below, adopts),
            idle_turns: 0,
            look: Duration::ZERO,
            unsent: Vec::new(),
            urgent: false,
            exe: None,
            containment: None,
            left_behind: Vec::new(),
            freezer: None,
            open: true,
        })
    }

    /// One turn of the loop; `false` once the driver has closed the stream.
    fn turn(&mut self) -> bool {
        let began = Instant::now();
        let within = self.patience();
        let ready = self.poll(within);
        self.note_late(began, within);
        let busy = ready.iter().any(|s| *s != Source::Watched);
        self.idle_turns = if busy { 0 } else { self.idle_turns.saturating_add(1) };
        // Children are removed with swap_remove; iterating backwards keeps the earlier indices valid.
        for source in ready.into_iter().rev() {
            match source {
                Source::Driver => self.read_driver(),
                Source::Listener => {
                    if let Err(errno) = self.listener.accept(&mut self.children) {
                        let errno = crate::wait::names::errno_text(errno.raw_os_error());
                        let why = format!("no child can connect: accept fails with {errno}");
                        self.tell(&Line::new("unfit").with("why", why));
                    }
                }
                Source::AgentIn => self.agent.iter_mut().for_each(agent::Agent::send_rest),
                Source::AgentOut => drop(self.read_agent()),
                Source::AgentErr => self.read_stderr(),
                Source::AgentEnd => self.agent_exited(),
                Source::Inner => self.read_inner(),
                Source::Terminal => self.read_terminal(),
                Source::PendingPeer(at) => self.read_pending(at),
                Source::Child(at) => self.read_child(at),
                Source::Watched => {}
            }
        }
        let began = Instant::now();
        self.check_muted();
        self.check_watches();
        self.look = began.elapsed();
        if self.urgent {
            self.flush();
        }
        self.open
    }

    fn poll(&self, within: Option<Duration>) -> Vec<Source> {
        let mut sources = vec![Source::Driver];
        let mut fds: Vec<BorrowedFd<'_>> = vec![self.input.as_fd()];
        let mut add = |source, fd| {
            sources.push(source);
            fds.push(fd);
        };
        if self.listener.works() && self.children.may_accept() {
            add(Source::Listener, self.listener.as_fd());
        }
        if let Some(agent) = &self.agent {
            if let Some(fd) = agent.out_fd() {
                add(Source::AgentOut, fd);
            }
            if let Some(fd) = agent.err_fd() {
                add(Source::AgentErr, fd);
            }
            if let (false, Some(fd)) = (agent.ended, agent.handle.poll_fd()) {
                add(Source::AgentEnd, fd);
            }
            if let (None, Some(inner)) = (agent.status, &agent.inner) {
                add(Source::Inner, inner.as_fd());
            }
            if let Some(terminal) = &agent.terminal {
                add(Source::Terminal, terminal.as_fd());
            }
        }
        for (at, unknown) in self.children.pending.iter().enumerate() {
            add(Source::PendingPeer(at), unknown.as_fd());
        }
        for (at, child) in self.children.known.iter().enumerate() {
            if let Some(fd) = child.connection() {
                add(Source::Child(at), fd);
            }
        }
        for watch in &self.watches {
            if let Some(fd) = watch.ending(&self.children, self.agent.as_ref()) {
                add(Source::Watched, fd);
            }
        }
        let to_agent = self.agent.as_ref().and_then(agent::Agent::in_fd);
        sources.extend(to_agent.map(|_| Source::AgentIn));
        match makeshift::ready(&fds, to_agent, within) {
            Ok(ready) => sources.into_iter().zip(ready).filter_map(|(s, r)| r.then_some(s)).collect(),
            Err(_) => Vec::new(),
        }
    }

    fn read_driver(&mut self) {
        match read_some(&self.input, &mut self.from_driver) {
            Ok(true) => {}
            Ok(false) => return,
            Err(_) => {
                self.open = false;
                return;
            }
        }
        while let Some(line) = self.from_driver.next_line() {
            match line {
                Ok(line) => self.handle_line(&line),
                Err(_) => self.open = false,
            }
        }
    }

    /// Handles one line of the driver, by its address.
    fn handle_line(&mut self, bytes: &[u8]) {
        let (address, rest) = split_word(bytes);
        match address {
            b"agent" => {
                if let Some(agent) = &mut self.agent {
                    agent.send(rest);
                }
            }
            b"child" => {
                let (name, rest) = split_word(rest);
                let sent = self.children.send(&String::from_utf8_lossy(name), rest);
                if !sent {
                    self.tell(&Line::new("eof").with("of", String::from_utf8_lossy(name)));
                }
            }
            b"warden" => match Line::parse(rest) {
                Ok(request) => self.request(&request),
                Err(why) => self.tell(&Line::new("garbage").with("from", "driver").with("why", why)),
            },
            _ => self.tell(&Line::new("garbage").with("from", "driver").with("why", "unknown address")),
        }
    }

    fn handle(&self, of: &str) -> Option<&process::Handle> {
        match (of, &self.agent) {
            ("agent", Some(agent)) => Some(&agent.handle),
            _ => self.children.get(of).map(|child| &child.handle),
        }
    }

    fn tell(&mut self, line: &Line) {
        self.say(&format!("warden {line}"));
    }

    fn say(&mut self, text: &str) {
        self.note(text);
        self.urgent = true;
    }

    /// Forwards a child's line byte for byte.
    fn forward(&mut self, name: &str, line: &[u8]) {
        self.note_bytes(&[b"child ", name.as_bytes(), b" ", line]);
        self.urgent = true;
    }

    /// Queues a line that is not urgent: it is sent along with the next one.
    fn note(&mut self, text: &str) {
        self.note_bytes(&[text.as_bytes()]);
    }

    fn note_bytes(&mut self, parts: &[&[u8]]) {
        parts.iter().for_each(|part| self.unsent.extend_from_slice(part));
        self.unsent.push(b'\n');
        // Endless output is not kept in memory.
        self.urgent |= self.unsent.len() > FLUSH_AT;
    }

    fn flush(&mut self) {
        self.urgent = false;
        if write_all(&self.output, &self.unsent).is_err() {
            self.open = false;
        }
        self.unsent.clear();
    }

    /// The driver is done or gone: cleans up everything.
    fn leave(&mut self) {
        self.kill_everything();
        self.freezer = None;
        let _ = rustix::process::chdir("/");
        let _ = std::fs::remove_dir_all(&self.folder);
        if let Some(parent) = self.folder.parent() {
            // Succeeds only for the last warden of a run.
            let _ = rustix::fs::rmdir(parent);
        }
    }
}

/// The number of queued bytes that triggers a write.
const FLUSH_AT: usize = 4096;

fn split_word(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|&b| b == b' ') {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[]),
    }
}

/// Reads what is available: `Ok(false)` for nothing yet, an error at the end of the stream.
fn read_some(fd: impl AsFd, into: &mut LineReader) -> Result<bool, Errno> {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    match rustix::io::read(fd, &mut buffer) {
        Ok(([], _)) => Err(Errno::PIPE),
        Ok((bytes, _)) => {
            into.push(bytes);
            Ok(true)
        }
        Err(Errno::AGAIN | Errno::INTR) => Ok(false),
        Err(e) => Err(e),
    }
}

fn write_all(fd: impl AsFd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match rustix::io::write(&fd, bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(Errno::INTR) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// The event for a malformed line, shortened for the reader.
fn garbage(from: &str, line: &Result<Vec<u8>, LineError>, why: &LineError) -> Line {
    let shown = match line {
        Ok(bytes) => String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned(),
        Err(_) => String::new(),
    };
    Line::new("garbage").with("from", from).with("why", why).with("what", shown)
}
