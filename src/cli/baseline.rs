//! `waitspec baseline`.

use super::Output;
use crate::report::baseline::Baseline;
use crate::report::machine::read::read;
use crate::runner::settings::RunError;
use clap::Subcommand;
use std::path::PathBuf;

/// Maintain a list of known failures.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Add the failures in a JSON report, and remove entries that no longer fail
    ///
    /// Entries for trials that are not in the report are kept. The file is created if it does not exist. Ids that have been
    /// renamed are updated.
    #[command(after_help = "\
Examples:
  waitspec run --output report.jsonl
  waitspec baseline update report.jsonl --file known.txt
  waitspec run --baseline known.txt")]
    Update {
        /// JSON report
        report: PathBuf,
        /// Baseline
        #[arg(long, value_name = "FILE", default_value = "waitspec.baseline")]
        file: PathBuf,
    },
}

/// Performs the verb.
pub fn perform(args: &Args) -> Result<Output, RunError> {
    let What::Update { report, file } = &args.what;
    let report = read(report).map_err(RunError::Usage)?;
    let mut baseline =
        if file.exists() { Baseline::read(file).map_err(RunError::Usage)? } else { Baseline::default() };
    baseline.update(&report).map_err(RunError::Usage)?;
    std::fs::write(file, baseline.to_string())
        .map_err(|e| RunError::Usage(format!("cannot write {}: {e}", file.display())))?;
    let plural = if baseline.len() == 1 { "" } else { "s" };
    Ok(Output::success(format!("{}: {} known failure{plural}\n", file.display(), baseline.len())))
}
