//! `waitspec run`.

use super::arguments::{CommandLine, Shard, TimeoutScale};
#[cfg(feature = "full")]
use super::complete;
use super::floor::bare_fork;
#[cfg(feature = "full")]
use super::matrix::facts;
use super::names::{SUBJECT_FORMS, hint, unknown_id, unknown_of_few};
use super::selected::check_selection;
use super::{Output, command_words, print_error, screen};
use crate::catalogue;
use crate::report::Reporter;
use crate::report::baseline::Baseline;
use crate::report::human::lines::WIDTH;
use crate::report::human::progress::Progress;
use crate::report::human::terminal;
use crate::report::machine::json::Json;
use crate::report::machine::junit::Junit;
use crate::report::machine::tap::Tap;
#[cfg(feature = "full")]
use crate::report::matrix::reporter::{Form, Page};
use crate::report::renames::Kind;
use crate::runner::event::{RunEvent, Summary, TrialReport, Verdict};
use crate::runner::interrupt;
use crate::runner::run::run;
use crate::runner::settings::{RunError, Settings};
use crate::spec::Profile;
use crate::subject;
use crate::sys::call::abi::Call;
use crate::trial::program;
use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
#[cfg(feature = "full")]
use clap_complete::engine::ArgValueCandidates;
use std::fs::File;
use std::io::{self, Write};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};

/// The number of repetitions with `--until-fail` alone: a run must terminate.
const UNTIL_FAIL: u32 = 1000;

/// Run conformance cases against one or more subjects.
///
/// A PATTERN matches any part of `case@call`, or all of it if it contains a `*`. Without patterns, every case runs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec run                                              every case, the default subjects
  waitspec run nohang 'exit.*' --call wait4                 some cases with one call
  waitspec run nohang.running-child@wait4 --trace           one trial, with its protocol lines
  waitspec run --subject 'agent:python3 my_agent.py' -v     an implementation behind an agent
  waitspec run --subject so:./libmine.so                    the functions of a shared object
  waitspec run --output report.jsonl --output report.html   also write a report for `diff` and `matrix`, and a page
  waitspec run --baseline waitspec.baseline                 excuse known failures
  waitspec run --warden 'ssh target /tmp/waitspec warden'   test a remote machine
  waitspec run signal --repeat 1000 --until-fail            look for a rare failure")]
