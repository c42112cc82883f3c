//! What a case does with children: creates them, gives them steps, signals them and watches them.

use super::abort::{Abort, Outcome};
use super::core::{Birth, Child, Core, Interface, Known, Started, Trial};
use super::deadline::{PROMPT, STATE};
use super::link::connection::{LinkError, To};
use super::making::{Begun, By, Making, named};
use super::missing::Of;
use super::states::{adopt, state_of};
use super::verdict::Failure;
use crate::protocol::Line;
use crate::protocol::agent::{Image, Request as AgentRequest};
use crate::protocol::codec::Words;
use crate::protocol::wait::errno_of;
use crate::protocol::warden::{ProcessState, Request};
use crate::scenario::{Scenario, Step};
use crate::sys::call::abi::Usage;
use crate::wait::Signal;
use crate::wait::errno::Errno;
use std::time::Instant;

/// A trial with at least this many children may exceed a limit of the environment: EAGAIN from fork then skips the
/// trial. In any other trial it means that the process table is full.
const MANY: usize = 32;

/// How many times in a row, a second apart, a child must be seen in a tracing stop before it is assumed to stay there.
const TRAPPED: u32 = 4;

impl<I: Interface> Trial<'_, I> {
    /// Creates a child that runs this scenario.
    pub fn spawn(&mut self, scenario: Scenario) -> Result<Child, Abort> {
        let birth = self.core.birth(&By::Fork { thread: 0 }, &scenario);
        let started = self.with.start(&mut self.core, &birth)?;
        self.core.join(birth, started)
    }
}

