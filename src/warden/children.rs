//! The children of the trial: their connections, names and process handles.

use super::{Warden, garbage, read_some, write_all};
use crate::protocol::Line;
use crate::protocol::line::{LineError, LineReader};
use crate::sys::makeshift;
use crate::sys::process::Handle;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use std::path::Path;

/// The maximum length of a child's name, in bytes.
const MAX_NAME: usize = 16;

/// The socket that children connect to.
pub(super) struct Listener {
    socket: OwnedFd,
    /// The error because of which no child can ever connect.
    refused: Option<Errno>,
}

impl Listener {
    /// An error comes with the operation that failed.
    pub(super) fn bind(path: &Path) -> Result<Listener, (&'static str, Errno)> {
        let to = |what| move |errno| (what, errno);
        let socket =
            rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::empty(), None)
                .map_err(to("create a local socket"))?;
        makeshift::close_on_exec(&socket).map_err(to("set close-on-exec on a socket"))?;
        let address = SocketAddrUnix::new(path).map_err(to("use that path for a local socket"))?;
        rustix::net::bind(&socket, &address).map_err(to("bind a local socket"))?;
        rustix::net::listen(&socket, 1024).map_err(to("listen"))?;
        makeshift::nonblocking(&socket).map_err(to("make a socket nonblocking"))?;
        Ok(Listener { socket, refused: None })
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Whether connections can be accepted, as far as is known.
    pub(super) fn works(&self) -> bool {
        self.refused.is_none()
    }

    /// Accepts one connection; the next poll reports further ones. Drops the oldest unidentified one to make room. An
    /// error means that no connection will ever be accepted, and is returned once.
    pub(super) fn accept(&mut self, children: &mut Children) -> Result<(), Errno> {
        match makeshift::accept(&self.socket) {
            Ok(socket) => {
                if children.pending.len() >= children.fd_quota {
                    children.pending.remove(0);
                }
                children.pending.push(PendingPeer { socket, lines: LineReader::default() });
                Ok(())
            }
            Err(errno @ (Errno::NOSYS | Errno::PERM | Errno::OPNOTSUPP | Errno::INVAL)) => {
                self.refused = Some(errno);
                Err(errno)
            }
            // The peer is already gone, or we are briefly short of descriptors.
            Err(_) => Ok(()),
        }
    }
}

/// A connection that has not identified itself.
pub(super) struct PendingPeer {
    socket: OwnedFd,
    lines: LineReader,
}

impl PendingPeer {
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// A child with a known name.
pub(super) struct NamedPeer {
    pub(super) name: String,
    pub(super) handle: Handle,
    socket: Option<OwnedFd>,
    lines: LineReader,
}

impl NamedPeer {
    pub(super) fn connection(&self) -> Option<BorrowedFd<'_>> {
        self.socket.as_ref().map(AsFd::as_fd)
    }
}

/// All children of the trial.
pub(super) struct Children {
    /// A quarter of this process's descriptor limit.
    fd_quota: usize,
    pub(super) nonce: String,
    pub(super) pending: Vec<PendingPeer>,
    pub(super) known: Vec<NamedPeer>,
    /// The pids of processes that children said they forked.
    pub(super) forked: Vec<i32>,
}

impl Children {
    pub(super) fn new() -> Children {
        let descriptors = crate::sys::process::open_files().unwrap_or(u64::MAX);
        Children {
            fd_quota: usize::try_from(descriptors / 4).unwrap_or(usize::MAX),
            nonce: String::new(),
            pending: Vec::new(),
            known: Vec::new(),
            forked: Vec::new(),
        }
    }

    /// Forgets the children of a trial, and its token: one that connects only now must not be taken for one of the next trial.
    pub(super) fn clear(&mut self) {
        self.nonce.clear();
        self.pending.clear();
        self.known.clear();
        self.forked.clear();
    }

    /// Whether the process is connected, and therefore waiting for commands.
    pub(super) fn holds(&self, pid: i32) -> bool {
        self.known.iter().any(|child| child.handle.pid() == pid && child.socket.is_some())
    }

    pub(super) fn get(&self, name: &str) -> Option<&NamedPeer> {
        self.known.iter().rev().find(|c| c.name == name)
    }

    /// Whether to accept another connection: a quarter of the descriptors is reserved for other needs of a trial, such
    /// as reading the process table.
    pub(super) fn may_accept(&self) -> bool {
        let held = |child: &NamedPeer| {
            usize::from(child.socket.is_some()) + usize::from(child.handle.poll_fd().is_some())
        };
        self.known.iter().map(held).sum::<usize>() + self.pending.len() < 3 * self.fd_quota
    }

