//! What a case sees of process states, and waits for.

use super::abort::{Abort, Outcome};
use super::core::{Child, Core, Known};
use super::deadline::{AT_ONCE, MOMENT, PROMPT, SETTLE, STATE, ms};
use super::due::Visibility;
use super::link::connection::{LinkError, To};
use super::missing::Of;
use super::verdict::Failure;
use crate::protocol::Line;
use crate::protocol::warden::{ProcessState, Request};
use crate::spec::posix;
use std::time::Duration;

impl Core<'_> {
    /// Waits until a child has terminated and is waitable.
    pub fn await_zombie(&mut self, child: &Child) -> Outcome {
        let state = self.await_state(&child.name, ProcessState::Zombie)?;
        if state == ProcessState::Zombie {
            return Ok(());
        }
        Err(Abort::Fail(Box::new(Failure {
            clause: self.cited.first().copied().unwrap_or(&posix::ZOMBIE_UNTIL_REAPED),
            expected: format!("{} to stay a zombie until it is waited for", child.name),
            got: format!("{} is gone from the process table", child.name),
        })))
    }

    /// The same for many children, all requested at once.
    pub fn await_zombies(&mut self, children: &[Child]) -> Outcome {
        for children in children.chunks(AT_ONCE) {
            let lines: Vec<To> = children
                .iter()
                .filter(|child| self.children.iter().any(|k| k.child.name == child.name && !k.adopted))
                .map(|child| To::Warden(adopt(child).to_line().with("id", 0)))
                .collect();
            self.link.send(&lines)?;
            for known in self.children.iter_mut().filter(|k| children.contains(&k.child)) {
                known.adopted = true;
            }
            for child in children {
                self.await_zombie(child)?;
            }
        }
        Ok(())
    }

    /// Waits until a child has terminated, whether it is still a zombie or already reaped. A call that was begun should
    /// return for this; only afterwards may it be proved to hang.
    pub fn await_ended(&mut self, child: &Child) -> Outcome {
        self.await_state(&child.name, ProcessState::Zombie).map(drop)
    }

    /// The same for many children.
    pub fn await_all_ended(&mut self, children: &[Child]) -> Outcome {
        children.iter().try_for_each(|child| self.await_ended(child))
    }

    /// The number of the warden's live descendants, including the agent or the program, and of zombies.
    pub fn tally(&mut self) -> Result<(i64, i64), Abort> {
        let reply = self.link.ask_warden(&Request::Tally {}, PROMPT)?;
        let number = |key| reply.number(key).map_err(|e| Abort::Broken(format!("tally: {e}")));
        let (all, zombies) = (number("processes")?, number("zombies")?);
        Ok((all - zombies, zombies))
    }

    /// Whether a child reaches that state within the time limit for states that a process must reach.
    pub fn becomes(&mut self, child: &Child, state: ProcessState) -> Result<bool, Abort> {
        if self.cannot_see(state) {
            return Err(Abort::Skip(format!("no process table here to see that a process is {state}")));
        }
        self.adopt(child)?;
        let within = self.link.scaled(SETTLE);
        let request = Request::Await { of: child.name.clone(), state, within: ms(within) };
        let reply = self.link.ask_warden_to_wait(&request, SETTLE)?;
        Ok(reply.word() == "ok" || state_of(&reply) == Some(state))
    }

    /// Waits until every task of a child is stopped.
    pub fn await_stopped(&mut self, child: &Child) -> Outcome {
        self.await_state(&child.name, ProcessState::Stopped).map(drop)
    }

    /// Waits until a child is neither stopped nor dead.
    pub fn await_running(&mut self, child: &Child) -> Outcome {
        self.await_state(&child.name, ProcessState::Running).map(drop)
    }

    /// Waits until a child sleeps.
    pub fn await_asleep(&mut self, child: &Child) -> Outcome {
        self.await_state(&child.name, ProcessState::Asleep).map(drop)
    }

    /// Waits until the process of a child no longer exists.
    pub fn await_gone(&mut self, child: &Child) -> Outcome {
        let state = self.await_state(&child.name, ProcessState::Gone)?;
        if state == ProcessState::Gone {
            return Ok(());
        }
        Err(Abort::Fail(Box::new(Failure {
            clause: self.cited.first().copied().unwrap_or(&posix::SIGCHLD_IGNORED_NO_ZOMBIE),
            expected: format!("{} to go without a wait", child.name),
            got: format!("{} is a {state}", child.name),
        })))
    }

    /// Waits until every task of the agent sleeps, but not for long: no verdict depends on it, since a runtime may never
    /// sleep. A thread that has read a request need not have begun the call yet.
    pub(crate) fn let_agent_block(&mut self) -> Outcome {
        if self.cannot_see(ProcessState::Asleep) {
            return Ok(());
        }
        let within = ms(self.link.scaled(MOMENT));
        let request = Request::Await { of: "agent".to_owned(), state: ProcessState::Asleep, within };
        self.link.ask_warden_to_wait(&request, MOMENT)?;
        Ok(())
    }

    /// Waits until every task of the agent is in that state.
    pub fn await_agent(&mut self, state: ProcessState) -> Outcome {
        self.await_state("agent", state).map(drop)
    }

    fn await_state(&mut self, of: &str, state: ProcessState) -> Result<ProcessState, Abort> {
        if self.cannot_see(state) {
            return self.expects_unseen(of, state).map(|()| state);
        }
        // A process that can no longer be found has terminated and been reaped.
        let may_be_gone = matches!(state, ProcessState::Zombie | ProcessState::Gone);
        if let Some(child) = self.known(of).map(|k| k.child.clone()) {
            match self.adopt(&child) {
                Err(Abort::Broken(_)) if may_be_gone => return Ok(ProcessState::Gone),
                other => other?,
            }
        }
        let whose = if of == "agent" { "an agent" } else { "a child" };
        let patience = match state {
            ProcessState::Gone => self.link.whole_patience(STATE),
            _ => self.link.patience(Of::Processes, format!("{whose} that is {state}"), STATE),
        };
        let reply = match self.hidden_stop(of, state)? {
            Some(reply) => reply,
            None => self.ask_for_state(of, state, patience.time)?,
        };
        let seen = state_of(&reply);
        // A zombie that stays is not a missing event, nor is something that a dead process does not do.
        let dead = [Some(ProcessState::Zombie), Some(ProcessState::Gone)].contains(&seen);
        let stays = state != ProcessState::Zombie && dead;
        if reply.word() == "late" && seen != Some(ProcessState::Unknown) && !stays {
            self.link.did_not_come(patience)?;
        }
        match (reply.word(), seen) {
            ("ok", Some(seen)) => Ok(seen),
            (_, Some(ProcessState::Unknown)) => {
                Err(Abort::Skip(format!("no process table here to see that a process is {state}")))
            }
            ("late", Some(ProcessState::Zombie)) if state == ProcessState::Gone => Ok(ProcessState::Zombie),
            ("late", Some(seen)) => Err(self.did_not_become(of, state, seen)),
            _ if may_be_gone => Ok(ProcessState::Gone),
            _ => Err(Abort::Broken(format!("cannot watch {of}: {}", reply.get("why").unwrap_or_default()))),
        }
    }

    /// Gives less time to a stop that the process table was proved not to show; the reply, if that is conclusive.
    fn hidden_stop(&mut self, of: &str, state: ProcessState) -> Result<Option<Line>, LinkError> {
        let hidden = self.link.patience(Of::System, HIDDEN_STOP.to_owned(), STATE);
        if state != ProcessState::Stopped || !hidden.is_short() {
            return Ok(None);
        }
        let reply = self.ask_for_state(of, state, hidden.time)?;
        match (reply.word(), state_of(&reply)) {
            ("late", Some(ProcessState::Zombie)) => self.link.did_not_come(hidden).map(|()| None),
            ("late", _) => Ok(None),
            _ => Ok(Some(reply)),
        }
    }

    fn ask_for_state(&mut self, of: &str, state: ProcessState, within: Duration) -> Result<Line, LinkError> {
        let request = Request::Await { of: of.to_owned(), state, within: ms(within) };
        self.link.ask_warden_to_wait(&request, STATE)
    }

    pub(crate) fn known(&mut self, name: &str) -> Option<&mut Known> {
        self.children.iter_mut().find(|k| k.child.name == name)
    }

    /// Makes a child that does not connect known to the warden.
    pub(crate) fn adopt(&mut self, child: &Child) -> Outcome {
        if self.known(&child.name).is_none_or(|k| k.adopted) {
            return Ok(());
        }
        let reply = self.link.ask_warden(&adopt(child), PROMPT)?;
        if reply.word() != "ok" {
            let why = reply.get("why").unwrap_or_default();
            return Err(Abort::Broken(format!("cannot watch {}: {why}", child.name)));
        }
        if let Some(known) = self.known(&child.name) {
            known.adopted = true;
        }
        Ok(())
    }

    /// The state of a child in the process table.
    pub fn state(&mut self, child: &Child) -> Result<ProcessState, Abort> {
        let state = state_of(&self.state_line(child)?).unwrap_or(ProcessState::Unknown);
        if state == ProcessState::Unknown && self.common.observation != Visibility::Table {
            return Err(Abort::Skip("no process table here to see the state of a process".to_owned()));
        }
        Ok(state)
    }

    /// The same, with everything else that the table shows.
    pub(crate) fn state_line(&mut self, child: &Child) -> Result<Line, Abort> {
        if self.known(&child.name).is_some_and(|k| !k.adopted) {
            // It may have terminated before it was ever watched: a process with that pid below us is the child; if
            // there is none, it is gone.
            if self.link.ask_warden(&adopt(child), PROMPT)?.word() != "ok" {
                return Ok(Line::new("ok").with("state", ProcessState::Gone));
            }
            if let Some(known) = self.known(&child.name) {
                known.adopted = true;
            }
        }
        Ok(self.link.ask_warden(&Request::State { of: child.name.clone() }, PROMPT)?)
    }

    /// The pid of the warden, which sends the signals of [`Trial::signal`]; `None` where no process table shows it.
    pub(crate) fn sender(&mut self) -> Result<Option<i64>, Abort> {
        let agent = self.link.ask_warden(&Request::State { of: "agent".to_owned() }, PROMPT)?;
        Ok(agent.number_opt("ppid").ok().flatten())
    }

    /// The state of each child as text, for the report; if there are many, of the first few.
    pub(crate) fn describe_children(&mut self) -> Vec<String> {
        let children: Vec<Child> = self.children().take(8).cloned().collect();
        children
            .iter()
            .map(|child| {
                let state = self.state(child).unwrap_or(ProcessState::Unknown);
                format!("{} {state}, pid {}", child.name, child.pid)
            })
            .collect()
    }
}

/// What a process table does not show that shows a process as a zombie as soon as its initial thread has exited.
pub(super) const HIDDEN_STOP: &str = "a stop of a child whose initial thread has exited";

/// The request that makes a child known to the warden by its pid.
pub(crate) fn adopt(child: &Child) -> Request {
    Request::Adopt { name: child.name.clone(), pid: child.pid }
}

/// The state in a reply from the warden.
pub(crate) fn state_of(line: &Line) -> Option<ProcessState> {
    ProcessState::from_word(&line.get("state")?)
}
