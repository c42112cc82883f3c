//! Agents that offer one call alone, and runs of one call alone: what the call cannot carry is not planned, so a correct subject
//! passes every case.

use libtest_mimic::{Arguments, Trial};
use std::process::{Command, ExitCode, Output};
use waitspec::subject::{Call, Decoded, NotOffered, Observation, Request, Subject, libc::Libc};
use waitspec::testing;

/// Set for the program that judges: the call that its subject offers.
const JUDGE: &str = "WAITSPEC_TESTS_OF_ONE_CALL";

/// The C library, but for all calls save one.
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

    fn decode(&self, status: i32) -> Option<Decoded> {
        Libc.decode(status)
    }
}

fn main() -> ExitCode {
    if let Some(call) = std::env::var(JUDGE).ok().and_then(|name| Call::from_name(&name)) {
        return testing::main([Box::new(Only(call)) as Box<dyn Subject>]);
    }
    let offered = Libc.calls();
    let mut tests: Vec<Trial> = offered
        .iter()
        .map(|call| {
            let call = *call;
            Trial::test(format!("an_agent_with_{}_alone", call.name()), move || clean(&agent_with(call)))
        })
        .collect();
    for subject in waitspec::subject::built_in() {
        for call in subject.calls() {
            let name = subject.name();
            let title = format!("{name}_asked_for_{}_alone", call.name());
            tests.push(Trial::test(title, move || clean(&run_of(&name, call))));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}

fn agent_with(call: Call) -> Output {
    let program = std::env::current_exe().expect("this program");
    Command::new(program).env(JUDGE, call.name()).output().expect("it starts")
}

fn run_of(subject: &str, call: Call) -> Output {
    let program = env!("CARGO_BIN_EXE_waitspec");
    let arguments = ["run", "--subject", subject, "--call", call.name(), "--min-trials", "50"];
    Command::new(program).args(arguments).output().expect("it starts")
}

fn clean(output: &Output) -> Result<(), libtest_mimic::Failed> {
    let said = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        return Ok(());
    }
    let bad =
        said.lines().filter(|line| ["FAIL", "HANG", "BROKEN", "failed"].iter().any(|w| line.contains(w)));
    Err(format!("{}: {}", output.status, bad.collect::<Vec<_>>().join("\n")).into())
}
