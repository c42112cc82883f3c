//! The trials of a run: cases x calls x subjects, filtered, ordered, sharded.

use super::event::SubjectInfo;
use super::select::{Candidate, select};
use super::settings::{RunError, Settings};
use crate::sorted::sort;
use crate::spec::Profile;
use crate::sys::call::abi::Call;
use crate::trial::{Calls, Case, Need, Variant};

/// One trial to run.
#[derive(Debug, Clone, Copy)]
pub struct Planned {
    /// The case.
    pub case: &'static Case,
    /// The call, form or contract it is tried with.
    pub variant: Variant,
    /// The index of the subject in the run.
    pub subject: usize,
}

impl Planned {
    /// `case@variant`.
    pub fn id(&self) -> String {
        format!("{}@{}", self.case.id, self.variant.name())
    }
}

/// What the environment of the wardens provides, as far as cases depend on it.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Whether the user is the superuser.
    pub root: bool,
    /// Whether core files are written to the working directory and the hard limit allows them.
    pub core_files: bool,
    /// Why programs cannot be run in a PID namespace.
    pub uncontained: Option<String>,
    /// The error that every wait on a pidfd fails with, if they all do.
    pub no_pidfd_waits: Option<String>,
}

impl Surroundings {
    /// Why a case cannot run here; `None` if it can.
    pub fn lack(&self, case: &Case, threads: bool) -> Option<String> {
        case.needs.each.iter().find_map(|need| match need {
            Need::Root if !self.root => Some(format!("needs {need}")),
            Need::NotRoot if self.root => Some(format!("needs {need}")),
            Need::CoreFiles if !self.core_files => Some("no core files are written here".to_owned()),
            Need::PidNamespace => self.uncontained.as_ref().map(|why| format!("no {need} here: {why}")),
            Need::Threads if !threads => Some("the agent has no threads".to_owned()),
            Need::PidfdWaits => self.no_pidfd_waits.as_ref().map(|errno| format!("no {need} here: {errno}")),
            _ => None,
        })
    }
}

/// The profile whose clauses apply to a subject.
pub fn profile_of(subject: &SubjectInfo, asked: Option<Profile>) -> Profile {
    asked.or_else(|| Profile::from_name(&subject.os)).unwrap_or(Profile::Posix)
}

/// The selected trials, in starting order.
///
/// Kernel-only cases ([`crate::trial::Calls::few`]) run on the subjects `alternating` only, each call on one of them,
/// unless calls are named explicitly or `alternating` is empty.
///
/// # Errors
/// [`RunError::Nothing`] if nothing is selected or a filter matches nothing.
pub fn plan(
    cases: &[&'static Case],
    subjects: &[SubjectInfo],
    by_turns: &[usize],
    settings: &Settings,
) -> Result<Vec<Planned>, RunError> {
    let every = settings.names_calls();
    let offers =
        |subject: &SubjectInfo, case: &Case, v: Variant| case.variants_of(subject, every).contains(&v);
    let has_turn = |at: usize, variant: Variant, subject: usize| {
        every || !cases[at].is_few() || by_turns.is_empty() || {
            let with_info = variant.call().is_some_and(|call| Calls::WITH_INFO.has(call));
            let turn = turn_of(cases[at].id) + usize::from(with_info);
            by_turns[turn % by_turns.len()] == subject
        }
    };
    let takes = |subject: &SubjectInfo, case: &Case| case.applies_to(profile_of(subject, settings.profile));
    // Hundreds of mutants differ in nothing that matters here.
    let mut kinds: Vec<&SubjectInfo> = Vec::new();
    let kind_of: Vec<usize> = subjects
        .iter()
        .map(|subject| {
            let known = kinds.iter().position(|kind| kind.is_planned_like(subject));
            known.unwrap_or_else(|| {
                kinds.push(subject);
                kinds.len() - 1
            })
        })
        .collect();
    // What no subject offers is not a candidate: a pattern that matches nothing else matches nothing.
    let candidates: Vec<Candidate<'_>> = cases
        .iter()
        .map(|case| {
            let any = |v: &Variant| kinds.iter().any(|s| takes(s, case) && offers(s, case, *v));
            // A contract may come from a file.
            let own = kinds.iter().filter_map(|subject| subject.contract).map(|c| Variant::Contract(c.name));
            let mut variants: Vec<Variant> = case.every_variant();
            variants.extend(own);
            sort(&mut variants);
            variants.dedup();
            variants.retain(any);
            Candidate { case: case.id, clauses: case.clauses, variants }
        })
        .collect();
    let offered = |call: &Call| subjects.iter().any(|s| s.calls.iter().any(|c| c == call.name()));
    if let Some(call) = settings.calls.iter().find(|call| !offered(call)) {
        let known: Vec<&str> = Call::ALL.into_iter().filter(|call| offered(call)).map(Call::name).collect();
        let what = if known.is_empty() { "no calls".to_owned() } else { known.join(", ") };
        return Err(RunError::Nothing(format!(
            "no subject of this run offers {}; offered: {what}",
            call.name()
        )));
    }
    let selected = select(settings, &candidates)?;
    let of_kind = |info: &&SubjectInfo| {
        let offered = |(at, v): &(usize, Variant)| takes(info, cases[*at]) && offers(info, cases[*at], *v);
        selected.iter().copied().filter(offered).collect()
    };
    let of_kind: Vec<Vec<(usize, Variant)>> = kinds.iter().map(of_kind).collect();
    let mut planned: Vec<Planned> = kind_of
        .iter()
        .enumerate()
        .flat_map(|(subject, kind)| {
            let of_subject = of_kind[*kind].iter().filter(move |(at, v)| has_turn(*at, *v, subject));
            of_subject.map(move |(at, v)| Planned { case: cases[*at], variant: *v, subject })
        })
        .collect();
    if let Some(seed) = settings.shuffle {
        shuffle(&mut planned, seed);
    }
    Ok(planned)
}

/// Which of the alternating subjects a case starts with: FNV-1a of the case's id, so independent of its neighbours in
/// the table. The upper half is used, since the lowest bit is just the parity of the bytes.
fn turn_of(id: &str) -> usize {
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash >> 32) as usize
}

/// Fisher-Yates shuffle with SplitMix64: a seed gives the same order on every platform.
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    for at in (1..items.len()).rev() {
        items.swap(at, (next() % (at as u64 + 1)) as usize);
    }
}
