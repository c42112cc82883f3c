//! The choices of implementations where they are free to choose, side by side.

use super::column::{Column, place};
use super::source::{Source, in_order};
use crate::sorted::{Map, sort_by_key};

/// A value that a case records.
#[derive(Debug)]
pub struct ValueRow {
    /// The case.
    pub case: String,
    /// What is recorded.
    pub name: String,
    /// What each column chose; empty if nothing was recorded. If the calls differ, each value with its calls.
    pub values: Vec<String>,
    /// Whether subjects chose differently.
    pub differs: bool,
}

/// The recorded values of all reports, those that differ first, then by case.
pub fn rows(sources: &[Source], columns: &[Column]) -> Vec<ValueRow> {
    // For each case and name, and each column: the values, each with the calls that produced it.
    type Chosen = Map<usize, Vec<(String, Vec<String>)>>;
    let mut all: Map<(String, String), Chosen> = Map::new();
    for (source, Source { report, .. }) in sources.iter().enumerate() {
        for trial in in_order(report) {
            let Some(column) = place(columns, source, &trial.subject) else { continue };
            let (case, call) = trial.id.split_once('@').unwrap_or((&trial.id, ""));
            for (name, value) in &trial.recorded {
                let key = (case.to_owned(), name.clone());
                let chosen = all.entry(key).or_default().entry(column).or_default();
                match chosen.iter_mut().find(|(known, _)| known == value) {
                    Some((_, calls)) => calls.push(call.to_owned()),
                    None => chosen.push((value.clone(), vec![call.to_owned()])),
                }
            }
        }
    }
    let mut rows: Vec<ValueRow> = all
        .into_iter()
        .map(|((case, name), chosen)| {
            let value = |column: usize| chosen.get(&column).map(|c| said(c)).unwrap_or_default();
            let values: Vec<String> = (0..columns.len()).map(value).collect();
            let mut given = values.iter().filter(|value| !value.is_empty());
            let first = given.next();
            let differs = given.any(|value| Some(value) != first);
            ValueRow { case, name, values, differs }
        })
        .collect();
    sort_by_key(&mut rows, |row| !row.differs);
    rows
}

fn said(chosen: &[(String, Vec<String>)]) -> String {
    match chosen {
        [(value, _)] => value.clone(),
        several => {
            let parts = several.iter().map(|(value, calls)| {
                let mut calls = calls.clone();
                calls.dedup();
                format!("{value} ({})", calls.join(", "))
            });
            parts.collect::<Vec<_>>().join("; ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::matrix::sample;

    #[test]
    fn values_stand_side_by_side() {
        let matrix = sample::matrix();
        let [row] = matrix.values.as_slice() else { panic!("{:?}", matrix.values) };
        assert_eq!((row.case.as_str(), row.name.as_str()), ("info.uid", "si_uid"));
        assert_eq!(row.values, ["real", "effective"]);
        assert!(row.differs);
    }

    #[test]
    fn calls_that_choose_differently_are_named() {
        let one = |value: &str, call: &str| (value.to_owned(), vec![call.to_owned()]);
        assert_eq!(said(&[one("0", "wait4"), one("1", "waitid")]), "0 (wait4); 1 (waitid)");
        assert_eq!(said(&[one("0", "wait4")]), "0");
    }
}
