//! The subjects: one table of all, then a section for each.

use super::cases::calls;
use super::parts::{Detail, anchor, command, counted};
use crate::report::matrix::cases::{CaseRow, Member, Remark};
use crate::report::matrix::column::{Column, words};
use crate::report::matrix::mark::Mark;
use crate::report::matrix::table::Matrix;
use crate::sorted::sort_by_key;
use crate::spec;
use maud::{Markup, html};

/// The verdicts that have a column, with the verdicts that each column sums up.
const COLUMNS: [(&str, &[&str]); 6] = [
    ("fail", &["fail", "hang", "crash", "leak", "xpass"]),
    ("broken", &["broken"]),
    ("deviates", &["deviates"]),
    ("xfail", &["xfail"]),
    ("pass", &["pass", "recorded"]),
    ("skip", &["skip"]),
];

/// The number of further cases listed that violate the same clause.
const ALSO: usize = 20;

/// All subjects, each with its counts.
pub fn overview(matrix: &Matrix) -> Markup {
    let shown: Vec<_> =
        COLUMNS.into_iter().filter(|(_, of)| matrix.columns.iter().any(|c| sum(c, of) > 0)).collect();
    html! {
        section #subjects aria-labelledby="h-subjects" {
            h2 #h-subjects { "Subjects" }
            div.scroll tabindex="0" role="region" aria-label="Subjects and their counts" {
                table.sub {
                    thead {
                        tr {
                            th scope="col" { "Subject" }
                            @for (name, _) in &shown { th.num scope="col" { (name) } }
                            th scope="col" { "Interface" }
                            th scope="col" { "System" }
                        }
                    }
                    tbody {
                        @for (index, column) in matrix.columns.iter().enumerate() {
                            tr data-s=(index) {
                                th scope="row" {
                                    a href={ "#" (anchor(column)) } { (column.label) }
                                    @if !column.subject.unverified.is_empty() { " " span.v.u { "unverified" } }
                                    @let about = about(column);
                                    @if !about.is_empty() { span { (about) } }
                                }
                                @for (name, of) in &shown {
                                    @let n = sum(column, of);
                                    @let class = Mark::of_outcome(name).class();
                                    td.num { @if n > 0 { span class={ "v " (class) } { (n) } } @else { "0" } }
                                }
                                td { (column.subject.interface) }
                                td { (system(column)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn sum(column: &Column, verdicts: &[&str]) -> usize {
    verdicts.iter().map(|verdict| column.count(verdict)).sum()
}

/// What the label omits: the name on the command line, its own name and version.
fn about(column: &Column) -> String {
    let subject = &column.subject;
    let own = words(&[&subject.name, &subject.version]);
    let parts = [subject.subject.as_str(), subject.version.as_str()];
    let parts: Vec<&str> = parts
        .into_iter()
        .filter(|part| !part.is_empty() && !column.label.contains(part) && *part != own)
        .collect();
    parts.join(" · ")
}

/// What it ran on: as the subject sees it, and the driver's system if that differs.
fn system(column: &Column) -> String {
    let subject = &column.subject;
    let own = words(&[&subject.os, &subject.libc, &subject.arch]);
    if column.system.is_empty() {
        return own;
    }
    // `Linux 6.18 (linux glibc 2.36)` would name the system twice.
    let same = column.system.to_lowercase().starts_with(&subject.os) && !subject.os.is_empty();
    let own = if same { words(&[&subject.libc, &subject.arch]) } else { own };
    if own.is_empty() { column.system.clone() } else { format!("{} ({own})", column.system) }
}

/// A section for each subject.
pub fn each(matrix: &Matrix, detail: Detail) -> Markup {
    html! {
        section #by-subject aria-labelledby="h-by-subject" {
            h2 #h-by-subject { "Subject by subject" }
            @for (index, column) in matrix.columns.iter().enumerate() {
                details.subject id=(anchor(column)) data-s=(index) open[matrix.columns.len() == 1] {
                    summary { h3 { (column.label) } " " span.totals {
                        @for (name, n) in column.totals() { span class={ "v " (Mark::of_outcome(name).class()) } { (n) " " (name) } " " }
                    } }
                    (facts(column))
                    (remarks(matrix, index, detail))
                    (skips(matrix, index))
                }
            }
        }
    }
}

fn facts(column: &Column) -> Markup {
    let subject = &column.subject;
    let calls = subject.calls.join(" ");
    let facts = [
        ("Subject", subject.subject.as_str()),
        ("Name", &words(&[&subject.name, &subject.version])),
        ("Interface", &subject.interface),
        ("System", &system(column)),
        ("Profile", &subject.profile),
        ("Calls", &calls),
        ("Unverified", &subject.unverified),
    ];
    html! {
        dl.facts {
            @for (name, value) in facts { @if !value.is_empty() { div { dt { (name) } dd { (value) } } } }
            @if !subject.issues.is_empty() { div { dt { "Issues" } dd { (link(&subject.issues)) } } }
        }
    }
}

/// A URL as a link, if a browser can follow it.
fn link(address: &str) -> Markup {
    if address.starts_with("https://") || address.starts_with("http://") {
        html! { a href=(address) rel="noreferrer" { (address) } }
    } else {
        html! { (address) }
    }
}

/// Failures, broken trials, known deviations and warnings, the worst first: by clause, with the first case in full.
fn remarks(matrix: &Matrix, index: usize, detail: Detail) -> Markup {
    type Found<'a> = Vec<(&'a CaseRow, &'a Remark, &'a Member)>;
    let mut by_clause: Vec<Found<'_>> = Vec::new();
    for row in &matrix.cases {
        for remark in row.remarks.iter().filter(|remark| remark.mark != Mark::Skip) {
            for member in remark.members.iter().filter(|member| member.column == index) {
                let same = |found: &&mut Found<'_>| {
                    (found[0].1.mark, &found[0].1.clause) == (remark.mark, &remark.clause)
                };
                match by_clause.iter_mut().find(same) {
                    Some(found) if remark.clause.is_some() => found.push((row, remark, member)),
                    _ => by_clause.push(vec![(row, remark, member)]),
                }
            }
        }
    }
    sort_by_key(&mut by_clause, |found| std::cmp::Reverse((found[0].1.mark, found.len())));
    html! {
        @if by_clause.is_empty() { p { "No failures and no deviations." } }
        @else {
            ul.found { @for found in by_clause.iter().take(detail.clauses) { (one_clause(matrix, found)) } }
            @if by_clause.len() > detail.clauses {
                p.also { "And for " (counted(by_clause.len() - detail.clauses, "more clause")) ": "
                    @for found in by_clause[detail.clauses..].iter().take(detail.clauses) { a href={ "#" (found[0].0.anchor) } { (found[0].0.id) } " " }
                }
            }
        }
    }
}

fn one_clause(matrix: &Matrix, found: &[(&CaseRow, &Remark, &Member)]) -> Markup {
    let (row, remark, member) = found[0];
    html! {
        li {
            p {
                span class={ "v " (remark.mark.class()) } { (remark.mark.name()) }
                @if let Some(id) = &remark.clause {
                    @if let Some(clause) = spec::clause(id) { " " (clause.text) }
                    " " (super::parts::clause(matrix, id))
                }
            }
            p { a href={ "#" (row.anchor) } { (row.id) } " " span.ids { (calls(&member.ids)) }
                @if !remark.gist.is_empty() { ": " span.gist { (remark.gist) } }
            }
            @if remark.mark.is_bad() { p { (command(&member.reproduce)) } }
            @if found.len() > 1 {
                p.also { "Also in " @for (row, _, member) in found[1..].iter().take(ALSO) {
                    a href={ "#" (row.anchor) } { (row.id) } " " span.ids { (calls(&member.ids)) } " "
                }
                @if found.len() - 1 > ALSO { "and " (found.len() - 1 - ALSO) " more" } }
            }
        }
    }
}

/// The trials that were not run, by reason.
fn skips(matrix: &Matrix, index: usize) -> Markup {
    let mut reasons: Vec<(&str, usize, Vec<&str>)> = Vec::new();
    for row in &matrix.cases {
        for remark in row.remarks.iter().filter(|remark| remark.mark == Mark::Skip) {
            for member in remark.members.iter().filter(|m| m.column == index) {
                let at =
                    reasons.iter().position(|(reason, ..)| *reason == remark.gist).unwrap_or_else(|| {
                        reasons.push((&remark.gist, 0, Vec::new()));
                        reasons.len() - 1
                    });
                reasons[at].1 += member.ids.len();
                reasons[at].2.push(&row.id);
            }
        }
    }
    sort_by_key(&mut reasons, |(_, n, _)| std::cmp::Reverse(*n));
    let all: usize = reasons.iter().map(|(_, n, _)| n).sum();
    html! {
        @if all > 0 {
            details.skips {
                summary { (counted(all, "trial")) " not run, for " (counted(reasons.len(), "reason")) }
                ul {
                    @for (reason, n, cases) in reasons {
                        li { (n) ": " (reason) " " span.ids { @for case in cases { a href={ "#" (case) } { (case) } " " } } }
                    }
                }
            }
        }
    }
}
