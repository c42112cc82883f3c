//! One step of a child, as a value and as a protocol line.
//!
//! | step | what the child does |
//! |---|---|
//! | `exit code=N [report=yes]` | exit with this 32-bit code |
//! | `raise sig=S [core=yes\|no] [report=yes]` | send a signal to the calling thread |
//! | `kill-self sig=S [core=yes\|no] [report=yes]` | send a signal to its own process |
//! | `pause` | sleep until killed by a signal |
//! | `stop [sig=SIGSTOP]` | stop itself; resume when continued |
//! | `ignore sig=S` | ignore a signal |
//! | `default sig=S` | restore a signal's default action |
//! | `block sig=S` | block a signal |
//! | `unblock sig=S` | unblock a signal |
//! | `burn-user us=N` | burn N microseconds of user time |
//! | `burn-system us=N` | burn N microseconds of system time |
//! | `allocate bytes=N` | map N bytes, touch every page, keep them |
//! | `release` | unmap what was allocated |
//! | `minor-faults count=N` | cause N page faults without I/O |
//! | `major-faults count=N` | cause N page faults with I/O |
//! | `block-output count=N` | write N blocks to a disk |
//! | `voluntary-switches count=N` | yield the CPU N times |
//! | `involuntary-switches count=N` | be preempted N times |
//! | `sleep ms=N` | sleep for N milliseconds |
//! | `setpgid [pgid=0]` | join a process group; 0 creates one |
//! | `setsid` | create a session |
//! | `setuid uid=N` | change the user id |
//! | `seteuid uid=N` | change the effective user id |
//! | `setegid gid=N` | change the effective group id |
//! | `fork [token=T] [orphan=yes] [steps=S,...]` | fork a child |
//! | `vfork-exec [token=T] [orphan=yes] [steps=S,...]` | vfork a child that execs the child program |
//! | `vfork code=N` | vfork a child that exits |
//! | `wait [pid=0]` | reap a child; 0 is the one forked last |
//! | `leader-exit [code=0]` | exit the leader thread and continue in another |
//! | `thread-exit code=N [report=yes]` | exit the thread that performs the steps |
//! | `group-exit code=N [report=yes]` | exit the process from a thread other than the leader |
//! | `exec [steps=S,...]` | exec the child program |
//! | `exec-from-thread [steps=S,...]` | exec the child program from a thread other than the leader |
//! | `traceme` | let the parent trace it |
//! | `trace do=R pid=N [sig=S] [options=O,...]` | make a ptrace request, as the tracer of a process |
//! | `incur sig=S [core=yes\|no] [report=yes]` | provoke the fault that raises a signal |
//! | `catch sig=S [do=return\|exit\|reraise]` | catch a signal with a handler that does this |
//! | `return code=N` | return from main with this code, or call exit |
//! | `dumpable on=yes\|no` | set whether it may dump core |
//! | `clone [sibling=yes] [exit-signal=S] [token=T] [orphan=yes] [steps=S,...]` | clone a child or a sibling |
//! | `terminal do=read\|write\|foreground` | use the controlling terminal |
//! | `pidfd-open pid=N` | open a pidfd of a process |
//! | `last-pid pid=N` | set the last pid, so that the next fork gets N+1 |
//! | `subreaper on=yes\|no` | adopt the orphans among its descendants |
//! | `threads count=N` | start N sleeping threads |
//! | `start-thread` | start a thread that sleeps until `end-threads` |
//! | `end-threads` | have these threads exit, one after another |
//! | `report` | report its resource usage |
//! | `getids` | report its process, group, session and user ids |
//! | `inherited` | report what it has inherited: descriptors, environment, folder, limits, signals |

use crate::sys::process::ptrace;
use crate::wait::Signal;
use std::time::Duration;

