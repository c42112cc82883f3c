//! What the suite relies on besides calls: an agent that gets it wrong makes its language look at fault.

use super::meeting::Meeting;
use super::requests::{Check, NO_PROGRAM, ending, one};
use super::session::CheckEnded;
use super::signals::counted;
use crate::protocol::Line;
use crate::protocol::agent::{Disposition, Request, SigactionFlags};
use crate::protocol::codec::Words;
use crate::protocol::wait::{Flag, OptionSet, Reply, WaitRequest};
use crate::scenario::{ChildOptions, Step};
use crate::sys::call::abi::{Call, Memory};
use crate::sys::process;
use crate::wait::{Signal, System, WaitStatus};
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// How long to wait for a reply before the interrupting signal is sent again.
const RESEND: Duration = Duration::from_millis(20);

impl Check<'_> {
    /// Runs every check of this file with one call.
    pub(super) fn behavior(&mut self, call: Call) -> Result<(), CheckEnded> {
        self.failed_exec(call)?;
        self.standard_streams(call)?;
        self.stop_and_kill(call)?;
        self.setpgid(call)?;
        self.handlers()?;
        self.interruption(call)
    }

    /// A child whose exec fails exits with 127.
    fn failed_exec(&mut self, call: Call) -> Result<(), CheckEnded> {
        let argv = Words::of([NO_PROGRAM]);
        let request = Request::Spawn { argv, image: None, words: None, thread: None };
        let Some(line) = self.session.ask(request.to_line())? else { return Ok(()) };
        let Some(pid) = pid_of(&line) else {
            // A language with a combined fork and exec may report the error at once.
            if line.word() != "err" {
                self.session.complain("spawn", &line, "expected `ok pid=N`; the child then exits with 127");
            }
            return Ok(());
        };
        self.reports(call, pid, &[], WaitStatus::exited(127), "the child's program cannot be run")
    }

    /// A child's standard input and output are not those of the agent.
    fn standard_streams(&mut self, call: Call) -> Result<(), CheckEnded> {
        // Its output would be a malformed line of the agent; the requests come through a socket.
        let script = "echo this is not for the driver; [ -S /dev/stdin ] && exit 1; exit 8";
        let argv = Words::of(["/bin/sh", "-c", script]);
        let request = Request::Spawn { argv, image: None, words: None, thread: None };
        let Some(line) = self.session.ask(request.to_line())? else { return Ok(()) };
        match pid_of(&line) {
            Some(pid) => self.reports(
                call,
                pid,
                &[],
                WaitStatus::exited(8),
                "a child has /dev/null as its standard input and output",
            ),
            None => Ok(()),
        }
    }

    /// Status words of a stop and of a death by signal, for which a language may use its own numbers.
    fn stop_and_kill(&mut self, call: Call) -> Result<(), CheckEnded> {
        let (pid, mut child) = self.held_child()?;
        match call {
            Call::Wait => tell(&mut child, &Step::Stop(Signal::STOP)),
            _ => self.stop(call, pid, &mut child)?,
        }
        self.kill(call, pid)
    }

    /// Stops a held child, which the call must report.
    pub(super) fn stop(&mut self, call: Call, pid: i64, child: &mut UnixStream) -> Result<(), CheckEnded> {
        tell(child, &Step::Stop(Signal::STOP));
        let stopped = if matches!(call, Call::Waitid | Call::Wait6) { Flag::Stopped } else { Flag::Untraced };
        let status = WaitStatus::stopped(Signal::STOP);
        self.reports(call, pid, &[stopped], status, "the child is stopped by SIGSTOP")
    }

    /// Kills a child, which the call must report.
    pub(super) fn kill(&mut self, call: Call, pid: i64) -> Result<(), CheckEnded> {
        if self.is_ours(pid as i32) {
            let _ = process::kill(pid as i32, libc::SIGKILL);
        }
        self.reports(call, pid, &[], WaitStatus::signaled(Signal::KILL), "the child is killed by SIGKILL")
    }

    /// `setpgid` moves a child.
    fn setpgid(&mut self, call: Call) -> Result<(), CheckEnded> {
        let (pid, mut child) = self.held_child()?;
        let request = Request::Setpgid { pid: pid as i32, pgid: 0 };
        if let Some(line) = self.session.ask(request.to_line())?
            && line.word() == "ok"
            && process::group_of(pid as i32).is_ok_and(|group| i64::from(group) != pid)
        {
            self.session.complain("setpgid", &line, "expected the child to lead its own process group");
        }
        tell(&mut child, &Step::kill_self(Signal::KILL));
        self.reports(call, pid, &[], WaitStatus::signaled(Signal::KILL), "the child is killed by SIGKILL")
    }

    /// An installed handler counts signals.
    fn handlers(&mut self) -> Result<(), CheckEnded> {
        if !self.acts(Signal::USR1, Disposition::Count)? {
            return Ok(());
        }
        self.signal_agent();
        if self.signals_until(counted)?.is_some_and(|line| !counted(&line)) {
            self.session.finding("signals", "SIGUSR1 was sent to the agent, but `signals` never counted it");
        }
        Ok(())
    }

    /// A blocked call fails with EINTR after a handler without SA_RESTART has run, unless the agent declares that it restarts
    /// calls.
    fn interruption(&mut self, call: Call) -> Result<(), CheckEnded> {
        if self.retries || !self.acts_with(Signal::USR1, Disposition::Count, SigactionFlags::NONE)? {
            return Ok(());
        }
        let (pid, mut child) = self.held_child()?;
        let request = self.request_for(call, pid, &[]);
        let id = self.session.begin(request.to_line(0))?;
        let deadline = self.session.deadline();
        let mut ended = None;
        // The handler may run before the call blocks: the signal is sent until the call returns.
        while ended.is_none() && Instant::now() < deadline {
            self.signal_agent();
            ended = self.session.reply_within(id, RESEND)?;
        }
        tell(&mut child, &Step::kill_self(Signal::KILL));
        match ended {
            Some(line) if line.word() == "err" && line.get("errno").as_deref() == Some("EINTR") => {
                let status = WaitStatus::signaled(Signal::KILL);
                self.reports(call, pid, &[], status, "the child is killed by SIGKILL")
            }
            Some(line) => {
                self.session.complain("eintr", &line, "expected err errno=EINTR, since a handler has run");
                Ok(())
            }
            None => {
                self.session.finding(
                    "eintr",
                    "a handler without SA_RESTART ran, but the call still blocks: an agent whose language retries calls declares \
                     retries=eintr in its hello",
                );
                // The child's death makes the call return.
                self.session.reply_within(id, self.session.patience()).map(drop)
            }
        }
    }

    /// Sends SIGUSR1 to the pid in the hello, if that process is in the group created for the agent.
    fn signal_agent(&self) {
        if self.is_ours(self.pid) {
            let _ = process::kill(self.pid, libc::SIGUSR1);
        }
    }

    /// Whether a process is in the process group created for the agent.
    pub(super) fn is_ours(&self, pid: i32) -> bool {
        pid > 0 && process::group_of(pid) == Ok(self.session.pid())
    }

    /// The call for a child with these options; with none, with the option for terminations if the call needs one.
    pub(super) fn request_for(&self, call: Call, pid: i64, options: &[Flag]) -> WaitRequest {
        let mut request = WaitRequest::new(call, one(call, pid));
        let exits = if options.is_empty() { ending(call) } else { None };
        request.options = OptionSet::of(options.iter().copied().chain(exits));
        request
    }

    /// The call must report that status of a child; `unsupported` is not a finding.
    pub(super) fn reports(
        &mut self,
        call: Call,
        pid: i64,
        options: &[Flag],
        status: WaitStatus,
        why: &str,
    ) -> Result<(), CheckEnded> {
        let request = self.request_for(call, pid, options);
        let Some(line) = self.session.ask(request.to_line(0))? else { return Ok(()) };
        if line.word() == "unsupported" {
            return Ok(());
        }
        let word = status.as_raw();
        let reply = Reply::from_line(&line, &request, self.system);
        let right = match reply {
            Ok(reply) if reply.ret.is_err() => false,
            Ok(reply) => match (&reply.status, reply.info.wrote()) {
                (Memory::Wrote(seen), _) => seen.event() == status.event(),
                (_, Some(info)) => {
                    info.status.is_none_or(|seen| seen == i64::from(shown_in_siginfo(status, self.system)))
                }
                _ => true,
            },
            _ => false,
        };
        if !right {
            self.session.complain("call", &line, &format!("expected status={word:#06x}, since {why}"));
        }
        Ok(())
    }

    /// A child that waits for steps, with its connection.
    pub(super) fn held_child(&mut self) -> Result<(i64, UnixStream), CheckEnded> {
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
        match meeting.accept(self.session) {
            Some(child) => Ok((pid, child)),
            None => self.session.stop("spawn", format!("the program of child {pid} did not connect")),
        }
    }
}

/// `si_status` of that change.
fn shown_in_siginfo(status: WaitStatus, system: System) -> i32 {
    match (status.exit_status(), status.term_signal(), status.stop_signal()) {
        (Some(code), _, _) => code,
        (_, Some(signal), _) | (_, _, Some(signal)) => signal.number_on(system).unwrap_or(0),
        _ => 0,
    }
}

/// The pid in the reply to a `spawn`.
pub(super) fn pid_of(line: &Line) -> Option<i64> {
    line.number("pid").ok().filter(|pid| line.word() == "ok" && *pid > 1)
}

/// Sends a step to a held child; there is no reply if the step kills the child.
pub(super) fn tell(child: &mut UnixStream, step: &Step) {
    let line = step.to_line().with("id", 1);
    // If the child is gone, the status that is checked next shows it.
    let _ = child.write_all(format!("{line}\n").as_bytes());
}
