//! What a call does to its caller's timers, floating-point modes, signal stack, `errno`, signal mask and attributes, and
//! handlers whose other flags, or whose thread, it depends on.

use crate::mutants::calls::arguments::by_target::sleeps;
use crate::mutants::calls::edit::{ObservationExt, RequestExt};
use crate::mutants::calls::inner::{CallResult, Inner};
use crate::mutants::calls::pidfd::by_pidfd;
use crate::mutants::calls::signal_lines::edit_records;
use crate::mutants::calls::sleeping::waiters::on_another_thread;
use crate::mutants::mutant::{Mutant, blind};
use crate::protocol::Line;
use crate::spec::{linux, posix};
use crate::sys::call::abi::{Observation, Request};
use crate::sys::signal;

/// Notes that such a call has been made.
fn noting(w: &Inner, r: &Request, such: impl FnOnce(&Observation) -> bool) -> CallResult {
    w.map(r, |seen| {
        if such(seen) {
            w.swap(1);
        }
    })
}

/// From such a call on, that part of the caller's state is this.
fn shows(w: &Inner, request: &Line, reply: &mut Line, key: &'static str, value: &str) {
    if request.word() == "caller-state" && w.value() == 1 {
        reply.set(key, value);
    }
}

/// Such a call handles no signal before it has returned.
fn defers_handlers(w: &Inner, r: &Request, such: bool) -> CallResult {
    if !such || signal::blocked().contains(&libc::SIGUSR1) || signal::block(libc::SIGUSR1).is_err() {
        return w.real(r);
    }
    let seen = w.real(r);
    let _ = signal::unblock(libc::SIGUSR1);
    seen
}

/// The handler that is installed with that flag restarts calls, or not.
fn restarts(line: &mut Line, flag: &str, restart: &str) {
    if line.word() == "handler" && line.get("flag").as_deref() == Some(flag) {
        line.set("restart", restart);
    }
}

