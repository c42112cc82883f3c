//! The rows of cases: the worst trial of each subject, and remarks on it.

use super::column::{Column, place};
use super::mark::Mark;
use super::source::{Lookup, Source, in_order};
use super::text;
use crate::report::machine::record::TrialRecord;
use crate::sorted::{Map, Set, sort_by, sort_by_key};
use crate::spec::{self, Level};

/// A case and its result for every subject.
#[derive(Debug)]
pub struct CaseRow {
    /// `theme.what`.
    pub id: String,
    /// Its anchor: the id, unless a case of another interface has the same one.
    pub anchor: String,
    /// Its title; empty for a case of another release.
    pub title: &'static str,
    /// The interface of the subjects that ran it.
    pub interface: String,
    /// The clauses that it cites, or that its trials checked.
    pub clauses: Vec<String>,
    /// A result for each column.
    pub marks: Vec<Mark>,
    /// For each column, how many of its trials have that result, and how many there are.
    pub shares: Vec<(usize, usize)>,
    /// For each column, whether it has not been confirmed by a run.
    pub unverified: Vec<bool>,
    /// Remarks on trials that did not simply pass; equal ones are merged.
    pub remarks: Vec<Remark>,
    /// Whether subjects differ here, or fail.
    pub differs: bool,
}

/// A remark shared by trials of one or more subjects.
#[derive(Debug)]
pub struct Remark {
    /// Their result.
    pub mark: Mark,
    /// In one line: what was expected and what was observed, or the reason.
    pub gist: String,
    /// The violated clause.
    pub clause: Option<String>,
    /// The text of the first failure.
    pub text: String,
    /// Why it has not been confirmed by a run.
    pub unverified: String,
    /// The trials it applies to, by subject.
    pub members: Vec<Member>,
    /// The line without numbers of at least two digits, and without those of at least three.
    plain: [String; 2],
}

/// The trials of one subject that a remark is about.
#[derive(Debug)]
pub struct Member {
    /// The index of the subject.
    pub column: usize,
    /// Their ids: `case@call`.
    pub ids: Vec<String>,
    /// The command that reproduces the first; empty unless it failed.
    pub reproduce: String,
}

impl CaseRow {
    /// The part of the id before the dot.
    pub fn theme(&self) -> &str {
        self.id.split('.').next().unwrap_or(&self.id)
    }

    /// The books of its clauses, each once.
    pub fn books(&self) -> Set<&str> {
        self.clauses.iter().filter_map(|id| id.split('/').next()).collect()
    }

    /// Whether one of its clauses is a MUST.
    pub fn is_must(&self) -> bool {
        let mut levels = self.clauses.iter().map(|id| spec::clause(id).map(|c| c.level));
        levels.any(|level| level.is_none_or(|level| level == Level::Must))
    }
}

/// The rows of all reports, by interface and theme, those that differ first.
pub fn rows(sources: &[Source], columns: &[Column], lookup: Lookup) -> Vec<CaseRow> {
    let mut rows: Map<(String, String), CaseRow> = Map::new();
    for (source, Source { report, .. }) in sources.iter().enumerate() {
        for trial in in_order(report) {
            let Some(column) = place(columns, source, &trial.subject) else { continue };
            let case = trial.id.split('@').next().unwrap_or(&trial.id);
            let interface = &columns[column].subject.interface;
            let row = rows
                .entry((interface.clone(), case.to_owned()))
                .or_insert_with(|| row(case, interface, columns.len(), lookup));
            add(row, column, trial, !columns[column].subject.unverified.is_empty());
        }
    }
    let mut rows: Vec<CaseRow> = rows.into_values().collect();
    for row in &mut rows {
        row.differs = Mark::differ(&row.marks) || columns.len() == 1 && row.marks[0] == Mark::Warn;
        sort_by_key(&mut row.remarks, |remark| (std::cmp::Reverse(remark.mark), remark.members[0].column));
    }
    sort_by(&mut rows, |a, b| {
        let key = |row: &CaseRow| (row.interface.clone(), row.theme().to_owned(), !row.differs);
        key(a).cmp(&key(b))
    });
    let mut taken = Set::new();
    for row in &mut rows {
        if !taken.insert(row.id.clone()) {
            row.anchor = format!("{}:{}", row.interface, row.id);
        }
    }
    rows
}

fn row(id: &str, interface: &str, columns: usize, lookup: Lookup) -> CaseRow {
    let facts = lookup(id);
    CaseRow {
        id: id.to_owned(),
        anchor: id.to_owned(),
        title: facts.as_ref().map_or("", |facts| facts.title),
        interface: interface.to_owned(),
        clauses: facts.iter().flat_map(|f| &f.clauses).map(|id| (*id).to_owned()).collect(),
        marks: vec![Mark::Absent; columns],
        shares: vec![(0, 0); columns],
        unverified: vec![false; columns],
        remarks: Vec::new(),
        differs: false,
    }
}

fn add(row: &mut CaseRow, column: usize, trial: &TrialRecord, unverified: bool) {
    let mark = Mark::of(trial);
    let (same, all) = &mut row.shares[column];
    *all += 1;
    match mark.cmp(&row.marks[column]) {
        std::cmp::Ordering::Greater => {
            row.marks[column] = mark;
            *same = 1;
        }
        std::cmp::Ordering::Equal => *same += 1,
        std::cmp::Ordering::Less => {}
    }
    row.unverified[column] |= unverified || !trial.unverified.is_empty();
    for clause in &trial.clauses {
        if !row.clauses.contains(&clause.id) {
            row.clauses.push(clause.id.clone());
        }
    }
    if mark.is_bad() || matches!(mark, Mark::Deviates | Mark::Skip) {
        remark(row, column, trial, mark);
    }
    for warning in &trial.warnings {
        let text = format!("expected {}, got {}", warning.expected, warning.got);
        note(row, column, trial, Mark::Warn, text, Some(warning.clause.clone()));
    }
}

