//! Shells: `$?`, `wait`, traps and job control, tested with scripts that report their progress.

mod environment;
mod jobs;
mod status;
mod wait;

use crate::scenario::Scenario;
use crate::trial::program::Trial;
use crate::trial::{Abort, Case, Child};

/// The themes for shells.
pub(super) const THEMES: [&[Case]; 4] = [status::CASES, environment::CASES, wait::CASES, jobs::CASES];

/// The value that a script wrote as `NAME=VALUE`.
fn value(text: &str, name: &str) -> Option<i32> {
    let value = |line: &str| line.strip_prefix(name)?.strip_prefix('=')?.trim().parse().ok();
    text.lines().find_map(value)
}

/// A value that a script wrote, in words.
fn said(name: &str, value: Option<i32>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| format!("{name} {value}"))
}

/// Runs a script with a held command, and returns this child once the script has printed `ready=1` and sleeps.
fn asleep_with(t: &mut Trial, script: impl FnOnce(&str) -> String) -> Result<Child, Abort> {
    let child = t.offer(Scenario::held());
    t.script(&script(&child.command))?;
    let child = t.meet(&child)?;
    t.awaited("ready")?;
    t.await_program_asleep()?;
    Ok(child)
}
