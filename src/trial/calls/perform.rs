//! What a case does with calls: describes them, makes them, begins and finishes them.

use super::family::{Pending, Target, Trial};
use super::observed::{End, Seen};
use super::uses::{Calls, Options, dropped};
use crate::protocol::agent::Request as AgentRequest;
use crate::protocol::wait::{Flag, IdType, NoReply, OptionSet, RawTarget, Reply, WaitRequest};
use crate::protocol::warden::{ProcessState, Request};
use crate::spec::posix;
use crate::sys::call::abi::{Call, Pointer};
use crate::trial::abort::{Abort, Outcome};
use crate::trial::core::Core;
use crate::trial::deadline::{AT_ONCE, PROMPT, ms};
use crate::trial::due::{self, Visibility};
use crate::trial::link::connection::{LinkError, To};
use crate::trial::verdict::Failure;
use std::fmt;
use std::time::{Duration, Instant};

/// How long a caller sleeps before it is proved to hang.
const GRACE: Duration = Duration::from_millis(200);
/// How much CPU time a caller burns before it is proved to hang.
const SPIN: Duration = Duration::from_millis(300);
/// How long a call may take when nothing about the caller can be observed.
const CALL: Duration = Duration::from_secs(8);

/// The reason given for a call that was not proved to hang.
const LATE: &str = "it did not answer in time";

/// What happened instead, where a call was expected to sleep.
pub(crate) enum Instead {
    /// The agent died in it.
    Died,
    /// Nothing shows whether it sleeps.
    Unseen,
    /// It returned, or it is running.
    Awake(String),
}

impl fmt::Display for Instead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Instead::Died => f.write_str("the agent died"),
            Instead::Unseen => f.write_str("nothing here shows whether it does"),
            Instead::Awake(how) => f.write_str(how),
        }
    }
}

