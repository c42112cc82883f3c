//! `waitspec explain`.

#[cfg(feature = "full")]
use super::complete;
use super::names::{hint, unknown};
use super::{Output, explain_subject, screen};
use crate::catalogue::{self, Case};
use crate::mutants::mutants;
use crate::report::human::lines::{INDENT, Lines, wrapped};
use crate::report::renames::{Kind, new_name};
use crate::runner::select::glob;
use crate::runner::settings::RunError;
use crate::scenario::library;
use crate::spec::{self, Clause, bugs, deviations, verified};
use crate::sys::call::abi::Call;
#[cfg(feature = "full")]
use clap_complete::engine::ArgValueCandidates;

/// Explain a case, a clause and the cases that check it, a scenario, a mutant, a call, a subject or the contract of a program, or
/// list the ids with a given prefix.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec explain nohang.running-child
  waitspec explain nohang
  waitspec explain posix/waitpid/nohang-zero
  waitspec explain posix/waitid/
  waitspec explain double-reap
  waitspec explain libc
  waitspec explain 'wrapper:timeout 10'
  waitspec explain tini")]
pub struct Args {
    /// Id of a case (with or without @call) or of a clause, a prefix of one or a pattern with `*`; a scenario, a mutant, a call, a
    /// subject (a name or KIND:CMD) or a contract
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
    let mut subject = named(name);
    let is_subject = explain_subject::explain(&mut subject, name);
    match name.split_once(':') {
        Some(_) if is_subject => return Ok(Output::success(subject.into_text())),
        Some((kind, _)) if kind != "mutant" => {
            return Err(unknown("kind of subject", kind, explain_subject::kinds()));
        }
        _ => {}
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
    if is_subject {
        // A theme may have the same name.
        let cases = if lines.is_empty() { String::new() } else { format!("\n{}\n", lines.join("\n")) };
        return Ok(Output::success(subject.into_text() + &cases));
    }
    if lines.is_empty() {
        // A prefix of several ids, or a pattern as for `run`.
        let is_meant = |known: &str| match id.contains('*') {
            true => glob(id, known),
            false => known.starts_with(id),
        };
        let cases = catalogue::cases().filter(|case| is_meant(case.id));
        lines.extend(cases.map(|case| titled(case.id, case.title)));
        let clauses = spec::clauses().filter(|clause| is_meant(clause.id));
        lines.extend(clauses.map(|clause| titled(clause.id, clause.text)));
    }
    if lines.is_empty() || id.is_empty() {
        let subjects: Vec<String> = explain_subject::names().collect();
        let known = catalogue::cases().map(|c| c.id).chain(spec::clauses().map(|c| c.id));
        let known = known.chain(library::names()).chain(mutants().map(|mutant| mutant.name));
        let mut known: Vec<&str> = known.collect();
        known.extend(subjects.iter().map(String::as_str));
        // The name of a subject is that of a mutant.
        let wrong = id.strip_prefix("mutant:").unwrap_or(id);
        let all = "see `waitspec list cases`, `clauses`, `scenarios`, `mutants`, `calls`, `subjects` and `contracts`";
        return Err(RunError::Usage(format!("unknown name `{id}`{}; {all}", hint(wrong, known))));
    }
    Ok(Output::success(lines.join("\n") + "\n"))
}

/// What a scenario does, what a mutant breaks, or how many cases a call is run with.
fn of_another_sort(name: &str) -> Option<String> {
    let mut out = named(name);
    let mutant = name.strip_prefix("mutant:").unwrap_or(name);
    if let Some(scenario) = library::find(name) {
        out.prose("scenario", scenario.summary);
        out.line("steps", &scenario.script.join("\n"));
        out.line("run", &format!("waitspec child {name}"));
    } else if let Some(mutant) = mutants().find(|known| known.name == mutant) {
        out.prose("mutant", mutant.breaks);
        out.line("clause", &format!("{}\n{}", mutant.clause.id, about(&out, mutant.clause)));
        out.prose("origin", &mutant.origin.to_string());
        out.line(
            "run",
            &format!("waitspec run --clause {} --subject mutant:{}", mutant.clause.id, mutant.name),
        );
    } else if let Some(call) = Call::from_name(name) {
        let cases = catalogue::cases().filter(|case| case.planned_calls().has(call)).count();
        out.line("call", &format!("{cases} cases run with it"));
        out.line("run", &format!("waitspec run --call {name}"));
    } else {
        return None;
    }
    Some(out.into_text())
}

/// The new id of a case, with or without a call, or of a clause that was renamed.
fn new_id(name: &str) -> Option<&'static str> {
    let case = name.split('@').next().unwrap_or(name);
    new_name(Kind::Case, case).or_else(|| new_name(Kind::Clause, name))
}

