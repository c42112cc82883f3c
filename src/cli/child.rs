//! `waitspec child`.

use super::{Cli, Output};
use crate::mutants;
use crate::runner::settings::RunError;
use crate::scenario::{ChildOptions, child};
use crate::warden::program;
use clap::CommandFactory;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

/// Run a child scenario
///
/// Runs the given scenarios or steps, then exits with 0. With --connect, the process takes further steps from a warden; this is how
/// agents start children.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec child exit-42; echo $?
  waitspec child 'exit code=300'
  waitspec list scenarios")]
pub struct Args {
    /// Name of a scenario, or a step such as `exit code=7`
    #[arg(value_name = "SCENARIO|STEP")]
    script: Vec<String>,
    /// Socket of the warden
    #[arg(long, value_name = "PATH", requires = "token")]
    connect: Option<String>,
    /// Token that identifies the child to the warden
    #[arg(long, value_name = "T", requires = "connect")]
    token: Option<String>,
}

/// Runs a child if the arguments (including the program's name) ask for one, before doing anything else. The exit code is for
/// `main` to return.
pub fn run_if_asked(arguments: &[OsString]) -> Option<ExitCode> {
    let (verb, rest) = arguments.get(1..)?.split_first()?;
    let asks = |word: &OsString| ["-h", "--help"].iter().any(|help| word == help);
    if verb != "child" || rest.is_empty() || rest.iter().any(asks) {
        return None;
    }
    // An argument that is not UTF-8 cannot be a step, and is rejected in its lossy form.
    let rest: Vec<_> = rest.iter().map(|word| String::from_utf8_lossy(word.as_bytes())).collect();
    match ChildOptions::from_args(&rest) {
        // Rust's main can return only eight bits.
        Ok(options) => Some(ExitCode::from(program::run(options, mutants::registry) as u8)),
        Err(error) => {
            super::print_error(&format!("child: {error}"));
            child::refuse_if_connected(&rest, &error);
            std::process::exit(RunError::Usage(String::new()).exit_code().into())
        }
    }
}

/// Reached only for help, and for a child without steps.
pub fn perform(_: &Args) -> Result<Output, RunError> {
    let usage = Cli::command().find_subcommand_mut("child").map(|verb| verb.render_usage().to_string());
    Err(RunError::Usage(format!("child: no scenario given; {}", usage.unwrap_or_default().to_lowercase())))
}
