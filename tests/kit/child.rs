//! A child program that lacks a step is not the subject's fault.

use super::Test;
use libtest_mimic::Failed;
use std::path::Path;
use std::process::{Command, Stdio};

pub const TESTS: &[(&str, Test)] = &[("a child program without a step makes a trial a skip", without_a_step)];

pub const SMALLEST: &[(&str, Test)] =
    &[("what a child cannot do on the smallest system makes a trial a skip", without_a_limit)];

/// Children without a connection cannot disable core dumps, or exit as a group: they report it over their pipes.
fn without_a_limit(kit: &Path) -> Result<(), Failed> {
    let warden = format!("{} warden", kit.display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_waitspec"));
    command.args(["run", "status.one-predicate-per-termination", "termination.abort", "threads.group-exit"]);
    command.args(["--subject", "libc", "--jobs", "1", "--format", "json", "--warden", &warden]);
    all_skipped(command, "a child cannot ")
}

/// A run in which every trial is skipped, for a reason with this prefix.
fn all_skipped(mut command: Command, reason: &str) -> Result<(), Failed> {
    let said = command.stdin(Stdio::null()).output()?;
    let out = String::from_utf8(said.stdout)?;
    let skipped = out.matches(&format!("\"reason\":\"{reason}")).count();
    let trials = out.matches("\"type\":\"trial\"").count();
    if said.status.success() && trials > 0 && skipped == trials {
        return Ok(());
    }
    Err(format!("{}: {skipped} of {trials} are skipped: {out}", said.status).into())
}

/// The kit as it was before it had that step.
fn without_a_step(_: &Path) -> Result<(), Failed> {
    const STEP: &str = "{ \"start-thread\", \"\", act_start_thread },";
    let amalgamated = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/kit/amalgamate")).output()?;
    let source = String::from_utf8(amalgamated.stdout)?;
    if source.matches(STEP).count() != 1 {
        return Err(format!("the kit does not have `{STEP}` once").into());
    }
    let folder = tempfile::tempdir()?;
    let (file, program) = (folder.path().join("one.c"), folder.path().join("waitspec-c"));
    std::fs::write(&file, source.replace(STEP, ""))?;
    let built = Command::new("cc").args(["-w", "-o"]).arg(&program).arg(&file).status()?;
    if !built.success() {
        return Err(format!("cc: {built}").into());
    }
    let child = format!("{} child", program.display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_waitspec"));
    command.args(["run", "thread-of-child", "ptrace-parent.thread", "--subject", "libc", "--child", &child]);
    command.args(["--format", "json"]);
    all_skipped(command, "not offered: the child program has no step start-thread")
}
