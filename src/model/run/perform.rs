//! A history, performed by an agent in the way that it needs.

use super::played::{Played, Stage};
use super::{concurrent, sequential};
use crate::model::op::Op;
use crate::trial::{Abort, Trial};

/// Performs a history on an agent that has just been started; one with calls on threads of their own is judged as a whole.
///
/// # Errors
/// [`Abort`] when the harness, the surroundings or the agent's protocol went wrong; a broken clause is no error.
pub fn play(trial: &mut Trial<'_>, stage: Stage, ops: &[Op]) -> Result<Played, Abort> {
    if ops.iter().any(|op| matches!(op, Op::Wait(wait) if wait.thread > 0)) {
        concurrent::play(trial, stage, ops)
    } else {
        sequential::play(trial, stage, ops)
    }
}
