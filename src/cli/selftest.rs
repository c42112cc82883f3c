//! `waitspec selftest`.

use super::names::unknown_id;
use super::{Output, print_error};
use crate::mutants::{mutant_of, mutants};
use crate::report::human::progress::Progress;
use crate::report::renames::Kind;
use crate::runner::event::{RunEvent, RunHeader, Standing, Summary, TrialReport, Verdict};
use crate::runner::pool::Pool;
use crate::runner::run::EVERY;
use crate::runner::settings::RunError;
use crate::selftest::findings::OfMutant;
use crate::selftest::{self, Findings, Matrix, Wanted};
use clap::ValueEnum;
use indicatif::ProgressBar;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Mutation testing: how good is the suite?
///
/// Every mutant (a subject with a known bug) must be killed by the clause it violates, and every expectation must fail for some
/// mutant.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec selftest                                           every mutant, every case (an hour or more)
  waitspec selftest --quick                                   each mutant until a case kills it (minutes)
  waitspec selftest --mutant returns-one                      one mutant
  waitspec selftest --model 2000                              test the model as well
  waitspec selftest --format json | jq '.never_failed'
  waitspec selftest --save fixtures/kill-matrix.json          update the committed kill matrix")]
pub struct Args {
    /// Cases to run: part of a `case@call`, or a pattern with `*`
    #[arg(value_name = "PATTERN")]
    patterns: Vec<String>,
    /// Run only this mutant (repeatable)
    #[arg(long = "mutant", value_name = "NAME")]
    mutants: Vec<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,
    /// Run each mutant only until a trial kills it by its clause; tries those that are known to do so
    #[arg(long, conflicts_with = "save")]
    quick: bool,
    /// Number of trials to run in parallel
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    jobs: Option<std::num::NonZeroUsize>,
    /// Also check whether the model catches each mutant within RUNS random histories
    #[arg(long, value_name = "RUNS", allow_negative_numbers = true)]
    model: Option<u64>,
    /// Write the kill matrix to FILE; with a selection, update only the selected mutants and cases
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
}

#[derive(Debug, Copy, Clone, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for people
    Terminal,
    /// One JSON object
    Json,
}

/// Performs the verb.
pub fn perform(args: &Args) -> Result<Output, RunError> {
    for name in &args.mutants {
        if !mutants().any(|known| known.name == name) {
            return Err(unknown_id("mutant", Kind::Mutant, name, mutants().map(|mutant| mutant.name)));
        }
    }
    let (matrix, amiss, unoffered) = fill(args)?;
    let matrix = match &args.save {
        None => matrix,
        Some(path) => save(args, path, matrix)?,
    };
    let every_mutant = matrix.rows.len() == mutants().count();
    let whole = every_mutant && !args.quick && (args.patterns.is_empty() || args.save.is_some());
    let mut findings = Findings::of(&matrix, whole);
    (findings.amiss, findings.unoffered) = (amiss, unoffered);
    let faults = findings.faults();
    let text = match args.format {
        Format::Terminal => terminal(&findings, &faults),
        Format::Json => {
            let json = serde_json::to_string_pretty(&findings);
            json.map_err(|e| RunError::Broken(e.to_string()))? + "\n"
        }
    };
    Ok(Output { text, code: u8::from(!faults.is_empty()) })
}

/// Writes the matrix to a file; a partial matrix updates the one in the file.
fn save(args: &Args, path: &Path, matrix: Matrix) -> Result<Matrix, RunError> {
    let mut whole = matrix.clone();
    if !(args.mutants.is_empty() && args.patterns.is_empty())
        && let Ok(bytes) = std::fs::read(path)
    {
        whole = serde_json::from_slice(&bytes)
            .map_err(|e| RunError::Usage(format!("{} is not a kill matrix: {e}", path.display())))?;
        let cases = matrix.expectations.keys().cloned().collect::<Vec<_>>();
        whole.update(matrix, &cases.iter().map(String::as_str).collect());
    }
    std::fs::write(path, whole.text())
        .map_err(|e| RunError::Usage(format!("cannot write {}: {e}", path.display())))?;
    Ok(whole)
}