fn remark(row: &mut CaseRow, column: usize, trial: &TrialRecord, mark: Mark) {
    let gist = match (&trial.expected, &trial.got) {
        (Some(expected), Some(got)) => match &trial.reason {
            Some(source) if mark == Mark::Deviates => format!("expected {expected}, got {got}: {source}"),
            _ => format!("expected {expected}, got {got}"),
        },
        _ => trial.reason.clone().unwrap_or_default(),
    };
    note(row, column, trial, mark, gist, trial.failed_clause.clone());
}

/// Adds a trial to an equal remark, or as a new one.
fn note(
    row: &mut CaseRow,
    column: usize,
    trial: &TrialRecord,
    mark: Mark,
    gist: String,
    clause: Option<String>,
) {
    let plain = [2, 3].map(|digits| without_numbers(&gist, digits));
    let same = |r: &Remark| {
        // The calls of one subject differ only in pids and counts; between two subjects, pids are sure to differ.
        let digits = usize::from(r.members.iter().all(|member| member.column != column));
        r.mark == mark
            && r.plain[digits] == plain[digits]
            && r.clause == clause
            && r.unverified == trial.unverified
    };
    let at = row.remarks.iter().position(same).unwrap_or_else(|| {
        let text = if mark.is_bad() { text::text(trial) } else { String::new() };
        let unverified = trial.unverified.clone();
        row.remarks.push(Remark { mark, gist, clause, text, unverified, members: Vec::new(), plain });
        row.remarks.len() - 1
    });
    let members = &mut row.remarks[at].members;
    match members.iter_mut().find(|member| member.column == column) {
        Some(member) if member.ids.contains(&trial.id) => {}
        Some(member) => member.ids.push(trial.id.clone()),
        None => {
            let reproduce = if mark.is_bad() { text::reproducer(trial) } else { String::new() };
            members.push(Member { column, ids: vec![trial.id.clone()], reproduce });
        }
    }
}

/// The text with each decimal number of at least `digits` digits replaced by `#`.
fn without_numbers(text: &str, digits: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
        let (before, word) = rest.split_at(at);
        let (word, after) =
            word.split_at(word.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(word.len()));
        let is_number = word.len() >= digits && word.bytes().all(|b| b.is_ascii_digit());
        out.extend([before, if is_number { "#" } else { word }]);
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::matrix::sample;

    #[test]
    fn the_worst_trial_is_shown_and_those_that_differ_come_first() {
        let matrix = sample::matrix();
        let ids: Vec<_> = matrix.cases.iter().map(|row| (row.id.as_str(), row.differs)).collect();
        assert_eq!(ids, [("exit.code", false), ("info.uid", false), ("nohang.running-child", true)]);
        let row = &matrix.cases[2];
        assert_eq!(row.marks, [Mark::Pass, Mark::Fail]);
        assert_eq!(row.shares, [(2, 2), (1, 2)]);
        assert_eq!(row.title, "WNOHANG returns 0 while the only child still runs");
        let [remark] = row.remarks.as_slice() else { panic!("{:?}", row.remarks) };
        assert_eq!(remark.gist, "expected 0, got -1 ECHILD");
        assert_eq!(remark.members[0].ids, ["nohang.running-child@wait4"]);
        assert!(remark.members[0].reproduce.starts_with("waitspec run nohang.running-child@wait4 "));
        assert!(remark.text.contains("\n  expected  0\n"), "{}", remark.text);
        assert_eq!(matrix.cases[1].unverified, [false, true]);
    }

    #[test]
    fn the_order_in_which_trials_finished_does_not_matter() {
        let mut sources = sample::sources();
        let before = format!("{:?}", rows(&sources, &super::super::column::columns(&sources), sample::facts));
        sources.iter_mut().for_each(|source| source.report.trials.reverse());
        let after = format!("{:?}", rows(&sources, &super::super::column::columns(&sources), sample::facts));
        assert_eq!(before, after);
    }

    #[test]
    fn pids_are_no_difference() {
        let text = "got 4711, status 0x0700 (exited 7), si_pid 12, ru_nvcsw2 100";
        assert_eq!(without_numbers(text, 3), "got #, status 0x0700 (exited 7), si_pid 12, ru_nvcsw2 #");
        assert_eq!(without_numbers("si_pid 12.", 2), "si_pid #.");
        assert_eq!(without_numbers("", 2), "");
    }

    #[test]
    fn trials_that_say_the_same_are_one_remark() {
        let mut sources = sample::sources();
        let failure = sources[1].report.trials[0].clone();
        for (id, subject, got) in [
            ("nohang.running-child@wait3", "right", "-1 ECHILD"),
            ("nohang.running-child@wait3", "wrong <b>", "7"),
        ] {
            let source = usize::from(subject != "right");
            let mut trial = failure.clone();
            (trial.id, trial.subject, trial.got) = (id.to_owned(), subject.to_owned(), Some(got.to_owned()));
            sources[source].report.trials.push(trial);
        }
        let matrix = super::super::Matrix::of(&sources, sample::facts);
        let remarks = &matrix.cases[2].remarks;
        assert_eq!(remarks.len(), 2);
        assert_eq!(remarks[0].members.iter().map(|m| m.column).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(remarks[1].gist, "expected 0, got 7");
    }
}
