//! Process handles that are wrong for one way of asking for the result, or for one way of waiting elsewhere.

use crate::mutants::handle::faults::{
    code, count_sigchld, count_sigchld_from_first, forever, peek, sigchlds, signal_as, target,
};
use crate::mutants::handle::promises::{CORRECT, reporting};
use crate::mutants::mutant::{Mutant, blind, from_bug};
use crate::protocol::handle::HandleReport;
use crate::sorted::Map;
use crate::spec::promise;
use crate::subject::handle::{Behavior, OwnHandle};
use crate::sys::process;
use crate::sys::signal;
use crate::wait::{
    Deadline, Errno, Event, IdOptions, Signal, WaitOptions, WaitTarget, reap, retrying, waitid,
    waitid_timeout, waitpid,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ffi::CString;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A handle that is correct but for its waits with a timeout.
const fn timed(wait: fn(&OwnHandle, Option<Duration>) -> Result<HandleReport, Errno>) -> Behavior {
    reporting(OwnHandle::look, wait)
}

/// A wait with a timeout that looks again only after a SIGCHLD, which this counts.
fn timed_by(came: fn() -> usize, h: &OwnHandle, timeout: Option<Duration>) -> Result<HandleReport, Errno> {
    let Some(time) = timeout else { return h.await_result(None) };
    let deadline = Deadline::after(time);
    loop {
        let before = came();
        if h.look()? != HandleReport::Running || deadline.has_passed() {
            return h.look();
        }
        while came() == before && !deadline.has_passed() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// The read ends of pipes whose write ends only the child of that pid has, and those that it has made.
fn pipes() -> MutexGuard<'static, Map<i32, OwnedFd>> {
    static PIPES: Mutex<Map<i32, OwnedFd>> = Mutex::new(Map::new());
    PIPES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Creates a child whose standard output is such a pipe, if it is to be read.
fn with_pipe(argv: &[CString], output: Option<BorrowedFd<'_>>) -> Result<i32, Errno> {
    let Some(_) = output else { return process::run_program(argv, output) };
    let (read, write) = crate::sys::makeshift::pipe()?;
    let made = process::run_program(argv, Some(write.as_fd()))?;
    pipes().insert(made, read);
    Ok(made)
}

/// Whether the child's standard output is such a pipe, and closed.
fn has_closed(h: &OwnHandle) -> Result<bool, Errno> {
    let pipes = pipes();
    let Some(pipe) = pipes.get(&h.pid().as_raw_pid()) else { return Ok(false) };
    let mut seen = [PollFd::new(pipe, PollFlags::IN)];
    poll(&mut seen, Some(&Timespec::default()))?;
    Ok(seen[0].revents().contains(PollFlags::HUP))
}

/// How many threads wait without a timeout.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// A wait that is counted there, and at its handle.
fn counted(h: &OwnHandle, timeout: Option<Duration>) -> Result<HandleReport, Errno> {
    let counts = usize::from(timeout.is_none() && h.look()? == HandleReport::Running);
    WAITING.fetch_add(counts, Ordering::SeqCst);
    h.count.fetch_add(counts, Ordering::SeqCst);
    let report = h.await_result(timeout);
    h.count.fetch_sub(counts, Ordering::SeqCst);
    WAITING.fetch_sub(counts, Ordering::SeqCst);
    report
}

pub(crate) const MUTANTS: &[Mutant] = &[
    // Ways to ask.
    blind(
        "handle-poll-seven-bits",
        "a poll reports only seven bits of an exit code",
        &promise::HANDLE_EXIT_CODE,
    )
    .handle(reporting(|h| h.look().map(|r| code(r, |code| code & 0x7f)), OwnHandle::await_result)),
    blind(
        "handle-poll-raw-signal",
        "a poll reports a signal as the exit code of its number",
        &promise::HANDLE_SIGNAL,
    )
    .handle(reporting(
        |h| h.look().map(|r| signal_as(r, |n, _| HandleReport::Code(n))),
        OwnHandle::await_result,
    )),
    blind(
        "handle-timed-signed-code",
        "a wait with a timeout reports exit codes from 128 on as negative",
        &promise::HANDLE_EXIT_CODE,
    )
    .handle(timed(|h, timeout| match timeout {
        Some(_) => h.await_result(timeout).map(|r| code(r, |code| i64::from(code as u8 as i8))),
        None => h.await_result(None),
    })),
    blind(
        "handle-timed-signal-as-code",
        "a wait with a timeout reports signal n as exit code 128 + n",
        &promise::HANDLE_SIGNAL,
    )
    .handle(timed(|h, timeout| match timeout {
        Some(_) => h.await_result(timeout).map(|r| signal_as(r, |n, _| HandleReport::Code(128 + n))),
        None => h.await_result(None),
    })),
    blind(
        "handle-timeout-of-zero-never-looks",
        "a wait with a timeout of 0 reports nothing that has not been reported before",
        &promise::HANDLE_WAIT_RETURNS,
    )
    .handle(timed(|h, timeout| match timeout {
        Some(Duration::ZERO) => Ok(h.known().map_or(HandleReport::Running, |(report, _)| report)),
        _ => h.await_result(timeout),
    })),
    blind(
        "handle-timed-leaves-zombie",
        "a wait with a timeout reports the result and leaves the zombie",
        &promise::HANDLE_NO_ZOMBIE,
    )
    .handle(timed(|h, timeout| {
        let (Some(time), None) = (timeout, h.known()) else { return h.await_result(timeout) };
        let seen = waitid_timeout(target(h), IdOptions::EXITED | IdOptions::NOWAIT, time)?;
        if seen.is_some() { peek(h) } else { Ok(HandleReport::Running) }
    })),
    blind(
        "handle-timed-forgets",
        "once a wait with a timeout has reported the result, any other fails",
        &promise::HANDLE_STABLE,
    )
    .handle(reporting(
        |h| if h.count.load(Ordering::SeqCst) > 0 { Err(Errno::CHILD) } else { h.look() },
        |h, timeout| {
            if timeout.is_none() && h.count.load(Ordering::SeqCst) > 0 {
                return Err(Errno::CHILD);
            }
            let report = h.await_result(timeout)?;
            let counts = timeout.is_some() && report != HandleReport::Running;
            h.count.fetch_add(usize::from(counts), Ordering::SeqCst);
            Ok(report)
        },
    )),
    blind(
        "handle-poll-invents-zero",
        "a poll reports a child that other code has reaped as exited with 0",
        &promise::HANDLE_NEVER_INVENTED,
    )
    .handle(reporting(
        |h| h.look().map(|r| if r == HandleReport::Unknown { HandleReport::Code(0) } else { r }),
        OwnHandle::await_result,
    )),
    blind(
        "handle-timed-invents-zero",
        "a wait with a timeout reports a child that other code has reaped as exited with 0",
        &promise::HANDLE_NEVER_INVENTED,
    )
    .handle(timed(|h, timeout| {
        let report = h.await_result(timeout)?;
        let invents = timeout.is_some() && report == HandleReport::Unknown;
        Ok(if invents { HandleReport::Code(0) } else { report })
    })),
    // What happens during a wait.
    from_bug(
        "go#60321",
        "handle-timed-ends-at-stop",
        "a wait with a timeout returns when the child stops",
        &promise::HANDLE_STOP_IS_NO_EXIT,
    )
    .handle(timed(|h, timeout| {
        let (Some(time), None) = (timeout, h.known()) else { return h.await_result(timeout) };
        let options = IdOptions::EXITED | IdOptions::STOPPED | IdOptions::NOWAIT;
        match waitid_timeout(target(h), options, time)? {
            Some(info) if matches!(info.event, Event::Stopped { .. }) => Ok(HandleReport::Running),
            _ => h.look(),
        }
    })),
    blind(
        "handle-timed-waiter-loses",
        "a wait with a timeout reports nothing if another thread waits, too, and reports the result",
        &promise::HANDLE_TWO_WAITERS,
    )
    .handle(timed(|h, timeout| {
        if timeout.is_none() {
            h.count.fetch_add(1, Ordering::SeqCst);
            return h.await_result(None);
        }
        let report = h.await_result(timeout)?;
        let loses = h.count.load(Ordering::SeqCst) > 0;
        Ok(if loses { HandleReport::Running } else { report })
    })),
    blind(
        "handle-signals-extend-timeout",
        "the timeout of a wait begins again whenever a signal handler has run",
        &promise::HANDLE_SIGNAL_DURING_WAIT,
    )
    .handle(timed(|h, timeout| {
        let Some(time) = timeout else { return h.await_result(None) };
        let (mut deadline, mut before) = (Deadline::after(time), signal::count(libc::SIGUSR1));
        while h.look()? == HandleReport::Running && !deadline.has_passed() {
            let now = signal::count(libc::SIGUSR1);
            if now != before {
                (deadline, before) = (Deadline::after(time), now);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        h.look()
    })),
    from_bug(
        "ponylang/ponyc#5764",
        "handle-waits-for-descendants",
        "a wait returns only once no process holds a pipe that the child has inherited",
        &promise::HANDLE_WAIT_RETURNS,
    )
    .handle(Behavior {
        spawn: |argv, output| {
            let (read, write) = rustix::pipe::pipe()?;
            let made = process::run_program(argv, output)?;
            drop(write);
            pipes().insert(made, read);
            Ok(made)
        },
        wait: |h, timeout| {
            let report = h.await_result(timeout);
            let pipe = pipes().remove(&h.pid().as_raw_pid());
            if let (Some(pipe), None) = (pipe, timeout) {
                let _ = std::io::Read::read(&mut std::fs::File::from(pipe), &mut [0]);
            }
            report
        },
        ..CORRECT
    }),
    blind(
        "handle-wait-ends-with-output",
        "a wait ends when the child has closed its standard output",
        &promise::HANDLE_WAIT_BLOCKS,
    )
    .handle(Behavior {
        spawn: with_pipe,
        wait: |h, timeout| {
            while timeout.is_none() && h.look()? == HandleReport::Running {
                if has_closed(h)? {
                    return Ok(HandleReport::Code(0));
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            h.await_result(timeout)
        },
        ..CORRECT
    }),
    blind(
        "handle-poll-ends-with-output",
        "a poll takes a child for one that exited once that has closed its standard output",
        &promise::HANDLE_POLL_RUNNING,
    )
    .handle(Behavior {
        spawn: with_pipe,
        poll: |h| match h.look()? {
            HandleReport::Running if has_closed(h)? => Ok(HandleReport::Code(0)),
            report => Ok(report),
        },
        ..CORRECT
    }),
    blind(
        "handle-spawn-blocks",
        "creating a child blocks a signal in the process for good",
        &promise::HANDLE_KILL_DELIVERS,
    )
    .handle(Behavior {
        spawn: |argv, output| {
            let made = process::run_program(argv, output)?;
            signal::block(libc::SIGTERM)?;
            Ok(made)
        },
        ..CORRECT
    }),
    blind(
        "handle-waits-in-group",
        "a wait sees only children that are in the process group of the process",
        &promise::HANDLE_WAIT_RETURNS,
    )
    .handle(timed(|h, timeout| {
        while timeout.is_none() && h.known().is_none() {
            let options = IdOptions::EXITED | IdOptions::NOWAIT;
            match retrying(|| waitid(WaitTarget::OwnGroup, options)) {
                Ok(info) if info.pid == h.pid() => break,
                Ok(_) => std::thread::sleep(Duration::from_millis(1)),
                Err(_) => forever(),
            }
        }
        h.await_result(timeout)
    })),
    blind("handle-busy-wait", "a wait polls without a pause", &promise::HANDLE_WAIT_IDLE).handle(timed(
        |h, timeout| {
            while timeout.is_none() && h.look()? == HandleReport::Running {
                std::hint::spin_loop();
            }
            h.await_result(timeout)
        },
    )),
    blind(
        "handle-waits-once-a-second",
        "a wait looks for the child once a second",
        &promise::HANDLE_WAIT_IDLE,
    )
    .handle(timed(|h, timeout| {
        while timeout.is_none() && h.look()? == HandleReport::Running {
            std::thread::sleep(Duration::from_secs(1));
        }
        h.await_result(timeout)
    })),
    blind(
        "handle-timed-needs-sigchld",
        "a wait with a timeout checks again only when SIGCHLD is delivered",
        &promise::HANDLE_SIGCHLD_BLOCKED,
    )
    .handle(Behavior {
        made: |_| count_sigchld(),
        wait: |h, timeout| timed_by(|| signal::count(libc::SIGCHLD), h, timeout),
        ..CORRECT
    }),
    blind(
        "handle-timed-relies-on-its-handler",
        "a wait with a timeout learns of an exit by a SIGCHLD handler alone, which the process may replace",
        &promise::HANDLE_SIGCHLD_CAUGHT,
    )
    .handle(Behavior {
        made: |_| {
            count_sigchld_from_first();
            let _ = signal::unblock(libc::SIGCHLD);
        },
        wait: |h, timeout| timed_by(sigchlds, h, timeout),
        ..CORRECT
    }),
    // Signals.
    blind("handle-kill-drops-stops", "SIGSTOP and SIGCONT are not sent", &promise::HANDLE_KILL_DELIVERS)
        .handle(Behavior {
            kill: |h, signal| match signal {
                Signal::STOP | Signal::CONT => Ok(()),
                signal => h.send(signal),
            },
            ..CORRECT
        }),
    blind(
        "handle-kill-knows-few",
        "a signal other than the best known ones is sent as SIGTERM",
        &promise::HANDLE_KILL_DELIVERS,
    )
    .handle(Behavior {
        kill: |h, signal| match signal {
            Signal::HUP | Signal::KILL | Signal::STOP | Signal::CONT => h.send(signal),
            _ => h.send(Signal::TERM),
        },
        ..CORRECT
    }),
    blind("handle-kills-once", "only the first signal is sent to a child", &promise::HANDLE_KILL_DELIVERS)
        .handle(Behavior {
            kill: |h, signal| {
                if h.count.fetch_add(1, Ordering::SeqCst) == 0 { h.send(signal) } else { Ok(()) }
            },
            ..CORRECT
        }),
    from_bug(
        "dlang/phobos#7766",
        "handle-child-blocks-signals",
        "a child starts with the signals blocked that are blocked while it is created",
        &promise::HANDLE_KILL_DELIVERS,
    )
    .handle(Behavior {
        spawn: |argv, output| {
            let before = signal::blocked();
            signal::block_all();
            let made = process::run_program(argv, output);
            for signal in (1..=64).filter(|signal| !before.contains(signal)) {
                let _ = signal::unblock(signal);
            }
            made
        },
        ..CORRECT
    }),
    blind(
        "handle-kill-is-exit",
        "once a signal has been sent, a poll of the live child reports a death by it",
        &promise::HANDLE_POLL_RUNNING,
    )
    .handle(Behavior {
        kill: |h, signal| {
            h.count.store(signal.number() as usize, Ordering::SeqCst);
            h.send(signal)
        },
        poll: |h| match (h.look()?, h.count.load(Ordering::SeqCst)) {
            (HandleReport::Running, sent) if sent > 0 => {
                Ok(HandleReport::Signal(Signal::from_number(sent as i32), false))
            }
            (report, _) => Ok(report),
        },
        ..CORRECT
    }),
    // Other children.
    blind(
        "handle-failed-exec-reaps-any",
        "after a failed exec any child is reaped, not the one that failed",
        &promise::HANDLE_OTHERS_KEPT,
    )
    .handle(Behavior {
        spawn: |argv, output| {
            process::run_program(argv, output).inspect_err(|_| for _ in reap(WaitTarget::Any) {})
        },
        ..CORRECT
    }),
    blind(
        "handle-drop-reaps-any",
        "what reaps a child whose handle was dropped reaps any child",
        &promise::HANDLE_OTHERS_KEPT,
    )
    .handle(Behavior {
        dropped: |pid| {
            let reaping = move || {
                while retrying(|| waitpid(WaitTarget::Any, WaitOptions::NONE))
                    .is_ok_and(|(seen, _)| seen != pid)
                {}
            };
            std::thread::spawn(reaping);
        },
        ..CORRECT
    }),
    blind(
        "handle-poll-waits",
        "no child can be polled while a thread waits for another one",
        &promise::HANDLE_CONCURRENT,
    )
    .handle(Behavior {
        wait: counted,
        poll: |h| {
            while WAITING.load(Ordering::SeqCst) > 0 && h.count.load(Ordering::SeqCst) == 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
            h.look()
        },
        ..CORRECT
    }),
    blind(
        "handle-create-waits",
        "no child can be created while a thread waits for another one",
        &promise::HANDLE_CONCURRENT,
    )
    .handle(Behavior {
        wait: counted,
        spawn: |argv, output| {
            while WAITING.load(Ordering::SeqCst) > 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
            process::run_program(argv, output)
        },
        ..CORRECT
    }),
];
