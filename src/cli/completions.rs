//! `waitspec completions`.

use super::Output;
use crate::runner::settings::RunError;
use clap_complete::env::Shells;

/// Print a completion script for a shell.
///
/// The script runs this program, so that it also completes the names of cases, clauses, subjects and mutants.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec completions bash > /etc/bash_completion.d/waitspec
  waitspec completions fish > ~/.config/fish/completions/waitspec.fish")]
pub struct Args {
    /// Shell
    #[arg(value_parser = ["bash", "elvish", "fish", "powershell", "zsh"])]
    shell: String,
}

/// The variable by which a shell requests completions.
pub const VARIABLE: &str = "COMPLETE";

/// Performs the verb.
pub fn perform(args: &Args) -> Result<Output, RunError> {
    let shells = Shells::builtins();
    let shell = shells
        .completer(&args.shell)
        .ok_or_else(|| RunError::Usage(format!("there is no completion script for {}", args.shell)))?;
    let mut script = Vec::new();
    shell
        .write_registration(VARIABLE, "waitspec", "waitspec", "waitspec", &mut script)
        .map_err(|error| RunError::Broken(format!("cannot write the script: {error}")))?;
    Ok(Output::success(String::from_utf8_lossy(&script).into_owned()))
}
