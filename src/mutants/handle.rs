//! Process handles that break a promise.
//!
//! Each is the own handle with another part ([`Behavior`]).

use super::mutant::{Mutant, blind, from_bug, from_catalogue};
use crate::protocol::handle::{Form, Report};
use crate::spec::promise;
use crate::subject::handle::{Behavior, OwnHandle};
use crate::sys::call::abi::Usage;
use crate::sys::process::{self, Who};
use crate::sys::signal::{self, Action, Flags};
use crate::wait::{
    Errno, Event, IdOptions, Pid, Signal, Target, WaitOptions, reap, retrying, try_waitid, waitid, waitpid,
};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

const CORRECT: Behavior = Behavior::CORRECT;

/// A handle that reports something else than the correct one.
const fn reporting(
    poll: fn(&OwnHandle) -> Result<Report, Errno>,
    wait: fn(&OwnHandle, Option<Duration>) -> Result<Report, Errno>,
) -> Behavior {
    Behavior { poll, wait, ..CORRECT }
}

/// A behaviour whose reports pass through a function.
macro_rules! changed {
    ($change:expr) => {
        reporting(|h| h.look().map($change), |h, timeout| h.await_result(timeout).map($change))
    };
    ($form:ident, $change:expr) => {
        Behavior { form: Form::$form, ..changed!($change) }
    };
}

