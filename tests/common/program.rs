//! Running the program, and its results.

use std::path::Path;
use std::process::{Command, Stdio};

/// The result of a run of the program.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// The program, without the environment of a CI runner.
pub fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_waitspec"));
    program.stdin(Stdio::null()).env_remove("CLICOLOR_FORCE").env_remove("GITHUB_STEP_SUMMARY");
    program
}

/// Runs a command to completion.
pub fn said(command: &mut Command) -> Said {
    let output = command.output().expect("the program starts");
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

/// Runs the program with these arguments.
pub fn waitspec(arguments: &[&str]) -> Said {
    said(program().args(arguments))
}

/// A committed report, as an argument.
pub fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reports").join(name);
    path.to_str().expect("a path that is text").to_owned()
}
