//! The command line, a file per verb.

mod agent;
mod arguments;
mod baseline;
#[cfg(feature = "full")]
mod bench;
mod child;
#[cfg(feature = "full")]
mod complete;
#[cfg(feature = "full")]
mod completions;
mod decode;
mod diff;
#[cfg(feature = "full")]
mod emit_c;
mod explain;
mod explain_subject;
#[cfg(feature = "full")]
mod explore;
mod floor;
mod list;
#[cfg(feature = "full")]
mod matrix;
mod names;
#[cfg(feature = "full")]
mod reference;
#[cfg(feature = "full")]
mod replay;
mod run;
mod screen;
mod selected;
#[cfg(feature = "full")]
mod selftest;
mod session;
mod table;
mod usage;
mod warden;

use crate::runner::settings::RunError;
use clap::{CommandFactory, Parser, Subcommand};
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

/// The executable specification of the Unix wait family: tests wait, waitpid, wait3, wait4, wait6 and waitid of a
/// kernel, emulator, C library, crate or language runtime.
#[derive(Debug, Parser)]
#[command(name = "waitspec", version, arg_required_else_help = true, after_help = EXAMPLES)]
struct Cli {
    /// When to use colours
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    color: Color,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Copy, Clone, PartialEq, Eq, clap::ValueEnum)]
enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    fn choice(self) -> anstream::ColorChoice {
        match self {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  waitspec run                                test this system
  waitspec run nohang --call wait4 -v         run some cases with one call, show every trial
  waitspec run --subject 'agent:./myagent'    test an implementation through its agent
  waitspec run --subject so:./libmine.so      test the functions of a shared object
  waitspec decode 0x137f                      show what a status word means on each system
  waitspec explain posix/waitpid/echild       show what a clause requires and which cases check it

Exit codes: 0 conformant; 1 a trial failed; 2 usage error; 3 the suite or its environment is broken;
4 nothing selected; 5 an agent did not start or violated the protocol.";

#[derive(Debug, Subcommand)]
enum Verb {
    Run(Box<run::Args>),
    List(list::Args),
    Explain(explain::Args),
    Decode(decode::Args),
    Child(child::Args),
    Diff(diff::Args),
    #[cfg(feature = "full")]
    Matrix(matrix::Args),
    #[cfg(feature = "full")]
    Selftest(selftest::Args),
    #[cfg(feature = "full")]
    Bench(bench::Args),
    Baseline(baseline::Args),
    Agent(agent::Args),
    #[cfg(feature = "full")]
    Explore(explore::Args),
    #[cfg(feature = "full")]
    Replay(replay::Args),
    #[cfg(feature = "full")]
    EmitC(emit_c::Args),
    #[cfg(feature = "full")]
    Completions(completions::Args),
    Warden(warden::Args),
    #[cfg(feature = "full")]
    Reference(reference::Args),
}

/// What a verb prints on standard output, and its exit code.
#[derive(Debug, Default)]
struct Output {
    text: String,
    code: u8,
}

impl Output {
    fn success(text: String) -> Output {
        Output { text, code: 0 }
    }
}

/// The program.
///
/// `child` and the agents of shared objects bypass the parser: they are executed often and must start fast.
pub fn main() -> ExitCode {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    std::hint::black_box(crate::sys::startup::is_checked());
    let arguments: Vec<_> = std::env::args_os().collect();
    if let Some(code) = child::run_if_asked(&arguments) {
        return code;
    }
    if let Some(error) = agent::serve_if_asked(&arguments) {
        print_error(&error.to_string());
        return ExitCode::from(error.exit_code());
    }
    #[cfg(feature = "full")]
    if std::env::var_os(completions::VARIABLE).is_some() {
        // Answers the shell and exits.
        clap_complete::CompleteEnv::with_factory(Cli::command).var(completions::VARIABLE).complete();
    }
    let output = match Cli::try_parse_from(&arguments) {
        Ok(cli) => {
            cli.color.choice().write_global();
            perform(cli.verb)
        }
        Err(error) => usage::answer(&error),
    };
    match output {
        Ok(output) => {
            let mut out = anstream::stdout().lock();
            match out.write_all(output.text.as_bytes()).and_then(|()| out.flush()) {
                // The reader may have closed the pipe (`waitspec list | head`).
                Err(e) if e.kind() != ErrorKind::BrokenPipe => {
                    print_error(&format!("cannot write: {e}"));
                    ExitCode::from(RunError::Broken(String::new()).exit_code())
                }
                _ => ExitCode::from(output.code),
            }
        }
        Err(error) => {
            print_error(&error.to_string());
            ExitCode::from(error.exit_code())
        }
    }
}

fn perform(verb: Verb) -> Result<Output, RunError> {
    match verb {
        Verb::Run(args) => run::perform(*args),
        Verb::List(args) => list::perform(&args),
        Verb::Explain(args) => explain::perform(&args),
        Verb::Decode(args) => decode::perform(&args),
        Verb::Child(args) => child::perform(&args),
        Verb::Diff(args) => diff::perform(&args),
        #[cfg(feature = "full")]
        Verb::Matrix(args) => matrix::perform(&args),
        #[cfg(feature = "full")]
        Verb::Selftest(args) => selftest::perform(&args),
        #[cfg(feature = "full")]
        Verb::Bench(args) => bench::perform(&args),
        Verb::Baseline(args) => baseline::perform(&args),
        Verb::Agent(args) => agent::perform(&args),
        #[cfg(feature = "full")]
        Verb::Explore(args) => explore::perform(&args),
        #[cfg(feature = "full")]
        Verb::Replay(args) => replay::perform(&args),
        #[cfg(feature = "full")]
        Verb::EmitC(args) => emit_c::perform(&args),
        #[cfg(feature = "full")]
        Verb::Completions(args) => completions::perform(&args),
        Verb::Warden(args) => warden::perform(&args),
        #[cfg(feature = "full")]
        Verb::Reference(args) => reference::perform(&args),
    }
}

/// The error for something that a small build for a target leaves out.
#[cfg(not(feature = "full"))]
fn lacks(what: &str) -> RunError {
    RunError::Usage(format!("this build has no {what}: it lacks the feature `full`"))
}

/// Prints a line on standard error, which may be closed.
fn print_error(line: &str) {
    let _ = writeln!(std::io::stderr(), "waitspec: {line}");
}

/// Splits a command line into words as a shell does.
fn command_words(command: &str) -> Result<Vec<String>, String> {
    match shlex::split(command) {
        Some(words) if !words.is_empty() => Ok(words),
        Some(_) => Err("the command is empty".to_owned()),
        None => Err("the command has an unterminated quote".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_verb_has_examples() {
        for verb in Cli::command().get_subcommands().filter(|v| !v.is_hide_set()) {
            let examples = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            let of_parts: String =
                verb.get_subcommands().filter_map(|v| v.get_after_help()).map(ToString::to_string).collect();
            assert!((examples + &of_parts).contains("Examples:"), "{}", verb.get_name());
        }
    }

    #[test]
    fn commands_are_split_like_a_shell() {
        assert_eq!(command_words("ssh host 'a b'").unwrap(), ["ssh", "host", "a b"]);
        assert!(command_words(" ").is_err());
        assert!(command_words("'").is_err());
    }
}
