//! The program that is exec'ed: a warden, or whatever agents exec.

use super::{Post, serve};
use crate::agent::program;
use crate::scenario::ChildOptions;
use crate::subject::Registry;
use crate::sys::process::exit_now;

/// Does what the options say. Returns the value of [`crate::scenario::Step::Return`], which `main` returns too.
pub fn run(options: ChildOptions, registry: impl FnOnce() -> Registry) -> i32 {
    let Some(folder) = options.warden else { return program::run(options, registry) };
    let streams = super::own_streams();
    match streams {
        Ok(streams) => serve(Post::of_program(streams, folder), &registry()),
        Err(_) => exit_now(3),
    }
}
