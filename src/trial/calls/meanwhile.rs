//! Requests to the agent while one of its threads sleeps in a call.

use super::family::Trial;
use crate::protocol::agent::Request;
use crate::scenario::{Scenario, Step};
use crate::trial::abort::Abort;
use crate::trial::core::Child;
use crate::trial::deadline::PROMPT;
use crate::trial::link::connection::{LinkError, To};
use crate::trial::making::By;

impl Trial<'_> {
    /// Whether the agent answers a request, in whatever way, while a thread of it sleeps for that child. If no answer comes, the child
    /// exits; only an answer that comes then proves that the sleeper was in the way.
    pub(crate) fn answers_meanwhile(&mut self, request: &Request, awaited: &Child) -> Result<bool, Abort> {
        let id = self.link.id();
        let line = request.to_line();
        self.steps.push(line.to_string().replacen(' ', "(", 1) + ")");
        self.link.send(&[To::Agent(line.with("id", id))])?;
        let in_time = self.is_answered_meanwhile(id, awaited)?;
        self.link.agent_reply(id, PROMPT, request.word())?;
        Ok(in_time)
    }

    /// The same for the creation of a child. `Err` in `Ok`: a child that was created only then.
    pub(crate) fn spawns_meanwhile(
        &mut self,
        scenario: Scenario,
        awaited: &Child,
    ) -> Result<Result<Child, Child>, Abort> {
        let birth = self.birth(&By::Fork { thread: 0 }, &scenario);
        self.link.send(&[To::Agent(birth.request.clone())])?;
        let in_time = self.is_answered_meanwhile(birth.id, awaited)?;
        let child = self.born(birth)?;
        Ok(if in_time { Ok(child) } else { Err(child) })
    }

    fn is_answered_meanwhile(&mut self, id: u64, awaited: &Child) -> Result<bool, Abort> {
        match self.link.await_reply(id, PROMPT) {
            Ok(()) => Ok(true),
            Err(LinkError::Late(_)) => {
                self.tell(awaited, Step::exit(7))?;
                Ok(false)
            }
            Err(other) => Err(other.into()),
        }
    }
}
