//! The report for people.

use super::failure::{headline, seconds, style, text};
use super::lines::{Lines, WIDTH, wrapped};
use crate::report::Reporter;
use crate::runner::event::{RunEvent, RunHeader, Summary, TrialReport, Verdict};
use crate::sorted::{Map, Set, sort_by, sort_by_key};
use anstyle::Style;
use std::io::{self, Write};
use std::time::Duration;

/// What to show.
#[derive(Debug, Clone)]
pub struct Options {
    /// The width of a line, in columns.
    pub width: usize,
    /// Every trial, with recorded values, warnings and notes.
    pub verbose: bool,
    /// Only failures and the last line.
    pub quiet: bool,
    /// The protocol lines of each trial.
    pub trace: bool,
    /// The number of slowest trials.
    pub durations: usize,
    /// The time of a bare fork, measured for this run: shown with the slowest trials.
    pub fork: Option<Duration>,
    /// The options of the run that are needed to reproduce one of its trials.
    pub reproduce: Vec<String>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            width: WIDTH,
            verbose: false,
            quiet: false,
            trace: false,
            durations: 0,
            fork: None,
            reproduce: Vec::new(),
        }
    }
}

/// A run of at most this many trials shows its failures only at the end.
const SMALL: usize = 10;

/// From this many similar failures on, the rest are listed rather than shown in full.
const ALIKE: usize = 3;

/// The trials with the same reason.
#[derive(Debug, Default)]
struct ReasonGroup {
    count: usize,
    subjects: Set<String>,
    /// The clauses that they deviate from.
    clauses: Set<&'static str>,
}

/// Writes a line when a trial fails; at the end, every failure in full, the skips by reason, and the counts.
#[derive(Debug)]
pub struct Terminal<W> {
    out: W,
    options: Options,
    failures: Vec<TrialReport>,
    /// The reasons for skips and the sources of deviations, by the verdict's name.
    reasons: Map<(&'static str, String), ReasonGroup>,
    /// Whether the run is so short that failures are shown only at the end.
    small: bool,
    slowest: Vec<(Duration, String)>,
    warnings: usize,
    /// Whether a trial has been shown, after an empty line.
    begun: bool,
}

impl<W: Write> Terminal<W> {
    /// Writes to `out`, with colours; a stream without colours should strip them.
    pub fn new(out: W, options: Options) -> Terminal<W> {
        Terminal {
            out,
            options,
            failures: Vec::new(),
            reasons: Map::new(),
            small: false,
            slowest: Vec::new(),
            warnings: 0,
            begun: false,
        }
    }

    fn begin(&mut self, header: &RunHeader) -> io::Result<()> {
        self.small = header.trials <= SMALL;
        let bold = Style::new().bold();
        self.hanging(
            10,
            &format!(
                "{bold}waitspec {}{bold:#}   {} {}   {}, {}",
                header.version,
                header.kernel,
                header.machine,
                counted(header.trials, "trial"),
                counted(header.jobs, "warden"),
            ),
        )?;
        for subject in &header.subjects {
            let name = if subject.name == subject.spec { "" } else { subject.name.as_str() };
            let libc = if subject.libc == subject.version { "" } else { subject.libc.as_str() };
            let on = [subject.os.as_str(), libc, subject.arch.as_str()];
            let parts = [
                words(&[&subject.spec, name, &subject.version]),
                words(&on),
                format!("{} profile", subject.profile),
                subject.calls.join(" "),
            ];
            let parts: Vec<String> = parts.into_iter().filter(|p| !p.is_empty()).collect();
            self.header("subject", parts.iter().map(String::as_str), "   ")?;
        }
        if !header.observation.is_empty() {
            self.header("observed", [header.observation.join(", ").as_str()], "")?;
        }
        for note in &header.surroundings {
            self.header("note", note.split(' '), " ")?;
        }
        if let Some(seed) = header.seed {
            writeln!(self.out, "shuffled  --shuffle {seed}")?;
        }
        Ok(())
    }

    /// A labelled line at the top of the report, wrapped between its parts.
    fn header<'a>(
        &mut self,
        label: &str,
        parts: impl IntoIterator<Item = &'a str>,
        between: &str,
    ) -> io::Result<()> {
        for (index, part) in
            wrapped(self.options.width.saturating_sub(10), parts, between).lines().enumerate()
        {
            writeln!(self.out, "{:<9} {part}", if index == 0 { label } else { "" })?;
        }
        Ok(())
    }

