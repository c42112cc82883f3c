//! The interface `handle`: a process handle of a runtime, asked for through an agent.

use super::abort::{Abort, Outcome};
use super::children::not_offered;
use super::core::{self, Birth, Child, Core, Interface, Started};
use super::deadline::{PROMPT, ms};
use super::link::{LinkError, To};
use super::shown::{NoAnswer, Shown, Shows};
use crate::protocol::Change;
use crate::protocol::handle::{Form, Report, Request};
use crate::wait::{Signal, System};
use std::time::Duration;

/// The handle that a trial is about: one for each child, by the id of its spawn.
#[derive(Debug)]
pub struct Agent {
    /// The form of its results.
    pub(crate) form: Form,
    /// Each child's handle, by the child's name.
    pub(crate) handles: Vec<(String, u64)>,
}

/// A running trial of a handle.
pub type Trial<'a> = core::Trial<'a, Agent>;

/// What a handle can do beside spawning, polling and waiting.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Abilities(u8);

impl Abilities {
    /// Nothing.
    pub const NONE: Abilities = Abilities(0);
    /// Wait with a timeout.
    pub const TIMEOUT: Abilities = Abilities(1);
    /// Send a signal.
    pub const KILL: Abilities = Abilities(2);
    /// Reap a child by the raw call.
    pub const STEAL: Abilities = Abilities(4);

    const NAMES: [(Abilities, &str); 3] =
        [(Abilities::TIMEOUT, "timeout"), (Abilities::KILL, "kill"), (Abilities::STEAL, "steal")];

    /// Both.
    #[must_use]
    pub const fn with(self, other: Abilities) -> Abilities {
        Abilities(self.0 | other.0)
    }

    /// The first of them that is not among those announced.
    pub(crate) fn missing_in(self, announced: &[String]) -> Option<&'static str> {
        let needed = Abilities::NAMES.iter().filter(|(bit, _)| self.0 & bit.0 != 0);
        needed.map(|(_, name)| *name).find(|name| !announced.iter().any(|a| a == name))
    }
}

/// What a handle answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It reported something.
    Reported(Report),
    /// It reported an error, by name.
    Failed(String),
    /// It gave no answer in time.
    Hung,
    /// Its agent died.
    Crashed,
}

/// An answer of a handle.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The answer.
    pub answer: Answer,
    form: Form,
    /// Its numbers are of this system.
    system: System,
}

impl Answered {
    /// Whether it said that the child has not terminated.
    pub fn is_running(&self) -> bool {
        self.answer == Answer::Reported(Report::Running)
    }

    /// Whether it said that it does not know, or reported an error.
    pub fn is_ignorant(&self) -> bool {
        matches!(self.answer, Answer::Reported(Report::Unknown) | Answer::Failed(_))
    }
}

impl Shown for Answered {
    fn unanswered(&self) -> Option<NoAnswer> {
        match self.answer {
            Answer::Hung => Some(NoAnswer::Hung),
            Answer::Crashed => Some(NoAnswer::Crashed),
            Answer::Reported(_) | Answer::Failed(_) => None,
        }
    }

    fn change_of(&self, _: &Child) -> Shows<Change> {
        let Answer::Reported(report) = self.answer else { return Shows::No };
        match (report, self.form) {
            (Report::Running | Report::Unknown, _) => Shows::No,
            (Report::Signal(signal, core), Form::CodeOrSignal) => Shows::Yes(Change::Killed(signal, core)),
            (Report::Signal(..), _) => Shows::No,
            (Report::Code(code @ 0..=255), Form::CodeOrSignal | Form::Negative) => {
                Shows::Yes(Change::Exited(code as i32))
            }
            (Report::Code(code @ 0..=128), Form::Shell) => Shows::Yes(Change::Exited(code as i32)),
            (Report::Code(129..=255), Form::Shell) => {
                Shows::NotObservable("128 + n may be a signal or an exit code")
            }
            (Report::Code(code @ -64..=-1), Form::Negative) => {
                Shows::Yes(Change::Killed(Signal::from_number_on(-code as i32, self.system), false))
            }
            (Report::Code(code @ 0..=255), Form::Code) => Shows::Yes(Change::Exited(code as i32)),
            (Report::Code(_), Form::Code) => Shows::NotObservable("the form does not show signals"),
            (Report::Code(code), _) => Shows::Yes(Change::Unknown(code)),
        }
    }

    fn outcome(&self) -> String {
        match &self.answer {
            Answer::Reported(Report::Running) => "running".into(),
            Answer::Reported(Report::Unknown) => "unknown".into(),
            Answer::Reported(Report::Code(code)) => format!("code {code}"),
            Answer::Reported(Report::Signal(signal, false)) => format!("signal {signal}"),
            Answer::Reported(Report::Signal(signal, true)) => format!("signal {signal}, core dumped"),
            Answer::Failed(errno) => format!("error {errno}"),
            Answer::Hung => "no answer".into(),
            Answer::Crashed => "the agent died".into(),
        }
    }
}

