//! An owned child: nobody else can wait for it or signal its pid by mistake.

use std::io;
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::Pid;

use super::call::{Waited, retrying, try_wait4, wait4};
use super::options::WaitOptions;
use super::signal::Signal;
use super::timeout::wait4_timeout;
use crate::sys::process;

/// A child process, from its start to its report.
///
/// Takes a [`std::process::Child`] by value, so that its pid is only ever signalled or waited for through this handle,
/// and never after it was reaped: a `std::process::Child` would not notice that someone else had waited for it.
///
/// Dropping it neither kills the child nor waits for it.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::process::Command;
/// use std::time::Duration;
/// use waitspec::wait::{ChildProcess, Errno, Signal};
/// let mut child = ChildProcess::spawn(Command::new("sleep").arg("60"))?;
/// assert_eq!(child.wait_timeout(Duration::from_millis(5))?, None);
/// let done = child.terminate(Duration::from_secs(5))?;
/// assert_eq!(done.status.term_signal(), Some(Signal::TERM));
/// assert_eq!(child.signal(Signal::KILL), Err(Errno::SRCH)); // the pid is no longer its own
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct ChildProcess {
    pid: Pid,
    state: State,
    /// The pipe to its standard input, if it has one; [`ChildProcess::wait`] closes it.
    pub stdin: Option<ChildStdin>,
    /// The pipe from its standard output, if it has one.
    pub stdout: Option<ChildStdout>,
    /// The pipe from its standard error, if it has one.
    pub stderr: Option<ChildStderr>,
}

#[derive(Debug, Copy, Clone)]
enum State {
    /// The pid still belongs to the child, which runs or is a zombie.
    Own,
    /// Reaped here, with this report.
    Reaped(Waited),
    /// Reaped by something else in this process, or by the kernel because SIGCHLD is ignored.
    Lost,
}

impl ChildProcess {
    /// Starts a child.
    ///
    /// # Errors
    /// As [`Command::spawn`].
    pub fn spawn(command: &mut Command) -> io::Result<ChildProcess> {
        command.spawn().map(ChildProcess::from)
    }

    /// Starts a child and blocks until it has terminated. Returns its status and resource usage.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use waitspec::wait::ChildProcess;
    /// let done = ChildProcess::run(std::process::Command::new("sh").args(["-c", "kill -TERM $$"]))?;
    /// assert_eq!(done.status.to_shell_code(), Some(143));
    /// println!("{:?} of CPU time", done.rusage.cpu_time());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Command::spawn`] and [`ChildProcess::wait`].
    pub fn run(command: &mut Command) -> io::Result<Waited> {
        Ok(ChildProcess::spawn(command)?.wait()?)
    }

    /// Its pid; `None` once it was reaped, since the pid may then belong to another process.
    pub fn pid(&self) -> Option<Pid> {
        matches!(self.state, State::Own).then_some(self.pid)
    }

    /// Closes the pipe to its standard input and blocks until the child has terminated. Signals do not interrupt it.
    ///
    /// Once the child was reaped, every wait returns the same report.
    ///
    /// # Errors
    /// `ECHILD`: something else reaped it.
    pub fn wait(&mut self) -> Result<Waited, Errno> {
        self.stdin = None;
        self.once(|pid| retrying(|| wait4(pid, WaitOptions::NONE)).map(Some))?.ok_or(Errno::PROTO)
    }

    /// Returns at once; `None` while the child has not terminated.
    ///
    /// # Errors
    /// As [`ChildProcess::wait`].
    pub fn try_wait(&mut self) -> Result<Option<Waited>, Errno> {
        self.once(|pid| retrying(|| try_wait4(pid, WaitOptions::NONE)))
    }

    /// Waits at most this long; `None` means that the child has not terminated by then.
    ///
    /// # Errors
    /// As [`ChildProcess::wait`].
    pub fn wait_timeout(&mut self, timeout: Duration) -> Result<Option<Waited>, Errno> {
        self.once(|pid| wait4_timeout(pid, WaitOptions::NONE, timeout))
    }

    /// Sends it a signal. Signalling a zombie has no effect.
    ///
    /// # Errors
    /// `ESRCH`: it was reaped. `EPERM`: it runs as another user.
    pub fn signal(&self, signal: Signal) -> Result<(), Errno> {
        match self.state {
            State::Own => process::kill(self.pid.as_raw_pid(), signal.number()),
            State::Reaped(_) | State::Lost => Err(Errno::SRCH),
        }
    }

    /// Sends SIGTERM, then SIGKILL if the child has not terminated by the end of the grace period, and reaps it.
    ///
    /// # Errors
    /// As [`ChildProcess::wait`] and [`ChildProcess::signal`].
    pub fn terminate(&mut self, grace: Duration) -> Result<Waited, Errno> {
        if let State::Own = self.state {
            self.signal(Signal::TERM)?;
        }
        match self.wait_timeout(grace)? {
            Some(done) => Ok(done),
            None => {
                self.signal(Signal::KILL)?;
                self.wait()
            }
        }
    }

    /// Waits, unless the child was already reaped, and records whether the pid is still the child's.
    fn once(
        &mut self,
        wait: impl FnOnce(Pid) -> Result<Option<Waited>, Errno>,
    ) -> Result<Option<Waited>, Errno> {
        match self.state {
            State::Reaped(done) => return Ok(Some(done)),
            State::Lost => return Err(Errno::CHILD),
            State::Own => {}
        }
        let outcome = wait(self.pid);
        match outcome {
            Ok(Some(done)) => self.state = State::Reaped(done),
            Err(Errno::CHILD) => self.state = State::Lost,
            Ok(None) | Err(_) => {}
        }
        outcome
    }
}

/// Takes over a child that the standard library started and that has not been waited for.
impl From<std::process::Child> for ChildProcess {
    fn from(mut child: std::process::Child) -> ChildProcess {
        ChildProcess {
            pid: Pid::from_child(&child),
            state: State::Own,
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            stderr: child.stderr.take(),
        }
    }
}
