//! Which page has which clause, case or mutant, and links to it.

use crate::catalogue::Case;
use crate::mutants::{Mutant, mutants};
use crate::selftest::Matrix;
use crate::selftest::matrix::LEAK;
use crate::sorted::{Map, Set};
use crate::spec::{self, Clause, bugs};

/// A theme with fewer clauses shares a page with the other small themes of its book.
const SMALL_THEME: usize = 5;
/// A book with fewer clauses is one page.
const SMALL_BOOK: usize = 60;

/// The tables, indexed in every direction.
pub struct Book<'m> {
    pub matrix: &'m Matrix,
    /// The prefix of the URLs of source files.
    sources: &'m str,
    /// The clauses in each theme, as `posix/waitpid`, and in each book.
    sizes: Map<&'static str, usize>,
    /// The failures of each mutant, inverted: clause, then mutant, then cases.
    by_clause: Map<&'m str, Map<&'m str, Set<&'m str>>>,
    /// The mutants that a case kills.
    by_case: Map<&'m str, Set<&'m str>>,
}

impl<'m> Book<'m> {
    pub fn new(matrix: &'m Matrix, sources: &'m str) -> Book<'m> {
        let mut sizes = Map::new();
        for clause in spec::clauses() {
            *sizes.entry(book_of(clause)).or_insert(0) += 1;
            *sizes.entry(theme_of(clause)).or_insert(0) += 1;
        }
        let mut by_clause: Map<&str, Map<&str, Set<&str>>> = Map::new();
        let mut by_case: Map<&str, Set<&str>> = Map::new();
        for (mutant, row) in &matrix.rows {
            for (clause, cases) in row {
                let killers = by_clause.entry(clause).or_default().entry(mutant).or_default();
                killers.extend(cases.keys().map(String::as_str));
                for case in cases.keys() {
                    by_case.entry(case).or_default().insert(mutant);
                }
            }
        }
        Book { matrix, sources, sizes, by_clause, by_case }
    }

    /// The name of the page with a clause: `posix-waitpid`, `posix-others`, `freebsd`.
    pub fn page_of_clause(&self, clause: &Clause) -> String {
        let (book, theme) = (book_of(clause), theme_of(clause));
        if self.sizes.get(book).is_some_and(|n| *n < SMALL_BOOK) {
            return book.to_owned();
        }
        if self.sizes.get(theme).is_some_and(|n| *n < SMALL_THEME) {
            return format!("{book}-others");
        }
        theme.replace('/', "-")
    }

    /// A link to a clause from a page in a folder.
    pub fn clause(&self, clause: &Clause) -> String {
        format!("[`{0}`](../clauses/{1}.md#{0})", clause.id, self.page_of_clause(clause))
    }

    /// A link to a case from a page in a folder.
    pub fn case(&self, case: &Case) -> String {
        format!("[`{0}`](../cases/{1}.md#{0})", case.id, page_of_case(case))
    }

    /// A link to a mutant from a page in a folder.
    pub fn mutant(&self, name: &str) -> String {
        format!("[`{name}`](../tables/mutants.md#mutant-{name})")
    }

    /// A link to the line where a case is defined.
    pub fn source(&self, case: &Case) -> String {
        let (file, line) = (case.at.file(), case.at.line());
        format!("[{file}:{line}]({}/{file}#L{line})", self.sources)
    }

    /// The mutants that fail a clause, each with the cases that show it.
    pub fn failing(&self, clause: &Clause) -> impl Iterator<Item = (&'m str, &Set<&'m str>)> {
        self.by_clause.get(clause.id).into_iter().flatten().map(|(mutant, cases)| (*mutant, cases))
    }

    /// The mutants that a case kills.
    pub fn killed_by(&self, case: &Case) -> impl Iterator<Item = &'m str> {
        self.by_case.get(case.id).into_iter().flatten().copied()
    }

    /// Whether a mutant is killed because of the processes it leaves behind.
    pub fn leaks(&self, mutant: &str) -> bool {
        self.matrix.rows.get(mutant).is_some_and(|row| row.contains_key(LEAK))
    }

    /// Whether an expectation of the clause passed on the machine that recorded the kill matrix.
    pub fn holds_somewhere(&self, clause: &Clause) -> bool {
        self.matrix.expectations.values().any(|clauses| clauses.contains(clause.id))
    }
}

/// The first word of its id.
pub fn book_of(clause: &Clause) -> &'static str {
    clause.id.split('/').next().unwrap_or_default()
}

/// The first two words of its id.
pub fn theme_of(clause: &Clause) -> &'static str {
    let end = clause.id.match_indices('/').nth(1).map_or(clause.id.len(), |(at, _)| at);
    &clause.id[..end]
}

/// The name of the page with a case: that of its folder in the catalogue, as `calls-exit`.
pub fn page_of_case(case: &Case) -> String {
    let below = case.at.file().split("catalogue/").last().unwrap_or_default();
    let mut folders: Vec<&str> = below.split('/').collect();
    folders.pop();
    folders.join("-")
}

/// The items grouped by name, in the order of the first item of each group.
pub fn grouped<T>(all: impl Iterator<Item = T>, name: impl Fn(&T) -> String) -> Vec<(String, Vec<T>)> {
    let mut groups: Vec<(String, Vec<T>)> = Vec::new();
    for one in all {
        let name = name(&one);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, group)) => group.push(one),
            None => groups.push((name, vec![one])),
        }
    }
    groups
}

/// The mutants that are meant to fail a clause.
pub fn meant_for(clause: &Clause) -> impl Iterator<Item = &'static Mutant> {
    mutants().filter(move |mutant| mutant.clause.id == clause.id)
}

/// A bug report, as a link if its URL is known.
pub fn bug(name: &str) -> String {
    match bugs::address(name) {
        Some(address) => format!("[{}]({address})", plain(name)),
        None => plain(name),
    }
}

/// Text with all markup escaped.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\`*_[]<>|#&{}$~".contains(c) {
            out.push('\\');
        }
        out.push(if c == '\n' { ' ' } else { c });
    }
    out
}

/// A collapsed list.
pub fn folded(summary: &str, items: &[String]) -> String {
    format!("\n<details><summary>{summary}</summary>\n\n{}\n\n</details>\n", items.join(" · "))
}

/// A number with its noun.
pub fn counted(n: usize, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        _ => format!("{n} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    #[test]
    fn nothing_in_a_plain_text_is_markup() {
        assert_eq!(plain("<sys/wait.h> of *_exit*(n)\n[x]"), "\\<sys/wait.h\\> of \\*\\_exit\\*(n) \\[x\\]");
    }

    #[test]
    fn small_themes_share_a_page() {
        let matrix = Matrix::default();
        let book = Book::new(&matrix, "");
        let page = |id| book.page_of_clause(spec::clause(id).expect("a clause"));
        assert_eq!(page("posix/waitpid/echild"), "posix-waitpid");
        assert_eq!(page("posix/fork/child-has-no-children"), "posix-others");
    }

    #[test]
    fn a_case_is_on_the_page_of_its_folder() {
        let page = |id| page_of_case(catalogue::cases().find(|case| case.id == id).expect("a case"));
        assert_eq!(page("nohang.running-child"), "calls-blocking");
        assert_eq!(page("handle-result.exit-codes"), "handle");
    }
}
