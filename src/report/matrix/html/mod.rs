//! The matrix as one page: no network, light and dark, for a wide screen, a telephone, a keyboard and a screen reader.
//!
//! Everything is in the document before any script runs: tables, and native disclosure elements for what expands.
//! The script only searches, filters and copies.

mod cases;
mod clauses;
mod subjects;
mod values;

use super::Matrix;
use super::column::Column;
use super::mark::Mark;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::collections::BTreeSet;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Nothing is loaded from anywhere, whatever a report holds.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; \
                      base-uri 'none'; form-action 'none'";

/// An icon of four squares, as the page is a table.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 4 4'%3E\
                    %3Cpath fill='%231a7f37' d='M0 0h4v4H0z'/%3E%3Cpath fill='%23cf222e' d='M2 0h2v2H2z'/%3E%3C/svg%3E";

/// The page.
pub fn page(matrix: &Matrix) -> String {
    let title = title(matrix);
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content={ "waitspec " (env!("CARGO_PKG_VERSION")) };
                title { (title) }
                link rel="icon" href=(ICON);
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#results" { "Skip to the results" }
                header {
                    h1 { (title) }
                    p.lead { (lead(matrix)) }
                    @for note in &matrix.notes { p.note { strong { "Note: " } (note) } }
                }
                (tools(matrix))
                main #results tabindex="-1" {
                    (subjects::overview(matrix))
                    (cases::differences(matrix))
                    (clauses::section(matrix))
                    (values::section(matrix))
                    (cases::alike(matrix))
                    (subjects::each(matrix))
                    (legend())
                }
                footer {
                    p { "Made by waitspec " (env!("CARGO_PKG_VERSION")) ", the executable specification of the Unix wait family." }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    markup.into_string()
}

fn title(matrix: &Matrix) -> String {
    match matrix.columns.as_slice() {
        [one] => format!("waitspec: {}", one.label),
        many => format!("waitspec: {} subjects", many.len()),
    }
}

fn lead(matrix: &Matrix) -> Markup {
    let bad = matrix.columns.iter().filter(|column| column.bad() > 0).count();
    let differing = matrix.cases.iter().filter(|row| row.differs).count();
    html! {
        (counted(matrix.trials(), "trial")) ", " (counted(matrix.cases.len(), "case")) ", "
        (counted(matrix.clauses.len(), "clause")) ". "
        @if matrix.is_comparison() {
            (counted(bad, "subject")) @if bad == 1 { " breaks" } @else { " break" } " a clause; in "
            (counted(differing, "case")) " subjects differ or fail."
        } @else if differing == 0 { "Nothing failed." }
        @else { (counted(differing, "case")) " did not pass." }
    }
}

/// The controls: the script brings them to life, and without it they are not shown.
fn tools(matrix: &Matrix) -> Markup {
    let books: BTreeSet<&str> = matrix.clauses.iter().map(|row| row.book()).collect();
    html! {
        form #tools role="search" hidden {
            div.field.grow {
                label for="q" { "Search" }
                input #q type="search" placeholder="case, clause, error, subject: press /" autocomplete="off" spellcheck="false";
            }
            div.field {
                label for="subject" { "Subject" }
                select #subject {
                    option value="" { "all " (matrix.columns.len()) }
                    @for (index, column) in matrix.columns.iter().enumerate() {
                        option value=(index) { (column.label) }
                    }
                }
            }
            div.field {
                label for="book" { "Book" }
                select #book {
                    option value="" { "all" }
                    @for book in books { option value=(book) { (book) } }
                }
            }
            div.checks {
                label { input #differences type="checkbox"; " only differences" }
                label { input #must type="checkbox"; " only must" }
                button #reset type="reset" { "Show all" }
                button #theme type="button" { "Dark" }
            }
            p #count role="status" {}
        }
    }
}

/// What the marks in the cells mean.
fn legend() -> Markup {
    html! {
        section #legend aria-labelledby="h-legend" {
            h2 #h-legend { "What the words mean" }
            dl.legend {
                @for mark in Mark::ALL {
                    div { dt { span class={ "v " (mark.class()) } { (mark.name()) } } dd { (mark.meaning()) } }
                }
                div { dt { span.v.u { "unverified" } } dd { "no machine has run it: the answer was transcribed from a source" } }
            }
        }
    }
}

/// The head of a table: what its rows are, then its subjects.
fn head(matrix: &Matrix, rows: &str, columns: &[usize]) -> Markup {
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

/// The classes of a table with so many columns: few leave room for words.
fn width(columns: &[usize]) -> &'static str {
    if columns.len() > 6 { "m many" } else { "m" }
}

/// The places of columns, for the script.
fn places(columns: &[usize]) -> String {
    columns.iter().map(usize::to_string).collect::<Vec<_>>().join(" ")
}

/// A result; `share` is how many trials of how many have it.
fn cell(mark: Mark, share: (usize, usize), unverified: bool) -> Markup {
    let (same, all) = share;
    let class = if unverified { format!("{} u", mark.class()) } else { mark.class().to_owned() };
    if same == all {
        html! { td class=(class) { (mark.name()) @if unverified { ", unverified" } } }
    } else {
        html! { td class=(class) data-n={ (same) "/" (all) } { (mark.name()) ", " (same) " of " (all) @if unverified { ", unverified" } } }
    }
}

/// Where the section of a subject is.
fn anchor(column: &Column) -> String {
    format!("subject-{}", column.slug)
}

/// A command, and the button that copies it.
fn command(command: &str) -> Markup {
    html! {
        span.cmd { code { (command) } " " button.copy type="button" hidden { "Copy" } }
    }
}

/// A number with its noun.
fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