/// One action of a child.
///
/// A step is one protocol line ([`Step::to_line`], [`Step::from_line`]); [`FORMS`](super::FORMS) lists the syntax. The
/// child answers a completed step with `ok id=N` and a failed one with `err id=N errno=NAME`: `ENOTSUP` if the system
/// lacks the feature, `ETIMEDOUT` if a target was not reached in bounded time. A step that terminates the process
/// ([`Step::ends`]) is not answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// `_exit(code)`: no handler runs, no buffer is flushed. All 32 bits of the code are passed; how many the parent
    /// sees is up to the system (8 in a status word). With `report` the child writes a `last` line right before (fields
    /// as in [`Step::Report`]).
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
    /// Sleeps until a signal kills it or the connection closes. Never answered.
    Pause,
    /// Stops itself with `kill(getpid(), sig)`; answered once continued (at once if the stop was discarded: in an
    /// orphaned process group the default action of every stop signal but `SIGSTOP` is ignored).
    Stop(Signal),
    /// Sets the signal's disposition to `SIG_IGN`.
    Ignore(Signal),
    /// Sets the signal's disposition to `SIG_DFL`.
    Default(Signal),
    /// Adds the signal to the mask of the thread that performs the steps.
    Block(Signal),
    /// Removes the signal from that mask.
    Unblock(Signal),
    /// Computes until the user time in its own `getrusage` has grown by `us`. The *field* is what counts: Linux splits
    /// the exact sum of both times by sampled ticks.
    BurnUser {
        /// Microseconds.
        us: u64,
    },
    /// Makes system calls until the system time in its own `getrusage` has grown by `us`.
    BurnSystem {
        /// Microseconds.
        us: u64,
    },
    /// Maps memory, writes to each page and keeps it: the maximum resident set size grows.
    Allocate {
        /// Bytes, rounded up to a page.
        bytes: u64,
    },
    /// Unmaps everything [`Step::Allocate`] mapped; the maximum resident set size stays.
    Release,
    /// Touches fresh pages, a few at a time, until `ru_minflt` has grown by `count`.
    MinorFaults {
        /// Faults.
        count: u64,
    },
    /// Reads a mapped file that is not in memory until `ru_majflt` has grown by `count`. `ENOTSUP` if no directory is
    /// on a file system that drops pages on request (a memory file system cannot).
    MajorFaults {
        /// Faults.
        count: u64,
    },
    /// Writes to a file and syncs it until `ru_oublock` has grown by `count`; the unit is the system's (512 bytes on
    /// Linux). `ENOTSUP` if no directory is on a file system backed by a disk.
    BlockOutput {
        /// Blocks.
        count: u64,
    },
    /// Sleeps briefly, repeatedly, until `ru_nvcsw` has grown by `count`.
    VoluntarySwitches {
        /// Switches.
        count: u64,
    },
    /// Shares one CPU with a busy thread of its own until `ru_nivcsw` has grown by `count`.
    InvoluntarySwitches {
        /// Switches.
        count: u64,
    },
    /// Sleeps, not counting stops and signals.
    Sleep {
        /// Milliseconds.
        ms: u64,
    },
    /// `setpgid(0, pgid)`: joins a process group of its session; 0 creates one.
    Setpgid {
        /// The process group, or 0.
        pgid: i32,
    },
    /// `setsid()`: becomes the leader of a new session and process group.
    Setsid,
    /// `setuid(uid)`: changes what a parent finds in `si_uid`. `EPERM` without the privilege.
    Setuid {
        /// The user id.
        uid: u32,
    },
    /// `seteuid(uid)`: keeps the real user id. `EPERM` without the privilege.
    Seteuid {
        /// The effective user id.
        uid: u32,
    },
    /// `setegid(gid)`: keeps the real group id. `EPERM` without the privilege.
    Setegid {
        /// The effective group id.
        gid: u32,
    },
    /// Forks a child, which performs `steps`. With a `token` the child then connects to the same socket and takes
    /// commands; without one it exits with 0. Answered `ok pid=N`.
    Fork(Offspring),
    /// As `fork`, but the new process shares the memory until it execs the child program, while this one is suspended.
    /// Answered `ok pid=N`.
    VforkExec(Offspring),
    /// As `vfork` with a child that only exits. Answered `ok pid=N` once this process runs again; the child is not
    /// reaped.
    Vfork {
        /// The argument of the new process's `_exit`.
        code: i32,
    },
    /// Reaps its own child with a blocking `waitpid`. Answered `ok pid=N status=0x...`.
    Wait {
        /// The child; 0 is the one forked last.
        pid: i32,
    },
    /// The leader thread exits alone; another thread performs the steps from here. Answered once the leader is gone.
    /// Where the process table shows threads, the leader is a zombie by then (but not waitable). Children forked by the
    /// leader, unless orphans, die with it: the parent-death signal is tied to the forking thread.
    LeaderExit {
        /// The thread's exit code, invisible unless it is the last thread.
        code: i32,
    },
    /// The thread that performs the steps exits alone, which terminates the process if it is the last. `report` is as
    /// in [`Step::Exit`].
    ThreadExit {
        /// The thread's exit code.
        code: i32,
        /// Whether to write `last` first.
        report: bool,
    },
    /// A thread other than the leader calls `exit_group(code)` while the leader waits for it. `report` is as in
    /// [`Step::Exit`].
    GroupExit {
        /// The argument of `_exit`.
        code: i32,
        /// Whether to write `last` first.
        report: bool,
    },
    /// Execs the child program, which performs `steps` and, if this child is connected, connects again with the same
    /// token. The old connection closes on exec; answered by the new `hello`, or by `err`.
    Exec {
        /// The initial steps of the new image.
        steps: Vec<Step>,
    },
    /// As [`Step::Exec`], from a thread other than the leader: the pid stays the leader's.
    ExecFromThread {
        /// The initial steps of the new image.
        steps: Vec<Step>,
    },
    /// `ptrace(PTRACE_TRACEME)`: the parent becomes its tracer.
    Traceme,
    /// A `ptrace` request as tracer: `ESRCH` for a process it does not trace, `EPERM` if not permitted. Answered `ok
    /// value=N`: the message for `event-message`, else 0.
    Trace {
        /// The request.
        request: ptrace::Request,
        /// The process.
        pid: i32,
        /// The signal to inject, if any.
        signal: Option<Signal>,
        /// The options to set, by name ([`ptrace::options`]).
        options: Vec<String>,
    },
    /// Provokes the fault that raises the signal, e.g. a bad access for `SIGSEGV` ([`crate::sys::fault`]). Answered
    /// only if the process survives; `ENOTSUP` if there is no such fault.
    Incur(Death),
    /// Catches the signal.
    Catch {
        /// The signal.
        signal: Signal,
        /// What the handler does.
        then: Then,
    },
    /// Returns from `main` if the process is a single-threaded image of its own; else calls `exit`, which must be
    /// equivalent.
    Return {
        /// The value.
        code: i32,
    },
    /// `PR_SET_DUMPABLE`: sets whether it may dump core.
    Dumpable {
        /// Whether it may.
        on: bool,
    },
    /// As `fork`, but with the `clone` system call. Answered `ok pid=N`.
    Clone {
        /// The new process.
        offspring: Offspring,
        /// `CLONE_PARENT`: a sibling instead of a child, with this process's exit signal.
        sibling: bool,
        /// The signal sent on its termination; `None` is 0.
        exit_signal: Option<Signal>,
    },
    /// Uses its controlling terminal. `ENXIO` if it has none.
    Terminal {
        /// How.
        how: TerminalUse,
    },
    /// Opens a pidfd of a process. Answered `ok fd=N`.
    PidfdOpen {
        /// The process.
        pid: i32,
    },
    /// Makes the next fork use the following pid, if free ([`crate::sys::process::namespace::set_last_pid`]).
    LastPid {
        /// The pid.
        pid: i32,
    },
    /// Starts or stops adopting the orphans among its descendants.
    Subreaper {
        /// Whether to adopt.
        on: bool,
    },
    /// Starts threads that sleep.
    Threads {
        /// The number of threads.
        count: u32,
    },
    /// Starts a thread that sleeps until [`Step::EndThreads`]. Answered `ok tid=N`.
    StartThread,
    /// The threads of [`Step::StartThread`] exit, one after another. Answered once they are gone; one that is traced stays
    /// a zombie.
    EndThreads,
    /// Answered with its usage so far: `ok ru_... rc_...` ([`crate::protocol::fields`]).
    Report,
    /// Answered `ok pid=N ppid=N pgid=N sid=N uid=N euid=N [pending=SIGUSR1,...] [caught=N] [jailed=yes]
    /// [sigchld=ignored,blocked]`: the signals pending, how many handlers of [`Step::Catch`] have run since the last
    /// such step, and the state it was started in.
    Getids,
    /// Answered with what a process inherits: `ok cwd=PATH umask=OCTAL nice=N pgid=N sid=N stdin=DEVICE:FILE
    /// stdout=... stderr=... [descriptors=N,...] [blocked=SIGUSR1,...] [ignored=SIGUSR1,...] limits=NAME:N,...
    /// environment=NAME:HASH,...`. Descriptors are those from 3 up that an exec does not close.
    Inherited,
}

