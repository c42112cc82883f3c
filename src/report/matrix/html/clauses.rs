//! The tables of clauses: one for each book, by theme.

use super::parts::{cell, classes, counted, head, head_alike, places, result};
use crate::report::matrix::clauses::ClauseRow;
use crate::report::matrix::table::Matrix;
use maud::{Markup, html};

/// Every clause that the reports say anything about.
pub fn section(matrix: &Matrix) -> Markup {
    html! {
        @if !matrix.clauses.is_empty() {
            section #clauses aria-labelledby="h-clauses" {
                h2 #h-clauses { "Clauses" }
                @for book in matrix.clauses.chunk_by(|a, b| a.book() == b.book()) { (self::book(matrix, book)) }
            }
        }
    }
}

fn book(matrix: &Matrix, rows: &[ClauseRow]) -> Markup {
    let (differing, alike): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.differs);
    html! {
        div.book {
            h3 { "Book: " (rows[0].book()) }
            @if !differing.is_empty() { (table(matrix, &differing)) }
            @if !alike.is_empty() {
                details.all {
                    summary { (counted(alike.len(), "clause")) @if matrix.is_comparison() { " with the same outcome everywhere" } @else { " that held" } }
                    (table(matrix, &alike))
                }
            }
        }
    }
}

fn table(matrix: &Matrix, rows: &[&ClauseRow]) -> Markup {
    let columns = matrix.columns_of(rows.iter().map(|row| row.marks.as_slice()));
    let columns = if rows[0].differs { columns } else { Vec::new() };
    let width = columns.len().max(1) + 1;
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Clauses of the book " (rows[0].book()) } {
            table class=(classes(&columns)) data-cols=[(!columns.is_empty()).then(|| places(&columns))] {
                @if columns.is_empty() { (head_alike("Clause")) } @else { (head(matrix, "Clause", &columns)) }
                @for theme in rows.chunk_by(|a, b| a.theme() == b.theme()) {
                    tbody {
                        tr.g { th colspan=(width) scope="rowgroup" { span { (theme[0].book()) "/" (theme[0].theme()) } } }
                        @for row in theme { (self::row(matrix, row, &columns)) }
                    }
                }
            }
        }
    }
}

fn row(matrix: &Matrix, row: &ClauseRow, columns: &[usize]) -> Markup {
    let level = row.clause.map(|clause| clause.level.name());
    html! {
        tr id=(row.id) data-b=(row.book()) data-m[level.is_none_or(|level| level == "must")] data-d[row.differs] {
            th scope="row" {
                a href={ "#" (row.id) } { (row.id) }
                @if let Some(level) = level { " " span.level { (level) } }
                @if let Some(clause) = row.clause { span { (clause.text) } span.src { (clause.source) } }
                span.cs { @for case in &row.cases { a href={ "#" (case) } { (case) } " " } }
            }
            @if columns.is_empty() { (result(matrix, &row.marks, &[])) }
            @for index in columns { (cell(row.marks[*index], (1, 1), false)) }
        }
    }
}
