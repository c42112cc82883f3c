//! A session with a running agent, in which each line has a deadline.

use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::poll::poll;
use rustix::event::{PollFd, PollFlags, Timespec};
use waitspec::protocol::{Line, LineReader};
use waitspec::sys::process;

/// Long enough for any machine; never reached.
const DEADLINE: Duration = Duration::from_secs(60);

/// A running agent.
pub struct Talk {
    agent: Child,
    from: OwnedFd,
    reader: LineReader,
    requests: u64,
    /// Children that may still run.
    children: Vec<i32>,
}

impl Talk {
    /// Starts the built-in agent of a subject.
    pub fn with(subject: &str) -> Talk {
        Talk::start(Command::new(super::own_program()).args(["agent", subject]))
    }

    /// Starts an agent.
    pub fn start(command: &mut Command) -> Talk {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut agent = command.spawn().expect("an agent");
        let from = agent.stdout.take().expect("its output").into();
        let mut talk = Talk { agent, from, reader: LineReader::default(), requests: 0, children: Vec::new() };
        assert_eq!(talk.line().word(), "hello");
        talk
    }

    /// The agent's pid.
    pub fn pid(&self) -> i32 {
        i32::try_from(self.agent.id()).expect("a pid")
    }

    /// The next line.
    pub fn line(&mut self) -> Line {
        let deadline = Instant::now() + DEADLINE;
        let mut buffer = [0; 4096];
        loop {
            if let Some(bytes) = self.reader.next_line() {
                return Line::parse(&bytes.expect("a short line")).expect("a line");
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = Timespec::try_from(left).expect("a short time");
            let mut polled = [PollFd::new(&self.from, PollFlags::IN)];
            match rustix::event::poll(&mut polled, Some(&timeout)) {
                Ok(0) => panic!("the agent was silent for {DEADLINE:?}"),
                Ok(_) => {
                    let n = rustix::io::read(self.from.as_fd(), &mut buffer).expect("readable");
                    assert_ne!(n, 0, "the agent ended");
                    self.reader.push(&buffer[..n]);
                }
                Err(error) => assert_eq!(error, rustix::io::Errno::INTR),
            }
        }
    }

    /// Sends a request; its id.
    pub fn send(&mut self, request: &str) -> u64 {
        self.requests += 1;
        let line: Line = request.parse().expect("a request");
        self.send_as_is(&line.with("id", self.requests).to_string());
        self.requests
    }

    /// Sends a line without an id of its own.
    pub fn send_as_is(&self, line: &str) {
        let to = self.agent.stdin.as_ref().expect("its input");
        rustix::io::write(to, format!("{line}\n").as_bytes()).expect("it listens");
    }

    /// Sends a request and returns the reply, skipping `entering`.
    pub fn ask(&mut self, request: &str) -> Line {
        let id = self.send(request);
        loop {
            let line = self.line();
            assert_eq!(line.id(), Some(id), "{line}");
            if line.word() != "entering" {
                return line;
            }
        }
    }

    /// The reply without its id.
    pub fn text(&mut self, request: &str) -> String {
        let line = self.ask(request).to_string();
        line.replacen(&format!(" id={}", self.requests), "", 1)
    }

    /// Repeats a request until the reply is as wanted.
    pub fn until(&mut self, request: &str, wanted: impl Fn(&Line) -> bool) -> Line {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let line = self.ask(request);
            if wanted(&line) {
                return line;
            }
            assert!(Instant::now() < deadline, "`{request}` still brings {line}");
        }
    }

    /// Makes the agent spawn a child with these steps, forked if `image` says so; returns its pid.
    pub fn spawn(&mut self, image: &str, steps: &[&str]) -> i32 {
        let program = [super::own_program(), "child".to_owned()];
        let argv = program.into_iter().chain(steps.iter().map(|&step| step.to_owned()));
        let request = Line::new("spawn").with_list("argv", argv).with("words", 2);
        let request = if image.is_empty() { request } else { request.with("image", image) };
        let pid = self.ask(&request.to_string()).number("pid").expect("a pid");
        let pid = i32::try_from(pid).expect("a pid");
        self.children.push(pid);
        pid
    }

    /// Notes that a child was reaped: its pid may be reused.
    pub fn reaped(&mut self, pid: i32) {
        self.children.retain(|&child| child != pid);
    }

    /// Ends the session, either with a request that makes the agent exit or by closing its input; returns its exit status.
    pub fn end(mut self, request: Option<&str>) -> ExitStatus {
        if let Some(request) = request {
            self.send(request);
        } else {
            self.agent.stdin = None;
        }
        poll(DEADLINE, || self.agent.try_wait().expect("it is our child")).expect("the agent does not end")
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        // While the agent lives, the pid of a child that it has not reaped cannot be reused.
        if matches!(self.agent.try_wait(), Ok(None)) {
            for &pid in &self.children {
                let _ = process::kill(pid, libc::SIGKILL);
            }
            let _ = self.agent.kill();
            let _ = self.agent.wait();
        }
    }
}
