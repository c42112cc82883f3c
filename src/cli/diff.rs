//! `waitspec diff`.

use super::table::escaped;
use super::{Said, complain};
use crate::harness::settings::RunError;
use crate::report::diff::{Change, Kind};
use crate::report::read::{Report, read};
use crate::report::record::TrialRecord;
use crate::report::runs::{Comparison, Found};
use clap::ValueEnum;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Compare a JSON report with one or more others: regressions, fixes, changed values, slower trials, new and missing ones.
///
/// Exits with 1 if something regressed or is new and fails, 0 if not, 2 if a report cannot be read or nothing is in both.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec diff main.jsonl branch.jsonl
  waitspec diff linux-6.1.jsonl linux-6.12.jsonl linux-6.18.jsonl      one against several
  waitspec diff glibc.jsonl musl.jsonl --as libc                       subjects of different names
  waitspec diff main.jsonl branch.jsonl --format github                annotations, and the summary of the step")]
pub struct Args {
    /// The report to compare with
    old: PathBuf,
    /// The reports to judge
    #[arg(required = true)]
    new: Vec<PathBuf>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,
    /// Compare the one subject of each report under this name
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
    /// Tell of trials that take so many times as long as the run lets expect
    #[arg(long, value_name = "X", default_value_t = 3.0, value_parser = super::run::positive)]
    slower: f64,
}

#[derive(Debug, Copy, Clone, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text
    Terminal,
    /// Markdown tables
    Markdown,
    /// Annotations of GitHub Actions; Markdown into the file that GITHUB_STEP_SUMMARY names, if it does
    Github,
    /// One JSON object
    Json,
}

/// Performs the verb.
pub fn perform(args: &Args) -> Result<Said, RunError> {
    let old = report(&args.old, args.name.as_deref())?;
    let new: Vec<Report> =
        args.new.iter().map(|path| report(path, args.name.as_deref())).collect::<Result<_, _>>()?;
    let trial = |t: &TrialRecord| (t.id.clone(), t.subject.clone());
    let before: BTreeSet<_> = old.trials.iter().map(trial).collect();
    for (path, report) in args.new.iter().zip(&new) {
        if !report.trials.iter().any(|t| before.contains(&trial(t))) {
            let (old, new) = (args.old.display(), path.display());
            return Err(RunError::Usage(format!(
                "{old} and {new} have no trial in common: other subjects? (--as NAME compares them)"
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
    Ok(Said { text, code: u8::from(found.count(Kind::Regression) > 0) })
}

/// A report, its one subject under another name if there is one.
fn report(path: &Path, name: Option<&str>) -> Result<Report, RunError> {
    let mut report = read(path).map_err(RunError::Usage)?;
    let Some(name) = name else { return Ok(report) };
    let subjects: BTreeSet<&str> = report.trials.iter().map(|trial| trial.subject.as_str()).collect();
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
    let mut out = String::new();
    for (kind, title) in Kind::ALL {
        let of_kind: Vec<&Found> = found.of_kind(kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        let _ = writeln!(out, "{title}");
        let names: Vec<String> =
            of_kind.iter().map(|f| format!("{} {}", f.change.id, f.change.subject)).collect();
        let width = names.iter().map(String::len).max().unwrap_or(0);
        for (one, name) in of_kind.iter().zip(names) {
            let line =
                format!("  {name:<width$}  {}   {}", arrow(&one.change, " -> "), found.where_seen(one));
            let _ = writeln!(out, "{}", line.trim_end());
        }
        out.push('\n');
    }
    for note in &found.notes {
        let _ = writeln!(out, "note: {note}");
    }
    out + &totals(found) + "\n"
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
            let told = escaped(&arrow(&one.change, " → "));
            let subject = escaped(&one.change.subject);
            let runs =
                if several { format!(" {} |", escaped(&found.where_seen(one))) } else { String::new() };
            let _ = writeln!(out, "| `{}` | `{subject}` | {told} |{runs}", one.change.id);
        }
        out.push('\n');
    }
    for note in &found.notes {
        let _ = writeln!(out, "Note: {note}.\n");
    }
    out + &totals(found) + "\n"
}

/// GitHub shows no more annotations of a kind than this in one step.
const SHOWN: usize = 10;

/// Commands of a workflow, one a line; the tables go to the summary of the step, or below where there is none.
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
            let told = format!("{} {}", arrow(&one.change, " -> "), found.where_seen(one));
            let _ = writeln!(out, "::{level} title={title}::{}", data(told.trim_end()));
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
            complain(&format!("cannot write the summary of the step: {e}"));
            out + "\n" + &summary
        }
    }
}

/// The message of a command of a workflow.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of one.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

fn json(found: &Comparison) -> String {
    // Text and numbers under text: there is nothing that JSON could not hold.
    serde_json::to_string_pretty(found).map_or_else(|e| e.to_string(), |text| text + "\n")
}

/// What was and what is, where there is both.
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
    fn nothing_ends_a_command_of_a_workflow() {
        assert_eq!(data("100%\r\na: b"), "100%25%0D%0Aa: b");
        assert_eq!(property("a:b,c\n"), "a%3Ab%2Cc%0A");
    }
}
