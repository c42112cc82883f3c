//! What a case is: a short program that checks clauses, and what it needs.

use super::abort::{Abort, Outcome};
use super::calls::{self, Calls, Family, Uses};
use super::core::{Core, Interface, Trial};
use super::handle::{self, Abilities, Begin};
use super::program;
use super::program::kind::Kinds;
use super::subject::SubjectInfo;
use super::variant::{InterfaceName, Variant};
use crate::protocol::handle::Form;
use crate::spec::clause::{Clause, Profile};
use crate::spec::contracts;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};

/// A short program that checks clauses, once for each variant of its interface that it is written for.
#[derive(Debug)]
pub struct Case {
    /// `theme.what-it-shows`; a meaning, never a number.
    pub id: &'static str,
    /// What holds, in one line.
    pub title: &'static str,
    /// The clauses that it checks. An expectation of any other clause is an error of the case.
    pub clauses: &'static [&'static Clause],
    /// What it needs from its environment.
    pub needs: Needs,
    /// Where it is defined: [`here`].
    pub at: &'static Location<'static>,
    /// The program.
    pub body: Body,
}

/// The program of a case, for one interface.
#[derive(Debug)]
pub enum Body {
    /// For calls.
    Calls {
        /// The calls it is tried with.
        calls: Calls,
        /// What it asks of the trial's call; a call that cannot do that is not planned.
        uses: Uses,
        /// The program.
        run: fn(&mut calls::Trial<'_>) -> Outcome,
    },
    /// For a handle.
    Handle {
        /// What the handle must be able to do.
        abilities: Abilities,
        /// How its agent begins, if not as usual.
        begin: Option<Begin>,
        /// The program.
        run: fn(&mut handle::Trial<'_>) -> Outcome,
    },
    /// For a program that runs a program.
    Program {
        /// The kinds it is tried with.
        kinds: Kinds,
        /// The program.
        run: fn(&mut program::Trial<'_>) -> Outcome,
    },
}

/// The source file and line of the caller.
#[track_caller]
pub const fn here() -> &'static Location<'static> {
    Location::caller()
}

impl Case {
    /// The interface that it is for.
    pub const fn interface(&self) -> InterfaceName {
        match self.body {
            Body::Calls { .. } => InterfaceName::Calls,
            Body::Handle { .. } => InterfaceName::Handle,
            Body::Program { .. } => InterfaceName::Program,
        }
    }

    /// The calls that it is tried with and that can do what it asks; none for another interface.
    pub fn planned_calls(&self) -> Calls {
        match self.body {
            Body::Calls { calls, uses, .. } => calls.that_are_in(uses.carriers()),
            _ => Calls::only(&[]),
        }
    }

    /// Whether one call stands for several of a subject's.
    pub fn is_few(&self) -> bool {
        matches!(self.body, Body::Calls { calls, .. } if calls.is_few())
    }

    /// The variants that it is tried with on a subject; `every`: none stands for another.
    pub fn variants_of(&self, subject: &SubjectInfo, every: bool) -> Vec<Variant> {
        let offered = subject.variants();
        if matches!(self.body, Body::Program { kinds, .. } if !kinds.has(subject.kind)) {
            return Vec::new();
        }
        // What only a few programs can do is not asked of the others.
        let promised = |key| subject.contract.is_some_and(|contract| contract.row(key).is_some());
        let few = |clause: &&Clause| {
            clause.promise().is_some_and(|key| contracts::is_of_few(key) && !promised(key))
        };
        if self.interface() == InterfaceName::Program && self.clauses.iter().all(few) {
            return Vec::new();
        }
        if self.interface() != InterfaceName::Calls {
            return offered.into_iter().filter(|v| v.interface() == self.interface()).collect();
        }
        let offers = |call| offered.contains(&Variant::Call(call));
        let calls = self.planned_calls();
        let calls = if every {
            calls.list().into_iter().filter(|call| offers(*call)).collect()
        } else {
            calls.of_subject(offers)
        };
        calls.into_iter().map(Variant::Call).collect()
    }

    /// Every variant it can have.
    pub fn every_variant(&self) -> Vec<Variant> {
        match self.interface() {
            InterfaceName::Calls => self.planned_calls().list().into_iter().map(Variant::Call).collect(),
            InterfaceName::Handle => Form::ALL.map(Variant::Form).to_vec(),
            InterfaceName::Program => {
                contracts::CONTRACTS.iter().map(|contract| Variant::Contract(contract.name)).collect()
            }
        }
    }

    /// How the agent of a trial begins, if not as usual.
    pub(crate) fn begin(&self) -> Option<Begin> {
        match self.body {
            Body::Handle { begin, .. } => begin,
            _ => None,
        }
    }

    /// Why a subject of its interface cannot be tried with it; `None` if it can.
    pub fn not_offered(&self, subject: &SubjectInfo) -> Option<String> {
        match self.body {
            Body::Handle { abilities, .. } => {
                let missing = abilities.missing_in(&subject.abilities);
                missing.map(|ability| format!("not offered: {ability}"))
            }
            _ => None,
        }
    }

    /// Runs it on the core of an open trial, and returns the core along with the outcome.
    pub(crate) fn run_on<'a>(&'static self, core: Core<'a>, variant: Variant) -> (Core<'a>, Outcome) {
        fn run<'a, I: Interface>(
            core: Core<'a>,
            with: I,
            run: impl FnOnce(&mut Trial<'a, I>) -> Outcome,
        ) -> (Core<'a>, Outcome) {
            let mut trial = Trial { core, with };
            let ran = catch_unwind(AssertUnwindSafe(|| run(&mut trial)));
            // The panic message is on standard error already; the other trials go on.
            let ran = ran.unwrap_or_else(|_| Err(Abort::Broken("the case panicked".into())));
            let outcome = trial.unless_its_own_failure(ran);
            (trial.core, outcome)
        }
        match (&self.body, variant) {
            (Body::Calls { uses, run: body, .. }, Variant::Call(call)) => {
                let late = |t: &mut calls::Trial<'a>| match body(t) {
                    // Nothing may be written to buffers after their call has returned.
                    outcome @ (Ok(()) | Err(Abort::Skip(_))) => t.check_late_writes().and(outcome),
                    other => other,
                };
                run(core, Family { call, uses: Some(*uses) }, late)
            }
            (Body::Handle { run: body, .. }, Variant::Form(form)) => {
                run(core, handle::Agent::new(form), body)
            }
            (Body::Program { run: body, .. }, Variant::Contract(_)) => {
                let with = program::Run::of(core.info);
                run(core, with, body)
            }
            _ => (core, Err(Abort::Broken(format!("{} is not tried with {}", self.id, variant.name())))),
        }
    }

    /// Whether any of its clauses applies to a system with that profile.
    pub fn applies_to(&self, profile: Profile) -> bool {
        self.clauses.iter().any(|c| c.applies_to(profile))
    }
}

/// A theme: the table of its cases, one for each function in the file that is a case.
///
/// ```text
/// cases! { "theme";
///
///     /// what holds, in one line
///     function_name(ANY | PID; NOHANG) in Calls::ENTRIES, needs Needs::PIDFD_WAITS => [posix::CLAUSE, linux::CLAUSE];
/// }
/// ```
///
/// The parentheses hold the [`Uses`]: targets, then options if there are any (`NONE` before `adapting`). Without `in`,
/// a case is tried with every call that can do what it asks; without `needs`, it needs nothing. The clauses may be
/// pairs ([`crate::spec::pairs`]). The id is `theme.function-name`. `cases! { handle "theme"; name(TIMEOUT | STEAL) =>
/// [...]; }` defines cases for handles with these abilities; `begins OwnPids` after the parentheses is for an agent
/// that begins in that way. `cases! { program "theme"; name(WRAPPER | TIME) => [...]; }` defines cases for programs of
/// these kinds.
macro_rules! cases {
    ($theme:literal; $(
        #[doc = $title:literal]
        $name:ident($($target:ident)|+ $(; $($option:ident)|+ $(; $adapting:ident)?)?)
            $(in $calls:expr)? $(, needs $needs:expr)? => [$($clause:expr),+ $(,)?];
    )+) => {
        /// The cases of this theme.
        pub(crate) const CASES: &[$crate::trial::Case] = &[$($crate::trial::cases!(@case
            $theme, $name, $title, [$($clause),+], [$($needs)?],
            $crate::trial::Body::Calls {
                calls: $crate::trial::cases!(@or $crate::trial::Calls::ALL $(, $calls)?),
                uses: $crate::trial::Uses {
                    targets: $crate::trial::Targets::NONE$(.with($crate::trial::Targets::$target))+,
                    options: $crate::trial::Options::NONE$($(.with($crate::trial::Options::$option))+)?,
                    adapts: $crate::trial::cases!(@adapts $($($adapting)?)?),
                },
                run: $name,
            }
        )),+];
    };
    (handle $theme:literal; $(
        #[doc = $title:literal]
        $name:ident($($($ability:ident)|+)?) $(begins $begin:ident)? $(, needs $needs:expr)?
            => [$($clause:expr),+ $(,)?];
    )+) => {
        /// The cases of this theme.
        pub(crate) const CASES: &[$crate::trial::Case] = &[$($crate::trial::cases!(@case
            $theme, $name, $title, [$($clause),+], [$($needs)?],
            $crate::trial::Body::Handle {
                abilities: $crate::trial::handle::Abilities::NONE
                    $($(.with($crate::trial::handle::Abilities::$ability))+)?,
                begin: $crate::trial::cases!(@begin $($begin)?),
                run: $name,
            }
        )),+];
    };
    (program $theme:literal; $(
        #[doc = $title:literal]
        $name:ident($($kind:ident)|+) $(, needs $needs:expr)? => [$($clause:expr),+ $(,)?];
    )+) => {
        /// The cases of this theme.
        pub(crate) const CASES: &[$crate::trial::Case] = &[$($crate::trial::cases!(@case
            $theme, $name, $title, [$($clause),+], [$($needs)?],
            $crate::trial::Body::Program {
                kinds: $crate::trial::program::Kinds::NONE$(.with($crate::trial::program::Kinds::$kind))+,
                run: $name,
            }
        )),+];
    };
    (@case $theme:literal, $name:ident, $title:literal, [$($clause:expr),+], [$($needs:expr)?], $body:expr) => {
        $crate::trial::Case {
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
            needs: $crate::trial::cases!(@or $crate::trial::Needs::NOTHING $(, $needs)?),
            at: $crate::trial::here(),
            body: $body,
        }
    };
    (@or $default:expr) => { $default };
    (@or $default:expr, $given:expr) => { $given };
    (@begin) => { None };
    (@begin $begin:ident) => { Some($crate::trial::handle::Begin::$begin) };
    (@adapts) => { false };
    (@adapts adapting) => { true };
}
pub(crate) use cases;

/// The id of a case, from the name of its function.
pub(crate) const fn id_of<const N: usize>(name: &str) -> [u8; N] {
    let (name, mut id) = (name.as_bytes(), [0; N]);
    let mut at = 0;
    while at < N {
        id[at] = if name[at] == b'_' { b'-' } else { name[at] };
        at += 1;
    }
    id
}

/// What a case needs from its environment; without it, the trial is skipped with the reason.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Needs {
    /// Each of these.
    pub each: &'static [Need],
    /// It burns CPU time, or takes hundreds of processes: it must not run at the same time as another case that does.
    pub burns: bool,
}

