//! A page for each folder of the catalogue.

use super::Page;
use super::book::{Book, counted, folded, grouped, page_of_case, plain};
use crate::catalogue::{self, Case};
use crate::sys::call::abi::Call;
use crate::trial::Body;
use crate::trial::program::Kind;
use std::fmt::Write;

/// The pages, in the order of the catalogue.
pub fn pages(book: &Book<'_>) -> Vec<Page> {
    let pages = grouped(catalogue::cases(), |case| page_of_case(case));
    pages.into_iter().map(|(name, cases)| page(book, &name, &cases)).collect()
}

fn page(book: &Book<'_>, name: &str, cases: &[&'static Case]) -> Page {
    let title = match name.split_once('-') {
        Some((interface, topic)) => format!("Cases of {interface}: {topic}"),
        None => format!("Cases of {name}{}", if name.ends_with('s') { "" } else { "s" }),
    };
    let mut text = format!("# {title}\n\n{}.\n", counted(cases.len(), "case"));
    for case in cases {
        section(book, &mut text, case);
    }
    Page { path: format!("cases/{name}.md"), title, text }
}

fn section(book: &Book<'_>, out: &mut String, case: &Case) {
    let id = case.id;
    let _ = writeln!(out, "\n## `{id}` {{#{id}}}\n\n{}.\n", plain(case.title.trim_end_matches('.')));
    let _ = writeln!(out, "- {}", tried_with(case));
    if !case.needs.each.is_empty() {
        let needs: Vec<String> = case.needs.each.iter().map(ToString::to_string).collect();
        let _ = writeln!(out, "- needs {}", plain(&needs.join(", ")));
    }
    for clause in case.clauses {
        let _ = writeln!(out, "- clause {} ({}): {}", book.clause(clause), clause.level, plain(clause.text));
    }
    let _ = writeln!(out, "- defined in {}", book.source(case));
    let _ = writeln!(out, "- run it: `waitspec run {id}`");
    let killed: Vec<String> = book.killed_by(case).map(|name| book.mutant(name)).collect();
    if !killed.is_empty() {
        out.push_str(&folded(&format!("kills {}", counted(killed.len(), "mutant")), &killed));
    }
}

/// The calls, abilities or kinds of programs that the case runs with.
fn tried_with(case: &Case) -> String {
    let (what, names): (&str, Vec<&str>) = match case.body {
        Body::Calls { .. } => {
            ("runs with", case.planned_calls().list().into_iter().map(Call::name).collect())
        }
        Body::Handle { abilities, .. } => match abilities.words() {
            words if words.is_empty() => return "runs with every handle".to_owned(),
            words => ("runs with handles that can", words),
        },
        Body::Program { kinds, .. } => {
            let kinds = Kind::ALL.into_iter().filter(|(_, kind)| kinds.has(*kind)).map(|(word, _)| word);
            ("runs with programs of the kind", kinds.collect())
        }
    };
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("{what} {}", names.join(" "))
}
