//! `waitspec diff`.

use super::Output;
use super::table::{Format, escaped};
use crate::report::diff::{Change, Kind, compare};
use crate::report::machine::read::{Report, read};
use crate::report::machine::record::TrialRecord;
use crate::runner::settings::RunError;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;

/// Compare two JSON reports: regressions, fixes, changed values, new and removed trials.
///
/// Exits with 1 if a trial regressed or a new trial fails, 2 if a report cannot be read or the two have no trial in common,
/// and 0 otherwise. Ids that have been renamed are brought up to date first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec diff main.jsonl branch.jsonl
  waitspec diff linux-6.1.jsonl linux-6.18.jsonl --format markdown >> \"$GITHUB_STEP_SUMMARY\"")]
pub struct Args {
    /// Report to compare with
    old: PathBuf,
    /// Report to check
    new: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,
}

/// Performs the verb.
pub fn perform(args: &Args) -> Result<Output, RunError> {
    let old = read(&args.old).map_err(RunError::Usage)?;
    let new = read(&args.new).map_err(RunError::Usage)?;
    let trial = |t: &TrialRecord| (t.id.clone(), t.subject.clone());
    let before: BTreeSet<_> = old.trials.iter().map(trial).collect();
    if !new.trials.iter().any(|t| before.contains(&trial(t))) {
        let (old, new) = (args.old.display(), args.new.display());
        return Err(RunError::Usage(format!(
            "{old} and {new} have no trial in common; check their subjects"
        )));
    }
    let changes = compare(&old, &new);
    let mut notes = Vec::new();
    for (path, report) in [(&args.old, &old), (&args.new, &new)] {
        if !report.is_complete() {
            notes.push(format!("{} is partial: {} trials", path.display(), report.trials.len()));
        }
    }
    let text = match args.format {
        Format::Terminal => terminal(&changes, &notes, &new),
        Format::Markdown => markdown(&changes, &notes, &new),
        Format::Json => json(&changes, &notes),
    };
    Ok(Output { text, code: u8::from(count(&changes, Kind::Regression) > 0) })
}

fn count(changes: &[Change], kind: Kind) -> usize {
    changes.iter().filter(|c| c.kind == kind).count()
}

/// `regressions: 1, fixes: 0, ...`
fn totals(changes: &[Change], new: &Report) -> String {
    let counts: Vec<String> =
        Kind::ALL.iter().map(|(kind, title)| format!("{title}: {}", count(changes, *kind))).collect();
    format!("{}; {} trials compared", counts.join(", "), new.trials.len())
}

fn terminal(changes: &[Change], notes: &[String], new: &Report) -> String {
    let mut out = String::new();
    for (kind, title) in Kind::ALL {
        let of_kind: Vec<&Change> = changes.iter().filter(|c| c.kind == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        let _ = writeln!(out, "{title}");
        let names: Vec<String> = of_kind.iter().map(|c| format!("{} {}", c.id, c.subject)).collect();
        let width = names.iter().map(String::len).max().unwrap_or(0);
        for (change, name) in of_kind.iter().zip(names) {
            let _ = writeln!(out, "  {name:<width$}  {}", arrow(change, " -> "));
        }
        out.push('\n');
    }
    for note in notes {
        let _ = writeln!(out, "note: {note}");
    }
    out + &totals(changes, new) + "\n"
}

fn markdown(changes: &[Change], notes: &[String], new: &Report) -> String {
    let mut out = String::from("## waitspec diff\n\n");
    for (kind, title) in Kind::ALL {
        let of_kind: Vec<&Change> = changes.iter().filter(|c| c.kind == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        let _ = writeln!(out, "### {title}\n\n| trial | subject | change |\n|---|---|---|");
        for change in of_kind {
            let change_text = escaped(&arrow(change, " → "));
            let _ = writeln!(out, "| `{}` | `{}` | {change_text} |", change.id, escaped(&change.subject));
        }
        out.push('\n');
    }
    for note in notes {
        let _ = writeln!(out, "Note: {note}.\n");
    }
    out + &totals(changes, new) + "\n"
}

fn json(changes: &[Change], notes: &[String]) -> String {
    let counts: serde_json::Map<String, serde_json::Value> = Kind::ALL
        .iter()
        .map(|(kind, _)| (format!("{kind:?}").to_lowercase(), count(changes, *kind).into()))
        .collect();
    format!("{:#}\n", serde_json::json!({ "counts": counts, "notes": notes, "changes": changes }))
}

/// The old and the new value, where both exist.
fn arrow(change: &Change, arrow: &str) -> String {
    match (change.old.as_str(), change.new.as_str()) {
        ("", new) => new.to_owned(),
        (old, "") => old.to_owned(),
        (old, new) => format!("{old}{arrow}{new}"),
    }
}
