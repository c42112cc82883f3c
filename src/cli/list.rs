//! `waitspec list`.

use super::Output;
use super::names::hint;
use super::table::{Cell, Format, Table};
use crate::catalogue;
use crate::runner::settings::RunError;
use crate::scenario::library;
use crate::spec::contracts::CONTRACTS;
use crate::spec::{self, Clause, bugs, verified};
use crate::sys::call::abi::Call;
use clap::ValueEnum;

/// List cases, clauses, scenarios, subjects, mutants, calls or contracts.
///
/// A case or a clause is unverified if it has never been run on a system that it applies to: it comes from a manual or from source code.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec list
  waitspec list cases nohang
  waitspec list clauses 'posix/waitid/*'
  waitspec list mutants stop
  waitspec list clauses --uncovered
  waitspec list --summary
  waitspec list cases --format json | jq -r '.[].case'")]
pub struct Args {
    /// What to list
    #[arg(value_enum, default_value_t = What::Cases)]
    what: What,
    /// List only entries with one of these in their name or description; with a `*`, the whole name must match
    #[arg(value_name = "PATTERN", conflicts_with = "summary")]
    patterns: Vec<String>,
    /// List only testable clauses that no case cites
    #[arg(long, conflicts_with = "summary")]
    uncovered: bool,
    /// Show only the number of clauses, cases and trials for each book
    #[arg(long)]
    summary: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,
}

#[derive(Debug, Copy, Clone, PartialEq, Eq, ValueEnum)]
enum What {
    /// Conformance cases
    Cases,
    /// Requirements and their sources
    Clauses,
    /// Named behaviours of a child
    Scenarios,
    /// Implementations under test
    Subjects,
    /// Subjects with a known bug
    Mutants,
    /// Front ends of the wait family
    Calls,
    /// Promises of programs that run other programs
    Contracts,
}

/// Performs the verb.
pub fn perform(args: &Args) -> Result<Output, RunError> {
    let (mut table, left_out): (Table, &[&str]) = match args.what {
        _ if args.summary => (summary(), &[]),
        What::Clauses => (clauses(args.uncovered), &["unverified", "text", "bugs", "cases"]),
        What::Cases if args.uncovered => (clauses(true), &["unverified", "text", "bugs", "cases"]),
        _ if args.uncovered => {
            return Err(RunError::Usage(
                "--uncovered applies to clauses: waitspec list clauses --uncovered".into(),
            ));
        }
        What::Cases => (cases(), &["unverified", "clauses", "file"]),
        What::Scenarios => (scenarios(), &["steps"]),
        What::Subjects => (subjects(), &[]),
        #[cfg(not(feature = "full"))]
        What::Mutants => return Err(super::lacks("mutants")),
        #[cfg(feature = "full")]
        What::Mutants => (mutants(), &["origin"]),
        What::Calls => (calls(), &[]),
        What::Contracts => (contracts(), &[]),
    };
    let names = table.names();
    if let Some(pattern) = table.keep(&args.patterns) {
        let near = hint(&pattern, names.iter().map(String::as_str));
        return Err(RunError::Nothing(format!("nothing in this list matches `{pattern}`{near}")));
    }
    Ok(Output::success(table.render(args.format, left_out)))
}

fn cases() -> Table {
    let mut table = Table::new(&["case", "calls", "title", "unverified", "clauses", "file"]);
    for case in catalogue::cases() {
        let calls = case.planned_calls().list().into_iter().map(|call| call.name().to_owned());
        let clauses = case.clauses.iter().map(|clause| clause.id.to_owned());
        let unverified = verified::is_case_unverified(case.clauses.iter().copied());
        table.row([
            case.id.into(),
            Cell::List(calls.collect()),
            Cell::Pair(
                format!("{}{}", case.title, if unverified { " (unverified)" } else { "" }),
                case.title.into(),
            ),
            yes(unverified),
            Cell::List(clauses.collect()),
            Cell::Text(format!("{}:{}", case.at.file(), case.at.line())),
        ]);
    }
    table
}

/// A condition: `yes` or nothing for people, a boolean for programs.
fn yes(holds: bool) -> Cell {
    Cell::Pair((if holds { "yes" } else { "" }).to_owned(), holds.into())
}

/// Whether a case checks the clause; `None` if it is untestable.
fn covered(clause: &Clause) -> Option<bool> {
    match clause.untestable {
        Some(_) => None,
        None => Some(catalogue::citing(clause).next().is_some()),
    }
}

