//! What a run has confirmed, and what was only read in a manual or in source code. Decided here and nowhere else.

use super::clause::{Book, Clause, Profile};
use super::deviations::{self, Deviation};
use super::netbsd;

/// The systems on which the suite has run, each with the clauses added since its last run there.
static RUN: &[(Profile, &[&Clause])] = &[
    (Profile::Linux, &[]),
    (
        Profile::NetBsd,
        &[
            &netbsd::WAITID_P_UID_P_GID_P_SID,
            &netbsd::WAITID_UNIMPLEMENTED_IDTYPE,
            &netbsd::WAIT_WALTSIG,
            &netbsd::WAIT_WALLSIG,
            &netbsd::NOTE_EXIT_STATUS,
            &netbsd::NOTE_EXIT_EARLY,
            &netbsd::PTRACE_STOP,
            &netbsd::PTRACE_CONTINUE,
        ],
    ),
];

/// The note on anything that no run has confirmed.
pub const UNVERIFIED: &str = "known from source code or a manual only, not yet confirmed by a run";

/// The clauses of that system that no run there has checked; `None` if there has been no run.
fn younger(profile: Profile) -> Option<&'static [&'static Clause]> {
    RUN.iter().find(|(known, _)| *known == profile).map(|(_, clauses)| *clauses)
}

/// Whether no case of the clause has ever been run on a system that it applies to. A clause that binds every system is verified: it
/// is checked on Linux.
pub fn is_unverified(clause: &Clause) -> bool {
    match clause.book() {
        Book::Posix | Book::Promise => false,
        Book::System(profile) => {
            younger(profile).is_none_or(|clauses| clauses.iter().any(|c| c.id == clause.id))
        }
    }
}

/// The same for a case, by the clauses that it checks: it has never been run where any of them binds.
pub fn is_case_unverified<'a>(clauses: impl IntoIterator<Item = &'a Clause>) -> bool {
    clauses.into_iter().all(is_unverified)
}

/// The same for a known deviation: it has not been confirmed, and the suite has not run on that system.
pub fn is_deviation_unverified(deviation: &Deviation) -> bool {
    !deviation.shown && (deviation.younger || younger(deviation.profile).is_none())
}

/// Why the deviation from that clause with this source is unverified; empty if it has been confirmed, or is unknown.
pub fn of_deviation(clause: &Clause, source: &str) -> &'static str {
    let known = deviations::ALL.iter().find(|d| d.is_from(clause) && d.source == source);
    known.filter(|d| is_deviation_unverified(d)).map_or("", |_| UNVERIFIED)
}

#[cfg(test)]
mod tests {
    use super::super::{clauses, freebsd, linux, posix};
    use super::*;

    #[test]
    fn a_clause_of_a_system_that_never_ran_the_suite_is_unverified() {
        assert!(is_unverified(&freebsd::WAIT6_RETURNS_PID));
        for clause in [&posix::WAITPID_NOHANG_ZERO, &linux::WAIT_OPTION_BITS, &netbsd::WAIT6_USAGE_SPLIT] {
            assert!(!is_unverified(clause), "{}", clause.id);
        }
    }

    #[test]
    fn clauses_newer_than_the_last_run_are_unverified() {
        assert!(is_unverified(&netbsd::WAITID_P_UID_P_GID_P_SID));
        let of = |deviation: &&Deviation| {
            deviation.profile == Profile::NetBsd && deviation.clause.id == posix::WAITID_SI_UID.id
        };
        assert!(is_deviation_unverified(deviations::ALL.iter().find(of).expect("a row of the table")));
    }

    #[test]
    fn a_case_is_verified_by_one_of_its_clauses() {
        let (read, seen) = (&freebsd::WAIT6_USAGE_SPLIT, &netbsd::WAIT6_USAGE_SPLIT);
        assert!(is_case_unverified([read]));
        assert!(!is_case_unverified([read, seen]));
    }

    #[test]
    fn a_newer_clause_belongs_to_its_system() {
        for (profile, younger) in RUN {
            for clause in *younger {
                assert_eq!(clause.book(), Book::System(*profile), "{}", clause.id);
                assert!(clauses().any(|known| known == *clause), "{}", clause.id);
            }
        }
    }

    #[test]
    fn a_confirmed_deviation_is_verified() {
        let of = |profile, clause: &Clause| {
            let deviation = deviations::ALL.iter().find(|d| d.profile == profile && d.clause.id == clause.id);
            is_deviation_unverified(deviation.expect("a row of the table"))
        };
        assert!(!of(Profile::Linux, &posix::SIGCHLD_PENDING_CLEARED));
        assert!(!of(Profile::MacOs, &posix::WAITID_EXITED_ONLY));
        assert!(of(Profile::MacOs, &posix::SIGCHLD_PENDING_CLEARED));
    }
}
