//! A program that runs programs: a small shell, built on [`crate::wait`], for scripts as the cases use them.
//!
//! A script has one line per command: words, quotes, variables, `&`, pipelines, a subshell in parentheses, an assignment of one, and the
//! built-ins `cd`, `umask`, `echo`, `wait`, `trap`, `exit`, `exec`, `kill`, `type`, `set`, `jobs`, `bg` and `fg`, and `!`. There is no more
//! of the shell language, but what there is behaves as POSIX says.

mod behavior;
mod jobs;
mod words;

pub(crate) use self::behavior::{During, Shell};

use crate::sorted::Map;
use crate::sys::process;
use crate::sys::signal::{self, Action, Flags};
use crate::wait::Signal;
use jobs::Jobs;
use std::ffi::CString;
use words::{Part, Token, assignment, substitution, tokens};

impl Shell {
    /// Runs a script file; returns the exit code.
    pub(crate) fn run(self, command: &[CString]) -> i32 {
        let text = command.first().and_then(|path| path.to_str().ok()).map(std::fs::read_to_string);
        let Some(Ok(text)) = text else { return 127 };
        // The Rust runtime has ignored SIGPIPE before `main`.
        let others = (1..32).filter(|signal| ![libc::SIGCHLD, libc::SIGPIPE].contains(signal));
        let ignored = others.filter(|signal| signal::is_ignored(*signal) == Some(true)).collect();
        let Ok(jobs) = Jobs::new(self) else { return 125 };
        let mut run = Run {
            shell: self,
            jobs,
            variables: Map::new(),
            status: 0,
            ignored,
            traps: Map::new(),
            pipefail: false,
            errexit: false,
            before_trap: None,
        };
        run.script(&text);
        run.exit_trap();
        (self.of_script)(run.status)
    }
}

/// A running script.
struct Run {
    shell: Shell,
    jobs: Jobs,
    variables: Map<String, String>,
    status: i32,
    /// The signals that it was started with ignored.
    ignored: Vec<i32>,
    /// The action of each signal that has a trap; 0 is the exit.
    traps: Map<i32, String>,
    pipefail: bool,
    errexit: bool,
    /// `$?` before the trap that is being executed.
    before_trap: Option<i32>,
}

