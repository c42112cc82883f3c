//! `waitspec run`.

use super::matrix::facts;
use super::names::{hint, unknown, unknown_of_few};
use super::{Said, command_words, complain};
use crate::catalogue;
use crate::harness::event::{Event, Summary, TrialReport, Verdict};
use crate::harness::run::{die_by_interrupt, run};
use crate::harness::select::{Candidate, Unmatched, select};
use crate::harness::settings::{RunError, Selection, Settings};
use crate::report::baseline::Baseline;
use crate::report::matrix::reporter::{Form, Page};
use crate::report::{Reporter, json::Json, junit::Junit, progress::Progress, tap::Tap, terminal};
use crate::spec::{self, Profile};
use crate::subject;
use crate::sys::family::Call;
use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What `--subject` takes beside the names of built-in subjects.
pub const SUBJECT_FORMS: [(&str, &str); 2] = [
    ("agent:CMD", "a program that speaks the protocol"),
    ("mutant:NAME", "a subject that is broken on purpose"),
];

/// How often `--until-fail` alone repeats: a run has to end by itself.
const HUNT: u32 = 1000;

/// Judge one or more subjects.
///
/// A PATTERN is looked for within `case@call`; with a `*` it has to match all of it. Without patterns every case runs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec run                                              the default subjects, every case
  waitspec run nohang 'exit.*' --call wait4                 some cases with one call
  waitspec run nohang.running-child@wait4 --trace           one trial, with the lines of the protocol
  waitspec run --subject 'agent:python3 my_agent.py' -v     a program that speaks the protocol
  waitspec run --output report.jsonl --output report.html   a report for diff and matrix, and a page to look at
  waitspec run --baseline waitspec.baseline                 known failures are excused
  waitspec run --warden 'ssh target /tmp/waitspec warden'   a far target
  waitspec run signal --repeat 1000 --until-fail            hunt a rare failure")]
pub struct Args {
    /// Which cases: part of a `case@call`, or a pattern with `*`
    #[arg(value_name = "PATTERN")]
    patterns: Vec<String>,
    /// Whom to judge: a name of `list subjects`, agent:CMD, mutant:NAME (may be repeated)
    #[arg(long = "subject", value_name = "S")]
    subjects: Vec<String>,
    /// Only this call (may be repeated)
    #[arg(long = "call", value_name = "C", value_parser = call_names())]
    calls: Vec<Call>,
    /// Only cases that cite this clause; `*` stands for anything (may be repeated)
    #[arg(long = "clause", value_name = "CLAUSE")]
    clauses: Vec<String>,
    /// The system whose promises hold, instead of the one that the subject names
    #[arg(long, value_name = "P", value_parser = profile_names())]
    profile: Option<Profile>,
    /// How many trials run beside each other; by default four for each processor, 32 at most, and one where the machine is slow
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    jobs: Option<usize>,
    /// Only the M-th of N parts of the trials
    #[arg(long, value_name = "M/N", value_parser = shard)]
    shard: Option<(u32, u32)>,
    /// Run each trial so often
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    repeat: Option<u32>,
    /// Stop at the first failure; without --repeat, run each trial up to 1000 times
    #[arg(long, conflicts_with = "baseline")]
    until_fail: bool,
    /// Run the trials in the random order of this seed
    #[arg(long, value_name = "SEED")]
    shuffle: Option<u64>,
    /// Multiply every deadline, for slow machines and emulators
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = positive)]
    timeout_scale: f64,
    /// Fail unless so many trials passed
    #[arg(long, value_name = "N")]
    min_trials: Option<usize>,
    /// The form of the report; by default what the end of --output says, else terminal
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write the report to a file, by its ending: .html, .md, .txt, .xml, .tap, .jsonl (may be repeated); a terminal
    /// report still goes to standard output
    #[arg(long = "output", value_name = "FILE")]
    outputs: Vec<PathBuf>,
    /// The trials that are known to fail (`baseline update` makes it)
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// A SHOULD that does not hold fails
    #[arg(long)]
    strict: bool,
    /// The command that runs scenarios, for agents that need a child program of their own
    #[arg(long, value_name = "CMD", value_parser = command)]
    child: Option<CommandLine>,
    /// The command that starts a warden elsewhere
    #[arg(long, value_name = "CMD", value_parser = command)]
    warden: Option<CommandLine>,
    /// Show the lines of the protocol of each trial
    #[arg(long)]
    trace: bool,
    /// Show the N slowest trials
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    durations: usize,
    /// Show every trial, with recorded values and warnings
    #[arg(short, long)]
    verbose: bool,
}

