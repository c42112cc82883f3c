//! The text of a trial that did not pass: the requirement, the steps, the result, and how to reproduce it.

use crate::runner::event::{TrialReport, Verdict};
use crate::spec::Level;
use anstyle::{AnsiColor, Style};
use std::fmt::Write;
use std::time::Duration;

/// The width of a report, in columns. Only commands, traces and standard error may be wider.
pub const WIDTH: usize = 100;
/// The column at which the text of a labelled line begins.
const INDENT: usize = 12;

/// The reason for an `xpass`.
pub const XPASS: &str = "passes, but the baseline lists it as a failure; run `waitspec baseline update`";

/// The colour of a verdict.
pub fn style(verdict: &Verdict) -> Style {
    let colour = match verdict {
        Verdict::Pass | Verdict::Recorded => AnsiColor::Green,
        Verdict::Skip(_) | Verdict::Deviates(_) | Verdict::Xfail => AnsiColor::Yellow,
        Verdict::Broken(_) => AnsiColor::Magenta,
        _ => AnsiColor::Red,
    };
    colour.on_default().bold()
}

/// The first line of a trial: verdict, id, subject, duration.
pub fn headline(trial: &TrialReport) -> String {
    let word = match trial.verdict.is_bad() || matches!(trial.verdict, Verdict::Broken(_)) {
        true => trial.verdict.name().to_uppercase(),
        false => trial.verdict.name().to_owned(),
    };
    let style = style(&trial.verdict);
    let subject = trial.shown_subject();
    // A name that replaces a command already has what the agent says.
    let agent = if subject == trial.subject { trial.agent.as_str() } else { "" };
    columns(style, &word, &trial.id, (&subject, agent), trial.duration)
}

/// The columns of a headline; `subject` is its name, and how its agent identifies itself.
pub fn columns(style: Style, word: &str, id: &str, subject: (&str, &str), duration: Duration) -> String {
    let gap = " ".repeat(6usize.saturating_sub(word.len()).max(1));
    let subject = match subject {
        (subject, "") => subject.to_owned(),
        // `libc glibc 2.36` already begins with the name of the subject.
        (subject, agent) if agent.split(' ').next() == Some(subject) => agent.to_owned(),
        (subject, agent) => format!("{subject} {agent}"),
    };
    let time = seconds(duration);
    let left = WIDTH.saturating_sub(word.len() + gap.len() + id.chars().count().max(30) + time.len() + 2);
    let subject = shortened(&subject, left);
    format!("{style}{word}{style:#}{gap}{id:<30} {subject:<left$} {time}")
}

/// Text of at most `width` columns, truncated with `...`. A short one is better than none.
fn shortened(text: &str, width: usize) -> String {
    let width = width.max(12);
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 3).chain("...".chars()).collect()
}

/// A duration in seconds, to the millisecond.
pub fn seconds(duration: Duration) -> String {
    format!("{:.3} s", duration.as_secs_f64())
}

/// The full text of a trial that did not pass, with its final newline.
///
/// `options` are the options of the run that are needed to reproduce the trial. The protocol lines are shown if `trace` is set.
pub fn text(trial: &TrialReport, options: &[String], trace: bool) -> String {
    text_with(trial, &reproduce(trial, options), trace)
}

/// The same with another command that reproduces the trial.
pub fn text_with(trial: &TrialReport, reproduce: &str, trace: bool) -> String {
    let mut out = headline(trial).trim_end().to_owned() + "\n";
    if let Some(failure) = &trial.failure {
        let clause = failure.clause;
        let label = if clause.level == Level::Should { "should" } else { "must" };
        prose(&mut out, label, clause.text);
        line(&mut out, "", &wrapped([clause.id, clause.source], "   "));
    }
    list(&mut out, "steps", &trial.steps);
    match &trial.failure {
        Some(failure) => {
            prose(&mut out, "expected", &failure.expected);
            prose(&mut out, "got", &failure.got);
        }
        None => {
            let reason = if trial.verdict == Verdict::Xpass { Some(XPASS) } else { trial.verdict.reason() };
            prose(&mut out, "reason", reason.unwrap_or_default());
        }
    }
    list(&mut out, "children", &trial.children);
    for note in &trial.notes {
        prose(&mut out, "note", note);
    }
    line(&mut out, "stderr", trial.stderr.trim_end());
    if trace {
        line(&mut out, "trace", &trial.trace.join("\n"));
    }
    line(&mut out, "reproduce", reproduce);
    out
}

/// The command that reproduces a trial.
pub fn reproduce(trial: &TrialReport, options: &[String]) -> String {
    let mut words = vec!["waitspec", "run", &trial.id, "--subject", &trial.subject];
    words.extend(options.iter().map(String::as_str));
    words.push("--trace");
    // Words that cannot be quoted (because they contain a NUL) cannot have been arguments.
    shlex::try_join(words.iter().copied()).unwrap_or_else(|_| words.join(" "))
}

/// A label and its text, of any number of lines; nothing for an empty text.
pub fn line(out: &mut String, label: &str, text: &str) {
    for (index, part) in text.lines().enumerate() {
        let label = if index == 0 { label } else { "" };
        let _ = writeln!(out, "{}", format!("  {label:<9} {part}").trim_end());
    }
}

