//! What a case is: a short program that checks clauses, and what it needs.

use super::abort::Outcome;
use super::core::Trial;
use crate::spec::clause::{Clause, Profile};
use crate::sys::call::abi::Call;
use std::fmt;
use std::panic::Location;

/// A short program that checks clauses, once for each call that it is written for.
#[derive(Debug)]
pub struct Case {
    /// `theme.what-it-shows`; a meaning, never a number.
    pub id: &'static str,
    /// What holds, in one line.
    pub title: &'static str,
    /// The clauses that it checks. An expectation of any other clause is an error of the case.
    pub clauses: &'static [&'static Clause],
    /// The calls that it is tried with.
    pub calls: Calls,
    /// What must be there for it to be tried.
    pub needs: Needs,
    /// Where it is written: [`here`].
    pub at: &'static Location<'static>,
    /// The program.
    pub run: fn(&mut Trial<'_>) -> Outcome,
}

/// The file and line that this is written at.
#[track_caller]
pub const fn here() -> &'static Location<'static> {
    Location::caller()
}

impl Case {
    /// Whether anything of it applies to a system of that profile.
    pub fn applies_to(&self, profile: Profile) -> bool {
        self.clauses.iter().any(|c| c.applies_to(profile))
    }
}

/// The calls that a case is tried with: those that can express what it does.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Calls(u16);

/// The bit of [`Calls::few`].
const FEW: u16 = 1 << 15;

impl Calls {
    /// Every call.
    pub const ALL: Calls = Calls::only(&Call::ALL);
    /// Calls with an options argument.
    pub const WITH_OPTIONS: Calls =
        Calls::only(&[Call::Waitpid, Call::Wait3, Call::Wait4, Call::Wait6, Call::Waitid]);
    /// Calls that can be told whom to wait for.
    pub const WITH_TARGET: Calls = Calls::only(&[Call::Waitpid, Call::Wait4, Call::Wait6, Call::Waitid]);
    /// Calls that return a status word.
    pub const WITH_STATUS: Calls =
        Calls::only(&[Call::Wait, Call::Waitpid, Call::Wait3, Call::Wait4, Call::Wait6]);
    /// Calls that return resource usage.
    pub const WITH_USAGE: Calls = Calls::only(&[Call::Wait3, Call::Wait4, Call::Wait6]);
    /// Calls that fill a siginfo.
    pub const WITH_INFO: Calls = Calls::only(&[Call::Wait6, Call::Waitid]);
    /// One call of a subject that returns a status word, and each that fills a siginfo: see [`Calls::few`].
    pub const ENTRIES: Calls = Calls::ALL.few();
    /// `waitpid`, and what is the same with resource usage.
    pub const PID_FAMILY: Calls = Calls::only(&[Call::Waitpid, Call::Wait4]);

    /// Exactly these calls.
    pub const fn only(calls: &[Call]) -> Calls {
        let mut bits = 0;
        let mut at = 0;
        while at < calls.len() {
            bits |= 1 << calls[at] as u8;
            at += 1;
        }
        Calls(bits)
    }

    /// Of the calls that return a status word and no siginfo only one for each subject, the one that can be told most: for
    /// what is costly, and is decided behind the front ends of the family (the system has one or two entries for all of
    /// them).
    #[must_use]
    pub const fn few(self) -> Calls {
        Calls(self.0 | FEW)
    }

    /// Whether few of them do.
    pub const fn is_few(self) -> bool {
        self.0 & FEW != 0
    }

    /// The calls that a subject is tried with.
    pub fn of_subject(self, offers: impl Fn(Call) -> bool) -> Vec<Call> {
        let mut calls = self.list();
        calls.retain(|call| offers(*call));
        if self.is_few() {
            let status_only = Calls::WITH_STATUS.but(Calls::WITH_INFO);
            let by_worth = [Call::Wait4, Call::Waitpid, Call::Wait3, Call::Wait];
            let one = by_worth.into_iter().find(|call| calls.contains(call));
            calls.retain(|call| !status_only.has(*call) || Some(*call) == one);
        }
        calls
    }

    /// These calls without the others.
    const fn but(self, others: Calls) -> Calls {
        Calls(self.0 & !others.0)
    }

    /// The calls of both sets.
    pub const fn and(self, other: Calls) -> Calls {
        Calls(self.0 & other.0)
    }