/// Runs the trials; returns the matrix, any problems other than surviving mutants, and the mutants of which nothing could be run.
fn fill(args: &Args) -> Result<(Matrix, Vec<String>, Vec<&'static str>), RunError> {
    let session = selftest::start(&args.mutants, &args.patterns, args.jobs.map(std::num::NonZeroUsize::get))?;
    let header = session.header().clone();
    let saved = if args.quick { Some(Matrix::committed().map_err(RunError::Broken)?) } else { None };
    let work = match &saved {
        Some(saved) => Work::InTurn(selftest::in_turn(&session, saved)),
        None => Work::All(selftest::all(&session)),
    };
    // Without the local suffix of the kernel version.
    let kernel = header.kernel.split('-').next().unwrap_or_default();
    let mut matrix = Matrix { system: format!("{kernel} {}", header.machine), ..Matrix::default() };
    let mut amiss = Vec::new();
    let pool = Pool::new(session);
    let mut progress = Progress::default();
    let named = header.subjects.iter().filter_map(|subject| mutant_of(&subject.spec)).map(|m| m.name);
    let named: Vec<&'static str> = named.collect();
    progress.event(&RunEvent::Begin(RunHeader { trials: work.most(), ..header }), || ());
    let (mut finished, mut last_report) = (0, Instant::now());
    let mut sink = |wanted: &Wanted, report: &TrialReport| {
        finished += 1;
        if last_report.elapsed() >= EVERY {
            last_report = Instant::now();
            progress.event(&RunEvent::Waiting(Standing { finished, longest: None }), || ());
        }
        match mutant_of(&wanted.subject) {
            Some(mutant) => matrix.add(mutant.name, wanted, report),
            None => matrix.add_unbroken(wanted, report),
        }
        let unbroken = mutant_of(&wanted.subject).is_none();
        if matches!(report.verdict, Verdict::Broken(_)) || (unbroken && report.verdict.is_bad()) {
            let trial = format!("{} on {}: {}", report.id, report.subject, report.verdict);
            progress.event(&RunEvent::Trial(Box::new(report.clone())), || print_error(&trial));
            amiss.push(trial);
        } else {
            // A mutant that is killed is not a failure.
            let mut report = report.clone();
            report.verdict = Verdict::Pass;
            progress.event(&RunEvent::Trial(Box::new(report)), || ());
        }
    };
    match work {
        Work::All(trials) => selftest::run(&pool, trials, &mut sink),
        Work::InTurn(series) => selftest::run_in_turn(&pool, series, &mut sink),
    }
    progress.event(&RunEvent::End(Summary::default()), || ());
    matrix.sort();
    // What share of the cases kills a mutant is a question about all cases.
    matrix.expectations = saved.map_or(matrix.expectations, |saved| saved.expectations);
    if let Some(budget) = args.model {
        let bar = ProgressBar::new(matrix.rows.len() as u64);
        let of_calls = |name: &&String| mutants().any(|m| m.name == **name && m.is_of_calls());
        let names: Vec<String> = matrix.rows.keys().filter(of_calls).cloned().collect();
        for name in names {
            match selftest::ask_model(&pool, &name, budget) {
                Ok(operations) => drop(matrix.model.insert(name, operations)),
                Err(stop) => amiss.push(format!("the model on mutant:{name}: {stop:?}")),
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
    }
    pool.end();
    let unoffered = named.into_iter().filter(|name| !matrix.rows.contains_key(*name)).collect();
    Ok((matrix, amiss, unoffered))
}

/// What is to be run.
enum Work {
    All(Vec<Wanted>),
    /// Series that end with the first kill.
    InTurn(Vec<Vec<Wanted>>),
}

impl Work {
    /// The number of trials, at most.
    fn most(&self) -> usize {
        match self {
            Work::All(trials) => trials.len(),
            Work::InTurn(series) => series.iter().map(Vec::len).sum(),
        }
    }
}

/// The findings as text.
fn terminal(findings: &Findings, faults: &[String]) -> String {
    let mut text = String::new();
    let mut line = |words: String| {
        let _ = writeln!(text, "{}", words.trim_end());
    };
    let width = findings.mutants.iter().map(|m| m.mutant.len()).max().unwrap_or(0);
    line(format!("{:<8}  {:<width$}  CASES  TRIALS  SHARE  MODEL  FIRST", "", "MUTANT"));
    for m in &findings.mutants {
        let first = m.first.as_deref().unwrap_or_default();
        line(format!(
            "{:<8}  {:<width$}  {:>5}  {:>6}  {:>4}%  {:>5}  {first}",
            outcome(m),
            m.mutant,
            m.cases,
            m.trials,
            m.share,
            of_model(m),
        ));
    }
    let count = |is: fn(&OfMutant) -> bool| findings.mutants.iter().filter(|m| is(m)).count();
    line(String::new());
    line(format!(
        "{} mutants: {} killed by the clause they violate; {} count, the others fail more than a quarter of the cases",
        findings.mutants.len(),
        count(OfMutant::is_killed),
        count(|m| m.counts)
    ));
    line(format!("{} clauses failed for at least one mutant", findings.clauses));
    if !findings.unoffered.is_empty() {
        let names = findings.unoffered.join(", ");
        line(format!("{} mutants of which nothing can be run here: {names}", findings.unoffered.len()));
    }
    if findings.mutants.iter().any(|m| m.model.is_some()) {
        let both = count(|m| m.is_killed() && m.model.flatten().is_some());
        let caught = count(|m| m.model.flatten().is_some());
        line(format!(
            "the model caught {caught} mutants (MODEL: number of operations), {both} of which were also killed by cases"
        ));
    }
    if findings.never_failed.iter().any(|n| n.why.is_some()) {
        line("\nexpectations that no mutant fails, and why".to_owned());
        for n in &findings.never_failed {
            if let Some(why) = n.why {
                line(format!("  {}  {}: {why}", n.case, n.clause));
            }
        }
    }
    if findings.alike.iter().any(|a| a.why.is_some()) {
        line("\ncases that fail for the same mutants, and why there are several".to_owned());
        for a in &findings.alike {
            if let Some(why) = a.why {
                line(format!("  {}: {why}", a.cases.join(", ")));
            }
        }
    }
    if faults.is_empty() {
        line("\nno problems found".to_owned());
    } else {
        line(format!("\nproblems: {}", faults.len()));
        for fault in faults {
            line(format!("  {fault}"));
        }
    }
    text
}

/// The number of operations after which the model caught it; `-` if it did not.
fn of_model(m: &OfMutant) -> String {
    m.model.map_or_else(String::new, |operations| operations.map_or("-".to_owned(), |n| n.to_string()))
}

fn outcome(m: &OfMutant) -> &'static str {
    match m {
        _ if m.cases == 0 => "SURVIVED",
        _ if !m.by_its_clause => "OTHERS",
        _ if !m.counts => "broad",
        _ => "killed",
    }
}
