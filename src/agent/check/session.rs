//! A session with an untrusted agent: each reply has a deadline, each mistake becomes a finding.

use std::ffi::CString;
use std::io::{ErrorKind, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};

use super::finding::Finding;
use crate::agent::spawn;
use crate::protocol::line::LineError;
use crate::protocol::wait::WaitRequest;
use crate::protocol::{Line, LineReader};
use crate::sys::call::observe;
use crate::sys::process::{self, Handle, Reaped};
use crate::sys::process_table::{self, State};
use crate::sys::signal;

/// How long an agent may take for one line at a scale of 1.
const DEADLINE: Duration = Duration::from_secs(5);
/// Reading stops after this many malformed lines.
const MOST_BAD_LINES: usize = 5;
/// The number of bytes of a line that a message shows.
const SHOWN: usize = 200;

/// The check ended early; the reason is among the findings.
pub(super) struct CheckEnded;

/// A running agent and the findings so far.
pub(super) struct Session {
    agent: Handle,
    /// Its wait status, once known.
    ended: Option<i32>,
    /// A socket: writing to one whose peer is gone is an error, whereas writing to such a pipe raises SIGPIPE.
    to: Option<UnixStream>,
    from: OwnedFd,
    reader: LineReader,
    deadline: Duration,
    /// The last request, for messages.
    sent: String,
    requests: u64,
    bad_lines: usize,
    /// The pid in its hello.
    pub(super) speaker: i32,
    pub(super) findings: Vec<Finding>,
}

/// The text of a line, truncated if it is long.
fn shown(bytes: &[u8]) -> String {
    let cut = &bytes[..bytes.len().min(SHOWN)];
    let rest = if bytes.len() > SHOWN { format!("... ({} bytes)", bytes.len()) } else { String::new() };
    let mut text = String::new();
    for &byte in cut {
        match byte {
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text.extend(std::ascii::escape_default(byte).map(char::from)),
        }
    }
    format!("`{text}`{rest}")
}

/// A line as messages show it.
fn quoted(line: &Line) -> String {
    shown(line.to_string().as_bytes())
}

/// A duration in the form that rustix's `poll` takes.
pub(super) fn timespec(time: Duration) -> Timespec {
    Timespec::try_from(time).unwrap_or(Timespec { tv_sec: i64::from(i32::MAX) as _, tv_nsec: 0 })
}

/// Whether a descriptor can be read before the deadline.
pub(super) fn readable(fd: impl AsFd, deadline: Instant) -> Result<bool, Errno> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut polled = [PollFd::new(&fd, PollFlags::IN)];
        match rustix::event::poll(&mut polled, Some(&timespec(left))) {
            Ok(0) if left.is_zero() => return Ok(false),
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return Ok(true),
            Err(error) => return Err(error),
        }
    }
}

/// Rests between two looks at what is not told otherwise.
pub(super) fn pause() {
    const LOOK: Duration = Duration::from_millis(1);
    let _ = rustix::event::poll(&mut [], Some(&timespec(LOOK)));
}

impl Session {
    /// Starts the agent, which shares this process's standard error.
    pub(super) fn start(argv: &[String], scale: f64) -> Result<Session, String> {
        let argv: Result<Vec<CString>, _> = argv.iter().map(|word| CString::new(word.as_str())).collect();
        let argv = argv
            .ok()
            .filter(|words| !words.is_empty())
            .ok_or("the command is empty or contains a null byte")?;
        let system = |error: std::io::Error| format!("the agent cannot be started: {error}");
        let (requests, to) = UnixStream::pair().map_err(system)?;
        let (from, replies) = std::io::pipe().map_err(system)?;
        let pid = process::spawn(|| {
            signal::reset_all();
            process::die_with_parent(Some(libc::SIGKILL));
            // This group identifies what the agent creates and leaves behind.
            let _ = rustix::process::setpgid(None, None);
            let _ = rustix::stdio::dup2_stdin(&requests);
            let _ = rustix::stdio::dup2_stdout(&replies);
            spawn::exec_or_report(&argv)
        })
        .map_err(|error| system(error.into()))?;
        let agent = Handle::open(pid).map_err(|error| system(error.into()))?;
        Ok(Session {
            agent,
            ended: None,
            to: Some(to),
            from: from.into(),
            reader: LineReader::default(),
            deadline: DEADLINE.mul_f64(scale.max(0.0)),
            sent: "startup".to_owned(),
            requests: 0,
            bad_lines: 0,
            speaker: 0,
            findings: Vec::new(),
        })
    }

