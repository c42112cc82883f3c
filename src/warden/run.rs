//! A program that runs a program: its start, its output and its exit.

use super::Warden;
use super::agent::{Agent, keep_text};
use super::inner::{self, Containment};
use super::start::{self, errno};
use super::write_all;
use crate::protocol::Line;
use crate::protocol::codec::Words;
use crate::sys::process::{self, Forked, Handle};
use crate::sys::process_table::{self, State};
use crate::sys::{makeshift, signal, terminal};
use crate::wait::Signal;
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How a program is started.
pub(super) struct How {
    /// As process 1 of a namespace.
    pub(super) first: bool,
    /// In a session with a terminal, which is its standard input.
    pub(super) terminal: bool,
    /// The signals that it ignores.
    pub(super) ignored: Vec<String>,
    /// The signals that it blocks.
    pub(super) blocked: Vec<String>,
    /// It is the parent of a child that has exited with 3.
    pub(super) zombie: bool,
    /// Paths in its folder, each followed by the file's contents.
    pub(super) files: Option<Words>,
}

/// The figures of an agent or a program: how busy it is, caught signals, size, descriptors.
pub(super) fn figures(pid: i32) -> Line {
    let mut line = Line::new("ok");
    if let Ok(Some(process)) = process_table::read(pid) {
        line.set("cpu", process.cpu.as_micros());
    }
    let threads = process_table::threads(pid);
    if !threads.is_empty() {
        line.set("threads", threads.len());
    }
    let switches: Vec<u64> =
        threads.iter().filter_map(|(tid, _)| process_table::voluntary_switches(pid, *tid)).collect();
    if !switches.is_empty() {
        line.set("switches", switches.iter().sum::<u64>());
    }
    if let Some(resident) = process_table::resident_bytes(pid) {
        line.set("resident", resident);
    }
    if let Some(descriptors) = process_table::descriptors(pid) {
        line.set("descriptors", descriptors);
    }
    if let Some(caught) = process_table::caught_signals(pid) {
        line = line.with_list("caught", caught.into_iter().map(|n| Signal::from_number(n).to_string()));
    }
    line
}

impl Agent {
    /// Adds what the program has written so far.
    pub(super) fn with_output(&self, mut line: Line) -> Line {
        line.set_bytes("out", &self.stdout_text);
        line.set_bytes("err", &self.stderr_text);
        line
    }
}

