//! The interface `program`: a program that runs a program, started by the warden.

use super::abort::{Abort, Outcome};
use super::core::{self, Birth, Child, Core, Interface, Started};
use super::deadline::{PROMPT, ms};
use super::link::LinkError;
use super::shown::{NoAnswer, Shown, Shows};
use crate::protocol::Change;
use crate::protocol::codec::Words;
use crate::protocol::handle::Report;
use crate::protocol::warden::{ProcessState, Request};
use std::time::{Duration, Instant};

/// The run of a program; a trial may have several, one after the other.
#[derive(Debug, Default)]
pub struct Run {}

/// A running trial of a program.
pub type Trial<'a> = core::Trial<'a, Run>;

/// How a run ended.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum ProgramOutcome {
    /// With this change of the program itself.
    Ended(Change),
    /// It had not exited in time.
    Hung,
}

impl ProgramOutcome {
    /// The exit code, if it exited.
    pub fn code(self) -> Option<i32> {
        match self {
            ProgramOutcome::Ended(Change::Exited(code)) => Some(code),
            _ => None,
        }
    }
}

/// The exit of the program stands for that of the child.
impl Shown for ProgramOutcome {
    fn unanswered(&self) -> Option<NoAnswer> {
        (*self == ProgramOutcome::Hung).then_some(NoAnswer::Hung)
    }

    fn change_of(&self, _: &Child) -> Shows<Change> {
        match self {
            ProgramOutcome::Ended(change) => Shows::Yes(*change),
            ProgramOutcome::Hung => Shows::No,
        }
    }

    fn outcome(&self) -> String {
        match self {
            ProgramOutcome::Ended(change) => format!("the program {change}"),
            ProgramOutcome::Hung => "the program has not exited".into(),
        }
    }
}

/// How long a single look takes, between two of which the program may exit.
const TURN: Duration = Duration::from_millis(100);

impl Interface for Run {
    fn start(&mut self, core: &mut Core<'_>, birth: &Birth) -> Result<Started, Abort> {
        begin(core, &birth.argv)?;
        let began = Instant::now();
        let patience = core.link.patience("a connection of a child".to_owned(), PROMPT);
        loop {
            let hello = core.link.child_line(&birth.name, "hello", None, TURN);
            let gone = match hello {
                Ok(hello) => {
                    let pid = hello.number("pid").map_err(|e| Abort::Protocol(format!("hello: {e}")))?;
                    return Ok(Started::Greeted(pid));
                }
                Err(LinkError::Late(_)) => exit_within(core, Duration::ZERO)?,
                Err(other) => return Err(other.into()),
            };
            if let Some(ran) = gone {
                // The child may have said hello, and the program have exited, before the warden came to read it.
                if let Ok(hello) = core.link.child_line(&birth.name, "hello", None, TURN) {
                    let pid = hello.number("pid").map_err(|e| Abort::Protocol(format!("hello: {e}")))?;
                    return Ok(Started::Greeted(pid));
                }
                return Err(Abort::Broken(format!("{} before its child connected", ran.outcome())));
            }
            if began.elapsed() > patience.time {
                core.link.did_not_come(patience)?;
                return Err(Abort::Broken("the program did not run its child".into()));
            }
        }
    }
}

/// Has the warden start the program with that command as its argument.
fn begin(core: &mut Core<'_>, argv: &[String]) -> Outcome {
    let argv = Some(Words::of(core.agent.program.iter().chain(argv)));
    let request =
        Request::Open { nonce: core.agent.nonce.clone(), subject: None, argv, program: true, begin: None };
    let reply = core.link.ask_warden(&request, PROMPT)?;
    if reply.word() != "ok" {
        return Err(Abort::Broken(reply.get("why").unwrap_or_default()));
    }
    core.processes += 1;
    Ok(())
}

/// The exit of the program, if it comes within that time.
fn exit_within(core: &mut Core<'_>, within: Duration) -> Result<Option<ProgramOutcome>, Abort> {
    let request = Request::Exit { within: ms(core.link.scaled(within)) };
    let reply = core.link.ask_warden(&request, within + PROMPT)?;
    match reply.word() {
        "ok" => {
            let change = match Report::from_line(&reply).map_err(Abort::Broken)? {
                Report::Code(code) => Change::Exited(code as i32),
                Report::Signal(signal, core) => Change::Killed(signal, core),
                other => return Err(Abort::Broken(format!("the warden reaped {other:?}"))),
            };
            Ok(Some(ProgramOutcome::Ended(change)))
        }
        "late" => Ok(None),
        _ => Err(Abort::Broken(reply.get("why").unwrap_or_default())),
    }
}

impl Trial<'_> {
    /// Has the program run a command that is no child of the trial, as one that is not there.
    pub fn run(&mut self, command: &str) -> Result<ProgramOutcome, Abort> {
        self.core.steps.push(format!("run {command}"));
        begin(&mut self.core, &[command.to_owned()])?;
        self.exit()
    }

    /// Waits until the program has exited.
    pub fn exit(&mut self) -> Result<ProgramOutcome, Abort> {
        self.core.steps.push("await the exit of the program".to_owned());
        Ok(exit_within(&mut self.core, PROMPT)?.unwrap_or(ProgramOutcome::Hung))
    }

    /// Whether the program has exited.
    pub fn has_exited(&mut self) -> Result<bool, Abort> {
        Ok(exit_within(&mut self.core, Duration::ZERO)?.is_some())
    }

    /// Waits until a child that was told to stop has done so, or is gone because the program took that for its end.
    pub fn await_stopped_or_exit(&mut self, child: &Child) -> Outcome {
        let began = Instant::now();
        // Each turn is a round trip.
        while began.elapsed() < self.link.scaled(PROMPT) {
            if self.state(child)? == ProcessState::Stopped || self.has_exited()? {
                return Ok(());
            }
        }
        Err(Abort::Broken(format!("{} did not stop", child.name)))
    }
}
