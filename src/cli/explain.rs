//! `waitspec explain`.

use super::Output;
#[cfg(feature = "full")]
use super::complete;
use super::names::{hint, unknown};
use crate::catalogue::{self, Case};
use crate::mutants::mutants;
use crate::report::human::failure::{line, prose, wrapped, wrapped_at};
use crate::report::renames::{Kind, new_name};
use crate::runner::settings::RunError;
use crate::scenario::library;
use crate::spec::{self, Clause, bugs, deviations, verified};
use crate::sys::call::abi::Call;
#[cfg(feature = "full")]
use clap_complete::engine::ArgValueCandidates;

/// Explain a case, a clause and the cases that check it, a scenario, a mutant or a call, or list the ids with a given prefix.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec explain nohang.running-child
  waitspec explain nohang
  waitspec explain posix/waitpid/nohang-zero
  waitspec explain posix/waitid/
  waitspec explain double-reap")]
pub struct Args {
    /// Id of a case (with or without @call) or of a clause, or a prefix of one; a scenario, a mutant or a call
    #[arg(value_name = "NAME")]
    #[cfg_attr(feature = "full", arg(add = ArgValueCandidates::new(complete::names)))]
    name: String,
}

/// Performs the verb.
pub fn perform(args: &Args) -> Result<Output, RunError> {
    let name = args.name.as_str();
    if let Some(new) = new_id(name) {
        let explained = perform(&Args { name: new.to_owned() })?;
        return Ok(Output::success(format!("{name} was renamed to {new}\n\n{}", explained.text)));
    }
    if let Some(clause) = spec::clause(name) {
        return Ok(Output::success(of_clause(clause)));
    }
    let id = match name.split_once('@') {
        Some((id, call)) => {
            let calls = Call::ALL.iter().map(|c| c.name());
            Call::from_name(call).ok_or_else(|| unknown("call", call, calls))?;
            id
        }
        None => name,
    };
    if let Some(case) = catalogue::cases().find(|case| case.id == id) {
        return Ok(Output::success(of_case(case)));
    }
    if let Some(text) = of_another_sort(id) {
        return Ok(Output::success(text));
    }
    let of_theme = catalogue::cases().filter(|case| case.id.split('.').next() == Some(id));
    let mut lines: Vec<String> = of_theme.map(|case| titled(case.id, case.title)).collect();
    if lines.is_empty() {
        // A prefix of several ids.
        let cases = catalogue::cases().filter(|case| case.id.starts_with(id));
        lines.extend(cases.map(|case| titled(case.id, case.title)));
        let clauses = spec::clauses().filter(|clause| clause.id.starts_with(id));
        lines.extend(clauses.map(|clause| titled(clause.id, clause.text)));
    }
    if lines.is_empty() || id.is_empty() {
        let known = catalogue::cases().map(|c| c.id).chain(spec::clauses().map(|c| c.id));
        let known = known.chain(library::names()).chain(mutants().map(|mutant| mutant.name));
        // The name of a subject is that of a mutant.
        let wrong = id.strip_prefix("mutant:").unwrap_or(id);
        let all = "see `waitspec list cases`, `clauses`, `scenarios` and `mutants`";
        return Err(RunError::Usage(format!("unknown name `{id}`{}; {all}", hint(wrong, known))));
    }
    Ok(Output::success(lines.join("\n") + "\n"))
}

/// What a scenario does, what a mutant breaks, or how many cases a call is run with.
fn of_another_sort(name: &str) -> Option<String> {
    let mut out = format!("{name}\n");
    let mutant = name.strip_prefix("mutant:").unwrap_or(name);
    if let Some(named) = library::find(name) {
        prose(&mut out, "scenario", named.summary);
        line(&mut out, "steps", &named.script.join("\n"));
        line(&mut out, "run", &format!("waitspec child {name}"));
    } else if let Some(mutant) = mutants().find(|known| known.name == mutant) {
        prose(&mut out, "mutant", mutant.breaks);
        line(&mut out, "clause", &format!("{}\n{}", mutant.clause.id, about(mutant.clause)));
        prose(&mut out, "origin", &mutant.origin.to_string());
        line(
            &mut out,
            "run",
            &format!("waitspec run --clause {} --subject mutant:{}", mutant.clause.id, mutant.name),
        );
    } else if let Some(call) = Call::from_name(name) {
        let cases = catalogue::cases().filter(|case| case.planned_calls().has(call)).count();
        line(&mut out, "call", &format!("{cases} cases run with it"));
        line(&mut out, "run", &format!("waitspec run --call {name}"));
    } else {
        return None;
    }
    Some(out)
}