#[derive(Debug, Copy, Clone, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for people
    Terminal,
    /// Test Anything Protocol 13
    Tap,
    /// JUnit's XML
    Junit,
    /// JSON lines
    Json,
    /// Markdown
    Markdown,
    /// One page with all of it
    Html,
}

/// A command as it was given, and its words.
#[derive(Debug, Clone)]
pub(super) struct CommandLine {
    given: String,
    pub(super) words: Vec<String>,
}

pub(super) fn command(text: &str) -> Result<CommandLine, String> {
    Ok(CommandLine { given: text.to_owned(), words: command_words(text)? })
}

fn call_names() -> impl TypedValueParser<Value = Call> {
    PossibleValuesParser::new(Call::ALL.map(Call::name))
        .try_map(|name| Call::from_name(&name).ok_or("unknown call"))
}

pub(super) fn profile_names() -> impl TypedValueParser<Value = Profile> {
    PossibleValuesParser::new(Profile::ALL.map(Profile::name))
        .try_map(|name| Profile::from_name(&name).ok_or("unknown profile"))
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| *n > 0).ok_or_else(|| "a number from 1 on is needed".to_owned())
}

/// A finite factor above 0.
pub fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|x: &f64| x.is_finite() && *x > 0.0);
    number.ok_or_else(|| "a number above 0 is needed".to_owned())
}

fn shard(text: &str) -> Result<(u32, u32), String> {
    let parts = text.split_once('/').and_then(|(m, n)| Some((m.parse().ok()?, n.parse().ok()?)));
    parts.filter(|(m, n)| 1 <= *m && m <= n).ok_or_else(|| "M/N is needed, with M from 1 to N".to_owned())
}

impl Args {
    fn settings(&self) -> Settings {
        let repeat = self.repeat.unwrap_or(if self.until_fail { HUNT } else { 1 });
        Settings {
            subjects: self.subjects.clone(),
            selection: Selection {
                patterns: self.patterns.clone(),
                calls: self.calls.clone(),
                clauses: self.clauses.clone(),
                shard: self.shard,
                repeat,
                until_fail: self.until_fail,
                shuffle: self.shuffle,
            },
            profile: self.profile,
            jobs: self.jobs,
            timeout_scale: self.timeout_scale,
            strict: self.strict,
            trace: self.trace,
            child: self.child.as_ref().map(|c| c.words.clone()),
            warden: self.warden.as_ref().map(|w| w.words.clone()),
        }
    }

