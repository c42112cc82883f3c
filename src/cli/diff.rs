//! `waitspec diff`.

use super::table::escaped;
use super::{Output, print_error, screen};
use crate::report::diff::{Change, Kind};
use crate::report::human::lines::Lines;
use crate::report::machine::read::{Report, read};
use crate::report::machine::record::TrialRecord;
use crate::report::runs::{Comparison, Found};
use crate::runner::settings::RunError;
use crate::sorted::Set;
use clap::ValueEnum;
use std::fmt::Write;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Compare a JSON report with one or more others: regressions, fixes, changed values, and slower, new and removed trials.
///
/// Exits with 1 if a trial regressed or a new trial fails, 2 if a report cannot be read or two have no trials in common,
/// and 0 otherwise. Ids that have been renamed are updated first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec diff main.jsonl branch.jsonl
  waitspec diff linux-6.1.jsonl linux-6.12.jsonl linux-6.18.jsonl      one report against several
  waitspec diff glibc.jsonl musl.jsonl --as libc                       subjects with different names
  waitspec diff main.jsonl branch.jsonl --format github                annotations and a step summary")]
pub struct Args {
    /// Report to compare against
    old: PathBuf,
    /// Reports to check
    #[arg(required = true)]
    new: Vec<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,
    /// Compare the only subject of each report under this name
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
    /// List trials slower by this factor, relative to the run as a whole
    #[arg(long, value_name = "X", default_value_t = 3.0, value_parser = super::arguments::positive)]
    slower: f64,
}

#[derive(Debug, Copy, Clone, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text
    Terminal,
    /// Markdown tables
    Markdown,
    /// GitHub Actions annotations; Markdown goes to the file named by GITHUB_STEP_SUMMARY, if set
    Github,
    /// One JSON object
    Json,
}

/// Performs the verb.
pub fn perform(args: &Args) -> Result<Output, RunError> {
    let old = report(&args.old, args.name.as_deref())?;
    let new: Vec<Report> =
        args.new.iter().map(|path| report(path, args.name.as_deref())).collect::<Result<_, _>>()?;
    let trial = |t: &TrialRecord| (t.id.clone(), t.subject.clone());
    let before: Set<_> = old.trials.iter().map(trial).collect();
    for (path, report) in args.new.iter().zip(&new) {
        if !report.trials.iter().any(|t| before.contains(&trial(t))) {
            let (old, new) = (args.old.display(), path.display());
            return Err(RunError::Usage(format!(
                "{old} and {new} have no trials in common; check their subjects, or give both the same name with --as"
            )));
        }
    }
    let name = |path: &PathBuf| path.display().to_string();
    let names: Vec<String> = args.new.iter().map(name).collect();
    let named: Vec<(&str, &Report)> = names.iter().map(String::as_str).zip(&new).collect();
    let found = Comparison::of((&name(&args.old), &old), &named, args.slower);
    let text = match args.format {
        Format::Terminal => terminal(&found),
        Format::Markdown => markdown(&found),
        Format::Github => github(&found),
        Format::Json => json(&found),
    };
    Ok(Output { text, code: u8::from(found.count(Kind::Regression) > 0) })
}

/// A report, with its only subject renamed if `name` is given.
fn report(path: &Path, name: Option<&str>) -> Result<Report, RunError> {
    let mut report = read(path).map_err(RunError::Usage)?;
    let Some(name) = name else { return Ok(report) };
    let subjects: Set<&str> = report.trials.iter().map(|trial| trial.subject.as_str()).collect();
    if subjects.len() > 1 {
        let list: Vec<&str> = subjects.into_iter().collect();
        return Err(RunError::Usage(format!(
            "--as {name}: {} has several subjects: {}",
            path.display(),
            list.join(", ")
        )));
    }
    for trial in &mut report.trials {
        name.clone_into(&mut trial.subject);
    }
    Ok(report)
}

/// `regressions: 1, fixes: 0, ...`
fn totals(found: &Comparison) -> String {
    let counts: Vec<String> =
        Kind::ALL.iter().map(|(kind, title)| format!("{title}: {}", found.count(*kind))).collect();
    format!("{}; {} trials compared", counts.join(", "), found.trials)
}