impl Core<'_> {
    /// Builds the request for a child without sending anything yet.
    pub(crate) fn birth(&mut self, by: &By, scenario: &Scenario) -> Birth {
        let name = child_name(self.named);
        self.named += 1;
        let steps = scenario.lines();
        let held_or_steps = if steps.is_empty() { "held".to_owned() } else { steps.join("; ") };
        self.steps.push(format!("{} {name} ({held_or_steps}){}", by.word(), by.details()));
        // A child that exits by itself and reports nothing needs no connection, which makes it three times cheaper. A
        // child that dumps core needs one, since it then runs in a directory that is removed.
        let connects = scenario.is_held() || scenario.steps.iter().any(|s| s.reports() || s.may_dump());
        let token = self.token(&name);
        let mut argv = self.child_argv(connects, &token, &steps);
        let thread = by.thread();
        if thread.is_some() || !self.agent.program.is_empty() {
            // A program may legitimately let its child outlive it.
            // The parent-death signal is tied to the thread that forks, which may exit before the child.
            argv.insert(self.agent.child.len(), "--orphan".to_owned());
        }
        let command = argv.clone();
        let argv = Words::of(argv);
        // If the agent is this crate, it need not exec a child program.
        let forked = !scenario.fresh && self.common.child.is_none();
        let (image, words) =
            if forked { (Some(Image::Any), Some(self.agent.child.len())) } else { (None, None) };
        let request = match by {
            By::Fork { .. } => AgentRequest::Spawn { argv, image, words, thread },
            By::PosixSpawn => AgentRequest::PosixSpawn { argv, thread },
            By::Clone(how) => AgentRequest::Clone {
                argv,
                image,
                words,
                exit_signal: named(how.exit_signal),
                clone3: how.clone3,
                pidfd: how.pidfd,
                newpid: how.new_pids,
                newuser: how.new_users,
                thread,
            },
            By::Pdfork { daemon } => AgentRequest::Pdfork { argv, image, words, daemon: *daemon },
            By::Autoreap(how) => AgentRequest::Autoreap {
                argv,
                image,
                words,
                exit_signal: named(how.exit_signal),
                pidfd: how.pidfd,
                autokill: how.autokill,
            },
        };
        let id = self.link.id();
        let request = request.to_line().with("id", id);
        let awaited = scenario.is_held() && !steps.is_empty() && !scenario.steps.iter().any(Step::holds_up);
        let making = Making::of(by, scenario);
        Birth { name, id, request, argv: command, connects, awaited, making }
    }

    /// The error of a request that failed.
    pub(crate) fn errno(&self, reply: &Line) -> Result<Errno, Abort> {
        errno_of(reply, self.system).map_err(|e| Abort::Protocol(format!("a refusal: {e}")))
    }

    /// The pid in the agent's reply to a request for a child.
    pub(crate) fn pid_of(&self, reply: &Line) -> Result<i64, Abort> {
        match reply.word() {
            "ok" => match reply.number("pid") {
                Ok(pid) if pid > 0 && i32::try_from(pid).is_ok() => Ok(pid),
                Ok(pid) => Err(Abort::Protocol(format!("reply to spawn: {pid} is the pid of no child"))),
                Err(e) => Err(Abort::Protocol(format!("reply to spawn: {e}"))),
            },
            "unsupported" => Err(not_offered(reply)),
            _ => {
                let errno = self.errno(reply)?;
                Err(match errno {
                    Errno::AGAIN if self.children.len() >= MANY => {
                        Abort::Skip("the environment does not allow this many processes: EAGAIN".into())
                    }
                    _ => Abort::Broken(format!("the agent cannot spawn a child: {errno}")),
                })
            }
        }
    }

    /// Adds a child that was created to the trial, and waits for its hello if it connects.
    pub(crate) fn join(&mut self, birth: Birth, started: Started) -> Result<Child, Abort> {
        let (pid, greeted) = match started {
            Started::Forked(pid) => (pid, false),
            Started::Greeted(pid) => (pid, true),
        };
        self.processes += 1;
        let child = Child { name: birth.name, pid };
        if birth.connects && !greeted {
            let said = self.greet(&child)?.number("pid").unwrap_or(pid);
            // A child in its own PID namespace sees a different pid.
            if said != pid && !birth.request.flag("newpid") {
                return Err(Abort::Protocol(format!(
                    "reply to spawn: it says pid {pid}, and the child {said}"
                )));
            }
        }
        if birth.awaited {
            // It says hello before it does its steps. A signal sent before they were done would hit it in the wrong
            // state.
            let id = self.send_step(&child, &Step::Getids)?;
            let reply = self.await_step(&child, id)?;
            if reply.word() != "ok" {
                return Err(self.step_failed(&reply.get("step").unwrap_or_default(), &reply));
            }
        }
        let (connects, making) = (birth.connects, birth.making);
        self.children.push(Known { child: child.clone(), adopted: connects, connects, making });
        Ok(child)
    }

    /// Waits for the hello of a child that connects, and returns it.
    fn greet(&mut self, child: &Child) -> Result<Line, Abort> {
        if let Some(pipes) = self.common.pipes.filter(|pipes| slot(&child.name) >= *pipes) {
            return Err(Abort::Skip(format!("more than the {pipes} children that can connect here")));
        }
        let began = Instant::now();
        let whole = self.link.patience(Of::Processes, "a connection of a child".to_owned(), PROMPT);
        let mut patience = PROMPT / 100;
        let mut trapped = 0;
        loop {
            match self.link.child_line(&child.name, "hello", None, patience) {
                Ok(hello) => return Ok(hello),
                Err(LinkError::Late(_)) => {}
                Err(other) => return Err(other.into()),
            }
            let state = self.state_unknown(child)?;
            let ended = matches!(state, Some(ProcessState::Zombie | ProcessState::Gone));
            // A tracer of other processes resumes them.
            trapped = if state == Some(ProcessState::TracingStop) { trapped + 1 } else { 0 };
            if trapped >= TRAPPED {
                return Err(Abort::Skip(format!(
                    "the program that child {} runs executes another one, at which it is trapped again",
                    child.name
                )));
            }
            // It may have said hello and died before the warden read it.
            if ended && let Ok(hello) = self.link.child_line(&child.name, "hello", None, PROMPT / 10) {
                return Ok(hello);
            }
            let late = began.elapsed() > whole.time;
            if late && !ended {
                self.link.did_not_come(whole.clone())?;
            }
            if ended || late {
                let how = if ended { "terminated before it connected" } else { "did not connect" };
                let program = self.agent.child.join(" ");
                return Err(Abort::Broken(format!(
                    "child {} (pid {}) {how}: can `{program}` be run?",
                    child.name, child.pid
                )));
            }
            patience = if whole.is_short() { PROMPT / 100 } else { PROMPT / 10 };
        }
    }

    /// The state of a child that has not said hello, if it is known.
    fn state_unknown(&mut self, child: &Child) -> Result<Option<ProcessState>, Abort> {
        // It has a different pid in the namespace of a program.
        if !self.agent.program.is_empty() || self.link.ask_warden(&adopt(child), PROMPT)?.word() != "ok" {
            // It may be gone, or not visible here: keep waiting.
            return Ok(None);
        }
        let state = self.link.ask_warden(&Request::State { of: child.name.clone() }, PROMPT)?;
        Ok(state_of(&state))
    }

    /// Waits until a child that was told to exec runs its new image and has connected again.
    pub fn await_image(&mut self, child: &Child) -> Outcome {
        let said = self.greet(child)?;
        if said.word() == "hello" { Ok(()) } else { Err(self.step_failed("exec", &said)) }
    }

    /// Registers a process that a child created, under a name of its own; if it connects, it has said hello.
    pub fn spawn_from(&mut self, parent: &Child, make: impl FnOnce(String) -> Step) -> Result<Child, Abort> {
        let name = child_name(self.named);
        self.named += 1;
        let step = make(self.token(&name));
        let reply = self.tell_for_reply(parent, &step)?;
        let pid =
            reply.number("pid").map_err(|e| Abort::Protocol(format!("reply to {}: {e}", step.word())))?;
        self.processes += 1;
        let child = Child { name, pid };
        self.greet(&child)?;
        let making = Making::UNKNOWN;
        self.children.push(Known { child: child.clone(), adopted: true, connects: true, making });
        Ok(child)
    }

    fn token(&self, name: &str) -> String {
        format!("{}-{name}", self.agent.nonce)
    }

    /// Whether the child of that name or token has a pair of pipes, or does not need one.
    pub(super) fn has_place(&self, token: &str) -> bool {
        let name = token.rsplit('-').next().unwrap_or_default();
        self.common.pipes.is_none_or(|pipes| slot(name) < pipes)
    }

    fn child_argv(&self, connects: bool, token: &str, steps: &[String]) -> Vec<String> {
        let mut argv = self.agent.child.clone();
        // A child that connects although there is no pipe for it makes its trial a skip.
        if connects || self.has_place(token) {
            argv.extend(["--connect".into(), self.agent.socket.clone(), "--token".into(), token.to_owned()]);
            argv.extend((!connects).then(|| "--if-failed".to_owned()));
        }
        if self.common.child.is_some() {
            // A child that runs under an emulator can only be run again under that emulator.
            let words = self.agent.child.iter();
            argv.extend(words.flat_map(|word| ["--program".to_owned(), word.clone()]));
        }
        argv.extend(steps.iter().cloned());
        argv
    }

    /// Tells a held child to do a step, and waits until it is done; does not wait for a step that terminates the child.
    pub fn tell(&mut self, child: &Child, step: Step) -> Outcome {
        if step.ends() {
            self.steps.push(format!("{}: {step}", child.name));
            let id = self.send_step(child, &step)?;
            self.begun.push(Begun { id, name: child.name.clone(), word: step.word() });
            return Ok(());
        }
        self.tell_for_reply(child, &step).map(drop)
    }

    /// Tells a held child to begin a step, without waiting: the child terminates, stops or blocks in it.
    pub fn begin_step(&mut self, child: &Child, step: Step) -> Result<u64, Abort> {
        self.steps.push(format!("{}: {step}", child.name));
        let id = self.send_step(child, &step)?;
        self.begun.push(Begun { id, name: child.name.clone(), word: step.word() });
        Ok(id)
    }

    /// Tells a held child to do a step and returns its reply.
    pub fn tell_for_reply(&mut self, child: &Child, step: &Step) -> Result<Line, Abort> {
        self.steps.push(format!("{}: {step}", child.name));
        let id = self.send_step(child, step)?;
        let reply = self.await_long_step(child, id, step.cpu())?;
        if reply.word() == "ok" {
            return Ok(reply);
        }
        Err(self.step_failed(step.word(), &reply))
    }

    /// How many signals a child has caught since it was last asked; none if it is gone.
    pub fn catches(&mut self, child: &Child) -> Result<i64, Abort> {
        let told = self.try_tell(child, Step::Getids);
        Ok(told.ok().and_then(Result::ok).and_then(|reply| reply.number("caught").ok()).unwrap_or(0))
    }

    /// What a failed step means for the trial.
    pub(crate) fn step_failed(&self, step: &str, reply: &Line) -> Abort {
        if reply.word() == "unsupported" {
            // A step sent later is one that the child program lacks. An initial step may have been garbled by the
            // agent.
            if reply.id().is_some() {
                return Abort::Skip(format!("not offered: the child program has no step {step}"));
            }
            let why = reply.get("why").unwrap_or_default();
            return Abort::Broken(format!("a child does not know a step that it was given: {why}"));
        }
        let errno = match self.errno(reply) {
            Ok(errno) => errno,
            Err(abort) => return abort,
        };
        let what = format!("a child cannot perform {step} here: {errno}");
        match (step, errno) {
            // Whoever calls it, it is this system's wait that fails.
            ("wait", _) if !self.cited.is_empty() => Abort::Fail(Box::new(Failure {
                clause: self.cited[0],
                expected: "a child can wait for a child of its own".into(),
                got: errno.to_string(),
            })),
            (_, Errno::NOTSUP | Errno::OPNOTSUPP | Errno::NOSYS | Errno::PERM | Errno::TIMEDOUT) => {
                Abort::Skip(what)
            }
            // A user namespace does not map the user, or an emulator knows only the flags of fork and of threads.
            ("setuid" | "seteuid" | "setegid" | "clone" | "subreaper", Errno::INVAL) => Abort::Skip(what),
            // This system does not have the signal.
            ("kill-self" | "raise" | "incur" | "catch" | "ignore", Errno::INVAL) => Abort::Skip(what),
            // SIGTTIN or SIGTTOU interrupted a background process that it should have stopped.
            ("terminal", Errno::INTR) => Abort::Skip(what),
            _ => Abort::Broken(what),
        }
    }

    pub(crate) fn send_step(&mut self, child: &Child, step: &Step) -> Result<u64, Abort> {
        self.leave_alone(child)?;
        if step.is_last() {
            self.leave_family()?;
        }
        if let Some(known) = self.known(&child.name) {
            known.making.begins(step);
        }
        if let Step::Stop(signal) = step {
            self.stop_due(&child.name, *signal);
        }
        let id = self.link.id();
        let line = step.to_line().with("id", id);
        self.link.send(&[To::Child(child.name.clone(), line)])?;
        Ok(id)
    }

    /// What a child wrote right before it terminated (a step with `report`): its own usage, and that of the children it
    /// reaped.
    pub fn last_usage(&mut self, child: &Child) -> Result<(Usage, Usage), Abort> {
        let line = self.spoken(child, "last", None, STATE)?;
        if line.word() == "err" {
            return Err(self.step_failed(&line.get("step").unwrap_or_default(), &line));
        }
        usage_pair(&line)
    }

    /// The usage of a held child so far, and that of the children it reaped.
    pub fn usage_so_far(&mut self, child: &Child) -> Result<(Usage, Usage), Abort> {
        let line = self.tell_for_reply(child, &Step::Report)?;
        usage_pair(&line)
    }

    /// Has the warden send a signal to a child.
    pub fn signal(&mut self, child: &Child, signal: Signal) -> Outcome {
        match self.try_signal(child, signal)? {
            None => Ok(()),
            Some(errno) => Err(Abort::Broken(format!("cannot send {signal} to {}: {errno}", child.name))),
        }
    }

    /// The same, where the outcome is judged: `None` if the signal was sent, else the error.
    pub fn try_signal(&mut self, child: &Child, signal: Signal) -> Result<Option<Errno>, Abort> {
        self.leave_alone(child)?;
        self.steps.push(format!("kill({}, {signal})", child.name));
        self.adopt(child)?;
        let request = Request::Signal { to: child.name.clone(), sig: signal };
        let reply = self.link.ask_warden(&request, PROMPT)?;
        if reply.word() == "ok" {
            self.was_signalled(child, signal);
            Ok(None)
        } else {
            self.errno(&reply).map(Some)
        }
    }

    /// Has the warden freeze or thaw a child by a cgroup.
    pub fn freeze(&mut self, child: &Child, frozen: bool) -> Outcome {
        self.steps.push(format!("{}({})", if frozen { "freeze" } else { "thaw" }, child.name));
        self.adopt(child)?;
        let reply = self.link.ask_warden(&Request::Freeze { of: child.name.clone(), frozen }, PROMPT)?;
        match reply.word() {
            "ok" => Ok(()),
            _ => Err(Abort::Skip(reply.get("why").unwrap_or_default())),
        }
    }

    /// Has the warden send a signal to the agent.
    pub fn signal_agent(&mut self, signal: Signal) -> Outcome {
        self.leave_caller_alone()?;
        self.steps.push(format!("kill(agent, {signal})"));
        let request = Request::Signal { to: "agent".to_owned(), sig: signal };
        let reply = self.link.ask_warden(&request, PROMPT)?;
        if reply.word() == "ok" {
            Ok(())
        } else {
            Err(Abort::Broken(format!("cannot send {signal} to the agent")))
        }
    }

    /// Tells a held child to do a step whose error is judged: the reply, or the error.
    pub fn try_tell(&mut self, child: &Child, step: Step) -> Result<Result<Line, Errno>, Abort> {
        let cpu = step.cpu();
        let id = self.begin_step(child, step)?;
        let reply = self.await_long_step(child, id, cpu)?;
        self.error_of(reply)
    }

    /// The reply to a step, or the error.
    pub fn error_of(&self, reply: Line) -> Result<Result<Line, Errno>, Abort> {
        match reply.word() {
            "ok" => Ok(Ok(reply)),
            "unsupported" => Err(not_offered(&reply)),
            _ => Ok(Err(self.errno(&reply)?)),
        }
    }
}

