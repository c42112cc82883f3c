//! The commands of a shell: started, waited for, stopped and continued.

use super::behavior::{During, Shell};
use crate::sys::signal::{self, Action, Flags};
use crate::sys::{descriptors, makeshift, process, terminal};
use crate::wait::{Event, Pid, WaitOptions, WaitTarget, try_waitpid};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::{AsFd, AsRawFd, OwnedFd};
use rustix::io::Errno;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

/// The signals that arrived, as bits.
static CAME: AtomicU64 = AtomicU64::new(0);
/// Written to by a handler to wake up the poll.
static WAKE: AtomicI32 = AtomicI32::new(-1);

/// Records a signal. Runs in a handler.
pub(super) fn note(signal: i32) {
    CAME.fetch_or(1 << signal, Ordering::AcqRel);
    let wake = WAKE.load(Ordering::Acquire);
    if wake >= 0 {
        descriptors::write_byte(wake);
    }
}

/// The state of a command so far.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum State {
    Running,
    Stopped(i32),
    Ended(i32),
}

struct Job {
    /// The number of its job, from 1 up.
    number: usize,
    pid: i32,
    group: i32,
    state: State,
    /// The signal that has stopped it last.
    stopped: Option<i32>,
    background: bool,
}

/// All remembered commands.
pub(super) struct Jobs {
    shell: Shell,
    all: Vec<Job>,
    last: i32,
    monitor: bool,
    woken: OwnedFd,
    _wake: OwnedFd,
}

impl Jobs {
    pub(super) fn new(shell: Shell) -> Result<Jobs, Errno> {
        let (woken, wake) = makeshift::pipe()?;
        rustix::io::ioctl_fionbio(&woken, true)?;
        rustix::io::ioctl_fionbio(&wake, true)?;
        WAKE.store(wake.as_raw_fd(), Ordering::Release);
        CAME.store(0, Ordering::Release);
        signal::set_action(libc::SIGCHLD, Action::Hook(note), Flags::default())?;
        if shell.unblocks {
            signal::unblock(libc::SIGCHLD)?;
        }
        Ok(Jobs { shell, all: Vec::new(), last: 0, monitor: false, woken, _wake: wake })
    }

    pub(super) fn monitor(&self) -> bool {
        self.monitor
    }

    /// Job control: each job gets a process group, and the foreground one gets the terminal.
    pub(super) fn set_monitor(&mut self) {
        self.monitor = true;
        let _ = signal::set_action(libc::SIGTTOU, Action::Ignore, Flags::default());
    }

    /// The pid of the last background command.
    pub(super) fn last(&self) -> i32 {
        self.last
    }

    /// The signals that arrived since the last call, other than SIGCHLD.
    pub(super) fn take_signals(&self) -> Vec<i32> {
        let came = CAME.fetch_and(1 << libc::SIGCHLD, Ordering::AcqRel);
        (1..64).filter(|signal| *signal != libc::SIGCHLD && came >> signal & 1 == 1).collect()
    }

    /// Puts a new process of a job into this group.
    pub(super) fn group(&mut self, pid: i32, group: i32, foreground: bool) {
        // The child does the same: whoever comes first.
        let both = (rustix::process::Pid::from_raw(pid), rustix::process::Pid::from_raw(group));
        let _ = rustix::process::setpgid(both.0, both.1);
        if foreground {
            give_terminal(group);
        }
    }

    /// Remembers background commands.
    pub(super) fn add(&mut self, pids: Vec<i32>) {
        let group = pids.first().copied().unwrap_or(0);
        let last = if self.shell.bang_is_last { pids.last() } else { pids.first() };
        self.last = last.copied().unwrap_or(0);
        let number = 1 + self.all.iter().map(|job| job.number).max().unwrap_or(0);
        let job = |pid| Job { number, pid, group, state: State::Running, stopped: None, background: true };
        self.all.extend(pids.into_iter().map(job));
        while self.all.len() > self.shell.remembered {
            self.all.remove(0);
        }
    }

    /// Checks every child for a change of state.
    fn sweep(&mut self) {
        let options = WaitOptions::UNTRACED | WaitOptions::CONTINUED;
        for job in &mut self.all {
            let Some(pid) = Pid::from_raw(job.pid) else { continue };
            while !matches!(job.state, State::Ended(_)) {
                let Ok(Some((_, status))) = try_waitpid(WaitTarget::Pid(pid), options) else { break };
                job.state = match status.event() {
                    Event::Stopped { signal, .. } if self.shell.stop_is_no_exit => {
                        job.stopped = Some(signal.number());
                        State::Stopped(signal.number())
                    }
                    Event::Stopped { signal, .. } => State::Ended(128 + signal.number()),
                    Event::Continued => State::Running,
                    event => {
                        let status = (self.shell.code)(event);
                        State::Ended(job.stopped.map_or(status, |stop| (self.shell.after_stop)(stop, status)))
                    }
                };
            }
        }
    }

    /// Waits until something has happened since the last sweep.
    fn pause(&self) {
        let _ = poll(&mut [PollFd::new(&self.woken, PollFlags::IN)], None);
        let _ = rustix::io::read(self.woken.as_fd(), &mut [0; 64]);
    }

    /// A signal that has a trap and has arrived.
    fn trapped(&self, traps: &[i32]) -> Option<i32> {
        let came = CAME.load(Ordering::Acquire);
        traps.iter().copied().find(|signal| came >> signal & 1 == 1)
    }

    fn state(&self, pid: i32) -> Option<State> {
        self.all.iter().rev().find(|job| job.pid == pid).map(|job| job.state)
    }

