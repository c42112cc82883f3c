//! One step of a child, as a value and as a line of the protocol.
//!
//! | step | what the child does |
//! |---|---|
//! | `exit code=N [report=yes]` | exit with that code, all 32 bits of it |
//! | `raise sig=S [core=yes\|no] [report=yes]` | send the signal to its own thread |
//! | `kill-self sig=S [core=yes\|no] [report=yes]` | send the signal to its own process |
//! | `pause` | sleep until a signal ends it |
//! | `stop [sig=SIGSTOP]` | stop itself, and go on when continued |
//! | `ignore sig=S` | ignore the signal |
//! | `default sig=S` | give the signal its default action |
//! | `block sig=S` | block the signal |
//! | `unblock sig=S` | unblock the signal |
//! | `burn-user us=N` | burn so many microseconds of user time |
//! | `burn-system us=N` | burn so many microseconds of system time |
//! | `allocate bytes=N` | map so much memory, touch every page, keep it |
//! | `release` | unmap what was allocated |
//! | `minor-faults count=N` | cause so many page faults without I/O |
//! | `major-faults count=N` | cause so many page faults with I/O |
//! | `block-output count=N` | write so many blocks to a disk |
//! | `voluntary-switches count=N` | give the processor away so often |
//! | `involuntary-switches count=N` | lose the processor so often |
//! | `sleep ms=N` | sleep so many milliseconds |
//! | `setpgid [pgid=0]` | join that process group; 0 makes one |
//! | `setsid` | make a session of its own |
//! | `setuid uid=N` | become that user |
//! | `fork [token=T] [orphan=yes] [steps=S,...]` | fork a child of its own |
//! | `vfork-exec [token=T] [orphan=yes] [steps=S,...]` | vfork a child of its own that execs the child program |
//! | `vfork code=N` | vfork a child of its own that exits |
//! | `wait [pid=0]` | reap that child of its own; 0 is the one forked last |
//! | `leader-exit [code=0]` | let the leader thread exit and go on in another |
//! | `thread-exit code=N [report=yes]` | let the thread that takes the steps exit |
//! | `group-exit code=N [report=yes]` | let a thread that is not the leader end the process |
//! | `exec [steps=S,...]` | replace the image by the child program |
//! | `exec-from-thread [steps=S,...]` | the same from a thread that is not the leader |
//! | `traceme` | let the parent trace it |
//! | `report` | answer its resource usage |
//! | `getids` | answer its process, group, session and user ids |

use std::fmt;

use super::error::StepError;
use super::form::FORMS;
use crate::protocol::line::{FieldError, parse_number};
use crate::protocol::{Line, nearest};
use crate::wait::Signal;

