//! Wrong return values and errors, calls that block or do not, children taken twice or never.

use super::{Asked, Mutant, Told, error, nothing};
use crate::spec::{linux, posix};
use crate::sys::family::{Call, Return};
use libc::{EAGAIN, ECHILD, EINTR, EINVAL, ESRCH, WNOHANG, WNOWAIT};
use std::sync::atomic::Ordering;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "returns-one",
        breaks: "a reported child's wait returns 1 instead of its pid",
        clause: &posix::WAITPID_RETURNS_PID,
        call: |w, r| {
            w.then(r, |seen| {
                if matches!(seen.ret, Return::Value(pid) if pid > 0) {
                    seen.ret = Return::Value(1);
                }
            })
        },
    },
    Mutant {
        name: "returns-zero",
        breaks: "a blocking wait that reaped returns 0",
        clause: &posix::WAITPID_RETURNS_PID,
        call: |w, r| {
            w.then(r, |seen| {
                if !r.has(WNOHANG) && matches!(seen.ret, Return::Value(pid) if pid > 0) {
                    seen.ret = Return::Value(0);
                }
            })
        },
    },
    Mutant {
        name: "waitid-returns-pid",
        breaks: "waitid returns the pid rather than 0",
        clause: &posix::WAITID_RETURNS_ZERO,
        call: |w, r| {
            w.then(r, |seen| {
                if let (Call::Waitid, Some(pid)) = (r.call, seen.child()) {
                    seen.ret = Return::Value(pid);
                }
            })
        },
    },
    Mutant {
        name: "nohang-blocks",
        breaks: "WNOHANG is ignored and the call sleeps",
        clause: &posix::WAITPID_NOHANG_ZERO,
        call: |w, r| w.real(&r.without(WNOHANG)),
    },
    Mutant {
        name: "nohang-spins",
        breaks: "WNOHANG loops until something is ready",
        clause: &posix::WAITPID_NOHANG_ZERO,
        call: |w, r| loop {
            let seen = w.real(r)?;
            if !(r.has(WNOHANG) && seen.is_nothing()) {
                return Ok(seen);
            }
        },
    },
    Mutant {
        name: "nohang-again",
        breaks: "WNOHANG with a live child fails with EAGAIN",
        clause: &posix::WAITPID_NOHANG_ZERO,
        call: |w, r| {
            w.then(r, |seen| {
                if r.has(WNOHANG) && seen.is_nothing() {
                    *seen = error(r, EAGAIN);
                }
            })
        },
    },
    Mutant {
        name: "nohang-always-zero",
        breaks: "WNOHANG returns 0 although the child is a zombie",
        clause: &posix::WAITPID_NOHANG_REPORTS_READY,
        call: |w, r| {
            if !r.has(WNOHANG) {
                return w.real(r);
            }
            // The child stays: what is ready is never looked at.
            let peek = w.real(&r.any().with(libc::WEXITED | WNOWAIT))?;
            match peek.errno() {
                Some(ECHILD) => Ok(peek),
                _ => Ok(nothing(r)),
            }
        },
    },
    Mutant {
        name: "nohang-late-by-one",
        breaks: "WNOHANG reports a zombie only at the second call",
        clause: &posix::WAITPID_NOHANG_REPORTS_READY,
        call: |w, r| {
            if r.has(WNOHANG) && w.turn() % 2 == 1 { Ok(nothing(r)) } else { w.real(r) }
        },
    },
    Mutant {
        name: "nohang-no-child-zero",
        breaks: "WNOHANG without children returns 0",
        clause: &posix::WAITPID_NOHANG_ECHILD,
        call: |w, r| {
            w.then(r, |seen| {
                if r.has(WNOHANG) && seen.errno() == Some(ECHILD) {
                    *seen = nothing(r);
                }
            })
        },
    },
    Mutant {
        name: "echild-is-zero",
        breaks: "no children: returns 0 rather than ECHILD",
        clause: &posix::WAITPID_ECHILD,
        call: |w, r| {
            w.then(r, |seen| {
                if seen.errno() == Some(ECHILD) {
                    seen.ret = Return::Value(0);
                }
            })
        },
    },
    Mutant {
        name: "echild-is-esrch",
        breaks: "no children: ESRCH rather than ECHILD",
        clause: &posix::WAITPID_ECHILD,
        call: |w, r| {
            w.then(r, |seen| {
                if seen.errno() == Some(ECHILD) {
                    seen.ret = Return::Errno(ESRCH);
                }
            })
        },
    },
    Mutant {
        name: "echild-sleeps",
        breaks: "no children: sleeps for ever",
        clause: &posix::WAITPID_ECHILD,
        call: |w, r| {
            let seen = w.real(r)?;
            while seen.errno() == Some(ECHILD) {
                crate::sys::process::pause();
            }
            Ok(seen)
        },
    },
    Mutant {
        name: "double-reap",
        breaks: "a second wait for a taken pid returns it again",
        clause: &posix::WAITPID_ECHILD_AFTER_TAKE,
        call: |w, r| {
            w.then(r, |seen| match seen.child() {
                Some(pid) if seen.is_end() => {
                    w.remember(pid);
                }
                _ if seen.errno() == Some(ECHILD) && r.pid() == Some(w.remembered()) && !r.is_by_id() => {
                    seen.ret = Return::Value(w.remembered());
                }
                _ => {}
            })
        },
    },
    Mutant {
        name: "leaves-zombie",
        breaks: "a wait reports the child and leaves it a zombie",
        clause: &posix::ZOMBIE_GONE_AFTER_TAKE,
        call: |w, r| {
            if r.is_by_id() { w.real(&r.with(WNOWAIT)) } else { w.real(r) }
        },
    },
    Mutant {
        name: "takes-two",
        breaks: "every wait takes a second child that is ready, unseen",
        clause: &posix::WAITPID_ANY_EACH_ONCE,
        call: |w, r| {
            let seen = w.real(r)?;
            if seen.is_end() {
                let more = crate::sys::family::Request { call: Call::Waitpid, options: WNOHANG, ..r.any() };
                let select = crate::sys::family::Select::Pid(-1);
                let _ = w.real(&crate::sys::family::Request {
                    select,
                    info: crate::sys::family::Pointer::Null,
                    status: crate::sys::family::Pointer::Null,
                    rusage: crate::sys::family::Pointer::Null,
                    ..more
                });
            }
            Ok(seen)
        },
    },
    Mutant {
        name: "no-block",
        breaks: "a blocking wait returns 0 while the child runs",
        clause: &posix::WAITPID_BLOCKS_UNTIL_CHANGE,
        call: |w, r| w.real(&r.with(WNOHANG)),
    },
    Mutant {
        name: "sleeps-after-death",
        breaks: "a child that died before the call is not seen by a blocking wait",
        clause: &posix::WAITPID_READY_AT_ONCE,
        call: |w, r| {
            if r.has(WNOHANG) || r.call == Call::Wait || r.call == Call::Wait3 {
                return w.real(r);
            }
            let peek = w.real(&r.with(WNOHANG))?;
            while peek.is_end() {
                crate::sys::process::pause();
            }
            if peek.is_nothing() { w.real(r) } else { Ok(peek) }
        },
    },
    Mutant {
        name: "eintr-at-first",
        breaks: "the first blocking wait fails with EINTR without any signal",
        clause: &posix::WAITPID_NO_STRAY_ERRNO,
        call: |w, r| {
            if !r.has(WNOHANG) && w.turn() == 1 { Ok(error(r, EINTR)) } else { w.real(r) }
        },
    },
    Mutant {
        name: "eintr-reaps",
        breaks: "EINTR is returned and the child is gone",
        clause: &posix::WAITPID_EINTR_KEEPS_CHILD,
        call: |w, r| {
            let seen = w.real(r)?;
            if seen.errno() == Some(EINTR) {
                // Not ready yet: the next call finds it, and keeps it for itself.
                w.remember(1);
            } else if w.remembered() == 1 && seen.is_end() {
                w.remember(0);
                return Ok(error(r, ECHILD));
            }
            Ok(seen)
        },
    },
    Mutant {
        name: "eintr-swallowed",
        breaks: "a handler without SA_RESTART does not end the wait",
        clause: &posix::WAITPID_EINTR,
        call: |w, r| loop {
            let seen = w.real(r)?;
            if seen.errno() != Some(EINTR) {
                return Ok(seen);
            }
        },
    },
    Mutant {
        name: "einval-accepted",
        breaks: "unknown option bits are ignored",
        clause: &posix::WAITPID_EINVAL_OPTIONS,
        call: |w, r| {
            let seen = w.real(r)?;
            let known = WNOHANG | libc::WUNTRACED | libc::WCONTINUED | libc::WEXITED | WNOWAIT;
            if seen.errno() == Some(EINVAL) && r.options & !known != 0 {
                return w.real(&r.without(!known));
            }
            Ok(seen)
        },
    },
    Mutant {
        name: "third-call-lies",
        breaks: "every third call reports nothing",
        clause: &posix::WAITPID_ANY_EACH_ONCE,
        call: |w, r| {
            if w.turn() % 3 == 0 { Ok(nothing(r)) } else { w.real(r) }
        },
    },
    Mutant {
        name: "crashes-on-stop",
        breaks: "the process dies when a stop is to be reported",
        clause: &posix::WAITPID_UNTRACED_REPORTS_STOP,
        call: |w, r| {
            let seen = w.real(r)?;
            if seen.is_stop() {
                std::process::abort();
            }
            Ok(seen)
        },
    },
    Mutant {
        name: "waits-elsewhere",
        breaks: "the wait leaves a process of its own behind",
        clause: &posix::WAITPID_NOHANG_ZERO,
        call: |w, r| {
            if w.calls.fetch_add(1, Ordering::Relaxed) == 0 {
                let _ = crate::sys::process::spawn(|| {
                    loop {
                        crate::sys::process::pause();
                    }
                });
            }
            w.real(r)
        },
    },
    Mutant {
        name: "int-min-echild",
        breaks: "INT_MIN fails with ECHILD rather than ESRCH",
        clause: &linux::WAIT_INT_MIN_ESRCH,
        call: |w, r| {
            w.then(r, |seen| {
                if seen.errno() == Some(ESRCH) {
                    seen.ret = Return::Errno(ECHILD);
                }
            })
        },
    },
];
