//! `waitspec explore`.

use super::session::{SessionArgs, failed};
use super::{Output, print_error, screen};
use crate::model::op::Slot;
use crate::model::oracle::Violation;
use crate::model::run::explore::{Exploration, Explored, exhaust, explore};
use crate::model::run::played::Played;
use crate::model::run::raw::{self, RawExploration};
use crate::model::script::script;
use crate::model::trace;
use crate::report::human::lines::Lines;
use crate::runner::settings::RunError;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt::Write;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Randomized model-based testing
///
/// Generates random histories of operations on children, runs them, and checks every result against an executable model of the
/// wait family. A history that violates a clause is shrunk to a minimal reproducer, shown, and saved as a trace for
/// `waitspec replay`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec explore                                          1000 histories for each default subject
  waitspec explore --subject libc --runs 20000 --seed 7     the same histories every time
  waitspec explore --ops 60 --children 12                   longer histories with more children
  waitspec explore --waiters 4                              concurrent calls from several threads
  waitspec explore --exhaustive 5 --subject syscall         every history of up to 5 operations
  waitspec explore --raw --runs 5000                        hostile arguments to the kernel
  waitspec explore --subject 'agent:./myagent' --output found.trace")]
pub struct Args {
    #[command(flatten)]
    session: SessionArgs,
    /// Maximum number of operations per history, not counting the initial children
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..), allow_negative_numbers = true)]
    ops: u16,
    /// Maximum number of children at a time
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u8).range(1..=i64::from(Slot::MOST)), allow_negative_numbers = true)]
    children: u8,
    /// Number of histories per subject
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..), allow_negative_numbers = true)]
    runs: u64,
    /// Make calls from N threads concurrently; the results must be consistent with some order of the calls
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true,
        allow_negative_numbers = true
    )]
    waiters: u8,
    /// Instead of random histories, run every history of up to N operations on two children
    #[arg(long, value_name = "N", conflicts_with_all = ["ops", "children", "runs", "seed", "waiters"], allow_negative_numbers = true)]
    exhaustive: Option<usize>,
    /// Make calls with hostile arguments (pids, idtypes, option bits, pointers) and compare each result with the one predicted for
    /// Linux; then check that process and system still work [default subject: syscall]
    #[arg(long, conflicts_with_all = ["exhaustive", "waiters", "output"])]
    raw: bool,
    /// Seed of the random histories [default: a new one each time, shown in the output]
    #[arg(long, value_name = "SEED", allow_negative_numbers = true)]
    seed: Option<u64>,
    /// File for the trace of a failure; -SUBJECT is appended for several subjects [default: waitspec-SUBJECT-SEED.trace]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Args {
    /// The file for the trace of a failure, one per subject.
    fn path(&self, subject: &str, seed: u64, several: bool) -> PathBuf {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let name: String = subject.chars().take(40).map(plain).collect();
        match &self.output {
            None => format!("waitspec-{name}-{seed}.trace").into(),
            Some(path) if several => {
                let mut path = path.clone().into_os_string();
                path.push(format!("-{name}"));
                path.into()
            }
            Some(path) => path.clone(),
        }
    }

    /// The header of a trace file: what it is, and the command that found it.
    fn about(&self, subject: &str, seed: u64, run: u64) -> [String; 2] {
        let options = match self.exhaustive {
            Some(length) => format!("--exhaustive {length}"),
            None => {
                let waiters =
                    if self.waiters > 0 { format!(" --waiters {}", self.waiters) } else { String::new() };
                format!("--seed {seed} --ops {} --children {}{waiters}", self.ops, self.children)
            }
        };
        [
            format!("waitspec {}: a history of {subject}", env!("CARGO_PKG_VERSION")),
            format!("found by run {run} of: waitspec explore --subject '{subject}' {options}"),
        ]
    }
}

/// Performs the verb.
pub fn perform(args: &Args) -> Result<Output, RunError> {
    let seed = args.seed.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::from(now.subsec_nanos()) ^ now.as_secs()
    });
    if args.raw {
        return hostile(args, seed);
    }
    let exploration = Exploration {
        ops: args.ops.into(),
        children: args.children,
        runs: args.runs,
        seed,
        uid: args.session.uid(),
        waiters: args.waiters,
    };
    let (pool, subjects) = args.session.pool(&[])?;
    let mut output = Output::default();
    for subject in &subjects {
        let began = Instant::now();
        let bar = Bar::new(exploration.runs, subject);
        let explored = match args.exhaustive {
            None => explore(&pool, subject, &exploration, &|played| bar.tick(played)),
            Some(length) => {
                let begin = |whole| bar.lengthen(whole);
                let every =
                    exhaust(&pool, subject, length, exploration.uid, &begin, &|played| bar.tick(played));
                every.map(|every| {
                    output.text +=
                        &format!("{} distinct histories of up to {length} operations\n", every.distinct);
                    every.explored
                })
            }
        };
        bar.end();
        let explored = match explored {
            Ok(explored) => explored,
            Err(stop) => {
                pool.end();
                return Err(failed(subject, stop));
            }
        };
        output.text += &summary(
            subject,
            &explored,
            explored.found.is_some(),
            began.elapsed(),
            args.exhaustive.is_none().then_some(seed),
        );
        if let Some(found) = &explored.found {
            output.code = 1;
            let path = args.path(subject, seed, subjects.len() > 1);
            output.text += &failure(subject, &found.played);
            match std::fs::write(&path, trace::text(&found.played, &args.about(subject, seed, found.run))) {
                Ok(()) => {
                    let path = path.display();
                    let _ = writeln!(output.text, "  reproduce waitspec replay {path} --subject '{subject}'");
                }
                Err(e) => print_error(&format!("cannot write the trace {}: {e}", path.display())),
            }
        }
    }
    pool.end();
    Ok(output)
}