impl Warden<'_> {
    /// How programs are contained here.
    pub(super) fn containment(&mut self) -> Containment {
        self.containment.get_or_insert_with(inner::try_out).clone()
    }

    /// The directory where a program is started; removed with everything in it.
    pub(super) fn program_folder(&self) -> PathBuf {
        self.folder.join("p")
    }

    /// Starts a program, in a namespace if possible. A trial may run a program several times.
    pub(super) fn run_program(&mut self, nonce: String, argv: Words, how: How) -> Result<i32, String> {
        match &self.agent {
            None => {}
            Some(agent) if agent.program => self.end_run(),
            Some(_) => return Err("a trial is already open".into()),
        }
        let argv: Vec<CString> = argv.0.into_iter().filter_map(|word| CString::new(word).ok()).collect();
        let folder = self.program_folder();
        make(&folder, how.files.as_ref())?;
        let mut streams = start::streams().map_err(|e| format!("cannot create pipes: {}", errno(e)))?;
        let master = match how.terminal {
            true => {
                let (master, slave) =
                    terminal::pair().map_err(|e| format!("cannot create a terminal: {}", errno(e)))?;
                let _ = rustix::io::ioctl_fionbio(&master, true);
                streams.theirs[0] = slave;
                Some(master)
            }
            false => {
                streams.theirs[0] = rustix::fs::open(c"/dev/null", OFlags::RDWR, Mode::empty())
                    .map_err(|e| format!("cannot open /dev/null: {}", errno(e)))?;
                None
            }
        };
        let first = how.first;
        let theirs = streams.theirs;
        let become_it = || -> ! { become_program(theirs, &argv, &folder, &how) };
        let (pid, inner) = match self.containment() {
            Ok(privilege) => inner::start(privilege, first, |_| become_it())
                .map_err(|why| format!("cannot start the program in a namespace: {why}"))
                .map(|(pid, inner)| (pid, Some(inner)))?,
            Err(why) if first => return Err(format!("no PID namespace: {why}")),
            Err(_) => match process::fork() {
                Err(e) => return Err(format!("cannot fork: {}", errno(e))),
                Ok(Forked::Parent(pid)) => (pid, None),
                Ok(Forked::Child) => become_it(),
            },
        };
        let handle = Handle::open(pid).map_err(|e| format!("cannot watch the program: {}", errno(e)))?;
        let [_, stdout, stderr] = streams.ours;
        self.children.clear();
        let mut agent = Agent::new(handle, [None, Some(stdout), Some(stderr)]);
        agent.program = true;
        agent.terminal = master;
        if let Some(inner) = inner
            && !first
        {
            inner::release(&inner);
            agent.inner = Some(inner);
        }
        self.agent = Some(agent);
        self.children.nonce = nonce;
        Ok(pid)
    }

    /// Cleans up after the last run of a program, and records what would be a leak.
    fn end_run(&mut self) {
        // A program that is still running has left nothing behind yet.
        let over = self.agent.as_ref().is_some_and(|agent| agent.status.is_some());
        let expected = self.expected();
        let inner = self.agent.as_ref().and_then(|agent| agent.inner.as_ref()).map(|inner| inner.pid);
        let excused = |ppid| expected.contains(&ppid) && Some(ppid) != inner;
        for process in self.sweeper.processes() {
            if over && !expected.contains(&process.pid) && !excused(process.ppid) {
                self.left_behind.push((process.pid, process.state));
            }
        }
        let Some(agent) = self.agent.take() else { return };
        if let Some(inner) = &agent.inner {
            return inner.end();
        }
        if !over {
            let _ = agent.handle.signal(libc::SIGKILL);
            inner::reap_soon(agent.handle.pid());
        }
    }

    /// Reads the exit of the program from the inner warden.
    pub(super) fn read_inner(&mut self) {
        let Some(agent) = &mut self.agent else { return };
        let Some(inner) = &mut agent.inner else { return };
        match inner.take() {
            Some(None) => return,
            Some(Some(status)) => agent.status = Some(status),
            // It died: there is nothing more to read.
            None if Handle::open(inner.pid).is_ok_and(|inner| inner.has_ended() != Some(false)) => {
                agent.inner = None;
            }
            None => {}
        }
        self.agent_exited();
    }

    /// Keeps what is written to the terminal.
    pub(super) fn read_terminal(&mut self) {
        let Some(agent) = &mut self.agent else { return };
        let Some(terminal) = &agent.terminal else { return };
        if keep_text(terminal, &mut agent.stderr_text).is_none() {
            agent.terminal = None;
        }
    }

    /// Reaps a program that has exited, so that the driver learns its status.
    pub(super) fn reap_program(&mut self) {
        let Some(agent) = self.agent.as_ref().filter(|agent| agent.program && agent.status.is_none()) else {
            return;
        };
        if agent.inner.is_some() {
            return;
        }
        let pid = agent.handle.pid();
        if agent.ended || agent.handle.has_ended() == Some(true) || process_table::is_zombie(pid) {
            self.agent_exited();
            self.reap(pid);
        }
    }

    /// Counts the descendants of the warden, excluding the inner one.
    pub(super) fn tally(&mut self) -> Line {
        let inner = self.agent.as_ref().and_then(|agent| agent.inner.as_ref());
        let orphans = inner.map_or(&[][..], |inner| inner.orphans.as_slice());
        let orphans: Vec<String> = orphans.iter().map(i32::to_string).collect();
        let inner = inner.map(|inner| inner.pid);
        let below: Vec<_> = self.sweeper.processes().into_iter().filter(|p| Some(p.pid) != inner).collect();
        let zombies = below.iter().filter(|p| matches!(p.state, State::Zombie | State::Dead)).count();
        Line::new("ok").with("processes", below.len()).with("zombies", zombies).with_list("orphans", orphans)
    }
}

/// Creates the directory of a program, and its files.
fn make(folder: &Path, files: Option<&Words>) -> Result<(), String> {
    let _ = std::fs::remove_dir_all(folder);
    let made = std::fs::create_dir(folder);
    made.map_err(|e| format!("cannot create {}: {e}", folder.display()))?;
    for pair in files.map_or(&[][..], |files| files.0.as_slice()).chunks_exact(2) {
        let path = folder.join(OsStr::from_bytes(&pair[0]));
        let parent = path.parent().unwrap_or(folder);
        let written = std::fs::create_dir_all(parent).and_then(|()| {
            use std::io::Write as _;
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(0o755).open(&path)?.write_all(&pair[1])
        });
        written.map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    }
    Ok(())
}

/// How often is looked whether a child that exits at once has done so: for ten seconds.
const LOOKS: usize = 10_000;

/// Makes a child that exits with 3, and leaves it to whatever this process becomes.
fn make_zombie() {
    let Ok(pid) = process::spawn(|| 3) else { return };
    for _ in 0..LOOKS {
        if process_table::is_zombie(pid) {
            return;
        }
        makeshift::pause(Duration::from_millis(1));
    }
}

/// Becomes the program.
fn become_program(theirs: [OwnedFd; 3], argv: &[CString], folder: &Path, how: &How) -> ! {
    if how.terminal {
        let _ = rustix::process::setsid();
        let _ = terminal::take_control(&theirs[0]);
    }
    start::become_agent(theirs);
    signal::reset_all();
    let named =
        |names: &[String]| names.iter().filter_map(|name| Signal::from_name(name)).collect::<Vec<_>>();
    for signal in named(&how.ignored) {
        let _ = signal::set_action(signal.number(), signal::Action::Ignore, signal::Flags::default());
    }
    for signal in named(&how.blocked) {
        let _ = signal::block(signal.number());
    }
    if how.zombie {
        make_zombie();
    }
    // Whatever it leaves behind, such as nohup.out, is removed with its directory.
    let _ = rustix::process::chdir(folder);
    let program = argv.first().map(|program| program.to_string_lossy().into_owned()).unwrap_or_default();
    let why = format!("cannot execute {program}: {}\n", errno(process::exec(argv)));
    let _ = write_all(rustix::stdio::stderr(), why.as_bytes());
    process::exit_now(127)
}
