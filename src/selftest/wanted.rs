//! What is to be run.

use crate::catalogue::Case;
use crate::sys::call::abi::Call;

/// A case with a call on a subject.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The subject, as `--subject` takes it.
    pub subject: String,
    /// The case.
    pub case: &'static Case,
    /// The call.
    pub call: Call,
}
