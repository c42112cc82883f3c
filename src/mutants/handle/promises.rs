//! Process handles that break a promise.
//!
//! Each is this crate's own handle with one part replaced ([`Behavior`]).

use crate::mutants::handle::faults::{
    any_sigchld, code, count_sigchld, forever, is_stopped, lagging, once, peek, signal_as, target,
    until_sigchld, word_of, zero,
};
use crate::mutants::mutant::{Mutant, blind, from_bug, from_catalogue};
use crate::protocol::handle::{Form, HandleReport};
use crate::spec::promise;
use crate::subject::handle::{Behavior, OwnHandle};
use crate::sys::call::abi::Usage;
use crate::sys::process::{self, Who};
use crate::sys::signal;
use crate::wait::{Deadline, Errno, Event, IdOptions, Signal, WaitOptions, retrying, waitid, waitpid};
use std::sync::atomic::Ordering;
use std::time::Duration;

pub(crate) const CORRECT: Behavior = Behavior::CORRECT;

/// A handle that reports something different from the correct one.
pub(crate) const fn reporting(
    poll: fn(&OwnHandle) -> Result<HandleReport, Errno>,
    wait: fn(&OwnHandle, Option<Duration>) -> Result<HandleReport, Errno>,
) -> Behavior {
    Behavior { poll, wait, ..CORRECT }
}

