//! Starting the wardens: forked while the driver is single-threaded.

use super::orphan_reaper::OrphanReaper;
use crate::subject::Registry;
use crate::sys::descriptors;
use crate::sys::makeshift;
use crate::sys::process::{self, Forked};
use crate::sys::process_table::{self, Descendants, State};
use crate::wait::names::errno_text;
use crate::warden;
use crate::warden::heap::FreePieces;
use crate::warden::tempdir;
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use std::ffi::CString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long a command that was a warden may take to exit once its stream is closed, and how long after SIGTERM.
const EXITS: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(2)];

/// How many times to look for processes below a warden that is being killed: they may fork in the meantime.
const SCANS: u32 = 100;

/// The streams to the wardens of a run.
pub struct Wardens {
    /// For each warden, the end to read from and the end to write to.
    pub streams: Vec<(OwnedFd, OwnedFd)>,
    /// Never waited for, so that their pids are not reused.
    pids: Vec<i32>,
    folder: Option<PathBuf>,
    estate: OrphanReaper,
    /// Whether the wardens are commands of the user's.
    commands: bool,
    /// The command that starts another warden: the user's, or this crate's own child program.
    again: Option<Vec<String>>,
    /// The pid of the warden at each place.
    serving: Vec<i32>,
}

impl Wardens {
    /// Forks `count` wardens that host these subjects. With a command, each executes it instead and communicates over
    /// its standard streams. `again` is the child program, which can replace a warden once the driver is threaded.
    ///
    /// Must be called while the process is single-threaded. Errors: one line that says what failed.
    pub fn start(
        count: usize,
        subjects: &Registry,
        command: Option<&[String]>,
        again: Option<Vec<String>>,
    ) -> Result<Wardens, String> {
        if process::thread_count().is_some_and(|n| n > 1) {
            return Err("wardens must be started before any thread: call this first in main".into());
        }
        descriptors::ensure_standard_fds()
            .map_err(|e| failed("open /dev/null for closed standard streams", e))?;
        // A SIGCHLD ignored on entry would affect not only the subject's wait calls but also the driver's.
        let folder = match command {
            None => Some(tempdir::make()?),
            Some(_) => None,
        };
        // Whatever a command that has exited leaves behind is not ours to kill.
        let estate = if command.is_none() { OrphanReaper::adopt() } else { OrphanReaper::none() };
        let again = command.map(<[String]>::to_vec).or(again);
        let mut wardens = Wardens {
            streams: Vec::new(),
            pids: Vec::new(),
            folder,
            estate,
            commands: command.is_some(),
            again,
            serving: Vec::new(),
        };
        // All directories before the first warden, which may exit before the last one starts and would remove an empty
        // parent.
        let mut folders = Vec::new();
        for number in 0..count {
            let folder = wardens.folder.clone().unwrap_or_default().join(format!("w{number}"));
            if command.is_none() {
                makeshift::make_directory(&folder)
                    .map_err(|e| failed(&format!("create the directory {}", folder.display()), e))?;
            }
            folders.push(folder);
        }
        // Until all are forked: each warden keeps them.
        let _pieces = FreePieces::take();
        for folder in folders {
            let (ours, theirs) = socket_pair()?;
            let forked = process::fork().map_err(|e| failed("fork a warden", e))?;
            match forked {
                Forked::Parent(pid) => wardens.pids.push(pid),
                Forked::Child => {
                    let theirs = keep_only(theirs);
                    match command {
                        None => {
                            let Some(output) = makeshift::duplicate(&theirs).ok() else {
                                process::exit_now(3)
                            };
                            let below = wardens.estate.below(process::pid());
                            warden::serve(warden::Post { input: theirs, output, folder, below }, subjects)
                        }
                        Some(command) => become_command(&theirs, command),
                    }
                }
            }
            let second = second(&ours)?;
            wardens.streams.push((ours, second));
        }
        wardens.serving.clone_from(&wardens.pids);
        Ok(wardens)
    }

