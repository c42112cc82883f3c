//! Null pointers, bad ones, and arguments that mean nobody.

use super::edit::{ObservationEdit, RequestView};
use super::inner::{error, nothing, report};
use super::mutant::{Mutant, blind, made_for};
use crate::spec::{linux, posix};
use crate::sys::call::abi::{Call, Pointer, Request, Return};
use libc::{ECHILD, EFAULT, EINVAL, WNOHANG};

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("null-status-crashes", "a null status pointer is dereferenced", &posix::WAITPID_NULL_STATUS)
        .call(|w, r| {
            w.then(r, |seen| {
                if seen.child().is_some() && r.status == Pointer::Null && !r.is_by_id() {
                    std::process::abort();
                }
            })
        }),
    blind(
        "null-status-keeps-child",
        "a call with a null status reports the child without reaping it",
        &posix::WAITPID_NULL_STATUS,
    )
    .call(|w, r| match w.look(r) {
        Some((pid, word)) if r.status == Pointer::Null && !r.is_by_id() => Ok(report(r, pid, word)),
        _ => w.real(r),
    }),
    made_for("null-rusage-efault", "a null rusage pointer fails with EFAULT", &linux::WAIT4_NULL_RUSAGE).call(
        |w, r| {
            let refused = matches!(r.call, Call::Wait3 | Call::Wait4) && r.rusage == Pointer::Null;
            if refused { Ok(error(r, EFAULT)) } else { w.real(r) }
        },
    ),
    made_for("null-status-no-usage", "the rusage is not stored if status is null", &linux::WAIT4_NULL_STATUS)
        .call(|w, r| {
            w.then(r, |seen| {
                if r.status == Pointer::Null && seen.rusage.wrote().is_some() {
                    seen.rusage = crate::sys::call::abi::Memory::Untouched;
                }
            })
        }),
    made_for(
        "kernel-address-einval",
        "an infop in kernel space fails with EINVAL",
        &linux::WAITID_EFAULT_KERNEL_ADDRESS,
    )
    .raw()
    .call(|w, r| if r.info == Pointer::Kernel { Ok(error(r, EINVAL)) } else { w.real(r) }),
    made_for(
        "null-infop-does-not-reap",
        "waitid with a null infop does not reap the child",
        &linux::WAITID_NULL_INFOP_REAPS,
    )
    .call(|w, r| {
        if r.call == Call::Waitid && r.info == Pointer::Null {
            w.real(&r.with(libc::WNOWAIT))
        } else {
            w.real(r)
        }
    }),
    made_for(
        "bad-status-unnoticed",
        "a status pointer that cannot be written is not an error",
        &linux::WAIT_EFAULT_STATUS,
    )
    .raw()
    .call(|w, r| {
        if r.status == Pointer::Bad { w.real(&Request { status: Pointer::Null, ..*r }) } else { w.real(r) }
    }),
    made_for("bad-rusage-unnoticed", "a rusage pointer that cannot be written is not an error", &linux::WAIT_EFAULT_RUSAGE)
        .raw()
        .call(|w, r| {
            if r.rusage == Pointer::Bad {
                w.real(&Request { rusage: Pointer::Null, ..*r })
            } else {
                w.real(r)
            }
        }),
    made_for("bad-infop-unnoticed", "an infop that cannot be written is not an error", &linux::WAITID_EFAULT)
        .raw()
        .call(|w, r| {
            if r.info == Pointer::Bad { w.real(&Request { info: Pointer::Null, ..*r }) } else { w.real(r) }
        }),
    made_for(
        "bad-pointers-first",
        "invalid pointers fail with EFAULT even if there is nothing to store",
        &linux::WAIT_EFAULT_ONLY_ON_REPORT,
    )
    .raw()
    .call(|w, r| {
        let bad = [r.status, r.rusage, r.info].contains(&Pointer::Bad);
        if bad { Ok(error(r, EFAULT)) } else { w.real(r) }
    }),
    made_for("raw-waitid-overrun", "the raw waitid writes past the end of the rusage", &linux::WAITID_NO_OVERRUN)
        .raw()
        .call(|w, r| {
            w.then(r, |seen| {
                if r.is_by_id() && seen.child().is_some() && seen.rusage.wrote().is_some() {
                    seen.spill = seen.spill.map(|_| true);
                }
            })
        }),
    made_for("pid-zero-is-any", "P_PID with id <= 0 matches any child", &linux::WAITID_PID_NOT_POSITIVE)
        .call(|w, r| match (r.pid(), r.is_by_id()) {
            (Some(pid), true) if pid <= 0 => w.real(&r.any()),
            _ => w.real(r),
        }),
    made_for(
        "pgid-negative-is-echild",
        "P_PGID with a negative id fails with ECHILD",
        &linux::WAITID_PGID_NEGATIVE,
    )
    .call(|w, r| match (r.group(), r.is_by_id()) {
        (Some(group), true) if group < 0 => Ok(error(r, ECHILD)),
        _ => w.real(r),
    }),
    made_for(
        "pgid-zero-refused",
        "P_PGID with id 0 fails with EINVAL, as before Linux 5.4",
        &linux::WAITID_PGID_ZERO_IS_OWN_GROUP,
    )
    .call(|w, r| if r.is_by_id() && r.group() == Some(0) { Ok(error(r, EINVAL)) } else { w.real(r) }),
    made_for(
        "waitid-nohang-echild-zero",
        "waitid with WNOHANG and without children returns 0",
        &posix::WAITID_NOHANG_ECHILD,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            if r.is_by_id() && r.has(WNOHANG) && seen.errno() == Some(ECHILD) {
                *seen = nothing(r);
            }
        })
    }),
    made_for(
        "no-such-group-is-esrch",
        "a process group ID beyond the pid range fails with ESRCH",
        &linux::WAIT_NO_SUCH_GROUP,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            if seen.errno() == Some(ECHILD) && r.group().is_some_and(|g| g > 1 << 22) {
                seen.ret = Return::Errno(libc::ESRCH);
            }
        })
    }),
];
