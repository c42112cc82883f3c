//! The C kit, if there is a C compiler.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Whether a program is in `PATH`.
pub fn has(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|p| p.join(program).exists()))
}

/// Builds the kit in a directory with these arguments of `kit/build`, the first of which is the compiler or an option; returns
/// the program. Warnings are errors.
pub fn build(folder: &Path, arguments: &[&str]) -> Result<PathBuf, String> {
    let program = folder.join("waitspec-c");
    let (options, compiler): (Vec<&str>, Vec<&str>) =
        arguments.iter().partition(|argument| **argument == "--smallest");
    let built = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/kit/build"))
        .args(options)
        .arg("-o")
        .arg(&program)
        .args(compiler)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("kit/build cannot be run: {error}"))?;
    let said = String::from_utf8_lossy(&built.stderr);
    let warned = said.lines().any(|line| !line.starts_with("kit/configure: without"));
    if built.status.success() && !warned { Ok(program) } else { Err(said.into_owned()) }
}