    /// Whether a descriptor can be read within the time for an answer that has been awaited since then. An agent that is ready
    /// to run, or one of whose children is, has up to ten times as long if it gets hardly any CPU time: a busy machine is not its
    /// mistake.
    pub(super) fn readable_in_time(&self, fd: impl AsFd, began: Instant) -> Result<bool, Errno> {
        let mut until = began + self.deadline;
        let mut before = None;
        loop {
            if readable(&fd, until)? {
                return Ok(true);
            }
            let now = self.ready_to_run();
            let starved = match (before, now) {
                (None, now) => now.is_some(),
                (Some(before), Some(now)) => now.saturating_sub(before) < self.deadline / 8,
                (Some(_), None) => false,
            };
            if !starved || began.elapsed() >= self.deadline * 10 {
                return Ok(false);
            }
            before = now;
            until = Instant::now() + self.deadline / 4;
        }
    }

    /// The CPU time that the agent and its children have used, if one of them is ready to run or waits for a disk.
    fn ready_to_run(&self) -> Option<Duration> {
        let mut family = process_table::all().unwrap_or_default();
        family.retain(|p| p.pgid == self.agent.pid());
        let ready = |p: &process_table::Process| matches!(p.state, State::Running | State::DiskSleep);
        family.iter().any(ready).then(|| family.iter().map(|p| p.cpu).sum())
    }

