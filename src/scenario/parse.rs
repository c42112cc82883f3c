//! Parsing a step from its protocol line.

use super::error::StepError;
use super::grammar::FORMS;
use super::step::{Death, Offspring, Step, TerminalUse, Then};
use crate::protocol::line::{FieldError, parse_number};
use crate::protocol::{Line, nearest};
use crate::sys::process::ptrace;
use crate::wait::Signal;

impl Step {
    /// Parses a step from a line.
    ///
    /// # Errors
    /// [`StepError`]: an unknown word, a missing key, or an invalid value. Unknown keys are ignored, as everywhere in
    /// the protocol.
    pub fn from_line(line: &Line) -> Result<Step, StepError> {
        let form = FORMS.iter().find(|form| form.word == line.word());
        let form = form.ok_or_else(|| StepError::word(line.word(), []))?;
        let f = Fields { step: form.word, line };
        let exit = || Ok::<_, StepError>((f.code()?, f.flag("report")?.unwrap_or(false)));
        let death = || {
            Ok::<_, StepError>(Death {
                signal: f.signal()?,
                core: f.flag("core")?,
                report: f.flag("report")?.unwrap_or(false),
            })
        };
        let offspring = || {
            Ok::<_, StepError>(Offspring {
                token: line.get("token"),
                orphan: f.flag("orphan")?.unwrap_or(false),
                steps: f.steps()?,
            })
        };
        Ok(match form.word {
            "exit" => exit().map(|(code, report)| Step::Exit { code, report })?,
            "thread-exit" => exit().map(|(code, report)| Step::ThreadExit { code, report })?,
            "group-exit" => exit().map(|(code, report)| Step::GroupExit { code, report })?,
            "raise" => Step::Raise(death()?),
            "kill-self" => Step::KillSelf(death()?),
            "pause" => Step::Pause,
            "stop" if line.get("sig").is_none() => Step::Stop(Signal::STOP),
            "stop" => Step::Stop(f.signal()?),
            "ignore" => Step::Ignore(f.signal()?),
            "default" => Step::Default(f.signal()?),
            "block" => Step::Block(f.signal()?),
            "unblock" => Step::Unblock(f.signal()?),
            "burn-user" => Step::BurnUser { us: f.number("us")? },
            "burn-system" => Step::BurnSystem { us: f.number("us")? },
            "allocate" => Step::Allocate { bytes: f.number("bytes")? },
            "release" => Step::Release,
            "minor-faults" => Step::MinorFaults { count: f.number("count")? },
            "major-faults" => Step::MajorFaults { count: f.number("count")? },
            "block-output" => Step::BlockOutput { count: f.number("count")? },
            "voluntary-switches" => Step::VoluntarySwitches { count: f.number("count")? },
            "involuntary-switches" => Step::InvoluntarySwitches { count: f.number("count")? },
            "sleep" => Step::Sleep { ms: f.number("ms")? },
            "setpgid" => Step::Setpgid { pgid: f.number_or("pgid", 0)? },
            "setsid" => Step::Setsid,
            "setuid" => Step::Setuid { uid: f.number("uid")? },
            "seteuid" => Step::Seteuid { uid: f.number("uid")? },
            "setegid" => Step::Setegid { gid: f.number("gid")? },
            "fork" => Step::Fork(offspring()?),
            "vfork-exec" => Step::VforkExec(offspring()?),
            "vfork" => Step::Vfork { code: f.code()? },
            "wait" => Step::Wait { pid: f.number_or("pid", 0)? },
            "leader-exit" if line.get("code").is_none() => Step::LeaderExit { code: 0 },
            "leader-exit" => Step::LeaderExit { code: f.code()? },
            "exec" => Step::Exec { steps: f.steps()? },
            "exec-from-thread" => Step::ExecFromThread { steps: f.steps()? },
            "traceme" => Step::Traceme,
            "trace" => Step::Trace {
                request: f.word("do", &ptrace::Request::ALL)?.ok_or_else(|| f.missing("do", "a request"))?,
                pid: f.number("pid")?,
                signal: f.line.get("sig").map(|_| f.signal()).transpose()?,
                options: f.line.list("options"),
            },
            "incur" => Step::Incur(death()?),
            "catch" => {
                Step::Catch { signal: f.signal()?, then: f.word("do", &Then::ALL)?.unwrap_or(Then::Return) }
            }
            "return" => Step::Return { code: f.code()? },
            "dumpable" => Step::Dumpable { on: f.on()? },
            "clone" => Step::Clone {
                offspring: offspring()?,
                sibling: f.flag("sibling")?.unwrap_or(false),
                exit_signal: f.line.get("exit-signal").map(|_| f.signal_of("exit-signal")).transpose()?,
            },
            "terminal" => Step::Terminal {
                how: f.word("do", &TerminalUse::ALL)?.ok_or_else(|| f.missing("do", "what to do"))?,
            },
            "pidfd-open" => Step::PidfdOpen { pid: f.number("pid")? },
            "last-pid" => Step::LastPid { pid: f.number("pid")? },
            "subreaper" => Step::Subreaper { on: f.on()? },
            "threads" => Step::Threads { count: f.number("count")? },
            "start-thread" => Step::StartThread,
            "end-threads" => Step::EndThreads,
            "report" => Step::Report,
            "getids" => Step::Getids,
            "inherited" => Step::Inherited,
            _ => return Err(StepError::word(form.word, [])),
        })
    }
}

