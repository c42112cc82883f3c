//! Promises of programs that report another program's resource usage.

use crate::spec::clause::clauses;

clauses! {
    /// The printed peak resident set size is that of the utility, in the documented unit.
    TIME_PEAK: Must, "promise/time/peak", "the program's documentation", bugs "void-packages#59368";
    /// The printed page faults are those of the utility, including those of its exit.
    TIME_FAULTS: Must, "promise/time/faults", "the program's documentation", bugs "void-packages#59368";
    /// The printed context switches are those of the utility, including those of its exit.
    TIME_SWITCHES: Must, "promise/time/switches", "the program's documentation";
    /// The printed exit status is that of the utility; for one killed by a signal, it does not indicate success.
    TIME_PRINTS_STATUS: Must, "promise/time/prints-status", "the program's documentation";
    /// The printed times include those of reaped descendants.
    TIME_COUNTS_DESCENDANTS: Must, "promise/time/counts-descendants", "the program's documentation";
}
