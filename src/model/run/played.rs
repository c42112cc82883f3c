//! A history that was performed, and what is known before it is.

use crate::model::op::Op;
use crate::model::oracle::{Rules, Violation};
use crate::spec::Deviation;
use crate::trial::{Calls, Case, Needs, Trial, Uses, here};

/// A history is a trial of no case of the catalogue.
pub static HISTORY: Case = Case {
    id: "model.history",
    title: "a history of children and calls is as the model allows",
    clauses: &[],
    calls: Calls::ALL,
    uses: Uses::PLAIN,
    needs: Needs::NOTHING,
    at: here(),
    run: |_| Ok(()),
};

/// What is known of the subject before its agent is started.
#[derive(Copy, Clone, Debug)]
pub struct Stage {
    /// Agent and children are forks of the warden: the agent may move its children between groups, and begins without usage.
    pub hosted: bool,
    /// The user of the children, where it is known.
    pub uid: Option<i64>,
}

impl Stage {
    /// What holds for the subject whose agent this is.
    pub(crate) fn rules(&self, trial: &Trial<'_>) -> Rules {
        Rules {
            profile: trial.profile(),
            layout: trial.layout(),
            uid: self.uid,
            fresh: self.hosted,
            retries: trial.retries_eintr(),
        }
    }
}

/// One operation that was performed.
#[derive(Clone, Debug)]
pub struct Performed {
    /// The operation.
    pub op: Op,
    /// What came of it, in words; empty where there is nothing to say.
    pub told: String,
}

/// A history that was performed.
#[derive(Clone, Debug)]
pub struct Played {
    /// The operations that had a meaning, in order, with those that ended a call that slept to the last.
    pub steps: Vec<Performed>,
    /// The clause that the last of them broke.
    pub violation: Option<Violation>,
    /// The known departures that were met.
    pub deviations: Vec<&'static Deviation>,
}

impl Played {
    /// The operations.
    pub fn ops(&self) -> Vec<Op> {
        self.steps.iter().map(|step| step.op).collect()
    }
}
