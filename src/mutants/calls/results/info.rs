//! The fields of a siginfo.

use crate::mutants::calls::edit::{ObservationExt, RequestExt};
use crate::mutants::calls::inner::Inner;
use crate::mutants::mutant::{Mutant, blind, from_bug, from_catalogue};
use crate::protocol::Line;
use crate::spec::{linux, posix};
use crate::sys::call::abi::{Call, Info, Memory, Request};
use crate::sys::process;
use libc::{CLD_CONTINUED, CLD_DUMPED, CLD_EXITED, CLD_KILLED, CLD_STOPPED};

fn has_code(info: &Info, code: i32) -> bool {
    info.code == Some(code.into())
}

/// Records whether the last request was a spawn.
pub(crate) fn track_spawn(w: &Inner, request: &Line, _: &mut Line) {
    w.swap((request.word() == "spawn").into());
}

fn first_exit_is_zero(w: &Inner, r: &Request, selected: bool) -> crate::mutants::calls::inner::CallResult {
    let first = w.swap(0) == 1;
    w.map(r, |seen| {
        if first && selected && r.call == Call::Waitid && r.options == libc::WEXITED {
            seen.edit_info(|info| info.status = Some(0));
        }
    })
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("waitid-signo-zero", "si_signo stays 0 for a reported child", &posix::WAITID_SI_SIGNO)
        .call(|w, r| w.map(r, |seen| seen.edit_info(|info| info.signo = Some(0)))),
    blind("waitid-status-word", "si_status holds the encoded status word", &posix::WAITID_EXITED).call(
        |w, r| {
            w.map(r, |seen| {
                seen.edit_info(|info| {
                    if has_code(info, CLD_EXITED) {
                        info.status = info.status.map(|s| s << 8);
                    }
                })
            })
        },
    ),
    blind("waitid-killed-zero", "si_status of a killed child is 0", &posix::WAITID_KILLED).call(|w, r| {
        w.map(r, |seen| {
            seen.edit_info(|info| {
                if has_code(info, CLD_KILLED) {
                    info.status = Some(0);
                }
            })
        })
    }),
    blind("waitid-killed-is-exited", "si_code of a killed child is CLD_EXITED", &posix::WAITID_KILLED).call(
        |w, r| {
            w.map(r, |seen| {
                seen.edit_info(|info| {
                    if has_code(info, CLD_KILLED) {
                        info.code = Some(CLD_EXITED.into());
                    }
                })
            })
        },
    ),
    blind("waitid-uid-zero", "si_uid is always 0", &posix::WAITID_SI_UID)
        .call(|w, r| w.map(r, |seen| seen.edit_info(|info| info.uid = Some(0)))),
    blind(
        "waitid-continued-sender",
        "si_pid of a continue is the sender of SIGCONT",
        &posix::WAITID_CONTINUED_PID,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            seen.edit_info(|info| {
                if has_code(info, CLD_CONTINUED) {
                    info.pid = Some(process::parent_pid().into());
                }
            })
        })
    }),
    from_bug(
        "graphene#1821",
        "waitid-code-status-swapped",
        "si_code and si_status are swapped",
        &posix::WAITID_EXITED,
    )
    .call(|w, r| w.map(r, |seen| seen.edit_info(|info| std::mem::swap(&mut info.code, &mut info.status)))),
    from_bug(
        "corefx#29370",
        "waitid-killed-low-bits",
        "si_status of a killed child is 128: 128 + signal with the signal lost",
        &posix::WAITID_KILLED,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            seen.edit_info(|info| {
                if has_code(info, CLD_KILLED) || has_code(info, CLD_DUMPED) {
                    info.status = Some(128);
                }
            })
        })
    }),
    from_bug("nix#1584", "waitid-si-pid-unwritten", "si_pid is not stored", &posix::WAITID_SI_PID)
        .call(|w, r| w.map(r, |seen| seen.edit_info(|info| info.pid = None))),
    from_bug(
        "cpython#84319",
        "waitid-status-high-bits",
        "si_status of an exit has bits set above the low eight",
        &linux::WAITID_STATUS_EIGHT_BITS,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            seen.edit_info(|info| {
                if has_code(info, CLD_EXITED) && info.status == Some(0x5a) {
                    info.status = Some(0x5a5a);
                }
            })
        })
    }),
    from_catalogue("waitid-uid-high", "si_uid is off by one", &posix::WAITID_SI_UID)
        .call(|w, r| w.map(r, |seen| seen.edit_info(|info| info.uid = info.uid.map(|u| u + 1)))),
    from_catalogue("waitid-pid-of-parent", "si_pid is the caller's own pid", &posix::WAITID_SI_PID).call(
        |w, r| {
            w.map(r, |seen| {
                seen.edit_info(|info| {
                    if !has_code(info, CLD_CONTINUED) {
                        info.pid = Some(process::pid().into());
                    }
                })
            })
        },
    ),
    from_catalogue(
        "waitid-stop-as-trap",
        "si_code of a stopped child is CLD_TRAPPED",
        &posix::WAITID_STOPPED,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            seen.edit_info(|info| {
                if has_code(info, CLD_STOPPED) {
                    info.code = Some(libc::CLD_TRAPPED.into());
                }
            })
        })
    }),
    from_catalogue(
        "waitid-continue-signal",
        "si_status of a continue is the stop signal",
        &posix::WAITID_CONTINUED,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            seen.edit_info(|info| {
                if has_code(info, CLD_CONTINUED) {
                    info.status = Some(libc::SIGSTOP.into());
                }
            })
        })
    }),
    from_catalogue("waitid-dump-is-kill", "si_code of a core dump is CLD_KILLED", &posix::WAITID_DUMPED)
        .call(|w, r| {
            w.map(r, |seen| {
                seen.edit_info(|info| {
                    if has_code(info, CLD_DUMPED) {
                        info.code = Some(CLD_KILLED.into());
                    }
                })
            })
        }),
    from_catalogue(
        "waitid-nohang-partial-zero",
        "WNOHANG with nothing to report zeroes only si_signo and si_pid",
        &linux::WAITID_NOHANG_ZEROES_ALL,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.is_nothing() && r.uses_idtype() {
                let zeroed = Info { signo: Some(0), pid: Some(0), ..Info::default() };
                seen.info = Memory::Wrote(zeroed);
            }
        })
    }),
    from_catalogue(
        "waitid-by-pid-returns-one",
        "waitid with P_PID returns 1 when it reports a child",
        &posix::WAITID_RETURNS_ZERO,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if r.uses_idtype() && r.pid().is_some() && seen.child().is_some() {
                seen.ret = Ok(1);
            }
        })
    }),
    from_catalogue(
        "waitid-by-pid-si-pid-unwritten",
        "si_pid is not stored with P_PID",
        &posix::WAITID_SI_PID,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if r.pid().is_some() {
                seen.edit_info(|info| info.pid = None);
            }
        })
    }),
    from_catalogue(
        "waitid-any-first-exit-zero",
        "an any-child waitid right after a fork reports si_status 0",
        &posix::WAITID_EXITED,
    )
    .after_reply(track_spawn)
    .call(|w, r| first_exit_is_zero(w, r, r.is_any())),
    from_catalogue(
        "waitid-by-pid-first-exit-zero",
        "waitid with P_PID right after a fork reports si_status 0",
        &posix::WAITID_EXITED,
    )
    .after_reply(track_spawn)
    .call(|w, r| first_exit_is_zero(w, r, r.pid().is_some())),
    from_catalogue(
        "waitpid-by-pid-first-exit-zero",
        "waitpid by pid right after a fork reports exit 0",
        &posix::WAITPID_PID_ONLY_THAT_CHILD,
    )
    .after_reply(track_spawn)
    .call(|w, r| {
        let first = w.swap(0) == 1;
        w.map(r, |seen| {
            if first
                && r.pid().is_some()
                && r.call == Call::Waitpid
                && r.options == 0
                && seen.is_termination()
            {
                seen.set_word(0);
            }
        })
    }),
];
