//! What a [`Matrix`] says of the mutants, the expectations and the cases.

use super::justified;
use super::matrix::{LEAK, Matrix, kill_count, killers};
use crate::mutants::{Mutant, mutants};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What a matrix says.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Findings {
    /// One for each mutant, in the order of the table.
    pub mutants: Vec<OfMutant>,
    /// Expectations that no mutant which counts was seen to fail.
    pub never_failed: Vec<NeverFailed>,
    /// Expectations that are said never to fail, and did, or are none.
    pub failed_after_all: Vec<(String, String)>,
    /// Cases that exactly the same mutants fail.
    pub alike: Vec<Alike>,
    /// How many clauses some mutant makes fail.
    pub clauses: usize,
    /// What went wrong on the unbroken subjects or in the harness: trial and verdict.
    pub amiss: Vec<String>,
}

/// What became of one mutant.
#[derive(Debug, Clone, Serialize)]
pub struct OfMutant {
    /// Its name.
    pub mutant: &'static str,
    /// What it breaks.
    pub breaks: &'static str,
    /// Where its idea comes from.
    pub origin: String,
    /// The clause that it names.
    pub clause: &'static str,
    /// How many cases kill it.
    pub cases: usize,
    /// How many trials kill it.
    pub trials: usize,
    /// Whether the clause that it names is among those that fail.
    pub by_its_clause: bool,
    /// The share of the cases that kill it, in percent.
    pub share: usize,
    /// Whether it counts: no more than a quarter of all cases kill it.
    pub counts: bool,
    /// The first case that kills it, by the clause that it names if one does.
    pub first: Option<String>,
    /// Whether the model was asked, and after how many operations it caught it.
    pub model: Option<Option<u64>>,
}

impl OfMutant {
    /// Whether it was killed as it says.
    pub fn is_killed(&self) -> bool {
        self.cases > 0 && self.by_its_clause
    }
}

/// An expectation that no mutant fails.
#[derive(Debug, Clone, Serialize)]
pub struct NeverFailed {
    /// The case.
    pub case: String,
    /// The clause.
    pub clause: String,
    /// Why that is right, if it is.
    pub why: Option<&'static str>,
}

/// Cases that exactly the same mutants fail.
#[derive(Debug, Clone, Serialize)]
pub struct Alike {
    /// The cases.
    pub cases: Vec<String>,
    /// Why there are several all the same, if there is a reason.
    pub why: Option<&'static str>,
}

impl Findings {
    /// Of the whole matrix; `all` of the mutants were run, or some of them, by which no expectation can be judged.
    pub fn of(matrix: &Matrix, all: bool) -> Findings {
        let run = mutants().filter(|m| matrix.rows.contains_key(m.name));
        let mut findings = Findings {
            mutants: run.map(|mutant| of_mutant(matrix, mutant)).collect(),
            clauses: matrix.clauses().len(),
            ..Findings::default()
        };
        if all {
            findings.expectations(matrix);
            findings.alike = alike(matrix);
        }
        findings
    }

    fn expectations(&mut self, matrix: &Matrix) {
        let counting = matrix.kills().filter(|kill| matrix.counts(&matrix.rows[kill.mutant]));
        let failed: BTreeSet<(&str, &str)> = counting.map(|kill| (kill.case, kill.clause)).collect();
        let mut excused = BTreeSet::new();
        for (case, clauses) in &matrix.expectations {
            for clause in clauses.iter().filter(|clause| !failed.contains(&(case, clause))) {
                let why = justified::never_failed(case, clause);
                if why.is_some() {
                    excused.insert((case.as_str(), clause.as_str()));
                }
                self.never_failed.push(NeverFailed { case: case.clone(), clause: clause.clone(), why });
            }
        }
        // Of the cases that were asked.
        let asked =
            justified::NEVER_FAILED.iter().filter(|(case, ..)| matrix.expectations.contains_key(*case));
        let stale = asked
            .filter(|(case, clause, why)| *why != justified::SELDOM && !excused.contains(&(*case, *clause)));
        self.failed_after_all = stale.map(|(case, clause, _)| ((*case).into(), (*clause).into())).collect();
    }

    /// What is not as it should be, one line each; nothing if all is.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = self.amiss.clone();
        for mutant in &self.mutants {
            let why = match mutant.first.as_deref() {
                None => "nothing kills it".to_owned(),
                Some(first) if !mutant.by_its_clause => {
                    format!("killed, but not by {}: first by {first}", mutant.clause)
                }
                Some(_) => continue,
            };
            faults.push(format!("mutant {}: {why}", mutant.mutant));
        }
        let unexcused = self.never_failed.iter().filter(|n| n.why.is_none());
        faults.extend(unexcused.map(|n| format!("{} was never seen to fail in {}", n.clause, n.case)));
        let stale = self.failed_after_all.iter();
        faults.extend(stale.map(|(case, clause)| format!("{clause} in {case} needs no excuse any more")));
        let unexcused = self.alike.iter().filter(|a| a.why.is_none());
        faults.extend(unexcused.map(|a| format!("the same mutants fail {}", a.cases.join(", "))));
        faults
    }
}

fn of_mutant(matrix: &Matrix, mutant: &'static Mutant) -> OfMutant {
    let row = &matrix.rows[mutant.name];
    let own = row.get(mutant.clause.id);
    // A leak is not the failure of an expectation, and names no clause.
    let by_its_clause = own.is_some() || row.contains_key(LEAK);
    let first = own.or(row.values().next()).and_then(|cases| cases.iter().next());
    OfMutant {
        mutant: mutant.name,
        breaks: mutant.breaks,
        origin: mutant.origin.to_string(),
        clause: mutant.clause.id,
        cases: killers(row).len(),
        trials: kill_count(row),
        by_its_clause,
        share: matrix.share(row),
        counts: matrix.counts(row),
        first: first.map(|(case, calls)| {
            let call = calls.split([' ', ':']).next().unwrap_or_default();
            format!("{case}@{call}")
        }),
        model: matrix.model.get(mutant.name).copied(),
    }
}

/// Groups of cases that exactly the same mutants fail.
fn alike(matrix: &Matrix) -> Vec<Alike> {
    let mut columns: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (mutant, row) in matrix.rows.iter().filter(|(_, row)| matrix.counts(row)) {
        for case in killers(row) {
            columns.entry(case).or_default().insert(mutant);
        }
    }
    let mut groups: BTreeMap<&BTreeSet<&str>, Vec<String>> = BTreeMap::new();
    for (case, column) in &columns {
        groups.entry(column).or_default().push((*case).to_owned());
    }
    let several = groups.into_values().filter(|cases| cases.len() > 1);
    several.map(|cases| Alike { why: justified::alike(&cases), cases }).collect()
}