/// One thing that an environment may lack.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Need {
    /// The superuser.
    Root,
    /// Any user but the superuser.
    NotRoot,
    /// An agent that can make calls on several threads.
    Threads,
    /// A hard core file limit other than 0, and a system that writes core files to the working directory.
    CoreFiles,
    /// A PID namespace for programs.
    PidNamespace,
    /// A `waitid` that supports `P_PIDFD`, with nothing that forbids it.
    PidfdWaits,
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Need::Root => "the superuser",
            Need::NotRoot => "an ordinary user",
            Need::Threads => "an agent with threads",
            Need::CoreFiles => "core files in the working folder",
            Need::PidNamespace => "PID namespace",
            Need::PidfdWaits => "waits through pidfds",
        })
    }
}

impl Needs {
    /// Nothing.
    pub const NOTHING: Needs = Needs { each: &[], burns: false };
    /// A caller with several threads.
    pub const THREADS: Needs = Needs::of(&[Need::Threads]);
    /// Waits through pidfds.
    pub const PIDFD_WAITS: Needs = Needs::of(&[Need::PidfdWaits]);

    /// Each of these.
    pub const fn of(each: &'static [Need]) -> Needs {
        Needs { each, burns: false }
    }

    /// The same, for a case that burns CPU time or takes hundreds of processes.
    #[must_use]
    pub const fn burning(self) -> Needs {
        Needs { each: self.each, burns: true }
    }
}
