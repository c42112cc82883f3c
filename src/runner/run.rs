//! Executes a plan: one worker thread per warden, one stream of events.

use super::event::{RunEvent, RunHeader, Standing, Summary};
use super::handshake::{self, CLEAN_UP};
use super::interrupt;
use super::opening::Start;
use super::plan::{self, Planned, Surroundings};
use super::queue::Queue;
use super::run_trial::TrialContext;
use super::settings::{RunError, Settings};
use super::wardens::Wardens;
use super::worker::{Post, Replacing, Worker};
use crate::catalogue;
use crate::spec::deviations;
use crate::subject::Registry;
use crate::trial::link::Link;
use crate::trial::missing::Missing;
use crate::trial::{Common, InterfaceName, Visibility};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Precedes a warden's command whose stream may drop, garble or echo bytes.
const FRAMED: &str = "framed:";

/// How slow a machine must be to get one warden per CPU instead of four.
const CROWDED: f64 = 2.0;

/// Runs what the settings select on the built-in subjects and passes each event to `sink`.
///
/// Must be called while the process is single-threaded: it forks the wardens first.
///
/// # Errors
/// [`RunError`]. A failing trial is not an error; it has a verdict.
pub fn run(settings: &Settings, sink: &mut dyn FnMut(&RunEvent)) -> Result<Summary, RunError> {
    run_with(settings, &crate::mutants::registry(), sink)
}

/// [`run`] with other subjects.
///
/// # Errors
/// As [`run`].
pub fn run_with(
    settings: &Settings,
    registry: &Registry,
    sink: &mut dyn FnMut(&RunEvent),
) -> Result<Summary, RunError> {
    Session::start(settings, registry)?.run(sink)
}

/// A run whose wardens are up and whose subjects have introduced themselves.
pub struct Session {
    settings: Settings,
    pub(crate) links: Vec<Link>,
    /// A second warden for each link, where the agent of the next trial can start while the current trial runs.
    pub(super) spares: Vec<Post>,
    pub(crate) context: TrialContext,
    header: RunHeader,
    planned: Vec<Planned>,
    /// Dropped last: it removes whatever dead wardens have left in the run's directory.
    pub(crate) wardens: Wardens,
}