impl std::str::FromStr for Step {
    type Err = StepError;

    /// Like [`Step::from_line`], but an unknown key is an error: a person typed this.
    fn from_str(text: &str) -> Result<Step, StepError> {
        let line: Line = text.parse().map_err(|error| StepError::Line { text: text.to_owned(), error })?;
        let step = Step::from_line(&line)?;
        if let Some(form) = FORMS.iter().find(|form| form.word == line.word())
            && let Some(key) = line.keys().find(|key| form.key_names().all(|name| name != *key))
        {
            let nearest = nearest(key, form.key_names());
            return Err(StepError::Key { step: form.word, key: key.to_owned(), keys: form.keys, nearest });
        }
        Ok(step)
    }
}

/// The keys of one step's line.
struct Fields<'a> {
    step: &'static str,
    line: &'a Line,
}

impl Fields<'_> {
    fn bad(&self, key: &'static str, wanted: &'static str) -> StepError {
        let value = self.line.get(key).unwrap_or_default();
        StepError::Field { step: self.step, error: FieldError::Bad(key, value), wanted, nearest: None }
    }

    fn missing(&self, key: &'static str, wanted: &'static str) -> StepError {
        StepError::Field { step: self.step, error: FieldError::Missing(key), wanted, nearest: None }
    }

    fn number_opt<T: TryFrom<i64>>(&self, key: &'static str) -> Result<Option<T>, StepError> {
        let Some(text) = self.line.get(key) else { return Ok(None) };
        let number = parse_number(&text).and_then(|n| T::try_from(n).ok());
        number.map(Some).ok_or_else(|| self.bad(key, "a number in range"))
    }

    fn number<T: TryFrom<i64>>(&self, key: &'static str) -> Result<T, StepError> {
        self.number_opt(key)?.ok_or_else(|| self.missing(key, "a number"))
    }

    fn number_or<T: TryFrom<i64>>(&self, key: &'static str, default: T) -> Result<T, StepError> {
        Ok(self.number_opt(key)?.unwrap_or(default))
    }

    /// An exit code: any 32 bits, signed or unsigned.
    fn code(&self) -> Result<i32, StepError> {
        let number: i64 = self.number("code")?;
        let code = i32::try_from(number).or_else(|_| u32::try_from(number).map(u32::cast_signed));
        code.map_err(|_| self.bad("code", "a 32-bit number"))
    }

    fn flag(&self, key: &'static str) -> Result<Option<bool>, StepError> {
        match self.line.get(key).as_deref() {
            None => Ok(None),
            Some("yes") => Ok(Some(true)),
            Some("no") => Ok(Some(false)),
            Some(_) => Err(self.bad(key, "yes or no")),
        }
    }

    fn on(&self) -> Result<bool, StepError> {
        self.flag("on")?.ok_or_else(|| self.missing("on", "yes or no"))
    }

    /// One word of a table.
    fn word<T: Copy>(&self, key: &'static str, table: &[(&'static str, T)]) -> Result<Option<T>, StepError> {
        let Some(text) = self.line.get(key) else { return Ok(None) };
        let found = table.iter().find(|(word, _)| *word == text);
        found.map(|(_, value)| Some(*value)).ok_or_else(|| StepError::Field {
            step: self.step,
            nearest: nearest(&text, table.iter().map(|(word, _)| *word)),
            error: FieldError::Bad(key, text),
            wanted: "one of its words",
        })
    }

    fn signal(&self) -> Result<Signal, StepError> {
        self.signal_of("sig")
    }

    fn signal_of(&self, key: &'static str) -> Result<Signal, StepError> {
        let name = self.line.get(key).ok_or_else(|| self.missing(key, "a signal name"))?;
        Signal::from_name(&name).ok_or_else(|| StepError::Field {
            step: self.step,
            nearest: nearest(&name, Signal::all_standard().map(|(name, _)| name)),
            error: FieldError::Bad(key, name),
            wanted: "a signal name, or SIG and a number",
        })
    }

    fn steps(&self) -> Result<Vec<Step>, StepError> {
        self.line.list("steps").iter().map(|text| text.parse()).collect()
    }
}
