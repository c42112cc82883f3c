//! `waitspec reference`: every clause, case and mutant as pages of Markdown, from the tables.
//!
//! | file | what it writes |
//! |---|---|
//! | [`book`] | which page has which clause, case or mutant, and links between them |
//! | [`clauses`] | a page for each book, or for each theme of a large one |
//! | [`cases`] | a page for each folder of the catalogue |
//! | [`tables`] | the mutants, the known deviations, an overview |

mod book;
mod cases;
mod clauses;
mod tables;

use super::Output;
use crate::runner::settings::RunError;
use crate::selftest::Matrix;
use book::Book;
use std::path::PathBuf;

/// Write every clause, case, mutant and known deviation as pages of Markdown
///
/// The project's site is made from these.
#[derive(Debug, clap::Args)]
#[command(
    hide = true,
    after_help = "Examples:\n  waitspec reference target/reference --sources https://example.org/waitspec/blob/main"
)]
pub struct Args {
    /// The directory to write to
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// URL prefix of the source files, as https://host/owner/project/blob/commit
    #[arg(long, value_name = "ADDRESS")]
    sources: String,
}

/// A page.
#[derive(Debug)]
struct Page {
    /// Its path in the directory, such as `clauses/posix-waitpid.md`.
    path: String,
    /// Its title in the table of contents.
    title: String,
    /// Its text.
    text: String,
}

/// Performs the verb.
pub fn perform(args: &Args) -> Result<Output, RunError> {
    let matrix = Matrix::committed().map_err(RunError::Broken)?;
    let book = Book::new(&matrix, &args.sources);
    let mut pages = clauses::pages(&book);
    pages.extend(cases::pages(&book));
    pages.extend([tables::mutants(&book), tables::deviations(&book), tables::scenarios()]);
    let overview = tables::overview(&pages);
    pages.insert(0, overview);
    for page in &pages {
        let path = args.folder.join(&page.path);
        let written = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        written
            .and_then(|()| std::fs::write(&path, &page.text))
            .map_err(|e| RunError::Usage(format!("cannot write {}: {e}", path.display())))?;
    }
    let contents: String = pages.iter().map(|page| format!("{}\t{}\n", page.path, page.title)).collect();
    Ok(Output::success(contents))
}