/// A behaviour that passes its reports through a function.
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
    blind(
        "handle-seven-bits",
        "a handle reports only seven bits of an exit code",
        &promise::HANDLE_EXIT_CODE,
    )
    .handle(changed!(|r| code(r, |code| code & 0x7f))),
    blind("handle-signed-code", "exit codes from 128 on are negative", &promise::HANDLE_EXIT_CODE)
        .handle(changed!(|r| code(r, |code| i64::from(code as u8 as i8)))),
    blind(
        "handle-code-as-signal",
        "exit codes above 128 are taken for signals, as in a shell",
        &promise::HANDLE_EXIT_CODE,
    )
    .handle(changed!(|r| match r {
        HandleReport::Code(code @ 129..=159) =>
            HandleReport::Signal(Signal::from_number(code as i32 - 128), false),
        other => other,
    })),
    blind("handle-word-as-code", "a handle reports the status word as the code", &promise::HANDLE_EXIT_CODE)
        .handle(changed!(Word, |r| match r {
            HandleReport::Code(code) => HandleReport::Word(code),
            HandleReport::Signal(signal, core) => word_of(signal, core),
            other => other,
        })),
    blind("handle-signal-as-code", "a handle reports signal n as exit code 128 + n", &promise::HANDLE_SIGNAL)
        .handle(changed!(|r| signal_as(r, |n, _| HandleReport::Code(128 + n)))),
    blind(
        "handle-core-bit-in-code",
        "the code for a signal is 128 + n, plus another 128 with a core dump",
        &promise::HANDLE_SIGNAL,
    )
    .handle(changed!(Shell, |r| signal_as(r, |n, core| HandleReport::Code(
        128 + n + if core { 128 } else { 0 }
    )))),
    blind("handle-unsigned-signal", "the code -n for a signal is cut to eight bits", &promise::HANDLE_SIGNAL)
        .handle(changed!(Negative, |r| signal_as(r, |n, _| HandleReport::Code(-n & 0xff)))),
    blind("handle-signal-is-success", "death by a signal is reported as code 0", &promise::HANDLE_SIGNAL)
        .handle(changed!(Code, |r| signal_as(r, |_, _| HandleReport::Code(0)))),
    from_bug(
        "php-src#21292",
        "handle-raw-signal",
        "death by a signal is reported as the exit code of its number",
        &promise::HANDLE_SIGNAL,
    )
    .handle(changed!(|r| signal_as(r, |n, _| HandleReport::Code(n)))),
    from_catalogue(
        "handle-unnamed-signal-is-success",
        "death by a signal that has no name is reported as exit code 0",
        &promise::HANDLE_SIGNAL,
    )
    .handle(changed!(|r| match r {
        HandleReport::Signal(signal, _) if signal.name().is_none() => HandleReport::Code(0),
        other => other,
    })),
    blind("handle-four-bits-of-signal", "a handle reports four bits of the signal", &promise::HANDLE_SIGNAL)
        .handle(changed!(|r| signal_as(r, |n, core| {
            HandleReport::Signal(Signal::from_number((n & 0xf).max(1) as i32), core)
        }))),
    blind("handle-loses-core", "a handle never reports that a core was dumped", &promise::HANDLE_CORE)
        .handle(changed!(|r| match r {
            HandleReport::Signal(signal, _) => HandleReport::Signal(signal, false),
            other => other,
        })),
    blind(
        "handle-invents-core",
        "a handle reports a core dump for a signal that does not dump core",
        &promise::HANDLE_CORE,
    )
    .handle(changed!(|r| match r {
        HandleReport::Signal(Signal::TERM, _) => HandleReport::Signal(Signal::TERM, true),
        other => other,
    })),
    blind(
        "handle-core-by-signal",
        "a handle reports a core dump for each signal that may leave one",
        &promise::HANDLE_CORE,
    )
    .handle(changed!(|r| match r {
        HandleReport::Signal(Signal::ABRT, _) => HandleReport::Signal(Signal::ABRT, true),
        other => other,
    })),
    blind(
        "handle-usage-joined",
        "the user time in a result includes the system time, which is zero",
        &promise::HANDLE_USAGE,
    )
    .handle(Behavior {
        usage: |h| {
            let usage = h.known()?.1?;
            let user = usage.utime_us.zip(usage.stime_us).map(|(user, system)| user + system);
            Some(Usage { utime_us: user, stime_us: Some(0), ..usage })
        },
        ..CORRECT
    }),
    blind("handle-no-usage", "the usage in a result is zero", &promise::HANDLE_USAGE)
        .handle(Behavior { usage: |h| h.known().map(|_| zero()), ..CORRECT }),
    blind("handle-usage-swapped", "user and system time in a result are swapped", &promise::HANDLE_USAGE)
        .handle(Behavior {
            usage: |h| {
                let usage = h.known()?.1?;
                Some(Usage { utime_us: usage.stime_us, stime_us: usage.utime_us, ..usage })
            },
            ..CORRECT
        }),
    blind(
        "handle-usage-in-bytes",
        "the memory in a result is in bytes, not in the unit of the system",
        &promise::HANDLE_USAGE,
    )
    .handle(Behavior {
        usage: |h| {
            let usage = h.known()?.1?;
            Some(Usage { maxrss: usage.maxrss.map(|kib| kib * 1024), ..usage })
        },
        ..CORRECT
    }),
    blind("handle-usage-of-all", "the usage in a result is that of all children", &promise::HANDLE_USAGE)
        .handle(Behavior { usage: |h| h.known().map(|_| process::usage(Who::Children)), ..CORRECT }),
    // Results that cannot be known.
    from_bug(
        "cpython#96863",
        "handle-invents-zero",
        "a child that other code has reaped is reported as exited with 0",
        &promise::HANDLE_NEVER_INVENTED,
    )
    .handle(changed!(|r| if r == HandleReport::Unknown { HandleReport::Code(0) } else { r })),
    blind(
        "handle-invents-255",
        "a child that other code has reaped is reported as exited with 255",
        &promise::HANDLE_NEVER_INVENTED,
    )
    .handle(changed!(|r| if r == HandleReport::Unknown { HandleReport::Code(255) } else { r })),
    from_catalogue(
        "handle-invents-in-wait",
        "a child that other code reaps during a wait is reported as exited with 0",
        &promise::HANDLE_NEVER_INVENTED,
    )
    .handle(reporting(OwnHandle::look, |h, timeout| {
        let lived = h.look()? == HandleReport::Running;
        while timeout.is_none() && h.look()? == HandleReport::Running {
            // The thief wins the race.
            std::thread::sleep(Duration::from_millis(100));
        }
        h.await_result(timeout)
            .map(|r| if lived && r == HandleReport::Unknown { HandleReport::Code(0) } else { r })
    })),
    from_catalogue(
        "handle-invents-when-ignored",
        "while SIGCHLD is ignored, every child is reported as exited with 0",
        &promise::HANDLE_NEVER_INVENTED,
    )
    .handle(changed!(|r| {
        let ignored = signal::is_ignored(libc::SIGCHLD) == Some(true);
        if ignored && r == HandleReport::Unknown { HandleReport::Code(0) } else { r }
    })),
    // Polls.
    blind(
        "handle-poll-guesses",
        "a poll of a live child reports an exit with 0",
        &promise::HANDLE_POLL_RUNNING,
    )
    .handle(reporting(
        |h| h.look().map(|r| if r == HandleReport::Running { HandleReport::Code(0) } else { r }),
        OwnHandle::await_result,
    )),
    blind("handle-poll-unknown", "a poll of a live child says unknown", &promise::HANDLE_POLL_RUNNING)
        .handle(reporting(
            |h| h.look().map(|r| if r == HandleReport::Running { HandleReport::Unknown } else { r }),
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
            HandleReport::Signal(..) if h.known().is_none() => Ok(HandleReport::Running),
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
        |h| if h.count.load(Ordering::SeqCst) > 0 { Ok(HandleReport::Running) } else { h.look() },
        |h, timeout| {
            let lived = h.look()? == HandleReport::Running;
            let report = h.await_result(timeout)?;
            h.count.fetch_add(usize::from(lived && report != HandleReport::Running), Ordering::SeqCst);
            Ok(report)
        },
    )),
    blind("handle-stop-is-exit", "a stopped child is reported as exited", &promise::HANDLE_STOP_IS_NO_EXIT)
        .handle(reporting(
            |h| if is_stopped(h) { Ok(HandleReport::Code(0)) } else { h.look() },
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
                    waitpid(target(h), options).map(|_| HandleReport::Code(0))
                }
                _ => h.await_result(None),
            },
        }
    })),
    // Repeated queries.
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
        |h| once(h, OwnHandle::look).or(Ok(HandleReport::Unknown)),
        |h, timeout| match h.count.load(Ordering::SeqCst) {
            0 => h.await_result(timeout),
            _ => Ok(HandleReport::Unknown),
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
        HandleReport::Running if timeout.is_none() => forever(),
        _ => h.await_result(timeout),
    })),
    from_bug(
        "cpython#113536",
        "handle-zombie-first",
        "a wait for a child that is already a zombie never returns",
        &promise::HANDLE_WAIT_RETURNS,
    )
    .handle(reporting(OwnHandle::look, |h, timeout| match h.known() {
        None if timeout.is_none() && matches!(peek(h), Ok(HandleReport::Code(_))) => forever(),
        _ => h.await_result(timeout),
    })),
    blind(
        "handle-timeout-in-full",
        "a wait with a timeout returns only when the timeout expires, not at the exit",
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
            if report == HandleReport::Running && timeout != Some(Duration::ZERO) {
                h.send(Signal::KILL)?;
                retrying(|| waitid(target(h), IdOptions::EXITED | IdOptions::NOWAIT))?;
            }
            Ok(report)
        })),
    blind(
        "handle-timeout-loses",
        "the result is unknown after a wait that timed out",
        &promise::HANDLE_TIMEOUT_KEEPS,
    )
    .handle(reporting(OwnHandle::look, |h, timeout| {
        if h.count.load(Ordering::SeqCst) > 0 {
            return Ok(HandleReport::Unknown);
        }
        let report = h.await_result(timeout)?;
        h.count.fetch_add(usize::from(report == HandleReport::Running), Ordering::SeqCst);
        Ok(report)
    })),
    blind("handle-zero-is-forever", "a timeout of 0 means no timeout", &promise::HANDLE_TIMEOUT_KEEPS)
        .handle(reporting(OwnHandle::look, |h, timeout| {
            h.await_result(timeout.filter(|time| !time.is_zero()))
        })),
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
    blind(
        "handle-timeout-ends-others",
        "a wait that times out ends the other waits on the handle",
        &promise::HANDLE_TWO_WAITERS,
    )
    .handle(reporting(OwnHandle::look, |h, timeout| {
        let before = h.count.load(Ordering::SeqCst);
        if timeout.is_some() {
            let report = h.await_result(timeout)?;
            h.count.fetch_add(usize::from(report == HandleReport::Running), Ordering::SeqCst);
            return Ok(report);
        }
        while h.look()? == HandleReport::Running {
            if h.count.load(Ordering::SeqCst) != before {
                return Ok(HandleReport::Unknown);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        h.look()
    })),
    blind(
        "handle-timeout-31-bits",
        "a timeout whose milliseconds exceed 31 bits becomes 1 ms",
        &promise::HANDLE_WAIT_RETURNS,
    )
    .handle(reporting(OwnHandle::look, |h, timeout| {
        let cut = |time: Duration| {
            if i32::try_from(time.as_millis()).is_ok() { time } else { Duration::from_millis(1) }
        };
        h.await_result(timeout.map(cut))
    })),
    blind(
        "handle-wait-loses-to-poll",
        "a wait fails if a poll has reported the result in the meantime",
        &promise::HANDLE_STABLE,
    )
    .handle(reporting(
        |h| {
            let report = h.look()?;
            h.count.fetch_add(usize::from(report != HandleReport::Running), Ordering::SeqCst);
            Ok(report)
        },
        |h, timeout| {
            if timeout.is_some() || h.known().is_some() {
                return h.await_result(timeout);
            }
            retrying(|| waitid(target(h), IdOptions::EXITED | IdOptions::NOWAIT))?;
            // The poll wins the race.
            let patience = Deadline::after(Duration::from_secs(2));
            while h.count.load(Ordering::SeqCst) == 0 && !patience.has_passed() {
                std::thread::sleep(Duration::from_millis(5));
            }
            if h.count.load(Ordering::SeqCst) > 0 { Err(Errno::CHILD) } else { h.look() }
        },
    )),
    blind(
        "handle-timed-interrupted",
        "a wait with a timeout returns once a signal handler has run",
        &promise::HANDLE_SIGNAL_DURING_WAIT,
    )
    .handle(reporting(OwnHandle::look, |h, timeout| {
        let before = signal::count(libc::SIGUSR1);
        // Only for a long timeout: no case with a short one has handlers.
        while timeout.is_some_and(|time| time > Duration::from_secs(60)) && h.look()? == HandleReport::Running
        {
            if signal::count(libc::SIGUSR1) != before {
                return Ok(HandleReport::Running);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        h.await_result(timeout)
    })),
    from_bug(
        "rust#159855",
        "handle-interrupted",
        "a wait fails with EINTR once a signal handler has run",
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
        "a wait checks again only when SIGCHLD is delivered",
        &promise::HANDLE_SIGCHLD_BLOCKED,
    )
    .handle(Behavior { made: |_| count_sigchld(), wait: until_sigchld, ..CORRECT }),
];