pub(crate) const MUTANTS: &[Mutant] = &[
    // Results.
    blind("handle-seven-bits", "a handle reports seven bits of an exit code", &promise::HANDLE_EXIT_CODE)
        .handle(changed!(|r| code(r, |code| code & 0x7f))),
    blind("handle-signed-code", "exit codes from 128 on are negative", &promise::HANDLE_EXIT_CODE)
        .handle(changed!(|r| code(r, |code| i64::from(code as u8 as i8)))),
    blind(
        "handle-code-as-signal",
        "exit codes above 128 are taken for signals, as those of a shell",
        &promise::HANDLE_EXIT_CODE,
    )
    .handle(changed!(|r| match r {
        Report::Code(code @ 129..=159) => Report::Signal(Signal::from_number(code as i32 - 128), false),
        other => other,
    })),
    blind("handle-word-as-code", "a handle reports the status word as the code", &promise::HANDLE_EXIT_CODE)
        .handle(changed!(Word, |r| match r {
            Report::Code(code) => Report::Word(code),
            Report::Signal(signal, core) => word_of(signal, core),
            other => other,
        })),
    blind("handle-signal-as-code", "a handle reports signal n as exit code 128 + n", &promise::HANDLE_SIGNAL)
        .handle(changed!(|r| signal_as(r, |n, _| Report::Code(128 + n)))),
    blind(
        "handle-core-bit-in-code",
        "the code for a signal is 128 + n, and 128 more with a core",
        &promise::HANDLE_SIGNAL,
    )
    .handle(changed!(Shell, |r| signal_as(r, |n, core| Report::Code(128 + n + if core { 128 } else { 0 })))),
    blind("handle-unsigned-signal", "the code -n for a signal is cut to eight bits", &promise::HANDLE_SIGNAL)
        .handle(changed!(Negative, |r| signal_as(r, |n, _| Report::Code(-n & 0xff)))),
    blind("handle-signal-is-success", "death by a signal is reported as code 0", &promise::HANDLE_SIGNAL)
        .handle(changed!(Code, |r| signal_as(r, |_, _| Report::Code(0)))),
    from_bug(
        "php-src#21292",
        "handle-raw-signal",
        "death by a signal is reported as the exit code of its number",
        &promise::HANDLE_SIGNAL,
    )
    .handle(changed!(|r| signal_as(r, |n, _| Report::Code(n)))),
    blind("handle-four-bits-of-signal", "a handle reports four bits of the signal", &promise::HANDLE_SIGNAL)
        .handle(changed!(|r| signal_as(r, |n, core| {
            Report::Signal(Signal::from_number((n & 0xf).max(1) as i32), core)
        }))),
    blind("handle-loses-core", "a handle never reports that a core was dumped", &promise::HANDLE_CORE)
        .handle(changed!(|r| match r {
            Report::Signal(signal, _) => Report::Signal(signal, false),
            other => other,
        })),
    blind(
        "handle-invents-core",
        "a handle reports a core for a signal that dumps none",
        &promise::HANDLE_CORE,
    )
    .handle(changed!(|r| match r {
        Report::Signal(Signal::TERM, _) => Report::Signal(Signal::TERM, true),
        other => other,
    })),
    blind("handle-no-usage", "the usage in a result is zero", &promise::HANDLE_USAGE)
        .handle(Behavior { usage: |h| h.known().map(|_| zero()), ..CORRECT }),
    blind("handle-usage-of-all", "the usage in a result is that of all children", &promise::HANDLE_USAGE)
        .handle(Behavior { usage: |h| h.known().map(|_| process::usage(Who::Children)), ..CORRECT }),
    // Results that nobody can know.
    from_bug(
        "cpython#96863",
        "handle-invents-zero",
        "a child that somebody else has reaped is reported as exited with 0",
        &promise::HANDLE_NEVER_INVENTED,
    )
    .handle(changed!(|r| if r == Report::Unknown { Report::Code(0) } else { r })),
    blind(
        "handle-invents-255",
        "a child that somebody else has reaped is reported as exited with 255",
        &promise::HANDLE_NEVER_INVENTED,
    )
    .handle(changed!(|r| if r == Report::Unknown { Report::Code(255) } else { r })),
    from_catalogue(
        "handle-invents-in-wait",
        "a child that somebody else reaps during a wait is reported as exited with 0",
        &promise::HANDLE_NEVER_INVENTED,
    )
    .handle(reporting(OwnHandle::look, |h, timeout| {
        let lived = h.look()? == Report::Running;
        while timeout.is_none() && h.look()? == Report::Running {
            // Whoever steals is faster.
            std::thread::sleep(Duration::from_millis(100));
        }
        h.await_result(timeout).map(|r| if lived && r == Report::Unknown { Report::Code(0) } else { r })
    })),
    from_catalogue(
        "handle-invents-when-ignored",
        "while SIGCHLD is ignored every child is reported as exited with 0",
        &promise::HANDLE_NEVER_INVENTED,
    )
    .handle(changed!(|r| {
        let ignored = signal::is_ignored(libc::SIGCHLD) == Some(true);
        if ignored && r == Report::Unknown { Report::Code(0) } else { r }
    })),
    // Polls.
    blind(
        "handle-poll-guesses",
        "a poll of a live child reports an exit with 0",
        &promise::HANDLE_POLL_RUNNING,
    )
    .handle(reporting(
        |h| h.look().map(|r| if r == Report::Running { Report::Code(0) } else { r }),
        OwnHandle::await_result,
    )),
    blind("handle-poll-unknown", "a poll of a live child says unknown", &promise::HANDLE_POLL_RUNNING)
        .handle(reporting(
            |h| h.look().map(|r| if r == Report::Running { Report::Unknown } else { r }),
            OwnHandle::await_result,
        )),
    blind("handle-poll-blocks", "a poll waits for the exit", &promise::HANDLE_POLL_RUNNING)
        .handle(reporting(|h| h.await_result(None), OwnHandle::await_result)),
    blind("handle-poll-lags", "the first poll after the exit reports nothing", &promise::HANDLE_POLL_AT_ONCE)
        .handle(reporting(lagging, OwnHandle::await_result)),
    blind(
        "handle-poll-misses-signals",
        "a poll does not see a death by a signal",
        &promise::HANDLE_POLL_AT_ONCE,
    )
    .handle(reporting(
        |h| match peek(h)? {
            Report::Signal(..) if h.known().is_none() => Ok(Report::Running),
            _ => h.look(),
        },
        OwnHandle::await_result,
    )),
    from_bug(
        "cpython#127050",
        "handle-poll-after-wait",
        "a poll reports nothing once another thread's wait has reaped the child",
        &promise::HANDLE_POLL_AT_ONCE,
    )
    .handle(reporting(
        |h| if h.count.load(Ordering::SeqCst) > 0 { Ok(Report::Running) } else { h.look() },
        |h, timeout| {
            let lived = h.look()? == Report::Running;
            let report = h.await_result(timeout)?;
            h.count.fetch_add(usize::from(lived && report != Report::Running), Ordering::SeqCst);
            Ok(report)
        },
    )),
    blind("handle-stop-is-exit", "a stopped child is reported as exited", &promise::HANDLE_STOP_IS_NO_EXIT)
        .handle(reporting(
            |h| if is_stopped(h) { Ok(Report::Code(0)) } else { h.look() },
            OwnHandle::await_result,
        )),
    from_bug(
        "go#60321",
        "handle-wait-ends-at-stop",
        "a wait returns when the child stops",
        &promise::HANDLE_STOP_IS_NO_EXIT,
    )
    .handle(reporting(OwnHandle::look, |h, timeout| {
        let options = WaitOptions::UNTRACED;
        match timeout {
            Some(_) => h.await_result(timeout),
            None if h.known().is_some() => h.look(),
            None => match waitid(target(h), IdOptions::EXITED | IdOptions::STOPPED | IdOptions::NOWAIT) {
                Ok(info) if matches!(info.event, Event::Stopped { .. }) => {
                    waitpid(target(h), options).map(|_| Report::Code(0))
                }
                _ => h.await_result(None),
            },
        }
    })),
    // Asked again.
    blind(
        "handle-forgets",
        "a handle that has reported its result fails afterwards",
        &promise::HANDLE_STABLE,
    )
    .handle(reporting(|h| once(h, OwnHandle::look), |h, timeout| once(h, |h| h.await_result(timeout)))),
    from_bug(
        "php-src#10239",
        "handle-poll-eats-result",
        "once a poll has reported the result, it is unknown",
        &promise::HANDLE_STABLE,
    )
    .handle(reporting(
        |h| once(h, OwnHandle::look).or(Ok(Report::Unknown)),
        |h, timeout| match h.count.load(Ordering::SeqCst) {
            0 => h.await_result(timeout),
            _ => Ok(Report::Unknown),
        },
    )),
    // Waits.
    blind("handle-wait-is-poll", "a wait for a live child returns at once", &promise::HANDLE_WAIT_BLOCKS)
        .handle(reporting(OwnHandle::look, |h, timeout| match timeout {
            None => h.look(),
            _ => h.await_result(timeout),
        })),
    blind(
        "handle-wait-misses-exit",
        "a wait that is begun before the exit never returns",
        &promise::HANDLE_WAIT_RETURNS,
    )
    .handle(reporting(OwnHandle::look, |h, timeout| match h.look()? {
        Report::Running if timeout.is_none() => forever(),
        _ => h.await_result(timeout),
    })),
    from_bug(
        "cpython#113536",
        "handle-zombie-first",
        "a wait for a child that is a zombie already never returns",
        &promise::HANDLE_WAIT_RETURNS,
    )
    .handle(reporting(OwnHandle::look, |h, timeout| match h.known() {
        None if timeout.is_none() && matches!(peek(h), Ok(Report::Code(_))) => forever(),
        _ => h.await_result(timeout),
    })),
    blind(
        "handle-timeout-in-full",
        "a wait with a timeout returns when that has passed, and not at the exit",
        &promise::HANDLE_WAIT_RETURNS,
    )
    .handle(reporting(OwnHandle::look, |h, timeout| {
        if let Some(timeout) = timeout.filter(|_| h.known().is_none()) {
            std::thread::sleep(timeout);
            return h.look();
        }
        h.await_result(timeout)
    })),
    blind("handle-timeout-kills", "a wait that times out kills the child", &promise::HANDLE_TIMEOUT_KEEPS)
        .handle(reporting(OwnHandle::look, |h, timeout| {
            let report = h.await_result(timeout)?;
            if report == Report::Running && timeout != Some(Duration::ZERO) {
                h.send(Signal::KILL)?;
                retrying(|| waitid(target(h), IdOptions::EXITED | IdOptions::NOWAIT))?;
            }
            Ok(report)
        })),
    blind(
        "handle-timeout-loses",
        "after a wait that timed out the result is unknown",
        &promise::HANDLE_TIMEOUT_KEEPS,
    )
    .handle(reporting(OwnHandle::look, |h, timeout| {
        if h.count.load(Ordering::SeqCst) > 0 {
            return Ok(Report::Unknown);
        }
        let report = h.await_result(timeout)?;
        h.count.fetch_add(usize::from(report == Report::Running), Ordering::SeqCst);
        Ok(report)
    })),
    blind("handle-zero-is-forever", "a timeout of 0 is none", &promise::HANDLE_TIMEOUT_KEEPS).handle(
        reporting(OwnHandle::look, |h, timeout| h.await_result(timeout.filter(|time| !time.is_zero()))),
    ),
    blind("handle-one-waiter", "the second of two waits fails", &promise::HANDLE_TWO_WAITERS).handle(
        reporting(OwnHandle::look, |h, timeout| {
            let earlier = h.count.fetch_add(1, Ordering::SeqCst);
            let report = if earlier > 0 { Err(Errno::CHILD) } else { h.await_result(timeout) };
            h.count.fetch_sub(1, Ordering::SeqCst);
            report
        }),
    ),
    blind("handle-wakes-one", "the exit wakes only one of two waits", &promise::HANDLE_TWO_WAITERS).handle(
        reporting(OwnHandle::look, |h, timeout| match h.count.fetch_add(1, Ordering::SeqCst) {
            0 => {
                let report = h.await_result(timeout);
                h.count.fetch_sub(1, Ordering::SeqCst);
                report
            }
            _ => forever(),
        }),
    ),
    from_bug(
        "rust#159855",
        "handle-interrupted",
        "a wait fails with EINTR once a handler has run",
        &promise::HANDLE_SIGNAL_DURING_WAIT,
    )
    .handle(reporting(OwnHandle::look, |h, timeout| match timeout {
        None if h.known().is_none() => match waitid(target(h), IdOptions::EXITED | IdOptions::NOWAIT) {
            Err(Errno::INTR) => Err(Errno::INTR),
            _ => h.look(),
        },
        _ => h.await_result(timeout),
    })),
    blind(
        "handle-sigchld-is-exit",
        "any SIGCHLD is taken for the exit of the child",
        &promise::HANDLE_SPURIOUS_SIGCHLD,
    )
    .handle(Behavior { made: |_| count_sigchld(), wait: any_sigchld, ..CORRECT }),
    blind(
        "handle-needs-sigchld",
        "a wait looks again only when SIGCHLD is delivered",
        &promise::HANDLE_SIGCHLD_BLOCKED,
    )
    .handle(Behavior { made: |_| count_sigchld(), wait: until_sigchld, ..CORRECT }),
    // Others.
    blind(
        "handle-leaves-zombie",
        "a handle reports the result and leaves the zombie",
        &promise::HANDLE_NO_ZOMBIE,
    )
    .handle(reporting(peek, |h, timeout| match timeout {
        None => retrying(|| waitid(target(h), IdOptions::EXITED | IdOptions::NOWAIT)).and_then(|_| peek(h)),
        _ => h.await_result(timeout),
    })),
    blind("handle-reaps-any", "a handle reaps every child that is ready", &promise::HANDLE_OTHERS_KEPT)
        .handle(reporting(OwnHandle::look, |h, timeout| {
            let seen = h.await_result(timeout);
            for _ in reap(Target::Any) {}
            seen
        })),
    blind(
        "handle-waits-for-any",
        "a wait returns when any child of the process has terminated",
        &promise::HANDLE_OTHERS_KEPT,
    )
    .handle(reporting(OwnHandle::look, |h, timeout| match timeout {
        None if h.known().is_none() => {
            let _ = retrying(|| waitid(Target::Any, IdOptions::EXITED | IdOptions::NOWAIT));
            h.look()
        }
        _ => h.await_result(timeout),
    })),
    blind(
        "handle-reaps-strangers",
        "a handle reaps children that have no handle",
        &promise::HANDLE_STRANGERS_KEPT,
    )
    .handle(Behavior {
        made: |h| ours().push(h.pid()),
        wait: |h, timeout| {
            let seen = h.await_result(timeout);
            while let Ok(Some(info)) = try_waitid(Target::Any, IdOptions::EXITED | IdOptions::NOWAIT) {
                if ours().contains(&info.pid) {
                    break;
                }
                let _ = waitpid(Target::Pid(info.pid), WaitOptions::NONE);
            }
            seen
        },
        ..CORRECT
    }),
    blind("handle-table-of-128", "results are kept in a table of 128 places by pid", &promise::HANDLE_MANY)
        .handle(reporting(
            |h| h.look().map(|r| placed(h, r)),
            |h, timeout| h.await_result(timeout).map(|r| placed(h, r)),
        )),
    blind(
        "handle-one-per-sigchld",
        "for each SIGCHLD one exit is noticed, although one may stand for several",
        &promise::HANDLE_MANY,
    )
    .handle(Behavior {
        made: |h| {
            count_sigchld();
            h.count.store(MADE.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        },
        wait: |h, timeout| {
            while timeout.is_none() && signal::count(libc::SIGCHLD) < h.count.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(1));
            }
            h.await_result(timeout)
        },
        ..CORRECT
    }),
    // Dropped handles, signals, programs.
    blind("handle-drop-kills", "a child whose handle is dropped is killed", &promise::HANDLE_DROP_KEEPS)
        .handle(Behavior {
            dropped: |pid| {
                let _ = process::kill(pid.as_raw_pid(), libc::SIGKILL);
                let _ = retrying(|| waitpid(Target::Pid(pid), WaitOptions::NONE));
            },
            ..CORRECT
        }),
    from_bug(
        "tokio#2685",
        "handle-drop-leaves-zombie",
        "a child whose handle was dropped stays a zombie",
        &promise::HANDLE_DROP_REAPS,
    )
    .handle(Behavior { dropped: |_| {}, ..CORRECT }),
    blind("handle-kill-is-lost", "a signal does not arrive", &promise::HANDLE_KILL_DELIVERS)
        .handle(Behavior { kill: |_, _| Ok(()), ..CORRECT }),
    blind("handle-kill-is-sigkill", "whatever the signal, SIGKILL is sent", &promise::HANDLE_KILL_DELIVERS)
        .handle(Behavior { kill: |h, _| h.send(Signal::KILL), ..CORRECT }),
    from_bug(
        "cpython#82811",
        "handle-kills-pid",
        "a signal goes to the pid, whoever has it",
        &promise::HANDLE_KILL_AFTER_EXIT,
    )
    .handle(Behavior { kill: kill_pid, ..CORRECT }),
    from_catalogue(
        "handle-kills-unless-polled",
        "a signal goes to the pid unless a poll has reported the exit",
        &promise::HANDLE_KILL_AFTER_EXIT,
    )
    .handle(Behavior {
        poll: |h| {
            h.count.store(1, Ordering::SeqCst);
            h.look()
        },
        kill: |h, signal| {
            if h.count.load(Ordering::SeqCst) > 0 { h.send(signal) } else { kill_pid(h, signal) }
        },
        ..CORRECT
    }),
    from_catalogue(
        "handle-kills-lost",
        "a signal goes to the pid unless the handle itself has reaped the child",
        &promise::HANDLE_KILL_AFTER_LOSS,
    )
    .handle(Behavior {
        kill: |h, signal| if h.known().is_some() { Err(Errno::SRCH) } else { kill_pid(h, signal) },
        ..CORRECT
    }),
    blind(
        "handle-exec-is-127",
        "a program that cannot be run is a child that exits with 127",
        &promise::HANDLE_EXEC_FAILS,
    )
    .handle(Behavior {
        spawn: |argv, output| {
            process::run_program(argv, output)
                .or_else(|_| process::run_program(&[c"sh".into(), c"-c".into(), c"exit 127".into()], output))
        },
        ..CORRECT
    }),
];

