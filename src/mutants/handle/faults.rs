//! The faulty behaviour of the mutants of this crate's own handle.

use crate::protocol::handle::HandleReport;
use crate::subject::handle::OwnHandle;
use crate::sys::call::abi::Usage;
use crate::sys::process;
use crate::sys::signal::{self, Action, Flags};
use crate::wait::{Errno, Event, IdOptions, Pid, Signal, WaitOptions, WaitTarget, try_waitid, waitpid};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

pub(crate) fn code(report: HandleReport, change: fn(i64) -> i64) -> HandleReport {
    match report {
        HandleReport::Code(code) => HandleReport::Code(change(code)),
        other => other,
    }
}

/// Reports a death by a signal as something else, from its number and whether a core was dumped.
pub(crate) fn signal_as(report: HandleReport, change: fn(i64, bool) -> HandleReport) -> HandleReport {
    match report {
        HandleReport::Signal(signal, core) => change(signal.number().into(), core),
        other => other,
    }
}

pub(crate) fn word_of(signal: Signal, core: bool) -> HandleReport {
    HandleReport::Word(i64::from(signal.number()) | if core { 0x80 } else { 0 })
}

pub(crate) fn zero() -> Usage {
    Usage { utime_us: Some(0), stime_us: Some(0), maxrss: Some(0), ..Usage::default() }
}

pub(crate) fn target(h: &OwnHandle) -> WaitTarget {
    WaitTarget::Pid(h.pid())
}

/// Peeks at a result without consuming it.
pub(crate) fn peek(h: &OwnHandle) -> Result<HandleReport, Errno> {
    Ok(match try_waitid(target(h), IdOptions::EXITED | IdOptions::NOWAIT)? {
        Some(info) => match info.event {
            Event::Exited { code } => HandleReport::Code(code.into()),
            Event::Signaled { signal, core } => HandleReport::Signal(signal, core),
            _ => HandleReport::Running,
        },
        None => HandleReport::Running,
    })
}

pub(crate) fn is_stopped(h: &OwnHandle) -> bool {
    let options = IdOptions::STOPPED | IdOptions::NOWAIT;
    matches!(try_waitid(target(h), options), Ok(Some(info)) if matches!(info.event, Event::Stopped { .. }))
}

pub(crate) fn lagging(h: &OwnHandle) -> Result<HandleReport, Errno> {
    let is_first = || h.count.fetch_add(1, Ordering::SeqCst) == 0;
    match peek(h) {
        Ok(HandleReport::Code(_) | HandleReport::Signal(..)) if h.known().is_none() && is_first() => {
            Ok(HandleReport::Running)
        }
        _ => h.look(),
    }
}

/// Returns the result once, and an error afterwards.
pub(crate) fn once(
    h: &OwnHandle,
    ask: impl FnOnce(&OwnHandle) -> Result<HandleReport, Errno>,
) -> Result<HandleReport, Errno> {
    if h.count.load(Ordering::SeqCst) > 0 {
        return Err(Errno::CHILD);
    }
    let report = ask(h)?;
    h.count.fetch_add(usize::from(report != HandleReport::Running), Ordering::SeqCst);
    Ok(report)
}

pub(crate) fn forever() -> ! {
    loop {
        process::pause();
    }
}

pub(crate) fn kill_pid(h: &OwnHandle, signal: Signal) -> Result<(), Errno> {
    process::kill(h.pid().as_raw_pid(), signal.number())
}

pub(crate) fn count_sigchld() {
    let _ = signal::set_action(libc::SIGCHLD, Action::Count, Flags { restart: true, ..Flags::default() });
}

/// The number of SIGCHLDs that the handler of [`count_sigchld_from_first`] has seen.
static CAME: AtomicUsize = AtomicUsize::new(0);

pub(crate) fn sigchlds() -> usize {
    CAME.load(Ordering::SeqCst)
}

/// Has SIGCHLDs counted from the first child on: a handler that is set later replaces this one.
pub(crate) fn count_sigchld_from_first() {
    static FIRST: Once = Once::new();
    FIRST.call_once(|| {
        let count = |_| {
            CAME.fetch_add(1, Ordering::SeqCst);
        };
        let flags = Flags { restart: true, ..Flags::default() };
        let _ = signal::set_action(libc::SIGCHLD, Action::Hook(count), flags);
    });
}

pub(crate) fn any_sigchld(h: &OwnHandle, timeout: Option<Duration>) -> Result<HandleReport, Errno> {
    let before = signal::count(libc::SIGCHLD);
    while timeout.is_none() && h.look()? == HandleReport::Running {
        if signal::count(libc::SIGCHLD) != before {
            return Ok(match h.look()? {
                HandleReport::Running => HandleReport::Unknown,
                report => report,
            });
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    h.await_result(timeout)
}

pub(crate) fn until_sigchld(h: &OwnHandle, timeout: Option<Duration>) -> Result<HandleReport, Errno> {
    loop {
        let before = signal::count(libc::SIGCHLD);
        if timeout.is_some() || h.look()? != HandleReport::Running {
            return h.await_result(timeout);
        }
        while signal::count(libc::SIGCHLD) == before {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// The children that have a handle.
pub(crate) fn ours() -> std::sync::MutexGuard<'static, Vec<Pid>> {
    static OURS: Mutex<Vec<Pid>> = Mutex::new(Vec::new());
    OURS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The number of handles created.
pub(crate) static MADE: AtomicUsize = AtomicUsize::new(0);

/// The code in this child's slot of the table, if another child has put one there.
pub(crate) fn placed(h: &OwnHandle, report: HandleReport) -> HandleReport {
    static TABLE: [AtomicI64; 128] = [const { AtomicI64::new(-1) }; 128];
    let HandleReport::Code(code) = report else { return report };
    let place = &TABLE[h.pid().as_raw_pid() as usize % TABLE.len()];
    match place.compare_exchange(-1, code, Ordering::SeqCst, Ordering::SeqCst) {
        Ok(_) => report,
        Err(kept) => HandleReport::Code(kept),
    }
}

/// Reaps children without a handle, unless one with a handle is ready first.
pub(crate) fn reap_strangers() {
    while let Ok(Some(info)) = try_waitid(WaitTarget::Any, IdOptions::EXITED | IdOptions::NOWAIT) {
        if ours().contains(&info.pid) {
            break;
        }
        let _ = waitpid(WaitTarget::Pid(info.pid), WaitOptions::NONE);
    }
}

/// Reports a result as the death by the signal that was sent, if any.
pub(crate) fn as_sent(h: &OwnHandle, report: HandleReport) -> HandleReport {
    match (report, h.count.load(Ordering::SeqCst)) {
        (HandleReport::Code(_), sent) if sent > 0 => {
            HandleReport::Signal(Signal::from_number(sent as i32), false)
        }
        _ => report,
    }
}

/// Loses the result once something has been counted.
pub(crate) fn unless_counted(h: &OwnHandle, report: HandleReport) -> HandleReport {
    if report != HandleReport::Running && h.count.load(Ordering::SeqCst) > 0 {
        HandleReport::Unknown
    } else {
        report
    }
}
