//! `waitspec baseline`.

use super::Said;
use crate::report::baseline::Baseline;
use crate::report::machine::read::read;
use crate::runner::settings::RunError;
use clap::Subcommand;
use std::path::PathBuf;

/// Keep the list of trials that are known to fail.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Take over the failures of a JSON report, drop what no longer fails
    ///
    /// Entries of trials that are not in the report stay. A new file is made if there is none.
    #[command(after_help = "\
Examples:
  waitspec run --format json --output report.jsonl
  waitspec baseline update report.jsonl --file baseline.txt
  waitspec run --baseline baseline.txt")]
    Update {
        /// A JSON report
        report: PathBuf,
        /// The baseline
        #[arg(long, value_name = "FILE", default_value = "waitspec.baseline")]
        file: PathBuf,
    },
}

/// Performs the verb.
pub fn perform(args: &Args) -> Result<Said, RunError> {
    let What::Update { report, file } = &args.what;
    let report = read(report).map_err(RunError::Usage)?;
    let mut baseline =
        if file.exists() { Baseline::read(file).map_err(RunError::Usage)? } else { Baseline::default() };
    baseline.update(&report).map_err(RunError::Usage)?;
    std::fs::write(file, baseline.to_string())
        .map_err(|e| RunError::Usage(format!("cannot write {}: {e}", file.display())))?;
    let noun = if baseline.len() == 1 { "trial is" } else { "trials are" };
    Ok(Said::well(format!("{}: {} {noun} known to fail\n", file.display(), baseline.len())))
}
