//! Shared by the sections of the page: level of detail, table headers, cells, links.

use crate::report::matrix::column::Column;
use crate::report::matrix::mark::Mark;
use crate::report::matrix::table::Matrix;
use crate::sorted::sort_by_key;
use maud::{Markup, PreEscaped, html};

/// How much of each failure is shown.
#[derive(Debug, Copy, Clone)]
pub struct Detail {
    /// Maximum number of bytes of one failure.
    pub bytes: usize,
    /// Number of failures of a case that are shown in full; the next ones get one line.
    pub texts: usize,
    /// Number of failures of a case that get a line.
    pub remarks: usize,
    /// Number of clauses per subject: a subject that violates more has one bug that shows everywhere.
    pub clauses: usize,
}

impl Detail {
    /// See the fields.
    pub const fn new(bytes: usize, texts: usize, remarks: usize, clauses: usize) -> Detail {
        Detail { bytes, texts, remarks, clauses }
    }
}

/// The header of a table: what its rows are, then its subjects.
pub fn head(matrix: &Matrix, rows: &str, columns: &[usize]) -> Markup {
    html! {
        thead {
            tr {
                th scope="col" { (rows) }
                @for index in columns {
                    @let column = &matrix.columns[*index];
                    th scope="col" { a href={ "#" (anchor(column)) } { (column.label) } }
                }
            }
        }
    }
}

/// The CSS classes of a table with these columns: if there are many, cells have no room for words.
pub fn classes(columns: &[usize]) -> &'static str {
    if columns.len() > 6 { "m many" } else { "m" }
}

/// The indices of columns, for the script.
pub fn places(columns: &[usize]) -> String {
    columns.iter().map(usize::to_string).collect::<Vec<_>>().join(" ")
}

/// A result; `share` is how many trials out of how many have it.
///
/// Half of a page is cells: they omit everything that a browser does not need.
pub fn cell(mark: Mark, share: (usize, usize), unverified: bool) -> Markup {
    let (same, all) = share;
    let (class, word) = (mark.class(), mark.name());
    let more = if unverified { ", unverified" } else { "" };
    PreEscaped(match (unverified, same == all) {
        (false, true) => format!("<td class={class}>{word}"),
        (true, true) => format!("<td class=\"{class} u\">{word}{more}"),
        (false, false) => format!("<td class={class} data-n={same}/{all}>{word}, {same} of {all}"),
        (true, false) => format!("<td class=\"{class} u\" data-n={same}/{all}>{word}, {same} of {all}{more}"),
    })
}

/// The header of a table of rows in which all subjects agree.
pub fn head_alike(rows: &str) -> Markup {
    html! { thead { tr { th scope="col" { (rows) } th scope="col" { "Result" } } } }
}

/// The single result of a row in which all subjects agree, with those that did not run it: a cell for each of thirty
/// subjects would be less clear.
pub fn result(matrix: &Matrix, marks: &[Mark], unverified: &[bool]) -> Markup {
    let mut by_mark: Vec<(Mark, bool, Vec<usize>)> = Vec::new();
    for (index, mark) in marks.iter().enumerate().filter(|(_, mark)| **mark != Mark::Absent) {
        let is_unverified = unverified.get(index) == Some(&true);
        match by_mark.iter_mut().find(|(known, u, _)| (known, *u) == (mark, is_unverified)) {
            Some((.., who)) => who.push(index),
            None => by_mark.push((*mark, is_unverified, vec![index])),
        }
    }
    sort_by_key(&mut by_mark, |(mark, ..)| std::cmp::Reverse(*mark));
    let name = |index: &usize| matrix.columns[*index].label.as_str();
    html! {
        td.res {
            @for (mark, is_unverified, who) in &by_mark {
                span data-s=(places(who)) {
                    span class={ "v " (mark.class()) } { (mark.name()) }
                    @if *is_unverified { " " span.v.u { "unverified" } }
                    @if who.len() == matrix.columns.len() { "" }
                    @else if who.len() > 3 { " " (who.len()) " subjects" }
                    @else { " " (who.iter().map(name).collect::<Vec<_>>().join(", ")) }
                }
                " "
            }
        }
    }
}

/// The anchor of a subject's section.
pub fn anchor(column: &Column) -> String {
    format!("subject-{}", column.slug)
}

/// The name of a clause, as a link if it is on the page: a clause that no trial here checked has no row.
pub fn clause(matrix: &Matrix, id: &str) -> Markup {
    if matrix.has_clause(id) {
        html! { a href={ "#" (id) } { (id) } }
    } else {
        html! { span { (id) } }
    }
}

/// A command; the script adds a button that copies it.
pub fn command(command: &str) -> Markup {
    html! { code.cmd { (command) } }
}

/// A number with its noun.
pub fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
