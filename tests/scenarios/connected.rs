//! A child of these tests: created, driven step by step, and reaped.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

use super::poll::poll;
use rustix::process::{Pid, WaitOptions, WaitStatus, waitpid};
use waitspec::protocol::Line;
use waitspec::protocol::fields::{OWN, get_usage};
use waitspec::scenario::{ChildOptions, Step, child};
use waitspec::sys::call::abi::Usage;
use waitspec::sys::{descriptors, process};

pub const DEADLINE: Duration = Duration::from_secs(60);

/// Polls until there is a result.
pub fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    poll(DEADLINE, look).unwrap_or_else(|| panic!("not seen in time: {what}"))
}

/// Waits for one report on the child.
pub fn wait_for(pid: i32, options: WaitOptions) -> WaitStatus {
    let pid = Pid::from_raw(pid).expect("a pid");
    until("a report of a child", || {
        waitpid(Some(pid), options | WaitOptions::NOHANG).expect("waitpid").map(|(_, status)| status)
    })
}

/// Reaps the child; returns its raw status.
pub fn reap(pid: i32) -> i32 {
    wait_for(pid, WaitOptions::empty()).as_raw()
}

pub fn exited(code: i32) -> i32 {
    (code & 0xff) << 8
}

/// A socket for children to connect to.
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
    _directory: tempfile::TempDir,
}

impl Socket {
    pub fn new() -> Socket {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("s");
        Socket { listener: UnixListener::bind(&path).expect("a socket"), path, _directory: directory }
    }

    pub fn options(&self, token: &str, steps: impl IntoIterator<Item = Step>) -> ChildOptions {
        ChildOptions {
            connect: Some((self.path.clone(), token.to_owned())),
            steps: steps.into_iter().collect(),
            ..ChildOptions::default()
        }
    }

    pub fn accept(&self, token: &str) -> ConnectedChild {
        self.listener.set_nonblocking(true).expect("nonblocking");
        let stream = until("a connection", || self.listener.accept().ok()).0;
        stream.set_nonblocking(false).expect("blocking");
        stream.set_read_timeout(Some(DEADLINE)).expect("a deadline");
        let mut told =
            ConnectedChild { pid: 0, hello: Line::new("none"), stream: BufReader::new(stream), next: 0 };
        told.hello = told.read().expect("hello");
        assert_eq!(told.hello.word(), "hello");
        assert_eq!(told.hello.get("token").as_deref(), Some(token));
        told.pid = number(&told.hello, "pid");
        told
    }

    /// Forks a child and accepts its connection.
    pub fn spawn(&self, steps: impl IntoIterator<Item = Step>) -> ConnectedChild {
        let pid = fork_child(self.options("A", steps));
        let told = self.accept("A");
        assert_eq!((told.pid, number(&told.hello, "ppid")), (pid, process::pid()));
        told
    }
}

pub fn fork_child(options: ChildOptions) -> i32 {
    process::spawn(|| {
        descriptors::close_from(3);
        child::run(options)
    })
    .expect("fork")
}

/// Runs a child without a connection; returns its raw status.
pub fn run(steps: impl IntoIterator<Item = Step>) -> i32 {
    let steps = steps.into_iter().collect();
    let child = process::spawn(|| {
        descriptors::close_from(3);
        // Its output is not for the terminal.
        let null = std::fs::File::options().write(true).open("/dev/null").expect("/dev/null");
        rustix::stdio::dup2_stdout(&null).expect("dup2");
        child::run(ChildOptions { steps, ..ChildOptions::default() })
    });
    reap(child.expect("fork"))
}

pub fn number(line: &Line, key: &'static str) -> i32 {
    let number = line.number(key).unwrap_or_else(|error| panic!("{line}: {error}"));
    i32::try_from(number).expect("32 bits")
}

pub fn step(text: &str) -> Step {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A child with a connection.
pub struct ConnectedChild {
    pub pid: i32,
    pub hello: Line,
    pub stream: BufReader<UnixStream>,
    next: u64,
}

impl ConnectedChild {
    pub fn read(&mut self) -> Option<Line> {
        let mut text = String::new();
        let n = self.stream.read_line(&mut text).expect("a line in time");
        (n > 0).then(|| text.trim_end_matches('\n').parse().expect("a line"))
    }

    pub fn send(&mut self, text: &str) {
        self.next += 1;
        let line = text.parse::<Line>().expect("a line").with("id", self.next);
        self.stream.get_mut().write_all(format!("{line}\n").as_bytes()).expect("sent");
    }

    /// Sends a step; returns the answer.
    pub fn tell(&mut self, text: &str) -> Line {
        self.send(text);
        let answer = self.read().unwrap_or_else(|| panic!("'{text}' was not answered"));
        assert_eq!(answer.id(), Some(self.next), "{answer}");
        answer
    }

    pub fn ok(&mut self, text: &str) -> Line {
        let answer = self.tell(text);
        assert_eq!(answer.word(), "ok", "'{text}' was answered {answer}");
        answer
    }

    /// Sends a step; whether the system supports it.
    pub fn has(&mut self, text: &str) -> bool {
        let answer = self.tell(text);
        let missing = answer.get("errno").is_some_and(|name| name == "ENOTSUP" || name == "EOPNOTSUPP");
        assert!(missing || answer.word() == "ok", "'{text}' was answered {answer}");
        !missing
    }

    pub fn usage(&mut self) -> Usage {
        get_usage(&self.ok("report"), OWN).expect("a usage")
    }

    /// Sends a step that terminates it; returns its raw status.
    pub fn end(mut self, text: &str) -> i32 {
        self.send(text);
        assert_eq!(self.read(), None, "'{text}' was answered");
        reap(self.pid)
    }

    pub fn exit(self) {
        assert_eq!(self.end("exit code=0"), 0);
    }
}