    /// Whether a command was still alive at the last sweep.
    pub(super) fn lives(&self, pid: i32) -> bool {
        self.state(pid).is_some_and(|state| !matches!(state, State::Ended(_)))
    }

    /// Waits for the commands in the foreground; returns the status of each. One that stops becomes a background job.
    pub(super) fn run(&mut self, pids: &[i32], during: During) -> Vec<i32> {
        let group = pids.first().copied().unwrap_or(0);
        let job = |pid: &i32| Job {
            number: 0,
            pid: *pid,
            group,
            state: State::Running,
            stopped: None,
            background: false,
        };
        self.all.extend(pids.iter().map(job));
        let statuses = self.foreground(pids);
        let keeps = self.shell.remembers_meanwhile;
        self.all.retain(|job| match job.state {
            State::Ended(status) => job.background && keeps(status, during),
            _ => true,
        });
        statuses
    }

    fn foreground(&mut self, pids: &[i32]) -> Vec<i32> {
        loop {
            self.sweep();
            let came = CAME.load(Ordering::Acquire) & !(1 << libc::SIGCHLD);
            if !self.shell.defers_trap && came != 0 {
                return vec![128 + came.trailing_zeros() as i32];
            }
            let states: Vec<State> = pids.iter().filter_map(|pid| self.state(*pid)).collect();
            let over = |state: &State| match state {
                State::Running => None,
                State::Stopped(signal) if self.monitor && self.shell.stop_gives_back => Some(128 + signal),
                State::Stopped(_) => None,
                State::Ended(status) => Some(*status),
            };
            if let Some(statuses) = states.iter().map(over).collect::<Option<Vec<i32>>>() {
                if self.monitor {
                    give_terminal(process::group());
                }
                for job in self.all.iter_mut().filter(|job| matches!(job.state, State::Stopped(_))) {
                    job.background = true;
                }
                return statuses;
            }
            self.pause();
        }
    }

    /// The process that an operand of `wait` stands for: a pid, or the last one of a job.
    pub(super) fn named(&self, operand: &str) -> i32 {
        let Some(number) = operand.strip_prefix('%') else { return operand.parse().unwrap_or(0) };
        let number = (self.shell.job_named)(number.parse().unwrap_or(0));
        let of_job = self.all.iter().rev().find(|job| job.background && job.number == number);
        of_job.map_or(0, |job| job.pid)
    }

    /// `wait PID`.
    pub(super) fn wait_for(&mut self, pid: i32, traps: &[i32]) -> i32 {
        loop {
            self.sweep();
            match self.state(pid) {
                None => return self.shell.unknown,
                Some(State::Ended(status)) => {
                    self.all.retain(|job| job.pid != pid);
                    return status;
                }
                Some(_) => {}
            }
            if let Some(signal) = self.trapped(traps).filter(|_| self.shell.trap_ends_wait) {
                if !self.shell.keeps_after_trap {
                    self.all.retain(|job| job.pid != pid);
                }
                return (self.shell.trap_status)(signal);
            }
            self.pause();
        }
    }

    /// `wait`.
    pub(super) fn wait_for_all(&mut self, traps: &[i32]) -> i32 {
        if self.all.is_empty() {
            return self.shell.of_none;
        }
        loop {
            self.sweep();
            let mut last = 0;
            let mut left = 0;
            for job in &self.all {
                match job.state {
                    State::Ended(status) => last = status,
                    State::Stopped(_) if !self.shell.waits_for_stopped => {}
                    _ => left += 1,
                }
            }
            if left == 0 || (!self.shell.waits_for_all && left < self.all.len()) {
                self.all.clear();
                return (self.shell.status_of_all)(last);
            }
            if let Some(signal) = self.trapped(traps).filter(|_| self.shell.trap_ends_wait) {
                return (self.shell.trap_status_of_all)(signal);
            }
            self.pause();
        }
    }

    /// `jobs`.
    pub(super) fn listed(&mut self) -> String {
        self.sweep();
        let jobs = self.all.iter().filter(|job| job.background).enumerate();
        let line = |(at, job): (usize, &Job)| {
            let state = match job.state {
                State::Stopped(_) if self.shell.shows_stops => "Stopped",
                State::Running | State::Stopped(_) => "Running",
                State::Ended(_) => "Done",
            };
            format!("[{}] {state} {}", at + 1, job.pid)
        };
        jobs.map(line).collect::<Vec<_>>().join("\n")
    }

    /// The last job that has not terminated.
    fn current(&self) -> Option<(i32, i32)> {
        let lives = |job: &&Job| job.background && !matches!(job.state, State::Ended(_));
        self.all.iter().rev().find(lives).map(|job| (job.pid, job.group))
    }

    fn resume(&mut self, pid: i32, group: i32) {
        if let Some(group) = rustix::process::Pid::from_raw(group) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::CONT);
        }
        for job in self.all.iter_mut().filter(|job| job.pid == pid) {
            job.state = State::Running;
        }
    }

    /// `bg`.
    pub(super) fn bg(&mut self) -> i32 {
        self.sweep();
        let Some((pid, group)) = self.current() else { return 1 };
        if self.shell.bg_continues {
            self.resume(pid, group);
        }
        0
    }

    /// `fg`.
    pub(super) fn fg(&mut self) -> i32 {
        self.sweep();
        let Some((pid, group)) = self.current() else { return 1 };
        give_terminal(group);
        self.resume(pid, group);
        if !self.shell.fg_waits {
            return 0;
        }
        self.foreground(&[pid]).last().copied().unwrap_or(0)
    }
}

/// Makes a group the foreground group, if there is a terminal.
fn give_terminal(group: i32) {
    if let Ok(terminal) = terminal::controlling() {
        let _ = terminal::set_foreground(terminal.as_fd(), group);
    }
}
