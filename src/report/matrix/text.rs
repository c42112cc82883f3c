//! The text of a trial in a report: what `run` prints for a failure, from its record.

use crate::report::human::failure::{XPASS, columns, seconds};
use crate::report::human::lines::{Lines, WIDTH};
use crate::report::machine::record::TrialRecord;
use crate::spec::{self, Level};
use clap::builder::styling::Style;
use std::borrow::Cow;
use std::time::Duration;

/// The number of bytes of the steps, the children or standard error that are shown: a page has many of them.
const ENOUGH: usize = 3000;

/// The text of a trial without the command that reproduces it.
pub fn text(trial: &TrialRecord) -> String {
    let word = if trial.verdict == "deviates" { "deviates".to_owned() } else { trial.verdict.to_uppercase() };
    let subject = (trial.subject.as_str(), trial.agent.as_str());
    let duration = Duration::from_micros(trial.duration_us);
    let headline = columns(WIDTH, Style::new(), &word, &trial.id, subject, duration);
    let headline = headline.trim_end();
    // A report without times has 0 everywhere.
    let headline = match trial.duration_us {
        0 => headline.strip_suffix(&seconds(Duration::ZERO)).unwrap_or(headline).trim_end(),
        _ => headline,
    };
    let mut out = Lines::new(WIDTH);
    if let Some(id) = &trial.failed_clause {
        requirement(&mut out, id);
    }
    list(&mut out, "steps", &trial.steps);
    match (&trial.expected, &trial.got) {
        (Some(expected), Some(got)) => {
            out.prose("expected", expected);
            out.prose("got", got);
        }
        _ => out.prose("reason", reason(trial)),
    }
    list(&mut out, "children", &trial.children);
    for note in &trial.notes {
        out.prose("note", note);
    }
    out.line("stderr", &shortened(trial.stderr.trim_end(), ENOUGH));
    format!("{headline}\n{}", out.into_text())
}

/// The command that reproduces a trial: as its run wrote it, or one without options.
pub fn reproducer(trial: &TrialRecord) -> String {
    if !trial.reproduce.is_empty() {
        return trial.reproduce.clone();
    }
    let words = ["waitspec", "run", &trial.id, "--subject", &trial.subject, "--trace"];
    shlex::try_join(words).unwrap_or_else(|_| words.join(" "))
}

/// The reason for the verdict of a trial without a failed expectation.
fn reason(trial: &TrialRecord) -> &str {
    match trial.verdict.as_str() {
        "xpass" => XPASS,
        _ => trial.reason.as_deref().unwrap_or_default(),
    }
}

/// What a clause requires, and where that is written.
fn requirement(out: &mut Lines, id: &str) {
    match spec::clause(id) {
        Some(clause) => {
            let label = if clause.level == Level::Should { "should" } else { "must" };
            out.requirement(label, clause.text, id, clause.source);
        }
        // From another release, or announced by the subject.
        None => out.line("clause", id),
    }
}

/// A label and a list, wrapped between its items.
fn list(out: &mut Lines, label: &str, items: &[String]) {
    let text = out.in_lines(items.iter().map(String::as_str), "    ");
    out.line(label, &shortened(&text, ENOUGH));
}

/// The leading lines of a text that fit into `bytes` bytes; the report has the full text.
pub fn shortened(text: &str, bytes: usize) -> Cow<'_, str> {
    if text.len() <= bytes {
        return Cow::Borrowed(text);
    }
    let mut end = bytes;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let end = text[..end].rfind('\n').unwrap_or(end);
    Cow::Owned(format!("{}\n...", &text[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{human::failure, sample};
    use crate::runner::event::{TrialReport, Verdict};

    /// What `run` prints.
    fn of_run(trial: &TrialReport) -> String {
        anstream::adapter::strip_str(&failure::text(trial, &[], false, WIDTH)).to_string()
    }

    #[test]
    fn a_failure_reads_as_in_the_run() {
        let mut leaky = sample::trial("a.b@wait", Verdict::Broken("no more processes".to_owned()));
        leaky.stderr = "one\ntwo\n".to_owned();
        leaky.notes = vec!["seen late".to_owned()];
        for trial in [sample::failing(), leaky, sample::trial("a.b@wait", Verdict::Xpass)] {
            let record = TrialRecord::with_reproducer(&trial, &[]);
            let mut last = Lines::new(WIDTH);
            last.line("reproduce", &reproducer(&record));
            assert_eq!(text(&record) + &last.into_text(), of_run(&trial));
        }
    }

    #[test]
    fn a_report_without_reproducers_gets_them() {
        let mut record = TrialRecord::from(&sample::failing());
        record.subject = "agent:python3 a.py".to_owned();
        assert_eq!(
            reproducer(&record),
            "waitspec run nohang.running-child@wait4 --subject 'agent:python3 a.py' --trace"
        );
    }

    #[test]
    fn long_texts_end_at_a_line() {
        let long = "a line of text\n".repeat(1000);
        let short = shortened(&long, 100);
        assert!(short.len() <= 104 && short.ends_with("text\n..."), "{short}");
        assert_eq!(shortened("é", 2), "é");
        assert_eq!(shortened("éé", 3), "é\n...");
    }
}