    /// Opens a handle that pins a process, unless such handles already use a quarter of the descriptors.
    fn pin(&self, pid: i32) -> Result<Handle, Errno> {
        if self.known.len() < self.fd_quota {
            Handle::open(pid)
        } else {
            Handle::open_without_descriptor(pid)
        }
    }

    /// Names a child that does not connect.
    ///
    /// A child that has connected in the meantime keeps its connection.
    pub(super) fn adopt(&mut self, name: String, pid: i32) -> Result<(), String> {
        if self.get(&name).is_some() {
            return Ok(());
        }
        let handle = self.pin(pid).map_err(|e| format!("cannot watch process {pid}: {e}"))?;
        self.known.push(NamedPeer { name, handle, socket: None, lines: LineReader::default() });
        Ok(())
    }

    /// Sends a line to the named child; `false` if it has no connection.
    pub(super) fn send(&mut self, name: &str, line: &[u8]) -> bool {
        let Some(child) = self.known.iter_mut().rev().find(|c| c.name == name) else { return false };
        let Some(socket) = &child.socket else { return false };
        let mut bytes = line.to_vec();
        bytes.push(b'\n');
        // A child that has died in the meantime is noticed by its exit, not here.
        let _ = write_all(socket, &bytes);
        true
    }
}

/// The peer's pid as the system reports it, or as the peer claims: gVisor reports the caller's own.
fn peer(socket: &OwnedFd, said: i32) -> i32 {
    let known = crate::sys::descriptors::peer_pid(socket.as_fd());
    known.filter(|&pid| pid != crate::sys::process::pid()).unwrap_or(said)
}

impl Warden<'_> {
    /// A new connection must present a token of this trial; any other is dropped.
    pub(super) fn read_pending(&mut self, at: usize) {
        let unknown = &mut self.children.pending[at];
        match read_some(&unknown.socket, &mut unknown.lines) {
            Ok(false) => return,
            Ok(true) => {}
            Err(_) => {
                self.children.pending.remove(at);
                return;
            }
        }
        let Some(line) = unknown.lines.next_line() else { return };
        let PendingPeer { socket, lines } = self.children.pending.remove(at);
        let Ok(line) = line else { return };
        let Some(hello) = Line::parse(&line).ok().filter(|hello| hello.word() == "hello") else { return };
        let token = hello.get("token").unwrap_or_default();
        let name = token.strip_prefix(self.children.nonce.as_str()).and_then(|rest| rest.strip_prefix('-'));
        // The name must be one that the driver could have chosen: it becomes part of the driver's stream.
        let name = name.filter(|n| n.len() <= MAX_NAME && n.bytes().all(|b| b.is_ascii_alphanumeric()));
        let (Some(name), Ok(pid)) = (name, hello.number("pid")) else { return };
        let name = name.to_owned();
        let pid = peer(&socket, i32::try_from(pid).unwrap_or(0));
        // Someone else supervises it: another PID namespace, or a service that was asked to run it.
        if pid <= 1 || self.sweeper.is_elsewhere(pid) {
            let _ = write_all(&socket, b"exit id=0 code=71\n");
            return self.tell(&Line::new("elsewhere").with("of", name).with("pid", pid));
        }
        match self.children.pin(pid) {
            Ok(handle) => {
                self.children.known.push(NamedPeer {
                    name: name.clone(),
                    handle,
                    socket: Some(socket),
                    lines,
                });
                self.forward(&name, &line);
                let at = self.children.known.len() - 1;
                self.relay_child(at);
            }
            Err(e) => {
                // It has already been reaped. Everything it had to say is there.
                self.forward(&name, &line);
                let (mut lines, mut socket) = (lines, Some(socket));
                while let Some(from) = &socket {
                    if !matches!(read_some(from, &mut lines), Ok(true)) {
                        socket = None;
                    }
                }
                while let Some(line) = lines.next_line() {
                    self.forward_or_refuse(&name, line);
                }
                let why = format!("cannot watch process {pid}: {e}");
                self.tell(&Line::new("lost").with("of", name).with("why", why));
            }
        }
    }

    /// Relays a child's lines.
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
            let pid = self.forward_or_refuse(&name, line);
            self.children.forked.extend(pid);
        }
    }

    /// Forwards a child's line, or reports why it is not a line of the protocol. Returns the pid in it, if any.
    fn forward_or_refuse(&mut self, name: &str, line: Result<Vec<u8>, LineError>) -> Option<i32> {
        match line.as_deref().map_err(Clone::clone).and_then(Line::parse) {
            Ok(parsed) => {
                self.forward(name, line.as_deref().unwrap_or_default());
                let pid = parsed.number_opt("pid").ok().flatten();
                pid.and_then(|pid| i32::try_from(pid).ok())
            }
            Err(why) => {
                self.tell(&garbage(name, &line, &why));
                None
            }
        }
    }
}