fn clauses(only_uncovered: bool) -> Table {
    let mut table =
        Table::new(&["clause", "level", "coverage", "unverified", "source", "text", "bugs", "cases"]);
    for clause in spec::clauses().filter(|clause| !only_uncovered || covered(clause) == Some(false)) {
        let cases: Vec<String> = catalogue::citing(clause).map(|case| case.id.to_owned()).collect();
        let coverage = match covered(clause) {
            None => "untestable",
            Some(false) => "uncovered",
            Some(true) => "covered",
        };
        let unverified = verified::is_unverified(clause);
        let by = if unverified { ", unverified" } else { "" };
        let shown = match (covered(clause), cases.len()) {
            (Some(true), 1) => format!("1 case{by}"),
            (Some(true), n) => format!("{n} cases{by}"),
            _ => coverage.to_owned(),
        };
        table.row([
            clause.id.into(),
            clause.level.name().into(),
            Cell::Pair(shown, coverage.into()),
            yes(unverified),
            clause.source.into(),
            clause.text.into(),
            Cell::Links(clause.bugs.iter().map(|bug| ((*bug).to_owned(), bugs::address(bug))).collect()),
            Cell::List(cases),
        ]);
    }
    table
}

/// The number of clauses, cases and trials for each book.
pub fn summary() -> Table {
    let mut table = Table::new(&[
        "book",
        "clauses",
        "covered",
        "uncovered",
        "untestable",
        "unverified",
        "seen to fail",
        "cases",
        "trials",
    ]);
    #[cfg(feature = "full")]
    let matrix = crate::selftest::Matrix::committed().unwrap_or_default();
    #[cfg(feature = "full")]
    let failing = matrix.clauses();
    // Failed by some mutant: otherwise it is not known whether the clause is checked at all.
    #[cfg(feature = "full")]
    let seen_to_fail = |clauses: &[&Clause]| {
        Cell::Count(clauses.iter().filter(|clause| failing.contains(clause.id)).count())
    };
    #[cfg(not(feature = "full"))]
    let seen_to_fail = |_: &[&Clause]| Cell::Pair("-".to_owned(), serde_json::Value::Null);
    let book = |clause: &Clause| clause.id.split('/').next().unwrap_or_default().to_owned();
    let mut books: Vec<String> = Vec::new();
    for clause in spec::clauses() {
        if !books.contains(&book(clause)) {
            books.push(book(clause));
        }
    }
    let mut row = |name: &str, within: &dyn Fn(&Clause) -> bool| {
        let clauses: Vec<_> = spec::clauses().filter(|clause| within(clause)).collect();
        let count = |state| Cell::Count(clauses.iter().filter(|clause| covered(clause) == state).count());
        let cases: Vec<_> =
            catalogue::cases().filter(|case| case.clauses.iter().any(|clause| within(clause))).collect();
        table.row([
            name.into(),
            Cell::Count(clauses.len()),
            count(Some(true)),
            count(Some(false)),
            count(None),
            Cell::Count(clauses.iter().filter(|clause| verified::is_unverified(clause)).count()),
            seen_to_fail(&clauses),
            Cell::Count(cases.len()),
            Cell::Count(cases.iter().map(|case| case.planned_calls().list().len()).sum()),
        ]);
    };
    for name in &books {
        row(name, &|clause| book(clause) == *name);
    }
    row("all", &|_| true);
    table
}

fn scenarios() -> Table {
    let mut table = Table::new(&["scenario", "summary", "steps"]);
    for named in library::LIBRARY {
        table.row([named.name.into(), named.summary.into(), Cell::Text(named.script.join("; "))]);
    }
    table
}

fn subjects() -> Table {
    let mut table = Table::new(&["subject", "summary"]);
    for (name, summary) in super::names::subjects() {
        table.row([Cell::Text(name), Cell::Text(summary)]);
    }
    table
}

#[cfg(feature = "full")]
fn mutants() -> Table {
    let mut table = Table::new(&["mutant", "breaks", "clause", "origin"]);
    for mutant in crate::mutants::mutants() {
        let origin = Cell::Text(mutant.origin.to_string());
        table.row([mutant.name.into(), mutant.breaks.into(), mutant.clause.id.into(), origin]);
    }
    table
}

/// What programs promise.
pub fn contracts() -> Table {
    let mut table = Table::new(&["contract", "promise", "value", "source"]);
    for contract in CONTRACTS {
        for row in contract.rows {
            table.row([contract.name.into(), row.key.into(), row.value.into(), row.source.into()]);
        }
    }
    table
}

fn calls() -> Table {
    let mut table = Table::new(&["call", "cases"]);
    for call in Call::ALL {
        let cases = catalogue::cases().filter(|case| case.planned_calls().list().contains(&call)).count();
        table.row([call.name().into(), Cell::Count(cases)]);
    }
    table
}
