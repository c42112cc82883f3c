//! What a case sees of the states of processes, and waits for.

use super::abort::{Abort, Outcome};
use super::core::{Child, Core, Known};
use super::deadline::{AT_ONCE, PROMPT, SETTLE, STATE, ms};
use super::due::Visibility;
use super::link::To;
use super::verdict::Failure;
use crate::protocol::Line;
use crate::protocol::warden::{ProcessState, Request};
use crate::spec::posix;

impl Core<'_> {
    /// Waits until a child has terminated and can be waited for.
    pub fn await_zombie(&mut self, child: &Child) -> Outcome {
        let state = self.await_state(&child.name, ProcessState::Zombie)?;
        if state == ProcessState::Zombie {
            return Ok(());
        }
        Err(Abort::Fail(Failure {
            clause: self.cited.first().copied().unwrap_or(&posix::ZOMBIE_UNTIL_REAPED),
            expected: format!("{} to stay a zombie until it is waited for", child.name),
            got: format!("{} is gone from the process table", child.name),
        }))
    }

    /// The same for many children, all asked about at once.
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

    /// Waits until a child has terminated, whether it is still a zombie or something has taken it already: what a call that
    /// was begun is to return for. Only then may it be proved to hang.
    pub fn await_ended(&mut self, child: &Child) -> Outcome {
        self.await_state(&child.name, ProcessState::Zombie).map(drop)
    }

    /// The same for many children.
    pub fn await_all_ended(&mut self, children: &[Child]) -> Outcome {
        children.iter().try_for_each(|child| self.await_ended(child))
    }

    /// Whether a child comes into that state within the time that a process may take for it when it is to.
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

    /// Waits until a child is no process any more.
    pub fn await_gone(&mut self, child: &Child) -> Outcome {
        let state = self.await_state(&child.name, ProcessState::Gone)?;
        if state == ProcessState::Gone {
            return Ok(());
        }
        Err(Abort::Fail(Failure {
            clause: self.cited.first().copied().unwrap_or(&posix::SIGCHLD_IGNORED_NO_ZOMBIE),
            expected: format!("{} to go without a wait", child.name),
            got: format!("{} is a {state}", child.name),
        }))
    }

    /// Waits until every task of the agent is stopped, or goes on.
    pub fn await_agent(&mut self, state: ProcessState) -> Outcome {
        self.await_state("agent", state).map(drop)
    }

    fn await_state(&mut self, of: &str, state: ProcessState) -> Result<ProcessState, Abort> {
        if self.cannot_see(state) {
            return self.expects_unseen(of, state).map(|()| state);
        }
        // One that cannot be found any more has terminated, and something has reaped it.
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
            _ => self.link.patience(format!("{whose} that is {state}"), STATE),
        };
        let request = Request::Await { of: of.to_owned(), state, within: ms(patience.time) };
        let reply = self.link.ask_warden_to_wait(&request, STATE)?;
        let seen = state_of(&reply);
        // A zombie that stays is no missing event.
        let stays = state == ProcessState::Gone && seen == Some(ProcessState::Zombie);
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

    pub(crate) fn known(&mut self, name: &str) -> Option<&mut Known> {
        self.children.iter_mut().find(|k| k.child.name == name)
    }

    /// Has the warden know a child that does not connect.
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

    /// The same with what else the table shows.
    pub(crate) fn state_line(&mut self, child: &Child) -> Result<Line, Abort> {
        if self.known(&child.name).is_some_and(|k| !k.adopted) {
            // It terminated before it was ever watched: a process of that pid below us is it, and none is that it is gone.
            if self.link.ask_warden(&adopt(child), PROMPT)?.word() != "ok" {
                return Ok(Line::new("ok").with("state", ProcessState::Gone));
            }
            if let Some(known) = self.known(&child.name) {
                known.adopted = true;
            }
        }
        Ok(self.link.ask_warden(&Request::State { of: child.name.clone() }, PROMPT)?)
    }

    /// The process that the warden is, which sends the signals of [`Trial::signal`]; `None` where no process table shows it.
    pub(crate) fn sender(&mut self) -> Result<Option<i64>, Abort> {
        let agent = self.link.ask_warden(&Request::State { of: "agent".to_owned() }, PROMPT)?;
        Ok(agent.number_opt("ppid").ok().flatten())
    }

    /// The state of each child in words, for the report; of many, the first few.
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

/// The request that has the warden know a child by its pid.
pub(crate) fn adopt(child: &Child) -> Request {
    Request::Adopt { name: child.name.clone(), pid: child.pid }
}

/// The state in an answer of the warden.
pub(crate) fn state_of(line: &Line) -> Option<ProcessState> {
    ProcessState::from_word(&line.get("state")?)
}
