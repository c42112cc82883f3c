//! Ways to have the agent create children, other than a plain spawn.

use super::family::Trial;
use crate::protocol::Line;
use crate::protocol::agent::Request as AgentRequest;
use crate::scenario::Scenario;
use crate::sys::process;
use crate::trial::abort::Abort;
use crate::trial::children::child_name;
use crate::trial::core::{Birth, Child, Known, Started};
use crate::trial::deadline::{AT_ONCE, PROMPT};
use crate::trial::link::connection::To;
use crate::trial::making::{By, Making};
use crate::wait::errno::Errno;

impl Trial<'_> {
    /// Creates a child on a thread of the agent; 0 is the first.
    pub fn spawn_on(&mut self, thread: u32, scenario: Scenario) -> Result<Child, Abort> {
        let born = self.birth(&By::Fork { thread }, &scenario);
        self.link.send(&[To::Agent(born.request.clone())])?;
        self.born(born)
    }

    /// The same by `clone` or `posix_spawn`, with the reply. `Err` is the error, where the error is what is judged.
    pub fn try_spawn_by(
        &mut self,
        by: &By,
        scenario: Scenario,
    ) -> Result<Result<(Child, Line), Errno>, Abort> {
        if matches!(by, By::Clone(_) | By::Pdfork { .. }) && self.common.child.is_some() {
            // A cloned child keeps the agent's image, and an exec would reset its exit signal.
            return Err(Abort::Skip("a copy of the agent is not the program of --child".to_owned()));
        }
        let born = self.birth(by, &scenario);
        self.link.send(&[To::Agent(born.request.clone())])?;
        let reply = self.link.agent_reply(born.id, PROMPT, by.word())?;
        if reply.word() == "err" {
            return Ok(Err(self.errno(&reply)?));
        }
        self.grown(born, &reply).map(|child| Ok((child, reply)))
    }

    /// The same where it must succeed; if it is not permitted here, the trial is skipped.
    pub fn spawn_by(&mut self, by: &By, scenario: Scenario) -> Result<(Child, Line), Abort> {
        self.try_spawn_by(by, scenario)?.map_err(|errno| match errno {
            // An emulator that knows only the flags of fork and of threads returns EINVAL.
            Errno::PERM
            | Errno::INVAL
            | Errno::NOSYS
            | Errno::NOTSUP
            | Errno::OPNOTSUPP
            | Errno::NOSPC
            | Errno::USERS => Abort::Skip(format!("no {} here: {errno}", by.described())),
            _ => Abort::Broken(format!("the agent cannot {} a child: {errno}", by.word())),
        })
    }

    /// Has the agent create a child for each scenario, all requested at once: far cheaper if there are many.
    pub fn spawn_all(&mut self, scenarios: impl IntoIterator<Item = Scenario>) -> Result<Vec<Child>, Abort> {
        let mut children = Vec::new();
        let mut scenarios = scenarios.into_iter().peekable();
        while scenarios.peek().is_some() {
            let births: Vec<Birth> =
                scenarios.by_ref().take(AT_ONCE).map(|s| self.birth(&By::Fork { thread: 0 }, &s)).collect();
            let lines: Vec<To> = births.iter().map(|b| To::Agent(b.request.clone())).collect();
            self.link.send(&lines)?;
            for birth in births {
                children.push(self.born(birth)?);
            }
        }
        Ok(children)
    }

    /// The same for children that wait for steps. Skips the trial where the warden may not open a connection to each.
    pub fn hold_all(&mut self, children: usize) -> Result<Vec<Child>, Abort> {
        // It keeps a quarter of its descriptors for other things, and watches the deaths of some children by another one.
        if process::open_files().is_some_and(|limit| limit < 4 * children as u64) {
            return Err(Abort::Skip("the environment does not allow this many open files".into()));
        }
        self.spawn_all((0..children).map(|_| Scenario::held()))
    }

    /// Has the agent create a child that spins at a gate and exits with that code once a call has opened it
    /// ([`AgentRequest::ThroughGate`]). Also returns the number of processors that the agent may use.
    pub(crate) fn gated(&mut self, code: i32) -> Result<(Child, i64), Abort> {
        let reply = self.agent_ok(&AgentRequest::Gated { code })?;
        let number = |key| reply.number(key).map_err(|e| Abort::Protocol(format!("reply to gated: {e}")));
        let (pid, processors) = (number("pid")?, number("processors")?);
        let child = Child { name: child_name(self.named), pid };
        self.named += 1;
        self.processes += 1;
        let making = Making::UNKNOWN;
        self.children.push(Known { child: child.clone(), adopted: false, connects: false, making });
        Ok((child, processors))
    }

    /// Records a child that the agent says it created.
    pub(super) fn born(&mut self, birth: Birth) -> Result<Child, Abort> {
        let reply = self.link.agent_reply(birth.id, PROMPT, "spawn")?;
        self.grown(birth, &reply)
    }

    fn grown(&mut self, birth: Birth, reply: &Line) -> Result<Child, Abort> {
        let pid = self.pid_of(reply)?;
        self.join(birth, Started::Forked(pid))
    }
}