/// One thing that a child does.
///
/// A step is one line of the protocol ([`Step::to_line`], [`Step::from_line`]); [`FORMS`] lists how each is written.
/// Once a step is done the child answers `ok id=N`, and `err id=N errno=NAME` if it could not be done: `ENOTSUP` where the
/// system has no such thing, `ETIMEDOUT` where a target was not reached in bounded time. A step that ends the process
/// ([`Step::ends`]) is not answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// `_exit(code)`: no handler runs, no buffer is flushed. The code is passed in all its 32 bits: how many of them the
    /// parent sees is for the system to say (8 in a status word). With `report` the child writes a `last` line right
    /// before (see [`Step::Report`] for its fields).
    Exit {
        /// The argument of `_exit`.
        code: i32,
        /// Whether to write `last` first.
        report: bool,
    },
    /// `raise`: the signal goes to the calling thread. Answered only if the process survives it.
    Raise(Death),
    /// `kill(getpid(), sig)`: the signal goes to the process. Answered only if the process survives it.
    KillSelf(Death),
    /// Sleeps until a signal ends it, or the connection's end. Never answered.
    Pause,
    /// Stops itself by `kill(getpid(), sig)`; answered after it was continued (at once where the stop was discarded: an
    /// orphaned process group ignores the default stop of all but `SIGSTOP`).
    Stop(Signal),
    /// Sets the signal's disposition to `SIG_IGN`.
    Ignore(Signal),
    /// Sets the signal's disposition to `SIG_DFL`.
    Default(Signal),
    /// Adds the signal to the mask of the thread that takes the steps.
    Block(Signal),
    /// Takes the signal out of that mask.
    Unblock(Signal),
    /// Computes until the user time in its own `getrusage` grew by so many microseconds. That *field* is what counts:
    /// Linux divides the exact sum of both times by sampled ticks.
    BurnUser {
        /// Microseconds.
        us: u64,
    },
    /// Makes system calls until the system time in its own `getrusage` grew by so many microseconds.
    BurnSystem {
        /// Microseconds.
        us: u64,
    },
    /// Maps so many bytes, writes to each page and keeps them: the maximum resident set size grows by them.
    Allocate {
        /// Bytes, rounded up to a page.
        bytes: u64,
    },
    /// Unmaps all that [`Step::Allocate`] mapped; the maximum stays.
    Release,
    /// Touches fresh pages, a few at a time, until `ru_minflt` grew by so many.
    MinorFaults {
        /// Faults.
        count: u64,
    },
    /// Reads a mapped file whose pages are not in memory until `ru_majflt` grew by so many. `ENOTSUP` where no directory
    /// was found whose file system drops pages on request (a memory file system has nothing to read them from).
    MajorFaults {
        /// Faults.
        count: u64,
    },
    /// Writes to a file and on to the disk until `ru_oublock` grew by so many; that unit is the system's (512 bytes on Linux).
    /// `ENOTSUP` where no directory was found whose file system has a disk behind it.
    BlockOutput {
        /// Blocks.
        count: u64,
    },
    /// Sleeps for a moment, again and again, until `ru_nvcsw` grew by so many.
    VoluntarySwitches {
        /// Switches.
        count: u64,
    },
    /// Shares one processor with a busy thread of its own until `ru_nivcsw` grew by so many.
    InvoluntarySwitches {
        /// Switches.
        count: u64,
    },
    /// Sleeps for so long, stops and signals not counted.
    Sleep {
        /// Milliseconds.
        ms: u64,
    },
    /// `setpgid(0, pgid)`: joins that process group of its session; 0 makes one of its own.
    Setpgid {
        /// The process group, or 0.
        pgid: i32,
    },
    /// `setsid()`: becomes the leader of a new session and process group.
    Setsid,
    /// `setuid(uid)`: what a parent finds in `si_uid`. `EPERM` for who may not.
    Setuid {
        /// The user.
        uid: u32,
    },
    /// Forks a child of its own, which first does `steps`. With a `token` it then connects to the same socket as a child of
    /// that token and is told what to do; without it exits with 0 when done. Answered `ok pid=N`.
    Fork(Offspring),
    /// As `fork`, but the new process shares the memory until it has exec'ed the child program, and this one sleeps so
    /// long. Answered `ok pid=N`.
    VforkExec(Offspring),
    /// As `vfork` with a child that only exits with that code. Answered `ok pid=N` when this process runs again, with the
    /// new one not reaped.
    Vfork {
        /// The argument of the new process's `_exit`.
        code: i32,
    },
    /// Reaps its own child of that pid by `waitpid`, waiting for it. Answered `ok pid=N status=0x...`.
    Wait {
        /// The child; 0 is the one forked last.
        pid: i32,
    },
    /// The leader thread exits alone with that code; another thread takes the steps from here. Answered once the leader is
    /// gone. Where the process table shows threads the leader is a zombie by then (which is not waitable yet). Children that
    /// the leader forked and that are no orphans die of it: the parent-death signal is tied to the thread that forked.
    LeaderExit {
        /// The thread's exit code, which no one sees unless it is the last thread.
        code: i32,
    },
    /// The thread that takes the steps exits alone with that code, which ends the process if it was the last. With `report`
    /// as in [`Step::Exit`].
    ThreadExit {
        /// The thread's exit code.
        code: i32,
        /// Whether to write `last` first.
        report: bool,
    },
    /// A thread that is not the leader ends the whole process by `_exit(code)`, while the leader waits for it. With `report`
    /// as in [`Step::Exit`].
    GroupExit {
        /// The argument of `_exit`.
        code: i32,
        /// Whether to write `last` first.
        report: bool,
    },
    /// Replaces the image by the child program, which does `steps` and, if this child is connected, connects again under
    /// the same token. The old connection closes at the exec; answered by the new `hello`, or by `err`.
    Exec {
        /// What the new image does first.
        steps: Vec<Step>,
    },
    /// As [`Step::Exec`], called by a thread that is not the leader: the pid stays the leader's.
    ExecFromThread {
        /// What the new image does first.
        steps: Vec<Step>,
    },
    /// `ptrace(PTRACE_TRACEME)`: the parent becomes its tracer.
    Traceme,
    /// Answered with its usage so far: `ok ru_... rc_...` ([`crate::protocol::fields`]).
    Report,
    /// Answered `ok pid=N ppid=N pgid=N sid=N uid=N euid=N`.
    Getids,
}

/// How a child dies of a signal that it sends to itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Death {
    /// The signal.
    pub signal: Signal,
    /// `Some(false)`: no core (the soft `RLIMIT_CORE` becomes 0); `Some(true)`: a core if the system makes one (it becomes the
    /// hard limit); `None`: the limit stays.
    pub core: Option<bool>,
    /// Whether to write `last` first.
    pub report: bool,
}

