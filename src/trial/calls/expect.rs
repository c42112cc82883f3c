//! Expectations specific to calls: what they wrote, what error they failed with, and that they sleep.

use super::family::{Pending, Trial};
use super::observed::Seen;
use super::perform::Instead;
use crate::spec::cited::Cited;
use crate::spec::got::{Got, Value};
use crate::sys::call::abi::{Call, Memory};
use crate::trial::abort::{Abort, Outcome};
use crate::trial::core::Child;
use crate::trial::expect::{Expect, Found};
use crate::trial::unseen::NOT_SEEN;
use crate::trial::verdict::Failure;
use crate::wait::errno::Errno;

impl Expect<'_, '_> {
    /// The call returned 0 and reported no child.
    pub fn nothing_ready(self, seen: &Seen) -> Outcome {
        let this = self.returned(seen, "0")?;
        if seen.is_nothing() && this.core.inconclusive(false).is_some() {
            return this.judge(Found::NotObserved(NOT_SEEN));
        }
        this.check(seen.is_nothing(), || "0".into(), || seen.actual(None))
    }

    /// The call failed with that error.
    pub fn error(self, seen: &Seen, errno: Errno) -> Outcome {
        let this = self.returned(seen, &format!("-1 {errno}"))?;
        this.check(seen.errno() == Some(errno), || format!("-1 {errno}"), || seen.actual(None))
    }

    /// The call reported that child, with any change of state.
    pub fn reports_child(self, seen: &Seen, child: &Child) -> Outcome {
        let expected = format!("child {} ({})", child.name, child.pid);
        let this = self.returned(seen, &expected)?;
        this.check(seen.reports(child), || expected, || seen.actual_for(child, None))
    }

    /// The call did not write to any of its buffers.
    pub fn untouched(self, seen: &Seen) -> Outcome {
        let this = self.returned(seen, "every buffer untouched")?;
        let Some(reply) = seen.reply() else { return Ok(()) };
        let memories = [
            ("status", described(&reply.status)),
            ("rusage", described(&reply.rusage)),
            ("siginfo", described(&reply.info)),
        ];
        let written: Vec<String> = memories
            .iter()
            .filter_map(|(name, m)| m.as_ref().map(|m| (name, m)))
            .filter(|(_, m)| m.as_str() != "untouched")
            .map(|(name, m)| format!("{name} {m}"))
            .collect();
        if memories.iter().all(|(_, m)| m.is_none()) {
            return this.judge(Found::NotObserved("the subject does not show its memory"));
        }
        this.check(written.is_empty(), || "every buffer untouched".into(), || written.join(", "))
    }

    /// The call wrote nothing past the end of its buffers.
    pub fn no_spill(self, seen: &Seen) -> Outcome {
        let this = self.returned(seen, "nothing written behind the buffers")?;
        match seen.reply().and_then(|r| r.spill) {
            None => this.judge(Found::NotObserved("the subject does not show its memory")),
            Some(spill) => this.check(
                !spill,
                || "nothing written behind the buffers".into(),
                || "bytes behind a buffer were written",
            ),
        }
    }

    /// The call that was begun sleeps.
    pub fn blocks(self, pending: &Pending) -> Outcome {
        match self.core.blocked(pending)? {
            None => self.judge(Found::Held),
            Some(Instead::Unseen) => {
                self.judge(Found::NotObserved("nothing here shows whether the caller sleeps"))
            }
            Some(Instead::Died) => {
                let expected = format!("{} to sleep", pending.shown);
                let failure = Failure { clause: self.clause, expected, got: Instead::Died.to_string() };
                self.fails();
                Err(Abort::Crash(Box::new(failure)))
            }
            Some(instead) => {
                let shown = pending.shown.clone();
                let outcome = self.check(false, || format!("{shown} to sleep"), || instead.to_string());
                // A known deviation ends the trial too: there is no call left to finish.
                outcome.and(Err(Abort::Skip("the call does not sleep here".into())))
            }
        }
    }

    /// A field of the siginfo, as returned by `Seen::fields`, has the expected value. A typed subject need not offer
    /// it; if a subject shows its memory, a missing field was left unwritten.
    pub fn field<T: Value>(self, seen: &Seen, what: &str, got: Option<T>, expected: T) -> Outcome {
        match got {
            None if seen.shows_memory() => {
                self.check(false, || format!("{what} {expected}"), || (Got::NotSet, "not set"))
            }
            got => self.equal_if_seen(what, got.as_ref(), &expected),
        }
    }

    /// `si_uid` of a child with that effective user ID, where the real one is expected.
    pub fn user(self, seen: &Seen, real: i64, effective: i64) -> Outcome {
        match seen.fields().uid {
            Some(reported) => self.check(
                reported == real,
                || format!("si_uid {real}"),
                || (Got::Uid { reported, effective }, format!("si_uid {reported}")),
            ),
            None => self.field(seen, "si_uid", None, real),
        }
    }
}

fn described<T>(memory: &Memory<T>) -> Option<String> {
    match memory {
        Memory::Wrote(_) => Some("written".into()),
        Memory::Untouched => Some("untouched".into()),
        Memory::NotObserved | Memory::NoBuffer => None,
    }
}

impl<'a> Trial<'a> {
    /// Begins an expectation of that clause, or of the clause in a pair that applies to the trial's call.
    pub fn expect(&mut self, clause: impl Into<Cited>) -> Expect<'_, 'a> {
        let clause = match clause.into() {
            Cited::One(clause) => clause,
            Cited::Both(_, waitid) if self.with.call == Call::Waitid => waitid,
            Cited::Both(waitpid, _) => waitpid,
        };
        Expect::new(&mut self.core, clause)
    }
}
