//! The interface `program`: a program that runs a program, started by the warden.

use super::abort::{Abort, Outcome};
use super::core::{self, Birth, Child, Core, Interface, Started};
use super::deadline::{PROMPT, ms};
pub use super::kind::{Kind, Kinds};
use super::link::LinkError;
use super::making::{By, Making};
use super::shown::{NoAnswer, Shown, Shows};
use super::subject::SubjectInfo;
use crate::protocol::codec::{Bytes, Words};
use crate::protocol::handle::Report;
use crate::protocol::warden::{ProcessState, Request};
use crate::protocol::{Change, Line};
use crate::scenario::Scenario;
use crate::spec::clause::Clause;
use crate::spec::contracts::{Contract, POSIX};
use crate::wait::Signal;
use std::time::{Duration, Instant};

/// How the next run of the program is started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct How {
    /// As process 1 of a PID namespace.
    pub first: bool,
    /// In a session with a terminal.
    pub terminal: bool,
    /// With these signals ignored.
    pub ignored: Vec<Signal>,
    /// With these signals blocked.
    pub blocked: Vec<Signal>,
    /// With these words before the command, instead of the rest of the program's own.
    pub instead: Option<Vec<String>>,
    /// And its child keeps the dispositions of signals that it starts with.
    pub keeps_signals: bool,
}

/// The runs of a program; a trial may have several, one after the other.
#[derive(Debug)]
pub struct Run {
    contract: &'static Contract,
    kind: Kind,
    /// How the next one is started.
    pub how: How,
}

impl Run {
    /// Of the program that is judged.
    pub(crate) fn of(info: &SubjectInfo) -> Run {
        Run { contract: info.contract.unwrap_or(&POSIX), kind: info.kind, how: How::default() }
    }
}

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

/// What a program has written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// To standard output.
    pub out: String,
    /// To standard error.
    pub err: String,
}

/// What the process table shows of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Its CPU time.
    pub cpu: Duration,
    /// How often it gave up the CPU.
    pub switches: u64,
    /// Its memory, in bytes.
    pub resident: i64,
}

/// A child that the program is to run, by a script or a configuration.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Its name.
    pub name: String,
    /// The command, quoted for a shell.
    pub command: String,
}

/// How long a single look takes, between two of which the program may exit.
const TURN: Duration = Duration::from_millis(100);

/// How long a program sleeps that has nothing left to wait for before it is said to hang. Some look once a second.
const HANG: Duration = Duration::from_secs(2);

impl Interface for Run {
    fn start(&mut self, core: &mut Core<'_>, birth: &Birth) -> Result<Started, Abort> {
        let mut argv = birth.argv.clone();
        if self.how.keeps_signals {
            argv.insert(core.agent.child.len(), "--keep-signals".to_owned());
        }
        self.begin(core, &argv)?;
        greeting(core, &birth.name)
    }
}

impl Run {
    /// Has the warden start the program with that command.
    fn begin(&mut self, core: &mut Core<'_>, argv: &[String]) -> Outcome {
        let quoted: Vec<String> = argv.iter().map(|word| quote(word)).collect();
        let quoted = quoted.join(" ");
        let folder = core.agent.folder.clone();
        let fill = |text: &str| text.replace("{child}", &quoted).replace("{folder}", &folder);
        let files: Vec<(String, String)> =
            self.contract.files().map(|(path, text)| (path.to_owned(), fill(&text))).collect();
        let program = &core.agent.program;
        let words = match &self.how.instead {
            Some(words) => {
                let own = program.get(1).is_some_and(|word| word == "child");
                let base = if own { 4 } else { 1 };
                program.iter().take(base).chain(words).cloned().collect()
            }
            None => program.clone(),
        };
        let takes = |text: &String| text.contains("{child}");
        let placed =
            words.iter().any(takes) || self.contract.rows.iter().any(|row| row.value.contains("{child}"));
        let mut command: Vec<String> = words.iter().map(|word| fill(word)).collect();
        if !placed {
            command.extend(argv.iter().cloned());
        }
        self.open(core, command, files)
    }

