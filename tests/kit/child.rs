//! A child program that lacks a step is no fault of the subject.

use super::Test;
use libtest_mimic::Failed;
use std::path::Path;
use std::process::{Command, Stdio};

pub const TESTS: &[(&str, Test)] = &[("a child program without a step makes a trial a skip", without_a_step)];

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
    let said = command.args(["--format", "json"]).stdin(Stdio::null()).output()?;
    let out = String::from_utf8(said.stdout)?;
    let skipped = out.matches("not offered: the child program has no step start-thread").count();
    let (passed, trials) =
        (out.matches("\"verdict\":\"pass\"").count(), out.matches("\"type\":\"trial\"").count());
    if said.status.success() && passed == 0 && trials > 0 && skipped == trials {
        return Ok(());
    }
    Err(format!("{}: {skipped} of {trials} are skipped: {out}", said.status).into())
}
