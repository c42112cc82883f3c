//! The trials that a run means: cases x calls x subjects, filtered, ordered, split.

use super::event::SubjectInfo;
use super::select::{Candidate, select};
use super::settings::{RunError, Selection};
use crate::spec::Profile;
use crate::sys::call::abi::Call;
use crate::trial::{Calls, Case, Need};

/// One trial that is to be run.
#[derive(Debug, Clone, Copy)]
pub struct Planned {
    /// The case.
    pub case: &'static Case,
    /// The call.
    pub call: Call,
    /// The position of the subject in the run.
    pub subject: usize,
}

impl Planned {
    /// `case@call`.
    pub fn id(&self) -> String {
        format!("{}@{}", self.case.id, self.call.name())
    }
}

/// What the surroundings of the wardens have, as far as cases need it.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The user is the superuser.
    pub root: bool,
    /// Core files are written into the working folder, and the hard limit allows them.
    pub core_files: bool,
    /// The error that refuses every wait through a pidfd, if one does.
    pub no_pidfd_waits: Option<String>,
}

impl Surroundings {
    /// Why a case cannot be tried, if it cannot.
    pub fn lack(&self, case: &Case, threads: bool) -> Option<String> {
        case.needs.each.iter().find_map(|need| match need {
            Need::Root if !self.root => Some(format!("needs {need}")),
            Need::NotRoot if self.root => Some(format!("needs {need}")),
            Need::CoreFiles if !self.core_files => Some("no core files are written here".to_owned()),
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

/// The trials of a selection, in the order in which they are begun.
///
/// Cases that the front end does not matter to ([`crate::trial::Calls::few`]) are tried with the subjects `by_turns` only, each
/// call with one of them, unless calls were asked for by name; with every subject if there are none.
///
/// # Errors
/// [`RunError::Nothing`] when nothing is selected, and for a filter that matches nothing.
pub fn plan(
    cases: &[&'static Case],
    subjects: &[SubjectInfo],
    by_turns: &[usize],
    selection: &Selection,
    profile: Option<Profile>,
) -> Result<Vec<Planned>, RunError> {
    let every = selection.names_calls();
    let offers = |subject: &SubjectInfo, case: &Case, call: Call| {
        let offered = |call: Call| subject.calls.iter().any(|c| c == call.name());
        let calls = case.planned_calls();
        if every { offered(call) && calls.has(call) } else { calls.of_subject(offered).contains(&call) }
    };
    let has_turn = |at: usize, call: Call, subject: usize| {
        every || !cases[at].calls.is_few() || by_turns.is_empty() || {
            let turn = turn_of(cases[at].id) + usize::from(Calls::WITH_INFO.has(call));
            by_turns[turn % by_turns.len()] == subject
        }
    };
    let takes = |subject: &SubjectInfo, case: &Case| case.applies_to(profile_of(subject, profile));
    // What no subject can do is no candidate: a pattern that means only that matches nothing.
    let candidates: Vec<Candidate<'_>> = cases
        .iter()
        .map(|case| {
            let any = |call: &Call| subjects.iter().any(|s| takes(s, case) && offers(s, case, *call));
            let calls = case.planned_calls().list().into_iter().filter(any).collect();
            Candidate { case: case.id, clauses: case.clauses, calls }
        })
        .collect();
    let offered = |call: &Call| subjects.iter().any(|s| s.calls.iter().any(|c| c == call.name()));
    if let Some(call) = selection.calls.iter().find(|call| !offered(call)) {
        return Err(RunError::Nothing(format!("no subject of this run offers {}", call.name())));
    }
    let selected = select(selection, &candidates)?;
    let mut planned: Vec<Planned> = subjects
        .iter()
        .enumerate()
        .flat_map(|(subject, info)| {
            let of_subject = selected.iter().filter(move |(at, call)| has_turn(*at, *call, subject));
            let of_subject =
                of_subject.map(move |(at, call)| Planned { case: cases[*at], call: *call, subject });
            of_subject.filter(move |p| takes(info, p.case) && offers(info, p.case, p.call))
        })
        .collect();
    if let Some(seed) = selection.shuffle {
        shuffle(&mut planned, seed);
    }
    Ok(planned)
}

/// Which subject alternation picks first for a case: FNV-1a of its id, so that neither the place of a case in its table nor
/// its neighbours matter. The upper half, since the lowest bit is no more than the parity of the bytes.
fn turn_of(id: &str) -> usize {
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash >> 32) as usize
}

/// Fisher and Yates, by the SplitMix64 generator: the same seed gives the same order everywhere.
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
