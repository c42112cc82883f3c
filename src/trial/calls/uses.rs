//! What a case asks of calls: targets and options. This determines which calls can carry the case.

use crate::protocol::wait::{Flag, IdType, RawTarget, WaitRequest};
use crate::sys::call::abi::Call;
use std::fmt;
use std::ops::BitOr;

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
    /// Calls that can select which children to wait for.
    pub const WITH_TARGET: Calls = Calls::only(&[Call::Waitpid, Call::Wait4, Call::Wait6, Call::Waitid]);
    /// Calls that return a status word.
    pub const WITH_STATUS: Calls =
        Calls::only(&[Call::Wait, Call::Waitpid, Call::Wait3, Call::Wait4, Call::Wait6]);
    /// Calls that return resource usage.
    pub const WITH_USAGE: Calls = Calls::only(&[Call::Wait3, Call::Wait4, Call::Wait6]);
    /// Calls that fill a siginfo.
    pub const WITH_INFO: Calls = Calls::only(&[Call::Wait6, Call::Waitid]);
    /// One of a subject's calls that return a status word, and each that fills a siginfo: see [`Calls::few`].
    pub const ENTRIES: Calls = Calls::ALL.few();
    /// `waitpid`, and its equivalent with resource usage.
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

    /// Of the calls that return a status word and no siginfo, only one per subject: the one that takes the most
    /// arguments. For cases that are costly and are decided behind the front ends of the family (the system has one or
    /// two entry points for all of them).
    #[must_use]
    pub const fn few(self) -> Calls {
        Calls(self.0 | FEW)
    }

    /// Whether one call stands for several.
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

    /// These calls except the others.
    const fn but(self, others: Calls) -> Calls {
        Calls(self.0 & !others.0)
    }

    /// The calls of both sets.
    pub const fn and(self, other: Calls) -> Calls {
        Calls(self.0 & other.0)
    }

    /// The calls in both sets; one call still stands for several if it did before.
    pub(crate) const fn that_are_in(self, others: Calls) -> Calls {
        Calls(self.0 & (others.0 | FEW))
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

/// Options as a case states them; each call gets its own names for them.
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
    /// For `waitid` and `wait6`: without `WEXITED`, which is otherwise set.
    pub const NOT_EXITED: Options = Options(128);
    /// In a declaration: options given by name or bits that none of these represents.
    pub const OTHER: Options = Options(256);

    /// Both sets of options.
    #[must_use]
    pub const fn with(self, other: Options) -> Options {
        Options(self.0 | other.0)
    }

    /// Whether all of `other` is contained.
    pub const fn contains(self, other: Options) -> bool {
        self.0 & other.0 == other.0
    }

    /// These except the others.
    #[must_use]
    pub const fn without(self, other: Options) -> Options {
        Options(self.0 & !other.0)
    }

    /// The options of a request; `WEXITED` is ignored, since `waitid` needs it where the other calls imply it.
    fn of(request: &WaitRequest) -> Options {
        let raw = if request.options.raw == 0 { Options::NONE } else { Options::OTHER };
        let named = request.options.flags.iter().filter(|flag| **flag != Flag::Exited);
        named.fold(raw, |options, flag| options.with(Options::named(*flag)))
    }

    /// The option of that name.
    fn named(flag: Flag) -> Options {
        match flag {
            Flag::NoHang => Options::NOHANG,
            Flag::Untraced | Flag::Stopped => Options::UNTRACED,
            Flag::Continued => Options::CONTINUED,
            Flag::NoWait => Options::NOWAIT,
            Flag::All => Options::ALL,
            Flag::Clone => Options::CLONE,
            Flag::NoThread => Options::NOTHREAD,
            _ => Options::OTHER,
        }
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The flags that represent them for a call.
    pub fn flags(self, call: Call) -> Vec<Flag> {
        let by_event = Calls::WITH_INFO.has(call);
        let table = [
            (Options::NOHANG, Flag::NoHang),
            (Options::UNTRACED, if by_event { Flag::Stopped } else { Flag::Untraced }),
            (Options::CONTINUED, Flag::Continued),
            (Options::NOWAIT, Flag::NoWait),
            (Options::ALL, Flag::All),
            (Options::CLONE, Flag::Clone),
            (Options::NOTHREAD, Flag::NoThread),
        ];
        let mut flags: Vec<Flag> =
            table.into_iter().filter(|(bit, _)| self.contains(*bit)).map(|(_, flag)| flag).collect();
        if by_event && !self.contains(Options::NOT_EXITED) {
            flags.push(Flag::Exited);
        }
        flags
    }
}

impl std::ops::BitOr for Options {
    type Output = Options;

    fn bitor(self, other: Options) -> Options {
        self.with(other)
    }
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<&str> = self.flags(Call::Wait4).into_iter().map(Flag::name).collect();
        if self.contains(Options::OTHER) {
            names.push("others");
        }
        f.write_str(&names.join("|"))
    }
}

