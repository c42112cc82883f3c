//! The progress bar, or an occasional line.

use crate::runner::event::{RunEvent, Standing, Verdict};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::ffi::OsString;
use std::io::IsTerminal;
use std::time::Duration;

/// A progress bar on standard error; if that is not a terminal, or one that cannot move its cursor, or in CI, a line every few
/// seconds.
///
/// It is drawn on events, not by a timer, so that it needs no thread.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    trials: usize,
    failed: usize,
}

impl Default for Progress {
    /// A bar that appears with the first event.
    fn default() -> Progress {
        let shown = std::io::stderr().is_terminal() && draws(|name| std::env::var_os(name));
        Progress { bar: shown.then(ProgressBar::hidden), trials: 0, failed: 0 }
    }
}

/// Whether a bar would be drawn on a terminal with this environment. (The program of a bare console has no `TERM`.)
fn draws(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    variable("CI").is_none() && variable("TERM").is_some_and(|term| !term.is_empty() && term != "dumb")
}

impl Progress {
    /// Advances the bar; calls `write`, which may write to the terminal, while the bar is hidden.
    pub fn event<T>(&mut self, event: &RunEvent, write: impl FnOnce() -> T) -> T {
        match event {
            RunEvent::Begin(header) => self.trials = header.trials,
            RunEvent::Trial(trial)
                if trial.verdict.is_bad() || matches!(trial.verdict, Verdict::Broken(_)) =>
            {
                self.failed += 1;
            }
            RunEvent::Waiting(standing) if self.bar.is_none() => eprintln!("{}", self.line(standing)),
            _ => {}
        }
        let Some(bar) = &self.bar else { return write() };
        if let RunEvent::End(_) = event {
            bar.finish_and_clear();
        }
        let written = bar.suspend(write);
        match event {
            RunEvent::Begin(header) => {
                bar.set_length(header.trials as u64);
                let template = "{bar:32} {pos}/{len} eta {eta} {msg}";
                bar.set_style(ProgressStyle::with_template(template).unwrap_or(ProgressStyle::default_bar()));
                bar.set_draw_target(ProgressDrawTarget::stderr());
            }
            RunEvent::Trial(_) => {
                bar.set_message(message(self.failed, None));
                bar.inc(1);
            }
            RunEvent::Waiting(standing) => bar.set_message(message(self.failed, standing.longest.as_ref())),
            RunEvent::End(_) => {}
        }
        written
    }

    /// The progress of a run.
    fn line(&self, standing: &Standing) -> String {
        let mut line = format!("{} of {} trials", standing.finished, self.trials);
        if self.failed > 0 {
            line.push_str(&format!(", {} failed", self.failed));
        }
        if let Some((trial, time)) = standing.longest.as_ref().filter(|(_, time)| *time >= SLOW) {
            line.push_str(&format!("; {trial} has been running for {} s", time.as_secs()));
        }
        line
    }
}

/// The text after the bar: how many trials failed, and which one is slow.
fn message(failed: usize, longest: Option<&(String, Duration)>) -> String {
    let failed = if failed > 0 { format!("{failed} failed ") } else { String::new() };
    match longest {
        Some((trial, time)) if *time >= SLOW => format!("{failed}({trial}: {} s)", time.as_secs()),
        _ => failed,
    }
}

/// A trial that has been running for this long is named.
const SLOW: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_that_cannot_draw_gets_lines() {
        let draws = |known: &[(&str, &str)]| {
            draws(|name| known.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()))
        };
        assert!(draws(&[("TERM", "xterm")]));
        for without in [&[][..], &[("TERM", "")], &[("TERM", "dumb")], &[("TERM", "xterm"), ("CI", "true")]] {
            assert!(!draws(without), "{without:?}");
        }
    }

    #[test]
    fn a_slow_trial_is_named() {
        let longest = |seconds| ("stop.each@wait4".to_owned(), Duration::from_secs(seconds));
        assert_eq!(message(0, Some(&longest(1))), "");
        assert_eq!(message(3, Some(&longest(7))), "3 failed (stop.each@wait4: 7 s)");
    }

    #[test]
    fn a_line_shows_the_progress() {
        let progress = Progress { bar: None, trials: 794, failed: 0 };
        let standing = Standing { finished: 12, longest: None };
        assert_eq!(progress.line(&standing), "12 of 794 trials");
        let longest = Some(("stop.each@wait4".to_owned(), Duration::from_millis(800)));
        assert_eq!(progress.line(&Standing { longest, ..standing }), "12 of 794 trials");
        let progress = Progress { failed: 2, ..progress };
        let longest = Some(("stop.each@wait4".to_owned(), Duration::from_millis(6500)));
        assert_eq!(
            progress.line(&Standing { longest, ..standing }),
            "12 of 794 trials, 2 failed; stop.each@wait4 has been running for 6 s"
        );
    }
}
