//! The pages that are one table each (mutants, known deviations, scenarios), and the overview.

use super::Page;
use super::book::{Book, bug, counted, plain};
use crate::cli::list;
use crate::cli::table::Format;
use crate::mutants::Origin;
use crate::scenario::library;
use crate::selftest::matrix::{kill_count, killers};
use crate::spec::{deviations, verified};
use std::fmt::Write;

/// The mutants.
pub fn mutants(book: &Book<'_>) -> Page {
    let all: Vec<_> = crate::mutants::mutants().collect();
    let mut text = format!(
        "# Mutants\n\n{}: subjects with a known bug, each a thin wrapper around correct calls. \
         `waitspec selftest` runs each through every case; the counts are from {}. A mutant that more than a quarter of all \
         cases kill is not evidence for any of them.\n\n\
         | mutant | what it breaks | clause | from | killed by |\n|---|---|---|---|---|\n",
        counted(all.len(), "mutant"),
        plain(&book.matrix.system)
    );
    for mutant in all {
        let name = mutant.name;
        let origin = match mutant.origin {
            Origin::Bug(name) => bug(name),
            other => other.to_string(),
        };
        let killed = match book.matrix.rows.get(name) {
            Some(row) => {
                format!("{}, {}", counted(killers(row).len(), "case"), counted(kill_count(row), "trial"))
            }
            None => "not run".to_owned(),
        };
        let _ = writeln!(
            text,
            "| <a id=\"mutant-{name}\"></a>`{name}` | {} | {} | {origin} | {killed} |",
            plain(mutant.breaks),
            book.clause(mutant.clause)
        );
    }
    Page { path: "tables/mutants.md".to_owned(), title: "Mutants".to_owned(), text }
}

/// The known deviations.
pub fn deviations(book: &Book<'_>) -> Page {
    let mut text = format!(
        "# Known deviations\n\n{} of systems from *must* clauses. A trial that observes exactly this is reported as \
         `deviates`; anything else fails. **unverified**: {}.\n\n\
         | system | clause | observed instead | source |\n|---|---|---|---|\n",
        counted(deviations::ALL.len(), "known deviation"),
        verified::UNVERIFIED
    );
    for deviation in deviations::ALL {
        let unverified = if verified::is_deviation_unverified(deviation) { " **unverified**" } else { "" };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {}{unverified} |",
            deviation.system(),
            book.clause(deviation.clause),
            plain(deviation.observed),
            plain(deviation.source)
        );
    }
    Page { path: "tables/deviations.md".to_owned(), title: "Known deviations".to_owned(), text }
}

/// The scenarios and the contracts.
pub fn scenarios() -> Page {
    let mut text =
        "# Scenarios and contracts\n\n## Scenarios\n\nWhat a child can do: `waitspec child NAME`.\n\n\
                    | scenario | what the child does | steps |\n|---|---|---|\n"
            .to_owned();
    for named in library::LIBRARY {
        let steps = plain(&named.script.join("; "));
        let _ = writeln!(text, "| `{}` | {} | {steps} |", named.name, plain(named.summary));
    }
    text.push_str("\n## Contracts\n\nWhat a program that runs other programs promises beyond POSIX.\n\n");
    text.push_str(&list::contracts().render(Format::Markdown, &[]));
    Page { path: "tables/scenarios.md".to_owned(), title: "Scenarios and contracts".to_owned(), text }
}

/// The first page: how much there is, and how to read it.
pub fn overview(pages: &[Page]) -> Page {
    let mut text = format!(
        "# Reference\n\nEvery requirement on the Unix wait family known to this suite, with its source, the cases that check it, \
         the bugs it would have caught, and the systems known to deviate from it. Generated from the tables of \
         waitspec {}.\n\n{}\n\
         `seen to fail`: at least one mutant fails it, so that it is known to be checked.\n\n",
        env!("CARGO_PKG_VERSION"),
        list::summary().render(Format::Markdown, &[])
    );
    let _ = write!(
        text,
        "## How to read a clause {{#how-to-read-a-clause}}\n\n\
         - **must**: a violation fails the trial; **should**: it is a warning; **implementation-defined**: the value is only recorded.\n\
         - *holds on ...*: the trials of the unbroken subjects passed on that system when the kill matrix was recorded.\n\
         - **unverified**: {}.\n\
         - *would have caught*: reports of bugs in real implementations that violate the clause.\n\
         - A *case* checks the clause. A *mutant* violates it on purpose; a case that kills the mutant is known to check the clause.\n\n\
         ## Pages\n\n",
        verified::UNVERIFIED
    );
    for page in pages {
        let _ = writeln!(text, "- [{}]({})", page.title, page.path);
    }
    Page { path: "index.md".to_owned(), title: "Reference".to_owned(), text }
}
