//! `waitspec explore`.

use super::session::{SessionArgs, failed};
use super::{Said, complain};
use crate::model::op::{Slot, script};
use crate::model::run::explore::{Explored, Quest, exhaust, explore};
use crate::model::run::played::Played;
use crate::model::trace;
use crate::runner::settings::RunError;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt::Write;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Judge a subject by histories of children and calls that are made up by chance.
///
/// The model knows what each call may come back with; a history that breaks a clause is made as simple as can be, shown, and
/// saved as a trace for `waitspec replay`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec explore                                          the default subjects, 1000 histories each
  waitspec explore --subject libc --runs 20000 --seed 7     the same histories each time
  waitspec explore --ops 60 --children 12                   longer ones, with more children
  waitspec explore --waiters 4                              calls of several threads at the same time
  waitspec explore --exhaustive 5 --subject syscall         all of them up to that length
  waitspec explore --subject 'agent:./myagent' --output found.trace")]
pub struct Args {
    #[command(flatten)]
    session: SessionArgs,
    /// At most so many operations a history, besides the first children
    #[arg(long, value_name = "N", default_value_t = 30)]
    ops: usize,
    /// At most so many children at a time
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u8).range(1..=i64::from(Slot::MOST)))]
    children: u8,
    /// So many histories for each subject
    #[arg(long, value_name = "N", default_value_t = 1000)]
    runs: u64,
    /// Calls are made by so many threads at a time, and some order of them has to explain what they came back with
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    waiters: u8,
    /// Instead of histories by chance, every one of up to N operations on two children
    #[arg(long, value_name = "N", conflicts_with_all = ["ops", "children", "runs", "seed", "waiters"])]
    exhaustive: Option<usize>,
    /// The seed of the histories; without it another one each time, which is told
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
    /// Where the trace of a failure is written; by default waitspec-SUBJECT-SEED.trace; of several subjects each has its own
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Args {
    /// Where the trace of a failure goes; of several subjects each has its own.
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

    /// The head of a trace file: what it is, and what found it.
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
pub fn perform(args: &Args) -> Result<Said, RunError> {
    let seed = args.seed.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::from(now.subsec_nanos()) ^ now.as_secs()
    });
    let quest = Quest {
        ops: args.ops,
        children: args.children,
        runs: args.runs,
        seed,
        uid: args.session.uid(),
        waiters: args.waiters,
    };
    let (pool, subjects) = args.session.pool()?;
    let mut said = Said::default();
    for subject in &subjects {
        let began = Instant::now();
        let bar = Bar::new(quest.runs, subject);
        let explored = match args.exhaustive {
            None => explore(&pool, subject, &quest, &|played| bar.tick(played)),
            Some(length) => {
                let begin = |whole| bar.lengthen(whole);
                let every = exhaust(&pool, subject, length, quest.uid, &begin, &|played| bar.tick(played));
                every.map(|every| {
                    said.text +=
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
        said.text += &summary(subject, &explored, began.elapsed(), args.exhaustive.is_none().then_some(seed));
        if let Some(found) = &explored.found {
            said.code = 1;
            let path = args.path(subject, seed, subjects.len() > 1);
            said.text += &failure(subject, &found.played);
            match std::fs::write(&path, trace::text(&found.played, &args.about(subject, seed, found.run))) {
                Ok(()) => {
                    let path = path.display();
                    let _ = writeln!(said.text, "  again     waitspec replay {path} --subject '{subject}'");
                }
                Err(e) => complain(&format!("cannot write the trace {}: {e}", path.display())),
            }
        }
    }
    pool.end();
    Ok(said)
}

fn summary(subject: &str, explored: &Explored, took: Duration, seed: Option<u64>) -> String {
    let rate = explored.operations as f64 / took.as_secs_f64().max(0.001);
    let verdict = if explored.found.is_some() { "BROKEN" } else { "ok" };
    let mut text = format!(
        "{verdict:7} {subject:24} {} histories, {} operations, {rate:.0} a second{}\n",
        explored.runs,
        explored.operations,
        seed.map_or_else(String::new, |seed| format!(", seed {seed}"))
    );
    for (clause, times) in &explored.deviations {
        let _ = writeln!(text, "        known departure from {clause}, {times} times");
    }
    text
}

/// A history that breaks a clause, for a person.
pub fn failure(subject: &str, played: &Played) -> String {
    let mut text = String::new();
    let Some(violation) = &played.violation else { return text };
    let clause = violation.clause;
    let _ = writeln!(text, "FAIL  a history of {} operations      {subject}", played.steps.len());
    let _ =
        writeln!(text, "  {:9} {}      {}   {}", clause.level.name(), clause.text, clause.source, clause.id);
    let _ = writeln!(text, "  did       {}", script(&played.ops()));
    let _ = writeln!(text, "  expected  {}", violation.expected);
    let _ = writeln!(text, "  got       {}", violation.got);
    text
}

/// Progress on a terminal; nothing elsewhere.
pub struct Bar {
    bar: ProgressBar,
    operations: AtomicU64,
}

impl Bar {
    /// A bar for so many histories.
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

    /// There are so many histories.
    pub fn lengthen(&self, runs: u64) {
        self.bar.set_length(runs);
    }

    /// One more history was performed.
    pub fn tick(&self, played: &Played) {
        let operations = self.operations.fetch_add(played.steps.len() as u64, Ordering::Relaxed);
        self.bar.inc(1);
        if !self.bar.is_hidden() {
            self.bar.set_message(format!("{operations} operations"));
        }
    }

    /// Takes it away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}
