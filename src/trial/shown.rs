//! What shows a change of a child: the reply of a call, the result of a handle, the exit of a program.
//!
//! Judging, levels, deviations and credit exist once for all of them.

use super::core::Child;
use crate::protocol::Change;
use crate::spec::clause::Clause;
use crate::spec::got::Actual;
use crate::wait::SiCode;

/// Why there is no answer to be judged.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum NoAnswer {
    /// There never will be one.
    Hung,
    /// Whoever was asked has died.
    Crashed,
}

/// What an answer shows of a question.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Shows<T> {
    /// This.
    Yes(T),
    /// Nothing of it, or an error.
    No,
    /// Only this kind of it: a typed binding may hide the rest.
    Kind(SiCode),
    /// It cannot show it; why.
    NotObservable(&'static str),
}

impl Shows<Change> {
    /// What it shows of that change.
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

/// An answer in which a change of a child may show.
pub trait Shown {
    /// Why there is no answer, if there is none.
    fn unanswered(&self) -> Option<NoAnswer>;

    /// The change of that child that it shows.
    fn change_of(&self, child: &Child) -> Shows<Change>;

    /// The same where that change was expected, which a form that cannot tell two changes apart may stand for.
    fn change_for(&self, child: &Child, wanted: Change) -> Shows<Change> {
        let _ = wanted;
        self.change_of(child)
    }

    /// Whether it is a report of some child, which cannot have come too early.
    fn is_report(&self) -> bool {
        false
    }

    /// The clause that it violates by not returning, where that clause was about to be judged.
    fn clause_of_hang(&self, clause: &'static Clause) -> &'static Clause {
        clause
    }

    /// The answer in words.
    fn outcome(&self) -> String;

    /// The answer typed, where that change of that child was expected; known deviations are patterns on it.
    fn actual_of(&self, child: &Child, wanted: Change) -> Actual {
        let _ = (child, wanted);
        self.outcome().into()
    }
}
