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
//! | `trace do=R pid=N [sig=S] [options=O,...]` | ask ptrace about that process, as its tracer |
//! | `incur sig=S [core=yes\|no] [report=yes]` | do what the system answers with that signal |
//! | `catch sig=S [do=return\|exit\|reraise]` | catch the signal, and do that in the handler |
//! | `return code=N` | return from main with that code, or call exit |
//! | `dumpable on=yes\|no` | say whether it may dump core |
//! | `clone [sibling=yes] [exit-signal=S] [token=T] [orphan=yes] [steps=S,...]` | clone a child or a sibling of its own |
//! | `terminal do=read\|write\|foreground` | use its controlling terminal |
//! | `pidfd-open pid=N` | open a pidfd of that process |
//! | `last-pid pid=N` | let the next process have the number after that |
//! | `subreaper on=yes\|no` | adopt the orphans among its descendants |
//! | `threads count=N` | start so many threads, which sleep |
//! | `report` | answer its resource usage |
//! | `getids` | answer its process, group, session and user ids |

use crate::sys::process::ptrace;
use crate::wait::Signal;

/// One thing that a child does.
///
/// A step is one line of the protocol ([`Step::to_line`], [`Step::from_line`]); [`FORMS`](super::FORMS) lists how each is written.
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
    /// `ptrace` as a tracer: `ESRCH` for what it does not trace, `EPERM` where it may not. Answered `ok value=N`: the message
    /// for `event-message`, else 0.
    Trace {
        /// What it asks.
        request: ptrace::Request,
        /// The process.
        pid: i32,
        /// The signal that goes with it, if any.
        signal: Option<Signal>,
        /// The options that go with it, by name ([`ptrace::options`]).
        options: Vec<String>,
    },
    /// Does what the system answers with that signal, as a bad access for `SIGSEGV` ([`crate::sys::fault`]). Answered only if the
    /// process survives it; `ENOTSUP` where there is no such cause.
    Incur(Death),
    /// Catches the signal.
    Catch {
        /// The signal.
        signal: Signal,
        /// What the handler does.
        then: Then,
    },
    /// Returns from `main` with that code where the process is an image of its own with one thread; else calls `exit`, which
    /// is said to be the same.
    Return {
        /// The value.
        code: i32,
    },
    /// `PR_SET_DUMPABLE`: whether it may dump core.
    Dumpable {
        /// Whether it may.
        on: bool,
    },
    /// As `fork`, but by the system call `clone`. Answered `ok pid=N`.
    Clone {
        /// The new process.
        offspring: Offspring,
        /// `CLONE_PARENT`: it is not a child but a sibling, with this process's exit signal.
        sibling: bool,
        /// The signal that its end sends; none is 0.
        exit_signal: Option<Signal>,
    },
    /// Uses its controlling terminal. `ENXIO` where it has none.
    Terminal {
        /// How.
        how: TerminalUse,
    },
    /// Opens a pidfd of a process. Answered `ok fd=N`.
    PidfdOpen {
        /// The process.
        pid: i32,
    },
    /// The next process gets the number after that one, if it is free ([`crate::sys::sandbox::set_last_pid`]).
    LastPid {
        /// The number.
        pid: i32,
    },
    /// Adopts the orphans among its descendants, or stops doing so.
    Subreaper {
        /// Whether it does.
        on: bool,
    },
    /// Starts so many threads, which sleep.
    Threads {
        /// Threads.
        count: u32,
    },
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

/// The exit code of a child whose handler exits.
pub const CAUGHT: i32 = 42;

/// What a child's handler does with a signal.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Then {
    /// It returns.
    Return,
    /// It calls `_exit` with [`CAUGHT`].
    Exit,
    /// It gives the signal its default action and sends it again: what a tidy program does.
    Reraise,
}

impl Then {
    /// Every one with its word.
    pub const ALL: [(&'static str, Then); 3] =
        [("return", Then::Return), ("exit", Then::Exit), ("reraise", Then::Reraise)];
}

/// What a child does with its controlling terminal.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum TerminalUse {
    /// Reads a line. Answered `ok bytes=N`.
    Read,
    /// Writes a byte.
    Write,
    /// Makes its own group the foreground one.
    Foreground,
}

impl TerminalUse {
    /// Every one with its word.
    pub const ALL: [(&'static str, TerminalUse); 3] =
        [("read", TerminalUse::Read), ("write", TerminalUse::Write), ("foreground", TerminalUse::Foreground)];
}

/// The word of a value in a table of words.
pub(super) fn word_of<T: PartialEq>(table: &[(&'static str, T)], value: &T) -> &'static str {
    table.iter().find(|(_, v)| v == value).map_or("", |(word, _)| word)
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
            Step::Raise(Death { core: Some(true), .. })
                | Step::KillSelf(Death { core: Some(true), .. })
                | Step::Incur(Death { core: Some(true), .. })
        )
    }

    /// Whether the child writes `last` right before it ends by this step.
    pub fn reports(&self) -> bool {
        match self {
            Step::Raise(death) | Step::KillSelf(death) | Step::Incur(death) => death.report,
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
            Step::Raise(death) | Step::KillSelf(death) | Step::Incur(death) => death.report = true,
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
        if let Step::Raise(death) | Step::KillSelf(death) | Step::Incur(death) = &mut self {
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
                | Step::Return { .. }
                | Step::GroupExit { .. }
                | Step::Pause
                | Step::Exec { .. }
                | Step::ExecFromThread { .. }
        )
    }

    /// Whether it ends the process or lets it die of a signal, in ordinary surroundings.
    pub fn is_last(&self) -> bool {
        self.ends()
            || matches!(self, Step::Raise(_) | Step::KillSelf(_) | Step::Incur(_) | Step::ThreadExit { .. })
    }
}

#[cfg(test)]
mod tests;
