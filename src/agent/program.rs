//! The program that agents exec: a child, or the agent of a built-in subject in a new image.

use super::serve;
use crate::scenario::{ChildOptions, child};
use crate::subject::Registry;
use crate::sys::process::exit_now;

/// Becomes what the options say. Returns the value of [`crate::scenario::Step::Return`], for `main` to return it too.
pub fn run(options: ChildOptions, registry: impl FnOnce() -> Registry) -> i32 {
    match &options.agent {
        Some(name) => become_agent(name, &registry()),
        None => child::run_to_return(options),
    }
}

/// The agent of a subject that is built in, on standard input and output.
fn become_agent(name: &str, registry: &Registry) -> ! {
    let streams = (rustix::io::dup(rustix::stdio::stdin()), rustix::io::dup(rustix::stdio::stdout()));
    match (registry.get(name), streams) {
        (Some(subject), (Ok(input), Ok(output))) => serve(subject, input, output),
        _ => exit_now(child::USAGE),
    }
}
