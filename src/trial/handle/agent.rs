//! What a case asks of handles and their agent.

use super::answered::{Answer, Answered};
use crate::protocol::Line;
use crate::protocol::agent::{Disposition, MaskChange};
use crate::protocol::codec::Words;
use crate::protocol::handle::{Form, HandleReport, Polling, Request, usage_in};
use crate::protocol::warden::Request as WardenRequest;
use crate::scenario::Scenario;
use crate::trial::abort::{Abort, Outcome};
use crate::trial::children::not_offered;
use crate::trial::core::{self, Birth, Child, Core, Interface, Started};
use crate::trial::deadline::{AT_ONCE, PROMPT, ms};
use crate::trial::due::pause;
use crate::trial::expect::Expect;
use crate::trial::link::connection::{LinkError, To};
use crate::trial::making::By;
use crate::trial::shown::{Shown, Shows};
use crate::trial::verdict::Failure;
use crate::wait::{Signal, System};
use std::time::{Duration, Instant};

/// The handles in a trial: one for each child, by the id of the request that created it.
#[derive(Debug)]
pub struct Agent {
    form: Form,
    /// Each child's handle, by the child's name.
    handles: Vec<(String, u64)>,
}

impl Agent {
    /// An agent that reports results in that form, with no children yet.
    pub(crate) fn new(form: Form) -> Agent {
        Agent { form, handles: Vec::new() }
    }

    fn handle(&self, child: &Child) -> Result<u64, Abort> {
        let handle = self.handles.iter().find(|(name, _)| *name == child.name);
        handle
            .map(|(_, handle)| *handle)
            .ok_or_else(|| Abort::Broken(format!("{} has no handle", child.name)))
    }
}

/// A running trial of handles.
pub type Trial<'a> = core::Trial<'a, Agent>;

/// A request that was sent and whose answer has not been asked for.
#[derive(Debug)]
pub struct Pending {
    id: u64,
    request: Request,
}

impl Pending {
    /// The timeout of the request itself, if it passes within a trial.
    fn itself(&self) -> Duration {
        let timeout = match self.request {
            Request::Wait { timeout: Some(ms), .. } => Duration::from_millis(ms),
            _ => Duration::ZERO,
        };
        if timeout <= PROMPT { timeout } else { Duration::ZERO }
    }
}

impl Interface for Agent {
    fn start(&mut self, core: &mut Core<'_>, birth: &Birth) -> Result<Started, Abort> {
        let request = Request::Spawn { argv: Words::of(&birth.argv), pipes: false };
        core.link.send(&[To::Agent(request.to_line().with("id", birth.id))])?;
        self.born(core, birth)
    }
}

impl Agent {
    /// Records a child that the agent says it created.
    fn born(&mut self, core: &mut Core<'_>, birth: &Birth) -> Result<Started, Abort> {
        let reply = core.link.agent_reply(birth.id, PROMPT, "spawn")?;
        let pid = core.pid_of(&reply)?;
        self.handles.push((birth.name.clone(), birth.id));
        Ok(Started::Forked(pid))
    }
}

/// The time between two signals, however slow the machine: far shorter than a timeout that they could extend.
const BETWEEN: Duration = Duration::from_millis(50);

/// How long to wait for an answer that may never come.
const SOON: Duration = Duration::from_millis(500);

