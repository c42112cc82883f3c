//! The C library of this system, through its own functions.

use super::api::{Decoded, Subject};
use crate::sys::call::abi::{Call, NotOffered, Observation, Request, Return};
use crate::sys::call::bare;
use crate::sys::call::observe::{self, Entry};

/// Each call is the C library's function of the same name; none is emulated by another.
#[derive(Copy, Clone, Debug, Default)]
pub struct Libc;

impl Subject for Libc {
    fn name(&self) -> String {
        "libc".to_owned()
    }

    fn version(&self) -> String {
        observe::c_library().unwrap_or_else(|| "unknown".to_owned())
    }

    fn calls(&self) -> Vec<Call> {
        Entry::Libc.calls()
    }

    fn call(&self, request: &Request) -> Result<Observation, NotOffered> {
        observe::perform(Entry::Libc, request)
    }

    fn call_unobserved(&self, request: &Request) -> Result<Return, NotOffered> {
        bare::of_c_library(request)
    }

    /// The macros as implemented by the `libc` crate: C's own are not functions and cannot be called from here.
    fn macros(&self, status: i32) -> Option<Decoded> {
        let says = observe::c_macros(status);
        Some(Decoded {
            exited: says.exited,
            signaled: says.signaled,
            stopped: says.stopped,
            continued: Some(says.continued),
            exit_status: says.exited.then_some(says.exit_status),
            term_signal: says.signaled.then_some(says.term_signal),
            stop_signal: says.stopped.then_some(says.stop_signal),
            core: says.signaled.then_some(says.core),
            exit_code: None,
        })
    }
}