    /// A line, wrapped between words.
    fn hanging(&mut self, indent: usize, text: &str) -> io::Result<()> {
        let mut lines = Lines::new(self.options.width);
        lines.hanging(indent, text);
        self.out.write_all(lines.into_text().as_bytes())
    }

    fn trial(&mut self, trial: &TrialReport) -> io::Result<()> {
        self.warnings += trial.warnings.len();
        if let Verdict::Skip(reason) | Verdict::Deviates(reason) = &trial.verdict {
            let group = self.reasons.entry((trial.verdict.name(), reason.clone())).or_default();
            group.count += 1;
            group.subjects.insert(trial.shown_subject());
            group.clauses.extend(trial.failure.iter().map(|failure| failure.clause.id));
        }
        if self.options.durations > 0 {
            self.slowest.push((trial.duration, format!("{} {}", trial.id, trial.shown_subject())));
            sort_by(&mut self.slowest, |a, b| b.cmp(a));
            self.slowest.truncate(self.options.durations);
        }
        let failed = trial.verdict.is_bad() || matches!(trial.verdict, Verdict::Broken(_));
        if failed {
            self.failures.push(trial.clone());
        }
        let at_once = failed && !self.small && !self.options.quiet;
        if at_once || self.options.verbose || self.options.trace {
            if !std::mem::replace(&mut self.begun, true) {
                writeln!(self.out)?;
            }
            writeln!(self.out, "{}", headline(trial, self.options.width).trim_end())?;
        }
        if self.options.verbose || self.options.trace && !failed {
            self.details(trial, failed)?;
        }
        self.out.flush()
    }

    /// What `-v` adds to the line of a trial; the details of a failure come at the end.
    fn details(&mut self, trial: &TrialReport, failed: bool) -> io::Result<()> {
        let mut text = Lines::new(self.options.width);
        if self.options.verbose {
            if let (Some(reason), false) = (trial.verdict.reason(), failed) {
                text.prose("reason", reason);
            }
            for (name, value) in &trial.recorded {
                text.prose("recorded", &format!("{name} = {value}"));
            }
            for warning in &trial.warnings {
                let clause = warning.clause;
                text.requirement("should", clause.text, clause.id, clause.source);
                text.prose("", &format!("expected {}, got {}", warning.expected, warning.got));
            }
            if !failed {
                trial.notes.iter().for_each(|note| text.prose("note", note));
            }
        }
        if self.options.trace && !failed {
            text.line("trace", &trial.trace.join("\n"));
        }
        self.out.write_all(text.into_text().as_bytes())
    }

    /// The failures, grouped by how they fail: large groups show only one in full.
    fn grouped(&self) -> Vec<(&TrialReport, Vec<&TrialReport>)> {
        let cause = |trial: &TrialReport| {
            let clause = trial.failure.as_ref().map(|failure| failure.clause.id.to_owned());
            (trial.verdict.name(), clause.or_else(|| trial.verdict.reason().map(str::to_owned)))
        };
        let mut groups: Vec<(&TrialReport, Vec<&TrialReport>)> = Vec::new();
        for trial in &self.failures {
            match groups.iter_mut().find(|(first, _)| cause(first) == cause(trial)) {
                Some((_, alike)) => alike.push(trial),
                None => groups.push((trial, Vec::new())),
            }
        }
        let in_full = |alike: &[&TrialReport]| self.options.verbose || alike.len() < ALIKE;
        let mut shown = Vec::new();
        for (first, alike) in groups {
            if in_full(&alike) {
                shown.push((first, Vec::new()));
                shown.extend(alike.into_iter().map(|trial| (trial, Vec::new())));
            } else {
                shown.push((first, alike));
            }
        }
        shown
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        let mut full = String::new();
        let Options { trace, width, .. } = self.options;
        for (trial, alike) in self.grouped() {
            full += &format!("\n{}\n", text(trial, &self.options.reproduce, trace, width).trim_end());
            if !alike.is_empty() {
                let ids: Vec<String> =
                    alike.iter().map(|trial| format!("{} {}", trial.id, trial.shown_subject())).collect();
                let mut also = Lines::new(width);
                also.prose(
                    "also",
                    &format!("{} more fail in the same way; -v shows them in full", ids.len()),
                );
                also.list("", &ids);
                full += &also.into_text();
            }
        }
        self.out.write_all(full.as_bytes())?;
        if self.options.quiet {
            self.hanging(0, &summary_line(summary))?;
            return self.out.flush();
        }
        for (verdict, title) in [("skip", "skipped"), ("deviates", "known deviations")] {
            let mut reasons: Vec<_> = self.reasons.iter().filter(|((v, _), _)| *v == verdict).collect();
            sort_by_key(&mut reasons, |(_, group)| std::cmp::Reverse(group.count));
            if !reasons.is_empty() {
                writeln!(self.out, "\n{title}")?;
            }
            for ((_, reason), group) in reasons {
                let ids: Vec<&str> = match verdict {
                    "skip" => group.subjects.iter().map(String::as_str).collect(),
                    _ => group.clauses.iter().copied().collect(),
                };
                let ids = format!("  ({})", ids.join(", "));
                let words = reason.split(' ').chain([ids.as_str()]);
                for (index, part) in wrapped(width.saturating_sub(9), words, " ").lines().enumerate() {
                    let count = if index == 0 { group.count.to_string() } else { String::new() };
                    writeln!(self.out, "{count:>7}  {}", part.trim_start())?;
                }
            }
        }
        if !self.slowest.is_empty() {
            writeln!(self.out, "\nslowest")?;
            for (duration, name) in std::mem::take(&mut self.slowest) {
                self.hanging(12, &format!("{:>10}  {name}", seconds(duration)))?;
            }
            if let Some(fork) = self.options.fork {
                writeln!(self.out)?;
                self.hanging(0, &floor(summary, fork))?;
            }
        }
        if self.warnings > 0 {
            let shown = if self.options.verbose { "" } else { "; -v shows them" };
            let warnings = counted(self.warnings, "warning");
            writeln!(self.out, "\n{warnings}: violated SHOULD clauses{shown}")?;
        }
        if summary.interrupted {
            writeln!(self.out, "\ninterrupted: the report is partial")?;
        }
        writeln!(self.out)?;
        self.hanging(0, &summary_line(summary))?;
        self.out.flush()
    }
}

