//! `waitspec::testing` from the point of view of a crate's author: this program tests subjects of its own, and checks its own
//! output when run as `cargo test` and nextest run it.

use libtest_mimic::{Arguments, Failed, Trial};
use std::process::{Command, ExitCode, Output};
use waitspec::subject::{NotOffered, Subject, libc::Libc};
use waitspec::sys::call::abi::{Call, Observation, Request, Return};
use waitspec::testing;

/// Set for the instance that tests the subjects.
const JUDGE: &str = "WAITSPEC_TESTS_OF_TESTING";

/// The case whose outcome is checked.
const CASE: &str = "nohang.running-child";

struct Own {
    name: &'static str,
    call: fn(&Request) -> Result<Observation, NotOffered>,
}

impl Subject for Own {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn calls(&self) -> Vec<Call> {
        vec![Call::Waitpid]
    }

    fn call(&self, request: &Request) -> Result<Observation, NotOffered> {
        (self.call)(request)
    }
}

fn subjects() -> [Box<dyn Subject>; 5] {
    [
        Own { name: "right", call: |request| Libc.call(request) },
        Own { name: "wrong", call: |_| Ok(Observation::returned(Return::Value(1))) },
        Own { name: "crashing", call: |_| std::process::abort() },
        Own {
            name: "hanging",
            call: |_| loop {
                std::thread::park()
            },
        },
        Own { name: "unable", call: |_| Err(NotOffered("it has no such option")) },
    ]
    .map(|subject| Box::new(subject) as Box<dyn Subject>)
}

fn main() -> ExitCode {
    if std::env::var_os(JUDGE).is_some() {
        return testing::main(subjects());
    }
    let arguments = Arguments::from_args();
    let tests = vec![
        Trial::test("a_correct_subject_passes", || outcome("right", &["... ok"], true)),
        Trial::test("a_wrong_subject_fails_with_the_clause", || {
            let reproduce = format!("reproduce cargo test -- --exact 'wrong::{CASE}@waitpid'");
            outcome(
                "wrong",
                &["FAILED", "must ", "posix/waitpid/nohang-zero", "expected  0", &reproduce],
                false,
            )
        }),
        Trial::test("a_crash_fails", || outcome("crashing", &["CRASH", "SIGABRT"], false)),
        Trial::test("a_hang_fails", || outcome("hanging", &["HANG"], false)),
        Trial::test("a_skip_is_ignored_with_its_reason", || {
            outcome("unable", &["ignored (not offered: it has no such option)"], true)
        }),
        Trial::test("the_list_is_as_nextest_expects", the_list_is_as_nextest_expects),
        Trial::test("a_filter_named_child_starts_no_child", a_filter_named_child_starts_no_child),
    ];
    libtest_mimic::run(&arguments, tests).exit_code()
}

fn run(arguments: &[&str]) -> Result<(Output, String), Failed> {
    let program = std::env::current_exe()?;
    let output = Command::new(program).args(arguments).env(JUDGE, "1").output()?;
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok((output, said))
}

fn ensure(condition: bool, said: &str) -> Result<(), Failed> {
    if condition { Ok(()) } else { Err(said.into()) }
}

/// Runs one test alone, as nextest does.
fn outcome(subject: &str, parts: &[&str], well: bool) -> Result<(), Failed> {
    let (output, said) = run(&["--exact", &format!("{subject}::{CASE}@waitpid"), "--nocapture"])?;
    ensure(output.status.code() == Some(if well { 0 } else { 101 }), &said)?;
    ensure(said.contains("running 1 test\n"), &said)?;
    parts.iter().try_for_each(|part| ensure(said.contains(part), &format!("no `{part}` in\n{said}")))
}

fn the_list_is_as_nextest_expects() -> Result<(), Failed> {
    let (output, said) = run(&["--list", "--format", "terse"])?;
    ensure(output.status.success(), &said)?;
    ensure(said.lines().any(|line| line == format!("right::{CASE}@waitpid: test")), &said)?;
    let of_these = |line: &str| subjects().iter().any(|s| line.starts_with(&format!("{}::", s.name())));
    ensure(said.lines().all(|line| of_these(line) && line.ends_with("@waitpid: test")), &said)?;
    let (output, said) = run(&["--list", "--format", "terse", "--ignored"])?;
    ensure(output.status.success() && said.is_empty(), &said)
}

fn a_filter_named_child_starts_no_child() -> Result<(), Failed> {
    for arguments in [&["child"][..], &["child", "--list"], &["child", "--exact", "--nocapture"]] {
        let (output, said) = run(arguments)?;
        ensure(output.status.code() != Some(64) && !said.contains("waitspec child"), &said)?;
        ensure(arguments.contains(&"--exact") == said.contains("running 0 tests"), &said)?;
    }
    Ok(())
}
