//! Performs a history, sequentially or concurrently as it requires.

use super::played::{Played, Stage};
use super::{concurrent, sequential};
use crate::model::op::Op;
use crate::trial::{Abort, Trial};

/// Performs a history on an agent that has just started; one with concurrent calls is judged as a whole.
///
/// # Errors
/// [`Abort`] if the harness, its environment or the agent's protocol failed; a violated clause is not an error.
pub fn play(trial: &mut Trial<'_>, stage: Stage, ops: &[Op]) -> Result<Played, Abort> {
    if ops.iter().any(Op::is_concurrent) {
        concurrent::play(trial, stage, ops)
    } else {
        sequential::play(trial, stage, ops)
    }
}
