//! The requests that every agent must serve, and the replies expected.

use super::finding::CheckReport;
use super::meeting::Meeting;
use super::session::{CheckEnded, Session};
use crate::protocol::Line;
use crate::protocol::PROTOCOL;
use crate::protocol::agent::Request;
use crate::protocol::handle::Introduction;
use crate::protocol::wait::{Flag, IdType, NoReply, OptionSet, RawTarget, Reply, WaitRequest};
use crate::scenario::ChildOptions;
use crate::sys::call::abi::{Call, Memory};
use crate::wait::errno::Errno;
use crate::wait::{SiCode, Signal, System};
use std::io::Write;

/// The exit code of the check's children.
pub(super) const CODE: i32 = 7;
/// The corresponding status word, the same on every system.
const STATUS: i32 = CODE << 8;
/// A program that does not exist. Most agents complain about it on standard error, which the user sees.
pub(super) const NO_PROGRAM: &str = "/nonexistent/as-the-check-intends";
/// The largest `pid_t` of any system.
const MAX_PID: i64 = i32::MAX as i64;
/// The systems that the protocol names.
const SYSTEMS: [&str; 7] = ["linux", "freebsd", "netbsd", "openbsd", "dragonfly", "macos", "illumos"];

/// A check in progress.
pub(super) struct Check<'a> {
    pub(super) session: &'a mut Session,
    pub(super) child_argv: &'a [String],
    /// The pid in the agent's hello.
    pub(super) pid: i32,
    /// The agent declares that it restarts calls after a signal.
    pub(super) retries: bool,
    /// It has more than one thread.
    pub(super) threads: bool,
    /// The system that the agent says it runs on.
    pub(super) system: System,
}

