//! Single exit codes, signals, calls and combinations of options, written without the catalogue.

use crate::mutants::calls::edit::{ObservationExt, RequestExt, exited, is_termination, killed};
use crate::mutants::calls::inner::{block_forever, error, nothing};
use crate::mutants::mutant::{Mutant, blind};
use crate::spec::{linux, posix};
use crate::sys::call::abi::Call;
use crate::sys::process;
use libc::{
    ECHILD, EINVAL, ESRCH, SIGPIPE, SIGUSR1, SIGUSR2, WEXITED, WIFSIGNALED, WNOHANG, WNOWAIT, WTERMSIG,
    WUNTRACED,
};

/// Bits above the low sixteen that no call defines.
const UNKNOWN_HIGH: i32 = 0x1eff_0000;

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "exit-255-is-failure",
        "an exit with 255 is mistaken for a failure: the call fails with ECHILD",
        &posix::STATUS_EXIT_EVERY_VALUE,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.word() == Some(exited(255)) {
                *seen = error(r, ECHILD);
            }
        })
    }),
    blind(
        "exit-127-bytes-swapped",
        "an exit with 127 is reported as a death by signal 15",
        &posix::STATUS_EXIT_EVERY_VALUE,
    )
    .call(|w, r| w.map_word(r, |word| if word == exited(127) { killed(15) } else { word })),
    blind(
        "sigusr1-sigusr2-swapped",
        "deaths by SIGUSR1 and SIGUSR2 are reported as each other",
        &posix::STATUS_SIGNALED,
    )
    .call(|w, r| {
        w.map_word(r, |word| match word {
            one if one == killed(SIGUSR1) => killed(SIGUSR2),
            two if two == killed(SIGUSR2) => killed(SIGUSR1),
            other => other,
        })
    }),
    blind("sigpipe-is-exit-zero", "a death by SIGPIPE is reported as exit 0", &posix::STATUS_SIGNALED)
        .call(|w, r| w.map_word(r, |word| if word == killed(SIGPIPE) { exited(0) } else { word })),
    blind(
        "signal-low-six-bits",
        "the signal is masked with 0x3f: a death by signal 64 is reported as exit 0",
        &posix::STATUS_SIGNALED_REALTIME,
    )
    .call(|w, r| {
        w.map_word(r, |word| if WIFSIGNALED(word) && WTERMSIG(word) == 64 { exited(0) } else { word })
    }),
    blind(
        "wait4-nohang-zero",
        "only wait4 returns 0 with WNOHANG for a zombie",
        &posix::WAITPID_NOHANG_REPORTS_READY,
    )
    .call(|w, r| {
        let polls = r.call == Call::Wait4 && r.has(WNOHANG);
        if polls && w.peek(r).is_some_and(|(_, word)| is_termination(word)) {
            Ok(nothing(r))
        } else {
            w.real(r)
        }
    }),
    blind("wait3-nohang-blocks", "only wait3 ignores WNOHANG", &posix::WAITPID_NOHANG_ZERO)
        .call(|w, r| if r.call == Call::Wait3 { w.real(&r.without(WNOHANG)) } else { w.real(r) }),
    blind(
        "nohang-untraced-einval",
        "WNOHANG with WUNTRACED fails with EINVAL when there is nothing to report",
        &posix::WAITPID_OPTIONS_COMBINE,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if !r.uses_idtype() && r.has(WNOHANG) && r.has(WUNTRACED) && seen.is_nothing() {
                *seen = error(r, EINVAL);
            }
        })
    }),
    blind(
        "third-poll-blocks",
        "WNOHANG blocks after returning 0 twice in a row",
        &posix::WAITPID_NOHANG_ZERO,
    )
    .call(|w, r| {
        if r.has(WNOHANG) && w.value() >= 2 {
            w.swap(0);
            return w.real(&r.without(WNOHANG));
        }
        w.map(r, |seen| {
            if r.has(WNOHANG) && seen.is_nothing() {
                w.add(1);
            } else {
                w.swap(0);
            }
        })
    }),
    blind(
        "options-low-16-bits-only",
        "waitpid checks only the low sixteen bits of options for unknown bits",
        &posix::WAITPID_EINVAL_OPTIONS,
    )
    .call(|w, r| if r.uses_idtype() { w.real(r) } else { w.real(&r.without(UNKNOWN_HIGH)) }),
    blind(
        "nonexistent-pid-esrch",
        "a pid that no longer exists fails with ESRCH, not ECHILD",
        &posix::WAITPID_ECHILD_AFTER_REAP,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            let vanished = |pid: i64| w.children().contains(&pid) && process::kill(pid as i32, 0).is_err();
            if seen.errno() == Some(ECHILD) && r.pid().is_some_and(vanished) {
                seen.ret = Err(ESRCH);
            }
        })
    }),
    blind(
        "nohang-after-reap-echild",
        "any-child WNOHANG with a live child fails with ECHILD after another child is reaped",
        &posix::WAITPID_NOHANG_ZERO,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.is_termination() && !r.has(WNOWAIT) {
                w.swap(1);
            } else if r.is_any() && r.has(WNOHANG) && seen.is_nothing() && w.value() == 1 {
                *seen = error(r, ECHILD);
            }
        })
    }),
    blind(
        "group-lost-with-leader",
        "a wait for a process group fails with ECHILD once its leader is reaped",
        &posix::WAITPID_NAMED_GROUP,
    )
    .call(|w, r| {
        if r.group().is_some_and(|group| group > 0 && w.lookup(group).is_some()) {
            return Ok(error(r, ECHILD));
        }
        w.map(r, |seen| {
            if let (Some(pid), true, false) = (seen.child(), seen.is_termination(), r.has(WNOWAIT)) {
                w.insert(pid, 1);
            }
        })
    }),
    blind(
        "stop-wait-counts-zombie",
        "waitid only for stops or continues treats a zombie as a live child: it blocks or returns 0",
        &linux::WAITID_STOPPED_ONLY_ZOMBIE,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        let by_event = r.uses_idtype() && !r.has(WEXITED) && seen.errno() == Some(ECHILD);
        match by_event && w.peek_for(r, WEXITED).is_some() {
            true if r.blocks() => block_forever(),
            true => Ok(nothing(r)),
            false => Ok(seen),
        }
    }),
];