fn usage_pair(line: &Line) -> Result<(Usage, Usage), Abort> {
    use crate::protocol::fields::{CHILDREN, OWN, get_usage};
    match (get_usage(line, OWN), get_usage(line, CHILDREN)) {
        (Some(own), Some(children)) => Ok((own, children)),
        _ => Err(Abort::Protocol("a child's report without its usage".into())),
    }
}

/// `A` to `Z`, then `A1`, `B1`, ...
pub(super) fn child_name(number: usize) -> String {
    let letter = char::from(b'A' + (number % 26) as u8);
    if number < 26 { letter.to_string() } else { format!("{letter}{}", number / 26) }
}

/// The trial is skipped if the agent does not offer something.
pub(crate) fn not_offered(reply: &Line) -> Abort {
    Abort::Skip(format!("not offered: {}", reply.get("why").unwrap_or_else(|| "no reason given".into())))
}

/// The position of a name in that order.
fn slot(name: &str) -> i64 {
    let (letter, round) = name.split_at(1.min(name.len()));
    let letter = letter.bytes().next().map_or(0, |b| i64::from(b) - i64::from(b'A'));
    round.parse::<i64>().unwrap_or(0) * 26 + letter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_their_order() {
        for number in 0..100 {
            assert_eq!(slot(&child_name(number)), number as i64);
        }
    }
}