impl Session {
    /// Forks the wardens, starts each subject's agent once to identify it, and plans the trials.
    ///
    /// # Errors
    /// As [`run`].
    pub fn start(settings: &Settings, registry: &Registry) -> Result<Session, RunError> {
        let names: Vec<String> = match settings.subjects.as_slice() {
            [] => crate::subject::default_names(),
            given => given.to_vec(),
        };
        let contract = settings.contract.as_deref().map(handshake::contract_of).transpose()?;
        let of = |name: &String| handshake::of(name, registry, contract);
        let starts = names.iter().map(of).collect::<Result<Vec<_>, _>>()?;
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let jobs = settings.jobs.unwrap_or_else(|| jobs_for(processors)).max(1);
        let mut command = settings.warden.clone();
        let framed = command.as_mut().and_then(|words| {
            let first = words.first_mut()?;
            *first = first.strip_prefix(FRAMED)?.to_owned();
            Some(())
        });
        if let Some(program) = command.as_ref().and_then(|words| words.first()) {
            super::command::check_warden(program)?;
        }
        // By default, do not boot several machines at once.
        let jobs = if framed.is_some() { settings.jobs.unwrap_or(1).max(1) } else { jobs };
        // A re-executed warden hosts the built-in subjects only.
        let built_in = crate::mutants::registry();
        let again = names.iter().all(|name| built_in.hosts(name) || !registry.hosts(name));
        let again = again.then(|| settings.child.clone().or_else(own_child)).flatten();
        let missing = Missing::default();
        // An interpreter is slow to start. A warden given as a command may be a whole machine, so do not start it
        // twice.
        let ahead = command.is_none() && starts.iter().any(Start::is_executed);
        let count = if ahead { 2 * jobs } else { jobs };
        let mut wardens =
            Wardens::start(count, registry, command.as_deref(), again).map_err(RunError::Broken)?;
        let mut links: Vec<Link> = wardens
            .streams
            .drain(..)
            .map(|(input, output)| {
                let link =
                    Link::new(input, output, settings.timeout_scale, interrupt::flag()).sharing(&missing);
                if framed.is_some() { link.framed() } else { link }
            })
            .collect();
        let spares = links.split_off(jobs).into_iter().enumerate();
        let mut spares: Vec<Post> = spares.map(|(at, link)| Post::new(jobs + at, link)).collect();
        let first =
            links.first_mut().ok_or_else(|| RunError::Usage("a run needs at least one job".into()))?;
        let probed = handshake::ask_probe(first).map_err(|error| match (&command, error) {
            (Some(words), RunError::Broken(why)) => {
                let hint = super::command::hint(words).map(|hint| format!("; {hint}")).unwrap_or_default();
                RunError::Broken(format!("{why}: does `{}` start a warden?{hint}", words.join(" ")))
            }
            (_, error) => error,
        })?;
        let kernel = probed.get("kernel").unwrap_or_default();
        // Before any program is run: a wait that is wrong would look like a program that does not run its child.
        let programs = starts.iter().any(|start| matches!(start, Start::Program(..)));
        if programs {
            handshake::check_wait(first)?;
        }
        let subjects = handshake::identify_all(first, &names, &starts, settings, &kernel)?;
        let handles = subjects.iter().any(|subject| subject.interface == InterfaceName::Handle);
        if handles && !programs {
            handshake::check_wait(first)?;
        }
        let uncontained = if programs { handshake::ask_containment(first)? } else { None };
        let slowness = first.slowness();
        // Where even one warden is slow, more in parallel are slower still.
        if settings.jobs.is_none() && slowness > CROWDED {
            links.truncate(processors);
        }
        for link in links.iter_mut().chain(spares.iter_mut().map(|post| &mut post.link)) {
            link.as_slow_as(slowness);
            handshake::await_greeting(link)?;
        }
        let cases: Vec<_> = catalogue::cases().collect();
        // Behind their front ends, the default subjects share a kernel: those closest to it alternate.
        let nearest = |name: &String| name == "syscall" || name == "libc";
        let chosen = !settings.subjects.is_empty();
        let alternating: Vec<usize> = (0..names.len()).filter(|at| !chosen && nearest(&names[*at])).collect();
        let shared = (alternating.len() < names.len() && !alternating.is_empty()).then(|| {
            let turns: Vec<&str> = alternating.iter().map(|at| names[*at].as_str()).collect();
            let how = match turns[..] {
                [only] => format!("run with {only} only"),
                _ => format!("alternate between {}", turns.join(" and ")),
            };
            format!("kernel-only cases {how}; --subject NAME runs all of them with NAME")
        });
        let planned = plan::plan(&cases, &subjects, &alternating, settings)?;
        let trials = planned.len() * settings.repeat.max(1) as usize;
        links.truncate(trials);
        // A worker with a single trial to run has no next one.
        spares.truncate(if trials > 1 { links.len() } else { 0 });
        let field = |key: &str| probed.get(key).unwrap_or_default();
        let header = RunHeader {
            trials,
            version: env!("CARGO_PKG_VERSION").into(),
            subjects: subjects.clone(),
            kernel: field("kernel"),
            machine: field("machine"),
            observation: probed.list("methods"),
            surroundings: probed.list("notes").into_iter().chain(shared).collect(),
            seed: settings.shuffle,
            jobs: links.len(),
        };
        let surroundings = Surroundings {
            root: probed.flag("root"),
            core_files: probed.flag("core"),
            no_pidfd_waits: probed.get("pidfd-waits"),
            uncontained,
        };
        let common = Common {
            profile: settings.profile,
            child: settings.child.clone(),
            strict: settings.strict,
            release: deviations::release(&field("kernel")),
            machine: field("machine"),
            observation: Visibility::of(&probed),
            pipes: probed.number_opt("pipes").ok().flatten(),
        };
        let context = TrialContext { starts, subjects, surroundings, common, keep_trace: settings.trace };
        Ok(Session { settings: settings.clone(), links, spares, context, header, planned, wardens })
    }

    /// The trials of one round, in starting order.
    pub fn planned(&self) -> &[Planned] {
        &self.planned
    }

    /// What is known before the first trial.
    pub fn header(&self) -> &RunHeader {
        &self.header
    }

    /// Why a trial cannot run here; `None` if it can.
    pub fn lack(&self, trial: &Planned) -> Option<String> {
        self.context.lack(trial)
    }

    /// Dismisses the wardens without running anything.
    pub fn end(self) {
        let spares = self.spares.into_iter().map(|post| post.link);
        for link in self.links.into_iter().chain(spares) {
            link.hang_up(CLEAN_UP);
        }
    }

