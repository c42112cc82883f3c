//! The arguments of a call arrive, and the requests around it have their effect.

use super::behavior::tell;
use super::requests::{CODE, Check, ending, one};
use super::session::{CheckEnded, pause};
use crate::protocol::Line;
use crate::protocol::agent::{Request, UsageOf};
use crate::protocol::wait::{Flag, IdType, OptionSet, RawTarget, Reply, WaitRequest};
use crate::scenario::{ChildOptions, Step};
use crate::sys::call::abi::{Call, Memory, Pointer};
use crate::sys::{process, process_table};
use crate::wait::{Layout, MaxRssUnit, Signal, WaitStatus};
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::time::Instant;

/// What a child burns and touches whose usage is checked: well above what its start costs.
const USER_US: u64 = 60_000;
const SYSTEM_US: u64 = 20_000;
const TOUCHED: u64 = 24 << 20;

impl Check<'_> {
    /// Runs every check of this file with these calls, the first of which can say the most.
    pub(super) fn arguments(&mut self, call: Call, calls: &[Call]) -> Result<(), CheckEnded> {
        self.groups(call)?;
        for &call in calls {
            self.one_of_two(call)?;
            self.null(call)?;
            if matches!(call, Call::Wait3 | Call::Wait4 | Call::Wait6) {
                self.usage(call)?;
            }
        }
        if calls.contains(&Call::Waitid) {
            self.options_of_waitid()?;
        }
        if self.system.layout() == Layout::Linux {
            self.option_bits(call)?;
        }
        self.pidfd(call)
    }

    /// A call for a group means the group.
    fn groups(&mut self, call: Call) -> Result<(), CheckEnded> {
        if matches!(call, Call::Wait | Call::Wait3) {
            return Ok(());
        }
        let (leader, mut first) = self.held_child()?;
        let (member, mut second) = self.held_child()?;
        self.joins(&mut first, 0);
        self.joins(&mut second, leader as i32);
        if process::group_of(member as i32).is_ok_and(|group| i64::from(group) == leader) {
            tell(&mut second, &Step::exit(CODE));
            let group = match call {
                Call::Waitid | Call::Wait6 => RawTarget::Id { idtype: IdType::Pgid, who: leader },
                _ => RawTarget::Pid(-leader),
            };
            self.reports_only(call, group, member, &format!("it is the dead one of the group {leader}"))?;
        }
        for child in [&mut first, &mut second] {
            tell(child, &Step::exit(CODE));
        }
        self.reap_quietly(call, member)?;
        self.reap_quietly(call, leader)
    }

    /// The child joins a process group, and has answered.
    fn joins(&self, child: &mut UnixStream, pgid: i32) {
        tell(child, &Step::Setpgid { pgid });
        // The answer follows the hello.
        self.read_while(child, |seen| seen.iter().filter(|byte| **byte == b'\n').count() < 2);
    }

    /// Reads what a child says, in time, as long as this is not enough.
    fn read_while(&self, child: &mut UnixStream, more: impl Fn(&[u8]) -> bool) {
        let began = Instant::now();
        let (mut seen, mut buffer) = (Vec::new(), [0; 256]);
        while more(&seen) && self.session.readable_in_time(&*child, began).unwrap_or(false) {
            match child.read(&mut buffer) {
                Ok(n) if n > 0 => seen.extend_from_slice(&buffer[..n]),
                _ => break,
            }
        }
    }

    /// A call for the second of two dead children reports that one.
    fn one_of_two(&mut self, call: Call) -> Result<(), CheckEnded> {
        if matches!(call, Call::Wait | Call::Wait3) {
            return Ok(());
        }
        let mut pids = [0; 2];
        for pid in &mut pids {
            let mut child;
            (*pid, child) = self.held_child()?;
            tell(&mut child, &Step::exit(CODE));
            self.await_end_of(*pid, &mut child);
        }
        let [first, second] = pids;
        self.reports_only(call, one(call, second), second, &format!("{first} was not asked for"))?;
        self.reap_quietly(call, first)
    }

    /// What is not requested is not told.
    fn null(&mut self, call: Call) -> Result<(), CheckEnded> {
        let pid = self.spawn(&ChildOptions { steps: vec![Step::exit(CODE)], ..ChildOptions::default() })?;
        let mut request = self.request_for(call, pid, &[]);
        (request.status, request.rusage) = (Pointer::Null, Pointer::Null);
        if call == Call::Waitid {
            request.info = Pointer::Null;
        }
        let Some(line) = self.session.ask(request.to_line(0))? else { return Ok(()) };
        if line.word() == "unsupported" {
            return self.reap_quietly(call, pid);
        }
        for key in ["status", "rusage", "info"] {
            let asked = key == "info" && call == Call::Wait6;
            if !asked && line.get(key).is_some() {
                self.session.complain(
                    "call",
                    &line,
                    &format!("expected no {key}=, since it was not requested"),
                );
            }
        }
        Ok(())
    }

    /// The usage is that of the child, in microseconds and the kernel's unit.
    fn usage(&mut self, call: Call) -> Result<(), CheckEnded> {
        let before = self.usage_of_children()?;
        let steps = vec![
            Step::BurnUser { us: USER_US },
            Step::BurnSystem { us: SYSTEM_US },
            Step::Allocate { bytes: TOUCHED },
            Step::exit(CODE),
        ];
        let pid = self.spawn(&ChildOptions { steps, ..ChildOptions::default() })?;
        let request = self.request_for(call, pid, &[]);
        let Some(line) = self.session.ask(request.to_line(0))? else { return Ok(()) };
        let Ok(reply) = Reply::from_line(&line, &request, self.system) else { return Ok(()) };
        let (Ok(_), Memory::Wrote(usage)) = (&reply.ret, &reply.rusage) else { return Ok(()) };
        let sent = self.session.sent();
        let after = self.usage_of_children()?;
        // A clock of 100 ticks a second may miss one at each end; a language may round.
        const TICK_US: i64 = 10_000;
        let floor = |us: u64| us as i64 * 9 / 10 - if cfg!(target_os = "linux") { 0 } else { 2 * TICK_US };
        let grown = before.zip(after).map(|(before, after)| (after.0 - before.0, after.1 - before.1));
        let times = [
            ("ru_utime_us", usage.utime_us, floor(USER_US), grown.map(|(user, _)| user)),
            ("ru_stime_us", usage.stime_us, floor(SYSTEM_US), grown.map(|(_, system)| system)),
        ];
        for (name, seen, least, most) in times {
            let Some(seen) = seen else { continue };
            if seen < least {
                let expected = format!("expected {name} to be at least {least}: the child burnt as much");
                self.session.complain_after(&sent, "usage", &line, &expected);
            } else if let Some(most) = most.filter(|most| seen > most + TICK_US) {
                let expected = format!(
                    "expected {name} to be at most {most}, by which that of all reaped children has grown"
                );
                self.session.complain_after(&sent, "usage", &line, &expected);
            }
        }
        let touched = MaxRssUnit::host().of_bytes(TOUCHED);
        if usage.maxrss.is_some_and(|seen| !(touched..touched * 500).contains(&seen)) {
            let expected =
                format!("expected ru_maxrss to be in the kernel's unit: the child touched {touched} of it");
            self.session.complain_after(&sent, "usage", &line, &expected);
        }
        Ok(())
    }

    /// User and system time of all reaped children by `getrusage`, in microseconds.
    fn usage_of_children(&mut self) -> Result<Option<(i64, i64)>, CheckEnded> {
        let line = self.done(&Request::Getrusage { who: UsageOf::Children })?;
        Ok(line.and_then(|line| line.number("ru_utime_us").ok().zip(line.number("ru_stime_us").ok())))
    }

    /// `WNOWAIT` and a missing `WEXITED` are passed on.
    fn options_of_waitid(&mut self) -> Result<(), CheckEnded> {
        let call = Call::Waitid;
        let (pid, mut child) = self.held_child()?;
        tell(&mut child, &Step::exit(CODE));
        self.await_end_of(pid, &mut child);
        let request = self.request_for(call, pid, &[Flag::Stopped, Flag::NoHang]);
        if let Some(line) = self.session.ask(request.to_line(0))?
            && line.number("si_pid") == Ok(pid)
        {
            self.session.complain(
                "call",
                &line,
                "expected no report of an exit, since WEXITED was not given",
            );
        }
        let request = self.request_for(call, pid, &[Flag::Exited, Flag::NoWait]);
        if let Some(line) = self.session.ask(request.to_line(0))?
            && line.word() == "unsupported"
        {
            return self.reap_quietly(call, pid);
        }
        self.reports(call, pid, &[], WaitStatus::exited(CODE), "WNOWAIT has left the child waitable")
    }

    /// The highest bit of the options is passed on: an ordinary child is none of `__WCLONE`. Bits that are given twice are not
    /// added.
    fn option_bits(&mut self, call: Call) -> Result<(), CheckEnded> {
        let (pid, mut child) = self.held_child()?;
        let mut request = WaitRequest::new(call, one(call, pid));
        request.options = OptionSet::of(ending(call).into_iter().chain([Flag::NoHang, Flag::Clone]));
        if let Some(line) = self.session.ask(request.to_line(0))?
            && line.word() == "ok"
        {
            let expected = "expected err errno=ECHILD or unsupported: no child is one of __WCLONE";
            self.session.complain("call", &line, expected);
        }
        request.options = OptionSet::of(ending(call).into_iter().chain([Flag::NoHang]));
        request.options.raw = libc::WNOHANG.cast_unsigned();
        if let Some(line) = self.session.ask(request.to_line(0))?
            && !matches!(line.word(), "ok" | "unsupported")
        {
            self.session.complain("call", &line, "expected ret=0, as with WNOHANG given once");
        }
        tell(&mut child, &Step::kill_self(Signal::KILL));
        self.reap_quietly(call, pid)
    }

    /// A pidfd is that of the child: not readable before it exits, readable after, and gone once it is closed.
    fn pidfd(&mut self, call: Call) -> Result<(), CheckEnded> {
        let (pid, mut child) = self.held_child()?;
        let opened = self.done(&Request::PidfdOpen { pid: pid as i32, nonblock: false })?;
        let fd = opened.and_then(|line| line.number("fd").ok()).and_then(|fd| i32::try_from(fd).ok());
        if let Some(fd) = fd
            && let Some(line) = self.done(&Request::Poll { fd })?
        {
            let readable = |line: &Line| line.list("revents").iter().any(|event| event == "POLLIN");
            if readable(&line) {
                self.session.complain("pidfd", &line, &format!("expected no POLLIN: child {pid} is alive"));
            }
            tell(&mut child, &Step::kill_self(Signal::KILL));
            let deadline = self.session.deadline();
            let mut is = false;
            while !is && Instant::now() < deadline {
                let Some(line) = self.done(&Request::Poll { fd })? else { break };
                is = readable(&line);
                pause();
            }
            if !is {
                self.session
                    .finding("pidfd", format!("child {pid} is dead, but its pidfd never became readable"));
            }
            if self.done(&Request::Close { fd })?.is_some()
                && let Some(line) = self.done(&Request::Poll { fd })?
                && !line.list("revents").iter().any(|event| event == "POLLNVAL")
            {
                self.session.complain(
                    "pidfd",
                    &line,
                    &format!("expected err errno=EBADF or POLLNVAL: {fd} was closed"),
                );
            }
        }
        tell(&mut child, &Step::kill_self(Signal::KILL));
        self.reap_quietly(call, pid)
    }

    /// The call for that target must report that child.
    fn reports_only(&mut self, call: Call, target: RawTarget, pid: i64, why: &str) -> Result<(), CheckEnded> {
        let mut request = WaitRequest::new(call, target);
        request.options = OptionSet::of(ending(call));
        let Some(line) = self.session.ask(request.to_line(0))? else { return Ok(()) };
        if let Ok(reply) = Reply::from_line(&line, &request, self.system) {
            let seen = match (reply.info.wrote(), reply.ret) {
                (Some(info), _) => info.pid,
                (None, Ok(ret)) => Some(ret),
                (None, Err(_)) => Some(-1),
            };
            if seen.is_some_and(|seen| seen != pid) {
                self.session.complain("call", &line, &format!("expected a report of child {pid}: {why}"));
            }
        }
        Ok(())
    }

    /// Reaps a child, whatever the reply.
    fn reap_quietly(&mut self, call: Call, pid: i64) -> Result<(), CheckEnded> {
        self.session.ask(self.request_for(call, pid, &[]).to_line(0)).map(drop)
    }

    /// Waits until a child that exits is a zombie, as far as this can be seen.
    fn await_end_of(&self, pid: i64, child: &mut UnixStream) {
        self.read_while(child, |_| true);
        let deadline = self.session.deadline();
        while !process_table::is_zombie(pid as i32) && Instant::now() < deadline {
            pause();
        }
    }
}