pub struct Args {
    /// Cases to run: part of a `case@call`, or a pattern with `*`
    #[arg(value_name = "PATTERN")]
    #[cfg_attr(feature = "full", arg(add = ArgValueCandidates::new(complete::cases)))]
    patterns: Vec<String>,
    /// Do not run cases that match this PATTERN (repeatable)
    #[arg(long = "exclude", value_name = "PATTERN")]
    #[cfg_attr(feature = "full", arg(add = ArgValueCandidates::new(complete::cases)))]
    excluded: Vec<String>,
    /// Subject to test: a name from `list subjects`, agent:CMD, so:PATH, preload:PATH or mutant:NAME (repeatable)
    #[arg(long = "subject", value_name = "S")]
    #[cfg_attr(feature = "full", arg(add = ArgValueCandidates::new(complete::subjects)))]
    subjects: Vec<String>,
    /// Run only with this call (repeatable)
    #[arg(long = "call", value_name = "C", value_parser = call_names())]
    calls: Vec<Call>,
    /// Run only cases that cite this clause; may contain `*` (repeatable)
    #[arg(long = "clause", value_name = "CLAUSE")]
    #[cfg_attr(feature = "full", arg(add = ArgValueCandidates::new(complete::clauses)))]
    clauses: Vec<String>,
    /// Apply the clauses of this system instead of the one the subject reports
    #[arg(long, value_name = "P", value_parser = profile_names())]
    profile: Option<Profile>,
    /// Number of trials to run in parallel [default: 4 per CPU, at most 32; 1 per CPU where fork is slow]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    jobs: Option<NonZeroUsize>,
    /// Run only the M-th of N parts of the trials
    #[arg(long, value_name = "M/N")]
    shard: Option<Shard>,
    /// Repeat each trial N times
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    repeat: Option<NonZeroU32>,
    /// Stop at the first failure; without --repeat, repeat each trial up to 1000 times
    #[arg(long, conflicts_with = "baseline")]
    until_fail: bool,
    /// Stop after N failures
    #[arg(long, value_name = "N", conflicts_with_all = ["until_fail", "baseline"], allow_negative_numbers = true)]
    max_failures: Option<NonZeroUsize>,
    /// Run the trials in a random order, determined by SEED
    #[arg(long, value_name = "SEED", allow_negative_numbers = true)]
    shuffle: Option<u64>,
    /// Multiply every deadline by X, for slow machines and emulators
    #[arg(long, value_name = "X", default_value_t, allow_negative_numbers = true)]
    timeout_scale: TimeoutScale,
    /// Fail if fewer than N trials pass
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    min_trials: Option<usize>,
    /// Format of the report [default: by the extension of --output, else terminal]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write the report to FILE, and a terminal report to standard output; the extension determines the format: .html,
    /// .md, .txt, .xml, .tap, .ktap, .jsonl (repeatable). `-` is standard output, instead of the terminal report
    #[arg(long = "output", value_name = "FILE")]
    outputs: Vec<PathBuf>,
    /// Excuse the known failures listed in FILE (see `baseline update`)
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Treat violations of SHOULD clauses as failures
    #[arg(long)]
    strict: bool,
    /// Command that runs child scenarios, for agents that need their own child program
    #[arg(long, value_name = "CMD")]
    child: Option<CommandLine>,
    /// Command that starts a warden, on this machine or a remote one
    #[arg(long, value_name = "CMD")]
    warden: Option<CommandLine>,
    /// Hold a program to this contract: a name from `list contracts`, or a file [default: by the program's name]
    #[arg(long, value_name = "NAME|FILE")]
    contract: Option<String>,
    /// Show the protocol lines of each trial
    #[arg(long)]
    trace: bool,
    /// Show the N slowest trials, and compare the run with the same number of bare forks
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    durations: usize,
    /// Show every trial, with recorded values and warnings
    #[arg(short, long)]
    verbose: bool,
    /// Show only the failures and the last line
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
    /// Print the selected trials, one per line, without running them
    #[arg(long, conflicts_with_all = ["outputs", "format"])]
    list: bool,
}

#[derive(Debug, Copy, Clone, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for people
    Terminal,
    /// Test Anything Protocol 13
    Tap,
    /// Kernel TAP 1, as used by kselftest and KUnit
    Ktap,
    /// JUnit XML
    Junit,
    /// JSON lines
    Json,
    /// Markdown
    #[cfg(feature = "full")]
    Markdown,
    /// One HTML page
    #[cfg(feature = "full")]
    Html,
}

fn call_names() -> impl TypedValueParser<Value = Call> {
    PossibleValuesParser::new(Call::ALL.map(Call::name))
        .try_map(|name| Call::from_name(&name).ok_or("unknown call"))
}

pub(super) fn profile_names() -> impl TypedValueParser<Value = Profile> {
    PossibleValuesParser::new(Profile::ALL.map(Profile::name))
        .try_map(|name| Profile::from_name(&name).ok_or("unknown profile"))
}

impl Args {
    fn settings(&self) -> Settings {
        let repeat = self.repeat.map_or(if self.until_fail { UNTIL_FAIL } else { 1 }, NonZeroU32::get);
        Settings {
            subjects: self.subjects.clone(),
            patterns: self.patterns.clone(),
            excluded: self.excluded.clone(),
            max_failures: self.max_failures.map(NonZeroUsize::get),
            calls: self.calls.clone(),
            clauses: self.clauses.clone(),
            shard: self.shard.map(|shard| (shard.part, shard.of)),
            repeat,
            until_fail: self.until_fail,
            shuffle: self.shuffle,
            profile: self.profile,
            jobs: self.jobs.map(NonZeroUsize::get),
            timeout_scale: self.timeout_scale.0,
            strict: self.strict,
            trace: self.trace,
            child: self.child.as_ref().map(|c| c.words.clone()),
            warden: self.warden.as_ref().map(|w| w.words.clone()),
            contract: self.contract.clone(),
        }
    }

