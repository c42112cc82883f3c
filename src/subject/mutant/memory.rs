//! Memory written that must not be, and not written that must be.

use super::{Asked, Mutant, Told};
use crate::spec::{linux, posix};
use crate::sys::family::{Info, Memory, Usage};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "nohang-clears-status",
        breaks: "WNOHANG that returns 0 stores 0 in the status",
        clause: &linux::WAIT4_NOHANG_WRITES_NOTHING,
        call: |w, r| {
            w.then(r, |seen| {
                if seen.is_nothing() && matches!(seen.status, Memory::Untouched) {
                    seen.status = Memory::Wrote(0);
                }
            })
        },
    },
    Mutant {
        name: "nohang-clears-usage",
        breaks: "WNOHANG that returns 0 zeroes the resource usage",
        clause: &linux::WAIT4_NOHANG_WRITES_NOTHING,
        call: |w, r| {
            w.then(r, |seen| {
                if seen.is_nothing() && matches!(seen.rusage, Memory::Untouched) {
                    seen.rusage = Memory::Wrote(Usage { utime_us: Some(0), ..Usage::default() });
                }
            })
        },
    },
    Mutant {
        name: "nohang-keeps-siginfo",
        breaks: "waitid with WNOHANG and nothing to report leaves the siginfo as it was",
        clause: &posix::WAITID_NOHANG_ZEROES,
        call: |w, r| {
            w.then(r, |seen| {
                if seen.is_nothing() && r.is_by_id() {
                    seen.info = Memory::Untouched;
                }
            })
        },
    },
    Mutant {
        name: "siginfo-without-pid",
        breaks: "waitid does not fill si_pid",
        clause: &posix::WAITID_SI_PID,
        call: |w, r| w.then(r, |seen| seen.info(|info| *info = Info { pid: None, ..*info })),
    },
    Mutant {
        name: "status-not-written",
        breaks: "the status is not stored",
        clause: &posix::STATUS_EXIT_EVERY_VALUE,
        call: |w, r| {
            w.then(r, |seen| {
                if seen.child().is_some() && matches!(seen.status, Memory::Wrote(_)) {
                    seen.status = Memory::Untouched;
                }
            })
        },
    },
    Mutant {
        name: "usage-not-written",
        breaks: "the resource usage is not stored",
        clause: &linux::RUSAGE_AT_LEAST_OWN,
        call: |w, r| {
            w.then(r, |seen| {
                if matches!(seen.rusage, Memory::Wrote(_)) {
                    seen.rusage = Memory::Untouched;
                }
            })
        },
    },
    Mutant {
        name: "writes-behind",
        breaks: "a byte behind a buffer is written",
        clause: &linux::WAIT4_WRITES_NO_MORE,
        call: |w, r| w.then(r, |seen| seen.spill = seen.spill.map(|_| true)),
    },
    Mutant {
        name: "error-clears-status",
        breaks: "a failing wait stores 0 in the status",
        clause: &linux::WAIT_ERROR_WRITES_NOTHING,
        call: |w, r| {
            w.then(r, |seen| {
                if seen.errno().is_some() && matches!(seen.status, Memory::Untouched) {
                    seen.status = Memory::Wrote(0);
                }
            })
        },
    },
];