fn rename_thread() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::set_name(c"reaper");
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("sleep-stops-timers", "a call that sleeps stops the real-time timer", &posix::WAIT_LEAVES_CALLER)
        .call(|w, r| {
            let asleep = sleeps(w, r);
            noting(w, r, |_| asleep)
        })
        .after_reply(|w, request, reply| shows(w, request, reply, "timers", "virtual,prof")),
    blind(
        "report-sets-rounding",
        "a call that reports leaves the rounding mode changed",
        &posix::WAIT_LEAVES_CALLER,
    )
    .call(|w, r| noting(w, r, |seen| seen.child().is_some()))
    .after_reply(|w, request, reply| shows(w, request, reply, "rounding", "zero")),
    blind(
        "failure-flushes-subnormals",
        "a call that fails leaves subnormal numbers flushed to zero",
        &posix::WAIT_LEAVES_CALLER,
    )
    .call(|w, r| noting(w, r, |seen| seen.errno().is_some()))
    .after_reply(|w, request, reply| shows(w, request, reply, "subnormals", "flushed")),
    blind(
        "thread-loses-signal-stack",
        "a call on a thread other than the first disables its alternate signal stack",
        &posix::WAIT_LEAVES_CALLER,
    )
    .call(|w, r| noting(w, r, |_| on_another_thread()))
    .after_reply(|w, request, reply| shows(w, request, reply, "stack", "no")),
    blind(
        "thread-unblocks",
        "a call on a thread other than the first leaves SIGCHLD unblocked",
        &posix::WAIT_LEAVES_CALLER,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        if on_another_thread() {
            let _ = signal::unblock(libc::SIGCHLD);
        }
        Ok(seen)
    }),
    blind("nothing-zeroes-errno", "WNOHANG with nothing to report sets errno to 0", &posix::ERRNO_NEVER_ZERO)
        .call(|w, r| noting(w, r, ObservationExt::is_nothing))
        .after_reply(|w, request, reply| shows(w, request, reply, "zeroed_errno", "yes")),
    blind(
        "sleep-stops-posix-timers",
        "a call that sleeps stops the timers of timer_create",
        &posix::WAIT_LEAVES_CALLER,
    )
    .call(|w, r| {
        let asleep = sleeps(w, r);
        noting(w, r, |_| asleep)
    })
    .after_reply(|w, request, reply| shows(w, request, reply, "posix_timers", "-")),
    blind(
        "report-sets-x87-control",
        "a call that reports leaves the x87 control word changed",
        &posix::WAIT_LEAVES_CALLER,
    )
    .call(|w, r| noting(w, r, |seen| seen.child().is_some()))
    .after_reply(|w, request, reply| shows(w, request, reply, "x87", "0x27f")),
    blind(
        "report-disables-cancellation",
        "a call that reports leaves its thread uncancelable",
        &posix::WAIT_LEAVES_CALLER,
    )
    .call(|w, r| noting(w, r, |seen| seen.child().is_some()))
    .after_reply(|w, request, reply| shows(w, request, reply, "cancel", "9,9")),
    blind(
        "sleep-forgets-robust-futexes",
        "a call that sleeps loses its thread's list of robust futexes",
        &posix::WAIT_LEAVES_CALLER,
    )
    .call(|w, r| {
        let asleep = sleeps(w, r);
        noting(w, r, |_| asleep)
    })
    .after_reply(|w, request, reply| shows(w, request, reply, "robust", "0,0")),
    blind(
        "eintr-unblocks-sigchld",
        "a call that fails with EINTR leaves SIGCHLD unblocked",
        &posix::WAIT_LEAVES_CALLER,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.errno() == Some(libc::EINTR) {
                let _ = signal::unblock(libc::SIGCHLD);
            }
        })
    }),
    blind("failure-changes-directory", "a call that fails changes to /", &posix::WAIT_LEAVES_CALLER).call(
        |w, r| {
            w.map(r, |seen| {
                if seen.errno().is_some() {
                    let _ = rustix::process::chdir("/");
                }
            })
        },
    ),
    blind(
        "nothing-changes-umask",
        "WNOHANG with nothing to report clears the umask",
        &posix::WAIT_LEAVES_CALLER,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.is_nothing() {
                rustix::process::umask(rustix::fs::Mode::empty());
            }
        })
    }),
    blind(
        "reap-leads-a-group",
        "a call that reaps moves its process to a group of its own",
        &posix::WAIT_LEAVES_CALLER,
    )
    .call(|w, r| noting(w, r, ObservationExt::is_termination))
    .after_reply(|w, request, reply| shows(w, request, reply, "ids", "0,0,0,0,0,0")),
    blind("sleep-renames-thread", "a call that sleeps renames its thread", &posix::WAIT_LEAVES_CALLER).call(
        |w, r| {
            let asleep = sleeps(w, r);
            w.map(r, |_| {
                if asleep {
                    rename_thread();
                }
            })
        },
    ),
    blind(
        "group-wait-defers-handlers",
        "a handler runs only once a wait for a group has returned",
        &posix::WAITPID_RESTART,
    )
    .call(|w, r| defers_handlers(w, r, r.group().is_some())),
    blind(
        "any-wait-defers-handlers",
        "a handler runs only once a wait for any child has returned, on a thread other than the first",
        &posix::WAITPID_RESTART,
    )
    .call(|w, r| defers_handlers(w, r, r.is_any() && on_another_thread())),
    blind(
        "pidfd-wait-defers-handlers",
        "a handler runs only once a wait through a pidfd has returned",
        &posix::WAITID_RESTART,
    )
    .call(|w, r| defers_handlers(w, r, by_pidfd(r))),
    blind(
        "resethand-loses-restart",
        "a handler with SA_RESETHAND interrupts a call in spite of SA_RESTART",
        &posix::WAITPID_RESTART,
    )
    .before_request(|_, line| restarts(line, "once", "no")),
    blind(
        "resethand-keeps-the-handler-of-sigchld",
        "SA_RESETHAND has no effect on the action of SIGCHLD",
        &posix::SIGCHLD_RESETHAND,
    )
    .before_request(|_, line| {
        if line.word() == "handler" && line.get("sig").as_deref() == Some("SIGCHLD") {
            line.set("flag", "nodefer");
        }
    }),
    blind(
        "onstack-restarts",
        "a handler with SA_ONSTACK does not interrupt a call, even without SA_RESTART",
        &posix::WAITPID_EINTR,
    )
    .before_request(|_, line| restarts(line, "onstack", "yes")),
    blind(
        "sigchld-for-the-first-thread",
        "a SIGCHLD that the initial thread blocks is not handled by another thread",
        &posix::SIGCHLD_TO_PROCESS,
    )
    .before_request(|w, line| {
        if line.word() == "sigprocmask" && line.get("thread").is_none() {
            w.swap(i64::from(line.get("how").as_deref() == Some("block")));
        }
    })
    .after_reply(|w, request, reply| {
        if request.word() == "signals" && w.value() == 1 {
            reply.set("count", "0");
        }
    }),
    blind(
        "nocldwait-drops-siginfo",
        "with SA_NOCLDWAIT, si_status of SIGCHLD is 0",
        &linux::SIGCHLD_NOCLDWAIT_STILL_SENT,
    )
    .before_request(|w, line| {
        if line.word() == "sigaction" {
            w.swap(i64::from(line.flag("nocldwait")));
        }
    })
    .after_reply(|w, request, reply| {
        if w.value() == 1 {
            edit_records(request, reply, |fields| fields[4] = "0".to_owned());
        }
    }),
];