    /// Kills the warden at that place, which has died or no longer answers, and starts another one. Returns the end to
    /// read from and the end to write to.
    ///
    /// Errors: one line that says what failed.
    pub fn replace(&mut self, place: usize) -> Result<(OwnedFd, OwnedFd), String> {
        let mut command = self.again.clone().ok_or("no program that could be executed as a warden")?;
        let old = self.serving.get(place).copied().ok_or("no such warden")?;
        kill_tree(old);
        if let Some(folder) = &self.folder {
            let folder = folder.join(format!("w{}", self.pids.len()));
            command.extend(["--warden".to_owned(), folder.to_string_lossy().into_owned()]);
        }
        let argv: Vec<CString> = command.iter().filter_map(|word| CString::new(word.as_str()).ok()).collect();
        let (ours, theirs) = socket_pair()?;
        let second = second(&ours)?;
        let pid = process::clone::posix_spawn_on(&argv, theirs.as_fd())
            .map_err(|e| failed(&format!("execute {}", command[0]), e))?;
        self.pids.push(pid);
        self.serving[place] = pid;
        Ok((ours, second))
    }
}

impl Drop for Wardens {
    fn drop(&mut self) {
        self.streams.clear();
        for pid in &self.pids {
            // An agent may have stopped its warden, which then does not see the stream close.
            let _ = process::kill(*pid, libc::SIGCONT);
        }
        self.estate.clear(&self.pids);
        if self.commands {
            end_commands(&self.pids);
        }
        if let Some(folder) = &self.folder {
            // The wardens remove it; this is for one that was killed, or a startup that failed half-way.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// Kills everything below a warden, which may be a sandbox that has frozen, and then the warden.
fn kill_tree(warden: i32) {
    // What is stopped starts nothing in place of what is killed.
    let _ = process::kill(warden, libc::SIGSTOP);
    let mut below = Descendants::new(warden);
    for _ in 0..SCANS {
        let found = below.scan().unwrap_or_default();
        let living: Vec<i32> =
            found.iter().filter(|p| !matches!(p.state, State::Zombie | State::Dead)).map(|p| p.pid).collect();
        for &pid in &living {
            let _ = process::kill(pid, libc::SIGKILL);
        }
        if living.is_empty() {
            break;
        }
    }
    let _ = process::kill(warden, libc::SIGKILL);
}

/// Waits for commands whose streams have been closed to exit, and kills those that do not: one that never was a warden
/// need not notice.
fn end_commands(pids: &[i32]) {
    let lives = |pid: &i32| {
        // Without a process table, nothing shows that it has exited.
        process_table::glance(*pid).is_ok_and(|process| {
            process.is_some_and(|process| !matches!(process.state, State::Zombie | State::Dead))
        })
    };
    let mut left: Vec<i32> = pids.to_vec();
    for (at, within) in EXITS.into_iter().enumerate() {
        if at > 0 {
            for pid in &left {
                let _ = process::kill(*pid, libc::SIGTERM);
            }
        }
        let began = Instant::now();
        left.retain(lives);
        while !left.is_empty() && began.elapsed() < within {
            makeshift::pause(Duration::from_millis(2));
            left.retain(lives);
        }
    }
    for pid in left {
        kill_tree(pid);
    }
}

/// Closes every descriptor but the standard ones and this one: an inherited end of another warden's stream would hide
/// the driver's death from that warden.
fn keep_only(stream: OwnedFd) -> OwnedFd {
    let moved = makeshift::duplicate_from(&stream, 3).and_then(|high| {
        // Move it to descriptor 3, so that everything above can be closed.
        descriptors::move_to(high, 3)
    });
    match moved {
        Ok(fd) => {
            std::mem::forget(stream);
            descriptors::close_from(4);
            fd
        }
        Err(_) => process::exit_now(3),
    }
}

fn socket_pair() -> Result<(OwnedFd, OwnedFd), String> {
    makeshift::socket_pair().map_err(|e| failed("create a socket pair", e))
}

/// Another descriptor of a stream, for the other direction.
fn second(stream: &OwnedFd) -> Result<OwnedFd, String> {
    makeshift::duplicate(stream).map_err(|e| failed("duplicate a descriptor", e))
}

fn failed(what: &str, errno: Errno) -> String {
    format!("cannot {what}: {}", errno_text(errno.raw_os_error()))
}

fn become_command(stream: &OwnedFd, command: &[String]) -> ! {
    let argv: Vec<CString> = command.iter().filter_map(|a| CString::new(a.as_str()).ok()).collect();
    let wired = makeshift::as_standard(stream, 0).and_then(|()| makeshift::as_standard(stream, 1));
    if wired.is_ok() && !argv.is_empty() {
        let errno = process::exec(&argv);
        eprintln!("waitspec: cannot execute the warden {}: {errno}", command[0]);
    }
    process::exit_now(127)
}
