//! The agent: the process that hosts a subject and owns the children.
//!
//! [`crate::protocol`] documents its requests and replies. An agent is started for each trial and has exactly the children
//! of that trial. It is kept small, because its children inherit its peak resident set size.
//!
//! | file | what it holds |
//! |---|---|
//! | `mod` | dispatches each request, and writes the reply |
//! | `input` | the loop that reads the requests |
//! | `requests` | one function for each request |
//! | `optional` | requests that only some cases need |
//! | `program` | the program that agents exec |
//! | `handlers` | dispositions, masks, and what the handlers have seen |
//! | `spawn` | creates children, by exec or as a fork of the agent |
//! | `measure` | the loops of `waitspec bench` |
//! | `staged` | calls made right after a gate has opened, and calls that can be cancelled |
//! | `workers` | the threads of requests with `thread=N` |
//! | `handles` | the agent of a process handle |
//! | [`check`] | checks whether an agent conforms to the protocol |

pub mod check;
mod handlers;
pub mod handles;
mod input;
mod measure;
mod optional;
pub mod program;
mod requests;
mod spawn;
mod staged;
mod workers;

use crate::sorted::Map;
use std::fmt;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;

use crate::protocol::agent::Request;
use crate::protocol::line::FieldError;
use crate::protocol::wait::{self, error_line, malformed_line, unsupported_line};
use crate::protocol::{Line, PROTOCOL};
use crate::subject::Subject;
use crate::sys::call::{observe, retained};
use crate::sys::{process, signal};
use crate::wait::names::errno_text;

/// What the agent's threads share.
struct Agent {
    subject: &'static dyn Subject,
    output: Mutex<OwnedFd>,
    /// Descriptors created by `open` and `pidfd_open`, by number.
    descriptors: Mutex<Map<RawFd, OwnedFd>>,
    /// There is or was a second thread: a fork must be followed by an exec.
    threaded: AtomicBool,
}

/// A request as received, and its meaning.
struct Incoming {
    id: u64,
    line: Line,
    request: Result<Parsed, Refusal>,
}

/// The meaning of a request.
enum Parsed {
    /// A call of the family.
    Call(wait::WaitRequest),
    /// The same, in a fork of the agent.
    InFork(wait::WaitRequest),
    /// `pdwait` on this descriptor, with the options and buffers of a `wait6`.
    Pdwait(i32, wait::WaitRequest),
    /// Anything else.
    Request(Request),
}

/// Why a request does not get an `ok`.
enum Refusal {
    /// The system call failed.
    Errno(Errno),
    /// The subject, or this system, cannot express it.
    Unsupported(String),
    /// It makes no sense; the sender is at fault.
    Malformed(FieldError),
}

impl Refusal {
    fn unsupported(why: impl fmt::Display) -> Refusal {
        Refusal::Unsupported(why.to_string())
    }

    /// No thread for a call: not the call's own error, which is what `err` would say.
    fn no_thread(error: &std::io::Error) -> Refusal {
        let why = error.raw_os_error().map_or_else(|| error.to_string(), errno_text);
        Refusal::unsupported(format_args!("the agent cannot start a thread: {why}"))
    }

    fn line(&self, id: u64) -> Line {
        match self {
            Refusal::Errno(errno) => error_line(id, errno.raw_os_error()),
            Refusal::Unsupported(why) => unsupported_line(id, why),
            Refusal::Malformed(why) => malformed_line(id, why),
        }
    }
}

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Refusal {
        Refusal::Errno(errno)
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Refusal {
        match Errno::from_io_error(&error) {
            Some(errno) => Refusal::Errno(errno),
            None => Refusal::unsupported(error),
        }
    }
}

impl From<FieldError> for Refusal {
    fn from(error: FieldError) -> Refusal {
        Refusal::Malformed(error)
    }
}

impl From<wait::Unsupported> for Refusal {
    fn from(wait::Unsupported(why): wait::Unsupported) -> Refusal {
        Refusal::Unsupported(why)
    }
}

