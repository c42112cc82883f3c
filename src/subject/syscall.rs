//! The Linux kernel, without a C library in between.

use super::api::Subject;
use crate::sys::call::abi::{Call, NotOffered, Observation, Request, Return};
use crate::sys::call::bare;
use crate::sys::call::observe::{self, Entry};

/// The raw system calls: `wait4`, and `waitid` with its fifth argument.
#[derive(Copy, Clone, Debug, Default)]
pub struct Syscall;

impl Subject for Syscall {
    fn name(&self) -> String {
        "syscall".to_owned()
    }

    /// The kernel's release.
    fn version(&self) -> String {
        observe::kernel_release().unwrap_or_else(|| "unknown".to_owned())
    }

    fn calls(&self) -> Vec<Call> {
        Entry::Syscall.calls()
    }

    fn is_raw(&self) -> bool {
        true
    }

    fn call(&self, request: &Request) -> Result<Observation, NotOffered> {
        observe::perform(Entry::Syscall, request)
    }

    fn call_unobserved(&self, request: &Request) -> Result<Return, NotOffered> {
        bare::of_kernel(request)
    }
}
