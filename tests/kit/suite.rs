//! `waitspec emit-c`: the program passes here, and each of its cases fails with some bug.

use super::Test;
use libtest_mimic::Failed;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use waitspec::trial::Body;

pub const TESTS: &[(&str, Test)] = &[
    ("the emitted program passes", passes),
    ("the emitted program needs no poll", passes_without_poll),
    ("each case of the emitted program fails with some bug", each_case_fails),
    ("what only does not come in time is broken, and no failure", hangs_are_broken),
    ("a case that is no history is an error", unknown),
    ("each history stands for a trial of the catalogue", known_trials),
];

/// The program's verdict for each of its cases: `ok`, `fail`, `broken`, `skip`.
type Verdicts = BTreeMap<String, &'static str>;

const FAULTS: &str = include_str!("../../fixtures/faults.h");

fn waitspec(arguments: &[&str]) -> Result<Vec<u8>, Failed> {
    let said = Command::new(env!("CARGO_BIN_EXE_waitspec")).args(arguments).stdin(Stdio::null()).output()?;
    if !said.status.success() {
        return Err(String::from_utf8_lossy(&said.stderr).into_owned().into());
    }
    Ok(said.stdout)
}

/// Emits and compiles it, without a warning.
fn compiled(folder: &Path, groups: &[&str], flags: &[&str]) -> Result<(), Failed> {
    let arguments = [["emit-c"].as_slice(), groups].concat();
    std::fs::write(folder.join("waits.c"), waitspec(&arguments)?)?;
    std::fs::write(folder.join("faults.h"), FAULTS)?;
    let built = Command::new("cc")
        .args(["-std=c99", "-Wall", "-Wextra", "-o", "waits", "waits.c"])
        .args(flags)
        .current_dir(folder)
        .output()?;
    if built.status.success() && built.stderr.is_empty() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&built.stderr).into_owned().into())
}

/// A run of it.
struct Ran {
    code: Option<i32>,
    verdicts: Verdicts,
    /// What it observed where a verdict is not `ok`.
    notes: String,
}

/// Runs it with the cases whose names have this prefix.
fn run(folder: &Path, fault: &str, cases: &str) -> Result<Ran, Failed> {
    let mut command = Command::new(folder.join("waits"));
    command.arg(cases).env("FAULT", fault).stdin(Stdio::null());
    let said = command.output()?;
    let out = String::from_utf8(said.stdout)?;
    let (mut verdicts, mut notes) = (Verdicts::new(), String::new());
    for line in out.lines() {
        if line.starts_with('#') {
            notes = notes + line + "\n";
        }
        let Some((verdict, rest)) = line.split_once(" - ").filter(|_| !line.starts_with('#')) else {
            continue;
        };
        let (name, directive) = rest.split_once(" # ").unwrap_or((rest, ""));
        let ok = verdict.starts_with("ok ");
        let verdict = match (ok, directive) {
            (true, "") => "ok",
            (true, _) => "skip",
            (false, "") => "fail",
            (false, _) => "broken",
        };
        verdicts.insert(name.to_owned(), verdict);
    }
    Ok(Ran { code: said.status.code(), verdicts, notes })
}

/// Longer than a busy machine may stall a process: no passing run comes near it.
const PATIENT: &str = "-DPATIENCE=300000";

fn all_pass(groups: &[&str], flags: &[&str], least: usize) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    compiled(folder.path(), groups, &[flags, &[PATIENT]].concat())?;
    let Ran { code, verdicts, notes } = run(folder.path(), "", "")?;
    if code == Some(0) && verdicts.len() >= least && verdicts.values().all(|verdict| *verdict == "ok") {
        return Ok(());
    }
    Err(format!("{code:?}: {verdicts:#?}\n{notes}").into())
}

fn passes(_: &Path) -> Result<(), Failed> {
    all_pass(&[], &["-pedantic"], 150)
}

fn passes_without_poll(_: &Path) -> Result<(), Failed> {
    all_pass(&["nohang", "blocked.until"], &["-DUSE_NANOSLEEP"], 15)
}

/// Bugs with which no call sleeps forever, so that a run with them is short.
const SHORT: &[&str] = &[
    "always-peeks",
    "continue-is-exit",
    "continues-unasked",
    "death-is-exit",
    "echild-is-esrch",
    "echild-is-zero",
    "einval-is-echild",
    "exits-unasked",
    "ignored-leaves-zombies",
    "never-sleeps",
    "nine-bits",
    "no-restart",
    "no-signo",
    "no-status",
    "nothing-clears-nothing",
    "nothing-clears-status",
    "nothing-is-echild",
    "reports-twice",
    "returns-one",
    "returns-pid",
    "seven-bits",
    "si-code-is-exit",
    "status-untouched",
    "stop-is-exit",
    "stop-repeats",
    "stops-unasked",
    "unknown-option-accepted",
    "wrong-stop-signal",
];

