//! `waitspec child`.

use super::{Cli, Said};
use crate::agent::program;
use crate::mutants;
use crate::runner::settings::RunError;
use crate::scenario::ChildOptions;
use clap::CommandFactory;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

/// Be a child: run scenarios or steps, and end as they say.
///
/// With a connection the child is told its steps; agents start it like that. Without one it runs what it was given.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec child exit-42; echo $?
  waitspec child 'exit code=300'
  waitspec list scenarios")]
pub struct Args {
    /// Names of scenarios, or steps as `exit code=7`
    #[arg(value_name = "SCENARIO|STEP")]
    script: Vec<String>,
    /// The socket of the warden
    #[arg(long, value_name = "PATH", requires = "token")]
    connect: Option<String>,
    /// What the child says of itself there
    #[arg(long, value_name = "T", requires = "connect")]
    token: Option<String>,
}

/// Becomes a child if that is what the arguments (with the program's name) ask for, before anything else is done. What it gives
/// is for `main` to return.
pub fn become_one(arguments: &[OsString]) -> Option<ExitCode> {
    let (verb, rest) = arguments.get(1..)?.split_first()?;
    let asks = |word: &OsString| ["-h", "--help"].iter().any(|help| word == help);
    if verb != "child" || rest.is_empty() || rest.iter().any(asks) {
        return None;
    }
    // An argument that is no text is no step either, and is refused as the text that it resembles.
    let rest: Vec<_> = rest.iter().map(|word| String::from_utf8_lossy(word.as_bytes())).collect();
    match ChildOptions::from_args(&rest) {
        // Eight bits of it are all that Rust's main can return.
        Ok(options) => Some(ExitCode::from(program::run(options, mutants::registry) as u8)),
        Err(error) => {
            super::complain(&format!("child: {error}"));
            std::process::exit(RunError::Usage(String::new()).exit_code().into())
        }
    }
}

/// What is left to the parser: help, and a child that was told nothing.
pub fn perform(_: &Args) -> Result<Said, RunError> {
    let usage = Cli::command().find_subcommand_mut("child").map(|verb| verb.render_usage().to_string());
    Err(RunError::Usage(format!(
        "child: no scenario was given; {}",
        usage.unwrap_or_default().to_lowercase()
    )))
}
