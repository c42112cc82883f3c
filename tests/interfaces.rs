//! Handles and programs judged from the command line: correct ones pass, and what cannot be judged is said in bounded time.

use std::process::{Command, Output};

fn run(subject: &str) -> Output {
    let arguments = ["run", "--subject", subject, "--format", "json"];
    Command::new(env!("CARGO_BIN_EXE_waitspec")).args(arguments).output().expect("it starts")
}

fn clean(subject: &str, interface: &str) {
    let output = run(subject);
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{subject}: {said}");
    assert!(said.contains(&format!("\"interface\":\"{interface}\"")), "{said}");
    let trials = said.lines().filter(|line| line.contains("\"type\":\"trial\""));
    let passed = trials.clone().filter(|line| line.contains("\"verdict\":\"pass\"")).count();
    assert!(passed >= 5, "{passed} of {} trials of {subject} pass: {said}", trials.count());
}

#[test]
fn this_crate_s_own_handle_and_wrapper_pass() {
    clean("handle:waitspec", "handle");
    clean("program:waitspec", "program");
}

#[test]
fn known_wrappers_pass() {
    clean("wrapper:env", "program");
    clean("wrapper:nice", "program");
    clean(r#"wrapper:sh -c '"$@"; exit $?' sh"#, "program");
}

#[test]
fn a_program_that_runs_nothing_is_not_judged() {
    for subject in ["wrapper:/no/such/program", "wrapper:true"] {
        let output = run(subject);
        assert_eq!(output.status.code(), Some(5), "{subject}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("before its child connected"), "{said}");
    }
}
