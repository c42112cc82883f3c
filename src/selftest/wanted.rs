//! A trial to be run.

use crate::catalogue::Case;
use crate::sys::call::abi::Call;

/// A trial to be run: a case with a call on a subject.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The subject, in the form that `--subject` accepts.
    pub subject: String,
    /// The case.
    pub case: &'static Case,
    /// The call.
    pub call: Call,
}
