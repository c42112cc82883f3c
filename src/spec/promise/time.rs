//! Promises of programs that report what a program used.

use crate::spec::clause::clauses;

clauses! {
    /// The peak of the resident set that is printed is that of the utility, in the unit of the documentation.
    TIME_PEAK: Must, "promise/time/peak", "the program's documentation", bugs "void-packages#59368";
    /// The page faults that are printed are those of the utility, with what its exit costs.
    TIME_FAULTS: Must, "promise/time/faults", "the program's documentation", bugs "void-packages#59368";
    /// The context switches that are printed are those of the utility, with what its exit costs.
    TIME_SWITCHES: Must, "promise/time/switches", "the program's documentation";
    /// The exit status that is printed is that of the utility, and of one that a signal killed none that means success.
    TIME_PRINTS_STATUS: Must, "promise/time/prints-status", "the program's documentation";
    /// The times that are printed have those of the descendants that were reaped.
    TIME_COUNTS_DESCENDANTS: Must, "promise/time/counts-descendants", "the program's documentation";
}
