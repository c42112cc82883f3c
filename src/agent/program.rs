//! The program that agents exec: a child, or the agent of a built-in subject in a new image.

use super::{handles, serve};
use crate::mutants;
use crate::scenario::{ChildOptions, child};
use crate::subject::Registry;
use crate::sys::makeshift;
use crate::sys::process::exit_now;
use std::ffi::CString;

/// Does what the options say. Returns the value of [`crate::scenario::Step::Return`], which `main` returns too.
pub fn run(options: ChildOptions, registry: impl FnOnce() -> Registry) -> i32 {
    match (&options.agent, &options.wrapper) {
        (Some(name), _) => become_agent(name, &registry()),
        (None, Some((name, command))) => become_program(name, command),
        (None, None) => child::run_to_return(options),
    }
}

/// Runs the program of that name with that command: this crate's own, or a mutant of it.
fn become_program(name: &str, command: &[String]) -> ! {
    let command: Result<Vec<CString>, _> = command.iter().map(|word| CString::new(word.as_str())).collect();
    match (mutants::program(name), command) {
        (Some(program), Ok(command)) if !command.is_empty() => exit_now(program.run(&command)),
        _ => exit_now(child::USAGE),
    }
}

/// Runs the agent of a built-in subject, on standard input and output.
fn become_agent(name: &str, registry: &Registry) -> ! {
    let streams =
        (makeshift::duplicate(rustix::stdio::stdin()), makeshift::duplicate(rustix::stdio::stdout()));
    let (Ok(input), Ok(output)) = streams else { exit_now(child::USAGE) };
    match (registry.get(name), registry.handles(name)) {
        (Some(subject), _) => serve(subject, input, output),
        (None, Some(handles)) => handles::serve_handles(handles, input, output, None),
        (None, None) => exit_now(child::USAGE),
    }
}