impl Trial<'_> {
    /// Makes the trial's call and waits until it returns; if it never does, the next expectation reports the hang.
    pub fn wait(&mut self, target: Target<'_>, options: Options) -> Result<Seen, Abort> {
        let request = self.ask(target, options);
        self.perform(request)
    }

    /// The same with another call.
    pub fn wait_by(&mut self, call: Call, target: Target<'_>, options: Options) -> Result<Seen, Abort> {
        let request = self.ask_by(call, target, options);
        self.perform(request)
    }

    /// The request that [`Trial::wait`] makes, to be modified before it is performed.
    pub fn ask(&self, target: Target<'_>, options: Options) -> WaitRequest {
        self.ask_by(self.with.call, target, options)
    }

    /// The same for another call.
    pub fn ask_by(&self, call: Call, target: Target<'_>, options: Options) -> WaitRequest {
        let by_id = matches!(call, Call::Waitid | Call::Wait6);
        let id = |idtype, who| RawTarget::Id { idtype, who };
        // The target makes no difference as long as there was only one child.
        let target = match (target, &self.children[..]) {
            (Target::Any, [only]) if !self.selects_any() => Target::Child(&only.child),
            (target, _) => target,
        };
        let raw = match (target, by_id) {
            (Target::Any, false) => RawTarget::Pid(-1),
            (Target::Any, true) => id(IdType::All, 0),
            (Target::Child(child), false) => RawTarget::Pid(child.pid),
            (Target::Child(child), true) => id(IdType::Pid, child.pid),
            (Target::OwnGroup, false) => RawTarget::Pid(0),
            (Target::OwnGroup, true) => id(IdType::Pgid, self.agent.pid),
            (Target::Group(child), false) => RawTarget::Pid(-child.pid),
            (Target::Group(child), true) => id(IdType::Pgid, child.pid),
            (Target::Pid(pid), false) => RawTarget::Pid(pid),
            (Target::Pid(pid), true) => id(IdType::Pid, pid),
            (Target::Pidfd(fd), _) => id(IdType::Pidfd, fd),
            (Target::Id(idtype, who), _) => id(idtype, who),
        };
        let mut request = WaitRequest::new(call, raw);
        request.options = OptionSet::of(options.flags(call));
        request
    }

    /// Performs a request and waits until it returns.
    pub fn perform(&mut self, request: WaitRequest) -> Result<Seen, Abort> {
        let began = Instant::now();
        let mut turns = 0_u32;
        loop {
            let pending = self.prepare(request.clone())?;
            let call = To::Agent(pending.request.to_line(pending.id));
            let seen = self.settle(pending, Some(call))?;
            if !seen.is_nothing() || !self.may_come_yet(&request) {
                return Ok(seen);
            }
            if began.elapsed() >= self.link.scaled(due::PATIENCE) {
                self.missed();
                return Ok(seen);
            }
            // Repeating the same call is one step. Each repetition costs the agent some time: the pauses grow.
            self.steps.pop();
            turns += 1;
            self.rest(turns);
        }
    }

    /// Begins a call that is expected to block.
    pub fn begin(&mut self, target: Target<'_>, options: Options) -> Result<Pending, Abort> {
        let request = self.ask(target, options);
        self.begin_request(request)
    }

    /// The same, on a thread of the agent.
    pub fn begin_on(&mut self, thread: u32, target: Target<'_>, options: Options) -> Result<Pending, Abort> {
        let mut request = self.ask(target, options);
        request.thread = thread;
        self.begin_request(request)
    }

    /// Begins any request.
    pub fn begin_request(&mut self, request: WaitRequest) -> Result<Pending, Abort> {
        let pending = self.prepare(request)?;
        self.link.send(&[To::Agent(pending.request.to_line(pending.id))])?;
        Ok(pending)
    }

    /// Waits until a call that was begun returns.
    pub fn finish(&mut self, pending: Pending) -> Result<Seen, Abort> {
        self.steps.push(format!("{} is awaited", pending.shown));
        self.settle(pending, None)
    }

    /// Records a request. It is an error of the case if the call would drop part of it, or if it asks for more than the
    /// case declares.
    fn prepare(&mut self, request: WaitRequest) -> Result<Pending, Abort> {
        let shown = self.show(&request);
        if let Some(what) = dropped(&request) {
            return Err(Abort::Broken(format!("{shown}: {} cannot carry {what}", request.call.name())));
        }
        // An agent that cannot wait for any child is given the only one by its pid.
        let uses = self.with.uses.filter(|_| request.call == self.with.call && self.selects_any());
        if let Some(what) = uses.and_then(|uses| uses.exceeded_by(&request)) {
            return Err(Abort::Broken(format!("{shown}: the case does not declare {what}")));
        }
        self.steps.push(shown.clone());
        Ok(Pending { id: self.link.id(), request, shown })
    }

    /// Makes the trial's call `times` times, requested all at once, which is far cheaper than one at a time. Reporting
    /// stops at the first call that does not return.
    pub fn wait_times(
        &mut self,
        times: usize,
        target: Target<'_>,
        options: Options,
    ) -> Result<Vec<Seen>, Abort> {
        let mut seen = Vec::new();
        while seen.len() < times {
            let batch = (seen.len()..times).take(AT_ONCE);
            let pending: Vec<Pending> =
                batch.map(|_| self.prepare(self.ask(target, options))).collect::<Result<_, _>>()?;
            let lines = pending.iter().map(|p| To::Agent(p.request.to_line(p.id))).collect();
            let Some(last) = pending.last().map(|p| p.id) else { break };
            let end = self.answer(last, lines, CALL)?;
            for pending in pending {
                let answered = end.is_none() || self.link.has_reply(pending.id);
                let call = self.seen(pending, if answered { None } else { end.clone() })?;
                let returned = call.reply().is_some();
                seen.push(call);
                if !returned {
                    return Ok(seen);
                }
            }
        }
        Ok(seen)
    }

    /// Waits for the answer to a call, sending it first if necessary.
    pub(super) fn settle(&mut self, pending: Pending, call: Option<To>) -> Result<Seen, Abort> {
        // Where nothing can be concluded from a call that does not return, there is no point in waiting for long.
        let unseen = self.common.observation != Visibility::Table;
        let within = if unseen && self.may_sleep_on(&pending.request) { due::PATIENCE } else { CALL };
        let end = self.answer(pending.id, call.into_iter().collect(), within)?;
        self.seen(pending, end)
    }

    /// Sends lines, and has the warden watch until the call with that id is answered, for at most `within` if nothing about the
    /// caller can be observed: `None`, or how it was proved that it never will be.
    fn answer(&mut self, call: u64, mut lines: Vec<To>, within: Duration) -> Result<Option<End>, Abort> {
        let watch = self.link.id();
        let request = Request::Answer {
            call,
            grace: ms(self.link.scaled(GRACE)),
            spin: ms(self.link.scaled(SPIN)),
            within: ms(self.link.scaled(within)),
            settled: self.settled,
        };
        lines.push(To::Warden(request.to_line().with("id", watch)));
        self.link.send(&lines)?;
        let answer = self.link.warden_answer_after(watch, within, "the call")?;
        Ok(match answer.get("how").as_deref() {
            Some("answered") => None,
            Some("asleep") => Some(End::Hung("it sleeps")),
            Some("spinning") => Some(End::Hung("it burns CPU time")),
            Some("died") => Some(self.crashed()?),
            Some("starved") => return Err(starved()),
            _ if self.link.is_in_a_call() => Some(End::Hung(LATE)),
            _ => return Err(unannounced()),
        })
    }

    /// The outcome of a call: its reply, which has arrived, or how it ended otherwise.
    fn seen(&mut self, pending: Pending, end: Option<End>) -> Result<Seen, Abort> {
        let Pending { id, request, shown } = pending;
        let end = match end {
            Some(End::Hung(LATE)) if self.common.observation != Visibility::Table => {
                self.known_to_sleep_on(&request)?;
                return Err(Abort::Broken(format!(
                    "{shown} did not return in time, and nothing here shows whether it ever will"
                )));
            }
            Some(End::Hung(LATE)) if !request.options.has(Flag::NoHang) => {
                self.nobody_is_at_work()?;
                End::Hung(LATE)
            }
            Some(End::Hung(how)) if !request.options.has(Flag::NoHang) => {
                self.stops_have_come()?;
                End::Hung(how)
            }
            Some(end) => end,
            None => {
                let reply = self.link.agent_reply(id, PROMPT, request.call.name())?;
                match Reply::from_line(&reply, &request, self.system) {
                    Ok(reply) => End::Returned(reply),
                    Err(e) => return Err(no_answer(request.call.name(), &e)),
                }
            }
        };
        let seen = Seen::new(request, shown, end);
        if let Some(why) = self.lacks(&seen)? {
            return Err(Abort::Skip(why));
        }
        self.unreported |= seen.shows_memory() && !seen.is_report();
        if let Some(pid) = seen.pid() {
            self.was_reported(pid);
            self.was_reported_as(pid, seen.change());
        }
        Ok(seen)
    }

    /// Whether a buffer of an earlier call has been written to since that call returned.
    pub fn writes_late(&mut self) -> Result<bool, Abort> {
        self.agent_ok(&AgentRequest::LateWrites {})?;
        Ok(self.link.late_write)
    }

    /// The same at the end of a trial, for all calls that returned without a report and whose buffers may be written
    /// later.
    pub(crate) fn check_late_writes(&mut self) -> Outcome {
        let asked = self.unreported && !self.link.late_write && !self.link.is_in_a_call();
        if asked && let Err(other @ (Abort::Protocol(_) | Abort::Interrupted)) = self.writes_late() {
            return Err(other);
        }
        if asked {
            self.steps.pop();
        }
        if !self.link.late_write {
            return Ok(());
        }
        let expected = "no write to the buffers of a call that has returned".to_owned();
        let got = "the buffers of an earlier call have changed".to_owned();
        Err(Abort::Fail(Box::new(Failure { clause: &posix::WAIT_WRITES_DURING_CALL, expected, got })))
    }

    /// A caller is not to blame for sleeping as long as a child is at work, or sleeps while its own children are.
    fn nobody_is_at_work(&mut self) -> Result<(), Abort> {
        let children: Vec<_> = self.children().cloned().collect();
        // The agent lives, too.
        let (mut expected, mut sleeper) = (1, None);
        for child in children {
            match self.state(&child)? {
                ProcessState::Running => {
                    return Err(Abort::Broken(format!("{} did not terminate in time", child.name)));
                }
                ProcessState::Zombie | ProcessState::Gone => continue,
                ProcessState::Asleep => sleeper = sleeper.or(Some(child.name)),
                _ => {}
            }
            expected += 1;
        }
        let Some(sleeper) = sleeper else { return Ok(()) };
        // A warden that cannot tell settles nothing.
        match self.tally() {
            Ok((living, _)) if living > expected => Err(Abort::Broken(format!(
                "{sleeper} did not terminate in time, and a process that is no child of the caller is alive"
            ))),
            _ => Ok(()),
        }
    }

    /// Waits until a call that was begun sleeps, and gives it back, or until it has ended.
    pub(crate) fn watch(&mut self, pending: Pending) -> Result<Result<Seen, Pending>, Abort> {
        let request = Request::Blocked { call: pending.id, within: ms(self.link.scaled(CALL)) };
        let reply = self.link.ask_warden_to_wait(&request, CALL)?;
        match reply.get("how").as_deref() {
            Some("answered") => self.seen(pending, None).map(Ok),
            Some("died") => {
                let end = self.crashed()?;
                self.seen(pending, Some(end)).map(Ok)
            }
            Some("starved") => Err(starved()),
            Some(_) => Ok(Err(pending)),
            None if !self.link.is_in_a_call() => Err(unannounced()),
            None => self.seen(pending, Some(End::Hung("it neither sleeps nor returns"))).map(Ok),
        }
    }

    /// Whether the reply to a call that was begun has arrived, as far as has been read.
    pub(crate) fn has_come(&self, pending: &Pending) -> bool {
        self.link.has_reply(pending.id)
    }

    /// Rests before another look at what has come; nothing is ordered by it.
    pub(crate) fn rest(&self, turns: u32) {
        crate::sys::makeshift::pause(due::pause(turns));
    }

    /// A request as text, with children by name.
    pub(super) fn show(&self, request: &WaitRequest) -> String {
        let name_of = |pid: i64| {
            let child = self.children.iter().rev().find(|k| k.child.pid == pid);
            child.map_or_else(|| pid.to_string(), |k| k.child.name.clone())
        };
        let mut parts = Vec::new();
        match &request.target {
            RawTarget::Pid(_) if !Calls::WITH_TARGET.has(request.call) => {}
            RawTarget::Pid(-1) => parts.push("any".to_owned()),
            RawTarget::Pid(0) => parts.push("own group".to_owned()),
            RawTarget::Pid(pid) if *pid < -1 => parts.push(format!("group {}", name_of(-pid))),
            RawTarget::Pid(pid) => parts.push(name_of(*pid)),
            RawTarget::Id { idtype: IdType::All, .. } => parts.push("P_ALL".to_owned()),
            RawTarget::Id { idtype, who } => parts.push(format!("{idtype} {}", name_of(*who))),
        }
        let options = request.options.items();
        if !options.is_empty() {
            parts.push(options.join("|"));
        }
        let plain = WaitRequest::new(request.call, request.target.clone());
        for (name, pointer, usual) in [
            ("status", request.status, plain.status),
            ("rusage", request.rusage, plain.rusage),
            ("infop", request.info, plain.info),
        ] {
            match pointer {
                _ if pointer == usual => {}
                Pointer::Null => parts.push(format!("{name} NULL")),
                Pointer::Bad => parts.push(format!("bad {name}")),
                Pointer::Kernel => parts.push(format!("{name} in the kernel")),
                Pointer::Buffer => parts.push(name.to_owned()),
                other => parts.push(format!("{name} {}", other.name())),
            }
        }
        let thread =
            if request.thread == 0 { String::new() } else { format!(" on thread {}", request.thread) };
        format!("{}({}){thread}", request.call.name(), parts.join(", "))
    }
}

