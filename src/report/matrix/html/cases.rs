//! The tables of cases.

use super::parts::{
    Detail, anchor, cell, classes, clause, command, counted, head, head_alike, places, result,
};
use crate::report::matrix::cases::{CaseRow, Member, Remark};
use crate::report::matrix::table::Matrix;
use crate::report::matrix::text::shortened;
use maud::{Markup, html};

/// The number of remarks shown on the line of a collapsed row.
const NAMED: usize = 2;

/// The cases in which subjects differ or fail.
pub fn differences(matrix: &Matrix, detail: Detail) -> Markup {
    let title = if matrix.is_comparison() { "Differences" } else { "What did not pass" };
    let none =
        if matrix.is_comparison() { "No subject differs or fails." } else { "Nothing: everything passed." };
    html! {
        section #differences-by-case aria-labelledby="h-differences" {
            h2 #h-differences { (title) }
            @if matrix.cases.iter().any(|row| row.differs) {
                (by_interface(matrix, true, detail))
            } @else { p { (none) } }
        }
    }
}

/// The cases in which they agree.
pub fn alike(matrix: &Matrix, detail: Detail) -> Markup {
    let count = matrix.cases.iter().filter(|row| !row.differs).count();
    let title =
        if matrix.is_comparison() { "Cases with the same result everywhere" } else { "Everything else" };
    html! {
        @if count > 0 {
            section #alike aria-labelledby="h-alike" {
                h2 #h-alike { (title) }
                details.all {
                    summary { (counted(count, "case")) }
                    (by_interface(matrix, false, detail))
                }
            }
        }
    }
}

/// A table for each interface: a case is for subjects of only one of them.
fn by_interface(matrix: &Matrix, differs: bool, detail: Detail) -> Markup {
    let mut interfaces: Vec<&str> = matrix.cases.iter().map(|row| row.interface.as_str()).collect();
    interfaces.dedup();
    let several = interfaces.len() > 1;
    html! {
        @for interface in interfaces {
            @let rows: Vec<&CaseRow> = matrix.cases.iter()
                .filter(|row| row.interface == interface && row.differs == differs).collect();
            @if !rows.is_empty() {
                @if several { h3 { "Interface: " (interface) } }
                (table(matrix, &rows, detail))
            }
        }
    }
}

fn table(matrix: &Matrix, rows: &[&CaseRow], detail: Detail) -> Markup {
    // Where subjects agree, one column is enough.
    let columns = matrix.columns_of(rows.iter().map(|row| row.marks.as_slice()));
    let columns = if rows[0].differs { columns } else { Vec::new() };
    let width = columns.len().max(1) + 1;
    html! {
        div.scroll tabindex="0" role="region" aria-label="Cases and subjects" {
            table class=(classes(&columns)) data-cols=[(!columns.is_empty()).then(|| places(&columns))] {
                @if columns.is_empty() { (head_alike("Case")) } @else { (head(matrix, "Case", &columns)) }
                @for theme in rows.chunk_by(|a, b| a.theme() == b.theme()) {
                    tbody {
                        tr.g { th colspan=(width) scope="rowgroup" { span { (theme[0].theme()) } } }
                        @for row in theme { (self::row(matrix, row, &columns, detail)) }
                    }
                }
            }
        }
    }
}

fn row(matrix: &Matrix, row: &CaseRow, columns: &[usize], detail: Detail) -> Markup {
    let books = row.books().into_iter().collect::<Vec<_>>().join(" ");
    html! {
        tr id=(row.anchor) data-b=(books) data-m[row.is_must()] data-d[row.differs] {
            th scope="row" { a href={ "#" (row.anchor) } { (row.id) } " " span { (row.title) } }
            @if columns.is_empty() { (result(matrix, &row.marks, &row.unverified)) }
            @for index in columns { (cell(row.marks[*index], row.shares[*index], row.unverified[*index])) }
        }
        @if !row.remarks.is_empty() {
            tr.more {
                td colspan=(columns.len().max(1) + 1) {
                    details {
                        summary { (gist(matrix, row)) }
                        @for (index, remark) in row.remarks.iter().take(detail.remarks).enumerate() {
                            (self::remark(matrix, remark, if index < detail.texts { detail.bytes } else { 0 }))
                        }
                        @if row.remarks.len() > detail.remarks {
                            p.rest { "And " (row.remarks.len() - detail.remarks) " more, in the reports." }
                        }
                        @if !row.clauses.is_empty() {
                            p.cites { "Checks " @for id in &row.clauses { (clause(matrix, id)) " " } }
                        }
                    }
                }
            }
        }
    }
}