    /// The options without which a repeated trial could come out otherwise.
    fn again(&self) -> Vec<String> {
        let mut options = Vec::new();
        let mut option = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                options.extend([name.to_owned(), value]);
            }
        };
        option("--profile", self.profile.map(|p| p.name().to_owned()));
        option("--timeout-scale", Some(self.timeout_scale).filter(|x| *x != 1.0).map(|x| x.to_string()));
        option("--child", self.child.as_ref().map(|c| c.given.clone()));
        option("--warden", self.warden.as_ref().map(|w| w.given.clone()));
        if self.strict {
            options.push("--strict".to_owned());
        }
        options
    }

    /// The form of a file: as it was asked for, else by its ending.
    fn form_of(&self, path: &Path) -> Result<Format, RunError> {
        if let Some(format) = self.format {
            return Ok(format);
        }
        Ok(match path.extension().and_then(|ending| ending.to_str()) {
            Some("json" | "jsonl") => Format::Json,
            Some("xml") => Format::Junit,
            Some("tap") => Format::Tap,
            Some("html" | "htm") => Format::Html,
            Some("md" | "markdown") => Format::Markdown,
            Some("txt" | "log") | None => Format::Terminal,
            Some(other) => {
                return Err(RunError::Usage(format!(
                    "no report ends in `.{other}` (.html, .md, .txt, .xml, .tap, .jsonl): say --format"
                )));
            }
        })
    }

    fn reporter(&self, format: Format, out: Box<dyn Write>) -> Box<dyn Reporter> {
        match format {
            Format::Terminal => {
                let options = terminal::Options {
                    verbose: self.verbose,
                    trace: self.trace,
                    durations: self.durations,
                    again: self.again(),
                };
                Box::new(terminal::Terminal::new(out, options))
            }
            Format::Tap => Box::new(Tap::new(out)),
            Format::Junit => Box::new(Junit::new(out, self.again())),
            Format::Json => Box::new(Json::new(out, self.again())),
            Format::Markdown => Box::new(Page::new(out, Form::Markdown, self.again(), facts)),
            Format::Html => Box::new(Page::new(out, Form::Html, self.again(), facts)),
        }
    }

    /// The reporters; what can be wrong with the output file is found out here, before anything runs.
    fn reporters(&self) -> Result<Vec<Box<dyn Reporter>>, RunError> {
        let on_terminal = || self.reporter(Format::Terminal, Box::new(anstream::stdout()));
        let mut reporters = match self.format {
            Some(format) if self.outputs.is_empty() && format != Format::Terminal => {
                vec![self.reporter(format, Box::new(io::stdout()))]
            }
            Some(_) if self.outputs.len() > 1 => {
                return Err(RunError::Usage(
                    "--format is for one --output; several go by their endings".into(),
                ));
            }
            _ => vec![on_terminal()],
        };
        let forms: Vec<Format> =
            self.outputs.iter().map(|path| self.form_of(path)).collect::<Result<_, RunError>>()?;
        for (path, form) in self.outputs.iter().zip(forms) {
            let file = File::create(path).map_err(|e| {
                RunError::Usage(format!("cannot write the report to {}: {e}", path.display()))
            })?;
            reporters.push(match form {
                Format::Terminal => self.reporter(form, Box::new(anstream::StripStream::new(file))),
                form => self.reporter(form, Box::new(file)),
            });
        }
        Ok(reporters)
    }
}

/// Performs the verb.
pub fn perform(args: Args) -> Result<Said, RunError> {
    let settings = args.settings();
    check_subjects(&settings.subjects)?;
    check_selection(&settings.selection)?;
    let baseline = args.baseline.as_deref().map(read_baseline).transpose()?;
    let mut told = Told {
        reporters: args.reporters()?,
        progress: Progress::default(),
        baseline,
        summary: Summary::default(),
        error: None,
    };
    let ran = run(&settings, &mut |event| told.event(event))?;
    if ran.interrupted {
        die_by_interrupt();
    }
    if let Some(error) = told.error {
        return Err(RunError::Broken(format!("cannot write the report: {error}")));
    }
    let mut code = told.summary.exit_code();
    let passed = told.summary.count("pass");
    if let Some(wanted) = args.min_trials.filter(|wanted| passed < *wanted) {
        complain(&format!("--min-trials {wanted}: only {passed} trials passed"));
        code = 1;
    }
    Ok(Said { text: String::new(), code })
}

/// Who is told of a run.
struct Told {
    reporters: Vec<Box<dyn Reporter>>,
    progress: Progress,
    baseline: Option<Baseline>,
    /// The counts in the light of the baseline.
    summary: Summary,
    /// Why a report could not be written.
    error: Option<io::Error>,
}

