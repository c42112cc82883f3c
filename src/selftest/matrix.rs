//! Which trials kill which mutant, and by which clause; stored as a file.

use super::wanted::Wanted;
use crate::catalogue;
use crate::mutants::mutants;
use crate::runner::event::{ClauseOutcome, TrialReport, Verdict};
use crate::sorted::{Map, Set, sort, sort_by_key};
use crate::spec::Level;
use crate::trial::Variant;
use serde::{Deserialize, Serialize};

/// The matrix of this version: `fixtures/kill-matrix.json`.
const COMMITTED: &str = include_str!("../../fixtures/kill-matrix.json");

/// Stands in for the clause if a mutant is killed by a leaked process, which fails no clause.
pub const LEAK: &str = "leak";

/// Which trials kill which mutant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matrix {
    /// The system on which it was recorded.
    pub system: String,
    /// The expectations that pass on the unbroken subjects: the clauses of each case.
    pub expectations: Map<String, Set<String>>,
    /// Rows by mutant name.
    pub rows: Map<String, Row>,
    /// The number of operations after which the model caught a mutant; `None` if not within its budget.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub model: Map<String, Option<u64>>,
}

/// What kills one mutant: calls by clause and case. A call that kills it other than by a failed expectation
/// is written as `wait4:hang`, `wait4:crash` or `wait4:leak`.
pub type Row = Map<String, Map<String, String>>;

/// A trial that kills a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kill<'m> {
    /// The mutant.
    pub mutant: &'m str,
    /// The clause that fails.
    pub clause: &'m str,
    /// The case.
    pub case: &'m str,
    /// What it is run with.
    pub variant: Variant,
    /// Whether the trial has to prove a hang.
    pub slow: bool,
}

impl Kill<'_> {
    /// What orders kills by the time that they take.
    fn cost(&self, burning: &Set<&str>) -> (bool, bool) {
        (self.slow, burning.contains(self.case))
    }
}

/// The cases that burn CPU time.
fn burning() -> Set<&'static str> {
    catalogue::cases().filter(|case| case.needs.burns).map(|case| case.id).collect()
}

fn kills_of<'m>(mutant: &'m str, row: &'m Row) -> impl Iterator<Item = Kill<'m>> {
    row.iter().flat_map(move |(clause, cases)| {
        cases.iter().flat_map(move |(case, calls)| {
            calls.split(' ').filter_map(move |word| {
                let (call, how) = word.split_once(':').unwrap_or((word, "fail"));
                let variant = Variant::from_name(call)?;
                Some(Kill { mutant, clause, case, variant, slow: how == "hang" })
            })
        })
    })
}

/// What a trial fails: clauses, [`LEAK`] if something else is wrong, nothing if nothing is.
pub fn failed_clauses(report: &TrialReport) -> Vec<&'static str> {
    let failed = report.clauses.iter().filter(|(_, o)| *o == ClauseOutcome::Fail);
    let failed: Vec<_> = failed.map(|(clause, _)| clause.id).collect();
    match report.verdict.is_bad() {
        false => Vec::new(),
        true if failed.is_empty() => vec![LEAK],
        true => failed,
    }
}

/// The cases that kill a mutant.
pub fn killers(row: &Row) -> Set<&str> {
    row.values().flat_map(|cases| cases.keys().map(String::as_str)).collect()
}

/// The number of trials that kill a mutant.
pub fn kill_count(row: &Row) -> usize {
    row.values().flat_map(Map::values).map(|calls| calls.split(' ').count()).sum()
}

impl Matrix {
    /// The matrix of this version.
    ///
    /// # Errors
    /// If the file does not have the format of this version.
    pub fn committed() -> Result<Matrix, String> {
        serde_json::from_slice(COMMITTED.as_bytes()).map_err(|e| format!("fixtures/kill-matrix.json: {e}"))
    }

    /// The percentage of all cases that kill a mutant.
    pub fn share(&self, row: &Row) -> usize {
        (killers(row).len() * 100).checked_div(self.expectations.len()).unwrap_or(0)
    }

    /// Whether a mutant counts as evidence for the cases that kill it: at most a quarter of all cases do.
    pub fn counts(&self, row: &Row) -> bool {
        killers(row).len() * 4 <= self.expectations.len()
    }

    /// Merges new results for some mutants or some cases.
    pub fn update(&mut self, newer: Matrix, cases: &Set<&str>) {
        self.system = newer.system;
        for (mutant, row) in newer.rows {
            let old = self.rows.entry(mutant).or_default();
            for clauses in old.values_mut() {
                clauses.retain(|case, _| !cases.contains(case.as_str()));
            }
            for (clause, cases) in row {
                old.entry(clause).or_default().extend(cases);
            }
            old.retain(|_, cases| !cases.is_empty());
        }
        self.model.extend(newer.model);
        self.model.retain(|name, _| mutants().any(|known| known.name == name));
        self.expectations.retain(|case, _| !cases.contains(case.as_str()));
        self.expectations.extend(newer.expectations);
        self.rows.retain(|name, _| mutants().any(|known| known.name == name));
        self.expectations.retain(|id, _| catalogue::cases().any(|known| known.id == id));
    }

