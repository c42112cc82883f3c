//! Promises of inits and supervisors.

use crate::spec::clause::clauses;

clauses! {
    /// Every orphan that terminates is reaped: one or many at once, orphans of orphans, and orphans that were stopped.
    INIT_REAPS: Must, "promise/init/reaps", "the program's documentation";
    /// The init exits when its main child does, even if orphans are still running.
    INIT_EXITS_WITH_MAIN: Must, "promise/init/exits-with-main", "the program's documentation", bugs "catatonit#5";
    /// The init does not exit when an orphan exits, whatever its exit code, nor when the main child stops.
    INIT_OUTLIVES_ORPHANS: Must, "promise/init/outlives-orphans", "the program's documentation";
    /// A signal sent to the init that it catches, or accepts with sigwait, is forwarded to the main child, once.
    INIT_FORWARDS: Must, "promise/init/forwards", "the program's documentation";
    /// The init uses no CPU time while idle: it sleeps, and does not wake up to look for children.
    INIT_IDLE: Must, "promise/init/idle", "the program's documentation";
    /// Neither the init's memory usage nor the number of its descriptors grows with the number of orphans that it has reaped.
    INIT_SIZE: Must, "promise/init/size", "the program's documentation";
    /// An init that was started with signals ignored or blocked still works.
    INIT_INHERITED_SIGNALS: Must, "promise/init/inherited-signals", "the program's documentation";
    /// A supervisor restarts its child when it exits, with what it inherited the first time, and does not exit itself.
    INIT_RESTARTS: Must, "promise/init/restarts", "the program's documentation";
}
