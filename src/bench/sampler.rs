//! One batch: the loop inside the agent (`measure`), or single requests for an agent without such a loop.

use super::plan;
use crate::protocol::agent::Workload;
use crate::protocol::codec::Words;
use crate::scenario::{Scenario, Step};
use crate::sys::call::abi::Call;
use crate::trial::{Abort, AgentRequest, Change, Child, Options, PROMPT, Seen, Target, Trial};
use std::time::{Duration, Instant};

/// How long a batch may take.
const BATCH: Duration = Duration::from_secs(120);

/// The result of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sample {
    /// The number of repetitions, and the nanoseconds: in total, or of each.
    Done { n: u64, ns: Vec<u64> },
    /// The subject, or this system, cannot do it.
    Unsupported(String),
    /// What a call wrongly returned.
    Wrong(String),
}

/// The source of batches.
pub(super) trait Sampler {
    /// Does something N times, with the subject or with the bare C loop.
    fn sample(&mut self, what: Workload, call: Call, n: u64, bare: bool) -> Result<Sample, Abort>;
}

/// Uses the loops of one agent.
pub(super) struct Loops<'t, 'a>(pub(super) &'t mut Trial<'a>);

impl Loops<'_, '_> {
    /// Whether the agent has them for its subject.
    pub(super) fn probe(&mut self, call: Call) -> Result<bool, Abort> {
        let mut argv = self.0.agent.child.clone();
        argv.push("exit code=0".to_owned());
        let sample = self.ask(Workload::Poll, call, 1, false, Some(Words::of(argv)))?;
        Ok(!matches!(sample, Sample::Unsupported(_)))
    }

    fn ask(
        &mut self,
        what: Workload,
        call: Call,
        n: u64,
        bare: bool,
        argv: Option<Words>,
    ) -> Result<Sample, Abort> {
        let request = AgentRequest::Measure { what, n, call: Some(call.name().to_owned()), argv, bare };
        let reply = self.0.link.ask_agent(request.to_line(), BATCH)?;
        let bad = |what: &str| Abort::Protocol(format!("reply to measure: {what}"));
        match reply.word() {
            "ok" => {}
            "unsupported" => return Ok(Sample::Unsupported(reply.get("why").unwrap_or_default())),
            "err" => {
                let errno = reply.get("errno").unwrap_or_default();
                return Ok(Sample::Unsupported(format!("{errno} from the system")));
            }
            other => return Err(bad(other)),
        }
        if let Some(got) = reply.get("got") {
            return Ok(Sample::Wrong(got));
        }
        let n = reply.number("n").ok().and_then(|n| u64::try_from(n).ok()).ok_or_else(|| bad("no n"))?;
        let ns = reply.list("ns").iter().map(|text| text.parse().ok()).collect::<Option<Vec<u64>>>();
        Ok(Sample::Done { n, ns: ns.filter(|ns| !ns.is_empty()).ok_or_else(|| bad("no times"))? })
    }
}

impl Sampler for Loops<'_, '_> {
    fn sample(&mut self, what: Workload, call: Call, n: u64, bare: bool) -> Result<Sample, Abort> {
        self.ask(what, call, n, bare, None)
    }
}

/// Uses requests to an agent without loops. The floor is the C loop of an agent of the C library plus, for each call, a request to
/// the subject's agent that makes no call: observing the calls of the C library would take longer than the calls themselves.
pub(super) struct Exchanges<'t, 'a, 'u, 'b> {
    pub(super) own: &'t mut Trial<'a>,
    pub(super) bare: &'u mut Trial<'b>,
}

impl Sampler for Exchanges<'_, '_, '_, '_> {
    fn sample(&mut self, what: Workload, call: Call, n: u64, bare: bool) -> Result<Sample, Abort> {
        if !bare {
            return match exchange(self.own, what, call, n) {
                Err(Abort::Skip(why)) => Ok(Sample::Unsupported(why)),
                sampled => sampled,
            };
        }
        let request = round_trip(self.own, n)?;
        Ok(match Loops(self.bare).sample(what, call, n, true)? {
            Sample::Done { n, ns } => {
                // In total, or of each.
                let requests = if ns.len() > 1 { 1 } else { n };
                Sample::Done { n, ns: ns.into_iter().map(|ns| ns + requests * request).collect() }
            }
            other => other,
        })
    }
}

