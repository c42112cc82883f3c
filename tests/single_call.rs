//! Correct subjects that offer or show little pass every case: agents that offer a single call, and runs with a single call (cases
//! that the call cannot express are not planned); a binding that hides fields (what it does not show is not observed).

use libtest_mimic::{Arguments, Trial};
use std::process::{Command, ExitCode, Output};
use waitspec::subject::rustix::Rustix;
use waitspec::subject::{Call, Decoded, Memory, NotOffered, Observation, Request, Subject, libc::Libc};
use waitspec::testing;

/// Set for the program that judges: the call that its subject offers.
const JUDGE: &str = "WAITSPEC_TESTS_OF_ONE_CALL";

/// The C library with only one of its calls.
struct Only(Call);

impl Subject for Only {
    fn name(&self) -> String {
        format!("only-{}", self.0.name())
    }

    fn calls(&self) -> Vec<Call> {
        Libc.calls().into_iter().filter(|call| *call == self.0).collect()
    }

    fn call(&self, request: &Request) -> Result<Observation, NotOffered> {
        if request.call == self.0 { Libc.call(request) } else { Err(NotOffered("another call")) }
    }

    fn macros(&self, status: i32) -> Option<Decoded> {
        Libc.macros(status)
    }
}

/// A typed `waitid` that shows only `si_signo` and `si_code`, like that of rustix on NetBSD.
struct Hiding;

impl Hiding {
    /// Used instead of a call's name.
    const NAME: &str = "hiding";
}

impl Subject for Hiding {
    fn name(&self) -> String {
        Hiding::NAME.to_owned()
    }

    fn calls(&self) -> Vec<Call> {
        Rustix.calls()
    }

    fn call(&self, request: &Request) -> Result<Observation, NotOffered> {
        let mut seen = Rustix.call(request)?;
        if let Memory::Wrote(info) = &mut seen.info {
            (info.pid, info.uid, info.status) = (None, None, None);
        }
        Ok(seen)
    }
}

fn main() -> ExitCode {
    if std::env::var_os(JUDGE).is_some_and(|name| name == Hiding::NAME) {
        return testing::main([Box::new(Hiding) as Box<dyn Subject>]);
    }
    if let Some(call) = std::env::var(JUDGE).ok().and_then(|name| Call::from_name(&name)) {
        return testing::main([Box::new(Only(call)) as Box<dyn Subject>]);
    }
    let offered = Libc.calls();
    let mut tests: Vec<Trial> = offered
        .iter()
        .map(|call| {
            let call = *call;
            let name = call.name();
            Trial::test(format!("an_agent_with_{name}_alone"), move || clean(&agent_with(name)))
        })
        .collect();
    tests.push(Trial::test("a_binding_that_shows_only_si_code", || clean(&agent_with(Hiding::NAME))));
    for subject in waitspec::subject::built_in() {
        for call in subject.calls() {
            let name = subject.name();
            let title = format!("{name}_asked_for_{}_alone", call.name());
            tests.push(Trial::test(title, move || clean(&run_of(&name, call))));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}

fn agent_with(what: &str) -> Output {
    let program = std::env::current_exe().expect("this program");
    Command::new(program).env(JUDGE, what).output().expect("it starts")
}

fn run_of(subject: &str, call: Call) -> Output {
    let program = env!("CARGO_BIN_EXE_waitspec");
    let arguments = ["run", "--subject", subject, "--call", call.name(), "--min-trials", "50"];
    Command::new(program).args(arguments).output().expect("it starts")
}

fn clean(output: &Output) -> Result<(), libtest_mimic::Failed> {
    if output.status.success() {
        return Ok(());
    }
    let [said, why] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    Err(format!("{}: {said}{why}", output.status).into())
}