impl<W: Write> Reporter for Terminal<W> {
    fn event(&mut self, event: &RunEvent) -> io::Result<()> {
        match event {
            RunEvent::Begin(header) if self.options.quiet => {
                self.small = header.trials <= SMALL;
                Ok(())
            }
            RunEvent::Begin(header) => self.begin(header),
            RunEvent::Trial(trial) => self.trial(trial),
            RunEvent::Waiting(_) => Ok(()),
            RunEvent::End(summary) => self.end(summary),
        }
    }
}

/// The run compared with its lower bound. Trials run in parallel, so a run may take less than that.
fn floor(summary: &Summary, fork: Duration) -> String {
    let floor = fork.as_secs_f64() * summary.processes as f64;
    let took = summary.duration.as_secs_f64();
    let ratio = if floor > 0.0 { took / floor } else { 0.0 };
    format!(
        "{} processes x {:.3} ms for a bare fork = {floor:.3} s; the run took {ratio:.2} times that",
        summary.processes,
        fork.as_secs_f64() * 1e3
    )
}

/// The count of each verdict that occurred, the mean number of processes, and the duration.
fn summary_line(summary: &Summary) -> String {
    let counts: Vec<String> =
        summary.counts().filter(|(_, n)| *n > 0).map(|(name, n)| format!("{n} {name}")).collect();
    let total = summary.total();
    let counts = if counts.is_empty() { "nothing ran".to_owned() } else { counts.join(", ") };
    let mean = if total == 0 { 0.0 } else { summary.processes as f64 / total as f64 };
    let style = match summary.exit_code() {
        0 => style(&Verdict::Pass),
        1 => style(&Verdict::Fail),
        _ => style(&Verdict::Broken(String::new())),
    };
    let trials = counted(total, "trial");
    let took = seconds(summary.duration);
    format!("{style}{counts}{style:#}   {trials}, {mean:.1} processes each   {took}")
}

