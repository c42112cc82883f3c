//! The children of the trial: their connections, names and pinned processes.

use super::{Warden, garbage, read_some, write_all};
use crate::protocol::Line;
use crate::protocol::line::LineReader;
use crate::sys::process::Handle;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use rustix::process::{Resource, getrlimit};
use std::path::Path;

/// The longest name of a child, in bytes.
const MAX_NAME: usize = 16;

/// Where children connect.
pub(super) struct Listener(OwnedFd);

impl Listener {
    pub(super) fn bind(path: &Path) -> Result<Listener, Errno> {
        let socket =
            rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::empty(), None)?;
        rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
        rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
        rustix::net::listen(&socket, 1024)?;
        rustix::io::ioctl_fionbio(&socket, true)?;
        Ok(Listener(socket))
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Takes one connection; the next poll tells of another. Of those that do not say who they are the first has to go.
    pub(super) fn accept(&self, children: &mut Children) {
        if let Ok(socket) = crate::sys::descriptors::accept_for_us(&self.0) {
            if children.unidentified.len() >= children.quarter {
                children.unidentified.remove(0);
            }
            children.unidentified.push(UnidentifiedPeer { socket, lines: LineReader::default() });
        }
    }
}

/// A connection that has not said who it is.
pub(super) struct UnidentifiedPeer {
    socket: OwnedFd,
    lines: LineReader,
}

impl UnidentifiedPeer {
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// A child whose name is known.
pub(super) struct Child {
    pub(super) name: String,
    pub(super) handle: Handle,
    socket: Option<OwnedFd>,
    lines: LineReader,
}

impl Child {
    pub(super) fn connection(&self) -> Option<BorrowedFd<'_>> {
        self.socket.as_ref().map(AsFd::as_fd)
    }
}

/// All children of the trial.
pub(super) struct Children {
    /// A quarter of the descriptors that this process may have.
    quarter: usize,
    pub(super) nonce: String,
    pub(super) unidentified: Vec<UnidentifiedPeer>,
    pub(super) known: Vec<Child>,
    /// Processes that children said they made.
    pub(super) made: Vec<i32>,
}

impl Children {
    pub(super) fn new() -> Children {
        let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        Children {
            quarter: usize::try_from(descriptors / 4).unwrap_or(usize::MAX),
            nonce: String::new(),
            unidentified: Vec::new(),
            known: Vec::new(),
            made: Vec::new(),
        }
    }

    pub(super) fn clear(&mut self) {
        self.unidentified.clear();
        self.known.clear();
        self.made.clear();
    }

    /// Whether that process is connected, and so waits to be told what to do.
    pub(super) fn holds(&self, pid: i32) -> bool {
        self.known.iter().any(|child| child.handle.pid() == pid && child.socket.is_some())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Child> {
        self.known.iter().rev().find(|c| c.name == name)
    }

    /// Whether another connection may be taken: a quarter of the descriptors is left for what a trial needs besides, as reading
    /// the process table.
    pub(super) fn may_accept(&self) -> bool {
        let held = |child: &Child| {
            usize::from(child.socket.is_some()) + usize::from(child.handle.poll_fd().is_some())
        };
        self.known.iter().map(held).sum::<usize>() + self.unidentified.len() < 3 * self.quarter
    }

    /// Pins a process by a descriptor, as long as these take no more than a quarter of those that we may have.
    fn pin(&self, pid: i32) -> Result<Handle, Errno> {
        if self.known.len() < self.quarter { Handle::open(pid) } else { Handle::open_without_descriptor(pid) }
    }

    /// Names a child that does not connect.
    ///
    /// One that has connected after all, between the driver's look and this, keeps its connection.
    pub(super) fn adopt(&mut self, name: String, pid: i32) -> Result<(), String> {
        if self.get(&name).is_some() {
            return Ok(());
        }
        let handle = self.pin(pid).map_err(|e| format!("cannot watch process {pid}: {e}"))?;
        self.known.push(Child { name, handle, socket: None, lines: LineReader::default() });
        Ok(())
    }

    /// Sends a line to the child of that name; `false` if it has no connection.
    pub(super) fn send(&mut self, name: &str, line: &[u8]) -> bool {
        let Some(child) = self.known.iter_mut().rev().find(|c| c.name == name) else { return false };
        let Some(socket) = &child.socket else { return false };
        let mut bytes = line.to_vec();
        bytes.push(b'\n');
        // A child that has died meanwhile is seen by its end, not by this.
        let _ = write_all(socket, &bytes);
        true
    }
}

/// The process at the other end, as the system knows it, or as it says itself: gVisor names whoever asks.
fn peer(socket: &OwnedFd, said: i32) -> i32 {
    let known = crate::sys::descriptors::peer_pid(socket.as_fd());
    known.filter(|&pid| pid != crate::sys::process::pid()).unwrap_or(said)
}

impl Warden<'_> {
    /// A new connection must present a token of this trial; any other is dropped.
    pub(super) fn read_stranger(&mut self, at: usize) {
        let unknown = &mut self.children.unidentified[at];
        match read_some(&unknown.socket, &mut unknown.lines) {
            Ok(false) => return,
            Ok(true) => {}
            Err(_) => {
                self.children.unidentified.remove(at);
                return;
            }
        }
        let Some(line) = unknown.lines.next_line() else { return };
        let UnidentifiedPeer { socket, lines } = self.children.unidentified.remove(at);
        let hello = line.ok().and_then(|bytes| Line::parse(&bytes).ok()).filter(|l| l.word() == "hello");
        let Some(hello) = hello else { return };
        let token = hello.get("token").unwrap_or_default();
        let name = token.strip_prefix(self.children.nonce.as_str()).and_then(|rest| rest.strip_prefix('-'));
        // As the driver names children: what else it is would stand in the driver's stream.
        let name = name.filter(|n| n.len() <= MAX_NAME && n.bytes().all(|b| b.is_ascii_alphanumeric()));
        let (Some(name), Ok(pid)) = (name, hello.number("pid")) else { return };
        let name = name.to_owned();
        let pid = peer(&socket, i32::try_from(pid).unwrap_or(0));
        if pid <= 1 {
            return;
        }
        match self.children.pin(pid) {
            Ok(handle) => {
                self.children.known.push(Child { name: name.clone(), handle, socket: Some(socket), lines });
                self.say(&format!("child {name} {hello}"));
                let at = self.children.known.len() - 1;
                self.relay_child(at);
            }
            Err(e) => self.tell(
                &Line::new("lost").with("of", name).with("why", format!("cannot watch process {pid}: {e}")),
            ),
        }
    }

    /// Relays what a child says.
    pub(super) fn read_child(&mut self, at: usize) {
        let child = &mut self.children.known[at];
        let Some(socket) = &child.socket else { return };
        match read_some(socket, &mut child.lines) {
            Ok(false) => {}
            Ok(true) => self.relay_child(at),
            Err(_) => {
                child.socket = None;
                let line = Line::new("eof").with("of", child.name.clone());
                self.note(&format!("warden {line}"));
            }
        }
    }

    fn relay_child(&mut self, at: usize) {
        while let Some(line) = self.children.known[at].lines.next_line() {
            let name = self.children.known[at].name.clone();
            match line.clone().and_then(|bytes| Line::parse(&bytes)) {
                Ok(parsed) => {
                    let pid = parsed.number_opt("pid").ok().flatten();
                    self.children.made.extend(pid.and_then(|p| i32::try_from(p).ok()));
                    self.say(&format!("child {name} {parsed}"));
                }
                Err(why) => self.tell(&garbage(&name, &line, &why)),
            }
        }
    }
}