fn terminal(found: &Comparison) -> String {
    let mut out = Lines::new(screen::lines());
    for (kind, title) in Kind::ALL {
        let of_kind: Vec<&Found> = found.of_kind(kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        out.push(&format!("{title}\n"));
        let names: Vec<String> =
            of_kind.iter().map(|f| format!("{} {}", f.change.id, f.change.subject)).collect();
        let width = names.iter().map(String::len).max().unwrap_or(0);
        for (one, name) in of_kind.iter().zip(names) {
            let name = format!("  {name:<width$}");
            out.cells(6, &[name, format!("{}   {}", arrow(&one.change, " -> "), found.where_seen(one))]);
        }
        out.push("\n");
    }
    for note in &found.notes {
        out.hanging(6, &format!("note: {note}"));
    }
    out.hanging(0, &totals(found));
    out.into_text()
}

fn markdown(found: &Comparison) -> String {
    let mut out = String::from("## waitspec diff\n\n");
    let several = found.new.len() > 1;
    for (kind, title) in Kind::ALL {
        if found.count(kind) == 0 {
            continue;
        }
        let (column, rule) = if several { (" runs |", "---|") } else { ("", "") };
        let _ = writeln!(out, "### {title}\n\n| trial | subject | change |{column}\n|---|---|---|{rule}");
        for one in found.of_kind(kind) {
            let change = escaped(&arrow(&one.change, " → "));
            let subject = escaped(&one.change.subject);
            let runs =
                if several { format!(" {} |", escaped(&found.where_seen(one))) } else { String::new() };
            let _ = writeln!(out, "| `{}` | `{subject}` | {change} |{runs}", one.change.id);
        }
        out.push('\n');
    }
    for note in &found.notes {
        let _ = writeln!(out, "Note: {note}.\n");
    }
    out + &totals(found) + "\n"
}

/// The number of annotations of each kind that GitHub shows for a step.
const SHOWN: usize = 10;

/// Workflow commands, one per line; the tables go to the step summary, or below if there is none.
fn github(found: &Comparison) -> String {
    let mut out = String::new();
    for (kind, level) in [(Kind::Regression, "error"), (Kind::Changed, "warning"), (Kind::Slower, "warning")]
    {
        for one in found.of_kind(kind).take(SHOWN) {
            let Change { id, subject, .. } = &one.change;
            let word = match kind {
                Kind::Regression => "regression",
                Kind::Slower => "slower",
                _ => "changed",
            };
            let title = property(&format!("{word}: {id} {subject}"));
            let message = format!("{} {}", arrow(&one.change, " -> "), found.where_seen(one));
            let _ = writeln!(out, "::{level} title={title}::{}", data(message.trim_end()));
        }
    }
    let _ = writeln!(out, "::notice title=waitspec diff::{}", data(&totals(found)));
    let summary = markdown(found);
    let file = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|file| !file.is_empty());
    let Some(file) = file else { return out + "\n" + &summary };
    let written = std::fs::OpenOptions::new().append(true).create(true).open(&file);
    match written.and_then(|mut file| file.write_all(summary.as_bytes())) {
        Ok(()) => out,
        Err(e) => {
            print_error(&format!("cannot write the step summary: {e}"));
            out + "\n" + &summary
        }
    }
}

/// The message of a workflow command, escaped.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command, escaped.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

fn json(found: &Comparison) -> String {
    // Strings and numbers under string keys always serialize.
    serde_json::to_string_pretty(found).map_or_else(|e| e.to_string(), |text| text + "\n")
}

/// The old and the new value, where both exist.
fn arrow(change: &Change, arrow: &str) -> String {
    match (change.old.as_str(), change.new.as_str()) {
        ("", new) => new.to_owned(),
        (old, "") => old.to_owned(),
        (old, new) => format!("{old}{arrow}{new}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workflow_commands_are_escaped() {
        assert_eq!(data("100%\r\na: b"), "100%25%0D%0Aa: b");
        assert_eq!(property("a:b,c\n"), "a%3Ab%2Cc%0A");
    }
}
