//! Wrong return values and errors; children reaped twice or not at all.

use crate::mutants::calls::edit::{ObservationExt, RequestExt};
use crate::mutants::calls::inner::{block_forever, error, nothing, report};
use crate::mutants::mutant::{Mutant, blind, from_bug, from_catalogue};
use crate::spec::{linux, posix};
use crate::sys::call::abi::Call;
use crate::sys::process;
use crate::sys::process_table;
use libc::{ECHILD, EINTR, ESRCH, WNOHANG, WNOWAIT};

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "returns-one",
        "a call that reports a child returns 1 instead of its pid",
        &posix::WAITPID_RETURNS_PID,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if matches!(seen.ret, Ok(pid) if pid > 0) {
                seen.ret = Ok(1);
            }
        })
    }),
    blind("returns-zero", "a blocking wait that reaps a child returns 0", &posix::WAITPID_RETURNS_PID).call(
        |w, r| {
            w.map(r, |seen| {
                if r.blocks() && matches!(seen.ret, Ok(pid) if pid > 0) {
                    seen.ret = Ok(0);
                }
            })
        },
    ),
    blind(
        "returns-sibling-pid",
        "an any-child wait returns the pid of a sibling with the status of the reaped child",
        &posix::WAITPID_RETURNS_PID,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            let sibling = seen.child().and_then(|pid| w.siblings(pid).pop());
            if let (true, true, Some(sibling)) = (r.is_any(), seen.is_termination(), sibling) {
                seen.edit_info(|info| info.pid = Some(sibling));
                if !r.uses_idtype() {
                    seen.ret = Ok(sibling);
                }
            }
        })
    }),
    blind("waitid-returns-pid", "waitid returns the pid", &posix::WAITID_RETURNS_ZERO).call(|w, r| {
        w.map(r, |seen| {
            if let (Call::Waitid, Some(pid)) = (r.call, seen.child()) {
                seen.ret = Ok(pid);
            }
        })
    }),
    blind(
        "echild-is-zero",
        "a wait without children returns 0 instead of failing with ECHILD",
        &posix::WAITPID_ECHILD,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.errno() == Some(ECHILD) {
                seen.ret = Ok(0);
            }
        })
    }),
    blind(
        "echild-is-esrch",
        "a wait without children fails with ESRCH instead of ECHILD",
        &posix::WAITPID_ECHILD,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.errno() == Some(ECHILD) {
                seen.ret = Err(ESRCH);
            }
        })
    }),
    blind("echild-blocks", "a wait without children blocks forever", &posix::WAITPID_ECHILD).call(|w, r| {
        let seen = w.real(r)?;
        if seen.errno() == Some(ECHILD) { block_forever() } else { Ok(seen) }
    }),
    blind(
        "double-reap",
        "a second wait for a reaped pid reports it again",
        &posix::WAITPID_ECHILD_AFTER_REAP,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        match (seen.child(), r.pid()) {
            (Some(pid), _) if seen.is_termination() => {
                w.insert(pid, seen.word().unwrap_or(0).into());
            }
            (None, Some(pid)) if seen.errno() == Some(ECHILD) => {
                if let Some(word) = w.lookup(pid) {
                    return Ok(report(r, pid, word as i32));
                }
            }
            _ => {}
        }
        Ok(seen)
    }),
    blind(
        "self-wait-blocks",
        "waiting for the caller's own pid blocks instead of failing with ECHILD",
        &posix::WAITPID_ECHILD_NOT_A_CHILD,
    )
    .call(|w, r| if r.pid() == Some(process::pid().into()) { block_forever() } else { w.real(r) }),
    blind(
        "grandchild-waitable",
        "the pid of a grandchild is accepted as that of a child",
        &posix::FORK_GRANDCHILD_IS_NOT_A_CHILD,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        let foreign = |pid: i64| pid > 1 && ![process::pid(), process::parent_pid()].contains(&(pid as i32));
        match r.pid() {
            Some(pid) if seen.errno() == Some(ECHILD) && foreign(pid) && !w.children().contains(&pid) => {
                // Signal 0 checks that it exists.
                match process::kill(pid as i32, 0) {
                    Ok(()) if r.blocks() => block_forever(),
                    Ok(()) => Ok(nothing(r)),
                    Err(_) => Ok(seen),
                }
            }
            _ => Ok(seen),
        }
    }),
    blind(
        "non-child-blocks-with-live-child",
        "waiting for a pid that is not a child blocks while unrelated children are alive",
        &posix::WAITPID_ECHILD_WITH_LIVE_CHILD,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        let hangs = r.pid().is_some() && seen.errno() == Some(ECHILD) && w.has_children();
        if hangs { block_forever() } else { Ok(seen) }
    }),
    blind(
        "empty-group-blocks",
        "waiting for a process group without children blocks while other children are alive",
        &posix::WAITPID_ECHILD_EMPTY_GROUP,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        let hangs = r.group().is_some() && seen.errno() == Some(ECHILD) && w.has_children();
        if hangs { block_forever() } else { Ok(seen) }
    }),
    blind("int-min-echild", "wait4(INT_MIN) fails with ECHILD", &linux::WAIT_INT_MIN_ESRCH).call(|w, r| {
        w.map(r, |seen| {
            if seen.errno() == Some(ESRCH) {
                seen.ret = Err(ECHILD);
            }
        })
    }),
    from_bug(
        "zig#7143",
        "echild-crashes",
        "the process aborts when WNOHANG fails with ECHILD",
        &posix::WAITPID_NOHANG_ECHILD,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        if r.has(WNOHANG) && seen.errno() == Some(ECHILD) {
            std::process::abort();
        }
        Ok(seen)
    }),
    from_catalogue(
        "reaps-two",
        "every wait silently reaps a second child that is ready",
        &posix::WAITPID_ANY_EACH_ONCE,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        if seen.is_termination() {
            w.peek_for(&r.with_any(), libc::WEXITED).and_then(|(pid, _)| w.reap(pid));
        }
        Ok(seen)
    }),
    from_catalogue(
        "third-wait-eintr",
        "the third blocking wait fails with EINTR without a signal",
        &posix::WAITPID_NO_STRAY_ERRNO,
    )
    .call(|w, r| if r.blocks() && w.count() == 3 { Ok(error(r, EINTR)) } else { w.real(r) }),
    from_catalogue(
        "peek-leaks-process",
        "the first WNOWAIT peek leaks a process",
        &posix::WAITPID_NOHANG_ZERO,
    )
    .call(|w, r| {
        if r.has(WNOWAIT) && w.count() == 1 {
            let _ = process::spawn(|| block_forever());
        }
        w.real(r)
    }),
    from_catalogue(
        "setuid-child-echild",
        "a child that changed its user ID is no longer treated as a child",
        &posix::WAIT_NEEDS_NO_PERMISSION,
    )
    .call(|w, r| {
        let user = |pid: i64| process_table::read(pid as i32).ok().flatten().map(|p| p.uid);
        let own = user(process::pid().into());
        let foreign = w.children().into_iter().any(|pid| user(pid).is_some_and(|uid| Some(uid) != own));
        if foreign { Ok(error(r, ECHILD)) } else { w.real(r) }
    }),
];
