//! `waitspec completions`.

use super::{Cli, Said};
use crate::runner::settings::RunError;
use clap::CommandFactory;
use clap_complete::Shell;

/// Print the completions for a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec completions bash > /etc/bash_completion.d/waitspec
  waitspec completions fish > ~/.config/fish/completions/waitspec.fish")]
pub struct Args {
    /// The shell
    shell: Shell,
}

/// Performs the verb.
pub fn perform(args: &Args) -> Result<Said, RunError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "waitspec", &mut script);
    Ok(Said::well(String::from_utf8_lossy(&script).into_owned()))
}
