//! The interface `program`: a program that runs a program, started by the warden.

use crate::protocol::codec::{Bytes, Words};
use crate::protocol::handle::HandleReport;
use crate::protocol::warden::{ProcessState, Request};
use crate::protocol::{Change, Line};
use crate::scenario::Scenario;
use crate::spec::clause::Clause;
use crate::spec::contracts::{Contract, POSIX};
use crate::trial::abort::{Abort, Outcome};
use crate::trial::core::{self, Birth, Child, Core, Interface, Started};
use crate::trial::deadline::{PROMPT, ms};
use crate::trial::link::connection::LinkError;
use crate::trial::making::{By, Making};
use crate::trial::missing::Of;
use crate::trial::program::kind::Kind;
use crate::trial::program::outcome::{Figures, Offer, Output, ProgramOutcome};
use crate::trial::program::starved::Starved;
use crate::trial::shown::Shown;
use crate::trial::subject::SubjectInfo;
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
    /// As the parent of a child that it did not create, and that has exited with 3.
    pub zombie: bool,
    /// By a shell that runs this first: its children become those of the program.
    pub after: Option<String>,
    /// With a child that keeps the signal dispositions that it starts with.
    pub keeps_signals: bool,
}

/// The runs of a program; a trial may have several, one after another.
#[derive(Debug)]
pub struct Run {
    contract: &'static Contract,
    kind: Kind,
    /// How the next run is started.
    pub how: How,
}

impl Run {
    /// For the program that is judged.
    pub(crate) fn of(info: &SubjectInfo) -> Run {
        Run { contract: info.contract.unwrap_or(&POSIX), kind: info.kind, how: How::default() }
    }
}

/// A running trial of a program.
pub type Trial<'a> = core::Trial<'a, Run>;

/// How long to wait for the program to exit between two looks at it.
pub(crate) const TURN: Duration = Duration::from_millis(100);

/// How long a program with nothing left to wait for must sleep to count as hung. Some programs look once a second.
pub(crate) const HANG: Duration = Duration::from_secs(2);

impl Interface for Run {
    fn start(&mut self, core: &mut Core<'_>, birth: &Birth) -> Result<Started, Abort> {
        self.begin(core, &self.argv(core, birth))?;
        greeting(core, &birth.name)
    }
}

impl Run {
    /// The command of a child.
    pub(super) fn argv(&self, core: &Core<'_>, birth: &Birth) -> Vec<String> {
        let mut argv = birth.argv.clone();
        if self.how.keeps_signals {
            argv.insert(core.agent.child.len(), "--keep-signals".to_owned());
        }
        argv
    }

