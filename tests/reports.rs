//! What a run leaves behind: the files that it writes, and what is made of them.
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

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run of the program said.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_waitspec"));
    program.stdin(Stdio::null()).env_remove("CLICOLOR_FORCE").env_remove("GITHUB_STEP_SUMMARY");
    program
}

fn said(command: &mut Command) -> Said {
    let output = command.output().expect("the program starts");
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

fn waitspec(arguments: &[&str]) -> Said {
    said(program().args(arguments))
}

/// The standard output of a command that has to exit with that code.
fn exits(arguments: &[&str], code: i32) -> String {
    let said = waitspec(arguments);
    assert_eq!(said.code, Some(code), "{arguments:?}: {}{}", said.out, said.err);
    said.out
}

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reports").join(name);
    path.to_str().expect("a path that is text").to_owned()
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