impl Told {
    fn event(&mut self, event: &Event) {
        let judged = match event {
            Event::Begin(header) => Event::Begin(header.clone()),
            Event::Trial(trial) => {
                let trial = self.judged(trial);
                self.summary.add(&trial);
                Event::Trial(Box::new(trial))
            }
            Event::End(end) => {
                self.summary.interrupted = end.interrupted;
                self.summary.duration = end.duration;
                Event::End(self.summary.clone())
            }
        };
        let Told { reporters, progress, error, .. } = self;
        progress.event(&judged, || {
            reporters.retain_mut(|reporter| match reporter.event(&judged) {
                Ok(()) => true,
                // Who reads has seen enough; the verdict still counts.
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => false,
                Err(e) => {
                    error.get_or_insert(e);
                    false
                }
            });
        });
    }

    fn judged(&self, trial: &TrialReport) -> TrialReport {
        let mut trial = trial.clone();
        if let Some(baseline) = &self.baseline {
            trial.verdict = baseline.judge(&trial);
            if let (Verdict::Xfail, Some(why)) = (&trial.verdict, baseline.reason(&trial.id, &trial.subject))
            {
                trial.notes.push(format!("known to fail: {why}"));
            }
        }
        trial
    }
}

/// Names that are wrong on their face; whether a library loads or an agent starts shows later.
pub(super) fn check_subjects(subjects: &[String]) -> Result<(), RunError> {
    for subject in subjects {
        match subject.split_once(':') {
            Some((sort @ ("agent" | "so" | "mutant"), "")) => {
                return Err(RunError::Usage(format!("subject `{subject}`: what {sort}?")));
            }
            Some(("agent", command)) => {
                command_words(command).map_err(|e| RunError::Usage(format!("subject `{subject}`: {e}")))?;
            }
            Some(("so", _)) => {}
            Some(("mutant", name)) => {
                let mutants = || subject::mutant::mutants().map(|mutant| mutant.name);
                if !mutants().any(|known| known == name) {
                    return Err(unknown("mutant", name, mutants()));
                }
            }
            _ => {
                let mut known: Vec<String> = subject::built_in().iter().map(|s| s.name()).collect();
                known.extend(SUBJECT_FORMS.iter().map(|(form, _)| (*form).to_owned()));
                if !known.contains(subject) {
                    return Err(unknown_of_few("subject", subject, known.iter().map(String::as_str)));
                }
            }
        }
    }
    Ok(())
}

/// A filter that matches nothing is said with what is near to it.
fn check_selection(selection: &Selection) -> Result<(), RunError> {
    let cases: Vec<_> = catalogue::cases().collect();
    let candidates: Vec<Candidate<'_>> = cases
        .iter()
        .map(|case| Candidate { case: case.id, clauses: case.clauses, calls: case.calls.list() })
        .collect();
    match select(selection, &candidates) {
        Ok(_) => Ok(()),
        Err(Unmatched::Pattern(pattern)) => {
            let near = hint_of_trial(&pattern);
            Err(RunError::Nothing(format!("no case matches `{pattern}`{near}")))
        }
        Err(Unmatched::Clause(clause)) => Err(unknown("clause", &clause, spec::clauses().map(|c| c.id))),
        Err(other) => Err(other.into()),
    }
}

/// The cases that are nearest to a pattern, and its call if that is the trouble.
fn hint_of_trial(pattern: &str) -> String {
    let (case, call) = pattern.split_once('@').map_or((pattern, None), |(case, call)| (case, Some(call)));
    match (catalogue::cases().find(|known| known.id == case), call) {
        (Some(known), Some(_)) => {
            let calls: Vec<&str> = known.calls.list().into_iter().map(Call::name).collect();
            format!("; {case} takes: {}", calls.join(", "))
        }
        _ => hint(case, catalogue::cases().map(|known| known.id)),
    }
}

/// A baseline whose cases all exist: a renamed case must not go on being excused by nobody.
fn read_baseline(path: &Path) -> Result<Baseline, RunError> {
    let baseline = Baseline::read(path).map_err(RunError::Usage)?;
    for id in baseline.ids() {
        let case = id.split('@').next().unwrap_or(id);
        if !catalogue::cases().any(|known| known.id == case) {
            let near = hint(case, catalogue::cases().map(|known| known.id));
            return Err(RunError::Usage(format!("{}: unknown case `{case}`{near}", path.display())));
        }
    }
    Ok(baseline)
}
