//! Carrying out a plan: one worker thread for each warden, one stream of events.

use super::event::{Event, RunHeader, SubjectInfo, Summary, TrialReport, Verdict};
use super::link::{Link, LinkError};
use super::plan::{self, Planned, Surroundings};
use super::settings::{RunError, Settings};
use super::trial::{Calls, Case, Common, Needs, Opened, PROMPT, Stop, Trial, here};
use super::verdict;
use super::wardens::Wardens;
use crate::catalogue;
use crate::protocol::Line;
use crate::scenario::Scenario;
use crate::subject::Registry;
use crate::sys::family::Call;
use crate::sys::signals;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The signal that interrupted the run, or 0.
static INTERRUPT: AtomicI32 = AtomicI32::new(0);
static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// Tokens of children hold it, so that one of an earlier trial is never taken for one of this.
static NONCE: AtomicU64 = AtomicU64::new(0);

/// How long wardens may take to clean up when the run is over.
pub(super) const CLEAN_UP: Duration = Duration::from_secs(30);

/// Runs what the settings ask for with the built-in subjects, and tells `sink` what happens.
///
/// Must be called before the process has any thread: it forks the wardens first.
///
/// # Errors
/// See [`RunError`]; what failed in a trial is no error but its verdict.
pub fn run(settings: &Settings, sink: &mut dyn FnMut(&Event)) -> Result<Summary, RunError> {
    run_with(settings, &Registry::built_in(), sink)
}

/// The same with other subjects.
///
/// # Errors
/// As [`run`].
pub fn run_with(
    settings: &Settings,
    registry: &Registry,
    sink: &mut dyn FnMut(&Event),
) -> Result<Summary, RunError> {
    Session::start(settings, registry)?.run(sink)
}

/// Ends the process by the signal that interrupted the run, as whoever started it expects.
pub fn die_by_interrupt() -> ! {
    let signal = match INTERRUPT.load(Ordering::Relaxed) {
        0 => libc::SIGINT,
        signal => signal,
    };
    let _ = signals::set_action(signal, signals::Action::Default, signals::Flags::default());
    let _ = signals::raise(signal);
    crate::sys::process::exit_now(130)
}

fn note_interrupt(signal: i32) {
    INTERRUPT.store(signal, Ordering::Relaxed);
    INTERRUPTED.store(true, Ordering::Relaxed);
}

/// How a subject is started: hosted by the warden, or a command.
#[derive(Debug, Clone)]
enum Start {
    Hosted(String),
    Command(Vec<String>),
}

/// A run whose wardens stand ready and whose subjects were asked who they are.
pub struct Session {
    settings: Settings,
    pub(super) links: Vec<Link>,
    pub(super) ground: Ground,
    header: RunHeader,
    planned: Vec<Planned>,
    /// Dropped last: what wardens that died have left in the run's folder goes with it.
    pub(super) wardens: Wardens,
}

impl Session {
    /// Forks the wardens, asks the subjects for their names, and plans.
    ///
    /// # Errors
    /// As [`run`].
    pub fn start(settings: &Settings, registry: &Registry) -> Result<Session, RunError> {
        let names: Vec<String> = match settings.subjects.as_slice() {
            [] => crate::subject::default_names(),
            given => given.to_vec(),
        };
        let starts = names.iter().map(|name| start_of(name, registry)).collect::<Result<Vec<_>, _>>()?;
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        // A trial often sleeps until a process has done something: another uses the time.
        let jobs = settings.jobs.unwrap_or((2 * processors).min(32)).max(1);
        let mut wardens =
            Wardens::start(jobs, registry, settings.warden.as_deref()).map_err(RunError::Broken)?;
        let mut links: Vec<Link> = wardens
            .streams
            .drain(..)
            .map(|(input, output)| Link::new(input, output, settings.timeout_scale, &INTERRUPTED))
            .collect();
        let first =
            links.first_mut().ok_or_else(|| RunError::Usage("a run needs at least one job".into()))?;
        let probed = ask_probe(first)?;
        let mut subjects = Vec::new();
        for (spec, start) in names.iter().zip(&starts) {
            subjects.push(introduce(first, spec, start, settings)?);
        }
        let cases: Vec<_> = catalogue::cases().collect();
        let planned = plan::plan(&cases, &subjects, &settings.selection, settings.profile)?;
        let field = |key: &str| probed.get(key).unwrap_or_default();
        let header = RunHeader {
            trials: planned.len(),
            version: env!("CARGO_PKG_VERSION").into(),
            subjects: subjects.clone(),
            kernel: field("kernel"),
            machine: field("machine"),
            observation: probed.list("methods"),
            surroundings: probed.list("notes"),
            seed: settings.selection.shuffle,
            jobs,
        };
        let surroundings =
            Surroundings { root: probed.flag("root"), core_files: probed.flag("core"), processors };
        let common =
            Common { profile: settings.profile, child: settings.child.clone(), strict: settings.strict };
        let ground = Ground { starts, subjects, surroundings, common, keep_trace: settings.trace };
        Ok(Session { settings: settings.clone(), links, ground, header, planned, wardens })
    }

