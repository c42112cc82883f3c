//! Anything that can show a change of a child: the reply of a call, the result of a handle, the exit of a program.
//!
//! Judging, levels, deviations and credit are implemented once for all of them.

use super::core::Child;
use crate::protocol::Change;
use crate::spec::clause::Clause;
use crate::spec::got::Actual;
use crate::wait::SiCode;

/// Why there is no answer to judge.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum NoAnswer {
    /// There will never be one.
    Hung,
    /// The process that was asked has died.
    Crashed,
}

/// What an answer shows about a question.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Shows<T> {
    /// This.
    Yes(T),
    /// Nothing of it, or an error.
    No,
    /// Only this kind of it: a typed binding may hide the rest.
    Kind(SiCode),
    /// It cannot show it, for this reason.
    NotObservable(&'static str),
}

impl Shows<Change> {
    /// What it shows about that change.
    pub(crate) fn of(self, change: Change) -> Shows<()> {
        match self {
            Shows::Yes(shown) if shown == change => Shows::Yes(()),
            Shows::Kind(code) if change.code() == Some(code) => {
                Shows::NotObservable("the subject shows the si_code alone")
            }
            Shows::NotObservable(why) => Shows::NotObservable(why),
            Shows::Yes(_) | Shows::Kind(_) | Shows::No => Shows::No,
        }
    }
}

/// An answer that can show a change of a child.
pub trait Shown {
    /// Why there is no answer, if there is none.
    fn unanswered(&self) -> Option<NoAnswer>;

    /// The change of that child that it shows.
    fn change_of(&self, child: &Child) -> Shows<Change>;

    /// The same, where that change was expected: a form that cannot distinguish two changes reports the expected one.
    fn change_for(&self, child: &Child, wanted: Change) -> Shows<Change> {
        let _ = wanted;
        self.change_of(child)
    }

    /// Whether it is a report of some child, which cannot have come too early.
    fn is_report(&self) -> bool {
        false
    }

    /// The clause violated by not returning, where the given clause was about to be judged.
    fn clause_of_hang(&self, clause: &'static Clause) -> &'static Clause {
        clause
    }

    /// The answer as text.
    fn outcome(&self) -> String;

    /// The answer, typed, where that change of that child was expected; known deviations are patterns on it.
    fn actual_of(&self, child: &Child, wanted: Change) -> Actual {
        let _ = (child, wanted);
        self.outcome().into()
    }
}
