//! The results of a run: the files that it writes, and what is generated from them.
#![cfg(feature = "cli")]

#[path = "reports/bisect.rs"]
mod bisect;
#[path = "reports/compared.rs"]
mod compared;
#[path = "reports/files.rs"]
mod files;
#[path = "reports/markup.rs"]
mod markup;
#[path = "reports/page.rs"]
mod page;
#[path = "reports/pictures.rs"]
mod pictures;
#[path = "common/program.rs"]
mod program;

use program::{fixture, program, said, waitspec};
use std::path::{Path, PathBuf};

/// The standard output of a command that must exit with that code.
fn exits(arguments: &[&str], code: i32) -> String {
    let said = waitspec(arguments);
    assert_eq!(said.code, Some(code), "{arguments:?}: {}{}", said.out, said.err);
    said.out
}

/// A file in a folder, as an argument.
fn within(folder: &tempfile::TempDir, name: &str) -> (PathBuf, String) {
    let path = folder.path().join(name);
    let text = path.to_str().expect("a path that is text").to_owned();
    (path, text)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