    /// The file: JSON with one line per case and per mutant.
    pub fn text(&self) -> String {
        fn lines<T: Serialize>(map: &Map<String, T>) -> String {
            let json = |value: &T| serde_json::to_string(value).unwrap_or_default();
            let lines: Vec<String> =
                map.iter().map(|(key, value)| format!("\"{key}\":{}", json(value))).collect();
            lines.join(",\n")
        }
        let system = serde_json::to_string(&self.system).unwrap_or_default();
        let (expectations, rows) = (lines(&self.expectations), lines(&self.rows));
        let model = serde_json::to_string(&self.model).unwrap_or_default();
        format!(
            "{{\"system\":{system},\n\"expectations\":{{\n{expectations}\n}},\n\"rows\":{{\n{rows}\n}},\n\"model\":{model}}}\n"
        )
    }

    /// Adds a finished trial on a mutant.
    pub fn add(&mut self, mutant: &str, wanted: &Wanted, report: &TrialReport) {
        // A mutant whose trials are all skipped has no row: nothing is known of it.
        if matches!(report.verdict, Verdict::Skip(_)) {
            return;
        }
        let row = self.rows.entry(mutant.to_owned()).or_default();
        let mut call = wanted.variant.name().to_owned();
        if report.verdict != Verdict::Fail {
            call = format!("{call}:{}", report.verdict.name());
        }
        for clause in failed_clauses(report) {
            let calls = row.entry(clause.to_owned()).or_default().entry(wanted.case.id.to_owned());
            calls.and_modify(|calls| *calls = format!("{calls} {call}")).or_insert_with(|| call.clone());
        }
    }

    /// Adds a finished trial on an unbroken subject.
    pub fn add_unbroken(&mut self, wanted: &Wanted, report: &TrialReport) {
        // Implementation-defined clauses are recorded and cannot fail.
        let judged = report.clauses.iter().filter(|(c, _)| c.level != Level::Implementation);
        let passed = judged.filter(|(_, o)| *o == ClauseOutcome::Pass).map(|(c, _)| c.id.to_owned());
        let mut passed = passed.peekable();
        if passed.peek().is_some() {
            self.expectations.entry(wanted.case.id.to_owned()).or_default().extend(passed);
        }
    }

    /// Sorts the calls, since trials finish in any order.
    pub fn sort(&mut self) {
        for calls in self.rows.values_mut().flat_map(Map::values_mut).flat_map(Map::values_mut) {
            let mut words: Vec<&str> = calls.split(' ').collect();
            sort(&mut words);
            *calls = words.join(" ");
        }
    }

    /// All kills, ordered by mutant, clause and case.
    pub fn kills(&self) -> impl Iterator<Item = Kill<'_>> {
        self.rows.iter().flat_map(|(mutant, row)| kills_of(mutant, row))
    }

    /// The clauses failed by some mutant that counts.
    pub fn clauses(&self) -> Set<&str> {
        let counting = self.rows.values().filter(|row| self.counts(row));
        counting.flat_map(Map::keys).map(String::as_str).filter(|c| *c != LEAK).collect()
    }

    /// What kills a mutant, fast trials first.
    pub fn quickest_kills<'m>(&'m self, mutant: &str) -> Vec<Kill<'m>> {
        let (row, burning) = (self.rows.get_key_value(mutant), burning());
        let mut kills: Vec<Kill<'m>> =
            row.into_iter().flat_map(|(mutant, row)| kills_of(mutant, row)).collect();
        sort_by_key(&mut kills, |kill| kill.cost(&burning));
        kills
    }

    /// A small set of kills that kills every mutant, preferably by the clause that it is meant to fail, and fails every
    /// expectation that any kill fails. Fast trials are preferred.
    pub fn cover(&self) -> Vec<Kill<'_>> {
        let (mut kills, burning): (Vec<Kill<'_>>, _) = (self.kills().collect(), burning());
        sort_by_key(&mut kills, |kill| kill.cost(&burning));
        let mut chosen: Vec<Kill<'_>> = Vec::new();
        for mutant in mutants() {
            let of = |kill: &&Kill<'_>| kill.mutant == mutant.name;
            let preferred = kills.iter().filter(of).find(|kill| kill.clause == mutant.clause.id);
            chosen.extend(preferred.or_else(|| kills.iter().find(of)));
        }
        let counting: Set<&str> =
            self.rows.iter().filter(|(_, row)| self.counts(row)).map(|(mutant, _)| mutant.as_str()).collect();
        let counts = |kill: &&Kill<'_>| counting.contains(kill.mutant);
        let mut failed: Set<(&str, &str)> =
            chosen.iter().filter(|kill| counts(kill)).map(|k| (k.case, k.clause)).collect();
        for kill in kills.iter().filter(counts) {
            if failed.insert((kill.case, kill.clause)) {
                chosen.push(*kill);
            }
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Matrix {
        let text = r#"{"system":"Linux x86_64","expectations":{"a.b":["posix/x/y"],"c.d":["posix/x/y"]},"rows":{
            "m":{"posix/x/y":{"a.b":"wait wait4:hang"}}}}"#;
        serde_json::from_str(text).expect("a matrix")
    }

    #[test]
    fn a_matrix_survives_a_round_trip() {
        assert_eq!(serde_json::from_str::<Matrix>(&sample().text()).expect("a matrix"), sample());
    }

    #[test]
    fn kills_are_listed_one_by_one() {
        let matrix = sample();
        let kills: Vec<_> = matrix.kills().map(|k| (k.mutant, k.case, k.variant.name(), k.slow)).collect();
        assert_eq!(kills, [("m", "a.b", "wait", false), ("m", "a.b", "wait4", true)]);
    }

    #[test]
    fn a_mutant_that_half_of_the_cases_kill_does_not_count() {
        let matrix = sample();
        let row = &matrix.rows["m"];
        assert_eq!((matrix.share(row), matrix.counts(row)), (50, false));
    }
}
