//! The fields of a siginfo.

use super::edit::{ObservationEdit, RequestView};
use super::inner::Wrapped;
use super::mutant::{Mutant, blind, made_for, seen_in};
use crate::protocol::Line;
use crate::spec::{linux, posix};
use crate::sys::call::abi::{Call, Info, Memory, Request};
use crate::sys::process;
use libc::{CLD_CONTINUED, CLD_DUMPED, CLD_EXITED, CLD_KILLED, CLD_STOPPED};

fn is(info: &Info, code: i32) -> bool {
    info.code == Some(code.into())
}

/// Keeps whether the last thing that was asked for is a child.
pub(crate) fn note_spawn(w: &Wrapped, request: &Line, _: &mut Line) {
    w.remember((request.word() == "spawn").into());
}

fn first_exit_is_zero(w: &Wrapped, r: &Request, meant: bool) -> super::inner::Answer {
    let first = w.remember(0) == 1;
    w.then(r, |seen| {
        if first && meant && r.call == Call::Waitid && r.options == libc::WEXITED {
            seen.info(|info| info.status = Some(0));
        }
    })
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("waitid-signo-zero", "si_signo stays 0 for a reported child", &posix::WAITID_SI_SIGNO)
        .call(|w, r| w.then(r, |seen| seen.info(|info| info.signo = Some(0)))),
    blind("waitid-status-word", "si_status holds the encoded status word", &posix::WAITID_EXITED).call(
        |w, r| {
            w.then(r, |seen| {
                seen.info(|info| {
                    if is(info, CLD_EXITED) {
                        info.status = info.status.map(|s| s << 8);
                    }
                })
            })
        },
    ),
    blind("waitid-killed-zero", "si_status of a killed child is 0", &posix::WAITID_KILLED).call(|w, r| {
        w.then(r, |seen| {
            seen.info(|info| {
                if is(info, CLD_KILLED) {
                    info.status = Some(0);
                }
            })
        })
    }),
    blind("waitid-killed-is-exited", "a killed child has CLD_EXITED", &posix::WAITID_KILLED).call(|w, r| {
        w.then(r, |seen| {
            seen.info(|info| {
                if is(info, CLD_KILLED) {
                    info.code = Some(CLD_EXITED.into());
                }
            })
        })
    }),
    blind("waitid-uid-zero", "si_uid is always 0", &posix::WAITID_SI_UID)
        .call(|w, r| w.then(r, |seen| seen.info(|info| info.uid = Some(0)))),
    blind("waitid-continued-sender", "si_pid of a continue is the sender's", &posix::WAITID_CONTINUED_PID)
        .call(|w, r| {
            w.then(r, |seen| {
                seen.info(|info| {
                    if is(info, CLD_CONTINUED) {
                        info.pid = Some(process::parent_pid().into());
                    }
                })
            })
        }),
    seen_in(
        "graphene#1821",
        "waitid-code-status-swapped",
        "si_code and si_status are exchanged",
        &posix::WAITID_EXITED,
    )
    .call(|w, r| w.then(r, |seen| seen.info(|info| std::mem::swap(&mut info.code, &mut info.status)))),
    seen_in(
        "corefx#29370",
        "waitid-killed-low-bits",
        "si_status of a killed child is what 128 + signal leaves of it: 128",
        &posix::WAITID_KILLED,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            seen.info(|info| {
                if is(info, CLD_KILLED) || is(info, CLD_DUMPED) {
                    info.status = Some(128);
                }
            })
        })
    }),
    seen_in("nix#1584", "waitid-si-pid-unwritten", "si_pid is not filled", &posix::WAITID_SI_PID)
        .call(|w, r| w.then(r, |seen| seen.info(|info| info.pid = None))),
    seen_in(
        "cpython#84319",
        "waitid-status-high-bits",
        "si_status of an exit has bits above the low eight",
        &linux::WAITID_STATUS_EIGHT_BITS,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            seen.info(|info| {
                if is(info, CLD_EXITED) && info.status == Some(0x5a) {
                    info.status = Some(0x5a5a);
                }
            })
        })
    }),
    made_for("waitid-uid-high", "si_uid is one too high", &posix::WAITID_SI_UID)
        .call(|w, r| w.then(r, |seen| seen.info(|info| info.uid = info.uid.map(|u| u + 1)))),
    made_for("waitid-pid-of-parent", "si_pid is the caller's", &posix::WAITID_SI_PID).call(|w, r| {
        w.then(r, |seen| {
            seen.info(|info| {
                if !is(info, CLD_CONTINUED) {
                    info.pid = Some(process::pid().into());
                }
            })
        })
    }),
    made_for("waitid-stop-as-trap", "a stopped child has CLD_TRAPPED", &posix::WAITID_STOPPED).call(
        |w, r| {
            w.then(r, |seen| {
                seen.info(|info| {
                    if is(info, CLD_STOPPED) {
                        info.code = Some(libc::CLD_TRAPPED.into());
                    }
                })
            })
        },
    ),
    made_for(
        "waitid-continue-signal",
        "si_status of a continue is the signal that stopped",
        &posix::WAITID_CONTINUED,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            seen.info(|info| {
                if is(info, CLD_CONTINUED) {
                    info.status = Some(libc::SIGSTOP.into());
                }
            })
        })
    }),
    made_for("waitid-dump-is-kill", "a death that dumped core has CLD_KILLED", &posix::WAITID_DUMPED).call(
        |w, r| {
            w.then(r, |seen| {
                seen.info(|info| {
                    if is(info, CLD_DUMPED) {
                        info.code = Some(CLD_KILLED.into());
                    }
                })
            })
        },
    ),
    made_for(
        "waitid-nohang-partial-zero",
        "WNOHANG that found nothing zeroes si_signo and si_pid alone",
        &linux::WAITID_NOHANG_ZEROES_ALL,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            if seen.is_nothing() && r.is_by_id() {
                let zeroed = Info { signo: Some(0), pid: Some(0), ..Info::default() };
                seen.info = Memory::Wrote(zeroed);
            }
        })
    }),
    made_for(
        "waitid-by-pid-returns-one",
        "waitid with P_PID returns 1 when it reports a child",
        &posix::WAITID_RETURNS_ZERO,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            if r.is_by_id() && r.pid().is_some() && seen.child().is_some() {
                seen.ret = crate::sys::call::abi::Return::Value(1);
            }
        })
    }),
    made_for("waitid-by-pid-si-pid-unwritten", "with P_PID si_pid is not filled", &posix::WAITID_SI_PID)
        .call(|w, r| {
            w.then(r, |seen| {
                if r.pid().is_some() {
                    seen.info(|info| info.pid = None);
                }
            })
        }),
    made_for(
        "waitid-any-first-exit-zero",
        "right after a fork waitid tells the exit of any child with status 0",
        &posix::WAITID_EXITED,
    )
    .edit_reply(note_spawn)
    .call(|w, r| first_exit_is_zero(w, r, r.is_any())),
    made_for(
        "waitid-by-pid-first-exit-zero",
        "right after a fork waitid tells the exit of the child of that pid with status 0",
        &posix::WAITID_EXITED,
    )
    .edit_reply(note_spawn)
    .call(|w, r| first_exit_is_zero(w, r, r.pid().is_some())),
    made_for(
        "waitpid-by-pid-first-exit-zero",
        "right after a fork waitpid tells the exit of the child of that pid as an exit with 0",
        &posix::WAITPID_PID_ONLY_THAT_CHILD,
    )
    .edit_reply(note_spawn)
    .call(|w, r| {
        let first = w.remember(0) == 1;
        w.then(r, |seen| {
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
