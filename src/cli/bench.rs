//! `waitspec bench`.

use super::Output;
use super::session::{SessionArgs, failed};
use crate::bench::figures::BenchReport;
#[cfg(feature = "full")]
use crate::bench::html;
use crate::bench::measure::{FLOOR, measure};
use crate::bench::plan::Effort;
use crate::bench::terminal;
use crate::runner::settings::RunError;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Measure how fast a subject is, compared with the same loop in C
///
/// Measures spawning and reaping, polling with WNOHANG, the time from an exit to the return of a blocked wait and of a wait with a
/// timeout, and reaping 10 to 10,000 children by wait-any, by pid and by pidfd. Subject and C loop alternate within one run, so that
/// the ratios hold on a busy machine, too. There are no verdicts. An agent without built-in loops is measured by single requests.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec bench                                       this crate, the C library, rustix and the kernel
  waitspec bench --subject libc --output bench.html    a page with plots
  waitspec bench --subject mutant:polls-every-5-ms     what a wait that polls looks like
  waitspec bench --subject 'agent:./myagent' --children 1000 --rounds 5")]
pub struct Args {
    #[command(flatten)]
    session: SessionArgs,
    /// How many times the C loop and the subject alternate
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000), allow_negative_numbers = true)]
    rounds: u32,
    /// Maximum number of children at a time
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(10..=1_000_000), allow_negative_numbers = true)]
    children: u64,
    /// Output format [default: by the extension of --output, else terminal]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write the figures to FILE instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Copy, Clone, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text
    Terminal,
    /// One HTML page with plots
    #[cfg(feature = "full")]
    Html,
}

impl Args {
    fn format(&self) -> Result<Format, RunError> {
        let extension = self.output.as_deref().and_then(Path::extension).and_then(|ending| ending.to_str());
        match (self.format, extension) {
            (Some(format), _) => Ok(format),
            #[cfg(feature = "full")]
            (None, Some("html" | "htm")) => Ok(Format::Html),
            (None, Some("txt") | None) => Ok(Format::Terminal),
            (None, Some(other)) => Err(RunError::Usage(format!(
                "unknown extension `.{other}`: expected .txt or, in a full build, .html"
            ))),
        }
    }
}

/// Performs the verb.
pub fn perform(args: &Args) -> Result<Output, RunError> {
    let format = args.format()?;
    let (pool, subjects) = args.session.pool_with(FLOOR)?;
    let effort = Effort { rounds: args.rounds, children: args.children };
    let system = rustix::system::uname();
    let text = |part: &std::ffi::CStr| part.to_string_lossy().into_owned();
    let mut report = BenchReport {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        kernel: format!("{} {}", text(system.sysname()), text(system.release())),
        machine: text(system.machine()),
        rounds: args.rounds,
        subjects: Vec::new(),
    };
    for subject in &subjects {
        let bar = spinner();
        let measured = measure(&pool, subject, effort, &|what| bar.set_message(format!("{subject}: {what}")));
        bar.finish_and_clear();
        match measured {
            Ok(figures) => report.subjects.push(figures),
            Err(stop) => {
                pool.end();
                return Err(failed(subject, stop));
            }
        }
    }
    pool.end();
    let text = match format {
        Format::Terminal => terminal::text(&report),
        #[cfg(feature = "full")]
        Format::Html => html::page(&report),
    };
    match &args.output {
        None => Ok(Output::success(text)),
        Some(path) => std::fs::write(path, text)
            .map(|()| Output::default())
            .map_err(|e| RunError::Usage(format!("cannot write {}: {e}", path.display()))),
    }
}

/// What is being measured, on a terminal.
fn spinner() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
