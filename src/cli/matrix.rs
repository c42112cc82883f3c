//! `waitspec matrix`.

use super::{Output, screen};
use crate::catalogue;
use crate::report::machine::read::read;
use crate::report::matrix::{CaseFacts, Matrix, Source, html, markdown, terminal};
use crate::runner::settings::RunError;
use clap::ValueEnum;
use std::path::{Path, PathBuf};

/// Show the JSON reports of several subjects in one table: what differs, what fails, how to reproduce it.
///
/// The reports may be of any subjects, systems and interfaces. The HTML page is a single self-contained file.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec matrix linux-6.1.jsonl linux-6.18.jsonl
  waitspec matrix *.jsonl --output matrix.html
  waitspec matrix main.jsonl branch.jsonl --format markdown >> \"$GITHUB_STEP_SUMMARY\"")]
pub struct Args {
    /// JSON reports
    #[arg(value_name = "REPORT", required = true)]
    reports: Vec<PathBuf>,
    /// Output format [default: by the extension of --output, else terminal]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write the table to FILE instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// On a terminal, show failures in full, and also the rows in which all subjects agree
    #[arg(short, long)]
    verbose: bool,
}

#[derive(Debug, Copy, Clone, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text
    Terminal,
    /// Markdown
    Markdown,
    /// One HTML page
    Html,
}

impl Args {
    fn format(&self) -> Result<Format, RunError> {
        if let Some(format) = self.format {
            return Ok(format);
        }
        let Some(path) = &self.output else { return Ok(Format::Terminal) };
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("html" | "htm") => Ok(Format::Html),
            Some("md" | "markdown") => Ok(Format::Markdown),
            Some("txt") | None => Ok(Format::Terminal),
            Some(other) => Err(RunError::Usage(format!(
                "unknown extension `.{other}`: expected .html, .md or .txt, or give --format"
            ))),
        }
    }
}

/// Performs the verb.
pub fn perform(args: &Args) -> Result<Output, RunError> {
    let format = args.format()?;
    let sources = args.reports.iter().map(|path| {
        let report = read(path).map_err(RunError::Usage)?;
        Ok(Source { name: path.display().to_string(), report })
    });
    let matrix = Matrix::of(&sources.collect::<Result<Vec<_>, RunError>>()?, facts);
    let text = match format {
        Format::Terminal => {
            let width = if args.output.is_some() { usize::MAX } else { screen::lines() };
            terminal::text(&matrix, args.verbose, width)
        }
        Format::Markdown => markdown::text(&matrix),
        Format::Html => html::page(&matrix),
    };
    match &args.output {
        Some(path) if format == Format::Terminal => {
            write(path, &anstream::adapter::strip_str(&text).to_string())
        }
        Some(path) => write(path, &text),
        None => Ok(Output::success(text)),
    }
}

fn write(path: &Path, text: &str) -> Result<Output, RunError> {
    std::fs::write(path, text)
        .map_err(|e| RunError::Usage(format!("cannot write {}: {e}", path.display())))?;
    Ok(Output::default())
}

/// The title and the clauses of a case, from the catalogue.
pub fn facts(id: &str) -> Option<CaseFacts> {
    let case = catalogue::cases().find(|case| case.id == id)?;
    Some(CaseFacts { title: case.title, clauses: case.clauses.iter().map(|clause| clause.id).collect() })
}