    /// Runs the trials.
    ///
    /// # Errors
    /// [`RunError::Adapter`] if an agent broke the protocol and nothing failed.
    pub fn run(self, sink: &mut dyn FnMut(&RunEvent)) -> Result<Summary, RunError> {
        let Session { settings, links, spares, context, header, planned, wardens } = self;
        // Dropped when the workers are done.
        let wardens = Arc::new(Mutex::new(wardens));
        interrupt::catch();
        sink(&RunEvent::Begin(header));
        let began = Instant::now();
        let queue = Arc::new(Queue::new(planned, settings.repeat));
        let context = Arc::new(context);
        let (sender, receiver) = mpsc::channel();
        let mut workers = Vec::new();
        let replacing = Replacing::of(links.len());
        let mut lost = "the wardens have died".to_owned();
        let (count, mut spares) = (links.len(), spares.into_iter());
        for (number, link) in links.into_iter().enumerate() {
            let worker = Worker {
                number,
                workers: count,
                queue: queue.clone(),
                context: context.clone(),
                wardens: wardens.clone(),
                replacing: replacing.clone(),
                finished: sender.clone(),
                post: Post::new(number, link),
                spare: spares.next(),
            };
            let worker = move || worker.work();
            match std::thread::Builder::new().spawn(worker) {
                Ok(worker) => workers.push((number, worker)),
                // The other workers take over; this warden sees its stream close and exits.
                Err(e) => lost = format!("no thread could be started: {e}"),
            }
        }
        drop(sender);
        let mut summary = Summary::default();
        let mut protocol = None;
        let (mut failures, most) = (0, settings.most_failures());
        let mut last_report = Instant::now();
        loop {
            if last_report.elapsed() >= EVERY {
                last_report = Instant::now();
                let standing = Standing { finished: summary.total(), longest: queue.longest() };
                sink(&RunEvent::Waiting(standing));
            }
            match receiver.recv_timeout(Duration::from_millis(100)) {
                Ok(ran) => {
                    if let Some(what) = ran.protocol {
                        protocol.get_or_insert(format!("{}: {what}", ran.report.subject));
                    }
                    summary.add(&ran.report);
                    failures += usize::from(ran.report.verdict.is_bad());
                    sink(&RunEvent::Trial(Box::new(ran.report)));
                    if most.is_some_and(|most| failures >= most) {
                        queue.close();
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if interrupt::is_pending() {
                queue.close();
            }
            let stuck = replacing.stuck(REPLACED_WITHIN);
            workers.retain(|(number, _)| !stuck[*number]);
            if stuck.contains(&true) && workers.iter().all(|(_, worker)| worker.is_finished()) {
                // If everything is frozen, not even a process can be started: those threads never return.
                lost = "a warden that froze could not be replaced".to_owned();
                queue.close();
                break;
            }
        }
        for (_, worker) in workers {
            let _ = worker.join();
        }
        summary.duration = began.elapsed();
        summary.interrupted = interrupt::is_pending();
        summary.not_run = queue.left();
        sink(&RunEvent::End(summary.clone()));
        match protocol {
            Some(what) if summary.exit_code() != 1 => {
                Err(RunError::Adapter(format!("the agent broke the protocol: {what}")))
            }
            _ if summary.not_run > 0
                && summary.exit_code() != 1
                && !summary.interrupted
                && most.is_none() =>
            {
                Err(RunError::Broken(format!("{} trials did not run: {lost}", summary.not_run)))
            }
            _ => Ok(summary),
        }
    }
}

/// The interval between progress reports.
pub(crate) const EVERY: Duration = Duration::from_secs(5);

/// The time limit for replacing a warden.
const REPLACED_WITHIN: Duration = Duration::from_secs(60);

/// The command that runs this program as a child.
fn own_child() -> Option<Vec<String>> {
    let program = std::env::current_exe().ok()?.into_os_string().into_string().ok()?;
    Some(vec![program, "child".to_owned()])
}

/// The default number of trials to run in parallel.
fn jobs_for(processors: usize) -> usize {
    use rustix::process::{Resource, getrlimit};
    // A trial mostly sleeps until some process has acted; other trials can use the time.
    let jobs = (4 * processors).min(32);
    // The limit covers all of the user's processes: most trials have three, some a hundred.
    match getrlimit(Resource::Nproc).current {
        Some(most) if !crate::sys::process::is_root() => {
            jobs.min(usize::try_from(most / 128).unwrap_or(jobs))
        }
        _ => jobs,
    }
}
