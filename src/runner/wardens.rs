//! Starting the wardens: forked while the driver is single-threaded.

use super::orphan_reaper::OrphanReaper;
use crate::subject::Registry;
use crate::sys::descriptors;
use crate::sys::process::{self, Forked};
use crate::wait::names::errno_text;
use crate::warden;
use crate::warden::tempdir;
use rustix::fd::{AsFd, OwnedFd};
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use std::ffi::CString;
use std::path::PathBuf;

/// The streams to the wardens of a run.
pub struct Wardens {
    /// For each warden, the end to read from and the end to write to.
    pub streams: Vec<(OwnedFd, OwnedFd)>,
    /// Never waited for, so that their pids are not reused.
    pids: Vec<i32>,
    folder: Option<PathBuf>,
    estate: OrphanReaper,
    /// The command that starts another one: the user's, or this crate's program that becomes what it is told to.
    again: Option<Vec<String>>,
    /// The pid of the warden of each place.
    serving: Vec<i32>,
}

impl Wardens {
    /// Forks `count` wardens that host these subjects. With a command, each executes it instead and speaks on its
    /// standard streams. `again` is the child program, by which one of a threaded driver is replaced.
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
            .map_err(|e| format!("cannot open /dev/null for closed standard streams: {e}"))?;
        // A SIGCHLD ignored on entry would affect not only the subject's wait calls but also the driver's.
        let folder = match command {
            None => Some(tempdir::make()?),
            Some(_) => None,
        };
        // What a command leaves behind is its own business.
        let estate = if command.is_none() { OrphanReaper::adopt() } else { OrphanReaper::none() };
        let again = command.map(<[String]>::to_vec).or(again);
        let mut wardens =
            Wardens { streams: Vec::new(), pids: Vec::new(), folder, estate, again, serving: Vec::new() };
        // All directories before the first warden, which may exit before the last one starts and would remove an empty
        // parent.
        let mut folders = Vec::new();
        for number in 0..count {
            let folder = wardens.folder.clone().unwrap_or_default().join(format!("w{number}"));
            if command.is_none() {
                rustix::fs::mkdir(&folder, rustix::fs::Mode::RWXU)
                    .map_err(|e| format!("cannot create the directory {}: {e}", folder.display()))?;
            }
            folders.push(folder);
        }
        for folder in folders {
            let (ours, theirs) =
                rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::empty(), None)
                    .map_err(|e| format!("cannot create a socket pair: {e}"))?;
            rustix::io::fcntl_setfd(&ours, rustix::io::FdFlags::CLOEXEC).map_err(|e| e.to_string())?;
            let forked = process::fork()
                .map_err(|e| format!("cannot fork a warden: {}", errno_text(e.raw_os_error())))?;
            match forked {
                Forked::Parent(pid) => wardens.pids.push(pid),
                Forked::Child => {
                    let theirs = keep_only(theirs);
                    match command {
                        None => {
                            let Some(output) = rustix::io::dup(&theirs).ok() else { process::exit_now(3) };
                            warden::serve(warden::Post { input: theirs, output, folder }, subjects)
                        }
                        Some(command) => become_command(&theirs, command),
                    }
                }
            }
            let second = rustix::io::dup(&ours).map_err(|e| e.to_string())?;
            rustix::io::fcntl_setfd(&second, rustix::io::FdFlags::CLOEXEC).map_err(|e| e.to_string())?;
            wardens.streams.push((ours, second));
        }
        wardens.serving.clone_from(&wardens.pids);
        Ok(wardens)
    }

    /// Kills the warden of that place, which has died or no longer answers, and starts another one: the end to read from and
    /// the end to write to.
    ///
    /// Errors: one line that says what failed.
    pub fn replace(&mut self, place: usize) -> Result<(OwnedFd, OwnedFd), String> {
        let mut command = self.again.clone().ok_or("no program that could be executed as a warden")?;
        let old = self.serving.get(place).copied().ok_or("no such warden")?;
        // Its agent dies with it, or is reparented to the driver, which kills it at the end of the run.
        let _ = process::kill(old, libc::SIGKILL);
        if let Some(folder) = &self.folder {
            let folder = folder.join(format!("w{}", self.pids.len()));
            command.extend(["--warden".to_owned(), folder.to_string_lossy().into_owned()]);
        }
        let argv: Vec<CString> = command.iter().filter_map(|word| CString::new(word.as_str()).ok()).collect();
        let (ours, theirs) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)
                .map_err(|e| format!("cannot create a socket pair: {e}"))?;
        let second = rustix::io::fcntl_dupfd_cloexec(&ours, 3).map_err(|e| e.to_string())?;
        let pid = process::clone::posix_spawn_on(&argv, theirs.as_fd())
            .map_err(|e| format!("cannot execute {}: {}", command[0], errno_text(e.raw_os_error())))?;
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
        if let Some(folder) = &self.folder {
            // The wardens remove it; this is for one that was killed, or a startup that failed half-way.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// Closes every descriptor but the standard ones and this one: an inherited end of another warden's stream would hide
/// the driver's death from that warden.
fn keep_only(stream: OwnedFd) -> OwnedFd {
    let moved = rustix::io::fcntl_dupfd_cloexec(&stream, 3).and_then(|high| {
        // To exactly 3, so that everything above it can be closed.
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

fn become_command(stream: &OwnedFd, command: &[String]) -> ! {
    let argv: Vec<CString> = command.iter().filter_map(|a| CString::new(a.as_str()).ok()).collect();
    let wired =
        rustix::stdio::dup2_stdin(stream.as_fd()).and_then(|()| rustix::stdio::dup2_stdout(stream.as_fd()));
    if wired.is_ok() && !argv.is_empty() {
        let errno = process::exec(&argv);
        eprintln!("waitspec: cannot execute the warden {}: {errno}", command[0]);
    }
    process::exit_now(127)
}
