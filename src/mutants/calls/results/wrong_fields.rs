//! Single wrong fields of siginfo, usage and SIGCHLD records, written without the catalogue.

use crate::mutants::calls::edit::{ObservationExt, RequestExt, stopped};
use crate::mutants::calls::inner::{error, nothing};
use crate::mutants::calls::pidfd::by_pidfd;
use crate::mutants::calls::signal_lines::edit_records;
use crate::mutants::mutant::{Mutant, blind};
use crate::protocol::Line;
use crate::spec::{linux, posix};
use crate::sys::call::abi::Memory;
use crate::sys::process_table;
use libc::{CLD_DUMPED, CLD_STOPPED, EAGAIN, SIGCONT, WCONTINUED, WEXITED, WNOHANG, WNOWAIT, WSTOPPED};

/// Replaces a code in the records of caught signals.
fn replace_code(request: &Line, reply: &mut Line, from: &str, to: &str) {
    edit_records(request, reply, |fields| {
        if fields[1] == from {
            fields[1] = to.to_owned();
        }
    });
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("waitid-stop-errno", "si_errno of a stop is EINTR", &linux::WAITID_SI_ERRNO_ZERO).call(|w, r| {
        w.map(r, |seen| {
            if seen.is_stop() {
                seen.edit_info(|info| info.errno = Some(libc::EINTR.into()));
            }
        })
    }),
    blind("waitid-stop-word", "si_status of a stop is the encoded status word", &posix::WAITID_STOPPED).call(
        |w, r| {
            w.map(r, |seen| {
                seen.edit_info(|info| {
                    if info.code == Some(CLD_STOPPED.into()) {
                        info.status = info.status.map(|signal| signal << 8 | 0x7f);
                    }
                })
            })
        },
    ),
    blind("waitid-dump-flag", "si_status of a core dump includes the core flag", &posix::WAITID_DUMPED).call(
        |w, r| {
            w.map(r, |seen| {
                seen.edit_info(|info| {
                    if info.code == Some(CLD_DUMPED.into()) {
                        info.status = info.status.map(|signal| signal | 0x80);
                    }
                })
            })
        },
    ),
    blind("waitid-filters-swapped", "waitid swaps WSTOPPED and WCONTINUED", &posix::WAITID_STOPPED_ONLY)
        .call(|w, r| match (r.uses_idtype(), r.has(WSTOPPED), r.has(WCONTINUED)) {
            (true, true, false) => w.real(&r.without(WSTOPPED).with(WCONTINUED)),
            (true, false, true) => w.real(&r.without(WCONTINUED).with(WSTOPPED)),
            _ => w.real(r),
        }),
    blind(
        "waitid-exit-hides-continue",
        "WEXITED with WCONTINUED but without WSTOPPED does not report continues",
        &posix::WAITID_CONTINUED,
    )
    .call(|w, r| {
        let hides = r.uses_idtype() && r.has(WEXITED) && r.has(WCONTINUED) && !r.has(WSTOPPED);
        if hides { w.real(&r.without(WCONTINUED)) } else { w.real(r) }
    }),
    blind("stop-peeked-once", "a stop can be peeked at with WNOWAIT only once", &posix::WAITID_NOWAIT_STOP)
        .call(|w, r| {
            let seen = w.real(r)?;
            match seen.child() {
                Some(pid) if seen.is_stop() && r.has(WNOWAIT) => {
                    let again = w.insert(pid, 1).is_some();
                    if again && r.has(WNOHANG) { Ok(nothing(r)) } else { Ok(seen) }
                }
                Some(pid) => {
                    w.remove(pid);
                    Ok(seen)
                }
                None => Ok(seen),
            }
        }),
    blind(
        "peeked-continue-is-stop",
        "a WNOWAIT peek at a continue returns CLD_STOPPED",
        &posix::WAITID_NOWAIT_CONTINUE,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.is_continue() && r.has(WNOWAIT) {
                seen.set_word(stopped(SIGCONT));
            }
        })
    }),
    blind(
        "usage-all-faults-major",
        "every minor fault is also counted as a major one",
        &linux::RUSAGE_CHILDREN_DELTA,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            seen.edit_usage(|usage| {
                if let (Some(major), Some(minor)) = (usage.majflt, usage.minflt) {
                    usage.majflt = Some(major + minor);
                }
            })
        })
    }),
    blind("usage-system-in-user", "the user time includes the system time", &linux::RUSAGE_CPU_SUM).call(
        |w, r| {
            w.map(r, |seen| {
                seen.edit_usage(|usage| {
                    if let (Some(user), Some(system)) = (usage.utime_us, usage.stime_us) {
                        usage.utime_us = Some(user + system);
                    }
                })
            })
        },
    ),
    blind("continue-status-unwritten", "the status of a continue is not stored", &posix::STATUS_CONTINUED)
        .call(|w, r| {
            w.map(r, |seen| {
                if seen.is_continue() && seen.status.wrote().is_some() {
                    seen.status = Memory::Untouched;
                }
            })
        }),
    blind(
        "sigchld-kill-is-exit",
        "the SIGCHLD of a child killed by a signal carries CLD_EXITED",
        &posix::SIGCHLD_INFO_KILLED,
    )
    .after_reply(|_, request, reply| replace_code(request, reply, "CLD_KILLED", "CLD_EXITED")),
    blind(
        "sigchld-continue-is-stop",
        "the SIGCHLD of a continue carries CLD_STOPPED",
        &linux::SIGCHLD_ON_CONTINUE,
    )
    .after_reply(|_, request, reply| replace_code(request, reply, "CLD_CONTINUED", "CLD_STOPPED")),
    blind(
        "pidfd-nonblock-beats-nohang",
        "WNOHANG on a nonblocking pidfd fails with EAGAIN",
        &linux::PIDFD_NONBLOCK_NOHANG_ZERO,
    )
    .before_request(|w, line| {
        if line.word() == "pidfd_open" && line.flag("nonblock") {
            w.swap(1);
        }
    })
    .call(|w, r| {
        w.map(r, |seen| {
            if by_pidfd(r) && r.has(WNOHANG) && seen.is_nothing() && w.value() == 1 {
                *seen = error(r, EAGAIN);
            }
        })
    }),
    blind("pidfd-open-zombie-esrch", "pidfd_open of a zombie fails with ESRCH", &linux::PIDFD_OPEN_ZOMBIE)
        .after_reply(|_, request, reply| {
            if let ("pidfd_open", Ok(pid)) = (request.word(), request.number("pid"))
                && reply.word() == "ok"
                && process_table::is_zombie(pid as i32)
            {
                *reply = Line::new("err").with("id", reply.id().unwrap_or(0)).with("errno", "ESRCH");
            }
        }),
];
