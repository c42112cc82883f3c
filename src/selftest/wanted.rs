//! A trial to be run.

use crate::catalogue::Case;
use crate::trial::Variant;

/// A trial to be run: a case with a variant on a subject.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The subject, in the form that `--subject` accepts.
    pub subject: String,
    /// The case.
    pub case: &'static Case,
    /// What it is run with.
    pub variant: Variant,
}