/// What a line requests: a pipeline, in the background or not.
struct Pipeline {
    commands: Vec<Command>,
    background: bool,
    negated: bool,
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
            let negated = self.line(line);
            self.run_traps();
            if self.errexit && !negated && (self.shell.exits_after)(self.status) {
                break;
            }
        }
    }

    /// Runs the trap on EXIT.
    fn exit_trap(&mut self) {
        if let Some(action) = self.traps.remove(&0) {
            let status = self.status;
            self.errexit = false;
            self.status = (self.shell.in_exit_trap)(status);
            self.script(&action);
            self.status = (self.shell.after_exit_trap)(status, self.status);
        }
    }

    fn run_traps(&mut self) {
        for signal in self.jobs.take_signals() {
            let Some(action) = self.traps.get(&signal).cloned() else { continue };
            for _ in 0..self.shell.trap_runs {
                let status = self.status;
                self.before_trap = Some(status);
                self.script(&action.replace("; ", "\n"));
                self.before_trap = None;
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
        let mut pipeline = Pipeline { commands: vec![Command::default()], background: false, negated: false };
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
                Token::Word(parts) if last.words.is_empty() && parts == [Part::Text("!".to_owned())] => {
                    pipeline.negated = true;
                }
                Token::Word(parts) => last.words.push(self.expand(&parts)),
                Token::Subshell(text) => last.subshell = Some(text),
            }
        }
        pipeline.commands.retain(|command| !command.words.is_empty() || command.subshell.is_some());
        pipeline
    }

    /// Runs a line; returns whether it is negated.
    fn line(&mut self, line: &str) -> bool {
        if let Some((name, text)) = substitution(line) {
            self.substitute(name, text);
            return false;
        }
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
                self.status = (self.shell.of_background)(self.status);
            }
            commands => {
                let commands = commands.to_vec();
                self.foreground(&commands);
            }
        }
        if pipeline.negated {
            self.status = (self.shell.not)(self.status);
        }
        pipeline.negated
    }

    /// Assigns the output of a command to a variable.
    fn substitute(&mut self, name: &str, text: &str) {
        let Ok((read, write)) = crate::sys::makeshift::pipe() else { return };
        let command = Command { subshell: Some(text.to_owned()), ..Command::default() };
        let body = || {
            let _ = rustix::stdio::dup2_stdout(&write);
            self.reset_signals();
            self.become_command(&command)
        };
        let Ok(pid) = process::spawn(body) else { return };
        drop(write);
        let mut output = String::new();
        let _ = std::io::Read::read_to_string(&mut std::fs::File::from(read), &mut output);
        let status = self.jobs.run(&[pid], During::Substitution).last().copied().unwrap_or(0);
        self.variables.insert(name.to_owned(), output.trim_end_matches('\n').to_owned());
        self.status = (self.shell.of_substitution)(status);
    }

    /// In a child: the signals that a command starts with.
    fn reset_signals(&self) {
        signal::reset_all();
        if self.shell.ignores_pipe {
            let _ = signal::set_action(libc::SIGPIPE, Action::Ignore, Flags::default());
        }
        let ignores = |action: &str| {
            if action.is_empty() { self.shell.keeps_ignored } else { !self.shell.resets_trapped }
        };
        let of_traps = self.traps.iter().filter(|(signal, action)| **signal != 0 && ignores(action));
        let inherited = self.ignored.iter().filter(|_| self.shell.keeps_ignored);
        for signal in of_traps.map(|(signal, _)| signal).chain(inherited) {
            let _ = signal::set_action(*signal, Action::Ignore, Flags::default());
        }
    }

    /// Runs a pipeline and waits for it.
    fn foreground(&mut self, commands: &[Command]) {
        let pids = self.start(commands, false);
        let statuses = self.jobs.run(&pids, During::Foreground);
        let chosen = match (self.pipefail && self.shell.pipefail, self.shell.last_of_pipeline) {
            (true, _) => statuses.iter().rev().find(|status| (self.shell.has_failed)(**status)),
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
                self.reset_signals();
                if background && !monitor && self.shell.shields {
                    for signal in [libc::SIGINT, libc::SIGQUIT] {
                        let _ = signal::set_action(signal, Action::Ignore, Flags::default());
                    }
                }
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

    /// In a child: becomes a command; returns the exit code if it cannot, or if it is a subshell.
    fn become_command(&self, command: &Command) -> i32 {
        if let Some(text) = &command.subshell {
            let shell = Shell { unknown: self.shell.unknown_in_subshell, ..self.shell };
            let Ok(jobs) = Jobs::new(shell) else { return 125 };
            let own = |(signal, action): (&i32, &String)| (*signal, action.clone());
            let keeps = |(_, action): &(&i32, &String)| !self.shell.subshell_resets || action.is_empty();
            let mut run = Run {
                shell: self.shell,
                jobs,
                variables: self.variables.clone(),
                status: 0,
                ignored: self.ignored.clone(),
                traps: self.traps.iter().filter(keeps).map(own).collect(),
                pipefail: self.pipefail,
                errexit: self.errexit,
                before_trap: None,
            };
            for (signal, _) in run.traps.iter().filter(|(signal, action)| **signal != 0 && !action.is_empty())
            {
                let _ = signal::set_action(*signal, Action::Hook(jobs::note), Flags::default());
            }
            run.script(&text.replace("; ", "\n"));
            return (self.shell.of_subshell)(run.status);
        }
        (self.shell.alters)();
        let words: Result<Vec<CString>, _> =
            command.words.iter().map(|word| CString::new(word.as_str())).collect();
        words.map_or(125, |words| (self.shell.no_program)(process::exec(&words)))
    }

    /// Runs a built-in command; returns whether it is one.
    fn builtin(&mut self, words: &[String]) -> bool {
        let rest: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        self.status = match (words[0].as_str(), rest.as_slice()) {
            ("echo", rest) => say(&rest.join(" ")),
            ("cd", [path]) => i32::from(std::env::set_current_dir(path).is_err()),
            ("umask", [mode]) => {
                let mode = u16::from_str_radix(mode, 8).unwrap_or(0);
                rustix::process::umask(rustix::fs::Mode::from_bits_truncate(mode.into()));
                0
            }
            ("type", [name]) => say(&format!("{name} is a shell builtin")),
            ("exit", rest) => {
                let before = self.before_trap.map(|before| (self.shell.exit_in_trap)(before, self.status));
                let given = rest.first().and_then(|code| code.parse().ok());
                self.status = given.or(before).unwrap_or(self.status);
                self.exit_trap();
                process::exit_now(self.status)
            }
            ("exec", [_, ..]) => {
                let command = Command { words: words[1..].to_vec(), ..Command::default() };
                process::exit_now(self.become_command(&command))
            }
            ("set", ["-m"]) => {
                self.jobs.set_monitor();
                0
            }
            ("set", ["-e"]) => {
                self.errexit = true;
                0
            }
            ("set", ["-o", "pipefail"]) => {
                self.pipefail = true;
                0
            }
            ("trap", [action, "EXIT"]) => {
                self.traps.insert(0, (*action).to_owned());
                0
            }
            ("trap", [action, name]) => {
                let Some(signal) = Signal::from_name(&format!("SIG{name}")) else { return true };
                if self.shell.keeps_ignored_at_start && self.ignored.contains(&signal.number()) {
                    self.status = 0;
                    return true;
                }
                self.traps.insert(signal.number(), (*action).to_owned());
                let ignored = action.is_empty() && self.shell.ignores;
                let action = if ignored { Action::Ignore } else { Action::Hook(jobs::note) };
                let _ = signal::set_action(signal.number(), action, Flags::default());
                0
            }
            ("kill", ["-s", name, pid]) => {
                let (signal, pid) = (Signal::from_name(&format!("SIG{name}")), pid.parse());
                let (Some(signal), Ok(pid)) = (signal, pid) else { return true };
                i32::from(process::kill(pid, signal.number()).is_err())
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
                    let pid = self.jobs.named(pid);
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
