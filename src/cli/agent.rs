//! `waitspec agent`.

use super::{Said, command_words};
use crate::agent::check::check;
use crate::runner::settings::RunError;
use crate::sys::call::abi::Call;
use clap::Subcommand;
use std::fmt::Write;

/// Help for those who write an agent.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Check that an agent keeps to the protocol, before any case runs
    ///
    /// Exits with 0 if it does, 5 if it does not or would not start.
    #[command(after_help = "\
Examples:
  waitspec agent check ./myagent
  waitspec agent check 'python3 fixtures/agents/python/agent.py'")]
    Check {
        /// The command that starts the agent, as a shell would split it
        #[arg(value_name = "CMD", value_parser = command)]
        command: Command,
        /// The command that runs scenarios, instead of this program's own
        #[arg(long, value_name = "CMD", value_parser = command)]
        child: Option<Command>,
        /// Multiply every deadline
        #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = super::run::positive)]
        timeout_scale: f64,
    },
}

/// A command, split into words.
#[derive(Debug, Clone)]
struct Command(Vec<String>);

fn command(text: &str) -> Result<Command, String> {
    command_words(text).map(Command)
}

/// Performs the verb.
pub fn perform(args: &Args) -> Result<Said, RunError> {
    let What::Check { command, child, timeout_scale } = &args.what;
    let child = match child {
        Some(child) => child.0.clone(),
        None => {
            let own = std::env::current_exe().map_err(|e| {
                RunError::Broken(format!("the system does not tell which program this is: {e}"))
            })?;
            vec![own.to_string_lossy().into_owned(), "child".to_owned()]
        }
    };
    let report = check(&command.0, &child, *timeout_scale);
    let mut text = String::new();
    let name = report.agent.as_deref().unwrap_or("the agent");
    if report.passed() {
        let calls: Vec<&str> = report.calls.iter().map(|call: &Call| call.name()).collect();
        let _ = writeln!(text, "{name} keeps to the protocol; tried: {}", calls.join(" "));
        return Ok(Said::well(text));
    }
    for finding in &report.findings {
        let _ = writeln!(text, "{finding}");
    }
    let n = report.findings.len();
    let _ =
        writeln!(text, "{name} does not keep to the protocol: {n} finding{}", if n == 1 { "" } else { "s" });
    Ok(Said { text, code: RunError::Adapter(String::new()).exit_code() })
}
