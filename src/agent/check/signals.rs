//! The requests about signals have their effect.

use super::requests::{CODE, Check};
use super::session::{CheckEnded, pause};
use crate::protocol::Line;
use crate::protocol::agent::{Disposition, MaskChange, Request, SigactionFlags};
use crate::scenario::{ChildOptions, Step};
use crate::sys::call::abi::Call;
use crate::sys::process;
use crate::wait::Signal;
use std::time::Instant;

impl Check<'_> {
    /// Runs every check of this file with one call.
    pub(super) fn signals(&mut self, call: Call) -> Result<(), CheckEnded> {
        if self.is_ours(self.pid) {
            self.counts()?;
            self.dispositions()?;
            self.masks()?;
            self.siginfo()?;
        }
        self.stops_without_a_signal(call)?;
        self.calls_in_handlers()
    }

    /// `signals` counts each signal once, and forgets what it has told.
    fn counts(&mut self) -> Result<(), CheckEnded> {
        if !self.acts(Signal::USR1, Disposition::Count)? || !self.acts(Signal::USR2, Disposition::Count)? {
            return Ok(());
        }
        // What an earlier check has left.
        if self.count()?.is_none() {
            return Ok(());
        }
        let Some(again) = self.count()? else { return Ok(()) };
        self.expect_count(again, 0, "no signal was sent after the last `signals`");
        self.send(&[Signal::USR1, Signal::USR2]);
        let Some(seen) = self.count_until(2)? else { return Ok(()) };
        self.expect_count(seen, 2, "SIGUSR1 and SIGUSR2 were sent to the agent, which counts both");
        Ok(())
    }

    /// `ignore` and `default` end the counting. What is sent afterwards shows that the others have been handled.
    fn dispositions(&mut self) -> Result<(), CheckEnded> {
        for (signal, action) in [(Signal::USR1, Disposition::Ignore), (Signal::WINCH, Disposition::Default)] {
            let set = self.acts(Signal::USR2, Disposition::Count)?
                && self.acts(signal, Disposition::Count)?
                && self.acts(signal, action)?;
            if !set || self.count()?.is_none() {
                continue;
            }
            self.send(&[signal, Signal::USR2]);
            let Some(mut seen) = self.count_until(1)? else { return Ok(()) };
            seen += self.count()?.unwrap_or(0);
            self.expect_count(
                seen,
                1,
                &format!("SIGUSR2 is counted; for {signal}, `do={}` was answered ok", action.word()),
            );
        }
        Ok(())
    }

    /// Blocked signals stay pending until they are unblocked. (With more than one thread, another one may take them.)
    fn masks(&mut self) -> Result<(), CheckEnded> {
        let both = [Signal::USR1, Signal::USR2];
        for signal in both {
            if self.threads
                || !self.acts(signal, Disposition::Count)?
                || !self.changes_mask(MaskChange::Block, signal)?
            {
                return Ok(());
            }
        }
        self.send(&both);
        let Some(seen) = self.count()? else { return Ok(()) };
        self.expect_count(seen, 0, "both signals that were sent are blocked");
        if let Some(line) = self.done(&Request::Sigpending {})? {
            let pending = line.list("sigs");
            if let Some(missing) = both.iter().find(|signal| !pending.contains(&signal.to_string())) {
                let expected = format!("expected {missing} to be pending: it is blocked and was sent");
                self.session.complain("signals", &line, &expected);
            }
        }
        for signal in both {
            if !self.changes_mask(MaskChange::Unblock, signal)? {
                return Ok(());
            }
        }
        let Some(after) = self.count_until(2)? else { return Ok(()) };
        self.expect_count(seen + after, 2, "both signals have been unblocked");
        Ok(())
    }

    /// `record` records the siginfo.
    fn siginfo(&mut self) -> Result<(), CheckEnded> {
        if !self.acts(Signal::USR1, Disposition::Record)? {
            return Ok(());
        }
        self.send(&[Signal::USR1]);
        let seen = |line: &Line| line.list("seen");
        let told = |line: &Line| counted(line) || !seen(line).is_empty();
        if let Some(line) = self.signals_until(told)?
            && told(&line)
            && !seen(&line).iter().any(|one| one.starts_with("SIGUSR1:"))
        {
            let expected = "expected seen=SIGUSR1:..., since do=record was answered ok";
            self.session.complain("signals", &line, expected);
        }
        Ok(())
    }

    /// With `nocldstop`, a stop sends no SIGCHLD.
    fn stops_without_a_signal(&mut self, call: Call) -> Result<(), CheckEnded> {
        let flags = SigactionFlags::NOCLDSTOP;
        if call == Call::Wait
            || !self.acts_with(Signal::CHLD, Disposition::Count, flags)?
            || self.count()?.is_none()
        {
            return Ok(());
        }
        let (pid, mut child) = self.held_child()?;
        self.stop(call, pid, &mut child)?;
        if let Some(seen) = self.count()? {
            self.expect_count(seen, 0, "the child was only stopped, and `nocldstop=yes` was answered ok");
        }
        self.kill(call, pid)?;
        self.acts(Signal::CHLD, Disposition::Default).map(drop)
    }

    /// A handler of `do=wait` makes one call for each signal, and `signals` says what it returned.
    fn calls_in_handlers(&mut self) -> Result<(), CheckEnded> {
        if !self.acts(Signal::CHLD, Disposition::Wait)? || self.count()?.is_none() {
            return Ok(());
        }
        let pid = self.spawn(&ChildOptions { steps: vec![Step::exit(CODE)], ..ChildOptions::default() })?;
        let Some(line) = self.signals_until(counted)? else { return Ok(()) };
        if !counted(&line) {
            self.session
                .finding("signals", "a child exited, but `signals` never counted the SIGCHLD of do=wait");
            return Ok(());
        }
        let waited = line.list("waited");
        let reaped = format!("{pid}:");
        if waited.len() != 1 || !waited[0].starts_with(&reaped) {
            let expected =
                format!("expected waited={pid}:0x0700, one call in the handler, since one child has exited");
            self.session.complain("signals", &line, &expected);
        }
        self.acts(Signal::CHLD, Disposition::Default).map(drop)
    }

    /// Sets a disposition that restarts calls; `false` if the agent cannot.
    pub(super) fn acts(&mut self, sig: Signal, action: Disposition) -> Result<bool, CheckEnded> {
        self.acts_with(sig, action, SigactionFlags::RESTART)
    }

    pub(super) fn acts_with(
        &mut self,
        sig: Signal,
        action: Disposition,
        flags: SigactionFlags,
    ) -> Result<bool, CheckEnded> {
        let SigactionFlags { restart, nocldstop, nocldwait } = flags;
        Ok(self.done(&Request::Sigaction { sig, action, restart, nocldstop, nocldwait })?.is_some())
    }

    fn changes_mask(&mut self, how: MaskChange, sig: Signal) -> Result<bool, CheckEnded> {
        Ok(self.done(&Request::Sigprocmask { how, sig, thread: None })?.is_some())
    }

    /// Sends signals to the agent.
    fn send(&self, signals: &[Signal]) {
        for signal in signals {
            if let Some(number) = signal.number_on(crate::wait::System::HOST) {
                let _ = process::kill(self.pid, number);
            }
        }
    }

    /// What `signals` counts; `None` if the agent cannot tell.
    fn count(&mut self) -> Result<Option<i64>, CheckEnded> {
        Ok(self.done(&Request::Signals {})?.and_then(|line| line.number("count").ok()))
    }

    /// The same, until that many have been counted or the deadline has passed.
    fn count_until(&mut self, least: i64) -> Result<Option<i64>, CheckEnded> {
        let mut sum = 0;
        let enough = |line: &Line| {
            sum += line.number("count").unwrap_or(0);
            sum >= least
        };
        Ok(self.signals_until(enough)?.map(|_| sum))
    }

    /// Asks for `signals` until one reply is enough, or the deadline has passed: the last reply, or `None` if the agent cannot
    /// tell.
    pub(super) fn signals_until(
        &mut self,
        mut enough: impl FnMut(&Line) -> bool,
    ) -> Result<Option<Line>, CheckEnded> {
        let deadline = self.session.deadline();
        loop {
            let Some(line) = self.done(&Request::Signals {})? else { return Ok(None) };
            if enough(&line) || Instant::now() >= deadline {
                return Ok(Some(line));
            }
            pause();
        }
    }

    fn expect_count(&mut self, seen: i64, expected: i64, why: &str) {
        if seen != expected {
            self.session.finding("signals", format!("`signals` counted {seen}, expected {expected}: {why}"));
        }
    }
}

/// Whether the reply counts any signal.
pub(super) fn counted(line: &Line) -> bool {
    line.number("count").is_ok_and(|count| count > 0)
}
