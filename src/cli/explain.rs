//! `waitspec explain`.

use super::Output;
use super::names::{hint, unknown};
use crate::catalogue::{self, Case};
use crate::report::human::failure::{line, prose, wrapped, wrapped_at};
use crate::report::renames::{Kind, new_name};
use crate::runner::settings::RunError;
use crate::spec::{self, Clause, deviations};
use crate::sys::call::abi::Call;

/// Show what a case does, what a clause requires and which cases check it, or the cases of a theme.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec explain nohang.running-child
  waitspec explain nohang
  waitspec explain posix/waitpid/nohang-zero")]
pub struct Args {
    /// Id of a case (with or without @call), id of a clause, or the part of a case id before the dot
    #[arg(value_name = "CASE|CLAUSE|THEME")]
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
    let of_theme = catalogue::cases().filter(|case| case.id.split('.').next() == Some(id));
    let lines: Vec<String> = of_theme.map(titled).collect();
    if lines.is_empty() {
        let known = catalogue::cases().map(|c| c.id).chain(spec::clauses().map(|c| c.id));
        let all = "see `waitspec list cases` and `waitspec list clauses`";
        return Err(RunError::Usage(format!("unknown case or clause `{id}`{}; {all}", hint(id, known))));
    }
    Ok(Output::success(lines.join("\n") + "\n"))
}

/// The new id of a case, with or without a call, or of a clause that was renamed.
fn new_id(name: &str) -> Option<&'static str> {
    let case = name.split('@').next().unwrap_or(name);
    new_name(Kind::Case, case).or_else(|| new_name(Kind::Clause, name))
}

/// The column at which titles begin, and the width of the labels before it.
const COLUMN: usize = 39;
const INDENT: usize = 12;

/// The id and the title of a case.
fn titled(case: &Case) -> String {
    let title = wrapped_at(INDENT + COLUMN, case.title.split(' '), " ");
    let title = title.replace('\n', &format!("\n{:COLUMN$}", ""));
    format!("{:<1$} {title}", case.id, COLUMN - 1)
}

fn of_case(case: &Case) -> String {
    let calls: Vec<&str> = case.planned_calls().list().into_iter().map(Call::name).collect();
    let mut out = format!("{}\n", case.id);
    prose(&mut out, "title", case.title);
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
    let cases: Vec<String> = catalogue::cases()
        .filter(|case| case.clauses.iter().any(|c| c.id == clause.id))
        .map(titled)
        .collect();
    match clause.untestable {
        Some(why) => prose(&mut out, "untested", why),
        None if cases.is_empty() => line(&mut out, "cases", "none"),
        None => line(&mut out, "cases", &cases.join("\n")),
    }
    out
}

/// Text, level and source of a clause, the bugs it would have caught, and the systems that deviate from it.
fn about(clause: &Clause) -> String {
    let text = wrapped(clause.text.split(' '), " ");
    let mut lines = vec![text, format!("({}) {}", clause.level, clause.source)];
    if !clause.bugs.is_empty() {
        let bugs = format!("would have caught {}", clause.bugs.join(", "));
        lines.push(wrapped(bugs.split(' '), " "));
    }
    for deviation in deviations::ALL.iter().filter(|d| d.clause.id == clause.id) {
        let (profile, observed) = (deviation.profile, deviation.observed);
        let unverified =
            if deviation.unverified { format!("; {}", deviations::UNVERIFIED) } else { String::new() };
        let text = format!("{profile} deviates: {observed} ({}{unverified})", deviation.source);
        lines.push(wrapped(text.split(' '), " "));
    }
    lines.join("\n")
}