    /// Has the warden start the program with that command.
    pub(super) fn begin(&mut self, core: &mut Core<'_>, argv: &[String]) -> Outcome {
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
    fn open(
        &mut self,
        core: &mut Core<'_>,
        mut command: Vec<String>,
        files: Vec<(String, String)>,
    ) -> Outcome {
        if let Some(other) = &self.how.after {
            let script = format!("{other}\nexec \"$@\"");
            let before = ["sh", "-c", &script, "sh"];
            command = before.map(str::to_owned).into_iter().chain(command).collect();
        }
        let names = |signals: &[Signal]| signals.iter().map(Signal::to_string).collect();
        let files: Vec<String> = files.into_iter().flat_map(|(path, text)| [path, text]).collect();
        let request = Request::Run {
            nonce: core.agent.nonce.clone(),
            argv: Words::of(command),
            first: self.how.first,
            terminal: self.how.terminal,
            ignored: names(&self.how.ignored),
            blocked: names(&self.how.blocked),
            zombie: self.how.zombie,
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

/// Quotes a word for a shell.
fn quote(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:=,@%+".contains(&b);
    match !word.is_empty() && word.bytes().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// Waits until a child run by the program has said hello.
pub(super) fn greeting(core: &mut Core<'_>, name: &str) -> Result<Started, Abort> {
    let began = Instant::now();
    let patience = core.link.patience(Of::Processes, "a connection of a child".to_owned(), PROMPT);
    let (mut starved, most) = (Starved::default(), core.link.scaled(PROMPT * 6));
    let pid = |hello: Line| {
        if hello.word() == "err" {
            let step = hello.get("step").unwrap_or_default();
            return Err(Abort::Broken(format!("{name} could not {step}")));
        }
        hello.number("pid").map_err(|e| Abort::Protocol(format!("hello: {e}")))
    };
    loop {
        let turn = Instant::now();
        let gone = match core.link.child_line(name, "hello", None, TURN) {
            Ok(hello) => return pid(hello).map(Started::Greeted),
            Err(LinkError::Late(_)) => exit_within(core, Duration::ZERO)?,
            Err(other) => return Err(other.into()),
        };
        if gone.is_none() {
            starved.add(&program_line(core)?, turn.elapsed());
        }
        // What a program that has exited has left behind may still become the child.
        if let Some(ran) = gone
            && (core.tally()?.0 == 0 || began.elapsed() > patience.time)
        {
            // The child may have said hello, and the program exited, before the warden read it.
            if let Ok(hello) = core.link.child_line(name, "hello", None, TURN) {
                return pid(hello).map(Started::Greeted);
            }
            let said = output(core, None, Duration::ZERO)?.0;
            let said = said.err.lines().last().map(|line| format!("; it wrote: {line}")).unwrap_or_default();
            return Err(Abort::Broken(format!("{} before its child connected{said}", ran.outcome())));
        }
        if began.elapsed() > patience.time + starved.time(most)? {
            core.link.did_not_come(patience)?;
            return Err(Abort::Broken("the program did not run its child".into()));
        }
    }
}

/// The exit of the program, if it happens within that time.
pub(crate) fn exit_within(core: &mut Core<'_>, within: Duration) -> Result<Option<ProgramOutcome>, Abort> {
    let request = Request::Exit { within: ms(core.link.scaled(within)) };
    let reply = core.link.ask_warden_to_wait(&request, within)?;
    match reply.word() {
        "ok" => {
            let change = match HandleReport::from_line(&reply).map_err(Abort::Broken)? {
                HandleReport::Code(code) => Change::Exited(code as i32),
                HandleReport::Signal(signal, core) => Change::Killed(signal, core),
                other => return Err(Abort::Broken(format!("the warden reaped {other:?}"))),
            };
            Ok(Some(ProgramOutcome::Ended(change)))
        }
        "late" => Ok(None),
        _ => Err(Abort::Broken(reply.get("why").unwrap_or_default())),
    }
}

/// What the process table shows of the program.
fn program_line(core: &mut Core<'_>) -> Result<Line, Abort> {
    Ok(core.link.ask_warden(&Request::State { of: "agent".to_owned() }, PROMPT)?)
}

/// What the program has written once it has written `until` or exited, and whether it wrote it.
pub(crate) fn output(
    core: &mut Core<'_>,
    until: Option<&str>,
    within: Duration,
) -> Result<(Output, bool), Abort> {
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

    /// The same scenario in a run that is started differently.
    pub fn spawn_how(&mut self, how: How, scenario: Scenario) -> Result<Child, Abort> {
        let before = std::mem::replace(&mut self.with.how, how);
        let child = self.spawn(scenario);
        self.with.how = before;
        child
    }

    /// Has the program run a command that is not a child of the trial, such as one that does not exist.
    pub fn run(&mut self, command: &str) -> Result<ProgramOutcome, Abort> {
        self.run_words(&[command])
    }

    /// The same of a command of several words.
    pub fn run_words(&mut self, words: &[&str]) -> Result<ProgramOutcome, Abort> {
        self.core.steps.push(format!("run {}", words.join(" ")));
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        self.with.begin(&mut self.core, &words)?;
        self.exit()
    }

    /// A child for a script: its command, to be run by the script.
    pub fn offer(&mut self, scenario: Scenario) -> Offer {
        let birth = self.core.birth(&By::Fork { thread: 0 }, &scenario);
        let words: Vec<String> = birth.argv.iter().map(|word| quote(word)).collect();
        Offer { name: birth.name, command: words.join(" ") }
    }

    /// The same of a child that keeps the dispositions of signals that it starts with.
    pub fn offer_how(&mut self, how: &How, scenario: Scenario) -> Offer {
        let mut birth = self.core.birth(&By::Fork { thread: 0 }, &scenario);
        if how.keeps_signals {
            birth.argv.insert(self.core.agent.child.len(), "--keep-signals".to_owned());
        }
        let words: Vec<String> = birth.argv.iter().map(|word| quote(word)).collect();
        Offer { name: birth.name, command: words.join(" ") }
    }

    /// Whether another child of that name has said hello since that one did.
    pub fn has_said_hello(&mut self, child: &Child) -> Result<bool, Abort> {
        match self.core.link.child_line(&child.name, "hello", None, TURN) {
            Ok(_) => Ok(true),
            Err(LinkError::Late(_)) => Ok(false),
            Err(other) => Err(other.into()),
        }
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

    /// Runs a script in a shell.
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

    /// Waits until the program has exited. If it stops along with its command, it is continued, as a shell would do.
    pub fn exit(&mut self) -> Result<ProgramOutcome, Abort> {
        self.exit_in(PROMPT)
    }

    /// The same of one that may sleep for that long before it does something.
    pub fn exit_in(&mut self, within: Duration) -> Result<ProgramOutcome, Abort> {
        self.core.steps.push("await the exit of the program".to_owned());
        let began = Instant::now();
        let (mut idle, mut starved) = (None, Starved::default());
        let most = self.link.scaled(PROMPT * 6);
        while began.elapsed() < self.link.scaled(within) + starved.time(most)? {
            let turn = Instant::now();
            if let Some(ended) = exit_within(&mut self.core, TURN)? {
                return Ok(ended);
            }
            // Hung if it sleeps although no process is left whose exit it could be waiting for.
            let (living, _) = self.tally()?;
            let shown = self.program_line()?;
            starved.add(&shown, turn.elapsed());
            let state = shown.get("state").unwrap_or_default();
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

    /// Waits longer, for a program that has much to do.
    pub fn exit_late(&mut self) -> Outcome {
        exit_within(&mut self.core, PROMPT * 6).map(drop)
    }

    /// Whether the program has exited.
    pub fn has_exited(&mut self) -> Result<bool, Abort> {
        Ok(exit_within(&mut self.core, Duration::ZERO)?.is_some())
    }

    /// What the program has written so far.
    pub fn output(&mut self) -> Result<Output, Abort> {
        Ok(output(&mut self.core, None, Duration::ZERO)?.0)
    }

    /// What the program has written once it has written that text: a script reports its progress.
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
        program_line(&mut self.core)
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
            descriptors: line.number("descriptors").ok(),
        })
    }

    /// The signals for which the program has a handler; `None` if that is not visible.
    pub fn caught(&mut self) -> Result<Option<Vec<Signal>>, Abort> {
        let line = self.program_line()?;
        let names = || line.list("caught").iter().filter_map(|name| Signal::from_name(name)).collect();
        Ok(line.keys().any(|key| key == "caught").then(names))
    }

    /// The signals that the program catches, or accepts in a call. Those are shown as blocked only while it is not in the call, as
    /// when it is stopped.
    pub fn accepted(&mut self) -> Result<Vec<Signal>, Abort> {
        self.signal_program(Signal::STOP)?;
        self.await_agent(ProcessState::Stopped)?;
        let caught = self.caught()?.unwrap_or_default();
        self.signal_program(Signal::CONT)?;
        Ok(caught)
    }

    /// Waits until the program sleeps, as in a wait call, or has exited.
    pub fn await_program_asleep(&mut self) -> Outcome {
        let began = Instant::now();
        let within = ms(self.link.scaled(TURN));
        while began.elapsed() < self.link.scaled(PROMPT) {
            let request = Request::Await { of: "agent".to_owned(), state: ProcessState::Asleep, within };
            if self.core.link.ask_warden(&request, PROMPT)?.word() == "ok" || self.has_exited()? {
                return Ok(());
            }
        }
        Err(Abort::Broken("the program does not go to sleep".into()))
    }

    /// Gives the program time to act: until it sleeps, exits, or has had several turns.
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

    /// The value that a script writes in a line `NAME=VALUE`, once it gets that far; `None` if it exits without doing
    /// so.
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
}
