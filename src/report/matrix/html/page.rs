//! The whole page, with as much detail as its size allows.

use super::parts::{Detail, counted};
use super::{cases, clauses, subjects, values};
use crate::report::matrix::mark::Mark;
use crate::report::matrix::table::Matrix;
use crate::sorted::Set;
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Nothing is ever loaded from elsewhere, whatever a report contains.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; \
                      base-uri 'none'; form-action 'none'";

/// An icon of four squares, like a table.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 4 4'%3E\
                    %3Cpath fill='%231a7f37' d='M0 0h4v4H0z'/%3E%3Cpath fill='%23cf222e' d='M2 0h2v2H2z'/%3E%3C/svg%3E";

/// A larger page is slow to open on a phone, and too large for many issue trackers.
const LARGE: usize = 2_000_000;

/// From full detail to almost none: a page uses the first that keeps it small enough.
const DETAILS: [Detail; 8] = [
    Detail::new(usize::MAX, usize::MAX, usize::MAX, 40),
    Detail::new(1500, usize::MAX, usize::MAX, 40),
    Detail::new(1000, 8, usize::MAX, 40),
    Detail::new(1000, 4, 20, 40),
    Detail::new(1000, 2, 10, 20),
    Detail::new(800, 1, 4, 10),
    Detail::new(0, 0, 2, 5),
    Detail::new(0, 0, 1, 3),
];

/// The page, which stays below 2 MB for 30 subjects.
pub fn page(matrix: &Matrix) -> String {
    let mut pages = DETAILS.iter().map(|detail| whole(matrix, *detail));
    let mut page = pages.next().unwrap_or_default();
    while page.len() >= LARGE {
        match pages.next() {
            Some(smaller) => page = smaller,
            None => break,
        }
    }
    page
}

fn whole(matrix: &Matrix, detail: Detail) -> String {
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
                    @if detail.bytes != usize::MAX {
                        p.note { strong { "Note: " } "failures are shortened to keep this page small; the reports have them in full" }
                    }
                    @for note in &matrix.notes { p.note { strong { "Note: " } (note) } }
                }
                (tools(matrix))
                main #results tabindex="-1" {
                    (subjects::overview(matrix))
                    (cases::differences(matrix, detail))
                    (clauses::section(matrix))
                    (values::section(matrix))
                    (cases::alike(matrix, detail))
                    (subjects::each(matrix, detail))
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
            (counted(bad, "subject")) @if bad == 1 { " violates" } @else { " violate" } " a clause; in "
            (counted(differing, "case")) " subjects differ or fail."
        } @else if differing == 0 { "Nothing failed." }
        @else { (counted(differing, "case")) " did not pass." }
    }
}

/// The controls, which the script enables; without it they are not shown.
fn tools(matrix: &Matrix) -> Markup {
    let books: Set<&str> = matrix.clauses.iter().map(|row| row.book()).collect();
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
                button #clear type="reset" { "Show all" }
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
            h2 #h-legend { "Legend" }
            dl.legend {
                @for mark in Mark::ALL {
                    div { dt { span class={ "v " (mark.class()) } { (mark.name()) } } dd { (mark.meaning()) } }
                }
                div { dt { span.v.u { "unverified" } } dd { "not confirmed by a run: the result was derived from source code" } }
            }
        }
    }
}