/// Hostile calls on each subject.
fn hostile(args: &Args, seed: u64) -> Result<Output, RunError> {
    let (ops, children) = (usize::from(args.ops), args.children);
    let exploration = RawExploration { ops, children, runs: args.runs, seed, uid: args.session.uid() };
    let (pool, subjects) = args.session.pool(&["syscall"])?;
    let mut output = Output::default();
    for subject in &subjects {
        let began = Instant::now();
        let bar = Bar::new(exploration.runs, subject);
        let explored = raw::explore(&pool, subject, &exploration, &|played| bar.count(played.ops.len()));
        bar.end();
        let (explored, found) = match explored {
            Ok(both) => both,
            Err(stop) => {
                pool.end();
                return Err(failed(subject, stop));
            }
        };
        output.text += &summary(subject, &explored, found.is_some(), began.elapsed(), Some(seed));
        if let Some((run, played)) = found {
            output.code = 1;
            if let Some(violation) = &played.violation {
                output.text += &violated(subject, violation, played.ops.len(), &played.told.join("; "));
            }
            let seed = seed.wrapping_add(run);
            let again =
                format!("--subject '{subject}' --seed {seed} --runs 1 --ops {ops} --children {children}");
            let _ = writeln!(output.text, "  reproduce waitspec explore --raw {again}");
        }
    }
    pool.end();
    Ok(output)
}

fn summary(subject: &str, explored: &Explored, failed: bool, took: Duration, seed: Option<u64>) -> String {
    let rate = explored.operations as f64 / took.as_secs_f64().max(0.001);
    let verdict = if failed { "FAIL" } else { "ok" };
    let mut text = format!(
        "{verdict:7} {subject:24} {} histories, {} operations, {rate:.0} per second{}\n",
        explored.runs,
        explored.operations,
        seed.map_or_else(String::new, |seed| format!(", seed {seed}"))
    );
    for (clause, times) in &explored.deviations {
        let _ = writeln!(text, "        known deviation from {clause}: {times}");
    }
    text
}

/// A history that violates a clause, as text.
pub fn failure(subject: &str, played: &Played) -> String {
    let Some(violation) = &played.violation else { return String::new() };
    violated(subject, violation, played.steps.len(), &script(&played.ops()))
}

fn violated(subject: &str, violation: &Violation, operations: usize, steps: &str) -> String {
    let mut text = Lines::new(screen::prose());
    let clause = violation.clause;
    text.hanging(6, &format!("FAIL  a history of {operations} operations      {subject}"));
    text.requirement(clause.level.name(), clause.text, clause.id, clause.source);
    text.prose("steps", steps);
    text.prose("expected", &violation.expected);
    text.prose("got", &violation.got);
    text.into_text()
}

/// Progress on a terminal; nothing elsewhere.
pub struct Bar {
    bar: ProgressBar,
    operations: AtomicU64,
}

impl Bar {
    /// A bar for `runs` histories.
    pub fn new(runs: u64, subject: &str) -> Bar {
        let shown = std::io::stderr().is_terminal() && std::env::var_os("CI").is_none();
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(runs), target);
        if let Ok(style) =
            ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} histories, {msg}  {eta}")
        {
            bar.set_style(style);
        }
        bar.set_prefix(subject.to_owned());
        Bar { bar, operations: AtomicU64::new(0) }
    }

    /// Sets the number of histories.
    pub fn lengthen(&self, runs: u64) {
        self.bar.set_length(runs);
    }

    /// Counts a history.
    pub fn tick(&self, played: &Played) {
        self.count(played.steps.len());
    }

    /// Counts a history of that many operations.
    fn count(&self, operations: usize) {
        let operations = self.operations.fetch_add(operations as u64, Ordering::Relaxed);
        self.bar.inc(1);
        if !self.bar.is_hidden() {
            self.bar.set_message(format!("{operations} operations"));
        }
    }

    /// Removes the bar.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}
