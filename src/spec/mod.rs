//! Clauses: the requirements on the wait family, each with its source.
//!
//! There is one book for the standard, one for each system, and one for what subjects promise. Clauses are `static`s, so that a case
//! that cites a nonexistent clause does not compile.

pub(crate) mod bugs;
pub mod cited;
pub mod clause;
pub mod contracts;
mod deviation;
pub mod deviations;
pub mod dragonfly;
pub mod freebsd;
pub mod got;
pub(crate) mod hang;
pub mod illumos;
pub mod linux;
pub mod macos;
pub mod netbsd;
pub mod openbsd;
pub mod pairs;
pub mod posix;
pub mod promise;
pub mod verified;

pub use clause::{Book, Clause, Level, Profile};
pub use deviations::Deviation;

use std::sync::LazyLock;

/// The books in order: the standard, then the systems. Larger books are split by theme.
fn books() -> impl Iterator<Item = &'static [&'static Clause]> {
    let small = [freebsd::ALL, netbsd::ALL, openbsd::ALL, dragonfly::ALL, macos::ALL, illumos::ALL];
    posix::ALL.iter().chain(linux::ALL).copied().chain(small).chain(promise::ALL.iter().copied())
}

/// All clauses of all books, in order.
pub fn clauses() -> impl Iterator<Item = &'static Clause> {
    static ALL: LazyLock<Vec<&Clause>> = LazyLock::new(|| books().flatten().copied().collect());
    ALL.iter().copied()
}

/// The clause with this id.
pub fn clause(id: &str) -> Option<&'static Clause> {
    clauses().find(|c| c.id == id)
}

#[cfg(test)]
mod tests {
    use super::deviations::Place;
    use super::got::Got;
    use super::*;
    use crate::protocol::Change;
    use crate::wait::Signal;
    use std::collections::HashSet;

    fn count(book: Book) -> usize {
        clauses().filter(|c| c.book() == book).count()
    }

    #[test]
    fn ids_and_texts_are_unique() {
        let mut ids = HashSet::new();
        let mut texts = HashSet::new();
        for c in clauses() {
            assert!(ids.insert(c.id), "{} is listed twice", c.id);
            assert!(texts.insert(c.text), "{}: another clause has the same text", c.id);
        }
    }

    #[test]
    fn an_id_is_a_book_and_at_least_two_words() {
        let systems = Profile::ALL.into_iter().map(Profile::name);
        let books: HashSet<&str> = systems.chain(["promise"]).collect();
        for c in clauses() {
            let parts: Vec<&str> = c.id.split('/').collect();
            assert!(parts.len() >= 3, "{}", c.id);
            assert!(books.contains(parts[0]), "{}", c.id);
            for part in parts {
                let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
                assert!(!part.is_empty() && part.bytes().all(plain), "{}", c.id);
            }
        }
    }

    #[test]
    fn a_list_holds_clauses_of_one_book() {
        for list in books() {
            assert!(!list.is_empty());
            assert!(list.iter().all(|c| c.book() == list[0].book()), "{}", list[0].id);
        }
    }

    #[test]
    fn sources_and_texts_are_well_formed() {
        for c in clauses() {
            assert!(!c.source.trim().is_empty(), "{}", c.id);
            assert!(c.text.ends_with('.') && !c.text.contains("  "), "{}: {:?}", c.id, c.text);
            assert!(c.untestable.is_none_or(|why| !why.is_empty()), "{}", c.id);
        }
    }

    #[test]
    fn a_bug_names_a_project_and_a_number() {
        for c in clauses() {
            for bug in c.bugs {
                let well_formed = bug
                    .split_once('#')
                    .is_some_and(|(project, number)| !project.is_empty() && number.parse::<u32>().is_ok());
                assert!(well_formed, "{}: {bug}", c.id);
            }
        }
    }

    #[test]
    fn lines_of_a_clause_are_joined_by_a_single_space() {
        assert_eq!(
            posix::WAITPID_NOHANG_REPORTS_READY.text,
            "With WNOHANG and a matching child that has already terminated, the call returns that child and \
             its status, exactly as it does without the option."
        );
    }

    #[test]
    fn no_book_has_shrunk() {
        assert!(count(Book::Posix) >= 200, "{}", count(Book::Posix));
        let linux = count(Book::System(Profile::Linux));
        assert!(linux >= 150, "{linux}");
        assert!(clauses().count() >= 450, "{}", clauses().count());
    }

    #[test]
    fn a_deviation_is_from_an_applicable_must() {
        for d in deviations::ALL {
            assert_eq!(clause(d.clause.id), Some(d.clause));
            assert_eq!(d.clause.level, Level::Must, "{}", d.clause.id);
            assert!(d.clause.applies_to(d.profile), "{}", d.clause.id);
            assert!(!d.source.is_empty() && !d.observed.is_empty(), "{}", d.clause.id);
            assert!(!(d.matches)(&Got::Other), "{} matches anything", d.clause.id);
        }
    }

    #[test]
    fn an_unlisted_deviation_is_not_excused() {
        let c = &posix::SIGCHLD_PENDING_CLEARED;
        assert!(deviations::find(Profile::Linux, c, &Got::Pending(Signal::CHLD)).is_some());
        assert!(deviations::find(Profile::Linux, c, &Got::Pending(Signal::TERM)).is_none());
        assert!(deviations::find(Profile::FreeBsd, c, &Got::Pending(Signal::CHLD)).is_none());
    }

    #[test]
    fn deviations_of_the_compatibility_layer_are_excused_in_32_bit_programs() {
        let find = |arch, machine| {
            let place = Place { compat: deviations::is_compat(arch, machine), ..Profile::Linux.into() };
            let short = Got::Ticks { us: 0, usage_us: 15_433, tick_us: 10_000 };
            let lost = Got::Ticks { us: 0, usage_us: 25_433, tick_us: 10_000 };
            let find = |got| deviations::find(place, &posix::RUSAGE_TIMES_AGREE, got).is_some();
            (find(&short), find(&lost))
        };
        assert_eq!(find("x86", "x86_64"), (true, false));
        assert_eq!(find("arm", "aarch64"), (true, false));
        for (arch, machine) in [("x86_64", "x86_64"), ("x86", "i686"), ("s390x", "s390x"), ("", "x86_64")] {
            assert_eq!(find(arch, machine), (false, false), "{arch} on {machine}");
        }
    }

    #[test]
    fn a_fixed_deviation_is_excused_in_earlier_releases_only() {
        let find = |release| {
            let got = Got::Reported { change: Change::Exited(5), wanted: None };
            deviations::find(
                Place { release, ..Profile::Linux.into() },
                &linux::THREADS_PEEK_GROUP_CODE,
                &got,
            )
        };
        assert!(find(deviations::release("Linux 5.10.0-32-cloud-amd64")).is_some());
        assert!(find(deviations::release("Linux 5.17")).is_none());
        assert!(find(deviations::release("Linux 6.1.0")).is_none());
        assert!(find(deviations::release("gVisor")).is_none());
        assert!(find(None).is_none());
    }
}