/// A number with its noun.
fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// The non-empty parts, separated by spaces.
fn words(parts: &[&str]) -> String {
    parts.iter().copied().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::runner::event::Failure;
    use crate::spec::posix;

    fn shown(events: &[RunEvent], options: Options) -> String {
        let text = sample::written(events, |out| Terminal::new(out, options), |terminal| terminal.out);
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn failures_are_shown_at_once_and_in_full_at_the_end() {
        let text = shown(&sample::run(), Options::default());
        assert!(text.starts_with("waitspec 0.1.0   Linux 6.18.44 x86_64   3 trials, 2 wardens\n"), "{text}");
        assert!(text.contains(
            "subject   agent:./mywait mywait 0.3   linux glibc 2.36 x86_64   linux profile   waitpid wait4\n"
        ));
        assert!(text.contains(
            "observed  pidfd, /proc/PID/stat\nnote      SIGCHLD was ignored\nshuffled  --shuffle 7\n"
        ));
        assert_eq!(text.matches("FAIL  nohang.running-child@wait4").count(), 1);
        assert_eq!(text.matches("  reproduce ").count(), 1);
        let mut long = sample::run();
        if let RunEvent::Begin(header) = &mut long[0] {
            header.trials = SMALL + 1;
        }
        let long = shown(&long, Options::default());
        assert_eq!(long.matches("FAIL  nohang.running-child@wait4").count(), 2);
        assert_eq!(long.matches("  reproduce ").count(), 1);
        assert!(text.contains("skipped\n      1  wait6 is not on this system   (agent:./mywait)\n"));
        assert!(
            text.ends_with("1 pass, 1 fail, 1 skip   3 trials, 3.0 processes each   1.500 s\n"),
            "{text}"
        );
        assert!(!text.contains("exit.code@wait4"), "passes are not shown");
    }

    #[test]
    fn verbose_shows_every_trial() {
        let mut trial = sample::trial("exit.code@wait4", Verdict::Pass);
        trial.recorded = vec![("si_uid".to_owned(), "0".to_owned())];
        trial.warnings = vec![Failure {
            clause: &posix::WAITPID_ECHILD,
            expected: "one".to_owned(),
            got: "two".to_owned(),
        }];
        let events = [
            RunEvent::Begin(sample::header()),
            RunEvent::Trial(Box::new(trial)),
            RunEvent::End(Summary::default()),
        ];
        let text = shown(&events, Options { verbose: true, durations: 3, ..Options::default() });
        assert!(text.contains("pass  exit.code@wait4 "), "{text}");
        assert!(text.contains("  recorded  si_uid = 0\n"));
        assert!(text.contains("            expected one, got two\n"));
        assert!(text.contains("slowest\n   0.012 s  exit.code@wait4 agent:./mywait\n"));
        assert!(text.contains("1 warning: violated SHOULD clauses\n"));
        assert!(shown(&events, Options::default()).contains("; -v shows them"));
        assert!(!text.contains("bare fork"), "{text}");
        let mut summary = Summary::default();
        (summary.processes, summary.duration) = (10, Duration::from_millis(30));
        let events =
            [RunEvent::Trial(Box::new(sample::trial("a@wait", Verdict::Pass))), RunEvent::End(summary)];
        let fork = Some(Duration::from_micros(1_500));
        let text = shown(&events, Options { durations: 1, fork, ..Options::default() });
        let line = "10 processes x 1.500 ms for a bare fork = 0.015 s; the run took 2.00 times that\n";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn failures_of_one_cause_are_shown_once() {
        let failing = |id: &str| {
            let mut trial = sample::failing();
            trial.id = id.to_owned();
            RunEvent::Trial(Box::new(trial))
        };
        let run = |trials: &[&str], options| {
            let mut events = vec![RunEvent::Begin(sample::header())];
            events.extend(trials.iter().map(|id| failing(id)));
            events.push(RunEvent::End(Summary::default()));
            shown(&events, options)
        };
        let many = ["a.b@wait", "c.d@wait", "e.f@wait4", "g.h@waitid"];
        let text = run(&many, Options::default());
        assert_eq!(text.matches("  reproduce ").count(), 1, "{text}");
        assert!(text.contains("  also      3 more fail in the same way; -v shows them in full\n"), "{text}");
        assert!(text.contains("c.d@wait agent:./mywait    e.f@wait4 agent:./mywait"), "{text}");
        let in_full = |text: String| text.matches("  reproduce ").count();
        assert_eq!(in_full(run(&many[..3], Options::default())), 3);
        assert_eq!(in_full(run(&many, Options { verbose: true, ..Options::default() })), 4);
    }

    #[test]
    fn a_quiet_run_shows_failures_and_the_last_line() {
        let text = shown(&sample::run(), Options { quiet: true, ..Options::default() });
        assert!(text.trim_start().starts_with("FAIL  nohang.running-child@wait4"), "{text}");
        assert!(!text.contains("skipped") && text.contains("1 pass, 1 fail, 1 skip"), "{text}");
    }

    #[test]
    fn an_interrupted_run_says_so() {
        let mut summary = Summary::default();
        summary.interrupted = true;
        let text = shown(&[RunEvent::Begin(sample::header()), RunEvent::End(summary)], Options::default());
        assert!(text.contains("interrupted: the report is partial\n\nnothing ran "), "{text}");
    }
}