/// The time of a request that makes no call, in nanoseconds.
pub(super) fn round_trip(trial: &mut Trial<'_>, n: u64) -> Result<u64, Abort> {
    let began = Instant::now();
    for _ in 0..n {
        // The agent replies whether it supports the request or not.
        trial.link.ask_agent(AgentRequest::LateWrites {}.to_line(), PROMPT)?;
    }
    Ok(nanoseconds(began) / n.max(1))
}

fn nanoseconds(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Does something by requests.
fn exchange(trial: &mut Trial<'_>, what: Workload, call: Call, n: u64) -> Result<Sample, Abort> {
    match what {
        Workload::SpawnReap => {
            Ok(Sample::Unsupported("its children execute the child program, which takes longer".to_owned()))
        }
        Workload::Poll => poll(trial, call, n),
        Workload::Blocked => {
            trial.with.call = call;
            let mut ns = Vec::new();
            for number in 0..n {
                // Spread over the period of a loop that may be polling.
                let phase = Duration::from_micros(number * 211 % 1_000);
                match trial.timed_wait(phase)? {
                    Ok(time) => ns.push(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)),
                    Err(seen) => return Ok(Sample::Wrong(seen.outcome())),
                }
            }
            Ok(Sample::Done { n, ns })
        }
        Workload::Bounded => Ok(Sample::Unsupported("the protocol has no wait with a timeout".to_owned())),
        Workload::Crowd => Ok(Sample::Unsupported("it is no measurement".to_owned())),
        Workload::ReapAny | Workload::ReapPid | Workload::ReapPidfd => reap(trial, what, call, n),
    }
}

fn poll(trial: &mut Trial<'_>, call: Call, n: u64) -> Result<Sample, Abort> {
    let nohang = Options::NOHANG;
    let child = trial.spawn(Scenario::held())?;
    let mut wrong = None;
    let began = Instant::now();
    for _ in 0..n {
        let seen = trial.wait_by(call, Target::Child(&child), nohang)?;
        if !seen.is_nothing() {
            wrong = Some(Sample::Wrong(seen.outcome()));
            break;
        }
    }
    let done = Sample::Done { n, ns: vec![nanoseconds(began)] };
    if wrong.is_none() {
        trial.tell(&child, Step::exit(0))?;
        trial.await_zombie(&child)?;
        let seen = trial.wait_by(call, Target::Child(&child), Options::NONE)?;
        wrong = no_report(&seen);
    }
    Ok(wrong.unwrap_or(done))
}

fn reap(trial: &mut Trial<'_>, what: Workload, call: Call, n: u64) -> Result<Sample, Abort> {
    let children = trial.spawn_all((0..n).map(|_| Scenario::exits(0)))?;
    trial.await_all_ended(&children)?;
    let mut time = Duration::ZERO;
    // Not in the order in which they were created.
    let (even, odd): (Vec<_>, Vec<_>) = children.iter().enumerate().partition(|(at, _)| at % 2 == 0);
    for (_, child) in odd.into_iter().rev().chain(even) {
        let (took, seen) = reap_one(trial, what, call, child)?;
        time += took;
        if let Some(wrong) = no_report(&seen) {
            return Ok(wrong);
        }
    }
    Ok(Sample::Done { n, ns: vec![u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)] })
}

fn reap_one(
    trial: &mut Trial<'_>,
    what: Workload,
    call: Call,
    child: &Child,
) -> Result<(Duration, Seen), Abort> {
    let fd = match what {
        Workload::ReapPidfd => Some(trial.pidfd_open(child, false)?),
        _ => None,
    };
    let target = match (what, fd) {
        (_, Some(fd)) => Target::Pidfd(fd),
        (Workload::ReapPid, _) => Target::Child(child),
        _ => Target::Any,
    };
    let began = Instant::now();
    let seen = trial.wait_by(call, target, Options::NONE)?;
    let took = began.elapsed();
    if let Some(fd) = fd {
        trial.close_fd(fd)?;
    }
    Ok((took, seen))
}

/// What a call returned, if it is not the exit of a child.
fn no_report(seen: &Seen) -> Option<Sample> {
    (seen.change() != Some(Change::Exited(0))).then(|| Sample::Wrong(seen.outcome()))
}

/// The name of a sample in messages: what is measured, and its call.
pub(super) fn title(what: Workload, call: Call) -> String {
    match what {
        Workload::Bounded => plan::name(what).to_owned(),
        Workload::ReapAny | Workload::ReapPid | Workload::ReapPidfd => {
            format!("reaping by {}, {}", plan::name(what), call.name())
        }
        _ => format!("{}, {}", plan::name(what), call.name()),
    }
}