    /// The deadline for a reply to a request sent now.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.deadline
    }

    /// Records a mistake.
    pub(super) fn finding(&mut self, rule: &'static str, message: impl Into<String>) {
        self.findings.push(Finding { rule, message: message.into() });
    }

    /// Records a mistake that ends the check.
    pub(super) fn stop<T>(
        &mut self,
        rule: &'static str,
        message: impl Into<String>,
    ) -> Result<T, CheckEnded> {
        self.finding(rule, message);
        Err(CheckEnded)
    }

    /// The next well-formed line.
    pub(super) fn line(&mut self) -> Result<Line, CheckEnded> {
        let began = Instant::now();
        let mut buffer = [0; 4096];
        loop {
            match self.reader.next_line() {
                None => {}
                Some(Err(LineError::TooLong)) => {
                    let message = format!("after {}, got {}", self.sent, LineError::TooLong);
                    return self.stop("line", message);
                }
                Some(bytes) => {
                    let bytes = bytes.unwrap_or_default();
                    match Line::parse(&bytes) {
                        Ok(line) => return Ok(line),
                        Err(error) => self.bad_line(&bytes, &error)?,
                    }
                    continue;
                }
            }
            match self.readable_in_time(&self.from, began) {
                Ok(true) => {}
                Ok(false) => {
                    let message = format!("after {}, nothing came within {:?}", self.sent, self.deadline);
                    return self.stop("answer", message);
                }
                Err(error) => return self.stop("answer", format!("cannot read from the agent: {error}")),
            }
            match rustix::io::read(&self.from, &mut buffer) {
                Ok(0) => return self.ended_early(),
                Ok(n) => self.reader.push(&buffer[..n]),
                Err(Errno::INTR) => {}
                Err(error) => return self.stop("answer", format!("cannot read from the agent: {error}")),
            }
        }
    }

    fn bad_line(&mut self, bytes: &[u8], error: &LineError) -> Result<(), CheckEnded> {
        self.finding("line", format!("after {}, got {}: {error}", self.sent, shown(bytes)));
        self.bad_lines += 1;
        if self.bad_lines < MOST_BAD_LINES { Ok(()) } else { Err(CheckEnded) }
    }

    /// Its standard output was closed where a line was expected.
    fn ended_early(&mut self) -> Result<Line, CheckEnded> {
        if !self.reader.rest().is_empty() {
            let rest = shown(self.reader.rest());
            return self.stop(
                "line",
                format!("after {}, the output ended in the middle of a line: {rest}", self.sent),
            );
        }
        let how = match self.await_end() {
            Some(status) => describe(status),
            None => "closed its standard output".to_owned(),
        };
        self.stop("end", format!("after {}, the agent {how} instead of answering", self.sent))
    }

    /// The process that was started, which leads the agent's process group.
    pub(super) fn pid(&self) -> i32 {
        self.agent.pid()
    }

    /// The id of the last request.
    pub(super) fn last_id(&self) -> u64 {
        self.requests
    }

    /// How long an answer may take.
    pub(super) fn patience(&self) -> Duration {
        self.deadline
    }

    /// Sends a request, and returns its id.
    pub(super) fn begin(&mut self, request: Line) -> Result<u64, CheckEnded> {
        self.requests += 1;
        let id = self.requests;
        let request = request.with("id", id);
        self.sent = quoted(&request);
        let written = match &mut self.to {
            Some(to) => to.write_all(format!("{request}\n").as_bytes()),
            None => Err(ErrorKind::BrokenPipe.into()),
        };
        match written {
            Ok(()) => Ok(id),
            Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => {
                Ok(id)
            }
            Err(error) => self.stop("answer", format!("cannot send {}: {error}", self.sent)),
        }
    }

    /// The reply to a call that was begun, if it comes within that time; skips the announcement.
    pub(super) fn reply_within(&mut self, id: u64, time: Duration) -> Result<Option<Line>, CheckEnded> {
        let deadline = Instant::now() + time;
        while self.reader.rest().contains(&b'\n') || readable(&self.from, deadline).unwrap_or(true) {
            let line = self.line()?;
            if line.word() != "entering" {
                return Ok(self.reply(line, id, false));
            }
        }
        Ok(None)
    }

    /// Sends a request, and returns the reply if it is well-formed and carries the request's id.
    pub(super) fn ask(&mut self, request: Line) -> Result<Option<Line>, CheckEnded> {
        // A handle's wait is not announced.
        let announces = request.get("handle").is_none() && WaitRequest::from_line(&request).is_some();
        let id = self.begin(request)?;
        let mut announced = false;
        loop {
            let line = self.line()?;
            match line.word() {
                "entering" if announces && !announced => {
                    announced = true;
                    if line.id() != Some(id) || !matches!(line.number("tid"), Ok(1..)) {
                        self.complain("entering", &line, &format!("expected `entering id={id} tid=T`"));
                    } else if let Some(threads) = self.not_a_thread(&line) {
                        self.complain(
                            "entering",
                            &line,
                            &format!("expected tid= to be a thread of the agent: {threads:?}"),
                        );
                    }
                }
                "entering" => {
                    self.complain("entering", &line, "expected one before a call, and none elsewhere")
                }
                "ok" | "err" | "unsupported" | "malformed" => {
                    return Ok(self.reply(line, id, announces && !announced));
                }
                _ => {
                    self.complain("word", &line, "a reply is ok, err, unsupported or malformed");
                    return Ok(None);
                }
            }
        }
    }

    /// The threads of the agent, if `tid=` is none of them.
    fn not_a_thread(&self, line: &Line) -> Option<Vec<i32>> {
        let threads: Vec<i32> =
            process_table::threads(self.speaker).into_iter().map(|(tid, _)| tid).collect();
        let said = line.number("tid").ok().and_then(|tid| i32::try_from(tid).ok());
        let is = threads.is_empty()
            || said == Some(self.speaker)
            || said.is_some_and(|tid| threads.contains(&tid));
        (!is).then_some(threads)
    }

    /// Records that `line` is not the expected reply to the last request.
    pub(super) fn complain(&mut self, rule: &'static str, line: &Line, expected: &str) {
        let sent = self.sent();
        self.complain_after(&sent, rule, line, expected);
    }

    /// The same for an earlier request.
    pub(super) fn complain_after(&mut self, sent: &str, rule: &'static str, line: &Line, expected: &str) {
        self.finding(rule, format!("after {sent}, got {}: {expected}", quoted(line)));
    }

    /// The last request, as messages show it.
    pub(super) fn sent(&self) -> String {
        self.sent.clone()
    }

    fn reply(&mut self, line: Line, id: u64, unannounced: bool) -> Option<Line> {
        if line.id() != Some(id) {
            self.complain("id", &line, &format!("a reply carries the id of its request, {id}"));
            return None;
        }
        let well_formed = match line.word() {
            "err" => line.get("errno").is_some_and(|name| {
                let number = name.bytes().all(|b| b.is_ascii_digit());
                let named = name.starts_with('E') && name.bytes().all(|b| b.is_ascii_alphanumeric());
                !name.is_empty() && (number || named)
            }),
            "unsupported" | "malformed" => line.get("why").is_some_and(|why| !why.is_empty()),
            _ => true,
        };
        if !well_formed {
            let expected = "expected `err errno=NAME`, NAME as in ECHILD, or `unsupported why=TEXT`";
            self.complain("word", &line, expected);
            return None;
        }
        if unannounced && !["unsupported", "malformed"].contains(&line.word()) {
            self.complain(
                "entering",
                &line,
                &format!("expected `entering id={id} tid=T` right before the call"),
            );
        }
        Some(line)
    }

    /// What must follow `bye`: the output closes, and the agent exits with 0.
    pub(super) fn farewell(&mut self) -> Result<(), CheckEnded> {
        self.to = None;
        let began = Instant::now();
        let mut rest = self.reader.rest().to_vec();
        let mut buffer = [0; 4096];
        loop {
            if !matches!(self.readable_in_time(&self.from, began), Ok(true)) {
                return self
                    .stop("bye", format!("after `bye`, its output stayed open for {:?}", self.deadline));
            }
            match rustix::io::read(&self.from, &mut buffer) {
                Ok(0) => break,
                Ok(n) => rest.extend(&buffer[..n]),
                Err(Errno::INTR) => {}
                Err(error) => return self.stop("bye", format!("cannot read from the agent: {error}")),
            }
            if rest.len() > buffer.len() {
                break;
            }
        }
        if !rest.is_empty() {
            self.finding("bye", format!("after the answer to `bye`, got {}", shown(&rest)));
        }
        match self.await_end() {
            Some(status) if describe(status) == "exited 0" => {}
            Some(status) => {
                self.finding("bye", format!("after `bye`, the agent {}: expected exit 0", describe(status)))
            }
            None => {
                self.finding("bye", format!("after `bye`, the agent did not exit within {:?}", self.deadline))
            }
        }
        Ok(())
    }

    /// The agent's wait status, if it exits before the deadline.
    fn await_end(&mut self) -> Option<i32> {
        let deadline = self.deadline();
        while self.ended.is_none() {
            let pid = self.agent.pid();
            // Before it is reaped: until then, no other group can have its number.
            if self.agent.has_ended().unwrap_or_else(|| process_table::is_zombie(pid)) {
                self.end_group();
            }
            match process::reap(pid) {
                Reaped::Gone(status) => self.ended = Some(status),
                Reaped::Failed(_) => break,
                Reaped::NotYet if Instant::now() >= deadline => break,
                Reaped::NotYet => match self.agent.poll_fd() {
                    Some(fd) => {
                        let _ = readable(fd, deadline);
                    }
                    None => pause(),
                },
            }
        }
        self.ended
    }

    /// Kills whatever the agent has left in its process group.
    fn end_group(&self) {
        if let Some(group) = Pid::from_raw(self.agent.pid()) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.ended.is_none() {
            self.end_group();
            let _ = process::kill_and_reap(self.agent.pid());
        }
    }
}

/// A wait status as text.
fn describe(status: i32) -> String {
    let seen = observe::c_macros(status);
    if seen.exited {
        format!("exited {}", seen.exit_status)
    } else {
        format!("was killed by {}", crate::wait::Signal::from_number(seen.term_signal))
    }
}