/// Kinds of targets.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Targets(u8);

impl Targets {
    /// No kind.
    pub const NONE: Targets = Targets(0);
    /// Any child, which every call can wait for.
    pub const ANY: Targets = Targets(1);
    /// A child by its pid.
    pub const PID: Targets = Targets(2);
    /// A process group, the caller's own included.
    pub const GROUP: Targets = Targets(4);
    /// The child behind a pidfd.
    pub const PIDFD: Targets = Targets(8);
    /// Any other `idtype`, including ones that no system has.
    pub const ID: Targets = Targets(16);

    const NAMES: [(Targets, &str); 5] = [
        (Targets::ANY, "any child"),
        (Targets::PID, "a pid"),
        (Targets::GROUP, "a process group"),
        (Targets::PIDFD, "a pidfd"),
        (Targets::ID, "another idtype"),
    ];

    /// Both sets of kinds.
    #[must_use]
    pub const fn with(self, other: Targets) -> Targets {
        Targets(self.0 | other.0)
    }

    /// Whether all of `other` is contained.
    pub const fn contains(self, other: Targets) -> bool {
        self.0 & other.0 == other.0
    }

    /// The kind of a request's target.
    fn of(request: &WaitRequest) -> Targets {
        match &request.target {
            RawTarget::Pid(-1) => Targets::ANY,
            RawTarget::Pid(pid) if *pid <= 0 => Targets::GROUP,
            RawTarget::Pid(_) => Targets::PID,
            RawTarget::Id { idtype, .. } => match idtype {
                IdType::All => Targets::ANY,
                IdType::Pid => Targets::PID,
                IdType::Pgid => Targets::GROUP,
                IdType::Pidfd => Targets::PIDFD,
                _ => Targets::ID,
            },
        }
    }
}

impl BitOr for Targets {
    type Output = Targets;

    fn bitor(self, other: Targets) -> Targets {
        self.with(other)
    }
}

impl fmt::Display for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Targets::NAMES.iter().filter(|(kind, _)| self.contains(*kind)).map(|(_, name)| *name);
        f.write_str(&names.collect::<Vec<_>>().join(", "))
    }
}

/// What a case asks of the trial's call. Asking for more is an error of the case.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Uses {
    /// The kinds of targets.
    pub targets: Targets,
    /// The options.
    pub options: Options,
    /// The case asks each call only for what that call can do, so it also runs with calls that cannot do everything.
    pub adapts: bool,
}

impl Uses {
    /// Any child, without options.
    pub const PLAIN: Uses = Uses::of(Targets::ANY, Options::NONE);

    /// These targets and options.
    pub const fn of(targets: Targets, options: Options) -> Uses {
        Uses { targets, options, adapts: false }
    }

    /// The same, for a case that asks each call only for what it can do.
    #[must_use]
    pub const fn adapting(self) -> Uses {
        Uses { adapts: true, ..self }
    }

    /// The calls that can do all of it.
    pub fn carriers(self) -> Calls {
        let mut calls = Calls::ALL;
        if self.adapts {
            return calls;
        }
        if !self.options.is_empty() {
            calls = calls.and(Calls::WITH_OPTIONS);
        }
        if self.targets != Targets::ANY {
            calls = calls.and(Calls::WITH_TARGET);
        }
        if self.targets.contains(Targets::PIDFD) || self.targets.contains(Targets::ID) {
            calls = calls.and(Calls::WITH_INFO);
        }
        calls
    }