/// How a child dies of a signal it sends itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Death {
    /// The signal.
    pub signal: Signal,
    /// `Some(false)`: no core (sets the soft `RLIMIT_CORE` to 0); `Some(true)`: a core if the system writes one (raises
    /// it to the hard limit); `None`: leaves the limit alone.
    pub core: Option<bool>,
    /// Whether to write `last` first.
    pub report: bool,
}

/// The exit code of a child whose handler exits.
pub const CAUGHT: i32 = 42;

/// What a child's signal handler does.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Then {
    /// Returns.
    Return,
    /// Calls `_exit` with [`CAUGHT`].
    Exit,
    /// Restores the default action and sends the signal again, as a well-behaved program does.
    Reraise,
}

impl Then {
    /// All values with their words.
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
    /// Makes its own process group the foreground one.
    Foreground,
}

impl TerminalUse {
    /// All values with their words.
    pub const ALL: [(&'static str, TerminalUse); 3] =
        [("read", TerminalUse::Read), ("write", TerminalUse::Write), ("foreground", TerminalUse::Foreground)];
}

/// The word of a value in a table.
pub(super) fn word_of<T: PartialEq>(table: &[(&'static str, T)], value: &T) -> &'static str {
    table.iter().find(|(_, v)| v == value).map_or("", |(word, _)| word)
}

/// A child of a child.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Offspring {
    /// The token to connect with, if any.
    pub token: Option<String>,
    /// Whether it may outlive its parent: no parent-death signal is set.
    pub orphan: bool,
    /// The initial steps.
    pub steps: Vec<Step>,
}

impl Step {
    /// Whether the next step may be delayed: another process must continue the child, or a new image starts.
    pub fn holds_up(&self) -> bool {
        matches!(self, Step::Stop(_) | Step::Pause | Step::Exec { .. } | Step::ExecFromThread { .. })
    }

    /// Whether it may leave a core file in the child's working directory.
    pub fn may_dump(&self) -> bool {
        matches!(
            self,
            Step::Raise(Death { core: Some(true), .. })
                | Step::KillSelf(Death { core: Some(true), .. })
                | Step::Incur(Death { core: Some(true), .. })
        )
    }

    /// Whether the child writes `last` right before this step terminates it.
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

    /// `raise`, leaving the core limit alone and without a report.
    pub fn raise(signal: Signal) -> Step {
        Step::Raise(Death { signal, core: None, report: false })
    }

    /// `kill-self`, leaving the core limit alone and without a report.
    pub fn kill_self(signal: Signal) -> Step {
        Step::KillSelf(Death { signal, core: None, report: false })
    }

    /// Adds a `last` line right before a step that terminates the process.
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

    /// Sets whether a death by signal dumps core.
    #[must_use]
    pub fn with_core(mut self, on: bool) -> Step {
        if let Step::Raise(death) | Step::KillSelf(death) | Step::Incur(death) = &mut self {
            death.core = Some(on);
        }
        self
    }

    /// Whether the image always ends here, so that no later step is reached. (A signal may be ignored or not fatal, and
    /// a thread need not be the last.)
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

    /// The CPU time that it uses, at least.
    pub fn cpu(&self) -> Duration {
        match self {
            Step::BurnUser { us } | Step::BurnSystem { us } => Duration::from_micros(*us),
            _ => Duration::ZERO,
        }
    }

    /// Whether it normally terminates the process.
    pub fn is_last(&self) -> bool {
        self.ends()
            || matches!(self, Step::Raise(_) | Step::KillSelf(_) | Step::Incur(_) | Step::ThreadExit { .. })
    }
}

#[cfg(test)]
mod tests;
