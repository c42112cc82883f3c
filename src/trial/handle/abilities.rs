//! What a handle must be able to do for a case.

use crate::protocol::handle::ABILITIES;

/// What a handle can do other than be created and waited for.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Abilities(u16);

macro_rules! abilities {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal;)+) => {
        impl Abilities {
            $($(#[doc = $doc])+ pub const $name: Abilities = Abilities::of($word);)+
        }
    };
}

abilities! {
    /// Be polled without waiting.
    POLL = "poll";
    /// Wait with a timeout.
    TIMEOUT = "timeout";
    /// Do something else during a wait.
    THREADS = "threads";
    /// Send a signal.
    KILL = "kill";
    /// Be dropped.
    DROP = "drop";
    /// Have a child reaped by a raw wait call.
    STEAL = "steal";
    /// Have a child created by a raw fork.
    FORK = "fork";
    /// Read the standard output of a child.
    PIPES = "pipes";
    /// Change the signal dispositions of the process.
    SIGACTION = "sigaction";
    /// Change the signal mask.
    SIGPROCMASK = "sigprocmask";
    /// Show the usage of a child.
    USAGE = "usage";
    /// Show whether a core was dumped.
    CORE = "core";
}

impl Abilities {
    /// Nothing.
    pub const NONE: Abilities = Abilities(0);

    /// The ability with that name; in a constant, an unknown one does not compile.
    const fn of(word: &str) -> Abilities {
        let mut at = 0;
        while at < ABILITIES.len() {
            if same(ABILITIES[at].as_bytes(), word.as_bytes()) {
                return Abilities(1 << at);
            }
            at += 1;
        }
        panic!("no such ability")
    }

    /// Both.
    #[must_use]
    pub const fn with(self, other: Abilities) -> Abilities {
        Abilities(self.0 | other.0)
    }

    /// Their names.
    pub fn words(self) -> Vec<&'static str> {
        let has = |at: &usize| self.0 & (1 << at) != 0;
        (0..ABILITIES.len()).filter(has).map(|at| ABILITIES[at]).collect()
    }

    /// The first of them that was not announced.
    pub(crate) fn missing_in(self, announced: &[String]) -> Option<&'static str> {
        let needed = ABILITIES.iter().enumerate().filter(|(at, _)| self.0 & (1 << at) != 0);
        needed.map(|(_, name)| *name).find(|name| !announced.iter().any(|a| a == name))
    }
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    one.len() == other.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let both = Abilities::TIMEOUT.with(Abilities::STEAL);
        assert_eq!(both.missing_in(&["timeout".into(), "steal".into()]), None);
        assert_eq!(both.missing_in(&["timeout".into()]), Some("steal"));
        assert_eq!(Abilities::NONE.missing_in(&[]), None);
    }
}
