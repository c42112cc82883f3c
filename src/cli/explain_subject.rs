//! What `waitspec explain` shows about subjects, and about the contracts of programs.

use super::names::{SUBJECT_FORMS, hint, subjects};
use crate::catalogue;
use crate::report::human::lines::Lines;
use crate::spec::clauses;
use crate::spec::contracts::{CONTRACTS, Contract, POSIX, contract, of_program};
use crate::trial::Body;
use crate::trial::program::Kind;

/// The kinds of subjects that are named `KIND:CMD` or the like.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    SUBJECT_FORMS.iter().filter_map(|(form, _)| Some(form.split_once(':')?.0))
}

/// The names that [`explain`] knows, except for those with a command or a path.
pub fn names() -> impl Iterator<Item = String> {
    let is_form = |name: &str| SUBJECT_FORMS.iter().any(|(form, _)| *form == name);
    let subjects = subjects().into_iter().map(|(name, _)| name).filter(move |name| !is_form(name));
    subjects.chain(CONTRACTS.iter().map(|contract| contract.name.to_owned()))
}

/// Adds what is known of a subject, by its name or as `KIND:CMD`, or of a contract; whether anything is.
pub fn explain(out: &mut Lines, name: &str) -> bool {
    let built_in = subjects().into_iter().find(|(known, _)| known == name);
    let form = name.split_once(':').and_then(|(kind, command)| {
        let of_kind =
            |(form, _): &&(&str, &str)| form.split_once(':').is_some_and(|(known, _)| known == kind);
        Some((kind, command, SUBJECT_FORMS.iter().find(of_kind)?.1))
    });
    let run = shlex::try_quote(name).map_or_else(|_| name.to_owned(), Into::into);
    if let Some((_, summary)) = &built_in {
        out.prose("subject", summary);
        if let Some(contract) = name.strip_prefix("program:").and_then(contract) {
            promises(out, contract);
        }
        out.line("run", &format!("waitspec run --subject {run}"));
    } else if let Some(("mutant", ..)) = form {
        return false;
    } else if let Some((kind, command, summary)) = form {
        out.prose("subject", summary);
        if Kind::ALL.iter().any(|(word, _)| *word == kind) {
            of_command(out, command);
        }
        out.line("run", &format!("waitspec run --subject {run}"));
    }
    match contract(name) {
        Some(contract) => of_contract(out, contract),
        None => return built_in.is_some() || form.is_some(),
    }
    true
}

/// The contract that a program is held to, by its command.
fn of_command(out: &mut Lines, command: &str) {
    let words = shlex::split(command).unwrap_or_default();
    let contract = of_program(&words);
    if contract != &POSIX {
        out.prose("contract", contract.name);
        return promises(out, contract);
    }
    let program = words.first().map_or("", |word| word.rsplit('/').next().unwrap_or(word));
    let near = hint(program, CONTRACTS.iter().map(|contract| contract.name));
    out.prose("contract", &format!("none of that name: POSIX binds it, all else is recorded{near}"));
}

fn of_contract(out: &mut Lines, contract: &Contract) {
    out.prose("contract", "what this program promises beyond POSIX");
    promises(out, contract);
    for (word, kind) in Kind::ALL {
        if is_checked(contract, kind) {
            out.line("run", &format!("waitspec run --subject {word}:CMD --contract {}", contract.name));
        }
    }
}

/// The rows of a contract: key and value, the requirement if it is one, and the source.
fn promises(out: &mut Lines, contract: &Contract) {
    for row in contract.rows {
        let clause = clauses().find(|clause| clause.promise() == Some(row.key));
        let (label, text) = match clause {
            Some(clause) if contract.is_open(row.key) => {
                ("open", format!("\n{} It is recorded.", clause.text))
            }
            Some(clause) => ("promise", format!("\n{}", clause.text)),
            None => ("setting", String::new()),
        };
        let text = format!("{} = {}{text}\n({})", row.key, row.value, row.source);
        out.prose(label, &text);
    }
}

/// Whether a case checks a promise of this contract with programs of that kind.
fn is_checked(contract: &Contract, kind: Kind) -> bool {
    let clauses = clauses().filter(|clause| contract.row(clause.promise().unwrap_or_default()).is_some());
    clauses.flat_map(catalogue::citing).any(|case| match case.body {
        Body::Program { kinds, .. } => kinds.has(kind),
        _ => false,
    })
}
