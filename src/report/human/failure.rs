//! The text of a trial that did not pass: the requirement, the steps, the result, and how to reproduce it.

use super::lines::Lines;
use crate::runner::event::{TrialReport, Verdict};
use crate::spec::Level;
use anstyle::{AnsiColor, Style};
use std::time::Duration;

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

/// The first line of a trial: verdict, id, subject, duration, in `width` columns.
pub fn headline(trial: &TrialReport, width: usize) -> String {
    let word = match trial.verdict.is_bad() || matches!(trial.verdict, Verdict::Broken(_)) {
        true => trial.verdict.name().to_uppercase(),
        false => trial.verdict.name().to_owned(),
    };
    let style = style(&trial.verdict);
    let subject = trial.shown_subject();
    // A name that replaces a command already has what the agent says.
    let agent = if subject == trial.subject { trial.agent.as_str() } else { "" };
    columns(width, style, &word, &trial.id, (&subject, agent), trial.duration)
}

/// A headline of `width` columns; `subject` is its name, and how its agent identifies itself.
pub fn columns(
    width: usize,
    style: Style,
    word: &str,
    id: &str,
    subject: (&str, &str),
    duration: Duration,
) -> String {
    let gap = " ".repeat(6usize.saturating_sub(word.len()).max(1));
    let subject = match subject {
        (subject, "") => subject.to_owned(),
        // `libc glibc 2.36` already begins with the name of the subject.
        (subject, agent) if agent.split(' ').next() == Some(subject) => agent.to_owned(),
        (subject, agent) => format!("{subject} {agent}"),
    };
    let time = seconds(duration);
    let left = width.saturating_sub(word.len() + gap.len() + id.chars().count().max(30) + time.len() + 2);
    if left >= LEAST {
        let subject = shortened(&subject, left);
        return format!("{style}{word}{style:#}{gap}{id:<30} {subject:<left$} {time}");
    }
    let left = width.saturating_sub(6 + 1 + time.len()).max(LEAST);
    let subject = shortened(&subject, left);
    format!("{style}{word}{style:#}{gap}{id}\n{:6}{subject:<left$} {time}", "")
}

/// A subject with fewer columns than this is on a line of its own.
const LEAST: usize = 24;

/// Text of at most `width` columns, truncated with `...`.
fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 3).chain("...".chars()).collect()
}

/// A duration in seconds, to the millisecond.
pub fn seconds(duration: Duration) -> String {
    format!("{:.3} s", duration.as_secs_f64())
}

/// The full text of a trial that did not pass, with its final newline, in lines of `width` columns.
///
/// `options` are the options of the run that are needed to reproduce the trial. The protocol lines are shown if `trace` is set.
pub fn text(trial: &TrialReport, options: &[String], trace: bool, width: usize) -> String {
    text_with(trial, &reproduce(trial, options), trace, width)
}

/// The same with another command that reproduces the trial.
pub fn text_with(trial: &TrialReport, reproduce: &str, trace: bool, width: usize) -> String {
    let mut out = Lines::new(width);
    if let Some(failure) = &trial.failure {
        let clause = failure.clause;
        let label = if clause.level == Level::Should { "should" } else { "must" };
        out.requirement(label, clause.text, clause.id, clause.source);
    }
    out.list("steps", &trial.steps);
    match &trial.failure {
        Some(failure) => {
            out.prose("expected", &failure.expected);
            out.prose("got", &failure.got);
        }
        None => {
            let reason = if trial.verdict == Verdict::Xpass { Some(XPASS) } else { trial.verdict.reason() };
            out.prose("reason", reason.unwrap_or_default());
        }
    }
    out.list("children", &trial.children);
    for note in &trial.notes {
        out.prose("note", note);
    }
    out.line("stderr", trial.stderr.trim_end());
    if trace {
        out.line("trace", &trial.trace.join("\n"));
    }
    out.line("reproduce", reproduce);
    format!("{}\n{}", headline(trial, width).trim_end(), out.into_text())
}

/// The command that reproduces a trial.
pub fn reproduce(trial: &TrialReport, options: &[String]) -> String {
    let mut words = vec!["waitspec", "run", &trial.id, "--subject", &trial.subject];
    words.extend(options.iter().map(String::as_str));
    words.push("--trace");
    // Words that cannot be quoted (because they contain a NUL) cannot have been arguments.
    shlex::try_join(words.iter().copied()).unwrap_or_else(|_| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::human::lines::WIDTH;
    use crate::report::sample;

    fn plain(trial: &TrialReport, options: &[&str], trace: bool) -> String {
        let options: Vec<String> = options.iter().map(|o| (*o).to_owned()).collect();
        anstream::adapter::strip_str(&text(trial, &options, trace, WIDTH)).to_string()
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
        for width in [60, 80, WIDTH] {
            let text = anstream::adapter::strip_str(&text(&trial, &[], false, width)).to_string();
            let headline = usize::from(width < WIDTH);
            assert!(text.lines().nth(headline).unwrap().ends_with(" 0.012 s"), "{text}");
            for line in text.lines().filter(|line| !line.starts_with("  reproduce ")) {
                assert!(line.chars().count() <= width, "{line}");
            }
        }
    }

    #[test]
    fn a_long_command_is_replaced_by_the_name_in_the_hello() {
        let mut trial = sample::trial("a@wait", Verdict::Pass);
        trial.subject = format!("agent:python3 {}/agent.py", "/a/long/path".repeat(9));
        trial.agent = "python 3.11.7".to_owned();
        let line = anstream::adapter::strip_str(&headline(&trial, WIDTH)).to_string();
        assert_eq!(line.split_whitespace().collect::<Vec<_>>()[1..4], ["a@wait", "agent:python", "3.11.7"]);
        assert!(reproduce(&trial, &[]).contains(&trial.subject));
    }

    #[test]
    fn the_name_of_a_subject_is_not_repeated() {
        let mut trial = sample::trial("a@wait", Verdict::Pass);
        (trial.subject, trial.agent) = ("libc".to_owned(), "libc glibc 2.36".to_owned());
        let line = anstream::adapter::strip_str(&headline(&trial, WIDTH)).to_string();
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