    /// The options without which a reproduced trial could behave differently.
    fn reproduce(&self) -> Vec<String> {
        let mut options = Vec::new();
        let mut option = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                options.extend([name.to_owned(), value]);
            }
        };
        option("--profile", self.profile.map(|p| p.name().to_owned()));
        option(
            "--timeout-scale",
            Some(self.timeout_scale).filter(|x| *x != TimeoutScale::default()).map(|x| x.to_string()),
        );
        option("--child", self.child.as_ref().map(|c| c.given.clone()));
        option("--warden", self.warden.as_ref().map(|w| w.given.clone()));
        option("--contract", self.contract.clone());
        if self.strict {
            options.push("--strict".to_owned());
        }
        options
    }

    /// The format of a file: --format if given, else by its extension.
    fn form_of(&self, path: &Path) -> Result<Format, RunError> {
        if let Some(format) = self.format {
            return Ok(format);
        }
        Ok(match path.extension().and_then(|extension| extension.to_str()) {
            Some("json" | "jsonl") => Format::Json,
            Some("xml") => Format::Junit,
            Some("tap") => Format::Tap,
            Some("ktap") => Format::Ktap,
            #[cfg(feature = "full")]
            Some("html" | "htm") => Format::Html,
            #[cfg(not(feature = "full"))]
            Some("html" | "htm") => return Err(super::lacks("HTML")),
            #[cfg(feature = "full")]
            Some("md" | "markdown") => Format::Markdown,
            #[cfg(not(feature = "full"))]
            Some("md" | "markdown") => return Err(super::lacks("Markdown")),
            Some("txt" | "log") | None => Format::Terminal,
            Some(other) => {
                return Err(RunError::Usage(format!(
                    "unknown extension `.{other}`: expected .html, .md, .txt, .xml, .tap, .ktap or .jsonl, or give --format"
                )));
            }
        })
    }

    /// A reporter; `width` is that of text, in columns.
    fn reporter(&self, format: Format, out: Box<dyn Write>, width: usize) -> Box<dyn Reporter> {
        match format {
            Format::Terminal => {
                let options = terminal::Options {
                    width,
                    verbose: self.verbose,
                    quiet: self.quiet,
                    trace: self.trace,
                    durations: self.durations,
                    fork: if self.durations > 0 { bare_fork() } else { None },
                    reproduce: self.reproduce(),
                };
                Box::new(terminal::Terminal::new(out, options))
            }
            Format::Tap => Box::new(Tap::new(out)),
            Format::Ktap => Box::new(Tap::of_the_kernel(out)),
            Format::Junit => Box::new(Junit::new(out, self.reproduce())),
            Format::Json => Box::new(Json::new(out, self.reproduce())),
            #[cfg(feature = "full")]
            Format::Markdown => Box::new(Page::new(out, Form::Markdown, self.reproduce(), facts)),
            #[cfg(feature = "full")]
            Format::Html => Box::new(Page::new(out, Form::Html, self.reproduce(), facts)),
        }
    }

    /// The reporters. The output file is opened here, so that an error shows before anything runs.
    fn reporters(&self) -> Result<Vec<Box<dyn Reporter>>, RunError> {
        let on_terminal = || self.reporter(Format::Terminal, Box::new(anstream::stdout()), screen::prose());
        let mut reporters = match self.format {
            Some(format) if self.outputs.is_empty() && format != Format::Terminal => {
                vec![self.reporter(format, Box::new(io::stdout()), WIDTH)]
            }
            Some(_) if self.outputs.len() > 1 => {
                return Err(RunError::Usage(
                    "--format applies to a single --output; with several, the extension determines the format".into(),
                ));
            }
            _ if self.outputs.iter().any(|path| is_stdout(path)) => Vec::new(),
            _ => vec![on_terminal()],
        };
        if self.outputs.iter().filter(|path| is_stdout(path)).count() > 1 {
            return Err(RunError::Usage("only one --output can be `-`".into()));
        }
        let forms: Vec<Format> =
            self.outputs.iter().map(|path| self.form_of(path)).collect::<Result<_, RunError>>()?;
        for (path, form) in self.outputs.iter().zip(forms) {
            if is_stdout(path) {
                reporters.push(match form {
                    Format::Terminal => on_terminal(),
                    form => self.reporter(form, Box::new(io::stdout()), WIDTH),
                });
                continue;
            }
            let file = File::create(path).map_err(|e| {
                RunError::Usage(format!("cannot write the report to {}: {e}", path.display()))
            })?;
            reporters.push(match form {
                Format::Terminal => self.reporter(form, Box::new(anstream::StripStream::new(file)), WIDTH),
                form => self.reporter(form, Box::new(file), WIDTH),
            });
        }
        Ok(reporters)
    }
}

