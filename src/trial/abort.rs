//! How a case ends.

use super::link::connection::LinkError;
use super::verdict::Failure;

/// What a case returns.
pub type Outcome = Result<(), Abort>;

/// Why a case stops early. Small, because every `?` of every case passes it on.
#[derive(Debug, Clone)]
pub enum Abort {
    /// The subject broke a clause.
    Fail(Box<Failure>),
    /// A call did not return although it had to.
    Hang(Box<Failure>),
    /// The agent died in a call.
    Crash(Box<Failure>),
    /// It cannot be tested here, for this reason.
    Skip(String),
    /// The harness or the environment failed.
    Broken(String),
    /// The agent broke the protocol.
    Protocol(String),
    /// Something that the subject did not promise did not happen: this was recorded, and nothing more can be judged.
    Recorded,
    /// The run is being interrupted.
    Interrupted,
}

impl From<LinkError> for Abort {
    fn from(error: LinkError) -> Abort {
        match error {
            LinkError::WardenGone => Abort::Broken("the warden has died".into()),
            LinkError::Unfit(why) | LinkError::Damaged(why) => Abort::Broken(why),
            LinkError::Elsewhere(child) => Abort::Broken(format!(
                "supervised elsewhere: {child} is not below the warden; it was told to exit"
            )),
            LinkError::NoPid(child) => Abort::Skip(format!(
                "nothing here shows the pid of child {child}, which is in a PID namespace of its own"
            )),
            LinkError::Late(what) => Abort::Broken(format!("{what} did not come in time")),
            LinkError::Missing(what) => Abort::Skip(what),
            LinkError::AgentGone => Abort::Broken("the agent died between two calls".into()),
            LinkError::Protocol(what) => Abort::Protocol(what),
            LinkError::Interrupted => Abort::Interrupted,
        }
    }
}