/// What is explained, as the first line.
fn named(name: &str) -> Lines {
    let mut out = Lines::new(screen::prose());
    out.push(&format!("{name}\n"));
    out
}

/// The column at which titles begin.
const COLUMN: usize = 39;

/// The id of a case or of a clause, and what it says: next to it, or below if the terminal is narrow.
fn titled(id: &str, title: &str) -> String {
    let room = screen::prose() - INDENT;
    let (column, id) = match room >= 2 * COLUMN {
        true => (COLUMN, format!("{:<1$} ", id, COLUMN - 1)),
        false => (4, format!("{id}\n    ")),
    };
    let title = wrapped(room - column, title.split(' '), " ");
    id + &title.replace('\n', &format!("\n{:column$}", ""))
}

fn of_case(case: &Case) -> String {
    let calls: Vec<&str> = case.planned_calls().list().into_iter().map(Call::name).collect();
    let mut out = named(case.id);
    out.prose("title", case.title);
    if verified::is_case_unverified(case.clauses.iter().copied()) {
        out.prose("state", &unverified());
    }
    out.prose("calls", &calls.join(" "));
    let needs: Vec<String> = case.needs.each.iter().map(ToString::to_string).collect();
    out.prose("needs", &needs.join(", "));
    for clause in case.clauses {
        out.line("clause", &format!("{}\n{}", clause.id, about(&out, clause)));
    }
    out.line("file", &format!("{}:{}", case.at.file(), case.at.line()));
    out.line("run", &format!("waitspec run {}", case.id));
    out.into_text()
}

fn of_clause(clause: &Clause) -> String {
    let mut out = named(clause.id);
    out.line("text", &about(&out, clause));
    let cases: Vec<String> = catalogue::citing(clause).map(|case| titled(case.id, case.title)).collect();
    match clause.untestable {
        Some(why) => out.prose("untested", why),
        None if cases.is_empty() => out.line("cases", "none"),
        None => out.line("cases", &cases.join("\n")),
    }
    out.into_text()
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
fn about(out: &Lines, clause: &Clause) -> String {
    let wrapped = |text: &str| out.in_lines(text.split(' '), " ");
    let mut lines = vec![wrapped(clause.text), wrapped(&format!("({}) {}", clause.level, clause.source))];
    if verified::is_unverified(clause) {
        lines.push(wrapped(&unverified()));
    }
    if !clause.bugs.is_empty() {
        let bugs = format!("would have caught {}", clause.bugs.join(", "));
        lines.push(linked(&wrapped(&bugs)));
    }
    for deviation in deviations::ALL.iter().filter(|d| d.clause.id == clause.id) {
        let (system, observed) = (deviation.system(), deviation.observed);
        let unverified = match verified::is_deviation_unverified(deviation) {
            true => format!("; {}", unverified()),
            false => String::new(),
        };
        let text = format!("{system} deviates: {observed} ({}{unverified})", deviation.source);
        lines.push(wrapped(&text));
    }
    lines.join("\n")
}
