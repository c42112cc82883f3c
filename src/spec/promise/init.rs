//! Promises of inits and supervisors.

use crate::spec::clause::clauses;

clauses! {
    /// Every orphan that terminates is reaped: one or many at once, those of orphans, and those that had stopped.
    INIT_REAPS: Must, "promise/init/reaps", "the program's documentation";
    /// The init exits when its main child does, although orphans live on.
    INIT_EXITS_WITH_MAIN: Must, "promise/init/exits-with-main", "the program's documentation", bugs "catatonit#5";
    /// The init does not exit when an orphan does, whatever its exit code, nor when the main child stops.
    INIT_OUTLIVES_ORPHANS: Must, "promise/init/outlives-orphans", "the program's documentation";
    /// A signal to the init, for which it has a handler or which it accepts, is passed on to the main child.
    INIT_FORWARDS: Must, "promise/init/forwards", "the program's documentation";
    /// While nothing happens, the init uses no CPU time.
    INIT_IDLE: Must, "promise/init/idle", "the program's documentation";
    /// The memory of the init does not grow with the number of orphans that it has reaped.
    INIT_SIZE: Must, "promise/init/size", "the program's documentation";
    /// An init that was started with signals ignored or blocked works all the same.
    INIT_INHERITED_SIGNALS: Must, "promise/init/inherited-signals", "the program's documentation";
    /// A supervisor runs its child again when it has exited, and does not exit with it.
    INIT_RESTARTS: Must, "promise/init/restarts", "the program's documentation";
}
