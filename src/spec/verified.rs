//! What a run has confirmed, and what was only read in a manual or in source code. Decided here and nowhere else.

use super::clause::{Book, Clause, Profile};
use super::deviations::{self, Deviation};

/// The systems on which the suite has run, the last time with every clause and every row of the table of deviations that there is.
static RUN: &[Profile] = &[Profile::Linux, Profile::NetBsd];

/// The note on anything that no run has confirmed.
pub const UNVERIFIED: &str = "known from source code or a manual only, not yet confirmed by a run";

/// Whether no case of the clause has ever been run on a system that it applies to. A clause that binds every system is verified: it
/// is checked on Linux.
pub fn is_unverified(clause: &Clause) -> bool {
    match clause.book() {
        Book::Posix | Book::Promise => false,
        Book::System(profile) => !RUN.contains(&profile),
    }
}

/// The same for a case, by the clauses that it checks: it has never been run where any of them binds.
pub fn is_case_unverified<'a>(clauses: impl IntoIterator<Item = &'a Clause>) -> bool {
    clauses.into_iter().all(is_unverified)
}

/// The same for a known deviation: it has not been confirmed, and the suite has not run on that system.
pub fn is_deviation_unverified(deviation: &Deviation) -> bool {
    !deviation.shown && !RUN.contains(&deviation.profile)
}

/// Why the deviation from that clause with this source is unverified; empty if it has been confirmed, or is unknown.
pub fn of_deviation(clause: &Clause, source: &str) -> &'static str {
    let known = deviations::ALL.iter().find(|d| d.is_from(clause) && d.source == source);
    known.filter(|d| is_deviation_unverified(d)).map_or("", |_| UNVERIFIED)
}

#[cfg(test)]
mod tests {
    use super::super::{freebsd, linux, netbsd, posix};
    use super::*;

    #[test]
    fn a_clause_of_a_system_that_never_ran_the_suite_is_unverified() {
        assert!(is_unverified(&freebsd::WAIT6_RETURNS_PID));
        for clause in [&posix::WAITPID_NOHANG_ZERO, &linux::WAIT_OPTION_BITS, &netbsd::WAIT6_USAGE_SPLIT] {
            assert!(!is_unverified(clause), "{}", clause.id);
        }
    }

    #[test]
    fn a_case_is_verified_by_one_of_its_clauses() {
        let (read, seen) = (&freebsd::WAIT6_USAGE_SPLIT, &netbsd::WAIT6_USAGE_SPLIT);
        assert!(is_case_unverified([read]));
        assert!(!is_case_unverified([read, seen]));
    }

    #[test]
    fn a_confirmed_deviation_is_verified() {
        let of = |profile, clause: &Clause| {
            let deviation = deviations::ALL.iter().find(|d| d.profile == profile && d.clause.id == clause.id);
            is_deviation_unverified(deviation.expect("a row of the table"))
        };
        assert!(!of(Profile::Linux, &posix::SIGCHLD_PENDING_CLEARED));
        assert!(!of(Profile::NetBsd, &posix::WAITID_SI_UID));
        assert!(!of(Profile::MacOs, &posix::WAITID_EXITED_ONLY));
        assert!(of(Profile::MacOs, &posix::SIGCHLD_PENDING_CLEARED));
    }
}
