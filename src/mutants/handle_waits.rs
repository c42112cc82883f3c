//! Process handles whose waits look at something else than the child, and results that are another child's.

use super::handle::{CORRECT, reporting};
use super::handle_faults::{count_sigchld_from_first, sigchlds};
use super::mutant::{Mutant, blind};
use crate::protocol::handle::HandleReport;
use crate::spec::promise;
use crate::subject::handle::{Behavior, OwnHandle};
use crate::sys::{process, process_table};
use crate::wait::{Deadline, Errno, Event, IdOptions, Signal, WaitTarget, retrying, waitid};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Looks now and then until this says so, or the time is over.
fn until(timeout: Option<Duration>, mut so: impl FnMut() -> Result<bool, Errno>) -> Result<(), Errno> {
    let deadline = timeout.map(Deadline::after);
    while !so()? && !deadline.is_some_and(|deadline| deadline.has_passed()) {
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// The result that the first child with this pid had.
fn by_pid(h: &OwnHandle, report: HandleReport) -> HandleReport {
    static RESULTS: Mutex<BTreeMap<i32, HandleReport>> = Mutex::new(BTreeMap::new());
    if report == HandleReport::Running {
        return report;
    }
    let mut results = RESULTS.lock().unwrap_or_else(PoisonError::into_inner);
    *results.entry(h.pid().as_raw_pid()).or_insert(report)
}

/// The result, and an exit with 0 for a child whose first thread is a zombie.
fn by_table(h: &OwnHandle) -> Result<HandleReport, Errno> {
    match h.look()? {
        HandleReport::Running => {
            // Of a process with several threads the table shows the state of the first.
            let process = process_table::read(h.pid().as_raw_pid()).ok().flatten();
            let is_zombie = process.is_some_and(|process| process.state == process_table::State::Zombie);
            Ok(if is_zombie { HandleReport::Code(0) } else { HandleReport::Running })
        }
        report => Ok(report),
    }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "handle-timeout-ends-at-other",
        "a wait with a timeout ends when another child's exit is reported",
        &promise::HANDLE_WAIT_BLOCKS,
    )
    .handle(reporting(OwnHandle::look, |h, timeout| {
        static REPORTED: AtomicUsize = AtomicUsize::new(0);
        if timeout.is_none() || h.known().is_some() {
            let report = h.await_result(timeout);
            REPORTED.fetch_add(1, Ordering::SeqCst);
            return report;
        }
        let before = REPORTED.load(Ordering::SeqCst);
        until(timeout, || Ok(h.look()? != HandleReport::Running || REPORTED.load(Ordering::SeqCst) != before))?;
        if REPORTED.load(Ordering::SeqCst) != before { Ok(HandleReport::Running) } else { h.look() }
    })),
    blind(
        "handle-timeout-ends-at-sigchld",
        "a wait with a timeout ends at any SIGCHLD",
        &promise::HANDLE_SPURIOUS_SIGCHLD,
    )
    .handle(Behavior {
        made: |_| count_sigchld_from_first(),
        wait: |h, timeout| {
            if timeout.is_none() {
                return h.await_result(timeout);
            }
            let before = sigchlds();
            until(timeout, || Ok(h.look()? != HandleReport::Running || sigchlds() != before))?;
            h.look()
        },
        ..CORRECT
    }),
    blind(
        "handle-timeout-whole-seconds",
        "of a timeout the whole seconds count",
        &promise::HANDLE_TIMEOUT_PASSES,
    )
    .handle(reporting(OwnHandle::look, |h, timeout| {
        h.await_result(timeout.map(|time| Duration::from_secs(time.as_secs())))
    })),
    blind(
        "handle-leader-is-all",
        "a child whose first thread has exited is reported as exited, although another one runs",
        &promise::HANDLE_WAIT_BLOCKS,
    )
    .handle(reporting(by_table, |h, timeout| {
        until(timeout, || by_table(h).map(|report| report != HandleReport::Running))?;
        by_table(h)
    })),
    blind(
        "handle-killed-while-stopped",
        "a child that has been stopped and is killed is reported as killed by SIGSTOP",
        &promise::HANDLE_SIGNAL,
    )
    .handle(reporting(OwnHandle::look, |h, timeout| {
        if timeout.is_some() || h.known().is_some() {
            return h.await_result(timeout);
        }
        let options = IdOptions::EXITED | IdOptions::STOPPED | IdOptions::NOWAIT;
        let info = retrying(|| waitid(WaitTarget::Pid(h.pid()), options))?;
        let stopped = matches!(info.event, Event::Stopped { .. });
        h.await_result(None).map(|report| match report {
            HandleReport::Signal(..) if stopped => HandleReport::Signal(Signal::STOP, false),
            report => report,
        })
    })),
    blind(
        "handle-relies-on-its-handler",
        "a wait learns of an exit by a SIGCHLD handler alone, which the process may replace",
        &promise::HANDLE_SIGCHLD_CAUGHT,
    )
    .handle(Behavior {
        made: |_| count_sigchld_from_first(),
        wait: |h, timeout| {
            let before = sigchlds();
            if h.look()? == HandleReport::Running {
                until(timeout, || Ok(sigchlds() != before))?;
            }
            h.await_result(timeout)
        },
        ..CORRECT
    }),
    blind(
        "handle-kills-descendants",
        "a signal goes to the children of the child, too",
        &promise::HANDLE_KILL_SPARES,
    )
    .handle(Behavior {
        kill: |h, signal| {
            let pid = h.pid().as_raw_pid();
            let below = process_table::all().unwrap_or_default().into_iter().filter(|other| other.ppid == pid);
            let below: Vec<i32> = below.map(|other| other.pid).collect();
            h.send(signal)?;
            for pid in below {
                let _ = process::kill(pid, signal.number());
            }
            Ok(())
        },
        ..CORRECT
    }),
    blind(
        "handle-results-by-pid",
        "results are kept by pid: a child that has the pid of an earlier one is reported with the result of that",
        &promise::HANDLE_OTHERS_KEPT,
    )
    .handle(reporting(
        |h| h.look().map(|report| by_pid(h, report)),
        |h, timeout| h.await_result(timeout).map(|report| by_pid(h, report)),
    )),
];