/// A child of a child.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Offspring {
    /// The token under which it connects, if it shall.
    pub token: Option<String>,
    /// Whether it may outlive its parent: no parent-death signal is set.
    pub orphan: bool,
    /// What it does first.
    pub steps: Vec<Step>,
}

impl Step {
    /// Whether what comes after it may be long in coming: somebody else has to let the child go on, or a new image does.
    pub fn holds_up(&self) -> bool {
        matches!(self, Step::Stop(_) | Step::Pause | Step::Exec { .. } | Step::ExecFromThread { .. })
    }

    /// Whether it may leave a core file in the child's working folder.
    pub fn may_dump(&self) -> bool {
        matches!(
            self,
            Step::Raise(Death { core: Some(true), .. }) | Step::KillSelf(Death { core: Some(true), .. })
        )
    }

    /// Whether the child writes `last` right before it ends by this step.
    pub fn reports(&self) -> bool {
        match self {
            Step::Raise(death) | Step::KillSelf(death) => death.report,
            Step::Exit { report, .. } | Step::ThreadExit { report, .. } | Step::GroupExit { report, .. } => {
                *report
            }
            _ => false,
        }
    }

    /// `exit` without a report.
    pub fn exit(code: i32) -> Step {
        Step::Exit { code, report: false }
    }

    /// `raise`, with the core limit as it is and without a report.
    pub fn raise(signal: Signal) -> Step {
        Step::Raise(Death { signal, core: None, report: false })
    }

    /// `kill-self`, with the core limit as it is and without a report.
    pub fn kill_self(signal: Signal) -> Step {
        Step::KillSelf(Death { signal, core: None, report: false })
    }

    /// The same step, with a `last` line right before it if it ends the process.
    #[must_use]
    pub fn reported(mut self) -> Step {
        match &mut self {
            Step::Raise(death) | Step::KillSelf(death) => death.report = true,
            Step::Exit { report, .. } | Step::ThreadExit { report, .. } | Step::GroupExit { report, .. } => {
                *report = true;
            }
            _ => {}
        }
        self
    }

    /// The same step, with or without a core if it is a death by signal.
    #[must_use]
    pub fn with_core(mut self, on: bool) -> Step {
        if let Step::Raise(death) | Step::KillSelf(death) = &mut self {
            death.core = Some(on);
        }
        self
    }

    /// Whether the image ends here whatever the surroundings are, so that no step behind it is done. (A signal may be ignored or
    /// not deadly, and a thread need not be the last.)
    pub fn ends(&self) -> bool {
        matches!(
            self,
            Step::Exit { .. }
                | Step::GroupExit { .. }
                | Step::Pause
                | Step::Exec { .. }
                | Step::ExecFromThread { .. }
        )
    }

    /// Whether it ends the process or lets it die of a signal, in ordinary surroundings.
    pub fn is_last(&self) -> bool {
        self.ends() || matches!(self, Step::Raise(_) | Step::KillSelf(_) | Step::ThreadExit { .. })
    }

