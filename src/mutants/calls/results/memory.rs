//! Memory that is written when it must not be, or not written when it must be.

use crate::mutants::calls::edit::{ObservationExt, RequestExt};
use crate::mutants::mutant::{Mutant, blind, from_bug, from_catalogue};
use crate::spec::{linux, posix};
use crate::sys::call::abi::{Call, Info, Memory, Usage};

pub(crate) const MUTANTS: &[Mutant] =
    &[
        blind(
            "waitid-nohang-dirty",
            "a WNOHANG waitid with nothing to report does not zero the siginfo",
            &posix::WAITID_NOHANG_ZEROES,
        )
        .call(|w, r| {
            w.map(r, |seen| {
                if seen.is_nothing() && r.uses_idtype() {
                    seen.info = Memory::Untouched;
                }
            })
        }),
        blind("rusage-overrun", "the write of the rusage overruns the buffer", &linux::WAIT4_NO_OVERRUN)
            .call(|w, r| {
                w.map(r, |seen| {
                    if seen.rusage.wrote().is_some() {
                        seen.spill = seen.spill.map(|_| true);
                    }
                })
            }),
        blind("rusage-unwritten", "the rusage is not stored", &linux::RUSAGE_LOWER_BOUND).call(|w, r| {
            w.map(r, |seen| {
                if seen.rusage.wrote().is_some() {
                    seen.rusage = Memory::Untouched;
                }
            })
        }),
        from_catalogue("status-not-written", "the status is not stored", &posix::STATUS_EXIT_EVERY_VALUE)
            .call(|w, r| {
                w.map(r, |seen| {
                    if seen.child().is_some() && seen.status.wrote().is_some() {
                        seen.status = Memory::Untouched;
                    }
                })
            }),
        from_catalogue(
            "error-clears-status",
            "a failing wait stores status 0",
            &linux::WAIT_ERROR_WRITES_NOTHING,
        )
        .call(|w, r| {
            w.map(r, |seen| {
                if seen.errno().is_some() && matches!(seen.status, Memory::Untouched) {
                    seen.status = Memory::Wrote(0);
                }
            })
        }),
        from_catalogue(
            "error-clears-rusage",
            "a failing wait zeroes the rusage",
            &linux::WAIT_ERROR_WRITES_NOTHING,
        )
        .call(|w, r| {
            w.map(r, |seen| {
                if seen.errno().is_some() && matches!(seen.rusage, Memory::Untouched) {
                    seen.rusage = Memory::Wrote(Usage { utime_us: Some(0), ..Usage::default() });
                }
            })
        }),
        from_catalogue("status-overrun", "the status is stored as eight bytes", &linux::WAIT4_NO_OVERRUN)
            .call(|w, r| {
                w.map(r, |seen| {
                    if seen.status.wrote().is_some() {
                        seen.spill = seen.spill.map(|_| true);
                    }
                })
            }),
        from_bug(
            "mlibc#133",
            "siginfo-overrun",
            "the write of the siginfo overruns the buffer",
            &linux::WAITID_NO_OVERRUN,
        )
        .call(|w, r| {
            w.map(r, |seen| {
                if seen.info.wrote().is_some() {
                    seen.spill = seen.spill.map(|_| true);
                }
            })
        }),
        from_bug(
            "corefx#39060",
            "waitid-nohang-si-pid-dirty",
            "a WNOHANG waitid with nothing to report does not zero si_pid",
            &posix::WAITID_NOHANG_ZEROES,
        )
        .call(|w, r| {
            w.map(r, |seen| {
                if let (Memory::Wrote(info), true) = (seen.info, seen.is_nothing() && r.call == Call::Waitid)
                {
                    seen.info = Memory::Wrote(Info { pid: None, ..info });
                }
            })
        }),
    ];