/// A label and its text, wrapped between words.
pub fn prose(out: &mut String, label: &str, text: &str) {
    let lines: Vec<String> = text.lines().map(|line| wrapped(line.split(' '), " ")).collect();
    line(out, label, &lines.join("\n"));
}

/// A label and a list, wrapped between its items.
fn list(out: &mut String, label: &str, items: &[String]) {
    line(out, label, &wrapped(items.iter().map(String::as_str), "    "));
}

/// Items in lines that fit next to a label.
pub fn wrapped<'a>(items: impl IntoIterator<Item = &'a str>, between: &str) -> String {
    wrapped_at(INDENT, items, between)
}

/// Items in lines that fit next to `indent` columns.
pub fn wrapped_at<'a>(indent: usize, items: impl IntoIterator<Item = &'a str>, between: &str) -> String {
    let columns = |text: &str| text.chars().count();
    let mut lines: Vec<String> = Vec::new();
    for item in items {
        match lines.last_mut() {
            Some(last) if indent + columns(last) + columns(between) + columns(item) <= WIDTH => {
                last.push_str(between);
                last.push_str(item);
            }
            _ => lines.push(item.to_owned()),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn plain(trial: &TrialReport, options: &[&str], trace: bool) -> String {
        let options: Vec<String> = options.iter().map(|o| (*o).to_owned()).collect();
        anstream::adapter::strip_str(&text(trial, &options, trace)).to_string()
    }

    #[test]
    fn the_text_of_a_failure() {
        let mut trial = sample::failing();
        trial.agent = "0.3".to_owned();
        let text = plain(&trial, &[], false);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "FAIL  nohang.running-child@wait4     agent:./mywait 0.3                                      0.012 s"
        );
        let clause = trial.failure.as_ref().unwrap().clause;
        assert_eq!(
            lines[1..],
            [
                "  must      With WNOHANG, the call returns 0 without blocking if children match but none of them has",
                "            changed state.",
                &format!("            {}   {}", clause.id, clause.source),
                "  steps     spawn A (held)    wait4(any, WNOHANG)",
                "  expected  0",
                "  got       -1 ECHILD",
                "  children  A running, pid 4711",
                "  reproduce waitspec run nohang.running-child@wait4 --subject agent:./mywait --trace",
            ]
        );
    }

    #[test]
    fn lines_fit_the_width() {
        let mut trial = sample::failing();
        let words = "a few words that are repeated ".repeat(9);
        trial.id = format!("theme.{}@waitpid", "long-name".repeat(4));
        trial.agent = words.clone();
        trial.failure.as_mut().unwrap().got = words.clone();
        trial.notes = vec![words];
        let text = plain(&trial, &[], false);
        assert!(text.lines().next().unwrap().ends_with(" 0.012 s"), "{text}");
        for line in text.lines().filter(|line| !line.starts_with("  reproduce ")) {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
    }

    #[test]
    fn a_long_command_is_replaced_by_the_name_in_the_hello() {
        let mut trial = sample::trial("a@wait", Verdict::Pass);
        trial.subject = format!("agent:python3 {}/agent.py", "/a/long/path".repeat(9));
        trial.agent = "python 3.11.7".to_owned();
        let line = anstream::adapter::strip_str(&headline(&trial)).to_string();
        assert_eq!(line.split_whitespace().collect::<Vec<_>>()[1..4], ["a@wait", "agent:python", "3.11.7"]);
        assert!(reproduce(&trial, &[]).contains(&trial.subject));
    }

    #[test]
    fn the_name_of_a_subject_is_not_repeated() {
        let mut trial = sample::trial("a@wait", Verdict::Pass);
        (trial.subject, trial.agent) = ("libc".to_owned(), "libc glibc 2.36".to_owned());
        let line = anstream::adapter::strip_str(&headline(&trial)).to_string();
        assert_eq!(line.split_whitespace().collect::<Vec<_>>()[2..5], ["libc", "glibc", "2.36"]);
    }

    #[test]
    fn broken_trials_have_a_reason_and_long_lists_wrap() {
        let mut trial = sample::trial("a@wait", Verdict::Broken("no more processes".to_owned()));
        trial.steps = vec!["wait4(any, WNOHANG)".to_owned(); 6];
        trial.stderr = "one\ntwo\n".to_owned();
        trial.trace = vec!["agent hello".to_owned()];
        trial.subject = "agent:python3 a.py".to_owned();
        let text = plain(&trial, &["--profile", "linux"], true);
        assert!(text.starts_with("BROKEN a@wait "), "{text}");
        assert!(text.contains("  reason    no more processes\n"));
        assert!(text.contains("  stderr    one\n            two\n"));
        assert!(text.contains("  trace     agent hello\n"));
        assert!(text.contains("--subject 'agent:python3 a.py' --profile linux --trace\n"));
        assert_eq!(text.matches("wait4(any").count(), 6);
        assert_eq!(text.lines().filter(|l| l.contains("wait4(any")).count(), 2);
    }
}