/// A lock whose holder cannot have panicked: a panic aborts the process.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves the requests that arrive on `input`, writes the replies to `output`, and exits: 0 after `bye` or at the end
/// of `input`, 1 if the streams fail.
///
/// Must be called in a single-threaded process that has no children yet and needs nothing it has inherited: signals are
/// reset, and the process dies with its parent where the system supports that. A subject that panics aborts the
/// process.
pub fn serve(subject: &'static dyn Subject, input: OwnedFd, output: OwnedFd) -> ! {
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("the agent's subject panicked: {panic}");
        std::process::abort();
    }));
    let ignored = signal::is_ignored(libc::SIGCHLD) == Some(true);
    signal::reset_all();
    process::die_with_parent(Some(libc::SIGKILL));
    let agent = Agent {
        subject,
        output: Mutex::new(output),
        descriptors: Mutex::default(),
        threaded: AtomicBool::new(false),
    };
    // Shared with the threads and the `do=wait` handler. It lives as long as the process.
    let agent: &'static Agent = Box::leak(Box::new(agent));
    let hello = agent.hello();
    let hello = if ignored { hello.with_list("ignored", ["SIGCHLD"]) } else { hello };
    agent.write(&subject.edit_reply(&Line::new("hello"), hello));
    let mut workers = workers::Workers::new(agent);
    input::serve(&input, |line| agent.dispatch(&mut workers, line))
}

impl Agent {
    /// The agent's first line.
    fn hello(&self) -> Line {
        let hello = Line::new("hello")
            .with("protocol", PROTOCOL)
            .with("name", self.subject.name())
            .with("version", self.subject.version())
            .with("issues", self.subject.issues())
            .with("os", std::env::consts::OS)
            .with("libc", libc_name())
            .with("arch", std::env::consts::ARCH)
            .with("pid", std::process::id())
            .with_list("calls", self.subject.calls().iter().map(|call| call.name()))
            .with("threads", "yes");
        let hello =
            if self.subject.is_raw() { hello.with("raw", "yes").with("pointers", "all") } else { hello };
        if self.subject.retries_eintr() { hello.with("retries", "eintr") } else { hello }
    }

    /// Serves a request here, or passes it to its thread.
    fn dispatch(&'static self, workers: &mut workers::Workers, line: Line) {
        let line = self.subject.edit_request(line);
        let Some(id) = line.id() else {
            return self.write(&Line::new("malformed").with("why", "the request has no id"));
        };
        let thread = match wait::thread(&line) {
            Ok(thread) => thread,
            Err(error) => return self.write(&Refusal::from(error).line(id)),
        };
        let incoming = Incoming { id, request: requests::parse(&line), line };
        match (&incoming.request, thread) {
            (Ok(Parsed::Request(Request::Bye {})), _) => {
                let reply = Line::new("ok").with("id", id);
                self.write(&if retained::written_late() { reply.with("late-write", "yes") } else { reply });
                process::exit_now(0)
            }
            (Ok(Parsed::Request(Request::ExitThread { thread })), _) => {
                workers.end(*thread);
                self.write(&Line::new("ok").with("id", id));
            }
            (_, 0) => self.answer(incoming),
            (_, _) => {
                if let Err(refusal) = workers.give(thread, incoming) {
                    self.write(&refusal.line(id));
                }
            }
        }
    }

    /// Serves a request on the calling thread.
    fn answer(&self, Incoming { id, line, request }: Incoming) {
        // By the subject, which has no part in the spawns that most trials begin with: their children, which inherit what
        // is known, need not look at the process table.
        if !matches!(request, Ok(Parsed::Request(Request::Spawn { .. }))) {
            signal::others_may_change();
        }
        let served = request.and_then(|request| requests::serve(self, id, request));
        let reply = served.unwrap_or_else(|refusal| refusal.line(id));
        let reply = if retained::written_late() { reply.with("late-write", "yes") } else { reply };
        self.write(&self.subject.edit_reply(&line, reply));
    }

    /// Writes one line in a single write.
    fn write(&self, line: &Line) {
        let mut text = line.to_string();
        text.push('\n');
        let output = lock(&self.output);
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match rustix::io::write(output.as_fd(), rest) {
                Ok(n) => rest = &rest[n..],
                Err(Errno::INTR) => {}
                // The reader is gone.
                Err(_) => process::exit_now(1),
            }
        }
    }

    /// Uses a descriptor that was kept.
    fn with_descriptor<T>(
        &self,
        fd: RawFd,
        act: impl FnOnce(BorrowedFd<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        act(lock(&self.descriptors).get(&fd).ok_or(Errno::BADF)?.as_fd())
    }

    /// Keeps a descriptor open until `close`, and returns its number.
    fn keep(&self, fd: OwnedFd) -> RawFd {
        let number = fd.as_raw_fd();
        lock(&self.descriptors).insert(number, fd);
        number
    }

    fn is_threaded(&self) -> bool {
        self.threaded.load(Ordering::Relaxed)
    }
}

/// The C library's name, with its version where available.
fn libc_name() -> String {
    let built_for = if cfg!(target_env = "musl") { "musl" } else { std::env::consts::OS };
    observe::c_library().unwrap_or_else(|| built_for.to_owned())
}
