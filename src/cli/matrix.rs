//! `waitspec matrix`.

use super::Said;
use crate::catalogue;
use crate::harness::settings::RunError;
use crate::report::matrix::{CaseFacts, Matrix, Source, html, markdown, terminal};
use crate::report::read::read;
use clap::ValueEnum;
use std::path::{Path, PathBuf};

/// Show the JSON reports of several subjects as one table: what differs, what is wrong, how to repeat it.
///
/// Reports of any subjects, systems and interfaces go together. The HTML page is one file that loads nothing.
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
    /// How to write it; by default what the end of --output says, else terminal
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write it to a file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// On a terminal: failures in full, and what is alike
    #[arg(short, long)]
    verbose: bool,
}

#[derive(Debug, Copy, Clone, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text
    Terminal,
    /// Markdown
    Markdown,
    /// One page with all of it
    Html,
}

impl Args {
    fn format(&self) -> Result<Format, RunError> {
        if let Some(format) = self.format {
            return Ok(format);
        }
        let Some(path) = &self.output else { return Ok(Format::Terminal) };
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("html" | "htm") => Ok(Format::Html),
            Some("md" | "markdown") => Ok(Format::Markdown),
            Some("txt") | None => Ok(Format::Terminal),
            Some(other) => Err(RunError::Usage(format!(
                "no form of the matrix ends in `.{other}` (.html, .md, .txt): say --format"
            ))),
        }
    }
}

/// Performs the verb.
pub fn perform(args: &Args) -> Result<Said, RunError> {
    let format = args.format()?;
    let sources = args.reports.iter().map(|path| {
        let report = read(path).map_err(RunError::Usage)?;
        Ok(Source { name: path.display().to_string(), report })
    });
    let matrix = Matrix::of(&sources.collect::<Result<Vec<_>, RunError>>()?, facts);
    let text = match format {
        Format::Terminal => terminal::text(&matrix, args.verbose),
        Format::Markdown => markdown::text(&matrix),
        Format::Html => html::page(&matrix),
    };
    match &args.output {
        Some(path) => write(path, &text),
        None => Ok(Said::well(text)),
    }
}

fn write(path: &Path, text: &str) -> Result<Said, RunError> {
    std::fs::write(path, text)
        .map_err(|e| RunError::Usage(format!("cannot write {}: {e}", path.display())))?;
    Ok(Said::default())
}

/// What the catalogue knows of a case.
pub fn facts(id: &str) -> Option<CaseFacts> {
    let case = catalogue::cases().find(|case| case.id == id)?;
    Some(CaseFacts { title: case.title, clauses: case.clauses.iter().map(|clause| clause.id).collect() })
}