    /// Has the warden start a command.
    fn open(&mut self, core: &mut Core<'_>, command: Vec<String>, files: Vec<(String, String)>) -> Outcome {
        let names = |signals: &[Signal]| signals.iter().map(Signal::to_string).collect();
        let files: Vec<String> = files.into_iter().flat_map(|(path, text)| [path, text]).collect();
        let request = Request::Run {
            nonce: core.agent.nonce.clone(),
            argv: Words::of(command),
            first: self.how.first,
            terminal: self.how.terminal,
            ignored: names(&self.how.ignored),
            blocked: names(&self.how.blocked),
            files: (!files.is_empty()).then(|| Words::of(files)),
        };
        let reply = core.link.ask_warden(&request, PROMPT)?;
        if reply.word() != "ok" {
            return Err(match reply.get("why").unwrap_or_default() {
                why if why.starts_with("no PID namespace") => Abort::Skip(why),
                why => Abort::Broken(why),
            });
        }
        core.processes += 1;
        Ok(())
    }
}

/// A word, quoted for a shell.
fn quote(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:=,@%+".contains(&b);
    match !word.is_empty() && word.bytes().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// Waits until a child that the program runs has said hello.
fn greeting(core: &mut Core<'_>, name: &str) -> Result<Started, Abort> {
    let began = Instant::now();
    let patience = core.link.patience("a connection of a child".to_owned(), PROMPT);
    let pid = |hello: Line| {
        if hello.word() == "err" {
            let step = hello.get("step").unwrap_or_default();
            return Err(Abort::Broken(format!("{name} could not {step}")));
        }
        hello.number("pid").map_err(|e| Abort::Protocol(format!("hello: {e}")))
    };
    loop {
        let gone = match core.link.child_line(name, "hello", None, TURN) {
            Ok(hello) => return pid(hello).map(Started::Greeted),
            Err(LinkError::Late(_)) => exit_within(core, Duration::ZERO)?,
            Err(other) => return Err(other.into()),
        };
        if let Some(ran) = gone {
            // The child may have said hello, and the program have exited, before the warden came to read it.
            if let Ok(hello) = core.link.child_line(name, "hello", None, TURN) {
                return pid(hello).map(Started::Greeted);
            }
            let said = output(core, None, Duration::ZERO)?.0;
            let said = said.err.lines().last().map(|line| format!("; it wrote: {line}")).unwrap_or_default();
            return Err(Abort::Broken(format!("{} before its child connected{said}", ran.outcome())));
        }
        if began.elapsed() > patience.time {
            core.link.did_not_come(patience)?;
            return Err(Abort::Broken("the program did not run its child".into()));
        }
    }
}

/// The exit of the program, if it comes within that time.
fn exit_within(core: &mut Core<'_>, within: Duration) -> Result<Option<ProgramOutcome>, Abort> {
    let request = Request::Exit { within: ms(core.link.scaled(within)) };
    let reply = core.link.ask_warden_to_wait(&request, within)?;
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

/// What the program has written once it has written `until`, or has exited; whether it came to that.
fn output(core: &mut Core<'_>, until: Option<&str>, within: Duration) -> Result<(Output, bool), Abort> {
    let until = until.map(|text| Bytes(text.as_bytes().to_vec()));
    let request = Request::Output { until, within: ms(core.link.scaled(within)) };
    let reply = core.link.ask_warden_to_wait(&request, within)?;
    let text = |key| String::from_utf8_lossy(&reply.bytes(key).unwrap_or_default()).into_owned();
    Ok((Output { out: text("out"), err: text("err") }, reply.word() == "ok"))
}

impl Trial<'_> {
    /// The contract of the program.
    pub fn contract(&self) -> &'static Contract {
        self.with.contract
    }

    /// What the program is for.
    pub fn kind(&self) -> Kind {
        self.with.kind
    }

    /// The same scenario in a run that is started otherwise.
    pub fn spawn_how(&mut self, how: How, scenario: Scenario) -> Result<Child, Abort> {
        let before = std::mem::replace(&mut self.with.how, how);
        let child = self.spawn(scenario);
        self.with.how = before;
        child
    }

    /// Has the program run a command that is no child of the trial, as one that is not there.
    pub fn run(&mut self, command: &str) -> Result<ProgramOutcome, Abort> {
        self.core.steps.push(format!("run {command}"));
        self.with.begin(&mut self.core, &[command.to_owned()])?;
        self.exit()
    }

    /// A child for a script: its command, which is not run yet.
    pub fn offer(&mut self, scenario: Scenario) -> Offer {
        let birth = self.core.birth(&By::Fork { thread: 0 }, &scenario);
        let words: Vec<String> = birth.argv.iter().map(|word| quote(word)).collect();
        Offer { name: birth.name, command: words.join(" ") }
    }

    /// Waits until a child that was offered has connected.
    pub fn meet(&mut self, offer: &Offer) -> Result<Child, Abort> {
        let (Started::Greeted(pid) | Started::Forked(pid)) = greeting(&mut self.core, &offer.name)?;
        let child = Child { name: offer.name.clone(), pid };
        self.core.processes += 1;
        self.core.children.retain(|known| known.child.name != child.name);
        self.core.children.push(core::Known {
            child: child.clone(),
            adopted: true,
            connects: true,
            making: Making::UNKNOWN,
        });
        Ok(child)
    }

    /// Starts a shell on a script.
    pub fn script(&mut self, text: &str) -> Outcome {
        let shown =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
        let shown: String = shown.chars().take(300).collect();
        self.core.steps.push(format!("script {shown}"));
        let path = format!("{}/script", self.core.agent.folder);
        let mut command = self.core.agent.program.clone();
        command.push(path);
        self.with.open(&mut self.core, command, vec![("script".to_owned(), text.to_owned())])
    }

    /// Waits until the program has exited. One that stops with its command is continued, as a shell would.
    pub fn exit(&mut self) -> Result<ProgramOutcome, Abort> {
        self.core.steps.push("await the exit of the program".to_owned());
        let began = Instant::now();
        let mut idle = None;
        while began.elapsed() < self.link.scaled(PROMPT) {
            if let Some(ended) = exit_within(&mut self.core, TURN)? {
                return Ok(ended);
            }
            // Nobody is left whose exit it could wait for, and it sleeps.
            let (living, _) = self.tally()?;
            let state = self.program_line()?.get("state").unwrap_or_default();
            if state == ProcessState::Stopped.word() {
                self.signal_program(Signal::CONT)?;
            }
            let asleep = state == ProcessState::Asleep.word();
            let since = *idle.get_or_insert_with(Instant::now);
            if living > 1 || !asleep {
                idle = None;
            } else if since.elapsed() > self.link.scaled(HANG) {
                break;
            }
        }
        Ok(ProgramOutcome::Hung)
    }

    /// Waits longer: it has much to do.
    pub fn exit_late(&mut self) -> Outcome {
        exit_within(&mut self.core, PROMPT * 6).map(drop)
    }

    /// Whether the program has exited.
    pub fn has_exited(&mut self) -> Result<bool, Abort> {
        Ok(exit_within(&mut self.core, Duration::ZERO)?.is_some())
    }

    /// The exit of the program, if it comes soon: within the time after which a sleeping one would be said to hang.
    pub fn exits_soon(&mut self) -> Result<Option<ProgramOutcome>, Abort> {
        exit_within(&mut self.core, HANG)
    }

    /// What the program has written so far.
    pub fn output(&mut self) -> Result<Output, Abort> {
        Ok(output(&mut self.core, None, Duration::ZERO)?.0)
    }

    /// What the program has written once it has written that: a script says how far it is.
    pub fn output_until(&mut self, text: &str) -> Result<Output, Abort> {
        let (output, _) = output(&mut self.core, Some(text), PROMPT)?;
        Ok(output)
    }

    /// Sends a signal to the program.
    pub fn signal_program(&mut self, signal: Signal) -> Outcome {
        self.core.steps.push(format!("kill(the program, {signal})"));
        let request = Request::Signal { to: "agent".to_owned(), sig: signal };
        let reply = self.core.link.ask_warden(&request, PROMPT)?;
        match reply.word() {
            "ok" => Ok(()),
            _ => Err(Abort::Skip(format!("cannot send {signal} to the program"))),
        }
    }

    /// What the process table shows of the program.
    pub(crate) fn program_line(&mut self) -> Result<Line, Abort> {
        Ok(self.core.link.ask_warden(&Request::State { of: "agent".to_owned() }, PROMPT)?)
    }

    /// The figures of the program.
    pub fn figures(&mut self) -> Result<Figures, Abort> {
        let line = self.program_line()?;
        let number =
            |key| line.number(key).map_err(|_| Abort::Skip("the process table does not show it".into()));
        Ok(Figures {
            cpu: Duration::from_micros(number("cpu")?.unsigned_abs()),
            switches: number("switches")?.unsigned_abs(),
            resident: number("resident")?,
        })
    }

    /// The signals for which the program has a handler; `None` if that is not visible.
    pub fn caught(&mut self) -> Result<Option<Vec<Signal>>, Abort> {
        let line = self.program_line()?;
        let names = || line.list("caught").iter().filter_map(|name| Signal::from_name(name)).collect();
        Ok(line.keys().any(|key| key == "caught").then(names))
    }

    /// Waits until the program sleeps, as in a wait, or has exited.
    pub fn await_program_asleep(&mut self) -> Outcome {
        let began = Instant::now();
        let within = ms(self.link.scaled(TURN));
        while began.elapsed() < self.link.scaled(PROMPT) {
            let request = Request::Await { of: "agent".to_owned(), state: ProcessState::Asleep, within };
            if self.core.link.ask_warden(&request, PROMPT)?.word() == "ok" || self.has_exited()? {
                return Ok(());
            }
        }
        Err(Abort::Broken("the program does not come to rest".into()))
    }

    /// Gives the program time to do something: until it sleeps, exits, or has had several turns.
    pub fn settle(&mut self) -> Outcome {
        let within = ms(self.link.scaled(TURN * 5));
        let request = Request::Await { of: "agent".to_owned(), state: ProcessState::Asleep, within };
        self.core.link.ask_warden(&request, PROMPT)?;
        Ok(())
    }

    /// Whether the case checks that clause.
    pub fn cites(&self, clause: &Clause) -> bool {
        self.core.cited.iter().any(|cited| cited.id == clause.id)
    }

    /// What the program has written once it has written that, if it does so soon.
    pub fn output_soon(&mut self, text: &str) -> Result<String, Abort> {
        Ok(output(&mut self.core, Some(text), HANG)?.0.out)
    }

    /// The value that a script writes as a line `NAME=VALUE`, once it has come that far; `None` if it exits without.
    pub fn awaited(&mut self, name: &str) -> Result<Option<i32>, Abort> {
        let began = Instant::now();
        let wanted = format!("{name}=");
        while began.elapsed() < self.link.scaled(PROMPT) {
            let over = self.has_exited()?;
            let (written, _) = output(&mut self.core, Some(&wanted), TURN)?;
            let line = written
                .out
                .split_inclusive('\n')
                .find(|line| line.starts_with(&wanted) && line.ends_with('\n'));
            match line {
                Some(line) => return Ok(line.trim_end()[wanted.len()..].parse().ok()),
                None if over => return Ok(None),
                None => {}
            }
        }
        Ok(None)
    }

    /// A child of that name, run again; `None` if that does not happen.
    pub fn meets_again(&mut self, child: &Child) -> Result<Option<Child>, Abort> {
        let offer = Offer { name: child.name.clone(), command: String::new() };
        match self.meet(&offer) {
            Err(Abort::Broken(_)) => Ok(None),
            met => met.map(Some),
        }
    }

    /// How many descendants the warden has that live, the program among them, and how many zombies.
    pub fn tally(&mut self) -> Result<(i64, i64), Abort> {
        let reply = self.core.link.ask_warden(&Request::Tally {}, PROMPT)?;
        let number = |key| reply.number(key).map_err(|e| Abort::Broken(format!("tally: {e}")));
        let (all, zombies) = (number("processes")?, number("zombies")?);
        Ok((all - zombies, zombies))
    }

    /// Whether there is soon no zombie any more: not if the program sleeps and leaves some.
    pub fn zombies_go(&mut self) -> Result<bool, Abort> {
        let began = Instant::now();
        let mut last = (i64::MAX, Instant::now());
        while began.elapsed() < self.link.scaled(PROMPT * 3) {
            let (_, zombies) = self.tally()?;
            if zombies == 0 {
                return Ok(true);
            }
            if zombies < last.0 {
                last = (zombies, Instant::now());
            }
            if last.1.elapsed() > self.link.scaled(HANG) {
                return Ok(false);
            }
            self.exits_within(TURN / 10)?;
        }
        Ok(false)
    }

    fn exits_within(&mut self, within: Duration) -> Result<Option<ProgramOutcome>, Abort> {
        exit_within(&mut self.core, within)
    }

    /// Whether a process is soon gone from the table: not if the program leaves it a zombie.
    pub fn goes(&mut self, child: &Child) -> Result<bool, Abort> {
        let began = Instant::now();
        loop {
            let state = self.state(child)?;
            if matches!(state, ProcessState::Gone | ProcessState::Unknown) {
                return Ok(true);
            }
            if began.elapsed() > self.link.scaled(HANG) {
                return Ok(false);
            }
            self.take_a_turn()?;
        }
    }

    /// Between two looks at a process: until the program exits, if it does so soon. One that has exited is not waited for.
    fn take_a_turn(&mut self) -> Outcome {
        if self.exits_within(TURN / 20)?.is_some() {
            crate::sys::makeshift::pause(TURN / 20);
        }
        Ok(())
    }

    /// Whether a child that was stopped soon runs again, or has terminated.
    pub fn goes_on(&mut self, child: &Child) -> Result<bool, Abort> {
        let began = Instant::now();
        while self.state(child)? == ProcessState::Stopped {
            if began.elapsed() > self.link.scaled(HANG) {
                return Ok(false);
            }
            self.take_a_turn()?;
        }
        Ok(true)
    }

    /// Whether the program left that child to process 1 of its namespace, a zombie or alive.
    pub fn was_inherited(&mut self, child: &Child) -> Result<bool, Abort> {
        let reply = self.core.link.ask_warden(&Request::Tally {}, PROMPT)?;
        Ok(reply.list("orphans").contains(&child.pid.to_string()))
    }

    /// Whether the program is that child: it has replaced itself.
    pub fn has_become(&mut self, child: &Child) -> Result<bool, Abort> {
        let program = self.program_line()?.get("pid");
        let child = self.state_line(child)?.get("pid");
        Ok(program.is_some() && program == child)
    }

    /// Waits until a child that was told to stop has done so, or is gone because the program took that for its end.
    pub fn await_stopped_or_exit(&mut self, child: &Child) -> Outcome {
        let began = Instant::now();
        // A stop below a tracer is seen only after a while.
        let within = ms(self.link.scaled(TURN * 3));
        while began.elapsed() < self.link.scaled(PROMPT) {
            let request = Request::Await { of: child.name.clone(), state: ProcessState::Stopped, within };
            let reply = self.core.link.ask_warden(&request, PROMPT)?;
            let gone = |state: &str| ["gone", "zombie"].contains(&state);
            if reply.word() == "ok"
                || reply.get("state").is_some_and(|state| gone(&state))
                || self.has_exited()?
            {
                return Ok(());
            }
        }
        Err(Abort::Broken(format!("{} did not stop", child.name)))
    }
}