/// The line of a collapsed row: the worst remarks first. Remarks that differ only in their clause are merged.
fn gist(matrix: &Matrix, row: &CaseRow) -> Markup {
    let mut shown: Vec<&Remark> = Vec::new();
    for remark in &row.remarks {
        let who = |r: &Remark| r.members.iter().map(|member| member.column).collect::<Vec<_>>();
        if !shown.iter().any(|t| (t.mark, &t.gist) == (remark.mark, &remark.gist) && who(t) == who(remark)) {
            shown.push(remark);
        }
    }
    html! {
        @for remark in shown.iter().take(NAMED) {
            span.gist data-s=(who(&remark.members)) {
                span class={ "v " (remark.mark.class()) } { (remark.mark.name()) }
                " " (remark.gist)
                @if matrix.is_comparison() { " " span.by { (names(matrix, &remark.members)) } }
            }
            " "
        }
        @if shown.len() > NAMED { span.rest { "and " (shown.len() - NAMED) " more" } }
    }
}

/// The first subjects of a remark by name.
fn names(matrix: &Matrix, members: &[Member]) -> String {
    let label = |member: &Member| matrix.columns[member.column].label.clone();
    match members {
        [a] => label(a),
        [a, b] => format!("{}, {}", label(a), label(b)),
        [a, rest @ ..] => format!("{} and {} more", label(a), rest.len()),
        [] => String::new(),
    }
}

fn who(members: &[Member]) -> String {
    places(&members.iter().map(|member| member.column).collect::<Vec<_>>())
}

/// A remark shared by one or more subjects: the first `bytes` bytes of the failure, or a line, and the subjects.
fn remark(matrix: &Matrix, remark: &Remark, bytes: usize) -> Markup {
    html! {
        div.remark data-s=(who(&remark.members)) {
            p {
                span class={ "v " (remark.mark.class()) } { (remark.mark.name()) }
                @if !remark.unverified.is_empty() { " " span.v.u { "unverified" } " " (remark.unverified) }
                @if remark.text.is_empty() || bytes == 0 {
                    " " (remark.gist)
                    @if let Some(id) = &remark.clause { " " (clause(matrix, id)) }
                }
            }
            @if !remark.text.is_empty() && bytes > 0 { pre { (shortened(&narrow(&remark.text), bytes)) } }
            ul.who {
                @for member in &remark.members {
                    @let column = &matrix.columns[member.column];
                    li data-s=(member.column) {
                        a href={ "#" (anchor(column)) } { (column.label) } " " span.ids { (calls(&member.ids)) }
                        @if !member.reproduce.is_empty() { " " (command(&member.reproduce)) }
                    }
                }
            }
        }
    }
}

/// A failure without the column layout of its first line, which is for a terminal.
fn narrow(text: &str) -> String {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let words: Vec<&str> = first.split("  ").map(str::trim).filter(|part| !part.is_empty()).collect();
    format!("{}\n{}", words.join("   "), rest.trim_end())
}

/// The calls of the trials of one case; empty if there are none.
pub fn calls(ids: &[String]) -> String {
    let calls = ids.iter().filter_map(|id| id.split_once('@'));
    calls.map(|(_, call)| call).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_without_a_call_names_none() {
        let ids = ["nohang.running-child@wait4", "nohang.running-child@waitpid"].map(str::to_owned);
        assert_eq!(calls(&ids), "wait4, waitpid");
        assert_eq!(calls(&["handle-result.code".to_owned()]), "");
    }
}
