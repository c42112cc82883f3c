//! The progress bar.

use crate::runner::event::{Event, Verdict};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

/// A progress bar on standard error; nothing where that is not a terminal, or in CI.
///
/// It is drawn on events, never by a timer, so that it starts no thread.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    failed: usize,
}

impl Default for Progress {
    /// A bar that appears with the first event.
    fn default() -> Progress {
        let shown = std::io::stderr().is_terminal() && std::env::var_os("CI").is_none();
        Progress { bar: shown.then(ProgressBar::hidden), failed: 0 }
    }
}

impl Progress {
    /// Advances the bar; calls `write`, which may write to the terminal, while the bar is hidden.
    pub fn event<T>(&mut self, event: &Event, write: impl FnOnce() -> T) -> T {
        let Some(bar) = &self.bar else { return write() };
        if let Event::End(_) = event {
            bar.finish_and_clear();
        }
        let written = bar.suspend(write);
        match event {
            Event::Begin(header) => {
                bar.set_length(header.trials as u64);
                let template = "{bar:32} {pos}/{len} {msg}";
                bar.set_style(ProgressStyle::with_template(template).unwrap_or(ProgressStyle::default_bar()));
                bar.set_draw_target(ProgressDrawTarget::stderr());
            }
            Event::Trial(trial) => {
                if trial.verdict.is_bad() || matches!(trial.verdict, Verdict::Broken(_)) {
                    self.failed += 1;
                    bar.set_message(format!("{} failed", self.failed));
                }
                bar.inc(1);
            }
            Event::End(_) => {}
        }
        written
    }
}