fn code(report: Report, change: fn(i64) -> i64) -> Report {
    match report {
        Report::Code(code) => Report::Code(change(code)),
        other => other,
    }
}

/// A death by a signal as something else, from its number and whether a core was dumped.
fn signal_as(report: Report, change: fn(i64, bool) -> Report) -> Report {
    match report {
        Report::Signal(signal, core) => change(signal.number().into(), core),
        other => other,
    }
}

fn word_of(signal: Signal, core: bool) -> Report {
    Report::Word(i64::from(signal.number()) | if core { 0x80 } else { 0 })
}

fn zero() -> Usage {
    Usage { utime_us: Some(0), stime_us: Some(0), maxrss: Some(0), ..Usage::default() }
}

fn target(h: &OwnHandle) -> Target {
    Target::Pid(h.pid())
}

/// A result that is looked at and not taken.
fn peek(h: &OwnHandle) -> Result<Report, Errno> {
    Ok(match try_waitid(target(h), IdOptions::EXITED | IdOptions::NOWAIT)? {
        Some(info) => match info.event {
            Event::Exited { code } => Report::Code(code.into()),
            Event::Signaled { signal, core } => Report::Signal(signal, core),
            _ => Report::Running,
        },
        None => Report::Running,
    })
}

fn is_stopped(h: &OwnHandle) -> bool {
    let options = IdOptions::STOPPED | IdOptions::NOWAIT;
    matches!(try_waitid(target(h), options), Ok(Some(info)) if matches!(info.event, Event::Stopped { .. }))
}

