//! The list of clauses that a case cites, flattened at compile time.

use super::clause::Clause;

/// An entry in the list of clauses that a case checks: a clause, or a pair of one for the calls that return a status word and
/// one for `waitid` ([`super::pairs`]).
#[derive(Copy, Clone, Debug)]
pub enum Cited {
    /// The same for every call.
    One(&'static Clause),
    /// That of the other calls, and that of `waitid`.
    Both(&'static Clause, &'static Clause),
}

impl Clause {
    /// As an entry in a case's list.
    pub(crate) const fn cited(&'static self) -> Cited {
        Cited::One(self)
    }
}

impl From<&'static Clause> for Cited {
    fn from(clause: &'static Clause) -> Cited {
        clause.cited()
    }
}

/// Whether two ids are the same, at compile time.
const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

/// The clauses of a list, each once, in the order of their first entry; `N` is at least their number.
const fn flat<const N: usize>(list: &[Cited]) -> (usize, [Option<&'static Clause>; N]) {
    let mut found: [Option<&'static Clause>; N] = [None; N];
    let (mut count, mut at) = (0, 0);
    while at < 2 * list.len() {
        let clause = match (list[at / 2], at % 2) {
            (Cited::One(clause) | Cited::Both(clause, _), 0) | (Cited::Both(_, clause), _) => Some(clause),
            _ => None,
        };
        at += 1;
        if let Some(clause) = clause {
            let mut before = 0;
            while before < count && !matches!(found[before], Some(Clause { id, .. }) if same(id, clause.id)) {
                before += 1;
            }
            if before == count {
                found[count] = Some(clause);
                count += 1;
            }
        }
    }
    (count, found)
}

/// The maximum number of clauses that a case cites.
const MOST: usize = 64;

/// The number of distinct clauses in a list.
pub(crate) const fn count(list: &[Cited]) -> usize {
    flat::<MOST>(list).0
}

/// The clauses of a list, each once; `N` is their number.
pub(crate) const fn listed<const N: usize>(list: &[Cited]) -> [&'static Clause; N] {
    let found = flat::<MOST>(list).1;
    let Some(first) = found[0] else { panic!("a case without a clause") };
    let mut clauses = [first; N];
    let mut at = 0;
    while at < N {
        if let Some(clause) = found[at] {
            clauses[at] = clause;
        }
        at += 1;
    }
    clauses
}
