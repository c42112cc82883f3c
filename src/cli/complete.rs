//! Shell completion of names that only this program knows.

use super::names::SUBJECT_FORMS;
use crate::scenario::library::LIBRARY;
use crate::spec::contracts::CONTRACTS;
use crate::{catalogue, mutants, spec, subject};
use clap_complete::engine::CompletionCandidate;

fn candidate(name: impl Into<std::ffi::OsString>, about: &str) -> CompletionCandidate {
    CompletionCandidate::new(name).help(Some(about.to_owned().into()))
}

/// Cases.
pub fn cases() -> Vec<CompletionCandidate> {
    catalogue::cases().map(|case| candidate(case.id, case.title)).collect()
}

/// Clauses.
pub fn clauses() -> Vec<CompletionCandidate> {
    spec::clauses().map(|clause| candidate(clause.id, clause.text)).collect()
}

/// Subjects: the built-in ones, the forms of the others, and every mutant.
pub fn subjects() -> Vec<CompletionCandidate> {
    let built_in = subject::built_in();
    let mut all: Vec<_> = built_in.iter().map(|s| candidate(s.name(), &s.version())).collect();
    let forms = SUBJECT_FORMS.iter().filter_map(|(form, about)| Some((form.split_once(':')?.0, *about)));
    let forms = forms.filter(|(kind, _)| *kind != "mutant");
    all.extend(forms.map(|(kind, about)| candidate(format!("{kind}:"), about)));
    all.extend(mutants::mutants().map(|mutant| candidate(format!("mutant:{}", mutant.name), mutant.breaks)));
    all
}

/// Mutants.
pub fn mutants() -> Vec<CompletionCandidate> {
    mutants::mutants().map(|mutant| candidate(mutant.name, mutant.breaks)).collect()
}

/// Whatever `explain` explains.
pub fn names() -> Vec<CompletionCandidate> {
    let scenarios = LIBRARY.iter().map(|named| candidate(named.name, named.summary));
    let contracts = CONTRACTS.iter().map(|contract| candidate(contract.name, "what a program promises"));
    let subjects = subjects().into_iter().chain(contracts);
    cases().into_iter().chain(clauses()).chain(mutants()).chain(scenarios).chain(subjects).collect()
}
