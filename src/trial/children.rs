//! What a case does with children: has them made, tells them what to do, signals them and watches them.

use super::abort::{Abort, Outcome};
use super::core::{Birth, Child, Core, Interface, Known, Started, Trial};
use super::deadline::{PROMPT, STATE};
use super::link::{LinkError, To};
use super::making::{Begun, By, Making, named};
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

/// A trial with this many children needs more than others: EAGAIN from fork is then a limit of the environment and skips the
/// trial; in any other trial it means that the process table is full.
const MANY: usize = 32;

impl<I: Interface> Trial<'_, I> {
    /// Has a child made that runs this scenario.
    pub fn spawn(&mut self, scenario: Scenario) -> Result<Child, Abort> {
        let birth = self.core.birth(&By::Fork { thread: 0 }, &scenario);
        let started = self.with.start(&mut self.core, &birth)?;
        self.core.join(birth, started)
    }
}

impl Core<'_> {
    /// Words the request for a child, and sends nothing yet.
    pub(crate) fn birth(&mut self, by: &By, scenario: &Scenario) -> Birth {
        let name = child_name(self.named);
        self.named += 1;
        let steps = scenario.lines();
        let held_or_steps = if steps.is_empty() { "held".to_owned() } else { steps.join("; ") };
        self.steps.push(format!("{} {name} ({held_or_steps}){}", by.word(), by.details()));
        // A child that exits by itself and reports nothing needs no connection, and costs a third; one that dumps core does, for
        // it is then in a folder that is removed.
        let connects = scenario.is_held() || scenario.steps.iter().any(|s| s.reports() || s.may_dump());
        let token = self.token(&name);
        let mut argv = self.child_argv(connects, &token, &steps);
        let thread = by.thread();
        if thread.is_some() || !self.agent.program.is_empty() {
            // A program may well let its child outlive it.
            // The parent-death signal is tied to the thread that forks, and this one may exit before the child.
            argv.insert(self.agent.child.len(), "--orphan".to_owned());
        }
        let command = argv.clone();
        let argv = Words::of(argv);
        // An agent that is this crate need not exec its own child program.
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

    /// The error of a request that was refused.
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

    /// Takes a child that was made into the trial, and greets it if it connects.
    pub(crate) fn join(&mut self, birth: Birth, started: Started) -> Result<Child, Abort> {
        let (pid, greeted) = match started {
            Started::Forked(pid) => (pid, false),
            Started::Greeted(pid) => (pid, true),
        };
        self.processes += 1;
        let child = Child { name: birth.name, pid };
        if birth.connects && !greeted {
            let said = self.greet(&child)?.number("pid").unwrap_or(pid);
            // In a namespace of its own a child has another pid.
            if said != pid && !birth.request.flag("newpid") {
                return Err(Abort::Protocol(format!(
                    "reply to spawn: it says pid {pid}, and the child {said}"
                )));
            }
        }
        if birth.awaited {
            // It says hello first. A signal that came before its steps were done would find another process than is meant.
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

    /// Waits for the hello of a child that connects, and gives it.
    fn greet(&mut self, child: &Child) -> Result<Line, Abort> {
        if let Some(pipes) = self.common.pipes.filter(|pipes| slot(&child.name) >= *pipes) {
            return Err(Abort::Skip(format!("more than the {pipes} children that can connect here")));
        }
        let began = Instant::now();
        let whole = self.link.patience("a connection of a child".to_owned(), PROMPT);
        let mut patience = PROMPT / 100;
        loop {
            match self.link.child_line(&child.name, "hello", None, patience) {
                Ok(hello) => return Ok(hello),
                Err(LinkError::Late(_)) => {}
                Err(other) => return Err(other.into()),
            }
            let ended = self.ended_unknown(child)?;
            // It may have said hello, and have died, before the warden came to read it.
            if ended && let Ok(hello) = self.link.child_line(&child.name, "hello", None, PROMPT / 10) {
                return Ok(hello);
            }
            let late = began.elapsed() > whole.time;
            if late && !ended {
                self.link.did_not_come(whole.clone())?;
            }
            if ended || late {
                let how = if ended { "ended before it connected" } else { "did not connect" };
                let program = self.agent.child.join(" ");
                return Err(Abort::Broken(format!(
                    "child {} (pid {}) {how}: can `{program}` be run?",
                    child.name, child.pid
                )));
            }
            patience = if whole.is_short() { PROMPT / 100 } else { PROMPT / 10 };
        }
    }

    /// Whether a child that has not said hello is dead already.
    fn ended_unknown(&mut self, child: &Child) -> Result<bool, Abort> {
        // In the namespace of a program it has another pid.
        if !self.agent.program.is_empty() || self.link.ask_warden(&adopt(child), PROMPT)?.word() != "ok" {
            // It may be gone, or not to be seen here: only time tells.
            return Ok(false);
        }
        let state = self.link.ask_warden(&Request::State { of: child.name.clone() }, PROMPT)?;
        Ok(matches!(state_of(&state), Some(ProcessState::Zombie | ProcessState::Gone)))
    }

    /// Waits until a child that was told to exec runs its new image, and is connected again.
    pub fn await_image(&mut self, child: &Child) -> Outcome {
        let said = self.greet(child)?;
        if said.word() == "hello" { Ok(()) } else { Err(self.step_failed("exec", &said)) }
    }

    /// Registers a process that a child made, under a name of its own; with a connection, it has been greeted.
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

    fn child_argv(&self, connects: bool, token: &str, steps: &[String]) -> Vec<String> {
        let mut argv = self.agent.child.clone();
        // There are few pipes, and they belong to those that connect in any case.
        if connects || self.common.pipes.is_none() {
            argv.extend(["--connect".into(), self.agent.socket.clone(), "--token".into(), token.to_owned()]);
            argv.extend((!connects).then(|| "--if-failed".to_owned()));
        }
        if self.common.child.is_some() {
            // What an emulator runs can be run again by that emulator alone.
            let words = self.agent.child.iter();
            argv.extend(words.flat_map(|word| ["--program".to_owned(), word.clone()]));
        }
        argv.extend(steps.iter().cloned());
        argv
    }

    /// Tells a held child to do a step, and waits until it is done; a step that ends the child is not waited for.
    pub fn tell(&mut self, child: &Child, step: Step) -> Outcome {
        if step.ends() {
            self.steps.push(format!("{}: {step}", child.name));
            let id = self.send_step(child, &step)?;
            self.begun.push(Begun { id, name: child.name.clone(), word: step.word() });
            return Ok(());
        }
        self.tell_for_reply(child, &step).map(drop)
    }

    /// Tells a held child to begin a step, without waiting: it ends, stops or blocks in it.
    pub fn begin_step(&mut self, child: &Child, step: Step) -> Result<u64, Abort> {
        self.steps.push(format!("{}: {step}", child.name));
        let id = self.send_step(child, &step)?;
        self.begun.push(Begun { id, name: child.name.clone(), word: step.word() });
        Ok(id)
    }

    /// Waits until a step that was begun is done.
    pub fn await_step(&mut self, child: &Child, id: u64) -> Result<Line, Abort> {
        self.begun.retain(|begun| begun.id != id);
        Ok(self.link.child_answer(&child.name, "ok", Some(id), STATE)?)
    }

    /// Tells a held child to do a step and returns its reply.
    pub fn tell_for_reply(&mut self, child: &Child, step: &Step) -> Result<Line, Abort> {
        self.steps.push(format!("{}: {step}", child.name));
        let id = self.send_step(child, step)?;
        let reply = self.await_step(child, id)?;
        if reply.word() == "ok" {
            return Ok(reply);
        }
        Err(self.step_failed(step.word(), &reply))
    }

    /// What a step that could not be done means for the trial.
    pub(crate) fn step_failed(&self, step: &str, reply: &Line) -> Abort {
        if reply.word() == "unsupported" {
            // Of a step sent to it, a child program lacks that step. Of what it was started with, the agent may have garbled it.
            if reply.id().is_some() {
                return Abort::Skip(format!("not offered: the child program has no step {step}"));
            }
            let why = reply.get("why").unwrap_or_default();
            return Abort::Broken(format!("a child cannot do what it is asked to: {why}"));
        }
        let errno = match self.errno(reply) {
            Ok(errno) => errno,
            Err(abort) => return abort,
        };
        let what = format!("a child cannot {step} here: {errno}");
        match (step, errno) {
            // Whoever asks, it is the wait of this system that answers.
            ("wait", _) if !self.cited.is_empty() => Abort::Fail(Failure {
                clause: self.cited[0],
                expected: "a child can wait for a child of its own".into(),
                got: errno.to_string(),
            }),
            (_, Errno::NOTSUP | Errno::OPNOTSUPP | Errno::NOSYS | Errno::PERM | Errno::TIMEDOUT) => {
                Abort::Skip(what)
            }
            // A user namespace that maps no such user; an emulator that knows the flags of fork and of threads only.
            ("setuid" | "seteuid" | "setegid" | "clone" | "subreaper", Errno::INVAL) => Abort::Skip(what),
            // A signal that this system does not have.
            ("kill-self" | "raise" | "incur" | "catch" | "ignore", Errno::INVAL) => Abort::Skip(what),
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

    /// What a child wrote right before it ended (a step with `report`): its own usage, and that of the children it reaped.
    pub fn last_usage(&mut self, child: &Child) -> Result<(Usage, Usage), Abort> {
        let line = self.link.child_answer(&child.name, "last", None, STATE)?;
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

    /// The same where it is the answer that is judged: `None` if the signal was sent, else the error.
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

    /// Tells a held child to do a step whose error is what is judged: the reply, or the error.
    pub fn try_tell(&mut self, child: &Child, step: Step) -> Result<Result<Line, Errno>, Abort> {
        let id = self.begin_step(child, step)?;
        let reply = self.await_step(child, id)?;
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

/// What an agent does not offer is a reason to skip.
pub(crate) fn not_offered(reply: &Line) -> Abort {
    Abort::Skip(format!("not offered: {}", reply.get("why").unwrap_or_else(|| "no reason given".into())))
}

/// The place of a name in that order.
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
