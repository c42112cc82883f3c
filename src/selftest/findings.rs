//! Conclusions from a [`Matrix`] about the mutants, the expectations and the cases.

use super::justified;
use super::matrix::{LEAK, Matrix, kill_count, killers};
use crate::mutants::{Mutant, mutants};
use crate::sorted::{Map, Set};
use serde::Serialize;

/// The conclusions from a matrix.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Findings {
    /// One entry per mutant, in table order.
    pub mutants: Vec<OfMutant>,
    /// Expectations failed by no mutant that counts.
    pub never_failed: Vec<NeverFailed>,
    /// Expectations listed as never failing that did fail, or that do not exist.
    pub failed_after_all: Vec<(String, String)>,
    /// Groups of cases failed by exactly the same mutants.
    pub alike: Vec<Alike>,
    /// Number of clauses that some mutant fails.
    pub clauses: usize,
    /// Failures of the unbroken subjects or of the test harness: trial and verdict.
    pub amiss: Vec<String>,
    /// Mutants of which no trial could be run.
    pub unoffered: Vec<&'static str>,
}

/// The result for one mutant.
#[derive(Debug, Clone, Serialize)]
pub struct OfMutant {
    /// Its name.
    pub mutant: &'static str,
    /// What it breaks.
    pub breaks: &'static str,
    /// Where the idea comes from.
    pub origin: String,
    /// The clause that it is meant to fail.
    pub clause: &'static str,
    /// Number of cases that kill it.
    pub cases: usize,
    /// Number of trials that kill it.
    pub trials: usize,
    /// Whether that clause is among the failing ones.
    pub by_its_clause: bool,
    /// Percentage of all cases that kill it.
    pub share: usize,
    /// Whether it counts: at most a quarter of all cases kill it.
    pub counts: bool,
    /// The first case that kills it, preferably by that clause.
    pub first: Option<String>,
    /// Whether the model was run on it, and the number of operations after which it caught it.
    pub model: Option<Option<u64>>,
}

impl OfMutant {
    /// Whether it is killed by the clause that it is meant to fail.
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
    /// Why this is accepted, if it is.
    pub why: Option<&'static str>,
}

/// A group of cases failed by exactly the same mutants.
#[derive(Debug, Clone, Serialize)]
pub struct Alike {
    /// The cases.
    pub cases: Vec<String>,
    /// Why all of them are kept, if there is a reason.
    pub why: Option<&'static str>,
}

impl Findings {
    /// Evaluates a matrix. `all`: whether all mutants were run; otherwise expectations cannot be judged.
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
        let failed: Set<(&str, &str)> = counting.map(|kill| (kill.case, kill.clause)).collect();
        let mut excused = Set::new();
        for (case, clauses) in &matrix.expectations {
            for clause in clauses.iter().filter(|clause| !failed.contains(&(case, clause))) {
                let why = justified::never_failed(case, clause);
                if why.is_some() {
                    excused.insert((case.as_str(), clause.as_str()));
                }
                self.never_failed.push(NeverFailed { case: case.clone(), clause: clause.clone(), why });
            }
        }
        // Only cases that were run.
        let listed =
            justified::NEVER_FAILED.iter().filter(|(case, ..)| matrix.expectations.contains_key(*case));
        let stale = listed
            .filter(|(case, clause, why)| *why != justified::RACY && !excused.contains(&(*case, *clause)));
        self.failed_after_all = stale.map(|(case, clause, _)| ((*case).into(), (*clause).into())).collect();
    }

    /// What needs attention, one line each; empty if nothing does.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = self.amiss.clone();
        for mutant in &self.mutants {
            let why = match mutant.first.as_deref() {
                None => "no case kills it".to_owned(),
                Some(first) if !mutant.by_its_clause => {
                    format!("not killed by {}, first killed by {first}", mutant.clause)
                }
                Some(_) => continue,
            };
            faults.push(format!("mutant {}: {why}", mutant.mutant));
        }
        let unexcused = self.never_failed.iter().filter(|n| n.why.is_none());
        faults.extend(unexcused.map(|n| format!("no mutant fails {} in {}", n.clause, n.case)));
        let stale = self.failed_after_all.iter();
        faults
            .extend(stale.map(|(case, clause)| format!("{clause} in {case} no longer needs its exception")));
        let unexcused = self.alike.iter().filter(|a| a.why.is_none());
        faults
            .extend(unexcused.map(|a| format!("failed by exactly the same mutants: {}", a.cases.join(", "))));
        faults
    }
}

fn of_mutant(matrix: &Matrix, mutant: &'static Mutant) -> OfMutant {
    let row = &matrix.rows[mutant.name];
    let own = row.get(mutant.clause.id);
    // A leak fails no expectation, and so no clause.
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

/// Groups of cases failed by exactly the same mutants.
fn alike(matrix: &Matrix) -> Vec<Alike> {
    let mut columns: Map<&str, Set<&str>> = Map::new();
    for (mutant, row) in matrix.rows.iter().filter(|(_, row)| matrix.counts(row)) {
        for case in killers(row) {
            columns.entry(case).or_default().insert(mutant);
        }
    }
    let mut groups: Map<&Set<&str>, Vec<String>> = Map::new();
    for (case, column) in &columns {
        groups.entry(column).or_default().push((*case).to_owned());
    }
    let groups = groups.into_values().filter(|cases| cases.len() > 1);
    groups.map(|cases| Alike { why: justified::alike(&cases), cases }).collect()
}
