//! Process handles that break a promise about other children, dropped handles, signals and programs.

use crate::mutants::handle::faults::{
    MADE, as_sent, count_sigchld, kill_pid, ours, peek, placed, reap_strangers, target, unless_counted,
};
use crate::mutants::handle::promises::{CORRECT, reporting};
use crate::mutants::mutant::{Mutant, blind, from_bug, from_catalogue};
use crate::protocol::handle::HandleReport;
use crate::spec::promise;
use crate::subject::handle::{Behavior, OwnHandle};
use crate::sys::process;
use crate::sys::signal;
use crate::wait::{
    Errno, IdOptions, Signal, WaitOptions, WaitTarget, reap, retrying, try_waitid, waitid, waitpid,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub(crate) const MUTANTS: &[Mutant] = &[
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
            for _ in reap(WaitTarget::Any) {}
            seen
        })),
    blind(
        "handle-waits-for-any",
        "a wait returns when any child of the process has terminated",
        &promise::HANDLE_OTHERS_KEPT,
    )
    .handle(reporting(OwnHandle::look, |h, timeout| match timeout {
        None if h.known().is_none() => {
            let _ = retrying(|| waitid(WaitTarget::Any, IdOptions::EXITED | IdOptions::NOWAIT));
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
            reap_strangers();
            seen
        },
        ..CORRECT
    }),
    blind("handle-poll-reaps-any", "a poll reaps every child that is ready", &promise::HANDLE_OTHERS_KEPT)
        .handle(reporting(
            |h| {
                let seen = h.look();
                for _ in reap(WaitTarget::Any) {}
                seen
            },
            OwnHandle::await_result,
        )),
    blind(
        "handle-poll-reaps-strangers",
        "a poll reaps children that have no handle",
        &promise::HANDLE_STRANGERS_KEPT,
    )
    .handle(Behavior {
        made: |h| ours().push(h.pid()),
        poll: |h| {
            let seen = h.look();
            reap_strangers();
            seen
        },
        ..CORRECT
    }),
    blind("handle-table-of-128", "results are kept in a table with 128 slots, by pid", &promise::HANDLE_MANY)
        .handle(reporting(
            |h| h.look().map(|r| placed(h, r)),
            |h, timeout| h.await_result(timeout).map(|r| placed(h, r)),
        )),
    blind(
        "handle-one-per-sigchld",
        "only one exit is noticed per SIGCHLD, although SIGCHLDs coalesce",
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
    blind(
        "handle-drop-reaps-one",
        "only the first of the children whose handles were dropped is reaped",
        &promise::HANDLE_DROP_REAPS,
    )
    .handle(Behavior {
        dropped: |pid| {
            static DROPPED: AtomicUsize = AtomicUsize::new(0);
            if DROPPED.fetch_add(1, Ordering::SeqCst) == 0 {
                (CORRECT.dropped)(pid);
            }
        },
        ..CORRECT
    }),
    blind(
        "handle-drop-forgets-zombie",
        "a child that is already a zombie when its handle is dropped stays one",
        &promise::HANDLE_DROP_REAPS,
    )
    .handle(Behavior {
        dropped: |pid| {
            let options = IdOptions::EXITED | IdOptions::NOWAIT;
            if !matches!(try_waitid(WaitTarget::Pid(pid), options), Ok(Some(_))) {
                (CORRECT.dropped)(pid);
            }
        },
        ..CORRECT
    }),
    blind("handle-drop-kills", "a child whose handle is dropped is killed", &promise::HANDLE_DROP_KEEPS)
        .handle(Behavior {
            dropped: |pid| {
                let _ = process::kill(pid.as_raw_pid(), libc::SIGKILL);
                let _ = retrying(|| waitpid(WaitTarget::Pid(pid), WaitOptions::NONE));
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
    blind(
        "handle-kill-waits",
        "a signal is sent only once no thread is waiting for the child",
        &promise::HANDLE_KILL_DELIVERS,
    )
    .handle(Behavior {
        wait: |h, timeout| {
            h.count.fetch_add(1, Ordering::SeqCst);
            let report = h.await_result(timeout);
            h.count.fetch_sub(1, Ordering::SeqCst);
            report
        },
        kill: |h, signal| {
            while h.count.load(Ordering::SeqCst) > 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
            h.send(signal)
        },
        ..CORRECT
    }),
    blind(
        "handle-kill-is-result",
        "a child that was sent a signal is always reported as killed by it",
        &promise::HANDLE_EXIT_CODE,
    )
    .handle(Behavior {
        kill: |h, signal| {
            h.send(signal)?;
            h.count.store(signal.number() as usize, Ordering::SeqCst);
            Ok(())
        },
        ..reporting(
            |h| h.look().map(|r| as_sent(h, r)),
            |h, timeout| h.await_result(timeout).map(|r| as_sent(h, r)),
        )
    }),
    blind(
        "handle-kill-loses-zombie",
        "sending a signal to a child that has already terminated makes its result unknown",
        &promise::HANDLE_EXIT_CODE,
    )
    .handle(Behavior {
        kill: |h, signal| {
            let is_zombie = h.known().is_none() && matches!(peek(h), Ok(HandleReport::Code(_)));
            h.count.fetch_add(usize::from(is_zombie), Ordering::SeqCst);
            h.send(signal)
        },
        ..reporting(
            |h| h.look().map(|r| unless_counted(h, r)),
            |h, timeout| h.await_result(timeout).map(|r| unless_counted(h, r)),
        )
    }),
    blind("handle-kill-is-lost", "a signal is not delivered", &promise::HANDLE_KILL_DELIVERS)
        .handle(Behavior { kill: |_, _| Ok(()), ..CORRECT }),
    blind("handle-kill-is-sigkill", "SIGKILL is sent, whatever the signal", &promise::HANDLE_KILL_DELIVERS)
        .handle(Behavior { kill: |h, _| h.send(Signal::KILL), ..CORRECT }),
    from_bug(
        "cpython#82811",
        "handle-kills-pid",
        "a signal is sent to the pid, even if it has been reused",
        &promise::HANDLE_KILL_AFTER_EXIT,
    )
    .handle(Behavior { kill: kill_pid, ..CORRECT }),
    from_catalogue(
        "handle-kills-unless-polled",
        "a signal is sent to the pid unless a poll has reported the exit",
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
        "a signal is sent to the pid unless the handle itself has reaped the child",
        &promise::HANDLE_KILL_AFTER_LOSS,
    )
    .handle(Behavior {
        kill: |h, signal| if h.known().is_some() { Err(Errno::SRCH) } else { kill_pid(h, signal) },
        ..CORRECT
    }),
    from_bug(
        "rust#25784",
        "handle-child-ignores-sigpipe",
        "a child starts with SIGPIPE ignored",
        &promise::HANDLE_CHILD_SIGPIPE,
    )
    .handle(Behavior {
        spawn: |argv, output| {
            let ignoring = [c"/bin/sh", c"-c", c"trap '' PIPE; exec \"$@\"", c"sh"];
            let words: Vec<_> = ignoring.into_iter().map(Into::into).chain(argv.iter().cloned()).collect();
            process::run_program(&words, output)
        },
        ..CORRECT
    }),
    blind(
        "handle-exec-is-126",
        "a program that exists but cannot be executed appears as a child that exits with 126",
        &promise::HANDLE_EXEC_FAILS,
    )
    .handle(Behavior {
        spawn: |argv, output| match process::run_program(argv, output) {
            Err(Errno::ACCESS) => {
                process::run_program(&[c"sh".into(), c"-c".into(), c"exit 126".into()], output)
            }
            made => made,
        },
        ..CORRECT
    }),
    blind(
        "handle-exec-is-127",
        "a program that cannot be executed appears as a child that exits with 127",
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
