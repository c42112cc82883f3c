//! Programs that cannot be executed, and pipes that outlive the child.

use crate::scenario::{Offspring, Scenario, Step};
use crate::spec::promise;
use crate::trial::handle::Trial;
use crate::trial::{Change, Outcome, Shown, cases};

cases! { handle "handle-spawn";

    /// creating a handle for a program that does not exist fails
    failed_exec() => [promise::HANDLE_EXEC_FAILS];

    /// creating a handle for a program that exists but cannot be executed fails
    not_executable() => [promise::HANDLE_EXEC_FAILS];

    /// whether a wait keeps waiting while a grandchild holds the child's standard output is recorded
    pipe_held(PIPES | THREADS) => [promise::HANDLE_WAIT_AND_PIPES];
}

fn failed_exec(t: &mut Trial) -> Outcome {
    fails(t, "/nonexistent/waitspec")
}

fn not_executable(t: &mut Trial) -> Outcome {
    fails(t, "/dev/null")
}

fn fails(t: &mut Trial, program: &str) -> Outcome {
    let got = match t.spawn_program(&[program])? {
        Err(answered) => return t.expect(&promise::HANDLE_EXEC_FAILS).returns(&answered),
        Ok(child) => format!("a handle, which reports {}", t.wait(&child)?.outcome()),
    };
    t.expect(&promise::HANDLE_EXEC_FAILS).that(false, "an error", got)
}

fn pipe_held(t: &mut Trial) -> Outcome {
    let child = t.spawn_with_pipes(&Scenario::held())?;
    let of = |token| Step::Fork(Offspring { token: Some(token), orphan: true, steps: Vec::new() });
    let grandchild = t.spawn_from(&child, of)?;
    let pending = t.begin_wait(&child, None)?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let goes_on = !t.comes_soon(&pending)?;
    t.tell(&grandchild, Step::exit(0))?;
    let answered = t.finish(&pending)?;
    let what = match answered.change_for(&child, Change::Exited(7)) {
        crate::trial::Shows::Yes(Change::Exited(7)) if goes_on => "goes on until the pipe is closed",
        crate::trial::Shows::Yes(Change::Exited(7)) => "returns at the exit of the child",
        _ => "returns something else",
    };
    t.expect(&promise::HANDLE_WAIT_AND_PIPES).records("a wait while a grandchild holds the pipe", what)
}
