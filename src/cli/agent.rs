//! `waitspec agent`.

use super::Output;
use super::arguments::{CommandLine, TimeoutScale};
use crate::agent::check::check;
use crate::runner::settings::RunError;
use crate::sys::call::abi::Call;
use clap::Subcommand;
use std::fmt::Write;

/// Check an agent, for authors of agents.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Check that an agent conforms to the protocol, without running any case
    ///
    /// Exits with 0 if it does, 5 if it does not or fails to start.
    #[command(after_help = "\
Examples:
  waitspec agent check ./myagent
  waitspec agent check 'python3 fixtures/agents/python/agent.py'")]
    Check {
        /// Command that starts the agent, split into words as a shell does
        #[arg(value_name = "CMD")]
        command: CommandLine,
        /// Command that runs child scenarios [default: `waitspec child`]
        #[arg(long, value_name = "CMD")]
        child: Option<CommandLine>,
        /// Multiply every deadline by X
        #[arg(long, value_name = "X", default_value_t)]
        timeout_scale: TimeoutScale,
    },
}

/// Performs the verb.
pub fn perform(args: &Args) -> Result<Output, RunError> {
    let What::Check { command, child, timeout_scale } = &args.what;
    let child = match child {
        Some(child) => child.words.clone(),
        None => {
            let own = std::env::current_exe()
                .map_err(|e| RunError::Broken(format!("cannot determine the path of this program: {e}")))?;
            vec![own.to_string_lossy().into_owned(), "child".to_owned()]
        }
    };
    let report = check(&command.words, &child, timeout_scale.0);
    let mut text = String::new();
    let name = report.agent.as_deref().unwrap_or("the agent");
    if report.passed() {
        let calls = report.calls.iter().map(|call: &Call| call.name());
        let handles = report.handles.iter().flat_map(|hello| &hello.abilities).map(String::as_str);
        let tested: Vec<&str> = calls.chain(report.handles.iter().map(|_| "wait")).chain(handles).collect();
        let _ = writeln!(text, "{name} conforms to the protocol; tested: {}", tested.join(" "));
        return Ok(Output::success(text));
    }
    for finding in &report.findings {
        let _ = writeln!(text, "{finding}");
    }
    let n = report.findings.len();
    let _ = writeln!(text, "{name} violates the protocol: {n} finding{}", if n == 1 { "" } else { "s" });
    Ok(Output { text, code: RunError::Adapter(String::new()).exit_code() })
}
