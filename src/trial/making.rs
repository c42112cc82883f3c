//! How a child is created, what it was told to do, and which exits none of its steps explains.

use crate::protocol::Line;
use crate::scenario::step::CAUGHT;
use crate::scenario::{Scenario, Step};
use crate::wait::Signal;

/// How the agent creates a child.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum By {
    /// By `fork`, on a thread of the agent.
    Fork {
        /// The thread's number; 0 is the first.
        thread: u32,
    },
    /// By `posix_spawn`.
    PosixSpawn,
    /// By `clone` or `clone3`.
    Clone(CloneHow),
    /// By `clone3` with `CLONE_AUTOREAP`.
    Autoreap(AutoreapHow),
    /// By `pdfork`.
    Pdfork {
        /// With `PD_DAEMON`.
        daemon: bool,
    },
}

/// Arguments for `CLONE_AUTOREAP`.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct AutoreapHow {
    /// An exit signal, which must be rejected.
    pub exit_signal: Option<Signal>,
    /// With a pidfd.
    pub pidfd: bool,
    /// With `CLONE_PIDFD_AUTOKILL`.
    pub autokill: bool,
}

/// Arguments for `clone`.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct CloneHow {
    /// The signal that the parent gets when the child terminates; `None` is none.
    pub exit_signal: Option<Signal>,
    /// By `clone3`.
    pub clone3: bool,
    /// With a pidfd.
    pub pidfd: bool,
    /// In a PID namespace of its own.
    pub new_pids: bool,
    /// In a user namespace of its own.
    pub new_users: bool,
}

impl CloneHow {
    /// With this exit signal.
    pub const fn signalling(exit_signal: Option<Signal>) -> CloneHow {
        CloneHow { exit_signal, clone3: false, pidfd: false, new_pids: false, new_users: false }
    }
}

impl By {
    pub(super) const fn word(&self) -> &'static str {
        match self {
            By::Fork { .. } => "spawn",
            By::PosixSpawn => "posix_spawn",
            By::Clone(_) => "clone",
            By::Autoreap(_) => "autoreap",
            By::Pdfork { .. } => "pdfork",
        }
    }

    pub(super) fn thread(&self) -> Option<u32> {
        match self {
            By::Fork { thread } => Some(*thread).filter(|thread| *thread != 0),
            _ => None,
        }
    }

    /// What is requested beyond a plain child, such as ` exit-signal=SIGUSR1 pidfd`.
    pub(super) fn details(&self) -> String {
        let CloneHow { exit_signal, clone3, pidfd, new_pids, new_users } = match self {
            By::Clone(how) => *how,
            By::Autoreap(AutoreapHow { exit_signal, pidfd, autokill }) => {
                let flags = [("pidfd", *pidfd), ("autokill", *autokill)];
                let flags = flags.iter().filter(|(_, on)| *on).map(|(name, _)| format!(" {name}"));
                return flags
                    .fold(format!(" exit-signal={}", named(*exit_signal)), |text, flag| text + &flag);
            }
            By::Pdfork { daemon: true } => return " daemon".to_owned(),
            By::PosixSpawn | By::Pdfork { daemon: false } => return String::new(),
            By::Fork { .. } => return self.thread().map(|t| format!(" thread={t}")).unwrap_or_default(),
        };
        let signal = named(exit_signal);
        let flags = [("clone3", clone3), ("pidfd", pidfd), ("newpid", new_pids), ("newuser", new_users)];
        let flags = flags.iter().filter(|(_, on)| *on).map(|(name, _)| format!(" {name}"));
        flags.fold(format!(" exit-signal={signal}"), |text, flag| text + &flag)
    }

    /// The same, for a skip reason.
    pub(super) fn described(&self) -> String {
        format!("{} with{}", self.word(), self.details()).trim_end_matches(" with").to_owned()
    }
}

/// An exit signal, as written in a request.
pub(super) fn named(exit_signal: Option<Signal>) -> String {
    exit_signal.map_or_else(|| "0".to_owned(), |signal| signal.to_string())
}

/// How a child was created, and the exit codes that its scenario allows.
#[derive(Debug, Clone)]
pub(crate) struct Making {
    /// `None`: by another child, or by some other means.
    pub(crate) by: Option<By>,
    /// With a fresh image.
    pub(crate) fresh: bool,
    /// The low eight bits of each; `None` if nothing is known about them.
    pub(crate) codes: Option<Vec<i32>>,
}

impl Making {
    pub(crate) const UNKNOWN: Making = Making { by: None, fresh: false, codes: None };

    pub(crate) fn of(by: &By, scenario: &Scenario) -> Making {
        let mut codes = Vec::new();
        scenario.steps.iter().for_each(|step| gather(&step.to_line(), &mut codes));
        Making { by: Some(*by), fresh: scenario.fresh, codes: Some(codes) }
    }

    /// Records that another step was begun.
    pub(crate) fn begins(&mut self, step: &Step) {
        if let Some(codes) = &mut self.codes {
            gather(&step.to_line(), codes);
        }
    }
}

/// Adds the exit codes that a step specifies, including those of nested steps.
fn gather(step: &Line, codes: &mut Vec<i32>) {
    codes.extend(step.number("code").ok().map(|code| (code & 0xff) as i32));
    if step.word() == "catch" {
        codes.push(CAUGHT);
    }
    step.list("steps").iter().filter_map(|text| text.parse().ok()).for_each(|line| gather(&line, codes));
}

/// An exit that no step of the child's scenario asks for.
#[derive(Debug, Clone)]
pub(crate) struct Suspicion {
    pub(super) name: String,
    pub(super) code: i32,
    pub(super) making: Making,
}

/// A step that a child was told to begin, and whose reply has not been asked for.
#[derive(Debug, Clone)]
pub(crate) struct Begun {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) word: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_codes_of_a_scenario_are_known() {
        let codes = |lines: &[&str]| {
            let steps: Vec<Step> = lines.iter().map(|line| line.parse().expect("a step")).collect();
            Making::of(&By::PosixSpawn, &Scenario::of(steps)).codes.expect("known")
        };
        assert_eq!(codes(&["burn-user us=1", "exit code=326"]), [70]);
        assert_eq!(codes(&["exec steps=exit%20code=2"]), [2]);
        assert_eq!(codes(&["catch sig=SIGTERM do=exit", "pause"]), [CAUGHT]);
        assert!(codes(&["kill-self sig=SIGKILL"]).is_empty());
    }
}
