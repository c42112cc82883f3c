//! `waitspec completions`.

use super::{Cli, Output};
use crate::runner::settings::RunError;
use clap::CommandFactory;
use clap_complete::Shell;

/// Print a completion script for a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec completions bash > /etc/bash_completion.d/waitspec
  waitspec completions fish > ~/.config/fish/completions/waitspec.fish")]
pub struct Args {
    /// Shell
    shell: Shell,
}

/// Performs the verb.
pub fn perform(args: &Args) -> Result<Output, RunError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "waitspec", &mut script);
    Ok(Output::success(String::from_utf8_lossy(&script).into_owned()))
}