/// The others, each with a case that fails.
const LONG: &[(&str, &str)] = &[
    ("group-is-any", "group.own@wait4"),
    ("no-continues", "waitid.continue-fields@waitid"),
    ("no-stops", "waitid.stopped-only@waitid"),
    ("peek-reaps", "nowait.exit@waitid"),
    ("pid-is-any", "nohang.with-unrelated-zombie@waitpid"),
];

/// And those that are never proved.
const HANGS: &[(&str, &str)] =
    &[("eintr-hidden", "interrupted.by-handler@wait4"), ("nohang-blocks", "nohang.running-child@wait4")];

fn each_case_fails(_: &Path) -> Result<(), Failed> {
    let named: BTreeSet<&str> =
        FAULTS.split("fault_is(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let rows: BTreeSet<&str> =
        SHORT.iter().copied().chain(LONG.iter().chain(HANGS).map(|(fault, _)| *fault)).collect();
    if named != rows {
        return Err(format!("the bugs of faults.h are not those of this test: {named:?}, {rows:?}").into());
    }
    let folder = tempfile::tempdir()?;
    let at = folder.path();
    compiled(at, &[], &["-include", "faults.h"])?;
    let short = |case: &str| SHORT.iter().map(|fault| (*fault, case.to_owned())).collect::<Vec<_>>();
    let mut left = short("");
    left.extend(LONG.iter().map(|(fault, case)| (*fault, (*case).to_owned())));
    let (mut all, mut failed) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..TRIES {
        for (bug, code, verdicts) in run_all(at, std::mem::take(&mut left))? {
            let fails = failures(&verdicts);
            if code != Some(1) || fails.is_empty() {
                left.push(bug);
            }
            failed.extend(fails);
            all.extend(verdicts.into_keys());
        }
    }
    if !left.is_empty() {
        return Err(format!("no case fails with {left:#?}").into());
    }
    for _ in 0..TRIES {
        let survivors: Vec<String> = all.difference(&failed).cloned().collect();
        for (_, _, verdicts) in run_all(at, survivors.iter().flat_map(|case| short(case)).collect())? {
            failed.extend(failures(&verdicts));
        }
    }
    let survivors: Vec<_> = all.difference(&failed).collect();
    if survivors.is_empty() { Ok(()) } else { Err(format!("never seen to fail: {survivors:#?}").into()) }
}

/// How often it is run with a bug: it has no process table, and whether a child is dead in time for a call that is not to report
/// it is chance.
const TRIES: usize = 20;

/// A bug, and how the names of the cases to run with it begin.
type Bug<'f> = (&'f str, String);

/// Runs it with each of these bugs, concurrently.
fn run_all<'f>(folder: &Path, bugs: Vec<Bug<'f>>) -> Result<Vec<(Bug<'f>, Option<i32>, Verdicts)>, Failed> {
    std::thread::scope(|scope| {
        let start = |bug: Bug<'f>| {
            scope.spawn(move || match run(folder, bug.0, &bug.1) {
                Ok(Ran { code, verdicts, .. }) => Ok((bug, code, verdicts)),
                Err(error) => Err(format!("{error:?}")),
            })
        };
        let threads: Vec<_> = bugs.into_iter().map(start).collect();
        threads.into_iter().map(|thread| Ok(thread.join().map_err(|_| "a panic")??)).collect()
    })
}

/// The cases that failed.
fn failures(verdicts: &Verdicts) -> Vec<String> {
    let failed = verdicts.iter().filter(|(_, verdict)| **verdict == "fail");
    failed.map(|(name, _)| name.clone()).collect()
}

fn hangs_are_broken(_: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    compiled(folder.path(), &[], &["-include", "faults.h"])?;
    for (fault, case) in HANGS {
        let Ran { code, verdicts, notes } = run(folder.path(), fault, case)?;
        if code != Some(3) || verdicts.get(*case) != Some(&"broken") {
            return Err(format!("{fault}: {code:?}, {verdicts:?}\n{notes}").into());
        }
    }
    Ok(())
}

fn unknown(_: &Path) -> Result<(), Failed> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waitspec"));
    let said = command.args(["emit-c", "nohang", "no-such-case"]).stdin(Stdio::null()).output()?;
    let why = String::from_utf8_lossy(&said.stderr);
    let clear = why.contains("none of the cases that can be written as a C program matches `no-such-case`");
    if said.status.code() == Some(4) && clear {
        Ok(())
    } else {
        Err(format!("{:?} {why}", said.status).into())
    }
}

fn known_trials(_: &Path) -> Result<(), Failed> {
    let program = String::from_utf8(waitspec(&["emit-c"])?)?;
    let rows = program.lines().filter(|line| line.contains("\"waitspec explain "));
    for id in rows.filter_map(|row| row.split('"').nth(1)) {
        let (case, call) = id.split_once('@').ok_or("no call")?;
        let known = waitspec::catalogue::cases().find(|known| known.id == case);
        let has = known.is_some_and(|known| match &known.body {
            Body::Calls { calls, .. } => calls.list().iter().any(|known| known.name() == call),
            _ => false,
        });
        if !has {
            return Err(format!("there is no trial {id}").into());
        }
    }
    Ok(())
}
