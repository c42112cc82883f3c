//! A program that runs programs: a small shell-like one, on [`crate::wait`], for scripts as the cases use them.
//!
//! A script is a line a command: words, quotes, variables, `&`, pipelines, a subshell in parentheses, and the built-in
//! `echo`, `wait`, `trap`, `exit`, `exec`, `kill -l`, `type`, `set`, `jobs`, `bg` and `fg`. It has no other part of the
//! shell language, but what it has behaves as POSIX says.

mod jobs;
mod words;

use super::wrapper::{code, no_program};
use crate::sys::process;
use crate::sys::signal::{self, Action, Flags};
use crate::wait::{Errno, Event, Signal};
use jobs::Jobs;
use std::collections::BTreeMap;
use std::ffi::CString;
use words::{Part, Token, tokens};

/// How it behaves; mutants differ in one of these.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Shell {
    /// `$?` of a command that ended like this.
    pub(crate) code: fn(Event) -> i32,
    /// `$?` of one that cannot be run.
    pub(crate) no_program: fn(Errno) -> i32,
    /// The signal that `kill -l` gives for a status.
    pub(crate) signal_of: fn(i32) -> i32,
    /// `$?` of a wait for a pid that is not known.
    pub(crate) unknown: i32,
    /// How many background commands are remembered.
    pub(crate) remembered: usize,
    /// A wait without operands waits for all.
    pub(crate) waits_for_all: bool,
    /// And its `$?`.
    pub(crate) status_of_all: fn(i32) -> i32,
    /// The status of several operands that have these.
    pub(crate) of_operands: fn(&[i32]) -> i32,
    /// After an operand that failed, the others are waited for.
    pub(crate) waits_for_rest: bool,
    /// `$!` of a pipeline is its last command.
    pub(crate) bang_is_last: bool,
    /// A trapped signal ends a wait.
    pub(crate) trap_ends_wait: bool,
    /// And that wait's `$?`.
    pub(crate) trap_status: fn(i32) -> i32,
    /// And that of one without operands.
    pub(crate) trap_status_of_all: fn(i32) -> i32,
    /// A signal that an empty trap ignores does not end a wait.
    pub(crate) ignores: bool,
    /// SIGCHLD is unblocked.
    pub(crate) unblocks: bool,
    /// The trap runs before the next command.
    pub(crate) runs_trap: bool,
    /// After that, the command can still be waited for.
    pub(crate) keeps_after_trap: bool,
    /// Of a pipeline the last command counts.
    pub(crate) last_of_pipeline: bool,
    /// `set -o pipefail` has its effect.
    pub(crate) pipefail: bool,
    /// A command that stops is still there.
    pub(crate) stop_is_no_exit: bool,
    /// And one in the foreground gives the shell back.
    pub(crate) stop_gives_back: bool,
    /// `jobs` shows it as stopped.
    pub(crate) shows_stops: bool,
    /// `bg` continues it.
    pub(crate) bg_continues: bool,
    /// `fg` waits for it.
    pub(crate) fg_waits: bool,
}

impl Shell {
    /// The correct one.
    pub(crate) const CORRECT: Shell = Shell {
        code,
        no_program,
        signal_of: |status| status - 128,
        unknown: 127,
        remembered: usize::MAX,
        waits_for_all: true,
        status_of_all: |_| 0,
        of_operands: |statuses| statuses.last().copied().unwrap_or(0),
        waits_for_rest: true,
        bang_is_last: true,
        trap_ends_wait: true,
        trap_status: |signal| 128 + signal,
        trap_status_of_all: |signal| 128 + signal,
        ignores: true,
        unblocks: true,
        runs_trap: true,
        keeps_after_trap: true,
        last_of_pipeline: true,
        pipefail: true,
        stop_is_no_exit: true,
        stop_gives_back: true,
        shows_stops: true,
        bg_continues: true,
        fg_waits: true,
    };

    /// Runs the script of that file; the exit code.
    pub(crate) fn run(self, command: &[CString]) -> i32 {
        let text = command.first().and_then(|path| path.to_str().ok()).map(std::fs::read_to_string);
        let Some(Ok(text)) = text else { return 127 };
        let Ok(jobs) = Jobs::new(self) else { return 125 };
        let mut run = Run {
            shell: self,
            jobs,
            variables: BTreeMap::new(),
            status: 0,
            traps: BTreeMap::new(),
            pipefail: false,
        };
        run.script(&text);
        run.status
    }
}

