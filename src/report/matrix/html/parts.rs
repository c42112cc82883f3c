//! What the sections of the page share: how much they show, heads of tables, cells, links.

use crate::report::matrix::column::Column;
use crate::report::matrix::mark::Mark;
use crate::report::matrix::table::Matrix;
use maud::{Markup, PreEscaped, html};

/// How much is shown of failures.
#[derive(Debug, Copy, Clone)]
pub struct Detail {
    /// How many bytes of one.
    pub bytes: usize,
    /// How many of one case; the next ones have one line.
    pub texts: usize,
    /// How many of one case have a line.
    pub remarks: usize,
    /// Of how many clauses of one subject: who breaks more has one fault that shows everywhere.
    pub clauses: usize,
}

impl Detail {
    /// See the fields.
    pub const fn new(bytes: usize, texts: usize, remarks: usize, clauses: usize) -> Detail {
        Detail { bytes, texts, remarks, clauses }
    }
}

/// The head of a table: what its rows are, then its subjects.
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

/// The CSS classes of a table with these columns: with many, cells have no room for words.
pub fn classes(columns: &[usize]) -> &'static str {
    if columns.len() > 6 { "m many" } else { "m" }
}

/// The places of columns, for the script.
pub fn places(columns: &[usize]) -> String {
    columns.iter().map(usize::to_string).collect::<Vec<_>>().join(" ")
}

/// A result; `share` is how many trials of how many have it.
///
/// Half of a page is cells: they are written without what a browser does not need.
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

/// The head of a table of rows in which subjects are alike.
pub fn head_alike(rows: &str) -> Markup {
    html! { thead { tr { th scope="col" { (rows) } th scope="col" { "Result" } } } }
}

/// The one result of a row in which subjects are alike, with those that were not tried: a cell for each of thirty
/// subjects would say less.
pub fn result(matrix: &Matrix, marks: &[Mark], unverified: &[bool]) -> Markup {
    let mut by_mark: Vec<(Mark, bool, Vec<usize>)> = Vec::new();
    for (index, mark) in marks.iter().enumerate().filter(|(_, mark)| **mark != Mark::Absent) {
        let is_unverified = unverified.get(index) == Some(&true);
        match by_mark.iter_mut().find(|(known, u, _)| (known, *u) == (mark, is_unverified)) {
            Some((.., who)) => who.push(index),
            None => by_mark.push((*mark, is_unverified, vec![index])),
        }
    }
    by_mark.sort_by_key(|(mark, ..)| std::cmp::Reverse(*mark));
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

/// Where the section of a subject is.
pub fn anchor(column: &Column) -> String {
    format!("subject-{}", column.slug)
}

/// The name of a clause, as a link where the page has it: one that no trial here says anything of has no row.
pub fn clause(matrix: &Matrix, id: &str) -> Markup {
    if matrix.has_clause(id) {
        html! { a href={ "#" (id) } { (id) } }
    } else {
        html! { span { (id) } }
    }
}

/// A command; the script adds the button that copies it.
pub fn command(command: &str) -> Markup {
    html! { code.cmd { (command) } }
}

/// A number with its noun.
pub fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
