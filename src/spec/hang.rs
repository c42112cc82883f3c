//! Which clauses a call that never returns violates.

use super::clause::Clause;

/// Whether a clause is about the contents of a report (status, usage) rather than about when a call returns, for which child, or with
/// which error: a call that never returns says nothing about it.
pub(crate) fn is_of_what_is_reported(clause: &Clause) -> bool {
    const ALONE: [&str; 16] = [
        "posix/waitpid/exit-code",
        "posix/waitpid/returns-pid",
        "posix/waitpid/calls-agree",
        "posix/waitpid/null-status",
        "posix/wait/equals-waitpid-any",
        "posix/waitid/returns-zero",
        "posix/waitid/si-signo",
        "posix/waitid/si-pid",
        "posix/waitid/si-uid",
        "posix/waitid/exited",
        "posix/waitid/full-exit-value",
        "posix/waitid/killed",
        "posix/waitid/dumped",
        "posix/waitid/stopped",
        "posix/waitid/continued",
        "posix/waitid/continued-pid",
    ];
    const PARTS: [&str; 5] =
        ["posix/status/", "posix/rusage/", "linux/rusage/", "linux/wait/word-", "linux/wait4/equals-"];
    ALONE.contains(&clause.id) || PARTS.iter().any(|part| clause.id.starts_with(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::clauses;

    #[test]
    fn a_sleeping_call_violates_no_clause_about_values() {
        let of = |id: &str| is_of_what_is_reported(clauses().find(|clause| clause.id == id).expect(id));
        for id in ["posix/waitpid/exit-code", "posix/status/exit-code", "posix/waitid/killed"] {
            assert!(of(id), "{id}");
        }
        for id in ["posix/waitpid/echild", "posix/waitpid/own-group", "posix/waitpid/no-lost-wake-up"] {
            assert!(!of(id), "{id}");
        }
    }
}
