//! A page for each book of clauses, or for each theme of a large one.

use super::Page;
use super::book::{Book, book_of, bug, counted, folded, grouped, meant_for, plain, theme_of};
use crate::catalogue::citing;
use crate::sorted::sort_by_key;
use crate::spec::{self, Clause, Deviation, Level, deviations, verified};
use std::fmt::Write;

/// The pages, in the order of the books.
pub fn pages(book: &Book<'_>) -> Vec<Page> {
    let pages = grouped(spec::clauses(), |clause| book.page_of_clause(clause));
    // Small themes come last in their book.
    let position = |name: &str| pages.iter().position(|(known, _)| known.starts_with(name));
    let mut order: Vec<_> = (0..pages.len()).collect();
    sort_by_key(&mut order, |at| {
        let name = &pages[*at].0;
        let of_book = name.split('-').next().unwrap_or_default();
        (position(of_book), name.ends_with("-others"), *at)
    });
    order.into_iter().map(|at| page(book, &pages[at].0, &pages[at].1)).collect()
}

fn page(book: &Book<'_>, name: &str, clauses: &[&'static Clause]) -> Page {
    let title = title(name, clauses);
    let mut text = format!("# {title}\n\n");
    let _ = writeln!(
        text,
        "{}. A clause is a paraphrase; its source is authoritative. [How to read this page](../index.md#how-to-read-a-clause).",
        counted(clauses.len(), "clause")
    );
    for clause in clauses {
        section(book, &mut text, clause);
    }
    Page { path: format!("clauses/{name}.md"), title, text }
}

/// `POSIX: waitpid`, `Linux: others`, `FreeBSD`.
fn title(name: &str, clauses: &[&'static Clause]) -> String {
    let word = clauses.first().map_or("", |clause| book_of(clause));
    let book = match word {
        "posix" => "POSIX",
        "linux" => "Linux",
        "freebsd" => "FreeBSD",
        "netbsd" => "NetBSD",
        "openbsd" => "OpenBSD",
        "dragonfly" => "DragonFly",
        "macos" => "macOS",
        "promise" => "What a subject promises",
        other => other,
    };
    match name.split_once('-') {
        Some((_, "others")) => {
            let mut themes: Vec<&str> =
                clauses.iter().filter_map(|clause| theme_of(clause).split('/').nth(1)).collect();
            themes.dedup();
            format!("{book}: {}", themes.join(", "))
        }
        Some((_, theme)) => format!("{book}: {theme}"),
        None => book.to_owned(),
    }
}

fn section(book: &Book<'_>, out: &mut String, clause: &Clause) {
    let id = clause.id;
    let _ = writeln!(out, "\n## `{id}` {{#{id}}}\n\n{}\n", plain(clause.text));
    let _ = writeln!(out, "- **{}**: {}", clause.level, plain(clause.source));
    if verified::is_unverified(clause) {
        let _ = writeln!(out, "- **unverified**: {}", verified::UNVERIFIED);
    }
    if let Some(shown) = shown(book, clause) {
        let _ = writeln!(out, "- {shown}");
    }
    for deviation in deviations::ALL.iter().filter(|d| d.clause.id == id) {
        let unverified = if verified::is_deviation_unverified(deviation) {
            format!(" **unverified**: {}", verified::UNVERIFIED)
        } else {
            String::new()
        };
        let _ = writeln!(
            out,
            "- **{} deviates**: {}. {}.{unverified}",
            deviation.system(),
            plain(deviation.observed),
            plain(deviation.source)
        );
    }
    if !clause.bugs.is_empty() {
        let bugs: Vec<String> = clause.bugs.iter().map(|name| bug(name)).collect();
        let _ = writeln!(out, "- would have caught {}", bugs.join(", "));
    }
    for case in citing(clause) {
        let _ = writeln!(out, "- case {}: {}", book.case(case), plain(case.title));
    }
    for mutant in meant_for(clause) {
        let killers = book.failing(clause).find(|(name, _)| *name == mutant.name);
        let killed = match (killers, book.leaks(mutant.name)) {
            (Some((_, cases)), _) => format!("killed by {}", counted(cases.len(), "case")),
            (None, true) => "killed by what it leaves behind".to_owned(),
            (None, false) => "not run".to_owned(),
        };
        let _ = writeln!(out, "- mutant {}: {} ({killed})", book.mutant(mutant.name), plain(mutant.breaks));
    }
    let meant: Vec<&str> = meant_for(clause).map(|mutant| mutant.name).collect();
    let others: Vec<String> = book
        .failing(clause)
        .filter(|(name, _)| !meant.contains(name))
        .map(|(name, _)| book.mutant(name))
        .collect();
    if !others.is_empty() {
        out.push_str(&folded(
            &format!("also failed by {} for other clauses", counted(others.len(), "mutant")),
            &others,
        ));
    }
}

/// What runs have shown about the clause; nothing more for one that is unverified.
fn shown(book: &Book<'_>, clause: &Clause) -> Option<String> {
    if let Some(why) = clause.untestable {
        return Some(format!("not tested: {}", plain(why)));
    }
    if citing(clause).next().is_none() {
        return Some("not tested: no case cites it".to_owned());
    }
    if book.holds_somewhere(clause) {
        return Some(format!("holds on {}", plain(&book.matrix.system)));
    }
    if clause.level == Level::Implementation {
        return Some("only recorded".to_owned());
    }
    let departs = |d: &Deviation| d.clause.id == clause.id && !verified::is_deviation_unverified(d);
    if deviations::ALL.iter().any(departs) {
        return Some("known not to hold on the system named below".to_owned());
    }
    let shown = "no recorded run has shown it to hold anywhere";
    (!verified::is_unverified(clause)).then(|| shown.to_owned())
}
