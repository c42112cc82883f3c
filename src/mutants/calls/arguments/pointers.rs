//! Null and invalid pointers, and arguments that select no process.

use crate::mutants::calls::edit::{ObservationExt, RequestExt};
use crate::mutants::calls::inner::{error, no_usage, nothing, report};
use crate::mutants::mutant::{Mutant, blind, from_catalogue};
use crate::spec::{linux, posix};
use crate::sys::call::abi::{Call, Memory, Pointer, Request};
use libc::{ECHILD, EFAULT, EINVAL, WNOHANG};

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("null-status-crashes", "a null status pointer is dereferenced", &posix::WAITPID_NULL_STATUS).call(
        |w, r| {
            w.map(r, |seen| {
                if seen.child().is_some() && r.status == Pointer::Null && !r.uses_idtype() {
                    std::process::abort();
                }
            })
        },
    ),
    blind(
        "null-status-keeps-child",
        "a call with a null status reports the child without reaping it",
        &posix::WAITPID_NULL_STATUS,
    )
    .call(|w, r| match w.peek(r) {
        Some((pid, word)) if r.status == Pointer::Null && !r.uses_idtype() => Ok(report(r, pid, word)),
        _ => w.real(r),
    }),
    from_catalogue(
        "null-rusage-efault",
        "a null rusage pointer fails with EFAULT",
        &linux::WAIT4_NULL_RUSAGE,
    )
    .call(|w, r| {
        let refused = matches!(r.call, Call::Wait3 | Call::Wait4) && r.rusage == Pointer::Null;
        if refused { Ok(error(r, EFAULT)) } else { w.real(r) }
    }),
    from_catalogue(
        "null-status-no-usage",
        "the rusage is not stored if status is null",
        &linux::WAIT4_NULL_STATUS,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if r.status == Pointer::Null && seen.rusage.wrote().is_some() {
                seen.rusage = crate::sys::call::abi::Memory::Untouched;
            }
        })
    }),
    from_catalogue(
        "kernel-address-einval",
        "an infop in kernel space fails with EINVAL",
        &linux::WAITID_EFAULT_KERNEL_ADDRESS,
    )
    .raw()
    .call(|w, r| if r.info == Pointer::Kernel { Ok(error(r, EINVAL)) } else { w.real(r) }),
    from_catalogue(
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
    from_catalogue(
        "bad-status-unnoticed",
        "a status pointer to unwritable memory is not an error",
        &linux::WAIT_EFAULT_STATUS,
    )
    .raw()
    .call(|w, r| {
        if r.status == Pointer::Bad { w.real(&Request { status: Pointer::Null, ..*r }) } else { w.real(r) }
    }),
    from_catalogue(
        "bad-rusage-unnoticed",
        "a rusage pointer to unwritable memory is not an error",
        &linux::WAIT_EFAULT_RUSAGE,
    )
    .raw()
    .call(|w, r| {
        if r.rusage == Pointer::Bad { w.real(&Request { rusage: Pointer::Null, ..*r }) } else { w.real(r) }
    }),
    from_catalogue(
        "bad-infop-unnoticed",
        "an infop to unwritable memory is not an error",
        &linux::WAITID_EFAULT,
    )
    .raw()
    .call(|w, r| {
        if r.info == Pointer::Bad { w.real(&Request { info: Pointer::Null, ..*r }) } else { w.real(r) }
    }),
    from_catalogue(
        "bad-pointers-first",
        "invalid pointers fail with EFAULT even if there is nothing to store",
        &linux::WAIT_EFAULT_ONLY_ON_REPORT,
    )
    .raw()
    .call(|w, r| {
        let bad = [r.status, r.rusage, r.info].contains(&Pointer::Bad);
        if bad { Ok(error(r, EFAULT)) } else { w.real(r) }
    }),
    blind(
        "misaligned-efault",
        "a buffer at an odd address fails with EFAULT",
        &linux::WAIT_ANY_WRITABLE_ADDRESS,
    )
    .raw()
    .call(|w, r| {
        let refused = [r.status, r.rusage, r.info].contains(&Pointer::Misaligned);
        w.map(r, |seen| {
            if refused && seen.errno().is_none() {
                seen.ret = Err(EFAULT);
            }
        })
    }),
    blind(
        "page-end-efault",
        "a buffer fails with EFAULT if the memory beyond it is not writable",
        &linux::WAIT_ANY_WRITABLE_ADDRESS,
    )
    .raw()
    .call(|w, r| {
        let refused = [r.status, r.rusage, r.info].contains(&Pointer::PageEnd);
        w.map(r, |seen| {
            if refused && seen.errno().is_none() {
                seen.ret = Err(EFAULT);
            }
        })
    }),
    blind(
        "efault-before-einval",
        "wait4 fails with EFAULT for invalid pointers even if the options are invalid, too",
        &linux::WAIT_EINVAL_BEFORE_EFAULT,
    )
    .raw()
    .call(|w, r| {
        let bad = [r.status, r.rusage, r.info].contains(&Pointer::Bad);
        w.map(r, |seen| {
            if bad && seen.errno() == Some(EINVAL) {
                seen.ret = Err(EFAULT);
            }
        })
    }),
    blind(
        "raw-waitid-no-usage-without-infop",
        "the raw waitid does not fill the rusage if infop is null",
        &linux::RUSAGE_RAW_WAITID,
    )
    .raw()
    .call(|w, r| {
        w.map(r, |seen| {
            if r.uses_idtype() && r.info == Pointer::Null && r.rusage == Pointer::Buffer {
                seen.rusage = Memory::Untouched;
            }
        })
    }),
    blind(
        "raw-waitid-nohang-clears-usage",
        "the raw waitid zeroes the rusage if there is nothing to report",
        &linux::RUSAGE_RAW_WAITID,
    )
    .raw()
    .call(|w, r| {
        w.map(r, |seen| {
            if r.uses_idtype() && seen.is_nothing() && r.rusage == Pointer::Buffer {
                seen.rusage = Memory::Wrote(no_usage());
            }
        })
    }),
    from_catalogue(
        "raw-waitid-overrun",
        "the raw waitid writes past the end of the rusage",
        &linux::WAITID_NO_OVERRUN,
    )
    .raw()
    .call(|w, r| {
        w.map(r, |seen| {
            if r.uses_idtype() && seen.child().is_some() && seen.rusage.wrote().is_some() {
                seen.spill = seen.spill.map(|_| true);
            }
        })
    }),
    from_catalogue(
        "pid-zero-is-any",
        "P_PID with id <= 0 matches any child",
        &linux::WAITID_PID_NOT_POSITIVE,
    )
    .call(|w, r| match (r.pid(), r.uses_idtype()) {
        (Some(pid), true) if pid <= 0 => w.real(&r.with_any()),
        _ => w.real(r),
    }),
    from_catalogue(
        "pgid-negative-is-echild",
        "P_PGID with a negative id fails with ECHILD",
        &linux::WAITID_PGID_NEGATIVE,
    )
    .call(|w, r| match (r.group(), r.uses_idtype()) {
        (Some(group), true) if group < 0 => Ok(error(r, ECHILD)),
        _ => w.real(r),
    }),
    from_catalogue(
        "pgid-zero-refused",
        "P_PGID with id 0 fails with EINVAL, as before Linux 5.4",
        &linux::WAITID_PGID_ZERO_IS_OWN_GROUP,
    )
    .call(|w, r| if r.uses_idtype() && r.group() == Some(0) { Ok(error(r, EINVAL)) } else { w.real(r) }),
    blind(
        "pgid-zero-peek-consumes-stop",
        "a peek with P_PGID and id 0 consumes a stop",
        &linux::WAITID_PGID_ZERO_IS_OWN_GROUP,
    )
    .call(|w, r| {
        let zero = r.uses_idtype() && r.group() == Some(0);
        let stop = zero && w.peek(r).is_some_and(|(_, word)| libc::WIFSTOPPED(word));
        if stop { w.real(&r.without(libc::WNOWAIT)) } else { w.real(r) }
    }),
    from_catalogue(
        "waitid-nohang-echild-zero",
        "waitid with WNOHANG and without children returns 0",
        &posix::WAITID_NOHANG_ECHILD,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if r.uses_idtype() && r.has(WNOHANG) && seen.errno() == Some(ECHILD) {
                *seen = nothing(r);
            }
        })
    }),
    from_catalogue(
        "no-such-group-is-esrch",
        "a process group ID beyond the pid range fails with ESRCH",
        &linux::WAIT_NO_SUCH_GROUP,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.errno() == Some(ECHILD) && r.group().is_some_and(|g| g > 1 << 22) {
                seen.ret = Err(libc::ESRCH);
            }
        })
    }),
    blind(
        "upper-halves-count",
        "the raw waitid uses all 64 bits of the registers for its idtype and its id",
        &linux::WAITID_INT_ARGUMENTS,
    )
    .raw()
    .call(|w, r| {
        let (idtype, id) = r.idtype_and_id();
        match (i32::try_from(idtype), i32::try_from(id)) {
            (Err(_), _) => Ok(error(r, EINVAL)),
            (_, Err(_)) => Ok(error(r, ECHILD)),
            _ => w.real(r),
        }
    }),
];
