//! The columns of a matrix: the subjects of all reports, each under a unique name.

use super::source::Source;
use crate::report::machine::record::{RunRecord, SubjectRecord};
use crate::sorted::{Map, Set};

/// A subject of one report.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its unique label.
    pub label: String,
    /// The name in links.
    pub slug: String,
    /// The report that it comes from.
    pub source: usize,
    /// What the report says about it.
    pub subject: SubjectRecord,
    /// The system of the run, such as `Linux 6.18.44 x86_64`.
    pub system: String,
    /// The number of trials with each verdict.
    pub counts: Map<String, usize>,
}

impl Column {
    /// The number of trials with a verdict.
    pub fn count(&self, verdict: &str) -> usize {
        self.counts.get(verdict).copied().unwrap_or(0)
    }

    /// The number of trials that count against it.
    pub fn bad(&self) -> usize {
        ["fail", "hang", "crash", "leak", "xpass"].iter().map(|verdict| self.count(verdict)).sum()
    }

    /// The counts that are not 0, in the order of summaries.
    pub fn totals(&self) -> Vec<(&'static str, usize)> {
        let names = crate::runner::event::Verdict::NAMES.into_iter();
        names.map(|name| (name, self.count(name))).filter(|(_, n)| *n > 0).collect()
    }
}

/// The subjects of all reports, in the order of the reports.
pub fn columns(sources: &[Source]) -> Vec<Column> {
    let mut columns = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let run = &source.report.run;
        for subject in subjects(source) {
            let mut counts = Map::new();
            for trial in source.report.trials.iter().filter(|t| t.subject == subject.subject) {
                *counts.entry(trial.verdict.clone()).or_insert(0) += 1;
            }
            columns.push(Column {
                label: plain_label(&subject),
                slug: String::new(),
                source: index,
                system: words(&[&run.os, &run.kernel, &run.machine]),
                subject,
                counts,
            });
        }
    }
    tell_apart(&mut columns, sources);
    name_links(&mut columns);
    columns
}

/// The index of the column of a trial's subject.
pub fn place(columns: &[Column], source: usize, subject: &str) -> Option<usize> {
    columns.iter().position(|c| c.source == source && c.subject.subject == subject)
}

/// The subjects in the header, and those named only by trials.
fn subjects(source: &Source) -> Vec<SubjectRecord> {
    let mut subjects = source.report.run.subjects.clone();
    for trial in &source.report.trials {
        if !subjects.iter().any(|s| s.subject == trial.subject) {
            subjects.push(SubjectRecord { subject: trial.subject.clone(), ..SubjectRecord::default() });
        }
    }
    for subject in &mut subjects {
        if subject.interface.is_empty() {
            "calls".clone_into(&mut subject.interface);
        }
    }
    subjects
}

/// The name that its maintainer uses for it; for a built-in subject the name on the command line.
fn plain_label(subject: &SubjectRecord) -> String {
    let is_command = subject.subject.split_once(':').is_some_and(|(sort, _)| sort != "mutant");
    if is_command && !subject.name.is_empty() {
        words(&[&subject.name, &subject.version])
    } else {
        subject.subject.clone()
    }
}

/// Adds to labels shared by several columns whatever tells these columns apart.
fn tell_apart(columns: &mut [Column], sources: &[Source]) {
    let mut by_label: Map<String, Vec<usize>> = Map::new();
    for (index, column) in columns.iter().enumerate() {
        by_label.entry(column.label.clone()).or_default().push(index);
    }
    for alike in by_label.into_values().filter(|alike| alike.len() > 1) {
        let facts: [&dyn Fn(&Column) -> String; 6] = [
            &|c| c.subject.version.clone(),
            &|c| kernel(&sources[c.source].report.run),
            &|c| c.subject.libc.clone(),
            &|c| c.subject.arch.clone(),
            &|c| c.subject.subject.clone(),
            &|c| stem(&sources[c.source].name),
        ];
        let tells = facts.iter().find(|fact| {
            let said: Set<String> = alike.iter().map(|i| fact(&columns[*i])).collect();
            said.len() == alike.len() && said.iter().all(|s| !s.is_empty())
        });
        for (number, index) in alike.into_iter().enumerate() {
            let fact = match tells {
                Some(fact) => fact(&columns[index]),
                None => format!("{} {}", stem(&sources[columns[index].source].name), number + 1),
            };
            columns[index].label = format!("{} ({fact})", columns[index].label);
        }
    }
}

/// The kernel of a run without its local version suffix.
fn kernel(run: &RunRecord) -> String {
    words(&[&run.os, &run.kernel])
}

/// A file's name without its directories and its extension.
fn stem(name: &str) -> String {
    let name = name.rsplit('/').next().unwrap_or(name);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}

fn name_links(columns: &mut [Column]) {
    let mut taken = Set::new();
    for column in columns {
        let plain: String = column
            .label
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
            .collect();
        let plain = plain.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
        let names = std::iter::once(plain.clone()).chain((2..).map(|n| format!("{plain}-{n}")));
        column.slug = names.into_iter().find(|name| taken.insert(name.clone())).unwrap_or(plain);
    }
}

/// The non-empty parts, joined by spaces.
pub fn words(parts: &[&str]) -> String {
    parts.iter().copied().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::machine::read::Report;

    fn source(name: &str, kernel: &str, subjects: &[(&str, &str, &str)]) -> Source {
        let subjects = subjects.iter().map(|(subject, name, version)| SubjectRecord {
            subject: (*subject).to_owned(),
            name: (*name).to_owned(),
            version: (*version).to_owned(),
            ..SubjectRecord::default()
        });
        let run = RunRecord {
            os: "Linux".to_owned(),
            kernel: kernel.to_owned(),
            subjects: subjects.collect(),
            ..RunRecord::default()
        };
        Source { name: name.to_owned(), report: Report { run, trials: Vec::new(), summary: None } }
    }

    fn labels(sources: &[Source]) -> Vec<(String, String)> {
        columns(sources).into_iter().map(|c| (c.label, c.slug)).collect()
    }

    #[test]
    fn a_program_is_called_by_its_own_name() {
        let one = source("a.jsonl", "6.1", &[("libc", "libc", "glibc 2.36"), ("agent:./x y", "bun", "1.2")]);
        assert_eq!(
            labels(&[one]),
            [("libc", "libc"), ("bun 1.2", "bun-1-2")].map(|(l, s)| (l.to_owned(), s.to_owned()))
        );
    }

    #[test]
    fn columns_of_one_name_are_told_apart_by_what_differs() {
        let old = source("old.jsonl", "6.1", &[("libc", "libc", "glibc 2.36")]);
        let new = source("new.jsonl", "6.18", &[("libc", "libc", "glibc 2.36")]);
        let two = labels(&[old.clone(), new]);
        assert_eq!(two[0].0, "libc (Linux 6.1)");
        assert_eq!(two[1], ("libc (Linux 6.18)".to_owned(), "libc-linux-6-18".to_owned()));
        let mut same = old.clone();
        same.name = "reports/again.jsonl".to_owned();
        assert_eq!(labels(&[old.clone(), same])[1].0, "libc (again)");
        assert_eq!(labels(&[old.clone(), old])[1].0, "libc (old 2)");
    }
}