impl Trial<'_> {
    /// Creates a child by that request instead of a plain spawn.
    fn spawn_by(
        &mut self,
        scenario: &Scenario,
        request: impl FnOnce(Words) -> Request,
    ) -> Result<Child, Abort> {
        let birth = self.core.birth(&By::Fork { thread: 0 }, scenario);
        self.spawn_of(birth, request)
    }

    fn spawn_of(&mut self, birth: Birth, request: impl FnOnce(Words) -> Request) -> Result<Child, Abort> {
        let request = request(Words::of(&birth.argv));
        self.core.link.send(&[To::Agent(request.to_line().with("id", birth.id))])?;
        let started = self.with.born(&mut self.core, &birth)?;
        self.core.join(birth, started)
    }

    /// Creates a child whose standard output the runtime reads.
    pub fn spawn_with_pipes(&mut self, scenario: &Scenario) -> Result<Child, Abort> {
        self.spawn_by(scenario, |argv| Request::Spawn { argv, pipes: true })
    }

    /// Creates a child whose standard output the runtime reads, and which closes it before it says hello.
    pub fn spawn_without_output(&mut self, scenario: &Scenario) -> Result<Child, Abort> {
        self.spawn_by(scenario, |argv| {
            let shell =
                ["/bin/sh", "-c", "exec \"$@\" >/dev/null", "sh"].map(|word| word.as_bytes().to_vec());
            Request::Spawn { argv: Words::of(shell.into_iter().chain(argv.0)), pipes: true }
        })
    }

    /// Creates a child, unless the agent does not get round to it.
    pub fn spawn_in_time(&mut self, scenario: &Scenario) -> Result<Option<Child>, Abort> {
        let birth = self.core.birth(&By::Fork { thread: 0 }, scenario);
        let request = Request::Spawn { argv: Words::of(&birth.argv), pipes: false };
        self.core.link.send(&[To::Agent(request.to_line().with("id", birth.id))])?;
        match self.core.link.await_reply(birth.id, PROMPT) {
            Ok(()) => {}
            Err(LinkError::Late(_)) => return Ok(None),
            Err(other) => return Err(other.into()),
        }
        let started = self.with.born(&mut self.core, &birth)?;
        self.core.join(birth, started).map(Some)
    }

    /// Creates a child that keeps the signal dispositions and the mask that it starts with.
    pub fn spawn_unshielded(&mut self, scenario: &Scenario) -> Result<Child, Abort> {
        let birth = self.unshielded(scenario);
        self.spawn_of(birth, |argv| Request::Spawn { argv, pipes: false })
    }

    /// The same by a raw fork, without a handle.
    pub fn fork_unshielded(&mut self, scenario: &Scenario) -> Result<Child, Abort> {
        let birth = self.unshielded(scenario);
        self.spawn_of(birth, |argv| Request::Fork { argv })
    }

    fn unshielded(&mut self, scenario: &Scenario) -> Birth {
        let mut birth = self.core.birth(&By::Fork { thread: 0 }, scenario);
        birth.argv.insert(self.core.agent.child.len(), "--keep-signals".to_owned());
        birth
    }

    /// Creates a child by a raw fork, without a handle.
    pub fn fork(&mut self, scenario: &Scenario) -> Result<Child, Abort> {
        self.spawn_by(scenario, |argv| Request::Fork { argv })
    }

    /// Creates a child for each scenario, all requested at once.
    pub fn spawn_all(&mut self, scenarios: impl IntoIterator<Item = Scenario>) -> Result<Vec<Child>, Abort> {
        let mut children = Vec::new();
        let mut scenarios = scenarios.into_iter().peekable();
        while scenarios.peek().is_some() {
            let births: Vec<Birth> = scenarios
                .by_ref()
                .take(AT_ONCE)
                .map(|s| self.core.birth(&By::Fork { thread: 0 }, &s))
                .collect();
            let request = |birth: &Birth| {
                let request = Request::Spawn { argv: Words::of(&birth.argv), pipes: false };
                To::Agent(request.to_line().with("id", birth.id))
            };
            let lines: Vec<To> = births.iter().map(request).collect();
            self.core.link.send(&lines)?;
            for birth in births {
                let started = self.with.born(&mut self.core, &birth)?;
                children.push(self.core.join(birth, started)?);
            }
        }
        Ok(children)
    }

    /// Has the agent run a program that is not a child of the trial: returns the error, or the child if one was created.
    pub fn spawn_program(&mut self, words: &[&str]) -> Result<Result<Child, Answered>, Abort> {
        self.core.steps.push(format!("spawn {}", words.join(" ")));
        let id = self.core.link.id();
        let request = Request::Spawn { argv: Words::of(words), pipes: false };
        self.core.link.send(&[To::Agent(request.to_line().with("id", id))])?;
        let answered = self.answered(&Pending { id, request })?;
        if answered.answer != Answer::Done {
            return Ok(Err(answered));
        }
        let child = Child { name: "X".to_owned(), pid: 0 };
        self.with.handles.push((child.name.clone(), id));
        Ok(Ok(child))
    }

    /// Polls the handle of a child without waiting.
    pub fn poll(&mut self, child: &Child) -> Result<Answered, Abort> {
        let handle = self.with.handle(child)?;
        self.ask(&child.name, Request::Poll { handle })
    }

    /// The same for a child that has terminated: if a poll only shows what an event loop has noticed, it is repeated
    /// until it reports something.
    pub fn poll_exited(&mut self, child: &Child) -> Result<Answered, Abort> {
        let began = Instant::now();
        let deadline = self.core.scaled(PROMPT);
        let mut turns = 0;
        loop {
            let answered = self.poll(child)?;
            if self.looks_directly() || !answered.is_running() || began.elapsed() > deadline {
                return Ok(answered);
            }
            self.core.steps.pop();
            turns += 1;
            crate::sys::makeshift::pause(pause(turns));
        }
    }

    /// Whether the handle asks the system, rather than showing what an event loop has noticed.
    pub fn looks_directly(&self) -> bool {
        self.core.info.polling != Some(Polling::Loop)
    }

    /// Waits for the result.
    pub fn wait(&mut self, child: &Child) -> Result<Answered, Abort> {
        let pending = self.begin_wait(child, None)?;
        self.finish(&pending)
    }

    /// The same, for at most that long.
    pub fn wait_for(&mut self, child: &Child, timeout: Duration) -> Result<Answered, Abort> {
        let pending = self.begin_wait(child, Some(timeout))?;
        self.finish(&pending)
    }

    /// Begins a wait.
    pub fn begin_wait(&mut self, child: &Child, timeout: Option<Duration>) -> Result<Pending, Abort> {
        let handle = self.with.handle(child)?;
        self.begin(&child.name, Request::Wait { handle, timeout: timeout.map(ms) })
    }

    /// Begins a wait for each child, all requested at once.
    pub fn begin_waits<'c>(
        &mut self,
        children: impl IntoIterator<Item = &'c Child>,
    ) -> Result<Vec<Pending>, Abort> {
        children.into_iter().map(|child| self.begin_wait(child, None)).collect()
    }

    /// Whether the answer to a request has arrived.
    pub fn has_come(&self, pending: &Pending) -> bool {
        self.core.link.has_reply(pending.id)
    }

    /// Makes sure that the agent has read all earlier requests, by sending one that it answers at once, and gives it a moment
    /// to block in what it has begun.
    pub fn await_read(&mut self) -> Outcome {
        let id = self.core.link.id();
        // Whatever other requests an agent knows, it does not know this one.
        self.core.link.send(&[To::Agent(Line::new("no-such-request").with("id", id))])?;
        match self.core.link.agent_reply(id, PROMPT, "a request that it does not know") {
            Ok(_) => self.core.let_agent_block(),
            Err(LinkError::AgentGone) => Err(Abort::Crash(Box::new(Failure {
                clause: self.core.cited[0],
                expected: "the agent to stay alive".to_owned(),
                got: "the agent died during a wait".to_owned(),
            }))),
            Err(other) => Err(other.into()),
        }
    }

    /// Waits for the answer to a request.
    pub fn finish(&mut self, pending: &Pending) -> Result<Answered, Abort> {
        self.answered(pending)
    }

    /// Sends a signal through the handle of a child.
    pub fn kill(&mut self, child: &Child, sig: Signal) -> Result<Answered, Abort> {
        let handle = self.with.handle(child)?;
        self.ask(&format!("{}, {sig}", child.name), Request::Kill { handle, sig })
    }

    /// Drops the handle of a child.
    pub fn drop_handle(&mut self, child: &Child) -> Outcome {
        let handle = self.with.handle(child)?;
        self.must(&child.name, Request::Drop { handle })
    }

    /// Has the agent reap a child by a raw wait call: returns the report, or the error.
    pub fn steal(&mut self, child: &Child) -> Result<Answered, Abort> {
        let handle = self.with.handle(child)?;
        let answered = self.ask(&child.name, Request::Steal { handle })?;
        Ok(Answered { form: Form::Word, shows_core: true, ..answered })
    }

    /// Sets the agent's action on a signal.
    pub fn sigaction(&mut self, sig: Signal, action: Disposition, nocldwait: bool) -> Outcome {
        self.must(&sig.to_string(), Request::Sigaction { sig, action, nocldwait })
    }

    /// Changes the signal mask of the agent's main thread.
    pub fn sigprocmask(&mut self, how: MaskChange, sig: Signal) -> Outcome {
        self.must(&sig.to_string(), Request::Sigprocmask { how, sig })
    }

    /// Whether the handles have that ability.
    pub fn shows(&self, ability: &str) -> bool {
        self.core.info.abilities.iter().any(|known| known == ability)
    }

    /// Whether the answer to a request arrives within a second or two; the full deadline is for answers that must come.
    pub fn comes_soon(&mut self, pending: &Pending) -> Result<bool, Abort> {
        match self.core.link.await_reply(pending.id, SOON) {
            Ok(()) => Ok(true),
            Err(LinkError::Late(_)) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    /// Whether the answer to a request arrives although the agent is sent that signal again and again.
    pub fn comes_under_signals(&mut self, pending: &Pending, sig: Signal) -> Result<bool, Abort> {
        let began = Instant::now();
        while began.elapsed() < pending.itself() + self.core.scaled(PROMPT) {
            match self.core.link.await_reply_after(BETWEEN, pending.id, Duration::ZERO) {
                Ok(()) => return Ok(true),
                Err(LinkError::Late(_)) => self.core.signal_agent(sig)?,
                Err(other) => return Err(other.into()),
            }
        }
        Ok(false)
    }

    /// The CPU time that the agent has used, in microseconds.
    pub fn agent_cpu(&mut self) -> Result<i64, Abort> {
        let line = self.agent_activity()?;
        line.number("cpu").map_err(|_| Abort::Skip("the process table does not show CPU times".to_owned()))
    }

    /// How many times the threads of the agent have gone to sleep.
    pub fn agent_switches(&mut self) -> Result<i64, Abort> {
        let line = self.agent_activity()?;
        line.number("switches")
            .map_err(|_| Abort::Skip("the process table does not show switches".to_owned()))
    }

    /// The number of descriptors and that of threads of the agent.
    pub fn agent_holds(&mut self) -> Result<(i64, i64), Abort> {
        let line = self.agent_activity()?;
        let skip = |_| Abort::Skip("the process table shows neither descriptors nor threads".to_owned());
        Ok((line.number("descriptors").map_err(skip)?, line.number("threads").map_err(skip)?))
    }

    fn agent_activity(&mut self) -> Result<Line, Abort> {
        let request = WardenRequest::State { of: "agent".to_owned() };
        self.core.link.ask_warden(&request, PROMPT).map_err(Abort::from)
    }

    /// Creates a process that has the pid of a child that was reaped, in the agent's PID namespace, and blocks every
    /// signal.
    pub fn make_decoy(&mut self, child: &Child) -> Outcome {
        self.core.steps.push(format!("a decoy takes the pid of {}", child.name));
        let reply = self.core.link.ask_warden(&WardenRequest::Decoy { pid: child.pid }, PROMPT)?;
        match reply.word() {
            "ok" => Ok(()),
            _ => Err(Abort::Skip(format!(
                "no process can be given a pid here: {}",
                reply.get("why").unwrap_or_default()
            ))),
        }
    }

    /// The signals pending for the decoy.
    pub fn pending_for_decoy(&mut self) -> Result<Vec<String>, Abort> {
        let reply = self.core.link.ask_warden(&WardenRequest::Pending {}, PROMPT)?;
        match reply.word() {
            "ok" => Ok(reply.list("sigs")),
            _ => Err(Abort::Broken(reply.get("why").unwrap_or_default())),
        }
    }

    fn must(&mut self, of: &str, request: Request) -> Outcome {
        let word = request.word();
        match self.ask(of, request)?.answer {
            Answer::Done => Ok(()),
            Answer::Failed(errno) => Err(Abort::Broken(format!("the agent cannot {word}: {errno}"))),
            _ => Err(Abort::Broken(format!("the agent does not answer {word}"))),
        }
    }

    fn ask(&mut self, of: &str, request: Request) -> Result<Answered, Abort> {
        let pending = self.begin(of, request)?;
        self.finish(&pending)
    }

    fn begin(&mut self, of: &str, request: Request) -> Result<Pending, Abort> {
        let line = request.to_line();
        let timeout = line.get("timeout").map(|ms| format!(", {ms} ms")).unwrap_or_default();
        let action = line.get("do").or(line.get("how")).map(|what| format!(", {what}")).unwrap_or_default();
        self.core.steps.push(format!("{}({of}{timeout}{action})", request.word()));
        let id = self.core.link.id();
        self.core.link.send(&[To::Agent(line.with("id", id))])?;
        Ok(Pending { id, request })
    }

    fn answered(&mut self, pending: &Pending) -> Result<Answered, Abort> {
        let request = &pending.request;
        let word = request.word();
        let broke = |why: String| Abort::Protocol(format!("reply to {word}: {why}"));
        let mut usage = None;
        let answer = match self.core.link.judged_reply(pending.itself(), pending.id, PROMPT) {
            Ok(reply) => match reply.word() {
                "unsupported" => return Err(not_offered(&reply)),
                "malformed" => {
                    let why = reply.get("why").unwrap_or_default();
                    return Err(Abort::Broken(format!(
                        "the agent calls the request {word} malformed: {why}"
                    )));
                }
                "err" => Answer::Failed(reply.text("errno").map_err(|e| broke(e.to_string()))?),
                _ => {
                    usage = usage_in(&reply);
                    match request {
                        Request::Poll { .. } | Request::Wait { .. } | Request::Steal { .. } => {
                            let report = HandleReport::from_line(&reply).map_err(broke)?;
                            let is_stolen = matches!(request, Request::Steal { .. });
                            if !is_stolen && !report.is_of(self.with.form) {
                                let form = self.with.form.name();
                                return Err(broke(format!("no result of the form {form}: {reply}")));
                            }
                            Answer::Reported(report)
                        }
                        _ => Answer::Done,
                    }
                }
            },
            Err(LinkError::Late(_)) => Answer::Hung,
            Err(LinkError::AgentGone) => Answer::Crashed,
            Err(other) => return Err(other.into()),
        };
        let shows_core = self.shows("core");
        let system: System = self.core.system;
        let answered = Answered { answer, usage, form: self.with.form, shows_core, system };
        let of = match request {
            Request::Poll { handle } | Request::Wait { handle, .. } => Some(*handle),
            _ => None,
        };
        let name = self.with.handles.iter().find(|(_, handle)| Some(*handle) == of).map(|(name, _)| name);
        let child = self.core.children().find(|child| Some(&child.name) == name).cloned();
        if let Some(child) = child
            && let Shows::Yes(change) = answered.change_of(&child)
        {
            self.core.was_reported_as(child.pid, Some(change));
        }
        Ok(answered)
    }
}

impl Expect<'_, '_> {
    /// The handle reports that the child has not terminated.
    pub fn runs(self, answered: &Answered) -> Outcome {
        let this = self.returned(answered, "running")?;
        this.check(answered.is_running(), || "running".to_owned(), || answered.outcome())
    }

    /// The wait has not returned.
    pub fn waits(self, pending: &Pending) -> Outcome {
        let has_come = self.core.link.has_reply(pending.id);
        self.check(!has_come, || "no return while the child lives".to_owned(), || "a return")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_that_passes_in_the_trial_is_added_to_the_deadline() {
        let itself = |timeout| Pending { id: 1, request: Request::Wait { handle: 1, timeout } }.itself();
        assert_eq!(itself(Some(1100)), Duration::from_millis(1100));
        assert_eq!(itself(Some(3_600_000)), Duration::ZERO);
        assert_eq!(itself(None), Duration::ZERO);
    }
}
