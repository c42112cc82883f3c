//! `waitspec explain`.

use super::Said;
use super::names::unknown;
use crate::catalogue::{self, Case};
use crate::harness::settings::RunError;
use crate::report::failure::line;
use crate::spec::{self, Clause, deviations};
use crate::sys::family::Call;

/// Say what a case shows, or what a clause asks for and which cases check it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec explain nohang.running-child
  waitspec explain posix/waitpid/nohang-zero")]
pub struct Args {
    /// The id of a case (with or without its @call) or of a clause
    #[arg(value_name = "CASE|CLAUSE")]
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
    match catalogue::cases().find(|case| case.id == id) {
        Some(case) => Ok(Said::well(of_case(case))),
        None => {
            let known = catalogue::cases().map(|c| c.id).chain(spec::clauses().map(|c| c.id));
            Err(unknown("case or clause", id, known))
        }
    }
}

fn of_case(case: &Case) -> String {
    let calls: Vec<&str> = case.calls.list().into_iter().map(Call::name).collect();
    let mut out = format!("{}\n", case.id);
    line(&mut out, "title", case.title);
    line(&mut out, "calls", &calls.join(" "));
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
        .map(|case| format!("{}   {}", case.id, case.title))
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
    let mut lines = vec![clause.text.to_owned(), format!("({}) {}", clause.level, clause.source)];
    if !clause.bugs.is_empty() {
        lines.push(format!("bugs that it would have caught: {}", clause.bugs.join(", ")));
    }
    for deviation in deviations::ALL.iter().filter(|d| d.clause.id == clause.id) {
        let (profile, observed) = (deviation.profile, deviation.observed);
        lines.push(format!("known deviation of {profile}: {observed} ({})", deviation.source));
    }
    lines.join("\n")
}
