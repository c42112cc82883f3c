//! A child that touches some memory, reports its usage, and terminates in a given way when told to.
//!
//! The test process has threads: after `fork` the child calls async-signal-safe functions only.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use waitspec::sys::process::workload::{Mapping, page_size};
use waitspec::sys::process::{self, Forked, Handle, Who};
use waitspec::sys::{process_table, signal};
use waitspec::wait::{Event, MaxRssUnit, Pid, Rusage, Signal};

/// No history takes that long, on any machine.
const LONGEST: Duration = Duration::from_secs(60);

/// Page faults that a child may have between its report and its termination: far fewer than the difference between two children.
const FAULTS_OF_ENDING: u64 = 32;

/// How a child terminates.
#[derive(Copy, Clone, Debug)]
pub enum Cause {
    /// It exits with that code.
    Exits(i32),
    /// It sends itself that signal.
    Raises(Signal),
    /// Its parent sends it that signal.
    IsSent(Signal),
}

impl Cause {
    /// What a wait must report.
    pub fn event(self) -> Event {
        match self {
            Cause::Exits(code) => Event::Exited { code },
            Cause::Raises(signal) | Cause::IsSent(signal) => Event::Signaled { signal, core: false },
        }
    }
}

/// What a child reports: CPU time in microseconds, peak memory in the system's unit, minor faults.
type Figures = [i64; 3];

/// A child of a history.
pub struct Child {
    pub pid: Pid,
    pub cause: Cause,
    handle: Handle,
    tell: OwnedFd,
    hear: OwnedFd,
    figures: Option<Figures>,
    reaped: bool,
}

impl Child {
    /// Forks it. It waits until it is told to terminate.
    pub fn begin(cause: Cause, pages: usize) -> Child {
        let (go, tell) = rustix::pipe::pipe().expect("a pipe");
        let (hear, report) = rustix::pipe::pipe().expect("a pipe");
        let bytes = pages * page_size();
        let pid = match process::fork().expect("fork") {
            Forked::Child => {
                // Other children's pipes that are open here are closed when this process exits. Only its own matters: it would
                // hide the death of the parent.
                drop(tell);
                live(cause, bytes, &go, &report)
            }
            Forked::Parent(pid) => pid,
        };
        let handle = Handle::open(pid).expect("our child");
        let pid = Pid::from_raw(pid).expect("a pid");
        Child { pid, cause, handle, tell, hear, figures: None, reaped: false }
    }

    /// Lets it terminate, and returns once the process table shows that it has.
    pub fn end(&mut self) {
        assert_eq!(rustix::io::write(&self.tell, &[1]), Ok(1));
        let mut bytes = [0; size_of::<Figures>()];
        // It is less than a pipe writes atomically.
        assert_eq!(rustix::io::retry_on_intr(|| rustix::io::read(&self.hear, &mut bytes)), Ok(bytes.len()));
        let mut figures = Figures::default();
        for (figure, bytes) in figures.iter_mut().zip(bytes.chunks_exact(size_of::<i64>())) {
            *figure = i64::from_ne_bytes(bytes.try_into().expect("eight bytes"));
        }
        self.figures = Some(figures);
        if let Cause::IsSent(signal) = self.cause {
            self.handle.signal(signal.number()).expect("our child");
        }
        self.await_end();
    }

    fn await_end(&self) {
        if let Some(fd) = self.handle.poll_fd() {
            let longest = Timespec::try_from(LONGEST).expect("a minute");
            let ended = rustix::io::retry_on_intr(|| {
                poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::IN)], Some(&longest))
            });
            assert_eq!(ended, Ok(1), "the child does not end");
            return;
        }
        let begin = Instant::now();
        while !process_table::is_zombie(self.pid.as_raw_pid()) {
            assert!(begin.elapsed() < LONGEST, "the child does not end");
            std::thread::yield_now();
        }
    }

    /// Whether this is the usage of this child and no other: at least what it reported, and few more faults.
    pub fn check_usage(&self, rusage: &Rusage) -> Result<(), String> {
        let Some([cpu, memory, faults]) = self.figures else {
            return Err("usage of a child that was not told to end".to_owned());
        };
        let cpu = Duration::from_micros(cpu.unsigned_abs());
        let memory = MaxRssUnit::host().bytes(memory);
        let least = faults.unsigned_abs();
        // On NetBSD, only getrusage fills it in: for a dead child it is 0.
        let own = rusage.cpu_time() >= cpu
            && (rusage.max_rss_bytes() >= memory || cfg!(target_os = "netbsd"))
            && (least..=least + FAULTS_OF_ENDING).contains(&rusage.minor_faults());
        if own {
            return Ok(());
        }
        Err(format!("the child used {cpu:?}, {memory} bytes, {least} faults, and the wait says {rusage:?}"))
    }

    /// Its pid is free: nothing may be sent there from now on.
    pub fn was_reaped(&mut self) {
        self.reaped = true;
    }
}

impl Drop for Child {
    /// Leaves no child for the next history when this one fails halfway.
    fn drop(&mut self) {
        if !self.reaped {
            let _ = process::kill_and_reap(self.pid.as_raw_pid());
        }
    }
}

/// Ends the test process if the returned guard is not dropped in time: a wait that hangs must not hang the run.
pub fn watchdog() -> mpsc::Sender<()> {
    let (sender, over) = mpsc::channel();
    std::thread::spawn(move || {
        if over.recv_timeout(LONGEST) == Err(mpsc::RecvTimeoutError::Timeout) {
            eprintln!("a history did not end within {LONGEST:?}");
            std::process::abort();
        }
    });
    sender
}

/// What the child does.
fn live(cause: Cause, bytes: usize, go: &OwnedFd, report: &OwnedFd) -> ! {
    signal::reset_all();
    await_byte(go);
    let Ok(mut memory) = Mapping::anonymous(bytes) else { process::exit_now(98) };
    memory.write_pages();
    let usage = process::usage(Who::SelfProcess);
    let sum = |a: Option<i64>, b: Option<i64>| a.unwrap_or(0) + b.unwrap_or(0);
    let figures: Figures =
        [sum(usage.utime_us, usage.stime_us), usage.maxrss.unwrap_or(0), usage.minflt.unwrap_or(0)];
    let mut bytes = [0; size_of::<Figures>()];
    for (bytes, figure) in bytes.chunks_exact_mut(size_of::<i64>()).zip(figures) {
        bytes.copy_from_slice(&figure.to_ne_bytes());
    }
    if rustix::io::write(report, &bytes) != Ok(bytes.len()) {
        process::exit_now(97);
    }
    match cause {
        Cause::Exits(code) => process::exit_now(code),
        Cause::Raises(signal) => {
            let _ = signal::kill_self(signal.number());
        }
        Cause::IsSent(_) => await_byte(go),
    }
    process::exit_now(96)
}

/// Returns when a byte arrives; terminates if the parent does.
fn await_byte(go: &OwnedFd) {
    loop {
        match rustix::io::read(go, &mut [0_u8]) {
            Ok(1) => return,
            Err(Errno::INTR) => {}
            _ => process::exit_now(99),
        }
    }
}
