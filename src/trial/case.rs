//! What a case is: a short program that checks clauses, and what it needs.

use super::abort::Outcome;
use super::core::Trial;
use super::uses::{Calls, Uses};
use crate::spec::clause::{Clause, Profile};
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
    /// What it asks the trial's call for; a call that cannot carry it is not planned.
    pub uses: Uses,
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
    /// The calls that it is tried with and that can carry it.
    pub fn planned_calls(&self) -> Calls {
        self.calls.that_are_in(self.uses.carriers())
    }

    /// Whether anything of it applies to a system of that profile.
    pub fn applies_to(&self, profile: Profile) -> bool {
        self.clauses.iter().any(|c| c.applies_to(profile))
    }
}

/// A theme: the table of its cases, one for each function of the file that is one.
///
/// ```text
/// cases! { "theme";
///
///     /// what holds, in one line
///     function_name(ANY | PID; NOHANG) in Calls::ENTRIES, needs Needs::PIDFD_WAITS => [posix::CLAUSE, linux::CLAUSE];
/// }
/// ```
///
/// In the parentheses stand the [`Uses`]: targets, then options if there are any (`NONE` before `adapting`). Without `in` a case is
/// tried with each call that carries them; without `needs` it needs nothing. The clauses may be pairs
/// ([`crate::spec::pairs`]). The id is `theme.function-name`.
macro_rules! cases {
    ($theme:literal; $(
        #[doc = $title:literal]
        $name:ident($($target:ident)|+ $(; $($option:ident)|+ $(; $adapting:ident)?)?)
            $(in $calls:expr)? $(, needs $needs:expr)? => [$($clause:expr),+ $(,)?];
    )+) => {
        /// The cases of this theme.
        pub(crate) const CASES: &[$crate::trial::Case] = &[$($crate::trial::Case {
            id: {
                const NAME: &str = concat!($theme, ".", stringify!($name));
                const ID: [u8; NAME.len()] = $crate::trial::id_of(NAME);
                match core::str::from_utf8(&ID) {
                    Ok(id) => id,
                    Err(_) => NAME,
                }
            },
            title: $title.split_at(1).1,
            clauses: {
                const CITED: &[$crate::spec::cited::Cited] = &[$($clause.cited()),+];
                const CLAUSES: [&$crate::spec::Clause; $crate::spec::cited::count(CITED)] =
                    $crate::spec::cited::listed(CITED);
                &CLAUSES
            },
            calls: $crate::trial::cases!(@or $crate::trial::Calls::ALL $(, $calls)?),
            uses: $crate::trial::Uses {
                targets: $crate::trial::Targets::NONE$(.with($crate::trial::Targets::$target))+,
                options: $crate::trial::Options::NONE$($(.with($crate::trial::Options::$option))+)?,
                adapts: $crate::trial::cases!(@adapts $($($adapting)?)?),
            },
            needs: $crate::trial::cases!(@or $crate::trial::Needs::NOTHING $(, $needs)?),
            at: $crate::trial::here(),
            run: $name,
        }),+];
    };
    (@or $default:expr) => { $default };
    (@or $default:expr, $given:expr) => { $given };
    (@adapts) => { false };
    (@adapts adapting) => { true };
}
pub(crate) use cases;

/// The id of a case from the name of its function.
pub(crate) const fn id_of<const N: usize>(name: &str) -> [u8; N] {
    let (name, mut id) = (name.as_bytes(), [0; N]);
    let mut at = 0;
    while at < N {
        id[at] = if name[at] == b'_' { b'-' } else { name[at] };
        at += 1;
    }
    id
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
