//! How an agent is started: its streams, and what it finds.

use super::agent::Agent;
use super::keeper::{self, Keeper};
use super::{Warden, write_all};
use crate::protocol::codec::Words;
use crate::protocol::warden::Begin;
use crate::subject::{Handles, Subject};
use crate::sys::descriptors;
use crate::sys::makeshift;
use crate::sys::process::{self, Forked, Handle, namespace};
use crate::sys::signal;
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::ffi::CString;

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
    /// The system lacks something that it needs.
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

/// Called in process 1 of a new namespace: forks, and returns in the child, which becomes the agent.
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
            // Only the agent may hold the agent's streams.
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

/// A subject that is hosted by the warden.
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
        let streams = streams().map_err(|e| broken("cannot create pipes for the agent", e))?;
        let own_pids = begin == Some(Begin::OwnPids);
        let channel =
            own_pids.then(channel).transpose().map_err(|e| broken("cannot create a socket pair", e))?;
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
                        // An agent in another language may need its startup files, so it starts in the driver's
                        // directory.
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
}

/// Gives every agent the same initial state, whatever the driver inherited: default dispositions, an empty mask, a
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
