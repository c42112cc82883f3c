//! What every handle agent must serve ([`crate::protocol::handle`]), and the abilities that its hello announces.

use super::behavior::{pid_of, tell};
use super::requests::{CODE, Check, NO_PROGRAM};
use super::session::CheckEnded;
use crate::protocol::Line;
use crate::protocol::agent::{Disposition, MaskChange};
use crate::protocol::codec::Words;
use crate::protocol::handle::{Form, HandleReport, Introduction, Request};
use crate::protocol::wait::errno_of;
use crate::scenario::{ChildOptions, Step};
use crate::sys::process;
use crate::wait::Signal;
use crate::wait::errno::Errno;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// How long to watch a wait that must not return.
const LOOK: Duration = Duration::from_millis(100);

/// What a handle must report.
#[derive(Copy, Clone)]
enum Expected {
    Exited(i32),
    Killed(Signal),
    Running,
}

impl Check<'_> {
    /// Runs every check of a handle agent.
    pub(super) fn handles(&mut self, hello: &Introduction) -> Result<(), CheckEnded> {
        self.unknown_handle()?;
        self.result(hello)?;
        self.live(hello)?;
        self.streams(hello)?;
        self.no_program()?;
        for ability in &hello.abilities {
            match ability.as_str() {
                "kill" => self.killed(hello)?,
                "drop" => self.dropped()?,
                "steal" => self.stolen(hello, "spawn")?,
                "fork" => self.stolen(hello, "fork")?,
                "sigaction" => self.counted(hello)?,
                "sigprocmask" => self.masked()?,
                _ => {}
            }
        }
        Ok(())
    }

    /// A handle that was never created has no result.
    fn unknown_handle(&mut self) -> Result<(), CheckEnded> {
        if let Some(line) = self.session.ask(Request::Wait { handle: 4711, timeout: None }.to_line())?
            && line.word() == "ok"
        {
            self.session.complain("handle", &line, "expected no result: no spawn had that id");
        }
        Ok(())
    }

    /// Has the agent create a child by that request; returns its handle.
    fn made(&mut self, word: &str, options: &ChildOptions) -> Result<u64, CheckEnded> {
        let argv: Vec<String> = self.child_argv.iter().cloned().chain(options.to_args()).collect();
        self.made_of(Line::new(word).with_list("argv", argv).with("no-such-key", 1)).map(|(handle, _)| handle)
    }

    fn made_of(&mut self, request: Line) -> Result<(u64, i64), CheckEnded> {
        let Some(line) = self.session.ask(request)? else { return Err(CheckEnded) };
        match (line.id(), pid_of(&line)) {
            (Some(id), Some(pid)) if pid != i64::from(self.pid) => Ok((id, pid)),
            _ => {
                self.session.complain("spawn", &line, "expected `ok pid=N`, N the pid of a child");
                Err(CheckEnded)
            }
        }
    }

    /// A child that waits for steps, with its handle.
    fn live_child(&mut self) -> Result<(u64, UnixStream), CheckEnded> {
        let (_, child) = self.held_child()?;
        Ok((self.session.last_id(), child))
    }

    fn expect(&mut self, hello: &Introduction, line: &Line, expected: Expected) {
        let report = (line.word() == "ok").then(|| HandleReport::from_line(line).ok()).flatten();
        let number = |signal: Signal| i64::from(signal.number_on(self.system).unwrap_or(0));
        let (right, wanted) = match (expected, hello.form) {
            (Expected::Running, _) => (report == Some(HandleReport::Running), "running=yes".to_owned()),
            (Expected::Exited(code), Form::Word) => {
                let word = i64::from(code << 8);
                (report == Some(HandleReport::Word(word)), format!("word={word:#06x}"))
            }
            (Expected::Exited(code), _) => {
                (report == Some(HandleReport::Code(code.into())), format!("code={code}"))
            }
            (Expected::Killed(_), Form::Code) => {
                (matches!(report, Some(HandleReport::Code(_))), "code=".to_owned())
            }
            (Expected::Killed(signal), Form::CodeOrSignal) => {
                let right = matches!(report, Some(HandleReport::Signal(seen, _)) if seen == signal);
                (right, format!("signal={signal}"))
            }
            (Expected::Killed(signal), form) => {
                let n = number(signal);
                match form {
                    Form::Shell => (report == Some(HandleReport::Code(128 + n)), format!("code={}", 128 + n)),
                    Form::Negative => (report == Some(HandleReport::Code(-n)), format!("code={}", -n)),
                    _ => (report == Some(HandleReport::Word(n)), format!("word={n:#06x}")),
                }
            }
        };
        if !right {
            let form = hello.form.name();
            self.session.complain(
                "result",
                line,
                &format!("expected `ok {wanted}`, the result in form={form}"),
            );
        }
    }

    fn ask(&mut self, hello: &Introduction, request: &Request, expected: Expected) -> Result<(), CheckEnded> {
        if let Some(line) = self.session.ask(request.to_line())? {
            self.expect(hello, &line, expected);
        }
        Ok(())
    }

    /// A child that exits has a result, and asking again gets an answer.
    fn result(&mut self, hello: &Introduction) -> Result<(), CheckEnded> {
        let steps = vec![Step::exit(CODE)];
        let handle = self.made("spawn", &ChildOptions { steps, ..ChildOptions::default() })?;
        self.ask(hello, &Request::Wait { handle, timeout: None }, Expected::Exited(CODE))?;
        self.session.ask(Request::Wait { handle, timeout: None }.to_line()).map(drop)
    }

    /// A live child has none, and with `threads` a wait for it does not block other requests.
    fn live(&mut self, hello: &Introduction) -> Result<(), CheckEnded> {
        let can = |ability: &str| hello.abilities.iter().any(|known| known == ability);
        let (handle, mut child) = self.live_child()?;
        if can("poll") {
            self.ask(hello, &Request::Poll { handle }, Expected::Running)?;
        }
        if can("timeout") {
            self.ask(hello, &Request::Wait { handle, timeout: Some(20) }, Expected::Running)?;
        }
        let id = self.session.begin(Request::Wait { handle, timeout: None }.to_line())?;
        if can("threads") {
            self.expect_unsupported(Line::new("no-such-request"), "the protocol has no such request")?;
        }
        if let Some(line) = self.session.reply_within(id, LOOK)? {
            self.session.complain("result", &line, "expected no reply to the wait while the child lives");
            tell(&mut child, &Step::exit(CODE));
            return Ok(());
        }
        tell(&mut child, &Step::exit(CODE));
        match self.session.reply_within(id, self.session.patience())? {
            Some(line) => {
                self.expect(hello, &line, Expected::Exited(CODE));
                Ok(())
            }
            None => {
                let message = format!(
                    "the child exited, but the wait did not return within {:?}",
                    self.session.patience()
                );
                self.session.stop("answer", message)
            }
        }
    }

    /// A child's standard streams are not those of the agent.
    fn streams(&mut self, hello: &Introduction) -> Result<(), CheckEnded> {
        let pipes = hello.abilities.iter().any(|ability| ability == "pipes");
        for pipes in [false].into_iter().chain(pipes.then_some(true)) {
            // Its output would be a malformed line of the agent; the requests come through a socket.
            let script = "echo this is not for the driver; [ -S /dev/stdin ] && exit 1; exit 8";
            let request = Request::Spawn { argv: Words::of(["/bin/sh", "-c", script]), pipes };
            let (handle, _) = self.made_of(request.to_line())?;
            self.ask(hello, &Request::Wait { handle, timeout: None }, Expected::Exited(8))?;
        }
        Ok(())
    }

    /// A program that does not exist is an error, or a child that exits with one.
    fn no_program(&mut self) -> Result<(), CheckEnded> {
        let request = Request::Spawn { argv: Words::of([NO_PROGRAM]), pipes: false };
        let Some(line) = self.session.ask(request.to_line())? else { return Ok(()) };
        let Some(_) = pid_of(&line) else {
            if line.word() != "err" {
                self.session.complain("spawn", &line, "expected `err errno=ENOENT`, or `ok pid=N`");
            }
            return Ok(());
        };
        let handle = self.session.last_id();
        self.session.ask(Request::Wait { handle, timeout: None }.to_line()).map(drop)
    }

    fn killed(&mut self, hello: &Introduction) -> Result<(), CheckEnded> {
        let (handle, mut child) = self.live_child()?;
        let Some(line) = self.session.ask(Request::Kill { handle, sig: Signal::TERM }.to_line())? else {
            return Ok(());
        };
        if line.word() != "ok" {
            self.session.complain("can", &line, "expected ok: the hello says can=kill");
            tell(&mut child, &Step::exit(CODE));
            return Ok(());
        }
        self.ask(hello, &Request::Wait { handle, timeout: None }, Expected::Killed(Signal::TERM))
    }

    fn must(&mut self, request: &Request, ability: &str) -> Result<(), CheckEnded> {
        if let Some(line) = self.session.ask(request.to_line())?
            && line.word() != "ok"
        {
            self.session.complain("can", &line, &format!("expected ok: the hello says can={ability}"));
        }
        Ok(())
    }

    fn dropped(&mut self) -> Result<(), CheckEnded> {
        let (handle, mut child) = self.live_child()?;
        self.must(&Request::Drop { handle }, "drop")?;
        tell(&mut child, &Step::exit(CODE));
        Ok(())
    }

    /// A child can be reaped by a raw wait call, whether it has a handle or not.
    fn stolen(&mut self, hello: &Introduction, word: &str) -> Result<(), CheckEnded> {
        let steps = vec![Step::exit(CODE)];
        let handle = self.made(word, &ChildOptions { steps, ..ChildOptions::default() })?;
        if !hello.abilities.iter().any(|ability| ability == "steal") {
            return Ok(());
        }
        let Some(line) = self.session.ask(Request::Steal { handle }.to_line())? else { return Ok(()) };
        let reaped = line.word() == "ok" && line.number("word") == Ok(i64::from(CODE << 8));
        // An agent that reaps by itself may be faster.
        let lost = word == "spawn" && errno_of(&line, self.system) == Ok(Errno::CHILD);
        if !reaped && !lost {
            self.session.complain("can", &line, &format!("expected `ok word={:#06x}`", CODE << 8));
        }
        Ok(())
    }

    /// A signal that is counted terminates neither the agent nor a later wait.
    fn counted(&mut self, hello: &Introduction) -> Result<(), CheckEnded> {
        let request = |action| Request::Sigaction { sig: Signal::USR1, action, nocldwait: false };
        self.must(&request(Disposition::Count), "sigaction")?;
        if self.is_ours(self.pid) {
            let _ = process::kill(self.pid, libc::SIGUSR1);
        }
        self.result(hello)?;
        self.must(&request(Disposition::Default), "sigaction")
    }

    fn masked(&mut self) -> Result<(), CheckEnded> {
        for how in [MaskChange::Block, MaskChange::Unblock] {
            self.must(&Request::Sigprocmask { how, sig: Signal::CHLD }, "sigprocmask")?;
        }
        Ok(())
    }
}
