//! Further faults of reports, written without the catalogue.

use super::edit::{ObservationEdit, RequestView, stopped};
use super::handles::by_handle;
use super::inner::{error, nothing};
use super::mutant::{Mutant, blind};
use super::sigchld::records;
use crate::protocol::Line;
use crate::spec::{linux, posix};
use crate::sys::call::abi::Memory;
use crate::sys::process_table;
use libc::{CLD_DUMPED, CLD_STOPPED, EAGAIN, SIGCONT, WCONTINUED, WEXITED, WNOHANG, WNOWAIT, WSTOPPED};

/// Tells another code in the records of caught signals.
fn code_told(request: &Line, reply: &mut Line, code: &str, instead: &str) {
    records(request, reply, |fields| {
        if fields[1] == code {
            fields[1] = instead.to_owned();
        }
    });
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("waitid-stop-errno", "si_errno of a stop is EINTR", &linux::WAITID_SI_ERRNO_ZERO).call(|w, r| {
        w.then(r, |seen| {
            if seen.is_stop() {
                seen.info(|info| info.errno = Some(libc::EINTR.into()));
            }
        })
    }),
    blind("waitid-stop-word", "si_status of a stop is the encoded status word", &posix::WAITID_STOPPED).call(
        |w, r| {
            w.then(r, |seen| {
                seen.info(|info| {
                    if info.code == Some(CLD_STOPPED.into()) {
                        info.status = info.status.map(|signal| signal << 8 | 0x7f);
                    }
                })
            })
        },
    ),
    blind("waitid-dump-flag", "si_status of a core dump keeps the core flag", &posix::WAITID_DUMPED).call(
        |w, r| {
            w.then(r, |seen| {
                seen.info(|info| {
                    if info.code == Some(CLD_DUMPED.into()) {
                        info.status = info.status.map(|signal| signal | 0x80);
                    }
                })
            })
        },
    ),
    blind(
        "waitid-filters-swapped",
        "waitid takes WSTOPPED for WCONTINUED and the reverse",
        &posix::WAITID_STOPPED_ONLY,
    )
    .call(|w, r| match (r.is_by_id(), r.has(WSTOPPED), r.has(WCONTINUED)) {
        (true, true, false) => w.real(&r.without(WSTOPPED).with(WCONTINUED)),
        (true, false, true) => w.real(&r.without(WCONTINUED).with(WSTOPPED)),
        _ => w.real(r),
    }),
    blind(
        "waitid-exit-hides-continue",
        "WEXITED with WCONTINUED and without WSTOPPED reports no continue",
        &posix::WAITID_CONTINUED,
    )
    .call(|w, r| {
        let hides = r.is_by_id() && r.has(WEXITED) && r.has(WCONTINUED) && !r.has(WSTOPPED);
        if hides { w.real(&r.without(WCONTINUED)) } else { w.real(r) }
    }),
    blind("stop-peeked-once", "a stop can be looked at with WNOWAIT only once", &posix::WAITID_NOWAIT_STOP)
        .call(|w, r| {
            let seen = w.real(r)?;
            match seen.child() {
                Some(pid) if seen.is_stop() && r.has(WNOWAIT) => {
                    let again = w.keep(pid, 1).is_some();
                    if again && r.has(WNOHANG) { Ok(nothing(r)) } else { Ok(seen) }
                }
                Some(pid) => {
                    w.forget(pid);
                    Ok(seen)
                }
                None => Ok(seen),
            }
        }),
    blind(
        "peeked-continue-is-stop",
        "a look with WNOWAIT at a continue tells CLD_STOPPED",
        &posix::WAITID_NOWAIT_CONTINUE,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            if seen.is_continue() && r.has(WNOWAIT) {
                seen.set_word(stopped(SIGCONT));
            }
        })
    }),
    blind(
        "usage-all-faults-major",
        "every minor fault is counted as a major one too",
        &linux::RUSAGE_CHILDREN_DELTA,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            seen.usage(|usage| {
                if let (Some(major), Some(minor)) = (usage.majflt, usage.minflt) {
                    usage.majflt = Some(major + minor);
                }
            })
        })
    }),
    blind("usage-system-in-user", "the user time holds the system time as well", &linux::RUSAGE_CPU_SUM)
        .call(|w, r| {
            w.then(r, |seen| {
                seen.usage(|usage| {
                    if let (Some(user), Some(system)) = (usage.utime_us, usage.stime_us) {
                        usage.utime_us = Some(user + system);
                    }
                })
            })
        }),
    blind("continue-status-unwritten", "the status of a continue is not stored", &posix::STATUS_CONTINUED)
        .call(|w, r| {
            w.then(r, |seen| {
                if seen.is_continue() && seen.status.wrote().is_some() {
                    seen.status = Memory::Untouched;
                }
            })
        }),
    blind(
        "sigchld-kill-is-exit",
        "the SIGCHLD of a child that a signal ended has CLD_EXITED",
        &posix::SIGCHLD_INFO_KILLED,
    )
    .edit_reply(|_, request, reply| code_told(request, reply, "CLD_KILLED", "CLD_EXITED")),
    blind(
        "sigchld-continue-is-stop",
        "the SIGCHLD of a continue has CLD_STOPPED",
        &linux::SIGCHLD_ON_CONTINUE,
    )
    .edit_reply(|_, request, reply| code_told(request, reply, "CLD_CONTINUED", "CLD_STOPPED")),
    blind(
        "pidfd-nonblock-beats-nohang",
        "a nonblocking pidfd gives EAGAIN although WNOHANG was asked for",
        &linux::PIDFD_NONBLOCK_NOHANG_ZERO,
    )
    .edit_request(|w, line| {
        if line.word() == "pidfd_open" && line.flag("nonblock") {
            w.remember(1);
        }
    })
    .call(|w, r| {
        w.then(r, |seen| {
            if by_handle(r) && r.has(WNOHANG) && seen.is_nothing() && w.remembered() == 1 {
                *seen = error(r, EAGAIN);
            }
        })
    }),
    blind("pidfd-open-zombie-esrch", "pidfd_open of a zombie fails with ESRCH", &linux::PIDFD_OPEN_ZOMBIE)
        .edit_reply(|_, request, reply| {
            if let ("pidfd_open", Ok(pid)) = (request.word(), request.number("pid"))
                && reply.word() == "ok"
                && process_table::is_zombie(pid as i32)
            {
                *reply = Line::new("err").with("id", reply.id().unwrap_or(0)).with("errno", "ESRCH");
            }
        }),
];