/// A running script.
struct Run {
    shell: Shell,
    jobs: Jobs,
    variables: BTreeMap<String, String>,
    status: i32,
    traps: BTreeMap<i32, String>,
    pipefail: bool,
}

/// What a line asks for: the commands of a pipeline, in the background or not.
struct Pipeline {
    commands: Vec<Command>,
    background: bool,
}

/// One command.
#[derive(Default, Clone)]
struct Command {
    words: Vec<String>,
    subshell: Option<String>,
    quiet: bool,
}

impl Run {
    fn script(&mut self, text: &str) {
        for line in text.lines() {
            self.line(line);
            self.run_traps();
        }
    }

    fn run_traps(&mut self) {
        for signal in self.jobs.take_signals() {
            if let Some(action) = self.traps.get(&signal).cloned()
                && self.shell.runs_trap
            {
                let status = self.status;
                self.script(&action);
                self.status = status;
            }
        }
    }

    fn expand(&self, parts: &[Part]) -> String {
        let value = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Variable(name) => match name.as_str() {
                "?" => self.status.to_string(),
                "!" => self.jobs.last().to_string(),
                name => self.variables.get(name).cloned().unwrap_or_default(),
            },
        };
        parts.iter().map(value).collect()
    }

    fn parse(&self, line: &str) -> Pipeline {
        let mut pipeline = Pipeline { commands: vec![Command::default()], background: false };
        let mut redirected = false;
        for token in tokens(line) {
            let Some(last) = pipeline.commands.last_mut() else { continue };
            match token {
                Token::Operator("&") => pipeline.background = true,
                Token::Operator("|") => pipeline.commands.push(Command::default()),
                Token::Operator(_) => redirected = true,
                Token::Word(_) if redirected => {
                    last.quiet = true;
                    redirected = false;
                }
                Token::Word(parts) => last.words.push(self.expand(&parts)),
                Token::Subshell(text) => last.subshell = Some(text),
            }
        }
        pipeline.commands.retain(|command| !command.words.is_empty() || command.subshell.is_some());
        pipeline
    }

    fn line(&mut self, line: &str) {
        let pipeline = self.parse(line);
        match pipeline.commands.as_slice() {
            [] => {}
            [command] if !pipeline.background && command.subshell.is_none() => {
                let command = command.clone();
                if let Some((name, value)) =
                    assignment(&command.words[0]).filter(|_| command.words.len() == 1)
                {
                    self.variables.insert(name, value);
                } else if !self.builtin(&command.words) {
                    self.foreground(&[command]);
                }
            }
            commands if pipeline.background => {
                let pids = self.start(commands, true);
                self.jobs.add(pids);
                self.status = 0;
            }
            commands => {
                let commands = commands.to_vec();
                self.foreground(&commands);
            }
        }
    }

    /// Runs a pipeline and waits for it.
    fn foreground(&mut self, commands: &[Command]) {
        let pids = self.start(commands, false);
        let statuses = self.jobs.run(&pids);
        let chosen = match (self.pipefail && self.shell.pipefail, self.shell.last_of_pipeline) {
            (true, _) => statuses.iter().rev().find(|status| **status != 0),
            (false, true) => statuses.last(),
            (false, false) => statuses.first(),
        };
        self.status = chosen.copied().unwrap_or(0);
    }

    /// Starts the commands of a pipeline.
    fn start(&mut self, commands: &[Command], background: bool) -> Vec<i32> {
        let mut pids = Vec::new();
        let mut input = None;
        for (at, command) in commands.iter().enumerate() {
            let pipe = (at + 1 < commands.len()).then(|| crate::sys::makeshift::pipe().ok()).flatten();
            let (next, output) = pipe.map_or((None, None), |(read, write)| (Some(read), Some(write)));
            let group = pids.first().copied().unwrap_or(0);
            let monitor = self.jobs.monitor();
            let body = || {
                if let Some(input) = &input {
                    let _ = rustix::stdio::dup2_stdin(input);
                }
                if let Some(output) = &output {
                    let _ = rustix::stdio::dup2_stdout(output);
                }
                if command.quiet {
                    quiet();
                }
                signal::reset_all();
                if monitor {
                    let _ = rustix::process::setpgid(None, rustix::process::Pid::from_raw(group));
                }
                self.become_command(command)
            };
            let Ok(pid) = process::spawn(body) else { continue };
            if monitor {
                self.jobs.group(pid, if group == 0 { pid } else { group }, !background);
            }
            pids.push(pid);
            input = next;
        }
        pids
    }

    /// In a child: becomes a command; the exit code if it cannot, or if it is a subshell.
    fn become_command(&self, command: &Command) -> i32 {
        if let Some(text) = &command.subshell {
            let Ok(jobs) = Jobs::new(self.shell) else { return 125 };
            let mut run = Run {
                shell: self.shell,
                jobs,
                variables: self.variables.clone(),
                status: 0,
                traps: BTreeMap::new(),
                pipefail: self.pipefail,
            };
            run.script(text);
            return run.status;
        }
        let words: Result<Vec<CString>, _> =
            command.words.iter().map(|word| CString::new(word.as_str())).collect();
        words.map_or(125, |words| (self.shell.no_program)(process::exec(&words)))
    }

    /// Runs a command that is built in; whether it is.
    fn builtin(&mut self, words: &[String]) -> bool {
        let rest: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        self.status = match (words[0].as_str(), rest.as_slice()) {
            ("echo", rest) => say(&rest.join(" ")),
            ("type", [name]) => say(&format!("{name} is a shell builtin")),
            ("exit", rest) => {
                let code = rest.first().and_then(|code| code.parse().ok()).unwrap_or(self.status);
                process::exit_now(code)
            }
            ("exec", [_, ..]) => {
                let command = Command { words: words[1..].to_vec(), ..Command::default() };
                process::exit_now(self.become_command(&command))
            }
            ("set", ["-m"]) => {
                self.jobs.set_monitor();
                0
            }
            ("set", ["-o", "pipefail"]) => {
                self.pipefail = true;
                0
            }
            ("trap", [action, name]) => {
                let Some(signal) = Signal::from_name(&format!("SIG{name}")) else { return true };
                self.traps.insert(signal.number(), (*action).to_owned());
                let ignored = action.is_empty() && self.shell.ignores;
                let action = if ignored { Action::Ignore } else { Action::Hook(jobs::note) };
                let _ = signal::set_action(signal.number(), action, Flags::default());
                0
            }
            ("kill", ["-l", status]) => {
                let number = (self.shell.signal_of)(status.parse().unwrap_or(0));
                match Signal::from_number(number).name() {
                    Some(name) => say(name.trim_start_matches("SIG")),
                    None => 1,
                }
            }
            ("wait", []) => {
                let traps: Vec<i32> = self.traps.keys().copied().collect();
                self.jobs.wait_for_all(&traps)
            }
            ("wait", pids) => {
                let traps: Vec<i32> = self.traps.keys().copied().collect();
                let mut statuses = Vec::new();
                for pid in pids {
                    let pid = pid.parse().unwrap_or(0);
                    let failed = statuses.last().is_some_and(|status| *status != 0);
                    if failed && !self.shell.waits_for_rest && self.jobs.lives(pid) {
                        break;
                    }
                    statuses.push(self.jobs.wait_for(pid, &traps));
                }
                (self.shell.of_operands)(&statuses)
            }
            ("jobs", []) => say(&self.jobs.listed()),
            ("bg", []) => self.jobs.bg(),
            ("fg", []) => self.jobs.fg(),
            _ => return false,
        };
        true
    }
}

/// Writes a line to standard output, unless it is empty.
fn say(text: &str) -> i32 {
    if !text.is_empty() {
        let _ = rustix::io::write(rustix::stdio::stdout(), format!("{text}\n").as_bytes());
    }
    0
}

/// Closes standard error.
fn quiet() {
    use rustix::fs::{Mode, OFlags};
    if let Ok(null) = rustix::fs::open(c"/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()) {
        let _ = rustix::stdio::dup2_stderr(&null);
    }
}

/// The name and value of a word that is an assignment.
fn assignment(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!name.is_empty() && name.chars().all(plain)).then(|| (name.to_owned(), value.to_owned()))
}