    /// The trials, in the order in which they are begun.
    pub fn planned(&self) -> &[Planned] {
        &self.planned
    }

    /// What is known before the first trial.
    pub fn header(&self) -> &RunHeader {
        &self.header
    }

    /// Why a trial cannot be tried here, if it cannot.
    pub fn lack(&self, trial: &Planned) -> Option<String> {
        self.ground.lack(trial)
    }

    /// Lets the wardens go without running anything.
    pub fn end(self) {
        for link in self.links {
            link.hang_up(CLEAN_UP);
        }
    }

    /// Runs the trials.
    ///
    /// # Errors
    /// [`RunError::Adapter`] when an agent broke the protocol and nothing failed.
    pub fn run(self, sink: &mut dyn FnMut(&Event)) -> Result<Summary, RunError> {
        let Session { settings, links, ground, header, planned, wardens: _wardens } = self;
        catch_interrupts();
        sink(&Event::Begin(header));
        let began = Instant::now();
        let queue = Arc::new(Queue::new(planned));
        let ground = Arc::new(ground);
        let (sender, receiver) = mpsc::channel();
        let mut workers = Vec::new();
        let mut lost = "the wardens have died".to_owned();
        for mut link in links {
            let (queue, sender, ground) = (queue.clone(), sender.clone(), ground.clone());
            let worker = move || {
                while let Some(planned) = queue.take() {
                    let ran = one(&mut link, &planned, &ground);
                    queue.done(&planned);
                    let Some(ran) = ran else { break };
                    let dead = ran.warden_dead;
                    if sender.send(ran).is_err() || dead {
                        break;
                    }
                }
                link.hang_up(CLEAN_UP);
            };
            match std::thread::Builder::new().spawn(worker) {
                Ok(worker) => workers.push(worker),
                // The others do its work; its warden has lost its stream and goes.
                Err(e) => lost = format!("no thread could be started: {e}"),
            }
        }
        drop(sender);
        let mut summary = Summary::default();
        let mut protocol = None;
        loop {
            match receiver.recv_timeout(Duration::from_millis(100)) {
                Ok(ran) => {
                    if let Some(what) = ran.protocol {
                        protocol.get_or_insert(format!("{}: {what}", ran.report.subject));
                    }
                    summary.add(&ran.report);
                    let bad = ran.report.verdict.is_bad();
                    sink(&Event::Trial(Box::new(ran.report)));
                    if bad && settings.selection.until_fail {
                        queue.close();
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if INTERRUPTED.load(Ordering::Relaxed) {
                queue.close();
            }
        }
        for worker in workers {
            let _ = worker.join();
        }
        summary.duration = began.elapsed();
        summary.interrupted = INTERRUPTED.load(Ordering::Relaxed);
        summary.not_run = queue.left();
        sink(&Event::End(summary.clone()));
        match protocol {
            Some(what) if summary.exit_code() != 1 => {
                Err(RunError::Adapter(format!("the agent broke the protocol: {what}")))
            }
            _ if summary.not_run > 0
                && summary.exit_code() != 1
                && !summary.interrupted
                && !settings.selection.until_fail =>
            {
                Err(RunError::Broken(format!("{} trials did not run: {lost}", summary.not_run)))
            }
            _ => Ok(summary),
        }
    }
}

fn catch_interrupts() {
    let flags = signals::Flags::default();
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        // What was ignored on entry (nohup) stays ignored.
        if signals::is_ignored(signal) != Some(true) {
            let _ = signals::set_action(signal, signals::Action::Hook(note_interrupt), flags);
        }
    }
}

/// How a subject is started, from how `--subject` names it.
fn start_of(spec: &str, registry: &Registry) -> Result<Start, RunError> {
    if let Some(command) = spec.strip_prefix("agent:") {
        let words = crate::subject::external::words(command)
            .ok_or_else(|| RunError::Usage(format!("the command of '{spec}' has an unfinished quotation")))?;
        if words.is_empty() {
            return Err(RunError::Usage("'agent:' needs a command, as agent:./mywait".into()));
        }
        return Ok(Start::Command(words));
    }
    if registry.get(spec).is_some() {
        return Ok(Start::Hosted(spec.to_owned()));
    }
    let known: Vec<&str> = registry.names().chain(["agent:COMMAND"]).collect();
    let hint = match crate::protocol::nearest(spec, known.iter().copied()) {
        Some(name) => format!("did you mean '{name}'?"),
        None => format!("there are {}", known.join(", ")),
    };
    Err(RunError::Usage(format!("there is no subject '{spec}'; {hint}")))
}

fn ask_probe(link: &mut Link) -> Result<Line, RunError> {
    link.ask_warden(Line::new("probe"), PROMPT).map_err(|e| RunError::Broken(describe(&e)))
}

fn describe(error: &LinkError) -> String {
    match error {
        LinkError::WardenGone => "the warden died at its start".into(),
        LinkError::Late(what) => format!("no answer in time: {what}"),
        LinkError::AgentGone => "the agent died at its start".into(),
        LinkError::Protocol(what) | LinkError::Unfit(what) => what.clone(),
        LinkError::Interrupted => "interrupted".into(),
    }
}

/// Starts a subject's agent once, to learn who it is.
fn introduce(
    link: &mut Link,
    spec: &str,
    start: &Start,
    settings: &Settings,
) -> Result<SubjectInfo, RunError> {
    link.reset();
    let opened = open(link, start, settings.child.as_deref());
    let (opened, hello) = match opened {
        Ok(both) => both,
        Err(stop) => {
            let _ = link.ask_warden(Line::new("close"), CLEAN_UP);
            let text = format!("the agent of {spec} would not start: {}", why(stop, link));
            return Err(match start {
                // Our own agents only fail with the machine.
                Start::Hosted(_) => RunError::Broken(text),
                Start::Command(_) => RunError::Adapter(text),
            });
        }
    };
    let info = identity(spec, &hello, settings);
    let spawned = match &info {
        // Children will be exec'ed: a program that cannot be run would break every trial alike.
        Ok(info) if settings.child.is_some() || matches!(start, Start::Command(_)) => {
            let common = Common { profile: None, child: settings.child.clone(), strict: false };
            let call = info.calls.iter().find_map(|name| Call::from_name(name)).unwrap_or(Call::Waitpid);
            (INTRODUCTION.run)(&mut Trial::new(link, &INTRODUCTION, call, &common, info, opened))
        }
        _ => Ok(()),
    };
    let _ = link.ask_warden(Line::new("close"), CLEAN_UP);
    spawned.map_err(|stop| RunError::Broken(format!("{spec}: {}", why(stop, link))))?;
    info
}

/// Not of the catalogue: whether the agent can make a child at all.
static INTRODUCTION: Case = Case {
    id: "harness.introduction",
    title: "the agent can make a child that connects",
    clauses: &[],
    calls: Calls::ALL,
    needs: Needs::NOTHING,
    at: here(),
    run: |t| t.spawn(Scenario::held()).map(drop),
};

/// Why a trial or an introduction ended, with the last line that the agent wrote on standard error.
fn why(stop: Stop, link: &Link) -> String {
    let why = match stop {
        Stop::Protocol(what) | Stop::Broken(what) | Stop::Skip(what) => what,
        Stop::Fail(failure) | Stop::Hang(failure) | Stop::Crash(failure) => failure.got,
        Stop::Interrupted => "interrupted".to_owned(),
    };
    match link.stderr.trim().lines().last() {
        Some(said) => format!("{why}; it said: {said}"),
        None => why,
    }
}

/// Who an agent says it is.
fn identity(spec: &str, hello: &Line, settings: &Settings) -> Result<SubjectInfo, RunError> {
    let field = |key: &str| hello.get(key).unwrap_or_default();
    let protocol = field("protocol");
    if protocol != "1" {
        return Err(RunError::Adapter(format!(
            "the agent of {spec} speaks protocol '{protocol}', this is 1"
        )));
    }
    let mut info = SubjectInfo {
        spec: spec.to_owned(),
        name: field("name"),
        version: field("version"),
        issues: field("issues"),
        os: field("os"),
        libc: field("libc"),
        arch: field("arch"),
        profile: String::new(),
        calls: hello.list("calls"),
        threads: hello.flag("threads"),
        raw: hello.flag("raw"),
        retries_eintr: hello.list("retries").iter().any(|r| r == "eintr"),
    };
    info.profile = plan::profile_of(&info, settings.profile).to_string();
    Ok(info)
}

/// Starts an agent and awaits its hello.
fn open(link: &mut Link, start: &Start, child: Option<&[String]>) -> Result<(Opened, Line), Stop> {
    let nonce = format!("{:x}", NONCE.fetch_add(1, Ordering::Relaxed));
    let request = Line::new("open").with("nonce", &nonce);
    let request = match start {
        Start::Hosted(name) => request.with("subject", name),
        Start::Command(argv) => request.with_list("argv", argv),
    };
    let reply = link.ask_warden(request, PROMPT)?;
    if reply.word() != "ok" {
        return Err(Stop::Broken(reply.get("why").unwrap_or_default()));
    }
    let hello = match link.agent_hello(PROMPT) {
        Ok(hello) => hello,
        Err(LinkError::AgentGone) => return Err(Stop::Broken("it ended before its hello".into())),
        Err(other) => return Err(other.into()),
    };
    let child = match child {
        Some(given) => given.to_vec(),
        None => vec![reply.get("exe").unwrap_or_default(), "child".to_owned()],
    };
    let pid = reply.number("pid").map_err(|e| Stop::Broken(e.to_string()))?;
    Ok((Opened { pid, nonce, socket: reply.get("socket").unwrap_or_default(), child }, hello))
}

/// What the trials of a run stand on.
pub(super) struct Ground {
    starts: Vec<Start>,
    pub(super) subjects: Vec<SubjectInfo>,
    surroundings: Surroundings,
    common: Common,
    keep_trace: bool,
}

impl Ground {
    /// Why a trial cannot be tried here, if it cannot.
    fn lack(&self, trial: &Planned) -> Option<String> {
        self.surroundings.lack(trial.case, self.subjects[trial.subject].threads)
    }
}

/// A trial that was run.
pub(super) struct Ran {
    pub(super) report: TrialReport,
    protocol: Option<String>,
    pub(super) warden_dead: bool,
}

/// Runs one trial; `None` when the run is being interrupted.
pub(super) fn one(link: &mut Link, planned: &Planned, ground: &Ground) -> Option<Ran> {
    let common = &ground.common;
    let began = Instant::now();
    let info = &ground.subjects[planned.subject];
    let mut report = verdict::blank(planned, info);
    if let Some(why) = ground.lack(planned) {
        report.verdict = Verdict::Skip(why);
        return Some(Ran { report, protocol: None, warden_dead: false });
    }
    link.reset();
    let mut result = match open(link, &ground.starts[planned.subject], common.child.as_deref()) {
        Ok((opened, _)) => {
            let mut trial = Trial::new(link, planned.case, planned.call, common, info, opened);
            let ran = catch_unwind(AssertUnwindSafe(|| (planned.case.run)(&mut trial)));
            // What panicked has been said on standard error; the other trials go on.
            let result = ran.unwrap_or_else(|_| Err(Stop::Broken("the case panicked".into())));
            verdict::collect(&mut report, trial, &result);
            result
        }
        Err(stop) => Err(stop),
    };
    if matches!(result, Err(Stop::Interrupted)) {
        return None;
    }
    let mut warden_dead = false;
    match link.ask_warden(Line::new("close"), CLEAN_UP) {
        Ok(closed) => verdict::closed(&mut report, &mut result, &closed, planned.case),
        Err(LinkError::Interrupted) => return None,
        Err(_) => warden_dead = true,
    }
    let protocol = match &result {
        Err(Stop::Protocol(what)) => Some(what.clone()),
        _ => None,
    };
    verdict::decide(&mut report, result);
    report.stderr.clone_from(&link.stderr);
    let told =
        matches!(report.verdict, Verdict::Pass | Verdict::Skip(_) | Verdict::Recorded | Verdict::Deviates(_));
    if ground.keep_trace || !told {
        report.trace = std::mem::take(&mut link.trace);
    }
    report.duration = began.elapsed();
    Some(Ran { report, protocol, warden_dead })
}

/// The trials that are left, shared by the workers. Those that burn CPU time are begun first, never two at once.
struct Queue {
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Default)]
struct QueueState {
    burning: VecDeque<Planned>,
    others: VecDeque<Planned>,
    someone_burns: bool,
    closed: bool,
}

impl Queue {
    fn new(planned: Vec<Planned>) -> Queue {
        let (burning, others): (Vec<_>, Vec<_>) = planned.into_iter().partition(|p| p.case.needs.burns);
        let state = QueueState { burning: burning.into(), others: others.into(), ..QueueState::default() };
        Queue { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<Planned> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if !state.someone_burns
                && let Some(next) = state.burning.pop_front()
            {
                state.someone_burns = true;
                return Some(next);
            }
            if let Some(next) = state.others.pop_front() {
                return Some(next);
            }
            if state.burning.is_empty() {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn done(&self, planned: &Planned) {
        if planned.case.needs.burns {
            self.lock().someone_burns = false;
            self.changed.notify_all();
        }
    }

    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn left(&self) -> usize {
        let state = self.lock();
        state.burning.len() + state.others.len()
    }
}
