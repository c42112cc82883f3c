//! What the filters of `run` select, and suggestions for one that selects nothing.

use super::names::{hint, nearest, unknown_id};
use crate::catalogue;
use crate::report::renames::{Kind, new_name};
use crate::runner::select::{Candidate, Unmatched, glob, select};
use crate::runner::settings::{RunError, Settings};
use crate::spec;
use crate::trial::Variant;

/// The selected trials, whatever the subjects offer. Rejects a filter that matches nothing, and suggests the nearest names.
pub fn check_selection(settings: &Settings) -> Result<Vec<String>, RunError> {
    let cases: Vec<_> = catalogue::cases().collect();
    let candidates: Vec<Candidate<'_>> = cases
        .iter()
        .map(|case| Candidate { case: case.id, clauses: case.clauses, variants: case.every_variant() })
        .collect();
    let id = |(at, variant): (usize, Variant)| format!("{}@{}", cases[at].id, variant.name());
    match select(settings, &candidates) {
        Ok(selected) => Ok(selected.into_iter().map(id).collect()),
        Err(Unmatched::Pattern(pattern)) => {
            let near = hint_of_trial(&pattern);
            Err(RunError::Nothing(format!("no case matches `{pattern}`{near}")))
        }
        Err(Unmatched::Excluded(pattern)) => {
            let near = hint_of_trial(&pattern);
            Err(RunError::Nothing(format!("no case matches `--exclude {pattern}`{near}")))
        }
        Err(Unmatched::Clause(clause)) => {
            Err(unknown_id("clause", Kind::Clause, &clause, spec::clauses().map(|c| c.id)))
        }
        Err(other) => Err(other.into()),
    }
}

/// The new name of a renamed case, the calls of a case that does not run with the call of the pattern, the option that selects
/// clauses, or the nearest cases.
fn hint_of_trial(pattern: &str) -> String {
    let (case, call) = pattern.split_once('@').map_or((pattern, None), |(case, call)| (case, Some(call)));
    match (catalogue::cases().find(|known| known.id == case), call) {
        (Some(known), Some(_)) => {
            let calls: Vec<&str> = known.every_variant().into_iter().map(Variant::name).collect();
            format!("; {case} runs with: {}", calls.join(", "))
        }
        _ => match (new_name(Kind::Case, case), clauses_like(case)) {
            (Some(new), _) => format!("; renamed to {new}"),
            (None, Some(clauses)) => format!("; for clauses: --clause '{clauses}'"),
            (None, None) => hint(case, catalogue::cases().map(|known| known.id)),
        },
    }
}

/// The argument of `--clause` for something that looks like a clause or a prefix of one.
fn clauses_like(text: &str) -> Option<String> {
    if !text.contains('/') {
        return None;
    }
    if spec::clauses().any(|clause| clause.id == text || text.contains('*') && glob(text, clause.id)) {
        return Some(text.to_owned());
    }
    if spec::clauses().any(|clause| clause.id.starts_with(text)) {
        return Some(format!("{text}*"));
    }
    nearest(text, spec::clauses().map(|clause| clause.id)).first().map(|id| (*id).to_owned())
}