/// The new id of a case, with or without a call, or of a clause that was renamed.
fn new_id(name: &str) -> Option<&'static str> {
    let case = name.split('@').next().unwrap_or(name);
    new_name(Kind::Case, case).or_else(|| new_name(Kind::Clause, name))
}

/// The column at which titles begin, and the width of the labels before it.
const COLUMN: usize = 39;
const INDENT: usize = 12;

/// The id of a case or of a clause, and what it says.
fn titled(id: &str, title: &str) -> String {
    let title = wrapped_at(INDENT + COLUMN, title.split(' '), " ");
    let title = title.replace('\n', &format!("\n{:COLUMN$}", ""));
    format!("{:<1$} {title}", id, COLUMN - 1)
}

fn of_case(case: &Case) -> String {
    let calls: Vec<&str> = case.planned_calls().list().into_iter().map(Call::name).collect();
    let mut out = format!("{}\n", case.id);
    prose(&mut out, "title", case.title);
    if verified::is_case_unverified(case.clauses.iter().copied()) {
        prose(&mut out, "state", &unverified());
    }
    line(&mut out, "calls", &calls.join(" "));
    let needs: Vec<String> = case.needs.each.iter().map(ToString::to_string).collect();
    prose(&mut out, "needs", &needs.join(", "));
    for clause in case.clauses {
        line(&mut out, "clause", &format!("{}\n{}", clause.id, about(clause)));
    }
    line(&mut out, "file", &format!("{}:{}", case.at.file(), case.at.line()));
    line(&mut out, "run", &format!("waitspec run {}", case.id));
    out
}

fn of_clause(clause: &Clause) -> String {
    let mut out = format!("{}\n", clause.id);
    line(&mut out, "text", &about(clause));
    let cases: Vec<String> = catalogue::citing(clause).map(|case| titled(case.id, case.title)).collect();
    match clause.untestable {
        Some(why) => prose(&mut out, "untested", why),
        None if cases.is_empty() => line(&mut out, "cases", "none"),
        None => line(&mut out, "cases", &cases.join("\n")),
    }
    out
}

/// The text with each bug report as a terminal hyperlink; without a terminal, the sequences are stripped.
fn linked(text: &str) -> String {
    let words = text.split_inclusive([' ', '\n']).map(|word| {
        let bug = word.trim_end_matches([' ', '\n', ',']);
        match bugs::address(bug) {
            Some(address) => {
                format!("\x1b]8;;{address}\x1b\\{bug}\x1b]8;;\x1b\\{}", &word[bug.len()..])
            }
            None => word.to_owned(),
        }
    });
    words.collect()
}

/// The note on a case, a clause or a deviation that no run has confirmed.
fn unverified() -> String {
    format!("unverified: {}", verified::UNVERIFIED)
}

/// Text, level and source of a clause, the bugs it would have caught, and the systems that deviate from it.
fn about(clause: &Clause) -> String {
    let text = wrapped(clause.text.split(' '), " ");
    let mut lines = vec![text, format!("({}) {}", clause.level, clause.source)];
    if verified::is_unverified(clause) {
        lines.push(unverified());
    }
    if !clause.bugs.is_empty() {
        let bugs = format!("would have caught {}", clause.bugs.join(", "));
        lines.push(linked(&wrapped(bugs.split(' '), " ")));
    }
    for deviation in deviations::ALL.iter().filter(|d| d.clause.id == clause.id) {
        let (system, observed) = (deviation.system(), deviation.observed);
        let unverified = match verified::is_deviation_unverified(deviation) {
            true => format!("; {}", unverified()),
            false => String::new(),
        };
        let text = format!("{system} deviates: {observed} ({}{unverified})", deviation.source);
        lines.push(wrapped(text.split(' '), " "));
    }
    lines.join("\n")
}