    /// The word of its line.
    pub fn word(&self) -> &'static str {
        match self {
            Step::Exit { .. } => "exit",
            Step::Raise(_) => "raise",
            Step::KillSelf(_) => "kill-self",
            Step::Pause => "pause",
            Step::Stop(_) => "stop",
            Step::Ignore(_) => "ignore",
            Step::Default(_) => "default",
            Step::Block(_) => "block",
            Step::Unblock(_) => "unblock",
            Step::BurnUser { .. } => "burn-user",
            Step::BurnSystem { .. } => "burn-system",
            Step::Allocate { .. } => "allocate",
            Step::Release => "release",
            Step::MinorFaults { .. } => "minor-faults",
            Step::MajorFaults { .. } => "major-faults",
            Step::BlockOutput { .. } => "block-output",
            Step::VoluntarySwitches { .. } => "voluntary-switches",
            Step::InvoluntarySwitches { .. } => "involuntary-switches",
            Step::Sleep { .. } => "sleep",
            Step::Setpgid { .. } => "setpgid",
            Step::Setsid => "setsid",
            Step::Setuid { .. } => "setuid",
            Step::Fork(_) => "fork",
            Step::VforkExec(_) => "vfork-exec",
            Step::Vfork { .. } => "vfork",
            Step::Wait { .. } => "wait",
            Step::LeaderExit { .. } => "leader-exit",
            Step::ThreadExit { .. } => "thread-exit",
            Step::GroupExit { .. } => "group-exit",
            Step::Exec { .. } => "exec",
            Step::ExecFromThread { .. } => "exec-from-thread",
            Step::Traceme => "traceme",
            Step::Report => "report",
            Step::Getids => "getids",
        }
    }

    /// Its line.
    pub fn to_line(&self) -> Line {
        let line = Line::new(self.word());
        match self {
            Step::Exit { code, report }
            | Step::ThreadExit { code, report }
            | Step::GroupExit { code, report } => report_in(line.with("code", code), *report),
            Step::Raise(death) | Step::KillSelf(death) => {
                let mut line = line.with("sig", death.signal);
                if let Some(core) = death.core {
                    line.set("core", if core { "yes" } else { "no" });
                }
                report_in(line, death.report)
            }
            Step::Stop(sig)
            | Step::Ignore(sig)
            | Step::Default(sig)
            | Step::Block(sig)
            | Step::Unblock(sig) => line.with("sig", sig),
            Step::BurnUser { us } | Step::BurnSystem { us } => line.with("us", us),
            Step::Allocate { bytes } => line.with("bytes", bytes),
            Step::MinorFaults { count }
            | Step::MajorFaults { count }
            | Step::BlockOutput { count }
            | Step::VoluntarySwitches { count }
            | Step::InvoluntarySwitches { count } => line.with("count", count),
            Step::Sleep { ms } => line.with("ms", ms),
            Step::Setpgid { pgid } => line.with("pgid", pgid),
            Step::Setuid { uid } => line.with("uid", uid),
            Step::Fork(child) | Step::VforkExec(child) => {
                let mut line = line;
                if let Some(token) = &child.token {
                    line.set("token", token);
                }
                if child.orphan {
                    line.set("orphan", "yes");
                }
                steps_in(line, &child.steps)
            }
            Step::Vfork { code } | Step::LeaderExit { code } => line.with("code", code),
            Step::Wait { pid } => line.with("pid", pid),
            Step::Exec { steps } | Step::ExecFromThread { steps } => steps_in(line, steps),
            Step::Pause | Step::Release | Step::Setsid | Step::Traceme | Step::Report | Step::Getids => line,
        }
    }

    /// The step that a line means.
    ///
    /// # Errors
    /// [`StepError`]: no step has that word, a key is missing, or a value is not of the key's kind. Keys that the step does
    /// not have are ignored, as everywhere in the protocol.
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
            "fork" => Step::Fork(offspring()?),
            "vfork-exec" => Step::VforkExec(offspring()?),
            "vfork" => Step::Vfork { code: f.code()? },
            "wait" => Step::Wait { pid: f.number_or("pid", 0)? },
            "leader-exit" if line.get("code").is_none() => Step::LeaderExit { code: 0 },
            "leader-exit" => Step::LeaderExit { code: f.code()? },
            "exec" => Step::Exec { steps: f.steps()? },
            "exec-from-thread" => Step::ExecFromThread { steps: f.steps()? },
            "traceme" => Step::Traceme,
            "report" => Step::Report,
            "getids" => Step::Getids,
            _ => return Err(StepError::word(form.word, [])),
        })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_line().fmt(f)
    }
}

impl std::str::FromStr for Step {
    type Err = StepError;

    /// As [`Step::from_line`], but a key that the step does not have is an error: this is what a person typed.
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

fn report_in(line: Line, report: bool) -> Line {
    if report { line.with("report", "yes") } else { line }
}

fn steps_in(line: Line, steps: &[Step]) -> Line {
    if steps.is_empty() { line } else { line.with_list("steps", steps.iter().map(Step::to_string)) }
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

    /// An exit code: any 32 bits, written with or without a sign.
    fn code(&self) -> Result<i32, StepError> {
        let number: i64 = self.number("code")?;
        let code = i32::try_from(number).or_else(|_| u32::try_from(number).map(u32::cast_signed));
        code.map_err(|_| self.bad("code", "a number of 32 bits"))
    }

    fn flag(&self, key: &'static str) -> Result<Option<bool>, StepError> {
        match self.line.get(key).as_deref() {
            None => Ok(None),
            Some("yes") => Ok(Some(true)),
            Some("no") => Ok(Some(false)),
            Some(_) => Err(self.bad(key, "yes or no")),
        }
    }

    fn signal(&self) -> Result<Signal, StepError> {
        let name = self.line.get("sig").ok_or_else(|| self.missing("sig", "the name of a signal"))?;
        Signal::from_name(&name).ok_or_else(|| StepError::Field {
            step: self.step,
            nearest: nearest(&name, Signal::all_standard().map(|(name, _)| name)),
            error: FieldError::Bad("sig", name),
            wanted: "the name of a signal, or SIG and a number",
        })
    }

    fn steps(&self) -> Result<Vec<Step>, StepError> {
        self.line.list("steps").iter().map(|text| text.parse()).collect()
    }
}

#[cfg(test)]
#[path = "step_tests.rs"]
mod tests;
