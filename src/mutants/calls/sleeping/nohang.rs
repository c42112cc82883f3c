//! WNOHANG that blocks, misses children or writes too much.

use crate::mutants::calls::edit::{ObservationExt, RequestExt};
use crate::mutants::calls::inner::{error, nothing};
use crate::mutants::mutant::{Mutant, blind, from_bug, from_catalogue};
use crate::spec::{linux, posix};
use crate::sys::call::abi::{Memory, Usage};
use libc::{EAGAIN, ECHILD, WEXITED, WNOHANG};
use std::time::Duration;

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("nohang-blocks", "WNOHANG blocks until a child changes state", &posix::WAITPID_NOHANG_ZERO)
        .call(|w, r| w.real(&r.without(WNOHANG))),
    blind("nohang-short-sleep", "WNOHANG sleeps for 100 ms before it returns 0", &posix::WAITPID_NOHANG_ZERO)
        .call(|w, r| {
            w.map(r, |seen| {
                if r.has(WNOHANG) && seen.is_nothing() {
                    std::thread::sleep(Duration::from_millis(100));
                }
            })
        }),
    blind(
        "nohang-minus-one-eagain",
        "WNOHANG with a live child fails with EAGAIN",
        &posix::WAITPID_NOHANG_ZERO,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if r.has(WNOHANG) && seen.is_nothing() {
                *seen = error(r, EAGAIN);
            }
        })
    }),
    blind(
        "nohang-goes-on-behind-the-last",
        "after a report, WNOHANG for any child looks only at younger children once",
        &posix::WAITPID_NOHANG_REPORTS_READY,
    )
    .call(|w, r| {
        let children = w.children();
        let place = |pid: i64| children.iter().position(|child| *child == pid).map_or(0, |at| at as i64 + 1);
        let such = r.is_any() && r.has(WNOHANG);
        if such && w.peek(r).is_some_and(|(pid, _)| place(pid) < w.value()) {
            w.swap(0);
            return Ok(nothing(r));
        }
        w.map(r, |seen| {
            if let (true, Some(pid)) = (such, seen.child()) {
                w.swap(place(pid));
            }
        })
    }),
    blind("nohang-always-zero", "WNOHANG returns 0 for a zombie", &posix::WAITPID_NOHANG_REPORTS_READY)
        .call(|w, r| if r.has(WNOHANG) && w.peek(r).is_some() { Ok(nothing(r)) } else { w.real(r) }),
    blind(
        "nohang-late-by-one",
        "WNOHANG does not report a zombie until the second call",
        &posix::WAITPID_NOHANG_REPORTS_READY,
    )
    .call(|w, r| match w.peek_for(r, WEXITED) {
        Some((pid, _)) if r.has(WNOHANG) && w.insert(pid, 1).is_none() => Ok(nothing(r)),
        _ => w.real(r),
    }),
    blind(
        "nohang-spins-on-other-zombie",
        "WNOHANG for a live child spins while another child is a zombie",
        &posix::WAITPID_NOHANG_WITH_UNRELATED_ZOMBIE,
    )
    .call(|w, r| {
        loop {
            let seen = w.real(r)?;
            if !(r.has(WNOHANG) && seen.is_nothing() && w.peek_for(&r.with_any(), WEXITED).is_some()) {
                return Ok(seen);
            }
        }
    }),
    blind(
        "nohang-no-child-zero",
        "WNOHANG without a matching child returns 0",
        &posix::WAITPID_NOHANG_ECHILD,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if r.has(WNOHANG) && seen.errno() == Some(ECHILD) {
                *seen = nothing(r);
            }
        })
    }),
    blind(
        "nohang-group-no-child-zero",
        "WNOHANG for a process group without children returns 0",
        &posix::WAITPID_NOHANG_ECHILD,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if r.has(WNOHANG) && r.group().is_some() && seen.errno() == Some(ECHILD) {
                *seen = nothing(r);
            }
        })
    }),
    blind(
        "nohang-clears-status",
        "WNOHANG stores status 0 when it returns 0",
        &linux::WAIT4_NOHANG_WRITES_NOTHING,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.is_nothing() && matches!(seen.status, Memory::Untouched) {
                seen.status = Memory::Wrote(0);
            }
        })
    }),
    blind(
        "nohang-clears-rusage",
        "WNOHANG zeroes the rusage when it returns 0",
        &linux::WAIT4_NOHANG_WRITES_NOTHING,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.is_nothing() && matches!(seen.rusage, Memory::Untouched) {
                seen.rusage = Memory::Wrote(Usage { utime_us: Some(0), ..Usage::default() });
            }
        })
    }),
    from_bug(
        "nuttx#1304",
        "nohang-spins",
        "WNOHANG spins until there is something to report",
        &posix::WAITPID_NOHANG_ZERO,
    )
    .call(|w, r| {
        loop {
            let seen = w.real(r)?;
            if !(r.has(WNOHANG) && seen.is_nothing()) {
                return Ok(seen);
            }
        }
    }),
    from_bug(
        "FreeRDP#12533",
        "nohang-caches-zero",
        "the call after a WNOHANG that returned 0 returns a cached 0",
        &posix::WAITPID_NOHANG_REPORTS_READY,
    )
    .call(|w, r| {
        if r.has(WNOHANG) && w.swap(0) == 1 {
            return Ok(nothing(r));
        }
        w.map(r, |seen| {
            w.swap(i64::from(r.has(WNOHANG) && seen.is_nothing()));
        })
    }),
    from_catalogue(
        "nohang-stopped-is-ready",
        "WNOHANG without WUNTRACED fails with ECHILD for a stopped child",
        &posix::WAITPID_STOP_NEEDS_WUNTRACED,
    )
    .call(|w, r| {
        let stops = r.has(WNOHANG) && !r.has(libc::WUNTRACED) && w.peek_for(r, libc::WSTOPPED).is_some();
        if stops { Ok(error(r, ECHILD)) } else { w.real(r) }
    }),
];
