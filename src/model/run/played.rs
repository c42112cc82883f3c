//! The record of a performed history, and its preconditions.

use crate::model::op::Op;
use crate::model::oracle::{Rules, Violation};
use crate::spec::Deviation;
use crate::trial::{Body, Calls, Case, Needs, Trial, Uses, here};

/// The pseudo-case of a history, which is not a trial of any case in the catalogue.
pub static HISTORY: Case = Case {
    id: "model.history",
    title: "a history of children and calls is as the model allows",
    clauses: &[],
    needs: Needs::NOTHING,
    at: here(),
    body: Body::Calls { calls: Calls::ALL, uses: Uses::PLAIN, run: |_| Ok(()) },
};

/// What is known about the subject before its agent starts.
#[derive(Copy, Clone, Debug)]
pub struct Stage {
    /// Whether agent and children are forked from the warden: the agent may then move its children between groups, and
    /// starts without usage.
    pub hosted: bool,
    /// The user id of the children, if known.
    pub uid: Option<i64>,
}

impl Stage {
    /// The rules for the subject of this agent.
    pub(crate) fn rules(&self, trial: &Trial<'_>) -> Rules {
        Rules {
            profile: trial.profile(),
            system: trial.system(),
            uid: self.uid,
            fresh: self.hosted,
            retries: trial.retries_eintr(),
        }
    }
}

/// One performed operation.
#[derive(Clone, Debug)]
pub struct Performed {
    /// The operation.
    pub op: Op,
    /// Its outcome, in words; may be empty.
    pub outcome: String,
}

/// A performed history.
#[derive(Clone, Debug)]
pub struct Played {
    /// The valid operations, in order, including those that ended the last blocked call.
    pub steps: Vec<Performed>,
    /// The clause that the last of them violated.
    pub violation: Option<Violation>,
    /// The known deviations encountered.
    pub deviations: Vec<&'static Deviation>,
}

impl Played {
    /// The operations.
    pub fn ops(&self) -> Vec<Op> {
        self.steps.iter().map(|step| step.op).collect()
    }
}
