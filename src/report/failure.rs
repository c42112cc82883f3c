//! How one trial that did not pass reads: what must be, what was done, what came back, how to repeat it.

use crate::harness::event::{TrialReport, Verdict};
use crate::spec::Level;
use clap::builder::styling::{AnsiColor, Style};
use std::fmt::Write;
use std::time::Duration;

/// The width that lists are wrapped to.
const WIDTH: usize = 110;
/// The width of the labels.
const INDENT: usize = 12;

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

/// The line that names a trial: verdict, id, who was judged, how long it took.
pub fn headline(trial: &TrialReport) -> String {
    let style = style(&trial.verdict);
    let word = match trial.verdict.is_bad() || matches!(trial.verdict, Verdict::Broken(_)) {
        true => trial.verdict.name().to_uppercase(),
        false => trial.verdict.name().to_owned(),
    };
    let gap = " ".repeat(6usize.saturating_sub(word.len()).max(1));
    let who = match trial.agent.as_str() {
        "" => trial.subject.clone(),
        // `libc glibc 2.36` tells who `libc` is, and needs no second `libc`.
        agent if agent.split(' ').next() == Some(&trial.subject) => agent.to_owned(),
        agent => format!("{} {agent}", trial.subject),
    };
    format!("{style}{word}{style:#}{gap}{:<30} {who:<52} {}", trial.id, seconds(trial.duration))
}

/// A duration in seconds, to the millisecond.
pub fn seconds(duration: Duration) -> String {
    format!("{:.3} s", duration.as_secs_f64())
}

/// The whole text of a trial that did not pass, with its last newline.
///
/// `options` are options of the run that are needed to repeat it. The protocol lines are shown if `trace` says so.
pub fn text(trial: &TrialReport, options: &[String], trace: bool) -> String {
    text_with(trial, &again(trial, options), trace)
}

/// The same with another command that repeats the trial.
pub fn text_with(trial: &TrialReport, again: &str, trace: bool) -> String {
    let mut out = headline(trial).trim_end().to_owned() + "\n";
    if let Some(failure) = &trial.failure {
        let clause = failure.clause;
        let label = if clause.level == Level::Should { "should" } else { "must" };
        line(&mut out, label, &wrapped(clause.text.split(' '), " "));
        line(&mut out, "", &format!("{}   {}", clause.id, clause.source));
    }
    list(&mut out, "did", &trial.did);
    match &trial.failure {
        Some(failure) => {
            line(&mut out, "expected", &failure.expected);
            line(&mut out, "got", &failure.got);
        }
        None => {
            let mended = "it passed, and the baseline says that it fails: `waitspec baseline update`";
            let reason = if trial.verdict == Verdict::Xpass { Some(mended) } else { trial.verdict.reason() };
            line(&mut out, "reason", reason.unwrap_or_default());
        }
    }
    list(&mut out, "children", &trial.children);
    for note in &trial.notes {
        line(&mut out, "note", note);
    }
    line(&mut out, "stderr", trial.stderr.trim_end());
    if trace {
        line(&mut out, "trace", &trial.trace.join("\n"));
    }
    line(&mut out, "again", again);
    out
}

/// The command that repeats a trial.
pub fn again(trial: &TrialReport, options: &[String]) -> String {
    let mut words = vec!["waitspec", "run", &trial.id, "--subject", &trial.subject];
    words.extend(options.iter().map(String::as_str));
    words.push("--trace");
    // Words that no shell can be given (they hold a NUL) cannot have been arguments.
    shlex::try_join(words.iter().copied()).unwrap_or_else(|_| words.join(" "))
}

/// A label and its text, which may have several lines; nothing for an empty one.
pub fn line(out: &mut String, label: &str, text: &str) {
    for (index, part) in text.lines().enumerate() {
        let label = if index == 0 { label } else { "" };
        let _ = writeln!(out, "  {label:<9} {part}");
    }
}

/// A label and a list, wrapped between its items.
fn list(out: &mut String, label: &str, items: &[String]) {
    line(out, label, &wrapped(items.iter().map(String::as_str), "    "));
}

/// Lines of items as wide as fits behind a label.
pub fn wrapped<'a>(items: impl IntoIterator<Item = &'a str>, between: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for item in items {
        match lines.last_mut() {
            Some(last) if INDENT + last.len() + between.len() + item.len() <= WIDTH => {
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
    fn a_failure_reads() {
        let mut trial = sample::failing();
        trial.agent = "0.3".to_owned();
        let text = plain(&trial, &[], false);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "FAIL  nohang.running-child@wait4     agent:./mywait 0.3                                   0.012 s"
        );
        let clause = trial.failure.as_ref().unwrap().clause;
        assert_eq!(
            lines[1..],
            [
                &format!("  must      {}", clause.text),
                &format!("            {}   {}", clause.id, clause.source),
                "  did       spawn A (held)    wait4(any, WNOHANG)",
                "  expected  0",
                "  got       -1 ECHILD",
                "  children  A running, pid 4711",
                "  again     waitspec run nohang.running-child@wait4 --subject agent:./mywait --trace",
            ]
        );
    }

    #[test]
    fn a_name_is_not_said_twice() {
        let mut trial = sample::trial("a@wait", Verdict::Pass);
        (trial.subject, trial.agent) = ("libc".to_owned(), "libc glibc 2.36".to_owned());
        let line = anstream::adapter::strip_str(&headline(&trial)).to_string();
        assert_eq!(line.split_whitespace().collect::<Vec<_>>()[2..5], ["libc", "glibc", "2.36"]);
    }

    #[test]
    fn broken_trials_give_their_reason_and_long_lists_wrap() {
        let mut trial = sample::trial("a@wait", Verdict::Broken("no more processes".to_owned()));
        trial.did = vec!["wait4(any, WNOHANG)".to_owned(); 6];
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