    /// Calls that take these options.
    pub const fn taking(options: Options) -> Calls {
        if options.contains(Options::NOWAIT) {
            Calls::WITH_INFO
        } else if options.is_empty() {
            Calls::ALL
        } else {
            Calls::WITH_OPTIONS
        }
    }

    /// Whether a call is among them.
    pub const fn has(self, call: Call) -> bool {
        self.0 & (1 << call as u8) != 0
    }

    /// The calls, in the order of [`Call::ALL`].
    pub fn list(self) -> Vec<Call> {
        Call::ALL.into_iter().filter(|c| self.has(*c)).collect()
    }
}

/// Options as a case states them; each call is given its own names for them.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct Options(u16);

impl Options {
    /// None: wait for a termination.
    pub const NONE: Options = Options(0);
    /// `WNOHANG`
    pub const NOHANG: Options = Options(1);
    /// `WUNTRACED`, of `waitid` and `wait6` `WSTOPPED`
    pub const UNTRACED: Options = Options(2);
    /// `WCONTINUED`
    pub const CONTINUED: Options = Options(4);
    /// `WNOWAIT`
    pub const NOWAIT: Options = Options(8);
    /// `__WALL`, Linux
    pub const ALL: Options = Options(16);
    /// `__WCLONE`, Linux
    pub const CLONE: Options = Options(32);
    /// `__WNOTHREAD`, Linux
    pub const NOTHREAD: Options = Options(64);
    /// Of `waitid` and `wait6`: without `WEXITED`, which is given otherwise.
    pub const NOT_EXITED: Options = Options(128);

    /// Both sets of options.
    #[must_use]
    pub const fn with(self, other: Options) -> Options {
        Options(self.0 | other.0)
    }

    /// Whether all of `other` is in it.
    pub const fn contains(self, other: Options) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names that a call has for them.
    pub fn names(self, call: Call) -> Vec<&'static str> {
        let by_event = Calls::WITH_INFO.has(call);
        let table = [
            (Options::NOHANG, "WNOHANG"),
            (Options::UNTRACED, if by_event { "WSTOPPED" } else { "WUNTRACED" }),
            (Options::CONTINUED, "WCONTINUED"),
            (Options::NOWAIT, "WNOWAIT"),
            (Options::ALL, "__WALL"),
            (Options::CLONE, "__WCLONE"),
            (Options::NOTHREAD, "__WNOTHREAD"),
        ];
        let mut names: Vec<&'static str> =
            table.into_iter().filter(|(bit, _)| self.contains(*bit)).map(|(_, name)| name).collect();
        if by_event && !self.contains(Options::NOT_EXITED) {
            names.push("WEXITED");
        }
        names
    }
}

impl std::ops::BitOr for Options {
    type Output = Options;

    fn bitor(self, other: Options) -> Options {
        self.with(other)
    }
}

/// What must be there for a case to be tried; without it the trial is skipped with the reason.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Needs {
    /// Each of these.
    pub each: &'static [Need],
    /// It burns CPU time: it is not run beside another that does.
    pub burns: bool,
}

/// One thing that surroundings can take away.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Need {
    /// The superuser.
    Root,
    /// Anybody but the superuser.
    NotRoot,
    /// An agent whose calls can be made on several threads.
    Threads,
    /// A hard limit of core files that is not 0, and a system that writes them into the working folder.
    CoreFiles,
    /// A `waitid` that knows `P_PIDFD`, and that nothing forbids.
    PidfdWaits,
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Need::Root => "the superuser",
            Need::NotRoot => "an ordinary user",
            Need::Threads => "an agent with threads",
            Need::CoreFiles => "core files in the working folder",
            Need::PidfdWaits => "waits through pidfds",
        })
    }
}

impl Needs {
    /// Nothing.
    pub const NOTHING: Needs = Needs { each: &[], burns: false };
    /// Waits through pidfds.
    pub const PIDFD_WAITS: Needs = Needs::of(&[Need::PidfdWaits]);

    /// Each of these.
    pub const fn of(each: &'static [Need]) -> Needs {
        Needs { each, burns: false }
    }

    /// The same, for a case that burns CPU time.
    #[must_use]
    pub const fn burning(self) -> Needs {
        Needs { each: self.each, burns: true }
    }
}
