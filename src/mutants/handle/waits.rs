//! Process handles whose waits look at something else than the child, and results that are another child's.

use crate::mutants::handle::faults::{count_sigchld_from_first, ours, sigchlds, zero};
use crate::mutants::handle::promises::{CORRECT, reporting};
use crate::mutants::mutant::{Mutant, blind};
use crate::protocol::handle::HandleReport;
use crate::sorted::Map;
use crate::spec::promise;
use crate::subject::handle::{Behavior, OwnHandle};
use crate::sys::{process, process_table, signal};
use crate::wait::{
    Deadline, Errno, Event, IdOptions, Signal, WaitOptions, WaitTarget, retrying, waitid, waitid_timeout,
    waitpid,
};
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
    static RESULTS: Mutex<Map<i32, HandleReport>> = Mutex::new(Map::new());
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
        "handle-kills-group",
        "a signal goes to the process group that the child leads, too",
        &promise::HANDLE_KILL_SPARES,
    )
    .handle(Behavior {
        kill: |h, signal| {
            let pid = h.pid().as_raw_pid();
            let others = process_table::all().unwrap_or_default().into_iter();
            let led: Vec<i32> =
                others.filter(|other| other.pgid == pid && other.pid != pid).map(|other| other.pid).collect();
            h.send(signal)?;
            for pid in led {
                let _ = process::kill(pid, signal.number());
            }
            Ok(())
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
    blind(
        "handle-stops-at-stranger",
        "a wait sees no exit while a child that has no handle is a zombie and comes first",
        &promise::HANDLE_STRANGERS_KEPT,
    )
    .handle(Behavior {
        made: |h| ours().push(h.pid()),
        wait: |h, timeout| {
            if timeout.is_none() && h.known().is_none() {
                let options = IdOptions::EXITED | IdOptions::NOWAIT;
                let first = || retrying(|| waitid(WaitTarget::Any, options));
                until(None, || Ok(first().map_or(true, |info| ours().contains(&info.pid))))?;
            }
            h.await_result(timeout)
        },
        ..CORRECT
    }),
    blind(
        "handle-timed-looks-first",
        "a wait with a timeout looks at the child at its beginning only",
        &promise::HANDLE_WAIT_RETURNS,
    )
    .handle(reporting(OwnHandle::look, |h, timeout| match (timeout, h.look()?) {
        (Some(timeout), HandleReport::Running) => {
            std::thread::sleep(timeout);
            Ok(HandleReport::Running)
        }
        _ => h.await_result(timeout),
    })),
    blind(
        "handle-runs-after-timeout",
        "once a wait has timed out, a poll reports the child as running until it is waited for",
        &promise::HANDLE_TIMEOUT_KEEPS,
    )
    .handle(reporting(
        |h| match h.known() {
            None if h.count.load(Ordering::SeqCst) > 0 => Ok(HandleReport::Running),
            _ => h.look(),
        },
        |h, timeout| {
            let report = h.await_result(timeout)?;
            if report == HandleReport::Running {
                h.count.fetch_add(1, Ordering::SeqCst);
            }
            Ok(report)
        },
    )),
    blind(
        "handle-lost-at-once",
        "the result of a child that exits before its handle is registered is lost",
        &promise::HANDLE_WAIT_RETURNS,
    )
    .handle(Behavior {
        made: |h| {
            let ended = waitid_timeout(
                WaitTarget::Pid(h.pid()),
                IdOptions::EXITED | IdOptions::NOWAIT,
                Duration::from_millis(50),
            );
            if let Ok(Some(_)) = ended {
                let _ = waitpid(WaitTarget::Pid(h.pid()), WaitOptions::NONE);
            }
        },
        ..CORRECT
    }),
    blind(
        "handle-failed-exec-blocks",
        "a program that cannot be executed leaves a signal blocked in the process for good",
        &promise::HANDLE_KILL_DELIVERS,
    )
    .handle(Behavior {
        spawn: |argv, output| {
            process::run_program(argv, output).inspect_err(|_| {
                let _ = signal::block(libc::SIGTERM);
            })
        },
        ..CORRECT
    }),
    blind(
        "handle-usage-of-exits",
        "the usage of a child that a signal kills is zero",
        &promise::HANDLE_USAGE,
    )
    .handle(Behavior {
        usage: |h| match h.known() {
            Some((HandleReport::Signal(..), _)) => Some(zero()),
            known => known.and_then(|(_, usage)| usage),
        },
        ..CORRECT
    }),
];
