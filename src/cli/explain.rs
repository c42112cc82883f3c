//! `waitspec explain`.

use super::Said;
use super::names::{hint, unknown};
use crate::catalogue::{self, Case};
use crate::report::human::failure::{line, wrapped};
use crate::runner::settings::RunError;
use crate::spec::{self, Clause, deviations};
use crate::sys::call::abi::Call;

/// Say what a case shows, or what a clause asks for and which cases check it, or what cases a theme has.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec explain nohang.running-child
  waitspec explain nohang
  waitspec explain posix/waitpid/nohang-zero")]
pub struct Args {
    /// The id of a case (with or without its @call) or of a clause (`waitspec list` has them all), or the part of a case's id
    /// before the dot
    #[arg(value_name = "CASE|CLAUSE|THEME")]
    name: String,
}

/// Performs the verb.
pub fn perform(args: &Args) -> Result<Said, RunError> {
    let name = args.name.as_str();
    if let Some(clause) = spec::clause(name) {
        return Ok(Said::well(of_clause(clause)));
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
        return Ok(Said::well(of_case(case)));
    }
    let of_theme = catalogue::cases().filter(|case| case.id.split('.').next() == Some(id));
    let lines: Vec<String> = of_theme.map(titled).collect();
    if lines.is_empty() {
        let known = catalogue::cases().map(|c| c.id).chain(spec::clauses().map(|c| c.id));
        let all = "`waitspec list cases` and `waitspec list clauses` have them all";
        return Err(RunError::Usage(format!("unknown case or clause `{id}`{}; {all}", hint(id, known))));
    }
    Ok(Said::well(lines.join("\n") + "\n"))
}

/// A case on a line.
fn titled(case: &Case) -> String {
    format!("{:<36}   {}", case.id, case.title)
}

fn of_case(case: &Case) -> String {
    let calls: Vec<&str> = case.planned_calls().list().into_iter().map(Call::name).collect();
    let mut out = format!("{}\n", case.id);
    line(&mut out, "title", case.title);
    line(&mut out, "calls", &calls.join(" "));
    let needs: Vec<String> = case.needs.each.iter().map(ToString::to_string).collect();
    line(&mut out, "needs", &needs.join(", "));
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
        Some(why) => line(&mut out, "untested", why),
        None if cases.is_empty() => line(&mut out, "cases", "none yet"),
        None => line(&mut out, "cases", &cases.join("\n")),
    }
    out
}

/// Text, level and source of a clause, the bugs that it would have caught, the systems that depart from it.
fn about(clause: &Clause) -> String {
    let text = wrapped(clause.text.split(' '), " ");
    let mut lines = vec![text, format!("({}) {}", clause.level, clause.source)];
    if !clause.bugs.is_empty() {
        lines.push(format!("bugs that it would have caught: {}", clause.bugs.join(", ")));
    }
    for deviation in deviations::ALL.iter().filter(|d| d.clause.id == clause.id) {
        let (profile, observed) = (deviation.profile, deviation.observed);
        lines.push(format!("{profile} departs from it: {observed} ({})", deviation.source));
    }
    lines.join("\n")
}