fn lagging(h: &OwnHandle) -> Result<Report, Errno> {
    let is_first = || h.count.fetch_add(1, Ordering::SeqCst) == 0;
    match peek(h) {
        Ok(Report::Code(_) | Report::Signal(..)) if h.known().is_none() && is_first() => Ok(Report::Running),
        _ => h.look(),
    }
}

/// The result once, and an error afterwards.
fn once(h: &OwnHandle, ask: impl FnOnce(&OwnHandle) -> Result<Report, Errno>) -> Result<Report, Errno> {
    if h.count.load(Ordering::SeqCst) > 0 {
        return Err(Errno::CHILD);
    }
    let report = ask(h)?;
    h.count.fetch_add(usize::from(report != Report::Running), Ordering::SeqCst);
    Ok(report)
}

fn forever() -> ! {
    loop {
        process::pause();
    }
}

fn kill_pid(h: &OwnHandle, signal: Signal) -> Result<(), Errno> {
    process::kill(h.pid().as_raw_pid(), signal.number())
}

fn count_sigchld() {
    let _ = signal::set_action(libc::SIGCHLD, Action::Count, Flags { restart: true, ..Flags::default() });
}

fn any_sigchld(h: &OwnHandle, timeout: Option<Duration>) -> Result<Report, Errno> {
    let before = signal::count(libc::SIGCHLD);
    while timeout.is_none() && h.look()? == Report::Running {
        if signal::count(libc::SIGCHLD) != before {
            return Ok(match h.look()? {
                Report::Running => Report::Unknown,
                report => report,
            });
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    h.await_result(timeout)
}

fn until_sigchld(h: &OwnHandle, timeout: Option<Duration>) -> Result<Report, Errno> {
    loop {
        let before = signal::count(libc::SIGCHLD);
        if timeout.is_some() || h.look()? != Report::Running {
            return h.await_result(timeout);
        }
        while signal::count(libc::SIGCHLD) == before {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// The children that have a handle.
fn ours() -> std::sync::MutexGuard<'static, Vec<Pid>> {
    static OURS: Mutex<Vec<Pid>> = Mutex::new(Vec::new());
    OURS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many handles were made.
static MADE: AtomicUsize = AtomicUsize::new(0);

/// The code in the place of the table that is this child's, if another child has put one there.
fn placed(h: &OwnHandle, report: Report) -> Report {
    static TABLE: [AtomicI64; 128] = [const { AtomicI64::new(-1) }; 128];
    let Report::Code(code) = report else { return report };
    let place = &TABLE[h.pid().as_raw_pid() as usize % TABLE.len()];
    match place.compare_exchange(-1, code, Ordering::SeqCst, Ordering::SeqCst) {
        Ok(_) => report,
        Err(kept) => Report::Code(kept),
    }
}
