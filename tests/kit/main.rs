//! The C kit: what it leaves behind, its limits, and the scripts around it. Skipped by name if there is no C compiler.

mod child;
#[path = "../common/kit.rs"]
mod kit;
mod left_behind;
mod lines;
mod patience;
#[path = "../common/poll.rs"]
mod poll;
mod shared;
mod suite;
mod warden;

use std::path::PathBuf;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

/// A test that is given the kit, or why there is none.
type Test = fn(&std::path::Path) -> Result<(), Failed>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).is_some_and(|verb| verb == "relay") {
        return lines::relay(&arguments[2..]);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let args = Arguments::from_args();
    let without = !kit::has("cc");
    let build = |name: &str, arguments: &[&str]| -> Result<PathBuf, String> {
        if without || args.list {
            return Err("no C compiler".to_owned());
        }
        let below = folder.path().join(name);
        std::fs::create_dir(&below).map_err(|error| error.to_string())?;
        kit::build(&below, arguments)
    };
    let full = build("full", &["cc"]);
    let smallest = build("smallest", &["--smallest", "cc"]);
    let mut trials = Vec::new();
    // Not every system has an ELF loader and the fixtures' system calls.
    let linux: &[_] = if cfg!(target_os = "linux") { &[shared::TESTS, patience::TESTS] } else { &[] };
    for (name, test) in
        lines::TESTS.iter().chain(suite::TESTS).chain(child::TESTS).chain(linux.iter().copied().flatten())
    {
        let program = full.clone();
        let test = move || test(&program?);
        trials.push(Trial::test(*name, test).with_ignored_flag(without));
    }
    for (name, test) in child::SMALLEST {
        let program = smallest.clone();
        let test = move || test(&program?);
        trials.push(Trial::test(*name, test).with_ignored_flag(without));
    }
    for (name, test) in left_behind::TESTS {
        for (which, program) in [("", &full), (" (smallest)", &smallest)] {
            let program = program.clone();
            let test = move || test(&program?);
            trials.push(Trial::test(format!("{name}{which}"), test).with_ignored_flag(without));
        }
    }
    libtest_mimic::run(&args, trials).exit_code()
}