impl Interface for Agent {
    fn start(&mut self, core: &mut Core<'_>, birth: &Birth) -> Result<Started, Abort> {
        core.link.send(&[To::Agent(birth.request.clone())])?;
        let reply = core.link.agent_reply(birth.id, PROMPT, "spawn")?;
        let pid = core.pid_of(&reply)?;
        self.handles.push((birth.name.clone(), birth.id));
        Ok(Started::Forked(pid))
    }
}

impl Trial<'_> {
    /// Asks the handle of a child without waiting.
    pub fn poll(&mut self, child: &Child) -> Result<Answered, Abort> {
        let handle = self.handle(child)?;
        self.ask(child, Request::Poll { handle })
    }

    /// Waits for the result.
    pub fn wait(&mut self, child: &Child) -> Result<Answered, Abort> {
        let handle = self.handle(child)?;
        self.ask(child, Request::Wait { handle, timeout: None })
    }

    /// The same for that long at most.
    pub fn wait_for(&mut self, child: &Child, timeout: Duration) -> Result<Answered, Abort> {
        let handle = self.handle(child)?;
        self.ask(child, Request::Wait { handle, timeout: Some(ms(timeout)) })
    }

    /// Has the agent reap a child behind the back of its handle.
    pub fn steal(&mut self, child: &Child) -> Outcome {
        let handle = self.handle(child)?;
        match self.ask(child, Request::Steal { handle })?.answer {
            Answer::Reported(_) => Ok(()),
            _ => Err(Abort::Broken(format!("the agent cannot reap {} by the raw call", child.name))),
        }
    }

    fn handle(&self, child: &Child) -> Result<u64, Abort> {
        let handle = self.with.handles.iter().find(|(name, _)| *name == child.name);
        handle
            .map(|(_, handle)| *handle)
            .ok_or_else(|| Abort::Broken(format!("{} has no handle", child.name)))
    }

    fn ask(&mut self, child: &Child, request: Request) -> Result<Answered, Abort> {
        let line = request.to_line();
        let word = line.word().to_owned();
        let timeout = line.get("timeout").map(|ms| format!(", {ms} ms")).unwrap_or_default();
        self.core.did.push(format!("{word}({}{timeout})", child.name));
        let id = self.core.link.id();
        self.core.link.send(&[To::Agent(line.with("id", id))])?;
        let answer = match self.core.link.judged_reply(id, PROMPT) {
            Ok(reply) => match reply.word() {
                "unsupported" => return Err(not_offered(&reply)),
                "err" => Answer::Failed(reply.get("errno").unwrap_or_default()),
                _ if matches!(request, Request::Steal { .. }) => Answer::Reported(Report::Unknown),
                _ => Answer::Reported(
                    Report::from_line(&reply)
                        .map_err(|why| Abort::Protocol(format!("reply to {word}: {why}")))?,
                ),
            },
            Err(LinkError::Late(_)) => Answer::Hung,
            Err(LinkError::AgentGone) => Answer::Crashed,
            Err(other) => return Err(other.into()),
        };
        Ok(Answered { answer, form: self.with.form, system: self.system })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_shows_what_it_can() {
        let child = Child { name: "A".into(), pid: 7 };
        let shown = |form, report| {
            Answered { answer: Answer::Reported(report), form, system: System::HOST }.change_of(&child)
        };
        let exited = |code| Shows::Yes(Change::Exited(code));
        let killed = |signal| Shows::Yes(Change::Killed(signal, false));
        for form in Form::ALL {
            assert_eq!(shown(form, Report::Code(7)), exited(7), "{form:?}");
            assert_eq!(shown(form, Report::Running), Shows::No);
        }
        assert_eq!(shown(Form::CodeOrSignal, Report::Signal(Signal::TERM, false)), killed(Signal::TERM));
        assert_eq!(shown(Form::CodeOrSignal, Report::Code(143)), exited(143));
        assert_eq!(shown(Form::Negative, Report::Code(-15)), killed(Signal::TERM));
        assert!(matches!(shown(Form::Shell, Report::Code(143)), Shows::NotObservable(_)));
        assert!(matches!(shown(Form::Code, Report::Code(-1)), Shows::NotObservable(_)));
    }

    #[test]
    fn what_is_missing_is_named() {
        let both = Abilities::TIMEOUT.with(Abilities::STEAL);
        assert_eq!(both.missing_in(&["timeout".into(), "steal".into()]), None);
        assert_eq!(both.missing_in(&["timeout".into()]), Some("steal"));
        assert_eq!(Abilities::NONE.missing_in(&[]), None);
    }
}