    /// What a request to the trial's call asks for beyond this.
    pub(crate) fn exceeded_by(self, request: &WaitRequest) -> Option<String> {
        let target = Targets::of(request);
        if !self.targets.contains(target) {
            return Some(format!("target {target}"));
        }
        let asked = Options::of(request);
        (!self.options.contains(asked)).then(|| format!("options {}", asked.without(self.options)))
    }
}

/// The part of a request that a call cannot carry and would drop.
pub(crate) fn dropped(request: &WaitRequest) -> Option<String> {
    let target = Targets::of(request);
    if target != Targets::ANY && !Calls::WITH_TARGET.has(request.call) {
        return Some(format!("target {target}"));
    }
    let has_options = request.call != Call::Wait;
    let options = Options::of(request);
    (!has_options && !options.is_empty()).then(|| format!("options {options}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::wait::OptionSet;

    fn request(call: Call, target: RawTarget, options: &[Flag]) -> WaitRequest {
        WaitRequest { options: OptionSet::of(options.iter().copied()), ..WaitRequest::new(call, target) }
    }

    #[test]
    fn calls_that_carry_a_case() {
        let carriers = |targets, options| Uses::of(targets, options).carriers().list();
        assert_eq!(Uses::PLAIN.carriers(), Calls::ALL);
        assert!(!carriers(Targets::ANY, Options::NOHANG).contains(&Call::Wait));
        assert!(carriers(Targets::ANY, Options::NOHANG).contains(&Call::Wait3));
        assert!(!carriers(Targets::ANY | Targets::PID, Options::NONE).contains(&Call::Wait3));
        assert_eq!(carriers(Targets::PIDFD, Options::NONE), [Call::Wait6, Call::Waitid]);
        assert_eq!(Uses::of(Targets::PID, Options::NOHANG).adapting().carriers(), Calls::ALL);
    }

    #[test]
    fn what_is_asked_beyond_the_declaration() {
        let uses = Uses::of(Targets::PID, Options::NOHANG);
        let waitid = |idtype| RawTarget::Id { idtype, who: 7 };
        assert_eq!(uses.exceeded_by(&request(Call::Waitpid, RawTarget::Pid(7), &[Flag::NoHang])), None);
        assert_eq!(
            uses.exceeded_by(&request(Call::Waitid, waitid(IdType::Pid), &[Flag::NoHang, Flag::Exited])),
            None
        );
        for (wrong, what) in [
            (request(Call::Waitpid, RawTarget::Pid(-1), &[]), "target any child"),
            (request(Call::Waitpid, RawTarget::Pid(-7), &[]), "target a process group"),
            (request(Call::Waitid, waitid(IdType::Pidfd), &[Flag::Exited]), "target a pidfd"),
            (request(Call::Waitid, waitid(IdType::Number(8)), &[Flag::Exited]), "target another idtype"),
            (request(Call::Waitpid, RawTarget::Pid(7), &[Flag::Untraced]), "options WUNTRACED"),
            (request(Call::Waitid, waitid(IdType::Pid), &[Flag::Stopped]), "options WUNTRACED"),
        ] {
            assert_eq!(uses.exceeded_by(&wrong).as_deref(), Some(what), "{wrong:?}");
        }
    }

    #[test]
    fn what_a_call_would_drop() {
        assert_eq!(dropped(&request(Call::Wait, RawTarget::Pid(-1), &[])), None);
        assert_eq!(dropped(&request(Call::Wait3, RawTarget::Pid(-1), &[Flag::NoHang])), None);
        assert_eq!(dropped(&request(Call::Wait4, RawTarget::Pid(7), &[Flag::NoHang])), None);
        assert_eq!(dropped(&request(Call::Wait3, RawTarget::Pid(7), &[])).as_deref(), Some("target a pid"));
        assert_eq!(
            dropped(&request(Call::Wait, RawTarget::Pid(-1), &[Flag::NoHang])).as_deref(),
            Some("options WNOHANG")
        );
    }
}