/// Whether an output file means standard output.
fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

/// Performs the verb.
pub fn perform(args: Args) -> Result<Output, RunError> {
    let settings = args.settings();
    check_subjects(&settings.subjects)?;
    let selected = check_selection(&settings)?;
    if args.list {
        return Ok(Output::success(selected.join("\n") + "\n"));
    }
    let baseline = args.baseline.as_deref().map(read_baseline).transpose()?;
    let mut reports = Reports {
        reporters: args.reporters()?,
        progress: Progress::default(),
        baseline,
        summary: Summary::default(),
        error: None,
    };
    let ran = run(&settings, &mut |event| reports.event(event))?;
    if ran.interrupted {
        interrupt::die();
    }
    if let Some(error) = reports.error {
        return Err(RunError::Broken(format!("cannot write the report: {error}")));
    }
    let mut code = reports.summary.exit_code();
    let passed = reports.summary.count("pass");
    if let Some(wanted) = args.min_trials.filter(|wanted| passed < *wanted) {
        print_error(&format!("--min-trials {wanted}: only {passed} passed"));
        code = 1;
    }
    Ok(Output { text: String::new(), code })
}

/// The receivers of the events of a run.
struct Reports {
    reporters: Vec<Box<dyn Reporter>>,
    progress: Progress,
    baseline: Option<Baseline>,
    /// The counts, with the baseline applied.
    summary: Summary,
    /// Why a report could not be written.
    error: Option<io::Error>,
}

impl Reports {
    fn event(&mut self, event: &RunEvent) {
        let judged = match event {
            RunEvent::Begin(header) => RunEvent::Begin(header.clone()),
            RunEvent::Trial(trial) => {
                let trial = self.judged(trial);
                self.summary.add(&trial);
                RunEvent::Trial(Box::new(trial))
            }
            RunEvent::Waiting(standing) => RunEvent::Waiting(standing.clone()),
            RunEvent::End(end) => {
                self.summary.interrupted = end.interrupted;
                self.summary.duration = end.duration;
                RunEvent::End(self.summary.clone())
            }
        };
        let Reports { reporters, progress, error, .. } = self;
        progress.event(&judged, || {
            reporters.retain_mut(|reporter| match reporter.event(&judged) {
                Ok(()) => true,
                // The reader has closed the pipe; the exit code still matters.
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

/// Whether that word and a `:` introduce a command.
fn runs_a_command(sort: &str) -> bool {
    sort == "agent" || program::Kind::ALL.iter().any(|(word, _)| *word == sort)
}

/// Rejects unknown names; whether an agent starts is found out later.
pub(super) fn check_subjects(subjects: &[String]) -> Result<(), RunError> {
    for subject in subjects {
        match subject.split_once(':') {
            Some((sort, "")) if ["so", "preload", "mutant"].contains(&sort) || runs_a_command(sort) => {
                return Err(RunError::Usage(format!("subject `{subject}`: nothing after `{sort}:`")));
            }
            Some((sort, command)) if runs_a_command(sort) => {
                command_words(command).map_err(|e| RunError::Usage(format!("subject `{subject}`: {e}")))?;
            }
            Some(("so" | "preload", _)) => {}
            #[cfg(not(feature = "full"))]
            Some(("mutant", _)) => return Err(super::lacks("mutants")),
            #[cfg(feature = "full")]
            Some(("mutant", name)) => {
                let mutants = || crate::mutants::mutants().map(|mutant| mutant.name);
                if !mutants().any(|known| known == name) {
                    return Err(unknown_id("mutant", Kind::Mutant, name, mutants()));
                }
            }
            _ if subject == subject::OWN_HANDLE || subject::OWN_PROGRAMS.contains(&subject.as_str()) => {}
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

/// Reads a baseline and checks that its cases exist: an entry that excuses nothing is a mistake.
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