impl Core<'_> {
    /// Whether a call that was begun sleeps: `Ok(None)` if it does, else what happened instead.
    pub(crate) fn blocked(&mut self, pending: &Pending) -> Result<Option<Instead>, Abort> {
        let request = Request::Blocked { call: pending.id, within: ms(self.link.scaled(CALL)) };
        let reply = self.link.ask_warden_to_wait(&request, CALL)?;
        match (reply.word(), reply.get("how").as_deref()) {
            ("ok", Some("syscall" | "asleep")) => Ok(None),
            ("ok", Some("assumed")) if self.common.observation != Visibility::Table => {
                Ok(Some(Instead::Unseen))
            }
            ("ok", Some("assumed")) => {
                self.note("the caller is assumed to sleep: the process table does not show it");
                Ok(None)
            }
            ("ok", Some("answered")) => {
                let reply = self.link.agent_reply(pending.id, PROMPT, pending.request.call.name())?;
                match Reply::from_line(&reply, &pending.request, self.system) {
                    Ok(reply) => {
                        let (request, shown) = (pending.request.clone(), pending.shown.clone());
                        let seen = Seen::returned(request, shown, reply);
                        Ok(Some(Instead::Awake(format!("it returned {}", seen.outcome()))))
                    }
                    Err(e) => Err(no_answer(pending.request.call.name(), &e)),
                }
            }
            ("ok", Some("died")) => self.crashed().map(|_| Some(Instead::Died)),
            (_, Some("starved")) => Err(starved()),
            _ if self.link.is_in_a_call() => Ok(Some(Instead::Awake("it does not sleep".into()))),
            _ => Err(unannounced()),
        }
    }

    /// The agent has died: in a call, or before it got to it.
    fn crashed(&self) -> Result<End, Abort> {
        if self.link.is_in_a_call() { Ok(End::Crashed) } else { Err(LinkError::AgentGone.into()) }
    }
}

/// The machine is too busy to judge the subject.
fn starved() -> Abort {
    Abort::Broken("the agent missed the deadline: it was ready to run, but got hardly any CPU time".into())
}

/// Nothing is known about a call that was neither announced nor answered, so the subject is not at fault.
fn unannounced() -> Abort {
    Abort::Broken("the agent neither announced the call by `entering` nor answered it in time".into())
}

/// What a missing reply to a call means. If the agent calls a request malformed, the harness is at fault, not the
/// agent.
pub(crate) fn no_answer(request: &str, error: &NoReply) -> Abort {
    let text = format!("reply to {request}: {error}");
    match error {
        NoReply::Unsupported(_) => Abort::Skip(error.to_string()),
        NoReply::Malformed(_) => Abort::Broken(text),
        NoReply::Word(_) | NoReply::Field(_) => Abort::Protocol(text),
    }
}
