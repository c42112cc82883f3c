//! Recorded values, side by side.

use super::parts::{counted, head, places};
use crate::report::matrix::table::Matrix;
use crate::report::matrix::values::ValueRow;
use maud::{Markup, html};

/// What implementations chose: a column for each where they differ, otherwise the common value.
pub fn section(matrix: &Matrix) -> Markup {
    let (differing, alike): (Vec<_>, Vec<_>) = matrix.values.iter().partition(|row| row.differs);
    html! {
        @if !matrix.values.is_empty() {
            section #values aria-labelledby="h-values" {
                h2 #h-values { "Recorded values" }
                p { "Values that an implementation is free to choose, neither right nor wrong." }
                @if !differing.is_empty() { (side_by_side(matrix, &differing)) }
                @if !alike.is_empty() {
                    @if matrix.is_comparison() {
                        details.all {
                            summary { (counted(alike.len(), "value")) " that are the same wherever recorded" }
                            (list(&alike))
                        }
                    } @else { (list(&alike)) }
                }
            }
        }
    }
}

fn side_by_side(matrix: &Matrix, rows: &[&ValueRow]) -> Markup {
    let said = |index: &usize| rows.iter().any(|row| !row.values[*index].is_empty());
    let columns: Vec<usize> = (0..matrix.columns.len()).filter(said).collect();
    html! {
        div.scroll tabindex="0" role="region" aria-label="Recorded values that differ" {
            table.val data-cols=(places(&columns)) {
                (head(matrix, "Value", &columns))
                tbody {
                    @for row in rows {
                        tr data-d {
                            (name(row))
                            @for index in &columns { td { (row.values[*index]) } }
                        }
                    }
                }
            }
        }
    }
}

fn list(rows: &[&ValueRow]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Recorded values" {
            table.val {
                thead { tr { th scope="col" { "Value" } th scope="col" { "Chosen" } } }
                tbody {
                    @for row in rows {
                        @let value = row.values.iter().find(|value| !value.is_empty());
                        tr { (name(row)) td { (value.map_or("", String::as_str)) } }
                    }
                }
            }
        }
    }
}

fn name(row: &ValueRow) -> Markup {
    html! { th scope="row" { (row.name) " " a href={ "#" (row.case) } { (row.case) } } }
}