impl Check<'_> {
    pub(super) fn hello(&mut self, report: &mut CheckReport) -> Result<(), CheckEnded> {
        let line = self.session.line()?;
        if line.word() != "hello" {
            self.session.complain("hello", &line, "expected `hello protocol=1 name=NAME ...`");
            return Err(CheckEnded);
        }
        if line.number("protocol") != Ok(i64::from(PROTOCOL)) {
            self.session.complain("hello", &line, "expected protocol=1");
        }
        for key in ["name", "version", "issues", "libc", "arch"] {
            if line.get(key).is_none() {
                self.session.complain("hello", &line, &format!("expected {key}="));
            }
        }
        if !line.get("os").is_some_and(|os| SYSTEMS.contains(&os.as_str())) {
            self.session.complain(
                "hello",
                &line,
                &format!("expected os= to be one of {}", SYSTEMS.join(", ")),
            );
        }
        if let Some(key) = line.key_of_control() {
            self.session.complain("hello", &line, &format!("expected no control character in {key}="));
        }
        if !matches!(line.number("pid"), Ok(1..=MAX_PID)) {
            self.session.complain("hello", &line, "expected pid= to be the agent's process id");
        }
        self.pid = line.number("pid").ok().and_then(|pid| i32::try_from(pid).ok()).unwrap_or(0);
        self.session.speaker = self.pid;
        self.threads = line.get("threads").as_deref() == Some("yes");
        self.retries = line.list("retries").iter().any(|r| r == "eintr");
        match line.get("interface").as_deref() {
            None | Some("calls") => {}
            Some("handle") => match Introduction::from_line(&line) {
                Ok(hello) => report.handles = Some(self.promised(&line, hello)),
                Err((key, expected)) => {
                    self.session.complain("hello", &line, &format!("expected {key}= to be {expected}"));
                    return Err(CheckEnded);
                }
            },
            Some(_) => self.session.complain("hello", &line, "expected interface= to be calls or handle"),
        }
        let names = line.list("calls");
        if names.is_empty() && report.handles.is_none() {
            self.session.complain("hello", &line, "expected calls= to list the calls of the subject");
        }
        for name in names {
            match Call::from_name(&name) {
                Some(call) => report.calls.push(call),
                None => {
                    self.session.complain("hello", &line, &format!("'{name}' is not a call of the family"))
                }
            }
        }
        let text = |key| line.get(key).unwrap_or_default();
        self.system = System::from_names(&text("os"), &text("arch")).unwrap_or(System::HOST);
        report.agent = Some(format!("{} {}", text("name"), text("version")));
        Ok(())
    }

    /// Every promise must name a clause.
    fn promised(&mut self, line: &Line, hello: Introduction) -> Introduction {
        for (name, _) in &hello.promises {
            let promise = format!("handle/{name}");
            if !crate::spec::clauses().any(|clause| clause.promise() == Some(&promise)) {
                let expected = format!("there is no promise '{name}'; `waitspec list clauses` lists them");
                self.session.complain("hello", line, &expected);
            }
        }
        hello
    }

    pub(super) fn expect_unsupported(&mut self, request: Line, why: &str) -> Result<(), CheckEnded> {
        if let Some(line) = self.session.ask(request)?
            && line.word() != "unsupported"
        {
            self.session.complain("unknown", &line, &format!("expected unsupported: {why}"));
        }
        Ok(())
    }

    /// The reply to a request if it is `ok`: whatever an agent cannot do is no mistake.
    pub(super) fn done(&mut self, request: &Request) -> Result<Option<Line>, CheckEnded> {
        Ok(self.session.ask(request.to_line())?.filter(|line| line.word() == "ok"))
    }

    /// Has the agent create a child; the check ends if it cannot.
    pub(super) fn spawn(&mut self, options: &ChildOptions) -> Result<i64, CheckEnded> {
        let argv: Vec<String> = self.child_argv.iter().cloned().chain(options.to_args()).collect();
        let request = Line::new("spawn").with_list("argv", argv).with("no-such-key", 1);
        let Some(line) = self.session.ask(request)? else { return Err(CheckEnded) };
        match line.number("pid") {
            Ok(pid @ 1..=MAX_PID) if line.word() == "ok" => Ok(pid),
            _ => {
                self.session.complain("spawn", &line, "expected `ok pid=N`");
                Err(CheckEnded)
            }
        }
    }

    /// Makes a call; `None` if the reply is malformed.
    fn call(&mut self, request: &WaitRequest) -> Result<Option<(Box<Reply>, Line)>, CheckEnded> {
        let Some(line) = self.session.ask(request.to_line(0))? else { return Ok(None) };
        match Reply::from_line(&line, request, self.system) {
            Ok(reply) => Ok(Some((reply, line))),
            Err(NoReply::Unsupported(_)) => {
                let expected = format!("hello offers {}", request.call.name());
                self.session.complain("call", &line, &expected);
                Ok(None)
            }
            Err(error) => {
                self.session.complain("call", &line, &error.to_string());
                Ok(None)
            }
        }
    }

    /// A child that exits is reaped once; then there is none.
    pub(super) fn exited(&mut self, call: Call) -> Result<(), CheckEnded> {
        let steps = vec![crate::scenario::Step::exit(CODE)];
        let pid = self.spawn(&ChildOptions { steps, ..ChildOptions::default() })?;
        let mut request = WaitRequest::new(call, one(call, pid));
        request.options = OptionSet::of(ending(call));
        self.reaped(&request, pid)?;
        if let Some((reply, line)) = self.call(&request)?
            && reply.ret != Err(Errno::CHILD)
        {
            self.session.complain("call", &line, "expected err errno=ECHILD, since no child is left");
        }
        Ok(())
    }

    /// `WNOHANG` with a live child reports nothing; the child then exits on request.
    pub(super) fn held(&mut self, call: Call) -> Result<(), CheckEnded> {
        let meeting = match Meeting::new() {
            Ok(meeting) => meeting,
            Err(error) => {
                return self
                    .session
                    .stop("environment", format!("cannot create a socket for a child: {error}"));
            }
        };
        let connect = Some((meeting.path(), "check".to_owned()));
        let pid = self.spawn(&ChildOptions { connect, ..ChildOptions::default() })?;
        let Some(mut child) = meeting.accept(self.session) else {
            let message =
                format!("the program of child {pid} did not connect to {}", meeting.path().display());
            return self.session.stop("spawn", message);
        };
        let mut request = WaitRequest::new(call, one(call, pid));
        request.options = OptionSet::of(ending(call).into_iter().chain([Flag::NoHang]));
        if let Some((reply, line)) = self.call(&request)? {
            let pid_seen = reply.info.wrote().and_then(|info| info.pid).unwrap_or(0);
            if reply.ret != Ok(0) || pid_seen != 0 {
                self.session.complain(
                    "call",
                    &line,
                    "expected ret=0, since the child is alive and the call has WNOHANG",
                );
            } else if matches!(reply.status, Memory::Wrote(_)) {
                self.session.complain(
                    "call",
                    &line,
                    "expected status=untouched, or none: nothing was reported",
                );
            }
        }
        let sent = child.write_all(format!("exit id=1 code={CODE}\n").as_bytes());
        if let Err(error) = sent {
            return self
                .session
                .stop("spawn", format!("child {pid} was gone before it was told to exit: {error}"));
        }
        request.options = OptionSet::of(ending(call));
        self.reaped(&request, pid)
    }

    /// The call must report that child `pid` exited with [`CODE`].
    fn reaped(&mut self, request: &WaitRequest, pid: i64) -> Result<(), CheckEnded> {
        let Some((reply, line)) = self.call(request)? else { return Err(CheckEnded) };
        let returned = if request.call == Call::Waitid { 0 } else { pid };
        if reply.ret != Ok(returned) {
            self.session.complain("call", &line, &format!("expected ret={returned}"));
        }
        if request.call == Call::Waitid {
            let info = reply.info.wrote().unwrap_or_default();
            let right = (info.code, info.status) == (Some(SiCode::Exited), Some(i64::from(CODE)));
            // A typed binding may not expose these two.
            let others = info.signo.is_none_or(|signal| signal == Signal::CHLD)
                && info.pid.is_none_or(|seen| seen == pid);
            if !(right && others) {
                let expected = format!(
                    "expected info=written si_signo=SIGCHLD si_code=CLD_EXITED si_pid={pid} si_status={CODE}"
                );
                self.session.complain("call", &line, &expected);
            }
        } else if reply.status != Memory::Wrote(self.system.decode(STATUS)) {
            self.session.complain("call", &line, &format!("expected status={STATUS:#06x}"));
        }
        Ok(())
    }

    /// The subject's own macros, if it has any.
    pub(super) fn decode(&mut self) -> Result<(), CheckEnded> {
        let request = Line::new("decode").with("status", format_args!("{STATUS:#06x}"));
        let Some(line) = self.session.ask(request)? else { return Ok(()) };
        let expected = [("exited", "yes"), ("signaled", "no"), ("stopped", "no"), ("wexitstatus", "7")];
        let wrong = |(key, value): &(&str, &str)| line.get(key).is_some_and(|seen| seen != *value);
        if line.word() == "ok" && expected.iter().any(wrong) {
            self.session.complain(
                "decode",
                &line,
                "expected exited=yes signaled=no stopped=no wexitstatus=7",
            );
        }
        Ok(())
    }
}

/// The call's selector for any child.
pub(super) fn any(call: Call) -> RawTarget {
    match call {
        Call::Waitid | Call::Wait6 => RawTarget::Id { idtype: IdType::All, who: 0 },
        Call::Wait | Call::Waitpid | Call::Wait3 | Call::Wait4 => RawTarget::Pid(-1),
    }
}

/// The call's selector for that child, if the call has one.
pub(super) fn one(call: Call, pid: i64) -> RawTarget {
    match call {
        Call::Waitid | Call::Wait6 => RawTarget::Id { idtype: IdType::Pid, who: pid },
        Call::Wait | Call::Wait3 => any(call),
        Call::Waitpid | Call::Wait4 => RawTarget::Pid(pid),
    }
}

/// The option that makes the call report terminated children.
pub(super) fn ending(call: Call) -> Option<Flag> {
    matches!(call, Call::Waitid | Call::Wait6).then_some(Flag::Exited)
}
